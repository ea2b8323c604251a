"""Read arrays of numbers (.npy, .npz) beside a list of architectures into cells, one row an architecture.

The mapping declares what the axes mean, since shapes alone do not tell seeds from epochs::

    [arrays]
    architectures = "archs.txt"                   # beside the arrays, or the name of an array in the .npz
    axes = ["architecture", "seed", "epoch"]      # of every array with several axes

    [[measurement]]
    column = "scores.seed{seed}.epoch{epoch}"     # scores.npy, or the array "scores" of an .npz; indices count from 0
    epoch_offset = 1

An array with one axis is a column of its own name. Without ``architectures``, the column ``row`` counts the
architectures from 0, for arrays in the benchmark's official order (``column = "row"`` and ``form = "index"``).
"""

import itertools
import json
import math
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from nasbench.errors import InvalidOption, SourceError
from nasbench.file_contents import check_content
from nasbench.importers._cells import TextCells
from nasbench.importers._columns import Column
from nasbench.importers._json import parse_json
from nasbench.importers._reading import READABLE, read_cells
from nasbench.importers._separated import BROKEN, read_text

ENDINGS = (".npy", ".npz")
MOST_VALUES = 50_000_000
"""The most values of all arrays of a file."""
MOST_BYTES = 2_000_000_000
"""The most bytes of one array."""
ARCHITECTURE = "architecture"
ROW = "row"

_KINDS = "fiuUSb"  # numbers, texts and truth values
_Array = npt.NDArray[Any]


def read_arrays(path: Path, declared: Mapping[str, Any]) -> TextCells:
    """Read the arrays of a file, and the list of architectures that the mapping names.

    Args:
        path: a ``.npy`` or ``.npz`` file.
        declared: the section ``[arrays]`` of the mapping.

    Raises:
        InvalidOption: the axes of an array are not declared, or not as many as it has.
        SourceError: a file is missing or damaged, an array holds Python objects, or the lengths differ.
    """
    arrays = load_arrays(path)
    listed = str(declared.get("architectures", ""))
    columns: dict[str, Column] = {}
    if listed:
        columns = read_list(path, listed, arrays.pop(listed, None))
    lengths = {listed: len(next(iter(columns.values())))} if columns else {}
    for name, array in arrays.items():
        moved, axes = _move_architectures_first(path, name, array, declared.get("axes"))
        lengths[name] = len(moved)
        columns |= _split_axes(name, moved, axes)
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name}: {n:,}" for name, n in lengths.items())
        raise SourceError(f"{path}: the numbers of architectures differ ({shown}); declare the axes under [arrays]")
    n = next(iter(lengths.values()), 0)
    if n == 0:
        raise SourceError(f"{path} holds no architectures")
    return TextCells(path.name, {ROW: np.arange(n).astype(object)} | columns)


def is_array_file(path: Path) -> bool:
    """Return whether a path is a file with the ending of arrays."""
    return path.suffix.lower() in ENDINGS and path.is_file()


def load_arrays(path: Path) -> dict[str, _Array]:
    """Return the arrays of a file by name, that of a ``.npy`` file by the file's name. Nothing is unpickled.

    Raises:
        SourceError: the file is missing or damaged, or an array holds Python objects or is too large.
    """
    check_content(path, "npy" if path.suffix.lower() == ".npy" else "zip")
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                return {path.stem: _read_array(path, path.stem, file, path.stat().st_size, MOST_VALUES)}
        found: dict[str, _Array] = {}
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                name = item.filename.removesuffix(".npy")
                with archive.open(item) as file:
                    left = MOST_VALUES - sum(array.size for array in found.values())
                    found[name] = _read_array(path, name, file, item.file_size, left)
        return found
    except SourceError:
        raise
    except BROKEN as error:
        raise SourceError(f"{path} is damaged, or not a file of arrays: {error}") from None


