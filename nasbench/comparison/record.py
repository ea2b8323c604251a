"""Records of comparisons: ``trials/TASK/STRATEGY.jsonl`` holds every trial of every run."""

import json
import math
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from nasbench.comparison.display import SearchDisplay
from nasbench.comparison.experiment import FORMAT, VERSION, Experiment, Limits
from nasbench.records.store import Pairs
from nasbench.simulation import History


@dataclass(frozen=True)
class Run:
    """One finished or failed run.

    Attributes:
        number: 0-based.
        history: every trial that was told.
        error: traceback if the run failed, else empty.
        overhead_s: real seconds inside the strategy; nan where the timing was lost.
    """

    number: int
    history: History
    error: str = ""
    overhead_s: float = math.nan

    @property
    def key(self) -> int:
        """The number."""
        return self.number

    @property
    def failed(self) -> bool:
        """Whether the strategy broke off."""
        return bool(self.error)

    def line(self) -> str:
        """Return the run as one line of JSON, without the timing."""
        columns = {name: getattr(self.history, name).tolist() for name in History._fields}
        columns["score"] = [None if score != score else score for score in columns["score"]]
        entry = {"run": self.number, "status": "failed" if self.failed else "finished", **columns}
        return json.dumps(entry | ({"error": self.error} if self.failed else {}), separators=(",", ":"))

    @classmethod
    def from_line(cls, line: str) -> Self:
        """Read what ``line`` wrote.

        Raises:
            ValueError, KeyError, TypeError: the line is truncated or foreign.
        """
        entry = json.loads(line)
        kinds = {"id": np.int64, "arch": np.int8, "epoch": np.int64}
        columns = {name: np.array(entry[name], dtype=kinds.get(name, np.float64)) for name in History._fields}
        n = len(columns["id"])
        columns["arch"] = columns["arch"].reshape(n, -1) if n else columns["arch"].reshape(0, 0)
        if any(len(column) != n for column in columns.values()):
            raise ValueError("columns of different lengths")
        return cls(int(entry["run"]), History(**columns), str(entry.get("error", "")))

    def timing(self) -> str:
        """Return the overhead as one line of JSON."""
        return json.dumps({"run": self.number, "overhead_s": None if math.isnan(self.overhead_s) else self.overhead_s})

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> int:
        """Return the number that a line names."""
        return int(entry["run"])

    def timed(self, entry: dict[str, Any]) -> Self:
        """Return the run with the overhead that ``timing`` wrote."""
        seconds = entry.get("overhead_s")
        return replace(self, overhead_s=float(seconds) if isinstance(seconds, int | float) else math.nan)


class Record(SearchDisplay, Pairs[Run]):
    """A directory of runs of strategies."""

    what, folder, form = "strategies", "trials", (FORMAT, VERSION)
    fixed = ("format", "version", "seed", "n_workers", "limits", "checkpoints")
    run_class = Run

    def _check_structure(self) -> None:
        experiment = Experiment.from_spec(self.spec)
        Limits(**self.spec["limits"])
        if not all(isinstance(self.spec[key], int) for key in ("runs", "seed", "n_workers")):
            raise TypeError("runs, seed and n_workers must be integers")
        if [choice.label for choice in experiment.strategies] != self.strategies:
            raise ValueError("strategies do not match their labels")

    @classmethod
    def _grown(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        return {"runs": max(new["runs"], old["runs"])}

    def all_keys(self) -> list[int]:
        """Return the numbers of all runs."""
        return list(range(self.spec["runs"]))

    @property
    def strategies(self) -> list[str]:
        """Labels of the strategies."""
        return self.contestants
