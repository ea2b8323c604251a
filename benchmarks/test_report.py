"""The leaderboard of 41 strategies x 12 tasks x 30 runs, in parts, and of 65 strategies x 3 tasks x 4 runs.

The floors are plain loops: a Wilcoxon test by scipy for each pair of strategies, and a bootstrap for each task and
strategy.
"""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.cli._tasks import tasks_of
from nasbench.comparison.analysis import RANKED_BY, analyse
from nasbench.comparison.claims import make_claims
from nasbench.comparison.leaderboard import leaderboard
from nasbench.comparison.summaries import summarize_over_tasks, summarize_task
from nasbench.statistics.intervals import N_RESAMPLES, compute_iqm_intervals

N_STRATEGIES, N_RUNS = 41, 30
LIMITS = nasbench.Limits(trials=20)  # enough, since the time of a report hardly depends on it
WIDE = (65, 3, 4)


def make_analysis(folder, n_strategies, tasks, runs):
    strategies = {f"random {i}": "random_search" for i in range(n_strategies)}
    return analyse(nasbench.compare(tasks, strategies, runs=runs, limits=LIMITS, out=folder / "record"))


@pytest.fixture(scope="module")
def analysis(tmp_path_factory):
    return make_analysis(tmp_path_factory.mktemp("many"), N_STRATEGIES, tasks_of([], "embedded"), N_RUNS)


@pytest.fixture(scope="module")
def wide(tmp_path_factory):
    n_strategies, n_tasks, n_runs = WIDE
    return make_analysis(tmp_path_factory.mktemp("wide"), n_strategies, tasks_of([], "embedded")[:n_tasks], n_runs)


def test_pairs_floor(benchmark, analysis):
    benchmark.group = "tests of 41 strategies over 12 tasks"
    levels = analysis.levels.T
    benchmark.pedantic(lambda: [stats.wilcoxon(a, b).pvalue for a, b in combinations(levels, 2)], rounds=3)


def test_tests(benchmark, analysis):
    benchmark.group = "tests of 41 strategies over 12 tasks"
    benchmark.pedantic(lambda: make_claims(analysis), rounds=3)


def test_intervals_floor(benchmark, analysis):
    benchmark.group = "intervals of one metric over runs, 41 strategies x 12 tasks x 30 runs"
    values = np.concatenate([task.metrics[RANKED_BY] for task in analysis.tasks])

    def draw():
        rng = np.random.default_rng(0)
        for own in values:
            drawn = own[rng.integers(0, len(own), (N_RESAMPLES, len(own)))]
            np.percentile(stats.trim_mean(drawn, 0.25, axis=1), [2.5, 97.5])

    benchmark.pedantic(draw, rounds=3)


def test_intervals(benchmark, analysis):
    benchmark.group = "intervals of one metric over runs, 41 strategies x 12 tasks x 30 runs"
    values = [(task.metrics[RANKED_BY], task.failed) for task in analysis.tasks]
    benchmark.pedantic(lambda: [compute_iqm_intervals(*own, (0.0, np.inf)) for own in values], rounds=3)


def test_intervals_of_runs(benchmark, analysis):
    benchmark.group = "intervals of all metrics over runs, 41 strategies x 12 tasks x 30 runs"
    exact = {name: metric for name, metric in analysis.metrics.items() if name not in analysis.tasks[0].censored}
    benchmark.pedantic(lambda: [summarize_task(task, exact) for task in analysis.tasks], rounds=3)


def test_intervals_of_tasks(benchmark, analysis):
    benchmark.group = "intervals of all metrics over tasks, 41 strategies x 12 tasks x 30 runs"
    comparable = [name for name, metric in analysis.metrics.items() if metric.comparable]
    benchmark.pedantic(lambda: [summarize_over_tasks(analysis, name) for name in comparable], rounds=3)


def test_leaderboard(benchmark, analysis):
    benchmark.group = "leaderboard of 41 strategies x 12 tasks x 30 runs"
    benchmark.pedantic(lambda: leaderboard(analysis), rounds=3)


def test_wide_leaderboard(benchmark, wide):
    benchmark.group = "leaderboard of 65 strategies x 3 tasks x 4 runs"
    benchmark.pedantic(lambda: leaderboard(wide), rounds=3)
