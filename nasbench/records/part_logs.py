"""The part files of a record: each process appends its finished runs to its own log."""

import contextlib
import json
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any, Generic

from nasbench.errors import RecordError
from nasbench.records.frames import Extent, append_frame, read_extents, scan_frames
from nasbench.records.line_files import UNREADABLE
from nasbench.records.stored_run import Pair, R

_Index = dict[Pair, dict[Path, list[tuple[Extent, dict[str, Any]]]]]
"""Pair -> log -> the extent and the measurements of each run."""
_Version = tuple[tuple[Path, int], ...]
"""The logs and their sizes when an index was built."""


class PartLogs(Generic[R]):
    """Finished runs that are not merged yet.

    The payload of each frame is a line of JSON, ``[task, contestant, measured entry]``, followed by the run.

    Args:
        folder: folder of the logs; it need not exist.
        run_class: class of the runs.
    """

    def __init__(self, folder: Path, run_class: type[R]) -> None:
        self._folder, self._run_class = folder, run_class
        self._index: _Index = {}
        self._indexed: _Version = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the index."""
        return type(self), (self._folder, self._run_class)

    def append(self, task: str, contestant: str, run: R) -> None:
        """Append a run to this process's own log, immediately."""
        entry = json.dumps([task, contestant, run.measured_entry()])
        payload = b"".join((entry.encode(), b"\n", run.to_bytes()))
        log = self._folder / f"{_token(os.getpid())}.part"
        try:
            append_frame(log, payload)
        except FileNotFoundError:  # the first run creates the folder
            self._folder.mkdir(exist_ok=True)
            append_frame(log, payload)

    @property
    def paths(self) -> list[Path]:
        """The existing logs."""
        return sorted(self._folder.glob("*.part"))

    def read_pairs(self) -> list[Pair]:
        """Return the pairs that have runs in the logs, sorted."""
        self._update_index()
        return sorted(self._index)

    def read(self, pair: Pair) -> list[R]:
        """Return the runs of a pair in the order of the logs; a run may occur more than once.

        Raises:
            RecordError: a log is damaged, by more than an interruption, or was written by another release.
        """
        self._update_index()
        runs = []
        for path, found in self._index.get(pair, {}).items():
            contents: list[bytes] = []
            with contextlib.suppress(FileNotFoundError):  # merged in the meantime
                contents = read_extents(path, [extent for extent, _ in found])
            try:
                for content, (_, measured) in zip(contents, found, strict=bool(contents)):
                    runs.append(self._run_class.from_bytes(content).with_measured(measured))
            except UNREADABLE as error:
                raise _foreign(path, error) from None
        return runs

    def remove(self, paths: list[Path]) -> None:
        """Remove logs whose runs are merged."""
        for path in paths:
            path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # another process may have written in the meantime
            self._folder.rmdir()

    def _update_index(self) -> None:
        """Scan the logs, unless they are unchanged since the last scan."""
        now = tuple((path, _size(path)) for path in self.paths)
        if now == self._indexed:
            return
        index: _Index = {}
        for path, _ in now:
            for (start, end), line in _scan_entries(path):
                try:
                    task, contestant, measured = json.loads(line)
                    if not isinstance(measured, dict):
                        raise TypeError(f"measurements {measured!r}")
                except UNREADABLE as error:
                    raise _foreign(path, error) from None
                content = start + len(line), end
                index.setdefault((str(task), str(contestant)), {}).setdefault(path, []).append((content, measured))
        self._index, self._indexed = index, now


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # merged in the meantime
        return 0


def _scan_entries(path: Path) -> list[tuple[Extent, bytes]]:
    """Return the extent of each payload of a log and its first line; empty if the log was merged in the meantime."""
    lines = []
    with contextlib.suppress(FileNotFoundError):
        extents = scan_frames(path)
        with open(path, "rb") as log:
            for start, end in extents:
                log.seek(start)
                lines.append(((start, end), log.readline(end - start)))
    return lines


def _foreign(path: Path, error: Exception) -> RecordError:
    return RecordError(
        f"{path} is damaged or of another release ({error!r}): delete it and run the same command again to repeat its "
        "runs, or finish with the release that wrote it"
    )


@cache
def _token(pid: int) -> str:
    """Name a process uniquely: process ids alone are reused, and containers share them."""
    return f"{pid}-{secrets.token_hex(4)}"
