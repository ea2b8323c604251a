"""CIFAR-10 and CIFAR-100 as their author distributes them: the unpacked binary or python version.

Source: Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"; cs.toronto.edu/~kriz/cifar.html. The
files in the folder determine the version: ``data_batch_1.bin`` or ``data_batch_1`` for CIFAR-10, ``train.bin`` or
``train`` for CIFAR-100 (its 100 fine labels).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nasbench.arrays import Bits, Ints
from nasbench.datasets._batches import read_batch, read_pickle
from nasbench.datasets._images import Images, Part
from nasbench.errors import SourceError
from nasbench.file_contents import refuse_stand_in
from nasbench.options import Text

_SIDE = 32
_NUMBERS = 3 * _SIDE * _SIDE


@dataclass(frozen=True)
class _Version:
    """The file names of one version, and how to read its files."""

    name: str
    train: tuple[str, ...]
    test: str
    names: str
    key: str = ""  # key of the labels in a pickle; empty for a binary file
    names_key: str = ""
    n_labels: int = 1  # number of bytes before each image; the last one is the label


_FIVE = tuple(f"data_batch_{i}" for i in range(1, 6))
_VERSIONS = (
    _Version("cifar10", tuple(f"{name}.bin" for name in _FIVE), "test_batch.bin", "batches.meta.txt"),
    _Version("cifar10", _FIVE, "test_batch", "batches.meta", "labels", "label_names"),
    _Version("cifar100", ("train.bin",), "test.bin", "fine_label_names.txt", n_labels=2),
    _Version("cifar100", ("train",), "test", "meta", "fine_labels", "fine_label_names"),
)


class CIFAR:
    """CIFAR-10 or CIFAR-100 from the official folder.

    Args:
        path: the folder with the batches.
    """

    def __init__(self, *, path: Text) -> None:
        self._path = Path(path).expanduser()

    def read(self, rng: np.random.Generator) -> Images:
        """Read the training and test images.

        Raises:
            SourceError: the folder does not exist, a batch is missing or truncated, or a label has no name.
        """
        del rng
        version = next((v for v in _VERSIONS if (self._path / v.train[0]).is_file()), None)
        if version is None:
            expected = ", ".join(version.train[0] for version in _VERSIONS)
            raise SourceError(f"{self._path} holds no CIFAR batches; expected one of the files {expected}")
        batches = [self._read_batch(version, name) for name in version.train]
        images, labels = (np.concatenate(arrays) for arrays in zip(*batches, strict=True))
        parts = {"train": Part(images, labels), "test": Part(*self._read_batch(version, version.test))}
        return Images(version.name, self._read_names(version), parts)

    def _read_names(self, version: _Version) -> tuple[str, ...]:
        path = self._path / version.names
        if version.names_key:
            found = read_pickle(path).get(version.names_key, [])
            return tuple(name.decode() if isinstance(name, bytes) else str(name) for name in found)
        try:
            return tuple(path.read_text(encoding="utf-8").split())
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"{path}, which names the classes, cannot be read: {error}") from error

    def _read_batch(self, version: _Version, name: str) -> tuple[Bits, Ints]:
        path = self._path / name
        return read_batch(path, version.key, _SIDE) if version.key else _read_binary(path, version.n_labels)


def _read_binary(path: Path, n_labels: int) -> tuple[Bits, Ints]:
    """Read records, each of label bytes and pixels."""
    refuse_stand_in(path)
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    record = n_labels + _NUMBERS
    if not data.size or data.size % record:
        raise SourceError(
            f"{path} has {data.size:,} bytes, which is not a multiple of the record length {record}: it is truncated"
        )
    rows = data.reshape(-1, record)
    return rows[:, n_labels:].reshape(-1, 3, _SIDE, _SIDE), rows[:, n_labels - 1].astype(np.int64)
