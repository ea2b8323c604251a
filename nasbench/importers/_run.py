"""Run an import: whole or in parts, in parallel, resumable, one process per table."""

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption
from nasbench.file_contents import refuse_stand_in
from nasbench.files import exclusive_lock, make_not_replaced, write_unless_other
from nasbench.importers._replace import COMPARED, read_checksum, refuse_foreseen
from nasbench.table import Table, get_user_folder, merge_tables, write_table


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

    If the importer has ``parts(source)``, the import reads one part at a time and writes each to a folder beside the
    table: an interrupted import resumes where it stopped, and memory holds only a few parts. An existing table is
    replaced only with ``replace``; writing the same content again is always allowed. Different content is noticed as
    early as possible: before reading, if the importer can predict the table's texts (``foresee_attributes(source)``);
    else after the first part; else at the end. Finished parts are kept in that case.

    Args:
        importer: an instance of an importer.
        source: the file or folder that the user has.
        path: the file to write; None for the user's table folder.
        n_jobs: number of processes that read parts.
        replace: whether the import may replace a table with different content.
        on_progress: called with (finished parts, all parts).

    Raises:
        InvalidOption: a table with different content exists.
        SourceError: the source is not what the importer reads.
        Busy: another process is importing into this table.
        TableError: the source contradicts itself.
        OSError: the disk is full or not writable; an existing table stays untouched.
    """
    refuse_stand_in(source)
    if not hasattr(importer, "parts"):
        return _import_whole(importer, source, path, replace=replace)
    parts = importer.parts(source)
    path = path or get_user_folder() / f"{importer.table}.h5"
    with exclusive_lock(path):
        folder = path.with_name(f"{path.stem}.partial-{_compute_fingerprint(parts)}")
        files = [folder / f"{number:06d}.h5" for number in range(len(parts))]
        todo = [(part, file) for part, file in zip(parts, files, strict=True) if not file.exists()]
        if path.exists() and not replace:
            todo = _list_unread_parts(importer, todo, files[0], path)
        done_before = len(parts) - len(todo)
        for done in _read_parts(importer, todo, n_jobs):
            if on_progress:
                on_progress(done_before + done, len(parts))
        join = partial(merge_tables, [Table(file) for file in files])
        write_unless_other(join, path, content=read_checksum, replace=replace)
        shutil.rmtree(folder)
    return Table(path)


def _import_whole(importer: Any, source: Path, path: Path | None, *, replace: bool) -> Table:
    """Import a source that is read as a whole."""
    known = importer.foresee_attributes(source) if hasattr(importer, "foresee_attributes") and not replace else {}
    name = known.get("name", importer.table)
    if known and (path or name):
        refuse_foreseen(path or get_user_folder() / f"{name}.h5", known)
    draft = importer.read(source)
    path = path or get_user_folder() / f"{draft.name}.h5"
    with exclusive_lock(path):
        write_unless_other(partial(write_table, draft), path, content=read_checksum, replace=replace)
    return Table(path)


def _list_unread_parts(importer: Any, todo: list[tuple[Any, Path]], first: Path, path: Path) -> list[tuple[Any, Path]]:
    """Return the parts that remain to be read; read the first part now and compare it with the existing table.

    Raises:
        InvalidOption: the table has other texts, or the importer measures anew and never gets the same values.
    """
    if todo and getattr(importer, "measures", False):
        raise make_not_replaced(path, "a repeated training run never gives the same values to the bit")
    read_now = bool(todo) and todo[0][1] == first
    if read_now:
        _read_part(importer, *todo.pop(0))
    try:
        refuse_foreseen(path, {key: getattr(Table(first), key) for key in COMPARED})
    except InvalidOption:
        if read_now:
            first.unlink()
            with contextlib.suppress(OSError):  # keep other parts of an interrupted import
                first.parent.rmdir()
        raise
    return todo


def _read_parts(importer: Any, todo: list[tuple[Any, Path]], n_jobs: int) -> Iterator[int]:
    """Read and write parts; yield the number of finished ones."""
    from joblib import Parallel, delayed

    yield 0
    jobs = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
    for done, _ in enumerate(jobs(delayed(_read_part)(importer, part, file) for part, file in todo), start=1):
        yield done


def _read_part(importer: Any, part: Any, file: Path) -> None:
    write_table(importer.read(part), file)


def _compute_fingerprint(parts: Any) -> str:
    """Return a digest of the source, so that a changed source does not reuse the parts of another one."""
    names = repr([[_identify_item(item) for item in part] for part in parts])
    return hashlib.sha256(names.encode()).hexdigest()[:12]


def _identify_item(item: Any) -> tuple[Any, ...]:
    """Return the identity of one item of a part: a file, or an object with an ``identity`` of its own."""
    identity: tuple[Any, ...] = (item.name, item.stat().st_size) if isinstance(item, Path) else item.identity()
    return identity
