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
    """Measured cost of a run, which replaying does not reproduce; nan if it was lost or cannot be measured.

    Attributes:
        fit_s: seconds to fit.
        predict_s: seconds to predict all test architectures.
        peak_mb: peak memory above the memory held before, in MB.
    """

    fit_s: float = math.nan
    predict_s: float = math.nan
    peak_mb: float = math.nan


@dataclass(frozen=True)
class Outcome:
    """One finished or failed run.

    Attributes:
        size: number of training architectures.
        number: number of the run, 0-based.
        tests: name -> ``n_test``, every metric (nan if undefined), ``reliability`` (a list, or None without
            uncertainty), and in the first run with cut curves ``examples``. A name is a protocol, followed by ``@`` and
            the cutoff if curves are cut. A failed run has the metrics of a constant prediction, the mean of the
            training scores, so that failing never pays.
        asked: number of predicted architectures.
        error: traceback if the run failed, else empty.
        measured: measured cost.
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
        """Whether the predictor raised an error."""
        return bool(self.error)

    def to_bytes(self) -> bytes:
        """Return the outcome as one line of JSON, without the measured cost."""
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
            ValueError, KeyError, TypeError: the line is truncated or something else.
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
        """Return train size, number and measured cost, with None for nan."""
        values = {name: None if value != value else value for name, value in vars(self.measured).items()}
        return {"size": self.size, "run": self.number, **values}

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> Key:
        """Return the train size and the number in an entry."""
        return int(entry["size"]), int(entry["run"])

    def with_measured(self, entry: dict[str, Any]) -> Self:
        """Return the outcome with what ``measured_entry`` returned."""
        known = {name: float(entry[name]) for name in vars(Measured()) if isinstance(entry.get(name), int | float)}
        return replace(self, measured=Measured(**known))


class OutcomeRecord(RunStore[Outcome]):
    """A folder with the outcomes of predictors; printing it shows a summary."""

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
