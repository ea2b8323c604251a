"""The contract of an importer: it writes the same table each time, of architectures in its space."""

import pickle
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import SourceError
from nasbench.importers import import_source
from nasbench.table import Table
from nasbench.tasks import space_of
from nasbench.testing._randomness import leave_global_generators_alone


def check_importer(make: Callable[..., Any], source: Path, *, options: Mapping[str, Any] | None = None) -> None:
    """Check that an importer keeps the contract, on files that it reads.

    Args:
        make: ``make(**options)`` returns a new importer: a class, for example.
        source: files of the format; a small sample is enough. They are read twice.
        options: keyword arguments of ``make``.

    Raises:
        AssertionError: with what was expected and what was seen.
    """
    importer = make(**options or {})
    for name in ("table", "where"):
        if not isinstance(getattr(importer, name, None), str):
            raise AssertionError(f"{name} is {getattr(importer, name, None)!r}; expected text")
    before = _list_files(source)
    with tempfile.TemporaryDirectory() as folder:
        first = _import(importer, source, Path(folder) / "first.h5")
        _check_table(first)
        if hasattr(importer, "parts"):
            _check_parts(importer, source)
        again = _import(make(**options or {}), source, Path(folder) / "again.h5")
        if again.checksum != first.checksum:
            raise AssertionError("importing the same files twice gives two tables")
        _check_refusals(importer, Path(folder))
    if _list_files(source) != before:
        raise AssertionError(f"the importer writes to the files in {source}")


def _import(importer: Any, source: Path, path: Path) -> Table:
    with leave_global_generators_alone("the importer"):
        return import_source(importer, source, path)


def _check_table(table: Table) -> None:
    """Check that the architectures of a table are valid in its space."""
    space = space_of(table)
    if not np.array_equal(table.cardinality, space.cardinality):
        raise AssertionError(f"cardinality is {table.cardinality.tolist()}; space '{table.space}' has another one")
    valid = space.is_valid(table.architectures)
    if not valid.all():
        strange = table.architectures[np.flatnonzero(~valid)[0]].tolist()
        raise AssertionError(f"{(~valid).sum()} architectures are not in space '{table.space}', such as {strange}")


def _check_parts(importer: Any, source: Path) -> None:
    """Check that ``parts`` returns the same parts each time, and that they can be sent to another process."""
    parts, again = list(importer.parts(source)), list(importer.parts(source))
    if not parts:
        raise AssertionError("parts returns nothing to read")
    sent = [pickle.dumps(part) for part in parts]
    if sent != [pickle.dumps(part) for part in again]:
        raise AssertionError("parts returns other parts when asked again; an interrupted import could not be continued")


def _check_refusals(importer: Any, folder: Path) -> None:
    """Check that absent files, and files of another format, raise a SourceError."""
    (folder / "empty").mkdir()
    (folder / "text.txt").write_text("nothing of the kind\n", encoding="utf-8")
    for name in ("absent", "empty", "text.txt"):
        try:
            import_source(importer, folder / name, folder / f"{name}.h5")
        except SourceError:
            continue
        except Exception as error:
            raise AssertionError(f"a source that is {name} ends in {error!r}; expected a SourceError") from error
        raise AssertionError(f"a source that is {name} is accepted; expected a SourceError")


def _list_files(source: Path) -> dict[str, tuple[int, int]]:
    """Return the size and time of each file of a source."""
    paths = sorted(source.rglob("*")) if source.is_dir() else [source]
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in paths if path.is_file()}
