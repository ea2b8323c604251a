"""Arrays in a NumPy ``.npz`` or an HDF5 file: ``train_images`` and ``train_labels``, and the same for valid and test.

The names ``x_train``, ``y_train``, ``x_test`` ... that Keras writes are read too. Images are uint8, or float32
(float64 becomes float32), channels first or last, or without channels; labels are whole numbers. Nothing in
these files is executed: object arrays are refused.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from nasbench.arrays import Ints
from nasbench.datasets._images import SPLITS, Images, Part, Pixels
from nasbench.errors import InvalidOption, SourceError
from nasbench.options import Text

_NAMES = (("{}_images", "{}_labels"), ("x_{}", "y_{}"))
_ALIASES = {"train": ("train",), "valid": ("valid", "val"), "test": ("test",)}
_CHANNELS = (1, 3, 4)
_LAYOUTS = ("auto", "first", "last", "none")


class Arrays:
    """Reads the arrays.

    Args:
        path: the file.
        layout: where the channels are: ``first``, ``last``, ``none`` of them, or ``auto``: the axis of 1, 3 or 4.

    Raises:
        InvalidOption: another layout.
    """

    def __init__(self, *, path: Text, layout: str = "auto") -> None:
        if layout not in _LAYOUTS:
            raise InvalidOption(f"layout={layout!r}; expected {', '.join(_LAYOUTS)}")
        self._path, self._layout = Path(path).expanduser(), layout

    def read(self, rng: np.random.Generator) -> Images:
        """Read every split that is there.

        Raises:
            SourceError: no such file, truncated, names or types that this does not read.
        """
        del rng
        try:
            if h5py.is_hdf5(self._path):
                with h5py.File(self._path) as file:
                    parts = self._parts({name: file[name].__getitem__ for name in file})
            else:
                with open(self._path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
                    parts = self._parts({name: _Lazy(file, name) for name in file.files})
        except SourceError:
            raise
        except Exception as error:  # a damaged archive can raise nearly anything
            raise SourceError(f"{self._path} cannot be read ({type(error).__name__}: {error})") from error
        n_classes = 1 + max(int(part.labels.max(initial=0)) for part in parts.values())
        return Images(f"arrays {self._path}", tuple(map(str, range(n_classes))), parts)

    def _parts(self, arrays: Mapping[str, Callable[[tuple[()]], Any]]) -> dict[str, Part]:
        parts = {}
        for split in SPLITS:
            for images, labels in ((a.format(s), b.format(s)) for a, b in _NAMES for s in _ALIASES[split]):
                if images in arrays and labels in arrays:
                    parts[split] = Part(
                        self._channels_first(images, arrays[images](())), _labels(labels, arrays[labels](()))
                    )
        if "train" not in parts:
            raise SourceError(f"{self._path} holds {sorted(arrays)}; expected train_images and train_labels")
        return parts

    def _channels_first(self, name: str, images: Any) -> Pixels:
        if images.dtype == np.float64:
            images = images.astype(np.float32)
        layout = self._layout
        if layout == "auto":
            layout = _guessed(images.shape)
        if not layout:
            raise SourceError(
                f"{name} is {images.shape}; which axis holds the channels? set layout= first, last or none"
            )
        if layout == "none":
            return np.asarray(images[:, None])
        return np.ascontiguousarray(np.moveaxis(images, -1, 1)) if layout == "last" else np.asarray(images)


class _Lazy:
    """Reads one array of an archive when asked."""

    def __init__(self, archive: Any, name: str) -> None:
        self._archive, self._name = archive, name

    def __call__(self, _: tuple[()]) -> Any:
        return self._archive[self._name]


def _guessed(shape: tuple[int, ...]) -> str:
    """Name the layout that a shape has; empty where it could be either."""
    if len(shape) == 3 and shape[1] not in _CHANNELS and shape[2] not in _CHANNELS:
        return "none"
    first, last = (shape[axis] in _CHANNELS if len(shape) > 2 else False for axis in (1, -1))
    return "" if first == last else "first" if first else "last"


def _labels(name: str, labels: Any) -> Ints:
    """[n] labels; Keras has them [n, 1]."""
    labels = labels.reshape(len(labels), -1)
    if labels.shape[1:] != (1,) or labels.dtype.kind not in "iu":
        raise SourceError(
            f"{name} is {labels.dtype} with {labels.shape[1:]} numbers an image; expected one whole number"
        )
    return np.asarray(labels[:, 0], dtype=np.int64)
