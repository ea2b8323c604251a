"""Records of comparisons: ``trials.h5`` holds every trial of every run, ``timings.h5`` the measured seconds."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Floats
from nasbench.comparison import version1
from nasbench.comparison.columns import RunColumns, RunViews, from_stored, join_runs, join_usage, to_stored
from nasbench.comparison.experiment import FORMAT, VERSION, Experiment, Limits
from nasbench.comparison.run import Run
from nasbench.errors import RecordError
from nasbench.files import remove_temporary
from nasbench.records.column_file import Column, ColumnFile, Columns, dump_spec, write_columns
from nasbench.records.differences import difference
from nasbench.records.line_files import LineFiles
from nasbench.records.store import TRIALS_FILE, RunStore
from nasbench.records.stored_run import Pair, RunFiles

TIMINGS_FILE = "timings.h5"
_USAGE = "usage/"


class SearchRecord(RunStore[Run]):
    """A folder with the runs of strategies."""

    contestant_kind, format_name, format_version = "strategies", FORMAT, VERSION
    readable_versions = (version1.VERSION,)
    immutable_keys = ("format", "seed", "n_workers", "limits", "checkpoints", "clock")
    run_class = Run

    def _check_structure(self) -> None:
        experiment = Experiment.from_spec(self.spec)
        Limits(**self.spec["limits"])
        if not all(isinstance(self.spec[key], int) for key in ("runs", "seed", "n_workers")):
            raise TypeError("runs, seed and n_workers must be integers")
        if [choice.label for choice in experiment.strategies] != self.strategies:
            raise ValueError("strategies do not match their labels")

    def _open_files(self) -> RunFiles[Run]:
        names = self._file_names()
        if self.spec["version"] == version1.VERSION:
            return LineFiles(self.path, version1.FOLDER, names, version1.read_line, Run.key_of)
        return TrialFiles(self.path, names)

    def __init__(self, path: Path | str) -> None:
        super().__init__(path)
        copy = json.loads(ColumnFile(self.path / TRIALS_FILE).read_spec() or "{}")
        for key in self.immutable_keys if copy else ():
            if copy.get(key) != self.spec.get(key):
                differs = difference({key: copy.get(key)}, {key: self.spec.get(key)}, of=("there", "in spec.json"))
                raise RecordError(
                    f"{self.path / TRIALS_FILE} is of another experiment: {differs}; restore the file that belongs here"
                )

    @classmethod
    def _grow(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        return {"runs": max(new["runs"], old["runs"])}

    def _upgraded_spec(self) -> dict[str, Any]:
        several = [name for name, entry in self.spec["tasks"].items() if "objectives" in entry["declaration"]]
        if several and self.spec["version"] == version1.VERSION:
            raise RecordError(
                f"{self.path} is a record of version 1, which holds only the first objective of {several[0]}: compare "
                "again with another --out"
            )
        return super()._upgraded_spec()

    def all_keys(self) -> list[int]:
        """Return the numbers of all runs."""
        return list(range(self.spec["runs"]))

    @property
    def strategies(self) -> list[str]:
        """Labels of the strategies."""
        return self.contestants

    def columns(self, task: str, strategy: str) -> RunColumns:
        """Return all recorded runs of a task and strategy, joined into columns and sorted by number.

        Raises:
            RecordError: a file is damaged, by more than an interruption.
        """
        runs = self.runs(task, strategy)
        return runs.columns if isinstance(runs, RunViews) else join_runs(runs)


class TrialFiles:
    """The merged runs of a record of searches.

    Args:
        path: folder of the record.
        names: pair of task and strategy -> group ``TASK/STRATEGY``.
    """

    def __init__(self, path: Path, names: Mapping[Pair, str]) -> None:
        self._path, self._names = path, names
        self._trials, self._timings = ColumnFile(path / TRIALS_FILE), ColumnFile(path / TIMINGS_FILE)

    def read(self, pair: Pair) -> Sequence[Run]:
        """Return the runs of a pair, sorted by number; each run is created from columns on access.

        Raises:
            RecordError: a file is damaged.
        """
        stored = self._trials.read(self._names[pair])
        if not stored:
            return []
        try:
            return RunViews(from_stored(stored, *self._read_timings(pair)))
        except (KeyError, ValueError) as error:
            raise self._trials.explain(error) from None

    def _read_timings(self, pair: Pair) -> tuple[dict[int, float], dict[int, dict[str, float]]]:
        """Return measured seconds and usage by number; a missing measurement does not invalidate a result."""
        try:
            timings = self._timings.read(self._names[pair])
            number = timings["number"].tolist()
            overheads = dict(zip(number, timings["overhead_s"].tolist(), strict=True))
            usage: dict[int, dict[str, float]] = {}
            for name in timings.keys() - {"number", "overhead_s"}:
                for one, used in zip(number, timings[name].tolist(), strict=True):
                    usage.setdefault(one, {})[name.removeprefix(_USAGE)] = used
            return overheads, usage
        except (RecordError, KeyError, ValueError):
            return {}, {}

    def write(self, spec: Mapping[str, Any], runs: Mapping[Pair, Sequence[Run]]) -> None:
        """Replace the runs of some pairs atomically, and keep those of other pairs."""
        for name in (TRIALS_FILE, TIMINGS_FILE):
            remove_temporary(self._path / name)
        joined = {self._names[pair]: join_runs(own) for pair, own in runs.items()}
        timings = {name: _timings_of(own.number, own.overhead_s, own.usage) for name, own in joined.items()}
        for pair, name in self._names.items():
            if name not in joined and (own := self._read_timings(pair))[0]:
                overheads, usage = own
                used = join_usage([usage.get(number, {}) for number in overheads])
                timings[name] = _timings_of([*overheads], [*overheads.values()], used)
        trials = {name: to_stored(own) for name, own in joined.items()}
        text = dump_spec(spec)
        write_columns(self._path / TIMINGS_FILE, text, sorted(timings.items()))
        write_columns(self._path / TRIALS_FILE, text, self._with_others(trials))

    def _with_others(self, new: Mapping[str, Columns]) -> Iterator[tuple[str, Columns]]:
        for name in sorted({*self._trials.read_names(), *new}):
            yield name, new[name] if name in new else self._trials.read(name)

    def is_current(self, spec: Mapping[str, Any]) -> bool:
        """Whether the file of trials holds this specification; a record without trials needs no file."""
        return self._trials.read_spec() in ("", dump_spec(spec))


def _timings_of(number: npt.ArrayLike, overhead_s: npt.ArrayLike, usage: Mapping[str, Floats]) -> dict[str, Column]:
    """Convert measured seconds and usage of runs to columns."""
    columns: dict[str, Column] = {
        "number": np.asarray(number, dtype=np.int64),
        "overhead_s": np.asarray(overhead_s, dtype=np.float64),
    }
    return columns | {f"{_USAGE}{name}": used for name, used in usage.items()}
