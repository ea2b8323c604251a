"""Running an import: whole or in parts, in parallel, resumable, one at a time."""

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption
from nasbench.files import exclusive_lock, not_replaced, write_unless_other
from nasbench.importers._replace import COMPARED, content_of, refuse_foreseen
from nasbench.table import Table, merge_tables, user_tables, write_table


def import_source(
    importer: Any,
    source: Path,
    path: Path | None = None,
    *,
    n_jobs: int = 1,
    replace: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Table:
    """Import ``source`` and return the table.

    An importer with ``parts(source)`` is read a part at a time, each written to a folder beside the
    table: a killed import goes on where it stopped, and memory stays at a few parts. A table that is there is
    replaced only if asked for; the same content is no replacement. That it has other content is known before the
    source is read where the importer foresees its texts (``foreseen(source)``), after the first part, or at the end;
    finished parts are kept then.

    Args:
        importer: an instance.
        source: what the user has.
        path: file to write; None for the user's table folder.
        n_jobs: processes that read parts.
        replace: whether a table of other content may be replaced.
        on_progress: called with (parts done, parts in all).

    Raises:
        InvalidOption: a table of other content is there.
        SourceError: the source is not what the importer reads.
        Busy: another process is importing into this table.
        TableError: the source contradicts itself.
        OSError: the disk is full or cannot be written; an existing table is untouched.
    """
    if not hasattr(importer, "parts"):
        return _whole(importer, source, path, replace=replace)
    parts = importer.parts(source)
    path = path or user_tables() / f"{importer.table}.h5"
    with exclusive_lock(path):
        folder = path.with_name(f"{path.stem}.partial-{_fingerprint(parts)}")
        files = [folder / f"{number:06d}.h5" for number in range(len(parts))]
        todo = [(part, file) for part, file in zip(parts, files, strict=True) if not file.exists()]
        if path.exists() and not replace:
            todo = _not_refused(importer, todo, files[0], path)
        done_before = len(parts) - len(todo)
        for done in _read_parts(importer, todo, n_jobs):
            if on_progress:
                on_progress(done_before + done, len(parts))
        join = partial(merge_tables, [Table(file) for file in files])
        write_unless_other(join, path, content=content_of, replace=replace)
        shutil.rmtree(folder)
    return Table(path)


def _whole(importer: Any, source: Path, path: Path | None, *, replace: bool) -> Table:
    """Import what is read at once."""
    told = importer.foreseen(source) if hasattr(importer, "foreseen") and not replace else {}
    name = told.get("name", importer.table)
    if told and (path or name):
        refuse_foreseen(path or user_tables() / f"{name}.h5", told)
    draft = importer.read(source)
    path = path or user_tables() / f"{draft.name}.h5"
    with exclusive_lock(path):
        write_unless_other(partial(write_table, draft), path, content=content_of, replace=replace)
    return Table(path)


def _not_refused(importer: Any, todo: list[tuple[Any, Path]], first: Path, path: Path) -> list[tuple[Any, Path]]:
    """Return the parts to read beside a table that is there, the first of which is read now and compared with it.

    Raises:
        InvalidOption: the table has other texts, or what is read is measured anew and never the same.
    """
    if todo and getattr(importer, "measures", False):
        raise not_replaced(path, "what is trained again is never the same to the bit")
    read_now = bool(todo) and todo[0][1] == first
    if read_now:
        _read_part(importer, *todo.pop(0))
    try:
        refuse_foreseen(path, {key: getattr(Table(first), key) for key in COMPARED})
    except InvalidOption:
        if read_now:
            first.unlink()
            with contextlib.suppress(OSError):  # other parts of an import that was killed stay
                first.parent.rmdir()
        raise
    return todo


def _read_parts(importer: Any, todo: list[tuple[Any, Path]], n_jobs: int) -> Iterator[int]:
    """Read and write parts, and yield how many are done."""
    from joblib import Parallel, delayed

    yield 0
    jobs = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    for done, _ in enumerate(jobs(delayed(_read_part)(importer, part, file) for part, file in todo), start=1):
        yield done


def _read_part(importer: Any, part: Any, file: Path) -> None:
    write_table(importer.read(part), file)


def _fingerprint(parts: Any) -> str:
    """Tell sources apart, so that a changed one does not continue another's parts."""
    names = repr([[_identity(item) for item in part] for part in parts])
    return hashlib.sha256(names.encode()).hexdigest()[:12]


def _identity(item: Any) -> tuple[Any, ...]:
    """Return what tells one item of a part from another: a file, or a place in one, which says so itself."""
    identity: tuple[Any, ...] = (item.name, item.stat().st_size) if isinstance(item, Path) else item.identity()
    return identity
