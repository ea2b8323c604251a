"""Predictors ranked over tasks, and compared on each task.

The number of a predictor on a task is its mean tau: Kendall's tau averaged over train sizes in each run, and then over
runs. Tasks are ranked by it, the largest first. Claims over tasks are tests and intervals over tasks; claims on one
task are paired t tests over its runs, since in the same run all predictors have the same training sets.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from nasbench.arrays import Bools, Floats, Ints
from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis
from nasbench.statistics.means import (
    compute_overall_mean,
    resample_means,
    select_defined_runs,
)
from nasbench.statistics.on_one_task import adjust_by_holm, compare_paired_runs
from nasbench.statistics.over_tasks import OverTasks, PairwiseTest, compare_over_tasks, estimate_more_blocks
from nasbench.statistics.ranking import ALPHA, average_ranks, find_tiers, rank, resample_average_ranks
from nasbench.statistics.sampling import TaskSample

DIRECTION = "maximize"
"""Direction in which tau is better."""

LEAST_TESTED_RUNS = 3
"""Fewest runs of a task with a test on it: with two, Student's t has one degree of freedom."""

LEAST_RANKED_RUNS = 3
"""Fewest runs of each task with an interval of average ranks: with two, the noise of runs hides most ranks."""

_TAU_RANGE = (-1.0, 1.0)
_SEED = 20200121  # fixed: the same record always prints the same interval


class OverallRanking(NamedTuple):
    """The predictors by one protocol, over the tasks on which tau is defined.

    Attributes:
        protocol: name of the protocol.
        tasks: names of the ranked tasks.
        left_out: names of tasks without a run in which tau is defined at every train size.
        sample: of which tasks are a sample.
        n_runs: [tasks] number of runs in which tau is defined.
        values: [tasks, predictors] mean tau.
        average_rank: value, lower and upper bound, [predictors] each; bounds are nan with too few tasks or runs.
        mean: value, lower and upper bound of the mean over tasks, [predictors] each.
        tests: between predictors, over tasks.
    """

    protocol: str
    tasks: list[str]
    left_out: list[str]
    sample: TaskSample
    n_runs: list[int]
    values: Floats
    average_rank: tuple[Floats, Floats, Floats]
    mean: tuple[Floats, Floats, Floats]
    tests: OverTasks

    @property
    def n_first(self) -> Ints:
        """[predictors] number of tasks on which the predictor is first, alone or with others."""
        ranks = rank(self.values, DIRECTION)
        first: Ints = (ranks == ranks.min(axis=1, keepdims=True)).sum(axis=0)
        return first

    def find_tiers(self, test: PairwiseTest) -> Ints:
        """Sort predictors into tiers by a test over tasks, ``[predictors]``."""
        return find_tiers(self.average_rank[0], test.p, test.worse)

    def estimate_more(self, test: PairwiseTest) -> Floats:
        """Estimate how many more tasks, or families, would separate each pair, ``[predictors, predictors]``."""
        return estimate_more_blocks(test, self.sample)


def rank_predictors(analysis: PredictionAnalysis, protocol: str) -> OverallRanking:
    """Rank the predictors by a protocol over all tasks on which tau is defined."""
    all_tests = [test for test in analysis.tests if test.protocol == protocol]
    runs = {test.name: average_sizes(test) for test in all_tests}
    ranked = [test for test in all_tests if runs[test.name].shape[1]]
    sample = TaskSample.of([test.family for test in ranked])
    n = len(analysis.predictors)
    values = np.array([runs[test.name].mean(axis=1) for test in ranked]).reshape(-1, n)
    return OverallRanking(
        protocol=protocol,
        tasks=[test.name for test in ranked],
        left_out=[test.name for test in all_tests if not runs[test.name].shape[1]],
        sample=sample,
        n_runs=[runs[test.name].shape[1] for test in ranked],
        values=values,
        average_rank=_average_ranks(values, [runs[test.name] for test in ranked], sample),
        mean=compute_overall_mean(values, sample, _TAU_RANGE),
        tests=compare_over_tasks(values, sample, DIRECTION),
    )


def average_sizes(test: TaskPredictionAnalysis) -> Floats:
    """Average tau over the train sizes, in each run in which all are defined; ``[predictors, such runs]``."""
    return select_defined_runs(test.metrics["kendall"].mean(axis=1))


def _average_ranks(values: Floats, runs: list[Floats], sample: TaskSample) -> tuple[Floats, Floats, Floats]:
    """Average the ranks of the tasks, with intervals over tasks like these."""
    n = values.shape[1]
    if not len(values):
        return np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan)
    average = average_ranks(values, sample, DIRECTION)
    if not sample.is_enough or min(own.shape[1] for own in runs) < LEAST_RANKED_RUNS:
        return average, np.full(n, np.nan), np.full(n, np.nan)
    rng = np.random.default_rng(_SEED)
    drawn = np.stack([resample_means(own, rng) for own in runs])
    return average, *resample_average_ranks(average, drawn, sample, DIRECTION, rng)


class TaskComparison(NamedTuple):
    """The predictors on one task, at one train size or averaged over all, by one protocol.

    Attributes:
        runs: number of runs in which tau is defined.
        mean: [predictors] mean tau over them.
        unadjusted: [predictors, predictors] p-values of each pair alone.
        p: [predictors, predictors] p-values adjusted by Holm for all pairs; nan where there is no test.
    """

    runs: int
    mean: Floats
    unadjusted: Floats
    p: Floats

    @property
    def is_tested(self) -> bool:
        """Whether there are two predictors and enough runs for a test."""
        return len(self.mean) > 1 and self.runs >= LEAST_TESTED_RUNS

    @property
    def leading(self) -> Bools:
        """[predictors] whether the predictor is the best, or not significantly worse; nowhere without a test."""
        if not self.is_tested:
            return np.zeros(len(self.mean), dtype=bool)
        best = int(self.mean.argmax())
        return np.asarray(~(self.p[best] <= ALPHA) | (self.mean == self.mean[best]))

    @property
    def p_to_best(self) -> list[float | None]:
        """Adjusted p-values against the best predictor; None for itself, and where there is no test."""
        best = int(self.mean.argmax()) if self.is_tested else -1
        return [None if best in (-1, i) or np.isnan(p) else float(p) for i, p in enumerate(self.p[best])]


def compare_on_task(test: TaskPredictionAnalysis) -> list[TaskComparison]:
    """Compare the predictors on a task by paired t tests: by the mean over train sizes, and then at each size."""
    tau = test.metrics["kendall"]
    return [compare_runs_on_task(average_sizes(test)), *(compare_runs_on_task(tau[:, j]) for j in range(tau.shape[1]))]


def compare_runs_on_task(tau: Floats) -> TaskComparison:
    """Compare predictors on one task by paired t tests over the runs.

    Args:
        tau: [predictors, runs].
    """
    tau = select_defined_runs(tau)
    n, runs = tau.shape
    mean = tau.mean(axis=1) if runs else np.full(n, np.nan)
    unadjusted = compare_paired_runs(tau if runs >= LEAST_TESTED_RUNS else tau[:, :1])
    return TaskComparison(runs, mean, unadjusted, adjust_by_holm(unadjusted))


def compute_least_difference(n: int, runs: int) -> float:
    """Return how many standard errors the largest of all differences must have to be significant on a task.

    Args:
        n: number of predictors; Holm's first step is at .05 divided by the number of their pairs.
        runs: number of runs.
    """
    return float(stats.t.isf(ALPHA / (n * (n - 1)), runs - 1))
