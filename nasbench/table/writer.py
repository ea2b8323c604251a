"""Write tables to HDF5 files: atomically, and always with the same content checksum."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from nasbench.errors import TableError
from nasbench.files import replace_atomically
from nasbench.table.builder import Measurement, Static, TableBuilder
from nasbench.table.column import Column
from nasbench.table.disk_index import DiskIndex
from nasbench.table.schema import (
    choose_count_type,
    digest_array,
    digest_content,
    get_missing_value,
    list_root_attributes,
)

_LEVEL = 9
_LEVEL_OF_DOUBLES = 4  # level 9 takes up to fifty times as long for numbers of double precision, and saves a tenth
_CHUNK_BYTES = 1 << 20  # uncompressed size of a chunk, the unit of lazy reads of a large table


def write_table(draft: TableBuilder, path: Path) -> str:
    """Check a table, write it to ``path`` and return its content checksum.

    Raises:
        TableError: the content breaks the schema.
        OSError: the file cannot be written; an existing one is untouched.
    """
    draft.check()
    root = list_root_attributes(draft)
    columns: dict[str, dict[str, Any]] = {
        "architectures": {
            "cardinality": draft.cardinality.tolist(),
            "sha256": digest_array(draft.architectures),
        }
    }
    columns |= {column.path: _list_attributes(column) for column in draft.columns}
    values: dict[str, npt.NDArray[Any]] = {"architectures": draft.architectures}
    values |= {column.path: encode_column(column) for column in draft.columns}
    root["content_sha256"] = digest_content(root, columns)
    with replace_atomically(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        file.attrs.update(root)
        for place, array in values.items():
            column = create_column(file, place, array.shape, array.dtype)
            column[...] = array
            column.attrs.update(columns[place])
    return str(root["content_sha256"])


def write_parts(drafts: Iterable[TableBuilder], path: Path) -> str:
    """Write one table from parts with different architectures, and return its content checksum.

    The checksum equals that of ``write_table`` for all parts together. Memory holds one part,
    and 8 bytes for every architecture.

    Args:
        drafts: one or more parts that differ only in their architectures and values.
        path: file to write.

    Raises:
        TableError: a part breaks the schema or differs from the first, or two parts have the same architecture.
        OSError: the file cannot be written; an existing one is untouched.
    """
    first: tuple[dict[str, Any], dict[str, dict[str, Any]]] | None = None
    with replace_atomically(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        for number, draft in enumerate(drafts):
            draft.check()
            declared = _collect_shared(draft)
            first = first or declared
            if declared != first:
                raise TableError(f"part {number} differs from the first in {_name_difference(first, declared)}")
            _extend(file, draft)
        if first is None:
            raise TableError("a table needs at least one part")
        root, columns = first
        _refuse_twice(Column(file["architectures"], "architectures", path.name))
        for place, attributes in columns.items():
            attributes.pop("type")
            attributes["sha256"] = Column(file[place], place, path.name).digest()
            file[place].attrs.update(attributes)
        root["content_sha256"] = digest_content(root, columns)
        file.attrs.update(root)
    return str(root["content_sha256"])


def _collect_shared(draft: TableBuilder) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Return what all parts of a table share: the attributes of the file, and the attributes and types of columns."""
    root = list_root_attributes(draft)
    own = {"cardinality": draft.cardinality.tolist(), "type": str(draft.architectures.dtype)}
    columns: dict[str, dict[str, Any]] = {"architectures": own}
    for column in draft.columns:
        columns[column.path] = _describe_column(column) | {"type": f"{column.values.dtype}{column.values.shape[1:]}"}
    return root, columns


def _name_difference(first: tuple[dict[str, Any], dict[str, Any]], other: tuple[dict[str, Any], dict[str, Any]]) -> str:
    """Return the first difference as text."""
    return next(
        f"{key}: {there.get(key)!r} and {here.get(key)!r}"
        for there, here in zip(first, other, strict=True)
        for key in sorted(there | here)
        if there.get(key) != here.get(key)
    )


def _extend(file: h5py.File, draft: TableBuilder) -> None:
    """Append the rows of one part."""
    arrays = {"architectures": draft.architectures} | {column.path: encode_column(column) for column in draft.columns}
    for place, array in arrays.items():
        if place not in file:
            create_column(file, place, (0, *array.shape[1:]), array.dtype, growing=True)
        n = len(file[place])
        file[place].resize(n + len(array), axis=0)
        file[place][n:] = array


def _refuse_twice(architectures: Column) -> None:
    twice = DiskIndex(architectures).find_duplicate()
    if twice:
        raise TableError(f"rows {twice[0]} and {twice[1]} are the same architecture: parts must not overlap")


def create_column(
    file: h5py.File, place: str, shape: tuple[int, ...], dtype: np.dtype[Any], *, growing: bool = False
) -> h5py.Dataset:
    """Create an empty column in chunks of about 1 MiB, shuffled and compressed; ``growing`` makes it extensible."""
    row_bytes = max(1, int(np.prod(shape[1:])) * dtype.itemsize)
    rows = max(1, _CHUNK_BYTES // row_bytes)
    return file.create_dataset(
        place,
        shape,
        dtype,
        maxshape=(None, *shape[1:]) if growing else None,
        chunks=(rows if growing else max(1, min(shape[0], rows)), *shape[1:]),
        compression="gzip",
        compression_opts=_LEVEL_OF_DOUBLES if dtype == np.float64 else _LEVEL,
        shuffle=True,
    )


def encode_column(column: Measurement | Static) -> npt.NDArray[Any]:
    """Return a column's values as the file stores them: as counts if it has a denominator."""
    denominator = getattr(column, "denominator", 0)
    if not denominator:
        return column.values
    kind = choose_count_type(denominator)
    missing = np.isnan(column.values)
    counts = np.rint(np.where(missing, 0, column.values) * denominator)
    values: npt.NDArray[Any] = np.where(missing, get_missing_value(kind), counts).astype(kind)
    return values


def _list_attributes(column: Measurement | Static) -> dict[str, Any]:
    return _describe_column(column) | {"sha256": digest_array(encode_column(column))}


def _describe_column(column: Measurement | Static) -> dict[str, Any]:
    shared = {"unit": column.unit, "direction": column.direction}
    if isinstance(column, Static):
        return shared
    counted = {"denominator": column.denominator} if column.denominator else {}
    return (
        shared
        | counted
        | {
            "seeds": np.asarray(column.seeds, dtype=np.int64).tolist(),
            "epochs": np.asarray(column.epochs, dtype=np.int64).tolist(),
        }
    )
