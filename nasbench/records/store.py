"""A directory of runs, a file for each pair of a task and a contestant, that a kill cannot spoil.

    spec.json                         the experiment, with versions and checksums
    KIND/TASK/CONTESTANT.jsonl        one line a run; the same bytes for any number of jobs
    timings/TASK/CONTESTANT.jsonl     one line a run: what was measured, which no seed repeats

While an experiment is under way, each process appends finished runs to its own ``.part`` file; a pair
that is complete is merged, sorted by run.
"""

import contextlib
import glob
import json
import os
import secrets
import shutil
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO, ClassVar, Generic, Protocol, Self, TypeVar

from nasbench.errors import RecordError
from nasbench.files import exclusive_lock, write_text
from nasbench.records.differences import difference, same


class Line(Protocol):
    """A run as lines of JSON: what a seed decides, and what was measured."""

    @property
    def key(self) -> Any:
        """What numbers the run within its pair; sortable."""
        ...

    @property
    def failed(self) -> bool:
        """Whether it broke off."""
        ...

    def line(self) -> str:
        """Return all that the seed decides."""
        ...

    def timing(self) -> str:
        """Return what was measured, and the key."""
        ...

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read what ``line`` wrote; a truncated or foreign one raises ValueError, KeyError or TypeError."""
        ...

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> Any:
        """Return the key that a line or timing names."""
        ...

    def timed(self, entry: dict[str, Any]) -> Self:
        """Return the run with what ``timing`` wrote; an empty entry where that was lost."""
        ...


R = TypeVar("R", bound=Line)


class Pairs(ABC, Generic[R]):
    """A directory of runs.

    Args:
        path: an existing record; ``open_for`` makes one.

    Attributes:
        path: the folder.
        spec: the experiment as plain data.
        what: key of the specification under which the contestants are.
        folder: of the lines.
        form: name and version of the format.
        fixed: parts of a specification that a continued record must share; tasks, contestants and runs may grow.
        run_class: reads the lines.

    Raises:
        RecordError: no record, a damaged one, or one of another version.
    """

    what: ClassVar[str]
    folder: ClassVar[str]
    form: ClassVar[tuple[str, int]]
    fixed: ClassVar[tuple[str, ...]]
    run_class: ClassVar[type[Any]]

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser()
        self.spec = read_spec(self.path)
        name, version = self.form
        if self.spec.get("format") != name:
            raise RecordError(f"{self.path / 'spec.json'} is no {name}")
        if self.spec.get("version") != version:
            raise RecordError(
                f"{self.path} is a record of version {self.spec.get('version')}; this release reads {version}: "
                "compare again with another --out, or use the release that wrote it"
            )
        try:
            self._check_structure()
            for entry in (*self.spec["tasks"].values(), *self.spec[self.what].values()):
                if not isinstance(entry["file"], str) or not isinstance(self.spec["software"], list):
                    raise TypeError("file names and software versions are missing")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RecordError(f"{self.path / 'spec.json'} is damaged or incomplete: {error!r}") from None

    def removed_when_unused(self) -> None:
        """Let the folder go with this object: nobody asked for it by name."""
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)

    @abstractmethod
    def _check_structure(self) -> None:
        """Touch everything that readers rely on."""

    @abstractmethod
    def all_keys(self) -> list[Any]:
        """Return the keys of all runs of a pair."""

    @classmethod
    @abstractmethod
    def _grown(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Return what of a continued specification is larger than ``new`` says, tasks and contestants apart."""

    @classmethod
    def open_for(cls, path: Path, spec: dict[str, Any]) -> Self:
        """Start a record at ``path``, or continue the one that lies there.

        Raises:
            RecordError: what lies there is another experiment.
        """
        if (path / "spec.json").exists():
            spec = cls._continued(path, cls(path).spec, spec, "this one")
        elif path.exists() and any(not item.name.startswith(".spec.json.") for item in path.iterdir()):
            raise RecordError(f"{path} is a folder with other things in it; choose an empty or new one for --out")
        write_text(path / "spec.json", json.dumps(spec, indent=2) + "\n")
        return cls(path)

    @classmethod
    def place_for(cls, path: Path, spec: dict[str, Any]) -> Path:
        """Return ``path``, or the first of ``path-2``, ``path-3``, ... where this experiment lies or nothing does.

        The same tasks, contestants and conditions are the same experiment, however many runs it has.
        """
        for number in count(1):
            place = path if number == 1 else path.with_name(f"{path.name}-{number}")
            if (place / "spec.json").exists():
                with contextlib.suppress(RecordError):  # damaged, or of another kind: it is left alone
                    if cls._is_of(cls(place).spec, spec):
                        return place
            elif not place.exists() or not any(place.iterdir()):
                return place
        raise AssertionError("numbers do not end")

    @classmethod
    def _is_of(cls, old: dict[str, Any], spec: dict[str, Any]) -> bool:
        """Whether two specifications are of one experiment."""
        fixed = all(old.get(key) == spec.get(key) for key in cls.fixed)
        kinds = ("tasks", cls.what, "sources")
        return fixed and all(
            old.get(kind, {}).keys() == spec.get(kind, {}).keys()
            and all(same(entry, spec[kind][name]) for name, entry in old.get(kind, {}).items())
            for kind in kinds
        )

    @classmethod
    def _continued(cls, path: Path, old: dict[str, Any], spec: dict[str, Any], this: str) -> dict[str, Any]:
        versions = old["software"] + [entry for entry in spec["software"] if entry not in old["software"]]
        for key in cls.fixed:
            if old.get(key) != spec.get(key):
                told = difference({key: old.get(key)}, {key: spec.get(key)}, of=("there", f"in {this}"))
                raise RecordError(
                    f"{path} holds another experiment: {told}; choose another --out, or the same options to continue it"
                )
        joined = {}
        for kind in ("tasks", cls.what, *{"sources"}.intersection((*old, *spec))):
            before, now = old.get(kind, {}), spec.get(kind, {})
            for name in before.keys() & now.keys():
                if not same(before[name], now[name]):
                    told = difference(before[name], now[name], of=("there", f"in {this}"))
                    raise RecordError(f"{path} was recorded with another {name}: {told}; choose another --out")
            joined[kind] = before | now
        return spec | {"software": versions} | cls._grown(old, spec) | joined

    @classmethod
    def join(cls, records: Sequence[Self], path: Path) -> Self:
        """Write into one record what several hold of the same experiment: other contestants, tasks or runs.

        Args:
            records: what to join; they stay as they are.
            path: of the joined record. One that lies there already takes part.

        Raises:
            RecordError: they are of different experiments, or hold a run with different outcomes; nothing is written.
            Busy: another process writes that record.
        """
        with exclusive_lock(path / "spec.json"):
            parts = [*([cls(path)] if (path / "spec.json").exists() else []), *records]
            spec = parts[0].spec
            for part in parts[1:]:
                spec = cls._continued(parts[0].path, spec, part.spec, str(part.path))
            pairs = [(task, contestant) for task in spec["tasks"] for contestant in spec[cls.what]]
            agreed = {pair: cls._agreed(parts, *pair) for pair in pairs}
            joined = cls.open_for(path, spec)
            for pair, runs in agreed.items():
                if runs:
                    joined._rewrite(*pair, runs)
        return joined

    @classmethod
    def _agreed(cls, parts: Sequence[Self], task: str, contestant: str) -> list[R]:
        """Return a pair's runs of all records by key: one that finished rather than one that failed."""
        found: dict[Any, tuple[R, Path]] = {}
        for part in parts:
            if task not in part.tasks or contestant not in part.contestants:
                continue
            for run in part.runs(task, contestant):
                other, path = found.setdefault(run.key, (run, part.path))
                if other.failed and not run.failed:
                    found[run.key] = (run, part.path)
                elif not run.failed and run.line() != other.line():
                    raise RecordError(
                        f"run {run.key} of {contestant} on {task} has one outcome in {path} and another in "
                        f"{part.path}; 'nasbench verify' says which one this machine repeats"
                    )
        return [found[key][0] for key in sorted(found)]

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks."""
        return list(self.spec["tasks"])

    @property
    def contestants(self) -> list[str]:
        """Labels of what is compared."""
        return list(self.spec[self.what])

    def _file(self, kind: str, task: str, contestant: str) -> Path:
        folder, file = str(self.spec["tasks"][task]["file"]), self.spec[self.what][contestant]["file"]
        return self.path / kind / folder / f"{file}.jsonl"

    def _parts(self, kind: str, task: str, contestant: str) -> list[Path]:
        merged = self._file(kind, task, contestant)
        return sorted(merged.parent.glob(f"{glob.escape(merged.stem)}.*.part"))

    def _lines(self, kind: str, task: str, contestant: str) -> Iterator[tuple[Path, str, bool]]:
        """Yield every line of the merged file and of the parts, and whether a kill may have cut it off."""
        merged = self._file(kind, task, contestant)
        for path in (merged, *self._parts(kind, task, contestant)):
            if path.exists():
                lines = path.read_text(encoding="utf-8").split("\n")
                yield from ((path, line, path != merged) for line in lines if line)

    def runs(self, task: str, contestant: str) -> list[R]:
        """Return all runs recorded for a pair, by key.

        Raises:
            RecordError: a file was damaged other than by a kill.
        """
        runs: dict[Any, R] = {}
        for path, line, may_be_cut in self._lines(self.folder, task, contestant):
            try:
                run = self.run_class.from_line(line)
            except (ValueError, KeyError, TypeError, OverflowError) as error:
                if may_be_cut:
                    continue
                raise RecordError(
                    f"{path} is damaged ({error}); delete it and compare again to redo its runs"
                ) from None
            runs.setdefault(run.key, run)
        timings = self._timings(task, contestant)
        return [runs[key].timed(timings.get(key, {})) for key in sorted(runs)]

    def _timings(self, task: str, contestant: str) -> dict[Any, dict[str, Any]]:
        timings: dict[Any, dict[str, Any]] = {}
        for _, line, _ in self._lines("timings", task, contestant):
            try:
                entry = json.loads(line)
                timings.setdefault(self.run_class.key_of(entry), entry)
            except (ValueError, KeyError, TypeError):
                continue  # a lost timing is no lost result
        return timings

    def missing(self, task: str, contestant: str) -> list[Any]:
        """Return the keys of the runs still to do."""
        done = {run.key for run in self.runs(task, contestant)}
        return [key for key in self.all_keys() if key not in done]

    def forget_failed(self, task: str, contestant: str, *, among: list[Any]) -> None:
        """Remove failed runs whose key is ``among`` those given, so that they are done again."""
        runs, asked = self.runs(task, contestant), set(among)
        kept = [run for run in runs if not run.failed or run.key not in asked]
        if len(kept) < len(runs):
            self._rewrite(task, contestant, kept)

    def append(self, task: str, contestant: str, run: R) -> None:
        """Write a run to this process's own part file, at once and to the end."""
        for kind, line in ((self.folder, run.line()), ("timings", run.timing())):
            merged = self._file(kind, task, contestant)
            merged.parent.mkdir(parents=True, exist_ok=True)
            with open(merged.with_name(f"{merged.stem}.{_process()}.part"), "ab") as file:
                # A line that this process could not finish must not swallow this one.
                file.write(b"\n" + line.encode() + b"\n" if _cut(file) else line.encode() + b"\n")

    def merge(self, task: str, contestant: str) -> None:
        """Join the parts of a pair, if there are any, into one file sorted by key."""
        if self._parts(self.folder, task, contestant):
            self._rewrite(task, contestant, self.runs(task, contestant))

    def _rewrite(self, task: str, contestant: str, runs: list[R]) -> None:
        for kind, lines in ((self.folder, [run.line() for run in runs]), ("timings", [run.timing() for run in runs])):
            parts = self._parts(kind, task, contestant)
            write_text(self._file(kind, task, contestant), "".join(line + "\n" for line in lines))
            for part in parts:
                part.unlink()


def read_spec(path: Path) -> dict[str, Any]:
    """Return the specification of a record of any kind; empty where the file holds something else.

    Raises:
        RecordError: none there, or a damaged one.
    """
    try:
        spec = json.loads((path / "spec.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecordError(f"{path} is no record: it has no spec.json") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RecordError(f"{path / 'spec.json'} is damaged: {error}") from None
    return spec if isinstance(spec, dict) else {}


@cache
def _token(pid: int) -> str:
    return f"{pid}-{secrets.token_hex(4)}"


def _process() -> str:
    """Name this process; ids alone are used again, in containers at once."""
    return _token(os.getpid())


def _cut(file: BinaryIO) -> bool:
    """Whether the last line of a file opened for appending lacks its end."""
    if not file.tell():
        return False
    with open(file.name, "rb") as written:
        written.seek(-1, os.SEEK_END)
        return written.read(1) != b"\n"


def folder_for(out: Path | str | None) -> Path:
    """Return where to write a record: a new temporary folder for None."""
    return Path(tempfile.mkdtemp(prefix="nasbench-")) if out is None else Path(out).expanduser()
