"""The files in a folder or an archive, read in memory: nothing is extracted, what an archive may hold is bounded."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from nasbench.errors import SourceError
from nasbench.file_contents import explain_stand_in, refuse_stand_in
from nasbench.importers._separated import BROKEN

MOST_FILES = 200_000
"""The most files that a folder or archive may hold."""
MOST_BYTES = 256_000_000
"""The most bytes of one file, after decompression."""
MOST_BYTES_TOGETHER = 4_000_000_000
"""The most bytes of all files that are read, after decompression."""

_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_DAMAGED: tuple[type[Exception], ...] = (*BROKEN, tarfile.TarError)
_FOREIGN = "__MACOSX"  # folder of an archive in which macOS keeps its own notes
_UNPACK: dict[str, Callable[[IO[bytes]], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    ".gz": lambda file: gzip.GzipFile(fileobj=file),
    ".bz2": bz2.BZ2File,
    ".xz": lzma.LZMAFile,
}


class Member(NamedTuple):
    """A file: its path below the folder or inside the archive, and its content after decompression."""

    name: str
    content: bytes


class Members(NamedTuple):
    """The files with the wanted endings, sorted by name, and the names of all others."""

    read: list[Member]
    others: list[str]


class _Found(NamedTuple):
    """A file that may be read: its name, its size and how to open it."""

    name: str
    size: int
    open: Callable[[], IO[bytes]]


def is_archive(path: Path, readable: Collection[str]) -> bool:
    """Return whether a file is a tar archive, or a zip that is not a single compressed file such as ``a.csv.zip``.

    Args:
        path: the file.
        readable: endings of files that can be read alone.
    """
    name = path.name.lower()
    if name.endswith(_TAR):
        return True
    if not name.endswith(".zip"):
        return False
    if Path(name).with_suffix("").suffix not in readable:
        return True
    try:
        with zipfile.ZipFile(path) as archive:
            return len([item for item in archive.namelist() if not item.endswith("/")]) > 1
    except (OSError, zipfile.BadZipFile):
        return False  # a damaged file, which the reader of single files reports


def read_members(path: Path, endings: Collection[str], accepts: Callable[[str], bool]) -> Members:
    """Read all files of a folder or archive whose names have one of ``endings``; skip hidden files.

    Args:
        path: the folder or archive.
        endings: such as ``.json``; these files may also be compressed, ``.json.gz``.
        accepts: whether a file of that path is wanted.

    Raises:
        SourceError: the archive is damaged, there are too many or too large files, or two have the same name.
    """
    kept: dict[str, Member] = {}
    others: list[str] = []
    total = 0
    try:
        for number, found in enumerate(_iterate_files(path)):
            if number >= MOST_FILES:
                raise SourceError(f"{path} holds more than {MOST_FILES:,} files; import it in several parts")
            if strip_ending(found.name)[1] not in endings or not accepts(found.name):
                others.append(found.name)
                continue
            content = _read_content(path, found)
            total += len(content)
            if found.name in kept:
                raise SourceError(f"{path} holds two files named {found.name}")
            if total > MOST_BYTES_TOGETHER:
                raise SourceError(
                    f"the files in {path} have more than {MOST_BYTES_TOGETHER / 1e9:g} GB; import it in several parts"
                )
            kept[found.name] = Member(found.name, content)
    except SourceError:
        raise
    except _DAMAGED as error:
        why = str(error).partition("\n")[0].rstrip(":")  # tarfile lists what each compression says
        raise SourceError(f"{path} is damaged, or not an archive as its name says: {why}") from None
    return Members([kept[name] for name in sorted(kept)], sorted(others))


def strip_ending(name: str) -> tuple[str, str]:
    """Split ``runs/a.json.gz`` into ``runs/a`` and ``.json``."""
    folder, slash, last = name.rpartition("/")
    parts = Path(last)
    if parts.suffix.lower() in _UNPACK:
        parts = parts.with_suffix("")
    return f"{folder}{slash}{parts.stem}", parts.suffix.lower()


def _read_content(path: Path, found: _Found) -> bytes:
    """Return the content of a file, decompressed, and never more than the bound."""
    shown = f"{path}: {found.name}"
    if found.size > MOST_BYTES:
        raise SourceError(f"{shown} has {found.size:,} bytes; expected at most {MOST_BYTES:,} for one training run")
    unpack = _UNPACK.get(Path(found.name).suffix.lower())
    try:
        with found.open() as file:
            content = (unpack(file) if unpack else file).read(MOST_BYTES + 1)
    except BROKEN as error:
        raise SourceError(f"{shown} cannot be read: {error}") from None
    if len(content) > MOST_BYTES:
        raise SourceError(f"{shown} has more than {MOST_BYTES:,} bytes after decompression")
    if why := explain_stand_in(content[:4096]):
        raise SourceError(f"{shown} {why}")
    return content


def _iterate_files(path: Path) -> Iterator[_Found]:
    """Yield the visible files of a folder or archive; links and devices in an archive are left out."""
    if path.is_dir():
        yield from _iterate_folder(path)
        return
    refuse_stand_in(path)
    if path.name.lower().endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            for item in archive.infolist():
                if not item.is_dir() and not _is_hidden(item.filename):
                    yield _Found(item.filename, item.file_size, lambda item=item: archive.open(item))  # type: ignore[misc]
        return
    with tarfile.open(path, "r:*") as tar:
        for entry in tar:
            if entry.isreg() and not _is_hidden(entry.name):
                yield _Found(entry.name, entry.size, lambda entry=entry: tar.extractfile(entry) or io.BytesIO())  # type: ignore[misc]


def _iterate_folder(folder: Path) -> Iterator[_Found]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            file = Path(place) / name
            if not name.startswith(".") and file.is_file():
                size = file.stat().st_size
                yield _Found(file.relative_to(folder).as_posix(), size, lambda file=file: file.open("rb"))  # type: ignore[misc]


def _is_hidden(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return any((part.startswith(".") and part not in (".", "..")) or part == _FOREIGN for part in parts)
