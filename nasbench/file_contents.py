"""What a file is, judged by its first bytes: a stand-in for the wanted file, or a file of another format.

A clone without Git LFS holds small text files in place of the large ones, and a dead link saves a web page. Parsers
then complain about line 1; the functions here name the cause.
"""

import re
from pathlib import Path

from nasbench.errors import NasbenchError, SourceError

_LONGEST = 4096  # bytes; enough for the title of a web page
_LFS = re.compile(rb"version https://(?:git-lfs\.github\.com|hawser\.github\.com)/spec/v\d")
_LFS_SIZE = re.compile(rb"^size (\d+)\s*$", re.MULTILINE)
_WEB_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_TITLE = re.compile(rb"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
_SERVER_ERROR = re.compile(rb"\s*(?:<\?xml[^>]*\?>\s*)?<Error>.*?<Code>([^<]*)</Code>", re.DOTALL)
_SHOWN = 60  # most characters of a title that a message shows
_COMPRESSIONS = {"gzip": ".gz", "bzip2": ".bz2", "xz": ".xz", "zstd": ".zst", "zip": ".zip"}
_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("gzip", 0, b"\x1f\x8b"),
    ("bzip2", 0, b"BZh"),
    ("xz", 0, b"\xfd7zXZ\x00"),
    ("zstd", 0, b"\x28\xb5\x2f\xfd"),
    ("zip", 0, b"PK\x03\x04"),
    ("zip", 0, b"PK\x05\x06"),
    ("Parquet", 0, b"PAR1"),
    ("HDF5", 0, b"\x89HDF\r\n\x1a\n"),
    ("npy", 0, b"\x93NUMPY"),
    ("PDF", 0, b"%PDF-"),
    ("tar", 257, b"ustar"),
    *(("pickle", 0, bytes([0x80, version])) for version in range(2, 6)),
)


def identify_format(head: bytes) -> str:
    """Return the format that the first bytes of a file belong to, such as ``gzip``; empty if they show none."""
    return next((name for name, at, magic in _SIGNATURES if head[at : at + len(magic)] == magic), "")


def explain_content(path: Path, *formats: str) -> str:
    """Return why a file cannot be what its reader expects, as a sentence that follows the file's name.

    Args:
        path: the file.
        formats: binary formats that the reader takes, as ``identify_format`` names them; none for readers of text.

    Returns:
        An empty text if the first bytes say nothing against the file, or it cannot be opened.
    """
    head = _read_head(path)
    if why := explain_stand_in(head):
        return why
    found = identify_format(head)
    if not found or found in formats:
        return ""
    if found in _COMPRESSIONS:
        ending = _COMPRESSIONS[found]
        return f"is compressed by {found}, which its name does not say: decompress it, or rename it to *{ending}"
    return f"is a {found} file, not a file of the expected format"


def check_content(path: Path, *formats: str, error: type[NasbenchError] = SourceError) -> None:
    """Refuse a file whose first bytes show that it is not what its reader expects; see ``explain_content``.

    Raises:
        SourceError: the file is a pointer of Git LFS or git-annex, a web page, or of a format not in ``formats``; or
            the class ``error`` in its place.
    """
    if why := explain_content(path, *formats):
        raise error(f"{path} {why}")


def refuse_stand_in(path: Path, *, error: type[NasbenchError] = SourceError) -> None:
    """Refuse a pointer of Git LFS or git-annex and a web page; a file of any other content may pass.

    Raises:
        SourceError: the file only stands in for the wanted one; or the class ``error`` in its place.
    """
    if why := explain_stand_in(_read_head(path)):
        raise error(f"{path} {why}")


def _read_head(path: Path) -> bytes:
    """Return the first bytes of a file; none if it cannot be opened, which its reader then reports."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST)
    except OSError:
        return b""


def explain_stand_in(head: bytes) -> str:
    """Return which stand-in for the wanted file begins with these bytes; empty if it is none."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if _LFS.match(head):
        size = _LFS_SIZE.search(head)
        of = f" of a file of {_format_bytes(int(size[1]))}" if size else ""
        return f"is a Git LFS pointer{of}, not the file itself: run 'git lfs pull' in its repository"
    if head.startswith(b"/annex/objects/"):
        return "is a git-annex pointer, not the file itself: run 'git annex get' in its repository"
    if _WEB_PAGE.match(head):
        title = _TITLE.search(head)
        named = f" ('{_decode(title[1])}')" if title and title[1] else ""
        return f"is a web page{named}, not the file itself: the link may be dead or need a login; download it again"
    if found := _SERVER_ERROR.match(head):
        return f"is a server's error message ('{_decode(found[1])}'), not the file itself: download it again"
    return ""


def _decode(text: bytes) -> str:
    """Return the text of a title on one line, shortened."""
    line = " ".join(text.decode("utf-8", "replace").split())
    return line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."


def _format_bytes(n: int) -> str:
    """Write a size with a unit, as download pages do."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n >= size:
            return f"{n / size:.3g} {unit}"
    return f"{n} bytes"
