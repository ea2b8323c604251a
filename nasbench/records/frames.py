"""Append-only binary logs: whatever a process has written stays readable, even if the process is killed.

A log is a sequence of frames: a mark of 8 bytes, the length of the payload as uint64, its CRC-32 as uint32, both
little-endian, and the payload. A truncated or damaged frame is skipped, and reading continues at the next mark.
"""

import mmap
import struct
import zlib
from pathlib import Path

from nasbench.errors import RecordError

MARK = b"\x89RUN\r\n\x1a\n"
_HEAD = struct.Struct("<8sQI")
_MOST_DAMAGES = 64  # each may require a scan of all bytes after it

Extent = tuple[int, int]
"""Where a payload starts and ends in its file."""


def append_frame(path: Path, payload: bytes) -> None:
    """Write one frame to the end of a log, in a single write.

    Raises:
        OSError: the log cannot be written; ``scan_frames`` skips the partial frame.
    """
    frame = _HEAD.pack(MARK, len(payload), zlib.crc32(payload)) + payload
    with open(path, "ab", buffering=0) as log:
        written = log.write(frame)
        while written < len(frame):  # a full disk accepts a part, and the next attempt raises
            written += log.write(frame[written:])


def scan_frames(path: Path) -> list[Extent]:
    """Find the payloads of all complete frames of a log, in the order of writing.

    Raises:
        RecordError: there are more damaged places than interruptions can explain.
    """
    if not path.stat().st_size:
        return []
    with open(path, "rb") as log, mmap.mmap(log.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return _scan(content, path)


def _scan(content: mmap.mmap, path: Path) -> list[Extent]:
    found: list[Extent] = []
    at = damages = 0
    with memoryview(content) as view:
        while 0 <= at <= len(view) - _HEAD.size:
            mark, length, checksum = _HEAD.unpack_from(view, at)
            start = at + _HEAD.size
            end = start + length
            if mark == MARK and end <= len(view) and zlib.crc32(view[start:end]) == checksum:
                found.append((start, end))
                at = end
                continue
            damages += 1
            if damages > _MOST_DAMAGES:
                raise RecordError(
                    f"{path} is damaged in more than {_MOST_DAMAGES} places: restore it from a copy, or delete it and "
                    "run the same command again to repeat its runs"
                )
            at = content.find(MARK, at + 1)
    return found


def read_extents(path: Path, extents: list[Extent]) -> list[bytes]:
    """Return the payloads at ``extents`` of a log."""
    payloads = []
    with open(path, "rb") as log:
        for start, end in extents:
            log.seek(start)
            payloads.append(log.read(end - start))
    return payloads
