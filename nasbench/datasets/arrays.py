"""Arrays in a NumPy ``.npz`` or an HDF5 file: ``train_images`` and ``train_labels``, likewise for valid and test.

The reader also knows Keras' names ``x_train``, ``y_train``, ``x_test`` ..., and ``val``, ``validation``, ``dev``.
Images have channels first or last, or none. Types with a defined range are scaled to 0 to 255: uint8, uint16
(as float32) and truth values. Floats stay unchanged, as float32, and every split must have the scale of the
training images. Labels are integers, one-hot rows, or texts, which name the classes. The reader executes no code from
the files and refuses object arrays. The notes of the data set name the arrays that were not read.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nasbench.datasets._images import NAMES_OF_SPLITS, Images, Part, Pixels
from nasbench.datasets._labels import number_labels
from nasbench.errors import InvalidOption, SourceError
from nasbench.file_contents import check_content
from nasbench.options import Text

_NAMES = (("{}_images", "{}_labels"), ("x_{}", "y_{}"), ("{}_x", "{}_y"))
_CHANNELS = (1, 3, 4)
_LAYOUTS = ("auto", "first", "last", "none")
_SCALES_APART = 20.0  # ratio of two splits' standard deviations that samples of one distribution never reach
_SIGNED = 0.05  # share of negative values that cannot be chance if another split has none
_LOOKED_AT = 2000  # number of images of each split that are compared

Reader = Callable[[tuple[()]], Any]


class Arrays:
    """A data set of arrays in one file.

    Args:
        path: the file.
        layout: position of the channels: ``first``, ``last``, ``none``, or ``auto``: the axis of size 1, 3 or 4.

    Raises:
        InvalidOption: the layout is unknown.
    """

    def __init__(self, *, path: Text, layout: str = "auto") -> None:
        if layout not in _LAYOUTS:
            raise InvalidOption(f"layout={layout!r}; expected {', '.join(_LAYOUTS)}")
        self._path, self._layout = Path(path).expanduser(), layout

    def read(self, rng: np.random.Generator) -> Images:
        """Read all splits in the file.

        Raises:
            SourceError: the file is missing or truncated, names or types are unknown, or splits differ in scale.
        """
        del rng
        check_content(self._path, "zip", "HDF5")
        try:
            if h5py.is_hdf5(self._path):
                with h5py.File(self._path) as file:
                    return self._build_images({name: _choose_reader(item) for name, item in file.items()})
            with open(self._path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                return self._build_images({name: _Lazy(file, name) for name in file.files})
        except SourceError:
            raise
        except Exception as error:  # a damaged archive can raise almost any exception
            raise SourceError(f"{self._path} cannot be read ({type(error).__name__}: {error})") from error

    def _build_images(self, arrays: Mapping[str, Reader]) -> Images:
        names = self._find_names(arrays)
        parts, kinds = {}, {}
        for split, (images, _) in names.items():
            raw = np.asarray(arrays[images](()))
            parts[split], kinds[images] = self._move_channels_first(images, raw), raw.dtype
        parts = self._unify_scales(parts, kinds)
        labels, classes = number_labels({label: arrays[label](()) for _, label in names.values()})
        unread = sorted(set(arrays) - {name for pair in names.values() for name in pair})
        notes = (f"{len(unread)} array(s) not read: {', '.join(unread)}",) if unread else ()
        made = {split: Part(images, labels[names[split][1]]) for split, images in parts.items()}
        return Images(f"arrays {self._path}", classes, made, notes)

    def _find_names(self, arrays: Mapping[str, Reader]) -> dict[str, tuple[str, str]]:
        """Return the names of the arrays of images and labels for each split."""
        by_lower = {name.lower(): name for name in arrays}
        found: dict[str, tuple[str, str]] = {}
        for split, called in NAMES_OF_SPLITS.items():
            for pair in ((a.format(word), b.format(word)) for a, b in _NAMES for word in called):
                there = [by_lower[name] for name in pair if name in by_lower]
                if len(there) == 1:
                    other = pair[1] if there[0].lower() == pair[0] else pair[0]
                    raise SourceError(f"{self._path} holds {there[0]} without {other}; give both, or neither")
                if there and split in found:
                    raise SourceError(f"{self._path} holds the {split} images twice: {found[split][0]} and {there[0]}")
                if there:
                    found[split] = (there[0], there[1])
        if "train" not in found:
            raise SourceError(f"{self._path} holds {sorted(arrays)}; expected train_images and train_labels")
        return found

    def _move_channels_first(self, name: str, images: Any) -> Pixels:
        images = _scale_images(name, images)
        layout = self._layout
        if layout == "auto":
            layout = _guess_layout(images.shape)
        if not layout:
            raise SourceError(
                f"{name} is {images.shape}; which axis holds the channels? set layout= first, last or none"
            )
        if layout == "none":
            return np.asarray(images[:, None])
        return np.ascontiguousarray(np.moveaxis(images, -1, 1)) if layout == "last" else np.asarray(images)

    def _unify_scales(self, parts: dict[str, Pixels], kinds: Mapping[str, np.dtype[Any]]) -> dict[str, Pixels]:
        """Convert all splits to one type.

        Raises:
            SourceError: floats are mixed with another type, or the values of two splits cannot be samples of one
                distribution: one spread is 20 times the other, or only one of them has negative values.
        """
        if len({kind.kind == "f" for kind in kinds.values()}) > 1:
            seen = ", ".join(f"{name} is {kind}" for name, kind in kinds.items())
            raise SourceError(f"{self._path}: {seen}; use one type and one scale for all splits")
        if len({images.dtype for images in parts.values()}) > 1:
            parts = {split: images.astype(np.float32) for split, images in parts.items()}
        train, *others = parts.values()
        for split, images in zip(list(parts)[1:], others, strict=True):
            if _are_apart(train, images):
                raise SourceError(
                    f"{self._path}: the training images are {_find_range(train)}, those of {split} "
                    f"{_find_range(images)}; they have different scales: scale both in the same way"
                )
        return parts


def _are_apart(one: Pixels, other: Pixels) -> bool:
    """Return whether two sets of images have different scales, judged by about 2,000 of each."""
    some = [images[:: max(1, len(images) // _LOOKED_AT)] for images in (one, other)]
    spreads = [float(images.std(dtype=np.float64)) for images in some]
    negative = sorted(float((images < 0).mean()) for images in some)
    return max(spreads) > _SCALES_APART * min(spreads) > 0 or (negative[0] == 0 and negative[1] > _SIGNED)


def _find_range(images: Pixels) -> str:
    return f"from {images.min():g} to {images.max():g}" if images.size else "empty"


def _scale_images(name: str, images: Any) -> Any:
    """Return images as uint8 or float32: scaled to 0 to 255 if their type has a range, floats unchanged."""
    kind = images.dtype
    if kind == np.uint8:
        return images
    if kind.kind == "b":
        return images.astype(np.uint8) * np.uint8(255)
    if kind.kind == "u" and kind.itemsize == 2:
        return images.astype(np.float32) * np.float32(255 / 65535)
    if kind.kind == "f":
        return images.astype(np.float32)
    seen = f" {_find_range(images)}" if kind.kind in "iu" else ""
    raise SourceError(
        f"{name} is {kind}{seen}; expected uint8 or float32: a type whose black and white are defined, or floats of "
        "any scale"
    )


def _choose_reader(item: Any) -> Reader:
    """Return the function that reads an HDF5 array; it decodes text."""
    if isinstance(item, h5py.Dataset) and h5py.check_string_dtype(item.dtype) is not None:
        item = item.asstr()
    read: Reader = item.__getitem__
    return read


class _Lazy:
    """Reads one array of an archive on demand."""

    def __init__(self, archive: Any, name: str) -> None:
        self._archive, self._name = archive, name

    def __call__(self, _: tuple[()]) -> Any:
        return self._archive[self._name]


def _guess_layout(shape: tuple[int, ...]) -> str:
    """Return the layout of a shape; empty if it is ambiguous."""
    if len(shape) == 3 and shape[1] not in _CHANNELS and shape[2] not in _CHANNELS:
        return "none"
    first, last = (shape[axis] in _CHANNELS if len(shape) > 2 else False for axis in (1, -1))
    return "" if first == last else "first" if first else "last"
