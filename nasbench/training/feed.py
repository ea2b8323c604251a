"""Images on the device as uint8; batches are drawn, augmented and normalised one at a time."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Floats
from nasbench.datasets import Images
from nasbench.errors import InvalidOption
from nasbench.training.recipe import Recipe

_CHUNK = 4096  # images that are converted to float64 at a time


class ImageBatch(NamedTuple):
    """The images of one training step.

    Attributes:
        images: [b, channels, ...] float32, normalised.
        labels: [b] classes.
        others: [b] classes of the images mixed in.
        share: share of ``labels`` in the target, ``others`` have the rest; 1 without mixing.
    """

    images: Tensor
    labels: Tensor
    others: Tensor
    share: float

    def pieces(self, n: int) -> Iterator["ImageBatch"]:
        """Cut into ``n`` parts."""
        parts = (tensor.tensor_split(n) for tensor in (self.images, self.labels, self.others))
        for images, labels, others in zip(*parts, strict=True):
            yield ImageBatch(images, labels, others, self.share)


def compute_moments(images: np.ndarray) -> tuple[Floats, Floats]:
    """Return mean and standard deviation of each channel of images [n, c, ...]; ``[c]`` each."""
    total, squares, n = 0.0, 0.0, images[:, :1].size
    axes = tuple(axis for axis in range(images.ndim) if axis != 1)
    for first in range(0, len(images), _CHUNK):
        chunk = images[first : first + _CHUNK].astype(np.float64)
        total, squares = total + chunk.sum(axis=axes), squares + (chunk**2).sum(axis=axes)
    mean = np.asarray(total / n)
    return mean, np.sqrt(np.maximum(squares / n - mean**2, 0.0))


def _move_to(device: torch.device, array: np.ndarray) -> Tensor:
    """Return an array as a tensor on the device; a read-only array is copied, since torch would warn about it."""
    return torch.as_tensor(array if array.flags.writeable else array.copy(), device=device)


class Feed:
    """The splits of a data set on a device.

    Args:
        data: the data to learn.
        recipe: recipe that says how to augment.
        device: device of all images.

    Attributes:
        device: device of all images.

    Raises:
        InvalidOption: signals with a recipe that augments images, or a cutout larger than the images.
    """

    def __init__(self, data: Images, recipe: Recipe, device: torch.device) -> None:
        changes = recipe.flip or recipe.crop_padding or recipe.cutout
        if changes and len(data.shape) != 3:
            raise InvalidOption(f"recipe '{recipe.title}' flips, crops or cuts images; {data.name} holds signals")
        self._recipe, self.device = recipe, device
        self._parts = {
            split: (_move_to(device, part.images), _move_to(device, part.labels)) for split, part in data.parts.items()
        }
        mean, std = compute_moments(data.parts["train"].images)
        shape = (1, -1, *[1] * (len(data.shape) - 1))
        self._mean, self._std = (
            torch.tensor(value, dtype=torch.float32, device=device).reshape(shape)
            for value in (mean, np.where(std > 0, std, 1.0))
        )

    def count_images(self, split: str) -> int:
        """Return the number of images of a split."""
        return len(self._parts[split][1])

    @property
    def splits(self) -> list[str]:
        """The splits that are there."""
        return list(self._parts)

    def _normalize(self, images: Tensor) -> Tensor:
        images = (images.float() - self._mean) / self._std
        if self._recipe.channels_last and images.ndim == 4:
            return images.contiguous(memory_format=torch.channels_last)
        return images

    def plain(self, split: str, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images of a split in order, normalised, with their labels."""
        images, labels = self._parts[split]
        for first in range(0, len(labels), size):
            yield self._normalize(images[first : first + size]), labels[first : first + size]

    def sample(self) -> Tensor:
        """Return the first images as one full training batch, or fewer if the data have fewer."""
        return self._normalize(self._parts["train"][0][: self._recipe.batch_size])

    def n_batches(self) -> int:
        """Return the number of steps of an epoch, without a last batch of one image, which has no variance."""
        n, size = self.count_images("train"), self._recipe.batch_size
        return n // size + (n % size > 1)

    def epoch(self, rng: np.random.Generator) -> Iterator[ImageBatch]:
        """Yield the training images in an order drawn from ``rng``, augmented."""
        images, labels = self._parts["train"]
        size = self._recipe.batch_size
        order = torch.as_tensor(rng.permutation(len(labels)), device=self.device)
        for place in range(self.n_batches()):
            rows = order[place * size : (place + 1) * size]
            yield self._mix(self._augment(images[rows], rng), labels[rows], rng)

    def _draw_numbers(self, rng: np.random.Generator, high: int, n: int) -> Tensor:
        return torch.as_tensor(rng.integers(high, size=n), device=self.device)

    def _augment(self, images: Tensor, rng: np.random.Generator) -> Tensor:
        """Crop, mirror, normalise and cut images [b, c, h, w]."""
        recipe, n = self._recipe, len(images)
        if recipe.crop_padding:
            shifts = [self._draw_numbers(rng, 2 * recipe.crop_padding + 1, n) for _ in range(2)]
            images = crop_images(images, recipe.crop_padding, *shifts)
        if recipe.flip:
            mirrored = self._draw_numbers(rng, 2, n).bool()
            images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
        images = self._normalize(images)
        if recipe.cutout:
            centres = [self._draw_numbers(rng, side, n) for side in images.shape[2:]]
            images = cut_squares(images, recipe.cutout, *centres)
        return images

    def _mix(self, images: Tensor, labels: Tensor, rng: np.random.Generator) -> ImageBatch:
        if not self._recipe.mixup:
            return ImageBatch(images, labels, labels, 1.0)
        share = float(rng.beta(self._recipe.mixup, self._recipe.mixup))
        partner = torch.as_tensor(rng.permutation(len(labels)), device=self.device)
        return ImageBatch(share * images + (1 - share) * images[partner], labels, labels[partner], share)


def crop_images(images: Tensor, padding: int, down: Tensor, right: Tensor) -> Tensor:
    """Pad images [b, c, h, w] and crop each to its original size from its own corner.

    Args:
        images: images of any type; the border is 0 (black).
        padding: pixels on each side.
        down: [b] first row, 0 to 2 * padding.
        right: [b] first column.
    """
    b, _, h, w = images.shape
    padded = torch.nn.functional.pad(images, [padding] * 4)
    rows = (down[:, None] + torch.arange(h, device=images.device))[:, :, None]
    columns = (right[:, None] + torch.arange(w, device=images.device))[:, None, :]
    picked = padded[torch.arange(b, device=images.device)[:, None, None], :, rows, columns]  # [b, h, w, c]
    return picked.permute(0, 3, 1, 2)


def cut_squares(images: Tensor, side: int, row: Tensor, column: Tensor) -> Tensor:
    """Set a square of each image to 0, cut off at the border (Cutout, DeVries & Taylor 2017).

    Args:
        images: [b, c, h, w] normalised, so that 0 is the mean.
        side: side of the square.
        row: [b] row of its centre.
        column: [b] column of its centre.
    """
    inside = []
    for size, centre in zip(images.shape[2:], (row, column), strict=True):
        offset = torch.arange(size, device=images.device) - centre[:, None] + side // 2
        inside.append((offset >= 0) & (offset < side))
    square = inside[0][:, None, :, None] & inside[1][:, None, None, :]
    return images.masked_fill(square, 0.0)
