"""Runs as lines of JSON: a file for each task and contestant.

    KIND/TASK/CONTESTANT.jsonl       one line per run: everything that the seed determines
    timings/TASK/CONTESTANT.jsonl    one line per run: measurements, which replaying does not reproduce

There may also be ``.part`` files of such lines, left behind by older releases that were interrupted.
"""

import glob
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Generic

from nasbench.errors import RecordError
from nasbench.files import write_text
from nasbench.records.stored_run import Pair, R

UNREADABLE = (ValueError, KeyError, TypeError, OverflowError, RecursionError)
"""Errors of reading a run from anything else."""


class LineFiles(Generic[R]):
    """The lines of a record.

    Args:
        path: folder of the record.
        kind: subfolder of the lines.
        names: pair -> file name ``TASK/CONTESTANT``.
        read_run: reads a run from a line.
        key_of: returns the key in an entry of measurements.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        names: Mapping[Pair, str],
        read_run: Callable[[bytes], R],
        key_of: Callable[[dict[str, Any]], Any],
    ) -> None:
        self._path, self._kind, self._names = path, kind, names
        self._read_run, self._key_of = read_run, key_of

    def read(self, pair: Pair) -> list[R]:
        """Return the runs of a pair, sorted by key.

        Raises:
            RecordError: a file is damaged, by more than an interruption.
        """
        runs: dict[Any, R] = {}
        for path, line, may_be_cut in self._lines(self._kind, pair):
            try:
                run = self._read_run(line)
            except UNREADABLE as error:
                if may_be_cut:
                    continue
                raise RecordError(
                    f"{path} is damaged ({error}); delete it and run the same command again to repeat its runs"
                ) from None
            runs.setdefault(run.key, run)
        measured = self._measured(pair)
        return [runs[key].with_measured(measured.get(key, {})) for key in sorted(runs)]

    def write(self, spec: Mapping[str, Any], runs: Mapping[Pair, Sequence[R]]) -> None:
        """Replace the files of some pairs, each atomically; runs are sorted by key."""
        del spec
        for pair, own in runs.items():
            contents = {
                self._kind: b"".join(run.to_bytes() + b"\n" for run in own).decode(),
                "timings": "".join(json.dumps(run.measured_entry()) + "\n" for run in own),
            }
            for kind, text in contents.items():
                parts = self._parts(kind, pair)
                write_text(self._file(kind, pair), text)
                for part in parts:
                    part.unlink()

    def is_current(self, spec: Mapping[str, Any]) -> bool:
        """Return True: lines hold no copy of the specification that could be outdated."""
        del spec
        return True

    def _measured(self, pair: Pair) -> dict[Any, dict[str, Any]]:
        measured: dict[Any, dict[str, Any]] = {}
        for _, line, _ in self._lines("timings", pair):
            try:
                entry = json.loads(line)
                measured.setdefault(self._key_of(entry), entry)
            except UNREADABLE:
                continue  # a missing measurement does not invalidate a result
        return measured

    def _file(self, kind: str, pair: Pair) -> Path:
        return self._path / kind / f"{self._names[pair]}.jsonl"

    def _parts(self, kind: str, pair: Pair) -> list[Path]:
        merged = self._file(kind, pair)
        return sorted(merged.parent.glob(f"{glob.escape(merged.stem)}.*.part"))

    def _lines(self, kind: str, pair: Pair) -> Iterator[tuple[Path, bytes, bool]]:
        """Yield every line of the merged file and of the parts, and whether an interruption may have truncated it."""
        merged = self._file(kind, pair)
        for path in (merged, *self._parts(kind, pair)):
            if path.exists():
                yield from ((path, line, path != merged) for line in path.read_bytes().split(b"\n") if line)


def compute_lines_checksum(path: Path, kind: str) -> str:
    """Compute the SHA-256 of all merged files of lines in a record."""
    digest = hashlib.sha256()
    for file in sorted((path / kind).rglob("*.jsonl")):
        digest.update(file.relative_to(path).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
