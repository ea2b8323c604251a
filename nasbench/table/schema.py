"""Names, allowed values and checksums of the table format, which ``data/SCHEMA.md`` documents."""

import hashlib
import json
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench.units import UNITS as UNITS

FORMAT = "nasbench-table"
SCHEMA_VERSION = 1
SPLITS = ("train", "valid", "test", "valid+test")
"""``valid+test`` is an official test set of which a benchmark uses one part as ``valid``; it replaces neither."""
DIRECTIONS = ("maximize", "minimize", "none")
ROOT_TEXT = ("name", "title", "space", "citation", "licence", "source", "notes")
"""Text attributes that every table carries at its root."""
_SHOWN = 400  # most characters of options that an error message shows
SPACE_OPTIONS = "space_options"
"""Attribute with the options of a space that determine the meaning of its codes, as JSON text."""


class ArrayDigest:
    """SHA-256 of an array's type, shape and little-endian bytes, block by block."""

    def __init__(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> None:
        self._dtype = dtype.newbyteorder("<")
        self._hash = hashlib.sha256(f"{self._dtype.str}{shape}".encode())

    def update(self, block: npt.NDArray[Any]) -> None:
        """Add the next rows, in order."""
        self._hash.update(np.ascontiguousarray(block, dtype=self._dtype).data.cast("B") if block.size else b"")

    def hexdigest(self) -> str:
        """Return the digest of all rows so far."""
        return self._hash.hexdigest()


def digest_array(values: npt.NDArray[Any]) -> str:
    """Return the SHA-256 of an array's type, shape and little-endian bytes."""
    digest = ArrayDigest(values.dtype, values.shape)
    digest.update(values)
    return digest.hexdigest()


def list_root_attributes(owner: Any, **changed: str) -> dict[str, Any]:
    """Return a file's attributes, without the checksum, from a builder or a table; ``changed`` replaces texts."""
    texts = {key: changed.get(key, getattr(owner, key)) for key in ROOT_TEXT}
    options = {SPACE_OPTIONS: json.dumps(dict(owner.space_options))} if owner.space_options else {}
    return {"format": FORMAT, "schema_version": SCHEMA_VERSION} | texts | options


def are_same_options(ours: Any, theirs: Any) -> bool:
    """Return whether two tables' options, or parts of them, are equal, including the order of decisions."""
    return json.dumps(ours) == json.dumps(theirs)


def show_options(options: Any) -> str:
    """Return a short text of options, or of a part of them, for error messages."""
    text = json.dumps(options) if options else "nothing (an older release wrote none: import that table again)"
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def get_missing_value(dtype: np.dtype[Any]) -> Any:
    """Return the code of a missing value in a stored column: the largest count, or nan."""
    return np.iinfo(dtype).max if dtype.kind == "u" else np.nan


def choose_count_type(denominator: int) -> np.dtype[Any]:
    """Return the integer type for counts up to ``denominator`` and one more code for missing values."""
    return np.dtype(np.uint16 if denominator < np.iinfo(np.uint16).max else np.uint32)


def digest_content(root: dict[str, Any], columns: dict[str, dict[str, Any]]) -> str:
    """Return the SHA-256 of a table's content: its attributes and the digest of every column.

    Args:
        root: attributes of the file, without the checksum.
        columns: path of each column -> its attributes, including the digest of its values.
    """
    text = json.dumps({"root": root, "columns": columns}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def convert_to_plain(value: Any) -> Any:
    """Convert an HDF5 attribute to plain Python (text, number or list), so that its hash is the same everywhere."""
    if isinstance(value, bytes):
        return value.decode()
    return value.tolist() if hasattr(value, "tolist") else value
