"""Writing files so that a reader sees the old one or the whole new one, never a part."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from nasbench.errors import Busy, InvalidOption


@contextlib.contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that becomes ``path`` when the block ends without error.

    Raises:
        OSError: the folder cannot be written, or the disk is full; ``path`` is untouched then.
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
    """Remove what killed processes left of a new ``path``; call it where no other process may be writing one."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        left.unlink(missing_ok=True)


def write_unless_other(
    write: Callable[[Path], object], path: Path, *, content: Callable[[Path], str], replace: bool
) -> None:
    """Write a file; one that is there and has other content stays as it is.

    Args:
        write: writes the whole file to the path that it is given, atomically.
        path: the file.
        content: checksum of what a file holds; empty where it cannot be read.
        replace: whether other content may be replaced.

    Raises:
        InvalidOption: other content is there.
    """
    if replace or not path.exists():
        write(path)
        return
    import secrets

    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        write(beside)
        if content(beside) != content(path):
            raise not_replaced(path, "holds other content")
    finally:
        beside.unlink(missing_ok=True)


def not_replaced(path: Path, why: str) -> InvalidOption:
    """Return the error for a file that is there and stays."""
    return InvalidOption(
        f"{path} exists and {why}: it is not replaced unless you say so (--replace); or choose another --name or --out"
    )


def write_text(path: Path | str, text: str) -> None:
    """Write a text file atomically, UTF-8 with newline endings."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def quoted(word: object) -> str:
    """Return a word as it is typed in a shell, in quotes where it holds blanks and the like."""
    import shlex  # only where a command is shown
    import subprocess

    text = str(word)
    return subprocess.list2cmdline([text]) if os.name == "nt" else shlex.quote(text)


@contextlib.contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """Hold ``path`` for this process by a lock on a file beside it, which ends with the process however that ends.

    Raises:
        Busy: it is held already.
    """
    from filelock import FileLock, Timeout  # slow to import, and readers never lock

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(f".{path.name}.lock")
    try:
        held = FileLock(lock, timeout=0).acquire()
    except Timeout:
        owner = ""
        with contextlib.suppress(OSError):  # it may be gone by now
            owner = lock.read_text(encoding="utf-8")
        raise Busy(f"process {owner or 'unknown'} is writing {path}; wait for it") from None
    with held:
        lock.write_text(str(os.getpid()), encoding="utf-8")  # for that message
        try:
            yield
        finally:
            with contextlib.suppress(OSError):  # whoever waits for a file that is gone asks again
                lock.unlink()
