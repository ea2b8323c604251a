"""Records of evaluations: ``outcomes/TASK/PREDICTOR.jsonl`` holds every metric of every run."""

import json
import math
from dataclasses import dataclass, field, replace
from typing import Any, Self

from nasbench.evaluation.evaluation import FORMAT, VERSION, Evaluation, Key
from nasbench.records.line_files import LineFiles
from nasbench.records.store import RunStore


@dataclass(frozen=True)
class Measured:
    """What a run cost, which no seed repeats; nan where it was lost or cannot be measured.

    Attributes:
        fit_s: seconds of fitting.
        predict_s: seconds of predicting all that was asked.
        peak_mb: most memory held at once above what was held before, in MB.
    """

    fit_s: float = math.nan
    predict_s: float = math.nan
    peak_mb: float = math.nan


@dataclass(frozen=True)
class Outcome:
    """One finished or failed run.

    Attributes:
        size: training architectures.
        number: of the run, 0-based.
        tests: name -> ``n_test``, every metric (nan where undefined), ``reliability`` (a list, or None without
            uncertainty), and of the first run where curves are cut ``examples``. A name is a protocol, and behind an
            ``@`` the cutoff. A failed run has those of predicting the mean of the training scores
            for all: failing must not pay.
        asked: number of architectures predicted.
        error: traceback if the run failed, else empty.
        measured: what it cost.
    """

    size: int
    number: int
    tests: dict[str, dict[str, Any]]
    asked: int
    error: str = ""
    measured: Measured = field(default_factory=Measured)

    @property
    def key(self) -> Key:
        """Train size and number."""
        return self.size, self.number

    @property
    def failed(self) -> bool:
        """Whether the predictor broke off."""
        return bool(self.error)

    def to_bytes(self) -> bytes:
        """Return the outcome as one line of JSON, without what was measured."""
        tests = {
            protocol: {name: None if value != value else value for name, value in values.items()}
            for protocol, values in self.tests.items()
        }
        status = "failed" if self.failed else "finished"
        entry = {"size": self.size, "run": self.number, "status": status, "asked": self.asked, "tests": tests}
        return json.dumps(entry | ({"error": self.error} if self.failed else {}), separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` returned.

        Raises:
            ValueError, KeyError, TypeError: the line is truncated or foreign.
        """
        entry = json.loads(content)
        tests = {
            str(protocol): {
                name: math.nan if value is None and name != "reliability" else value for name, value in values.items()
            }
            for protocol, values in dict(entry["tests"]).items()
        }
        return cls(*cls.key_of(entry), tests, int(entry["asked"]), str(entry.get("error", "")))

    def measured_entry(self) -> dict[str, Any]:
        """Return train size, number and what was measured, None for nan."""
        values = {name: None if value != value else value for name, value in vars(self.measured).items()}
        return {"size": self.size, "run": self.number, **values}

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> Key:
        """Return the train size and number that an entry names."""
        return int(entry["size"]), int(entry["run"])

    def with_measured(self, entry: dict[str, Any]) -> Self:
        """Return the outcome with what ``measured_entry`` returned."""
        known = {name: float(entry[name]) for name in vars(Measured()) if isinstance(entry.get(name), int | float)}
        return replace(self, measured=Measured(**known))


class PredictionRecord(RunStore[Outcome]):
    """A directory of outcomes of predictors; printing it shows the leaderboard."""

    contestant_kind, format_name, format_version = "predictors", FORMAT, VERSION
    immutable_keys = ("format", "seed", "protocols", "test_size", "labels", "cutoffs", "proxies", "pool")
    run_class = Outcome

    def _check_structure(self) -> None:
        evaluation = Evaluation.from_spec(self.spec)
        if [choice.label for choice in evaluation.predictors] != self.predictors:
            raise ValueError("predictors do not match their labels")

    def _open_files(self) -> LineFiles[Outcome]:
        return LineFiles(self.path, "outcomes", self._file_names(), Outcome.from_bytes, Outcome.key_of)

    @classmethod
    def _grow(cls, old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
        sizes = sorted({*old["train_sizes"], *new["train_sizes"]})
        covered = {"covered": old["covered"] | new["covered"]} if "covered" in old and "covered" in new else {}
        return {"runs": max(new["runs"], old["runs"]), "train_sizes": sizes} | covered

    def all_keys(self) -> list[Key]:
        """Return train size and number of all runs."""
        return Evaluation.from_spec(self.spec).keys

    @property
    def predictors(self) -> list[str]:
        """Labels of the predictors."""
        return self.contestants

    def __str__(self) -> str:
        """Return the leaderboard as text."""
        from nasbench.evaluation.analysis import analyse
        from nasbench.evaluation.leaderboard import leaderboard

        return leaderboard(analyse(self)).render("text")
