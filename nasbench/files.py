"""Atomic writing and locking of files: a reader sees the old file or the whole new one, never a part."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from nasbench.errors import FileLocked, InvalidOption


@contextlib.contextmanager
def replace_atomically(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that becomes ``path`` when the block ends without error.

    Raises:
        OSError: the folder cannot be written, or the disk is full; ``path`` is then unchanged.
    """
    import tempfile  # slow to import, and readers never write

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def remove_temporary(path: Path) -> None:
    """Remove temporary files of ``path`` that killed processes left; call it only where no process can be writing."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        left.unlink(missing_ok=True)


def write_unless_other(
    write: Callable[[Path], object], path: Path, *, content: Callable[[Path], str], replace: bool
) -> None:
    """Write a file, unless a file with other content exists.

    Args:
        write: function that writes the whole file to the given path, atomically.
        path: the file.
        content: function that returns the checksum of a file's content; empty if it cannot be read.
        replace: whether other content may be replaced.

    Raises:
        InvalidOption: the file exists with other content.
    """
    if replace or not path.exists():
        write(path)
        return
    import secrets

    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        write(beside)
        if content(beside) != content(path):
            raise make_not_replaced(path, "holds other content")
    finally:
        beside.unlink(missing_ok=True)


def make_not_replaced(path: Path, why: str) -> InvalidOption:
    """Return the error for an existing file that is not replaced."""
    return InvalidOption(
        f"{path} exists and {why}; it is only replaced with --replace (in Python, replace=True): add that, or choose "
        "another --name or --out"
    )


def write_text(path: Path | str, text: str) -> None:
    """Write a text file atomically, in UTF-8 with newline endings."""
    with replace_atomically(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def quote_word(word: object) -> str:
    """Return a word as one would type it in a shell, in quotes if it contains blanks or special characters."""
    import shlex  # only where a command is shown
    import subprocess

    text = str(word)
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)


@contextlib.contextmanager
def exclusive_lock(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Lock ``path`` for this process by a lock file beside it; the lock ends with the process, even if it is killed.

    Args:
        path: the file.
        wait_s: seconds to wait for another process that holds the lock.

    Raises:
        FileLocked: another process holds the lock.
    """
    from filelock import FileLock, Timeout  # slow to import, and readers never lock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    try:
        held = FileLock(lock, timeout=wait_s).acquire()
    except Timeout:
        owner = ""
        with contextlib.suppress(OSError):  # the lock file may be gone by now
            owner = lock.read_text(encoding="utf-8")
        raise FileLocked(f"process {owner or 'unknown'} is writing {path}; wait for it") from None
    with held:
        lock.write_text(str(os.getpid()), encoding="utf-8")  # for the message above
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # a process that waits for a removed lock file tries again
                lock.unlink()
