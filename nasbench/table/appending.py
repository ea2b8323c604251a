"""Append to a table: a colleague's extra seeds, or newly trained architectures. Nothing is ever overwritten."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nasbench.errors import InvalidOption, TableError
from nasbench.files import exclusive_lock
from nasbench.table.builder import TableBuilder
from nasbench.table.locate import find_shipped_tables, get_user_folder
from nasbench.table.merge import Contradiction, merge_credited
from nasbench.table.reader import Table
from nasbench.table.writer import write_table


def append_measurements(
    table_path: Path | str, added: TableBuilder | Table, *, name: str | None = None, seed_offset: int = 0
) -> Table:
    """Add the architectures, seeds, epochs and columns of ``added`` to a table, and return the table.

    Existing rows keep their numbers. Every column that gains values lists their origin
    in its attribute ``sources`` (``data/SCHEMA.md``). Appending measurements that the table
    already holds changes nothing.

    Args:
        table_path: the table; ``name`` is required for a table that ships with the suite.
        added: measurements of the same space, as a table builder or an open table.
        name: if given, leave the table unchanged and write a new one of this name to the user's table folder.
        seed_offset: a number to add to every seed label of ``added``.

    Raises:
        TableError: the space, a unit or the kind of values differs, or a value contradicts an existing one.
        InvalidOption: ``name`` is missing for a shipped table, taken, or not a file name.
        Busy: another process is writing the table.
        OSError: the file cannot be written; the table is untouched.
    """
    path = Path(table_path)
    target = _find_target(path, name)
    with exclusive_lock(target), _open_added(added) as other:
        if name is not None and target.exists():
            raise InvalidOption(f"{target} exists and is not overwritten; append to it, or choose another --name")
        table = Table(path)
        credits = [_credit(table, 0), _credit(other, seed_offset)]
        free = _find_free_offset(table, other)
        _relabel(other, seed_offset)
        try:
            merge_credited([table, other], target, credits, {} if name is None else {"name": name})
        except Contradiction as error:
            raise TableError(f"{error}; {_write_advice(error.place, free)}") from error
    return Table(target)


def _find_target(path: Path, name: str | None) -> Path:
    """Return the file to write."""
    if name is not None:
        if not name or Path(name).name != name or name.startswith("."):
            raise InvalidOption(f"name {name!r} is not a plain file name; use letters, digits and underscores")
        return get_user_folder() / f"{name}.h5"
    if path.resolve().parent == find_shipped_tables().resolve():
        raise InvalidOption(
            f"{path.name} ships with the suite and tasks rely on its checksum, so it cannot be changed; --name NAME "
            f"writes your own copy with the new measurements (--name {path.stem} hides the shipped one)"
        )
    return path


@contextlib.contextmanager
def _open_added(added: TableBuilder | Table) -> Iterator[Table]:
    """Yield a separate table object to relabel; check a builder and write it to a temporary file first."""
    if isinstance(added, Table):
        yield Table(added.path)
        return
    with tempfile.TemporaryDirectory(prefix="nasbench-append-") as folder:
        write_table(added, Path(folder) / "added.h5")
        yield Table(Path(folder) / "added.h5")


def _relabel(table: Table, seed_offset: int) -> None:
    for column in table.columns.values():
        if "seeds" in column.attributes:
            column.attributes["seeds"] = [seed + seed_offset for seed in column.attributes["seeds"]]


def _credit(table: Table, seed_offset: int) -> str:
    moved = f", seed labels raised by {seed_offset}" if seed_offset else ""
    return f"{table.source} ({table.citation}; {table.licence}), table {table.name} sha256 {table.checksum}{moved}"


def _find_free_offset(table: Table, other: Table) -> int:
    """Return the smallest offset that raises every seed label of ``other`` above those of ``table``."""
    seeds = [[s for c in each.columns.values() for s in c.attributes.get("seeds", ())] for each in (table, other)]
    return int(np.max(seeds[0]) + 1 - np.min(seeds[1])) if all(seeds) else 0


def _write_advice(place: str, seed_offset: int) -> str:
    if place.startswith("measurements/"):
        return (
            "if these are different training runs with the same seed label, relabel the appended ones with "
            f"seed_offset={seed_offset} (--seed-offset {seed_offset})"
        )
    return "correct the appended file, remove that column from it, or rename the column"
