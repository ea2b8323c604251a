"""A record: a folder with the specification of an experiment and its runs; it survives interruptions at any moment.

    spec.json          the experiment, with versions and checksums
    parts/*.part       finished runs that are not merged yet: one log per process
    (merged files)     all other runs; the files depend on the kind of record

Each process appends its finished runs to its own log. At the end of a command, or when a later command finds logs, they
are merged into the record's own files, which are replaced atomically; then the logs are removed. The merged files have
the same bytes for any number of processes.
"""

import contextlib
import json
import shutil
import tempfile
import weakref
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Generic, Self

from nasbench.errors import RecordError
from nasbench.files import exclusive_lock, write_text
from nasbench.records.code_changes import refuse_changed_code
from nasbench.records.column_file import ColumnFile
from nasbench.records.differences import difference, same
from nasbench.records.line_files import compute_lines_checksum
from nasbench.records.part_logs import PartLogs
from nasbench.records.stored_run import Pair, R, RunFiles, choose_runs

TRIALS_FILE = "trials.h5"
"""Merged runs of searches; the file holds a copy of the specification."""
PARTS = "parts"
"""Folder of runs that are not merged yet."""


class RunStore(ABC, Generic[R]):
    """A record of any kind.

    Args:
        path: an existing record; ``open_or_create`` creates one.

    Attributes:
        path: folder of the record.
        spec: the experiment as plain data.
        contestant_kind: key of the contestants in the specification.
        format_name: name of the format of this kind of record.
        format_version: version of records that are written.
        readable_versions: older versions that are read but never continued.
        immutable_keys: parts of a specification that must not change when a record is continued; tasks, contestants and
            runs may grow.
        run_class: class of the runs.

    Raises:
        RecordError: there is no record, or it is damaged, or of another version.
    """

    contestant_kind: ClassVar[str]
    format_name: ClassVar[str]
    format_version: ClassVar[int]
    readable_versions: ClassVar[tuple[int, ...]] = ()
    immutable_keys: ClassVar[tuple[str, ...]]
    run_class: ClassVar[type[Any]]

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path).expanduser()
        self.spec = read_spec(self.path)
        if self.spec.get("format") != self.format_name:
            raise RecordError(f"{self.path / 'spec.json'} is not a {self.format_name}")
        if self.spec.get("version") not in (self.format_version, *self.readable_versions):
            raise RecordError(
                f"{self.path} is a record of version {self.spec.get('version')}; this release reads "
                f"{' and '.join(map(str, (*self.readable_versions, self.format_version)))}: compare again with another "
                "--out, or use the release that wrote it"
            )
        try:
            self._check_structure()
            for entry in (*self.spec["tasks"].values(), *self.spec[self.contestant_kind].values()):
                if not isinstance(entry["file"], str) or not isinstance(self.spec["software"], list):
                    raise TypeError("file names and software versions are missing")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RecordError(f"{self.path / 'spec.json'} is damaged or incomplete: {error!r}") from None
        self._files = self._open_files()
        self._parts: PartLogs[R] = PartLogs(self.path / PARTS, self.run_class)

    @abstractmethod
    def _check_structure(self) -> None:
        """Access everything that readers rely on, so that a damaged specification raises an error."""

    @abstractmethod
    def _open_files(self) -> RunFiles[R]:
        """Return the files of merged runs."""

    @abstractmethod
    def all_keys(self) -> list[Any]:
        """Return the keys of all runs of a pair."""

    @classmethod
    @abstractmethod
    def _grow(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        """Return the entries of a continued specification that grow, besides tasks and contestants."""

    @classmethod
    def open_or_create(cls, path: Path, spec: dict[str, Any]) -> Self:
        """Create a record at ``path``, or continue the existing one.

        Raises:
            RecordError: the folder holds another experiment or something else, or a record of an older version.
        """
        if is_record(path):
            found = cls(path)
            found._refuse_old()
            spec = cls._continue_spec(path, found.spec, spec, "this one")
        elif path.exists() and any(not item.name.startswith(".spec.json.") for item in path.iterdir()):
            raise RecordError(f"{path} is a folder with other files in it; choose an empty or new folder for --out")
        write_text(path / "spec.json", json.dumps(spec, indent=2) + "\n")
        return cls(path)

    def _refuse_old(self) -> None:
        """Refuse to write into a record of an older version.

        Raises:
            RecordError: the record is of an older version.
        """
        if self.spec["version"] != self.format_version:
            raise RecordError(
                f"{self.path} is a record of version {self.spec['version']}, which this release reads but does not "
                f"continue: choose another --out; 'nasbench merge {self.path} --out ...' copies its runs there"
            )

    @classmethod
    def find_place(cls, path: Path, spec: dict[str, Any]) -> Path:
        """Return the first of ``path``, ``path-2``, ``path-3``, ... that holds this experiment or nothing.

        The same tasks, contestants and conditions are the same experiment, regardless of the number of runs.
        """
        for number in count(1):
            place = path if number == 1 else path.with_name(f"{path.name}-{number}")
            if is_record(place):
                with contextlib.suppress(RecordError):  # damaged, or of another kind: leave it alone
                    if cls._is_same_experiment(cls(place).spec, spec):
                        return place
            elif not place.exists() or not any(place.iterdir()):
                return place
        raise AssertionError("numbers do not end")

    @classmethod
    def _is_same_experiment(cls, old: dict[str, Any], spec: dict[str, Any]) -> bool:
        fixed = all(old.get(key) == spec.get(key) for key in ("version", *cls.immutable_keys))
        kinds = ("tasks", cls.contestant_kind, "sources")
        return fixed and all(
            old.get(kind, {}).keys() == spec.get(kind, {}).keys()
            and all(same(entry, spec[kind][name]) for name, entry in old.get(kind, {}).items())
            for kind in kinds
        )

    @classmethod
    def _continue_spec(cls, path: Path, old: dict[str, Any], spec: dict[str, Any], this: str) -> dict[str, Any]:
        """Return the specification of two records together; raises the errors of ``open_or_create``."""
        versions = old["software"] + [entry for entry in spec["software"] if entry not in old["software"]]
        for key in cls.immutable_keys:
            if old.get(key) != spec.get(key):
                told = difference({key: old.get(key)}, {key: spec.get(key)}, of=("there", f"in {this}"))
                raise RecordError(
                    f"{path} holds another experiment: {told}; choose another --out, or the same options to continue it"
                )
        joined = {}
        for kind in ("tasks", cls.contestant_kind, *{"sources"}.intersection((*old, *spec))):
            before, now = old.get(kind, {}), spec.get(kind, {})
            for name in before.keys() & now.keys():
                refuse_changed_code(path, old, spec, kind, name)
                if not same(before[name], now[name]):
                    told = difference(before[name], now[name], of=("there", f"in {this}"))
                    raise RecordError(f"{path} was recorded with another {name}: {told}; choose another --out")
            joined[kind] = before | now
        table = old.get("code", {}) | spec.get("code", {})  # digest -> module, sorted by module
        code = {"code": dict(sorted(table.items(), key=lambda item: item[::-1]))}
        return spec | {"software": versions} | code | cls._grow(old, spec) | joined

    @classmethod
    def join(cls, records: Sequence[Self], path: Path) -> Self:
        """Merge several records of the same experiment, with different contestants, tasks or runs, into one.

        Args:
            records: records to merge; they are not changed. They may be of older versions.
            path: folder of the merged record; an existing record there takes part.

        Raises:
            RecordError: the experiments differ, or a run has different outcomes; nothing is written.
            FileLocked: another process writes to that record.
        """
        with exclusive_lock(path / "spec.json"):
            there = [cls(path)] if is_record(path) else []
            for record in there:
                record._refuse_old()
            together = [*there, *records]
            spec = together[0]._upgraded_spec()
            for record in together[1:]:
                spec = cls._continue_spec(together[0].path, spec, record._upgraded_spec(), str(record.path))
            pairs = [(task, contestant) for task in spec["tasks"] for contestant in spec[cls.contestant_kind]]
            agreed = {pair: runs for pair in pairs if (runs := cls._agree(together, *pair))}
            joined = cls.open_or_create(path, spec)
            joined.replace_runs(agreed)
        return joined

    def _upgraded_spec(self) -> dict[str, Any]:
        """Return the specification as one of the current version."""
        return self.spec | {"version": self.format_version}

    @classmethod
    def _agree(cls, records: Sequence[Self], task: str, contestant: str) -> list[R]:
        """Return the runs of a pair in all records, sorted by key; a finished run replaces a failed one."""
        found: dict[Any, tuple[R, Path]] = {}
        for record in records:
            if task not in record.tasks or contestant not in record.contestants:
                continue
            for run in record.runs(task, contestant):
                other, path = found.setdefault(run.key, (run, record.path))
                if other.failed and not run.failed:
                    found[run.key] = (run, record.path)
                elif not run.failed and run is not other and run.to_bytes() != other.to_bytes():
                    raise RecordError(
                        f"run {run.key} of {contestant} on {task} has one outcome in {path} and another in "
                        f"{record.path}; 'nasbench verify' says which one this machine repeats"
                    )
        return [found[key][0] for key in sorted(found)]

    @property
    def tasks(self) -> list[str]:
        """Names of the tasks."""
        return list(self.spec["tasks"])

    @property
    def contestants(self) -> list[str]:
        """Labels of what is compared."""
        return list(self.spec[self.contestant_kind])

    def _file_names(self) -> dict[Pair, str]:
        """Return the name ``TASK/CONTESTANT`` of each pair in files."""
        return {
            (task, contestant): f"{entry['file']}/{other['file']}"
            for task, entry in self.spec["tasks"].items()
            for contestant, other in self.spec[self.contestant_kind].items()
        }

    def runs(self, task: str, contestant: str) -> Sequence[R]:
        """Return all recorded runs of a pair, sorted by key.

        Raises:
            RecordError: a file is damaged, by more than an interruption.
        """
        new = self._parts.read((task, contestant))  # first: another process may merge them between the two
        merged = self._files.read((task, contestant))
        return choose_runs([*merged, *new]) if new else merged

    def missing(self, task: str, contestant: str) -> list[Any]:
        """Return the keys of the runs still to do."""
        done = {run.key for run in self.runs(task, contestant)}
        return [key for key in self.all_keys() if key not in done]

    def append(self, task: str, contestant: str, run: R) -> None:
        """Append a run to this process's own log, immediately."""
        self._parts.append(task, contestant, run)

    def merge(self) -> None:
        """Move the runs of all logs into the record's own files; the caller must hold the record's lock."""
        logs = self._parts.paths
        if logs or not self._files.is_current(self.spec):
            known = set(self._file_names())
            self.replace_runs({pair: self.runs(*pair) for pair in self._parts.read_pairs() if pair in known})
        self._parts.remove(logs)

    def forget_failed(self, keys: Mapping[Pair, Sequence[Any]]) -> None:
        """Remove failed runs with the given keys, so that they run again."""
        self.merge()
        kept: dict[Pair, list[R]] = {}
        for pair, among in keys.items():
            runs, asked = self.runs(*pair), set(among)
            left = [run for run in runs if not run.failed or run.key not in asked]
            if len(left) < len(runs):
                kept[pair] = left
        if kept:
            self.replace_runs(kept)

    def replace_runs(self, runs: Mapping[Pair, Sequence[R]]) -> None:
        """Replace all merged runs of some pairs atomically, and keep those of other pairs."""
        self._files.write(self.spec, runs)

    def remove_when_unused(self) -> None:
        """Delete the folder together with this object, because it is a temporary one."""
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def is_record(path: Path) -> bool:
    """Whether a folder holds a record of any kind."""
    return (path / "spec.json").is_file() or (path / TRIALS_FILE).is_file()


def read_spec(path: Path) -> dict[str, Any]:
    """Read the specification of a record of any kind; empty if the file holds something else.

    If ``spec.json`` is missing, it is read from the copy in the file of trials.

    Raises:
        RecordError: there is none, or it is damaged.
    """
    try:
        text = (path / "spec.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ColumnFile(path / TRIALS_FILE).read_spec()
        if not text:
            raise RecordError(f"{path} is not a record: spec.json is missing") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{path / 'spec.json'} is damaged: {error}") from None
    try:
        spec = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path / 'spec.json'} is damaged: {error}") from None
    return spec if isinstance(spec, dict) else {}


def compute_trials_checksum(path: Path) -> str:
    """Compute the SHA-256 of all trials in a record of searches.

    Raises:
        RecordError: the record is damaged, or its runs are not merged yet.
    """
    if any((path / PARTS).glob("*.part")):
        raise RecordError(f"record {path} is not finished: rerun the same comparison before learning from it")
    file = ColumnFile(path / TRIALS_FILE)
    return file.read_checksum() if file.path.exists() else compute_lines_checksum(path, "trials")


def make_folder(out: Path | str | None) -> Path:
    """Return the folder of a record: a new temporary folder for None."""
    return Path(tempfile.mkdtemp(prefix="nasbench-")) if out is None else Path(out).expanduser()
