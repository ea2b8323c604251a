"""What a file of published results declares: rows, columns, tolerances, interpretations."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nasbench import units
from nasbench.declarations import NUMBER, Types

PROVENANCES = {
    "original": "read in the paper, its code or its documentation",
    "quoted": "read in another paper or README that quotes it",
    "computed": "our own calculation from files of the authors: shown, never judged",
    "unverified": "recalled from memory: shown, never judged",
}
COMPUTED, UNVERIFIED = "computed", "unverified"

KINDS: dict[str, tuple[dict[str, Types], dict[str, Types]]] = {
    "search": ({"strategy": str}, {"by": str}),
    "cells": ({"cells": (list, dict)}, {"columns": dict}),
    "statistic": ({"statistic": str}, {"level": NUMBER}),
    "best_of": ({"n": int}, {"by": str, "columns": dict}),
    "correlation": ({"method": str, "pairs": dict}, {}),
    "evaluations": ({"strategy": str, "task": str}, {}),
    "predictor": (
        {"predictor": str, "task": str, "sizes": dict, "test": str},
        {"metric": str, "column": str, "test_size": int},
    ),
    "extrapolation": ({"predictor": str, "files": dict, "n_train": int, "seen": NUMBER}, {}),
    "none": ({"reason": str}, {}),
}
"""How our numbers of a row are computed -> its required keys, and its optional keys.

``by``, the column by which the best is chosen, overrides the interpretation's; empty: by the observed score.
"""

SIZES = ("n_params", "flops")
"""The properties that a space counts of its networks."""

UNITS = {"percent": 100.0} | dict.fromkeys(("fraction", "count", "correlation", "nats", "s", "J", "none"), 1.0)
"""Units in which a table is printed -> the factor for our numbers."""

RANGES = {**units.UNITS, "percent": (0.0, 100.0), "correlation": (-1.0, 1.0)}
"""Units in which a table is printed -> smallest and largest possible value."""
_CORRELATIONS = ("kendall", "spearman", "pearson", "sparse_kendall", "kendall_top")


@dataclass(frozen=True)
class PublishedCell:
    """A published number; ``std`` is None if none is printed."""

    mean: float
    std: float | None = None


@dataclass(frozen=True)
class Tolerance:
    """The allowed distance between our numbers and the published ones, decided before running.

    Attributes:
        reason: why this distance.
        absolute: distance in the unit of the table, where the other rules do not apply.
        columns: column -> its own distance.
        stds: distance in published standard deviations, where one is printed.
        std_ratio: allowed factor between the standard deviations; None if they are not compared.
    """

    reason: str
    absolute: float | None = None
    columns: Mapping[str, float] = field(default_factory=dict)
    stds: float | None = None
    std_ratio: float | None = None

    def of(self, column: str, cell: PublishedCell, rounding: float) -> float:
        """Return the largest allowed difference; at least ``rounding``, half a unit of the last digit."""
        if column in self.columns:
            return max(self.columns[column], rounding)
        if self.stds is not None and cell.std:
            return max(self.stds * cell.std, rounding)
        return max(self.absolute or 0.0, rounding)


@dataclass(frozen=True)
class Row:
    """A row of the table: the published numbers, and how ours are computed (``ours["kind"]``, see ``KINDS``).

    Attributes:
        provenance: where the published numbers were read, a key of ``PROVENANCES``.
        runs: number of runs behind the published means; None for the table's.
        tolerance: largest allowed difference in all its cells; None for the table's.
        tried: number of interpretations of the published number that were tried before this one was chosen; more than 1
            for a row whose number says too little of itself.
    """

    label: str
    provenance: str
    ours: Mapping[str, Any]
    published: Mapping[str, PublishedCell]
    runs: int | None = None
    note: str = ""
    tolerance: float | None = None
    tried: int = 1

    def is_like(self, other: "Row") -> bool:
        """Whether the numbers of both rows are of one kind, so that their order means something."""
        return all(self.ours.get(key) == other.ours.get(key) for key in ("method", "metric"))


@dataclass(frozen=True)
class File:
    """A further file: where to get it, and its checksum."""

    source: str
    sha256: str


@dataclass(frozen=True)
class Search:
    """Runs on one task.

    Attributes:
        task: the task that the strategies search.
        columns: columns of the published table that these searches fill.
        seconds, trials: budget of a run; exactly one of them.
        interpolate_at: seconds at which the incumbents at the two nearest results are interpolated; None for the
            last incumbent.
    """

    task: str
    columns: tuple[str, ...]
    seconds: float | None = None
    trials: int | None = None
    interpolate_at: float | None = None


@dataclass(frozen=True)
class Interpretation:
    """One way to interpret an under-specified protocol.

    Attributes:
        name: of the interpretation.
        by: column by which the best architecture is chosen; ``{column}`` stands for the reported column; empty for the
            score that the strategy observed.
        trials: number of trials of a run that count; None for all.
        strategies: row -> strategy, for settings that the paper leaves open.
        columns: column -> the column that replaces it.
        isomorphic: whether an architecture that is missing in a table takes the numbers of an isomorphic one.
        explored: tried after all others had failed, although the authors' code contradicts it: shown, and never chosen
            as the best.
        note: shown beside the verdict.
    """

    name: str
    by: str = ""
    trials: int | None = None
    strategies: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    isomorphic: bool = False
    explored: bool = False
    note: str = ""


@dataclass(frozen=True)
class Published:
    """A published table as an executable claim; the attributes are those of the file.

    Attributes:
        headline: labels of the rows that the paper is about; the table is not reproduced before they are judged.
    """

    name: str
    title: str
    citation: str
    paper_version: str
    source: str
    unit: str
    decimals: int
    runs: int
    quick_runs: int
    published_runs: int | None
    unverified: tuple[str, ...]
    headline: tuple[str, ...]
    note: str
    protocol: Mapping[str, str]
    tolerance: Tolerance
    tables: Mapping[str, str]
    files: Mapping[str, File]
    columns: Mapping[str, Mapping[str, Any]]
    searches: tuple[Search, ...]
    interpretations: tuple[Interpretation, ...]
    rows: tuple[Row, ...]
    sha256: str

    @property
    def shown(self) -> list[str]:
        """Columns with published numbers, in order."""
        return list(dict.fromkeys(column for row in self.rows for column in row.published))

    @property
    def scale(self) -> float:
        """The factor that converts our numbers to the table's unit."""
        return UNITS[self.unit]

    @property
    def rounding(self) -> float:
        """Half a unit of the last printed digit, plus a millionth of it for rounding errors."""
        return 0.5 * 10.0**-self.decimals * (1 + 1e-6)

    def strategy(self, row: Row, interpretation: Interpretation) -> str:
        """Return the strategy of a row under an interpretation."""
        return str(interpretation.strategies.get(row.label, row.ours["strategy"]))

    def judged(self, row: Row, column: str) -> bool:
        """Whether a cell may be judged: its number is published, verified, and not our own calculation."""
        known = row.provenance not in (COMPUTED, UNVERIFIED) and column not in self.unverified
        return known and column in row.published

    def is_comparable(self, row: Row) -> bool:
        """Whether some cell of a row may be judged."""
        return any(self.judged(row, column) for column in row.published)

    def find_range(self, row: Row) -> tuple[float, float]:
        """Return the smallest and the largest possible value of a row's numbers; infinite where there is none."""
        if row.ours["kind"] == "extrapolation":  # R²
            return -math.inf, 1.0
        if row.ours["kind"] == "predictor" and row.ours.get("metric", "kendall") not in _CORRELATIONS:
            return -math.inf, math.inf
        return RANGES[self.unit]
