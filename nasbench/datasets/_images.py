"""The common form of data sets: labelled images in up to three splits."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Ints
from nasbench.errors import InvalidOption, SourceError

SPLITS = ("train", "valid", "test")
NAMES_OF_SPLITS = {
    "train": ("train", "training"),
    "valid": ("valid", "val", "validation", "dev"),
    "test": ("test", "testing"),
}
"""Names of the splits in files and folders, in upper or lower case."""
Pixels = npt.NDArray[Any]
"""``[n, channels, height, width]`` uint8, or ``[n, channels, length]`` float32 signals."""


class Part(NamedTuple):
    """Images and their labels.

    Attributes:
        images: [n, channels, height, width] uint8, or float32, or signals [n, channels, length] of these types.
        labels: [n] number of the class, int64.
    """

    images: Pixels
    labels: Ints


@dataclass(frozen=True, slots=True)
class Images:
    """A data set.

    Attributes:
        name: the label of the data set.
        classes: names of the classes, by number.
        parts: splits by name; ``train`` always exists.
        notes: names and counts of parts of the source that were not read; they do not affect the digest.

    Raises:
        SourceError: shapes or types of arrays do not match, a label is unknown, there are fewer than two classes, or a
            class has no training images.
    """

    name: str
    classes: tuple[str, ...]
    parts: Mapping[str, Part]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if "train" not in self.parts:
            raise SourceError(f"{self.name} has the splits {sorted(self.parts)}; 'train' is missing")
        if len(self.classes) < 2:
            raise SourceError(
                f"{self.name} has only one class, {self.classes[0]!r}: every network would be correct; expected at "
                "least two"
                if self.classes
                else f"{self.name} has no class; expected at least two"
            )
        for split, part in self.parts.items():
            self._check(split, part)
        seen = np.bincount(self.parts["train"].labels, minlength=len(self.classes))
        if (empty := np.flatnonzero(seen == 0)).size:
            named = ", ".join(repr(self.classes[i]) for i in empty[:5])
            hint = "; do the labels count from 1?" if empty.tolist() == [0] else ""
            raise SourceError(f"{self.name}: {empty.size} class(es) have no training image: {named}{hint}")

    def _check(self, split: str, part: Part) -> None:
        images, labels = part
        if images.ndim not in (3, 4) or labels.shape != images.shape[:1] or images.dtype not in (np.uint8, np.float32):
            raise SourceError(
                f"{self.name}: {split} has {images.dtype} images {images.shape} with labels {labels.shape}; "
                "expected uint8 or float32 [n, channels, height, width] or [n, channels, length], and [n]"
            )
        if images.shape[1:] != self.shape:
            raise SourceError(f"{self.name}: {split} images are {images.shape[1:]}, training images {self.shape}")
        if not len(labels) or labels.min() < 0 or labels.max() >= len(self.classes):
            seen = f"labels {labels.min()} to {labels.max()}" if len(labels) else "no image"
            raise SourceError(f"{self.name}: {split} has {seen}; expected 0 to {len(self.classes) - 1}")
        if images.dtype == np.float32 and not np.isfinite(images).all():
            bad = np.flatnonzero(~np.isfinite(images).reshape(len(images), -1).all(axis=1))
            raise SourceError(f"{self.name}: {split} image {bad[0]} holds nan or infinity ({bad.size} such image(s))")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image, channels first."""
        return tuple(self.parts["train"].images.shape[1:])

    def split_off(self, split: str, share: float, rng: np.random.Generator) -> "Images":
        """Return the data set with an additional split taken from the training images, stratified by class.

        Args:
            split: ``valid`` or ``test``; an existing split stays unchanged.
            share: share of the training images of each class, in (0, 1).
            rng: draws the images.

        Raises:
            InvalidOption: the share is outside its range.
            SourceError: a class has too few images to give one and keep one.
        """
        if not 0 < share < 1:
            raise InvalidOption(f"the share of {split} images is {share}; expected between 0 and 1")
        if split in self.parts:
            return self
        images, labels = self.parts["train"]
        taken = np.zeros(len(labels), dtype=bool)
        for number, name in enumerate(self.classes):
            rows = np.flatnonzero(labels == number)
            n = max(1, round(share * len(rows)))
            if n >= len(rows):
                raise SourceError(
                    f"{self.name}: class {name!r} has {len(rows)} image(s), too few to give {n} to {split}"
                )
            taken[rng.permutation(rows)[:n]] = True
        kept = Part(images[~taken], labels[~taken])
        return replace(self, parts={**self.parts, "train": kept, split: Part(images[taken], labels[taken])})

    def fold(self, number: int, of: int, rng: np.random.Generator) -> "Images":
        """Return the data set with one fold of its training and validation images as validation images.

        The folds are disjoint, cover all images, and are stratified by class.

        Args:
            number: number of the fold, from 1.
            of: number of folds, at least 2.
            rng: draws the folds; pass the same state for every fold.

        Raises:
            InvalidOption: there is no such fold.
            SourceError: a class has fewer images than there are folds.
        """
        if not 1 <= number <= of or of < 2:
            raise InvalidOption(f"fold {number} of {of}; expected at least 2 folds, and a number from 1 to that")
        pooled = [self.parts[split] for split in ("train", "valid") if split in self.parts]
        images, labels = (np.concatenate(arrays) for arrays in zip(*pooled, strict=True))
        place = np.empty(len(labels), dtype=np.int64)
        for label, name in enumerate(self.classes):
            rows = rng.permutation(np.flatnonzero(labels == label))
            if len(rows) < of:
                raise SourceError(f"{self.name}: class {name!r} has {len(rows)} image(s), too few for {of} folds")
            place[rows] = np.arange(len(rows)) % of + 1
        kept, held = place != number, place == number
        parts = {"train": Part(images[kept], labels[kept]), "valid": Part(images[held], labels[held])}
        return replace(self, parts={**self.parts, **parts})

    def described(self) -> list[str]:
        """Return the numbers of images, and the notes, as lines of text."""
        sizes = ", ".join(f"{len(self.parts[split].labels):,} {split}" for split in SPLITS if split in self.parts)
        return [f"{self.name}: {sizes} images of {len(self.classes)} classes", *(f"note: {n}" for n in self.notes)]

    def digest(self) -> str:
        """Return the SHA-256 of all images and labels, split by split."""
        sha = hashlib.sha256(repr(self.classes).encode())
        for split in sorted(self.parts):
            images, labels = self.parts[split]
            sha.update(f"{split}{images.shape}{images.dtype}".encode())
            for array in (images, labels):
                sha.update(np.ascontiguousarray(array).data)
        return sha.hexdigest()
