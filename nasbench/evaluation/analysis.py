"""Turn a record of predictors into arrays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.errors import RecordError
from nasbench.evaluation.curves import CURVE_METRICS
from nasbench.evaluation.evaluation import Evaluation
from nasbench.evaluation.metrics import LEVELS, METRICS
from nasbench.evaluation.record import Measured, Outcome, OutcomeRecord
from nasbench.tasks.families import find_recorded_family
from nasbench.units import ACCURACY, Scale

Grid = list[list[list[Outcome]]]
"""Outcomes by predictor, train size and run."""


@dataclass(frozen=True)
class TaskPredictionAnalysis:
    """The results on one task by one protocol; arrays are [predictors, sizes, runs] in the order of the record.

    Attributes:
        name: of the task.
        family: of the task; results on tasks of one family are not independent.
        protocol: ``random`` or ``disjoint``, followed by ``@`` and the cutoff if curves are cut.
        metrics: name -> [predictors, sizes, runs]; a failed run has the metrics of a constant prediction.
        reliability: [predictors, sizes, runs, 19] share of true scores below each predicted quantile; nan without
            uncertainty.
        n_test: [predictors, sizes, runs] number of test architectures.
        examples: [predictors][sizes] predictions of the first run for a few curves; None without curves.
        scale: unit and direction of the observed score.
    """

    name: str
    family: str
    protocol: str
    metrics: dict[str, Floats]
    reliability: Floats
    n_test: Ints
    examples: list[list[dict[str, Any] | None]]
    scale: Scale = ACCURACY

    @property
    def cutoff(self) -> float:
        """The share at which curves are cut; nan without curves."""
        return float(self.protocol.partition("@")[2] or "nan")


@dataclass(frozen=True)
class PredictionAnalysis:
    """A whole record as arrays.

    Attributes:
        predictors: labels, the first axis of every array.
        sizes: train sizes, the second axis.
        tests: results for each task and protocol.
        costs: task -> cost -> [predictors, sizes, runs].
        failed: task -> [predictors, sizes, runs] whether the run failed.
        labels: training targets, ``mean`` or ``seed``.
        covered: task -> number of architectures with a proxy, and number of measured ones; only with proxies.
    """

    predictors: list[str]
    sizes: list[int]
    tests: list[TaskPredictionAnalysis]
    costs: dict[str, dict[str, Floats]]
    failed: dict[str, Bools]
    labels: str
    covered: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def protocols(self) -> list[str]:
        """Names of the protocols, in the record's order."""
        return list(dict.fromkeys(test.protocol for test in self.tests))

    @property
    def n_runs(self) -> int:
        """The number of runs of each task, predictor and train size."""
        return int(self.tests[0].n_test.shape[2])


def analyse(record: OutcomeRecord) -> PredictionAnalysis:
    """Read a record and compute everything that the leaderboard and the plots show.

    Raises:
        RecordError: runs are missing.
    """
    tests = Evaluation.from_spec(record.spec).tests
    grids = {name: _collect_grid(record, name) for name in record.tasks}
    return PredictionAnalysis(
        predictors=record.predictors,
        sizes=record.spec["train_sizes"],
        tests=[_test(record, name, test, grid) for name, grid in grids.items() for test in tests],
        costs={
            name: {cost: _build_array(grid, lambda run, c=cost: getattr(run.measured, c)) for cost in vars(Measured())}
            for name, grid in grids.items()
        },
        failed={name: _build_array(grid, lambda run: run.failed).astype(bool) for name, grid in grids.items()},
        labels=record.spec["labels"],
        covered={name: (n, m) for name, (n, m) in record.spec.get("covered", {}).items()},
    )


def _collect_grid(record: OutcomeRecord, task: str) -> Grid:
    sizes, runs = record.spec["train_sizes"], record.spec["runs"]
    grid = []
    for predictor in record.predictors:
        own = {run.key: run for run in record.runs(task, predictor)}
        if missing := [key for key in record.all_keys() if key not in own]:
            raise RecordError(
                f"{record.path} lacks {len(missing)} of {len(sizes) * runs} runs of {predictor} on {task}: "
                "run the same evaluation again to finish it"
            )
        grid.append([[own[size, number] for number in range(runs)] for size in sizes])
    return grid


def _build_array(grid: Grid, value: Callable[..., float]) -> Floats:
    return np.array([[[value(run) for run in row] for row in rows] for rows in grid], dtype=np.float64)


def _test(record: OutcomeRecord, name: str, protocol: str, grid: Grid) -> TaskPredictionAnalysis:
    unknown = [np.nan] * len(LEVELS)
    return TaskPredictionAnalysis(
        name=name,
        family=find_recorded_family(record.spec["tasks"][name]),
        protocol=protocol,
        metrics={
            metric: _build_array(grid, lambda run, m=metric: run.tests[protocol][m])
            for metric in (*METRICS, *CURVE_METRICS)
            if metric in grid[0][0][0].tests[protocol]
        },
        reliability=np.array(
            [[[run.tests[protocol]["reliability"] or unknown for run in row] for row in rows] for rows in grid]
        ),
        n_test=_build_array(grid, lambda run: run.tests[protocol]["n_test"]).astype(np.int64),
        examples=[[runs[0].tests[protocol].get("examples") for runs in rows] for rows in grid],
        scale=Scale(*record.spec["tasks"][name].get("scale", ())),
    )
