"""A table that is there is not replaced by another one unless that was asked for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import TableError
from nasbench.files import make_not_replaced
from nasbench.table import Table

COMPARED = ("name", "space", "space_options", "title", "citation", "licence", "source", "notes")
"""Attributes of a table, and of its first part."""


def refuse_foreseen(path: Path, told: Mapping[str, Any]) -> None:
    """Refuse, before it is read, a source whose table cannot be the one that is there.

    Args:
        path: of the table, there or not.
        told: attributes of the new table as far as they are known.

    Raises:
        InvalidOption: the table that is there has others.
    """
    if not path.exists():
        return
    try:
        there = Table(path)
    except TableError as error:
        raise make_not_replaced(path, f"is no table that could be compared ({error})") from None
    for key in COMPARED:
        if key in told and repr(told[key]) != repr(getattr(there, key)):  # repr keeps the order of options
            raise make_not_replaced(
                path, f"has another {key} ({_shorten(getattr(there, key))}, not {_shorten(told[key])})"
            )


def read_checksum(path: Path) -> str:
    """Return the checksum of a table; empty of a file that is none."""
    try:
        return Table(path).checksum
    except TableError:
        return ""


def _shorten(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
