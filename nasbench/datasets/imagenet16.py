"""Downsampled ImageNet with 16 x 16 pixels, by default its first 120 classes: the data of ImageNet16-120.

Source: Chrabaszcz, Loshchilov & Hutter 2017, arXiv 1707.08819 (the batches ``train_data_batch_1`` to ``_10`` and
``val_data``); Dong & Yang 2020, arXiv 2001.00326, for the 120 classes. NAS-Bench-201 splits the official validation
images into validation and test halves by a list of its own. Here, all of them are ``test``, and validation images
are taken from the training images.
"""

from pathlib import Path

import numpy as np

from nasbench.datasets._batches import read_batch
from nasbench.datasets._images import Images, Part
from nasbench.errors import InvalidOption
from nasbench.options import Text

_SIDE, _MOST = 16, 1000
_TRAIN = tuple(f"train_data_batch_{i}" for i in range(1, 11))


class ImageNet16:
    """Downsampled ImageNet, restricted to its first classes.

    Args:
        path: the folder with the batches.
        n_classes: number of classes to keep, 2 to 1000.

    Raises:
        InvalidOption: the number of classes is outside this range.
    """

    def __init__(self, *, path: Text, n_classes: int = 120) -> None:
        if not 2 <= n_classes <= _MOST:
            raise InvalidOption(f"n_classes={n_classes}; expected 2 to {_MOST}")
        self._path, self._n_classes = Path(path).expanduser(), n_classes

    def read(self, rng: np.random.Generator) -> Images:
        """Read the training and test images.

        Raises:
            SourceError: a batch is missing or truncated.
        """
        del rng
        kept = [self._read_batch(name) for name in _TRAIN]
        train = Part(*(np.concatenate(arrays) for arrays in zip(*kept, strict=True)))
        classes = tuple(f"class_{number}" for number in range(1, self._n_classes + 1))
        return Images(f"imagenet16-{self._n_classes}", classes, {"train": train, "test": self._read_batch("val_data")})

    def _read_batch(self, name: str) -> Part:
        images, labels = read_batch(self._path / name, "labels", _SIDE)
        rows = labels <= self._n_classes  # labels count from 1
        return Part(images[rows], labels[rows] - 1)
