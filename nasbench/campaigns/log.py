"""The file of a campaign: one line of JSON for what was agreed at the start, then one for each event.

Events are only appended. A line counts once its line break is written, so a process that is killed while it writes
leaves either the whole event or nothing: readers ignore an unfinished last line, and the next writer removes it.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption, RecordError
from nasbench.files import exclusive_lock, quote_word, write_text

FORMAT, VERSION = "nasbench-campaign", 1
GIVE, SUGGEST, TELL = "give", "suggest", "tell"
_EVENTS = (GIVE, SUGGEST, TELL)
_WAIT_S = 60.0  # other processes hold the lock while they write a line, or while a strategy thinks


class EventLog:
    """Reads and appends the events of one file.

    Args:
        path: the file, which exists.

    Attributes:
        header: the first line.

    Raises:
        RecordError: the file is no campaign, is damaged, or was written by a later release.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._end = 0  # bytes of the complete lines that were read
        self._n_lines = 0
        lines = self._read_new_lines()
        self.header: dict[str, Any] = self._parse_header(lines[0] if lines else b"")
        self._unread = lines[1:]

    @staticmethod
    def create(path: Path, header: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> None:
        """Write a new file with its first events: all of it or nothing."""
        lines = [{"format": FORMAT, "version": VERSION, **header}, *events]
        write_text(path, "".join(map(_write_line, lines)))

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the file for this process; wait up to a minute for another one.

        Raises:
            FileLocked: another process holds it for longer.
        """
        with lock_for_writing(self.path):
            yield

    def read_new(self) -> list[dict[str, Any]]:
        """Return the events that were appended, by any process, since the last call.

        Raises:
            RecordError: a line is damaged, or the file became shorter.
        """
        lines, self._unread = [*self._unread, *self._read_new_lines()], []
        first = self._n_lines - len(lines) + 1
        return [self._parse_event(line, number) for number, line in enumerate(lines, start=first)]

    def append(self, event: Mapping[str, Any]) -> None:
        """Append an event, and return once it is on the disk; call it while the lock is held, after ``read_new``."""
        line = _write_line(event).encode()
        with open(self.path, "r+b") as file:
            file.truncate(self._end)  # what a killed process left
            file.seek(self._end)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._end += len(line)
        self._n_lines += 1

    def _read_new_lines(self) -> list[bytes]:
        with open(self.path, "rb") as file:
            if file.seek(0, os.SEEK_END) < self._end:
                raise RecordError(f"{self.path} became shorter while it was open: was it replaced? Open it again")
            file.seek(self._end)
            complete, _, _ = file.read().rpartition(b"\n")
        if not complete:
            return []
        lines = complete.split(b"\n")
        self._end += len(complete) + 1
        self._n_lines += len(lines)
        return lines

    def _parse_header(self, line: bytes) -> dict[str, Any]:
        header = self._parse(line, 1) if line else {}
        if header.get("format") != FORMAT:
            raise RecordError(
                f"{self.path} exists and is no campaign: its first line does not say {FORMAT!r}; choose another file, "
                f"or pass trainings by --from {quote_word(self.path)}"
            )
        if header.get("version") != VERSION:
            raise RecordError(
                f"{self.path} has version {header.get('version')} of the format, this release reads version {VERSION}"
            )
        return header

    def _parse_event(self, line: bytes, number: int) -> dict[str, Any]:
        event = self._parse(line, number)
        if event.get("event") not in _EVENTS:
            raise RecordError(f"{self.path}, line {number}: unknown event {event.get('event')!r}")
        return event

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            read = json.loads(line)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            if number == 1:
                return {}
            raise RecordError(
                f"{self.path}, line {number} is damaged: {line[:40]!r}; lines before it are sound: remove it and what "
                "follows, and tell the later results again"
            )
        return read


@contextlib.contextmanager
def lock_for_writing(path: Path) -> Iterator[None]:
    """Hold a campaign's file; wait up to a minute while another process does.

    Raises:
        FileLocked: another process holds it for longer.
    """
    with exclusive_lock(path, wait_s=_WAIT_S):
        yield


def _write_line(line: Mapping[str, Any]) -> str:
    try:
        return json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n"
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"a campaign cannot store {line!r}: {error}") from None