def _read_array(path: Path, name: str, file: IO[bytes], size: int, most: int) -> _Array:
    """Read one array after comparing its header with the size of the file, so that a header cannot ask for memory."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, by_columns, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise SourceError(f"{path}: array '{name}' has version {version} of the format; save it as plain numbers")
    if dtype.hasobject or dtype.kind not in _KINDS:
        raise SourceError(
            f"{path}: array '{name}' holds {dtype}, not plain numbers or texts; Python objects would have to be "
            "unpickled, which can run code: convert them, for example by np.array(values, dtype=float)"
        )
    count = math.prod(shape)
    if count > most:
        raise SourceError(f"{path}: array '{name}' has {count:,} values; expected at most {MOST_VALUES:,} in a file")
    n_bytes = count * dtype.itemsize
    if n_bytes > MOST_BYTES:
        raise SourceError(f"{path}: array '{name}' has {n_bytes:,} bytes; expected at most {MOST_BYTES:,}")
    data = file.read(n_bytes)
    if len(data) != n_bytes or size - file.tell() != 0:
        raise SourceError(f"{path}: array '{name}' should have {count:,} values of {dtype}; the file is truncated")
    array: _Array = np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if by_columns else "C")
    return array


def _move_architectures_first(path: Path, name: str, array: _Array, declared: Any) -> tuple[_Array, list[str]]:
    """Return the array with its architectures first, and the names of its other axes."""
    if array.ndim == 1:
        return array, []
    axes = declared.get(name) if isinstance(declared, Mapping) else declared
    example = f'axes = ["{ARCHITECTURE}", "seed", "epoch"]'
    if not isinstance(axes, list) or not all(isinstance(axis, str) and axis.isidentifier() for axis in axes):
        raise InvalidOption(
            f"{path}: array '{name}' has the shape {array.shape}; say what its axes are, under [arrays] of the "
            f"mapping, such as {example}"
        )
    if len(axes) != array.ndim or axes.count(ARCHITECTURE) != 1 or len(set(axes)) < len(axes):
        raise InvalidOption(
            f"{path}: array '{name}' has the shape {array.shape}, but axes = {axes}; expected {array.ndim} different "
            f"names, one of them '{ARCHITECTURE}'"
        )
    at = axes.index(ARCHITECTURE)
    return np.moveaxis(array, at, 0), [axis for axis in axes if axis != ARCHITECTURE]


def _split_axes(name: str, array: _Array, axes: Sequence[str]) -> dict[str, Column]:
    """Return a column for each position on the axes behind the first, named such as ``scores.seed0.epoch5``."""
    names = [
        name + "".join(f".{axis}{i}" for axis, i in zip(axes, place, strict=True))
        for place in itertools.product(*map(range, array.shape[1:]))
    ]
    return {full: _convert_cells(own) for full, own in zip(names, array.reshape(len(array), -1).T, strict=True)}


def _convert_cells(values: _Array) -> Column:
    """Return cells [n]; None where a number is nan or a text is empty."""
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8", "replace")
    cells = values.astype(object)
    if values.dtype.kind in "fU":
        cells[np.isnan(values) if values.dtype.kind == "f" else values == ""] = None
    return cells


def read_list(path: Path, listed: str, array: _Array | None) -> dict[str, Column]:
    """Return the columns of the list of architectures: an array of the same file, or a file beside it."""
    if array is not None:
        return {ARCHITECTURE: _write_rows(path, listed, array)}
    file = path.parent / listed
    if not file.is_file():
        raise SourceError(f"architectures = '{listed}': neither a file beside {path} nor an array in it")
    suffix = file.suffix.lower()
    if suffix in ENDINGS:
        found = list(load_arrays(file).values())
        if len(found) != 1:
            raise SourceError(f"{file} holds {len(found)} arrays; the list of architectures must be a single one")
        return {ARCHITECTURE: _write_rows(file, listed, found[0])}
    if suffix in READABLE and suffix != ".json":
        return dict(read_cells(file).columns)
    check_content(file)
    try:
        items = parse_json(read_text(file)) if suffix == ".json" else read_text(file).rstrip("\r\n").splitlines()
    except BROKEN as error:
        raise SourceError(f"{file} cannot be read: {error}") from None
    if not isinstance(items, list) or any(isinstance(item, dict) for item in items):
        return dict(read_cells(file).columns)
    texts = [item.strip() if isinstance(item, str) else json.dumps(item) for item in items]
    if empty := [number for number, text in enumerate(texts, start=1) if not text]:
        raise SourceError(f"{file}: architecture {empty[0]} is empty ({len(empty)} such); expected one per line")
    return {ARCHITECTURE: np.array([*texts, None], dtype=object)[:-1]}


def _write_rows(path: Path, name: str, array: _Array) -> Column:
    """Write an array of architectures as texts: texts or official numbers [n], or digits [n, d]."""
    if array.ndim == 1 and array.dtype.kind in "iuUS":
        return _convert_cells(array)
    if array.ndim == 2 and array.dtype.kind in "iu":
        return np.array([*(json.dumps(row) for row in array.tolist()), None], dtype=object)[:-1]
    raise SourceError(
        f"{path}: the architectures '{name}' are {array.dtype} {array.shape}; expected texts or integers [n], or [n, d]"
    )
