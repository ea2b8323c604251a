"""Protect an existing table from an import with different content, unless the user asks to replace it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import TableError
from nasbench.files import make_not_replaced
from nasbench.table import Table

COMPARED = ("name", "space", "space_options", "title", "citation", "licence", "source", "notes")
"""Attributes that a table shares with its first part."""


def refuse_foreseen(path: Path, known: Mapping[str, Any]) -> None:
    """Refuse a source, before reading it, whose table must differ from the existing one.

    Args:
        path: the path of the table, which may not exist.
        known: the attributes of the new table that are known already.

    Raises:
        InvalidOption: the existing table has other attributes.
    """
    if not path.exists():
        return
    try:
        there = Table(path)
    except TableError as error:
        raise make_not_replaced(path, f"is not a table that can be compared ({error})") from None
    for key in COMPARED:
        if key in known and repr(known[key]) != repr(getattr(there, key)):  # repr keeps the order of options
            raise make_not_replaced(
                path, f"has another {key} ({_shorten(getattr(there, key))}, not {_shorten(known[key])})"
            )


def read_checksum(path: Path) -> str:
    """Return the checksum of a table, or an empty text if the file is not a table."""
    try:
        return Table(path).checksum
    except TableError:
        return ""


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
