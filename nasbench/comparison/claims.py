"""What the tests of a comparison say: over tasks like these, or, with fewer than six tasks, on each task alone.

Over tasks, strategies are compared by the numbers that rank them, the interquartile means of normalised regret on each
task; families of tasks weigh alike. On one task, the normalised regrets of the runs are compared. Runs are never
paired: runs of one number share nothing but their number.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.comparison.analysis import RANKED_BY, Analysis, TaskAnalysis
from nasbench.reports.claims import list_pairs, list_pairs_over_tasks
from nasbench.statistics.on_one_task import adjust_by_holm, compare_runs, find_larger_runs
from nasbench.statistics.over_tasks import (
    DEFAULT_TEST,
    OverTasks,
    PairwiseTest,
    compare_over_tasks,
    estimate_more_blocks,
)
from nasbench.statistics.ranking import compute_rank_intervals, find_rank_sets, find_tiers, round_sums


class TaskClaims(NamedTuple):
    """What the tests say of the runs on one task; arrays are in the order of the strategies.

    Attributes:
        best: position of the strategy with the best interquartile mean of the normalised regret; of several, the first
            by label.
        unadjusted: [strategies, strategies] p-values of the Brunner-Munzel test; nan with too few runs.
        p: [strategies, strategies] the same, adjusted for all pairs by Holm's method.
        tiers: [strategies] tier on this task, from 1.
        low, high: [strategies] best and worst place that the tests leave open, for all strategies together.
    """

    best: int
    unadjusted: Floats
    p: Floats
    tiers: Ints
    low: Ints
    high: Ints

    @property
    def has_tests(self) -> bool:
        """Whether there are enough runs for a test."""
        return len(self.p) > 1 and not np.isnan(self.p).any()


class Claims(NamedTuple):
    """What the tests say of a comparison.

    Attributes:
        over: the tests over tasks; their p-values are nan with fewer than six tasks.
        test: the test over tasks that is shown.
        rank_low, rank_high: [strategies] interval of the average rank over tasks like these; nan with fewer than six
            tasks or ten runs.
        tiers: [strategies] tier over tasks like these, from 1; meaningless with fewer than six tasks.
        on_tasks: task -> tests on this task; empty with six tasks or more.
    """

    over: OverTasks
    test: PairwiseTest
    rank_low: Floats
    rank_high: Floats
    tiers: Ints
    on_tasks: Mapping[str, TaskClaims]

    @property
    def are_over_tasks(self) -> bool:
        """Whether there are enough tasks, and two strategies, for claims over tasks."""
        return self.over.sample.is_enough and len(self.tiers) > 1

    @property
    def more(self) -> Floats:
        """[strategies, strategies] how many more tasks, or families, would separate each pair; nan if undefined."""
        return estimate_more_blocks(self.test, self.over.sample)


def make_claims(analysis: Analysis, test: str = DEFAULT_TEST) -> Claims:
    """Compare the ranked strategies of a record.

    Raises:
        UnknownName: there is no such test.
    """
    sample = analysis.sample
    over = compare_over_tasks(analysis.levels, sample, "minimize")
    shown = over.choose(test)
    values = np.stack([task.metrics[RANKED_BY] for task in analysis.tasks])
    failed = np.stack([task.failed for task in analysis.tasks])
    low, high = compute_rank_intervals(values, failed, sample, "minimize")
    on_tasks = (
        {} if sample.is_enough else {task.name: _test_on_task(task, analysis.strategies) for task in analysis.tasks}
    )
    tiers = find_tiers(np.argsort(analysis.order), shown.p, shown.worse)
    return Claims(over, shown, low, high, tiers, on_tasks)


def _test_on_task(task: TaskAnalysis, strategies: list[str]) -> TaskClaims:
    """Compare the runs on a task.

    A pair counts as separated if the test finds a difference and the interquartile means differ in its direction. So no
    strategy is placed behind one whose interquartile mean is worse.
    """
    levels = round_sums(task.summarize(RANKED_BY))
    order = sorted(range(len(levels)), key=lambda i: (levels[i], strategies[i]))
    values = task.metrics[RANKED_BY]
    unadjusted = compare_runs(values)
    p = adjust_by_holm(unadjusted)
    worse = find_larger_runs(values) & (levels[:, None] > levels)
    return TaskClaims(order[0], unadjusted, p, find_tiers(np.argsort(order), p, worse), *find_rank_sets(p, worse))


def list_claims(claims: Claims, strategies: list[str]) -> list[dict[str, Any]]:
    """Return a row for each pair of strategies over tasks; with fewer than six tasks, on each task."""
    if claims.over.sample.is_enough:
        return list_pairs_over_tasks(claims.over, "strategy", strategies, {})
    return [
        row
        for name, own in claims.on_tasks.items()
        for row in list_pairs(
            {"p_brunner_munzel": own.unadjusted, "p_holm": own.p}, "strategy", strategies, {"task": name}
        )
    ]
