"""An HDF5 file of columns: a group for each pair of task and contestant, with the same bytes for the same content.

    spec                       uint8 [bytes], the record's specification as JSON
    TASK/CONTESTANT/NAME       one column; NAME may be one group deeper. The group's attribute ``sha256`` covers all

Columns are stored as in memory, contiguous and uncompressed: gzip takes four times as long to write and saves a third
of the space. This also makes reading safe: no column can be larger than the file that holds it.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from nasbench.errors import RecordError
from nasbench.file_contents import explain_content
from nasbench.files import replace_atomically

SPEC = "spec"
_UNREADABLE = (OSError, RuntimeError, KeyError, TypeError, ValueError, AttributeError, RecursionError)
"""Errors that h5py raises on damaged files, depending on the place of the damage."""

Column = npt.NDArray[Any]
Columns = Mapping[str, Column]
"""Columns of one pair by name; a name has at most one slash."""


def write_columns(path: Path, spec: str, pairs: Iterable[tuple[str, Columns]]) -> None:
    """Write a file of columns, atomically replacing an existing one.

    Args:
        path: file to write.
        spec: JSON that describes the columns.
        pairs: ``TASK/CONTESTANT`` and the columns of each pair, sorted by that name; consumed one after the other.

    Raises:
        OSError: the file cannot be written; an existing file is unchanged.
    """
    with replace_atomically(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        file.create_dataset(SPEC, data=np.frombuffer(spec.encode(), dtype=np.uint8))
        for name, columns in pairs:
            group = file.create_group(name)
            for place in sorted(columns):
                group.create_dataset(place, data=columns[place])
            group.attrs["sha256"] = np.bytes_(compute_digest(columns))


def dump_spec(spec: Mapping[str, Any]) -> str:
    """Return a specification as the JSON in a file of columns."""
    return json.dumps(spec, separators=(",", ":"))


def compute_digest(columns: Columns) -> str:
    """Compute the SHA-256 of columns: their names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in sorted(columns):
        column = np.ascontiguousarray(columns[name])
        digest.update(f"{name} {column.dtype.str} {column.shape}\n".encode())
        digest.update(column.data.cast("B") if column.size else b"")
    return digest.hexdigest()


class ColumnFile:
    """Reads a file of columns.

    Args:
        path: the file; a missing file holds no pair.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read_spec(self) -> str:
        """Return the JSON object that describes the columns, as text; empty if there is no file.

        Raises:
            RecordError: the file is damaged.
        """
        with self._opened() as file:
            if file is None:
                return ""
            text = bytes(_load(file[SPEC], self.path)).decode()
            if not isinstance(json.loads(text), dict):
                raise ValueError("the specification is not an object")
            return text

    def read(self, name: str) -> dict[str, Column]:
        """Return the columns of the pair ``TASK/CONTESTANT``; empty if the file does not hold it.

        Raises:
            RecordError: the file is damaged.
        """
        with self._opened() as file:
            return {} if file is None or name not in file else self._read_group(file[name], name)

    def read_names(self) -> list[str]:
        """Return the names of all pairs, sorted.

        Raises:
            RecordError: the file is damaged.
        """
        with self._opened() as file:
            groups = {} if file is None else {task: file[task] for task in file if task != SPEC}
            return sorted(f"{task}/{contestant}" for task, group in groups.items() for contestant in group)

    def read_checksum(self) -> str:
        """Return the SHA-256 of all columns of all pairs.

        Raises:
            RecordError: the file is damaged.
        """
        told = "".join(f"{name} {compute_digest(self.read(name))}\n" for name in self.read_names())
        return hashlib.sha256(told.encode()).hexdigest()

    @contextmanager
    def _opened(self) -> Iterator[h5py.File | None]:
        if not self.path.exists():
            yield None
            return
        try:
            # Files are only replaced, never changed, and locking fails on read-only and network disks.
            with h5py.File(self.path, "r", locking=False) as file:
                yield file
        except _UNREADABLE as error:
            raise self.explain(error) from None

    def explain(self, error: Exception) -> RecordError:
        """Return the error that says what to do about a damaged file."""
        if why := explain_content(self.path, "HDF5"):
            return RecordError(f"{self.path} {why}")
        return RecordError(
            f"{self.path} is damaged ({error}): restore it from a copy, or delete it and run the same command again to "
            "repeat all its runs"
        )

    def _read_group(self, group: h5py.Group, name: str) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        left = self.path.stat().st_size
        for place, item in _items(group):
            columns[place] = _load(item, self.path)
            left -= columns[place].nbytes
            if left < 0:
                raise ValueError(f"{name} claims more bytes than the file has")
        if compute_digest(columns) != bytes(group.attrs["sha256"]).decode():
            raise ValueError(f"{name} does not match its checksum")
        return columns


def _items(group: h5py.Group) -> Iterator[tuple[str, Any]]:
    """Yield all columns of a group and of those one level below it."""
    for name in group:
        item = group[name]
        if isinstance(item, h5py.Group):
            yield from ((f"{name}/{inner}", item[inner]) for inner in item)
        else:
            yield name, item


def _load(dataset: Any, path: Path) -> Column:
    """Load the values of a column, read-only.

    Raises:
        ValueError: it is not a column as ``write_columns`` writes it, or it claims more bytes than the file has.
    """
    plain = isinstance(dataset, h5py.Dataset) and dataset.dtype.kind in "iufb" and dataset.dtype.isnative
    if not plain or dataset.chunks or dataset.external or dataset.is_virtual or dataset.shape is None:
        raise ValueError(f"{dataset.name} is not a plain column of numbers")
    nbytes = int(dataset.size) * dataset.dtype.itemsize
    if nbytes != dataset.id.get_storage_size() or nbytes > path.stat().st_size:
        raise ValueError(f"{dataset.name} claims to hold {nbytes} bytes, which are not there")
    values: Column = dataset[()]
    values.flags.writeable = False
    return values
