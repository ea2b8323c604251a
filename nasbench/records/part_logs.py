"""The part files of a record: each process appends the runs that it finished to a log of its own."""

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
"""Where the runs of each pair lie, and what was measured of each."""
_Version = tuple[tuple[Path, int], ...]
"""The logs and their sizes: what an index was made of."""


class PartLogs(Generic[R]):
    """Finished runs that are not merged yet.

    The payload of each frame is a line of JSON, ``[task, contestant, measured entry]``, and behind it the run.

    Args:
        folder: of the logs; it need not exist.
        run_class: reads runs.
    """

    def __init__(self, folder: Path, run_class: type[R]) -> None:
        self._folder, self._run_class = folder, run_class
        self._index: _Index = {}
        self._indexed: _Version = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to another process without the index."""
        return type(self), (self._folder, self._run_class)

    def append(self, task: str, contestant: str, run: R) -> None:
        """Write a run to this process's own log, at once and to the end."""
        entry = json.dumps([task, contestant, run.measured_entry()])
        payload = b"".join((entry.encode(), b"\n", run.to_bytes()))
        log = self._folder / f"{_token(os.getpid())}.part"
        try:
            append_frame(log, payload)
        except FileNotFoundError:  # the first one
            self._folder.mkdir(exist_ok=True)
            append_frame(log, payload)

    @property
    def paths(self) -> list[Path]:
        """The logs that are there."""
        return sorted(self._folder.glob("*.part"))

    def read_pairs(self) -> list[Pair]:
        """Return the pairs of which the logs hold runs, sorted."""
        self._update_index()
        return sorted(self._index)

    def read(self, pair: Pair) -> list[R]:
        """Return the runs of a pair in the order in which they stand in the logs; one may be there more than once.

        Raises:
            RecordError: a log was damaged other than by a kill, or written by another release.
        """
        self._update_index()
        runs = []
        for path, found in self._index.get(pair, {}).items():
            contents: list[bytes] = []
            with contextlib.suppress(FileNotFoundError):  # merged by now
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
        with contextlib.suppress(OSError):  # another process may have written since
            self._folder.rmdir()

    def _update_index(self) -> None:
        """Look through the logs, unless they are those of last time."""
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
    except FileNotFoundError:  # merged by now
        return 0


def _scan_entries(path: Path) -> list[tuple[Extent, bytes]]:
    """Return where each payload of a log lies, and its first line; nothing where it was merged by now."""
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
        f"{path} is damaged or of another release ({error!r}): delete it and run the same command again to redo its "
        "runs, or finish with the release that wrote it"
    )


@cache
def _token(pid: int) -> str:
    """Name a process; ids alone are used again, in containers at once."""
    return f"{pid}-{secrets.token_hex(4)}"
