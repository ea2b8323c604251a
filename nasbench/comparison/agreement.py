"""Does a surrogate rank strategies as its table does? Kendall's tau of the two rankings, over budgets.

A surrogate benchmark is only as good as its ranking of strategies (Zela et al. 2022, arXiv 2008.09777, compare
trajectories by eye; Eggensperger et al. 2015, AAAI, compare rankings of optimisers). Each of the two tasks of a record
is reduced to the mean normalised regret of each strategy after shares of the budget. The intervals come from resampling
runs. As a ceiling, the same tau is computed between two halves of the table's own runs: with that many runs, strategies
that hardly differ change places by chance.
"""

from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.errors import InvalidOption
from nasbench.statistics.intervals import CONFIDENCE, Interval

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_N_RESAMPLES = 500
_BOOTSTRAP_SEED = 20200117  # fixed: the same record always prints the same interval
_P = 1 - CONFIDENCE


@dataclass(frozen=True)
class Agreement:
    """How well two tasks agree about the ranking of strategies.

    Attributes:
        truth, other: names of the tasks.
        shares: shares of the budget.
        by_share: tau of the two rankings after each share.
        mean: mean of ``by_share``.
        cells: tau over all pairs of strategy and share together; it also compares how regrets fall over time.
        ceiling: ``mean`` between two halves of the runs on ``truth``, each with half as many runs.
        n_decided: pairs of strategies that differ significantly on ``truth`` (two-sided Mann-Whitney test, p < 0.05,
            uncorrected), counted once for each share.
        decided: share of these pairs that ``other`` puts in the same order; nan without any.
        by_metric: name -> tau of the two rankings by each metric that has a direction.
    """

    truth: str
    other: str
    shares: tuple[float, ...]
    by_share: tuple[Interval, ...]
    mean: Interval
    cells: Interval
    ceiling: Interval
    n_decided: int
    decided: float
    by_metric: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, with None for undefined values."""
        plain = {name: _convert_interval(getattr(self, name)) for name in ("mean", "cells", "ceiling")}
        shares = [
            {"budget": share, **_convert_interval(tau)} for share, tau in zip(self.shares, self.by_share, strict=True)
        ]
        decided = None if np.isnan(self.decided) else self.decided
        pairs = {"decided_pairs": self.n_decided, "decided_alike": decided}
        return {
            "truth": self.truth,
            "other": self.other,
            "by_budget": shares,
            **plain,
            **pairs,
            "by_metric": self.by_metric,
        }


def agreement(analysis: Analysis, truth: str, other: str) -> Agreement:
    """Compare the rankings of strategies on two tasks of one record.

    Args:
        analysis: analysis of the record.
        truth: the reference task, usually a table's.
        other: the task to compare with it, usually a surrogate's.

    Raises:
        InvalidOption: there are fewer than three strategies or four runs, or the record does not have a task.
    """
    tasks = {task.name: task for task in analysis.tasks}
    if missing := [name for name in (truth, other) if name not in tasks]:
        raise InvalidOption(f"the record has no runs on {missing[0]}; it has {', '.join(tasks)}")
    a, b = (_read_levels(tasks[name]) for name in (truth, other))
    if len(a) < 3 or a.shape[1] < 4:
        raise InvalidOption(
            f"the record has {len(a)} strategies and {a.shape[1]} runs; expected at least 3 strategies and 4 runs"
        )
    taus = _compute_taus(a, b)
    rng = np.random.default_rng(_BOOTSTRAP_SEED)
    drawn = np.array([_compute_taus(_resample_runs(a, rng), _resample_runs(b, rng)) for _ in range(_N_RESAMPLES)])
    halves = np.array([_compare_halves(a, rng) for _ in range(_N_RESAMPLES)])
    *by_share, mean, cells = (_make_interval(tau, values) for tau, values in zip(taus, drawn.T, strict=True))
    n_decided, alike = _count_decided(a, b)
    ceiling = _make_interval(float(halves.mean()), halves)
    by_metric = _compute_taus_by_metric(tasks[truth], tasks[other])
    return Agreement(truth, other, SHARES, tuple(by_share), mean, cells, ceiling, n_decided, alike, by_metric)


def _compute_taus_by_metric(truth: TaskAnalysis, other: TaskAnalysis) -> dict[str, float]:
    names = [name for name, scale in truth.metric_scales.items() if scale.direction != "none"]
    return {name: compute_tau_b(truth.rank_by(name), other.rank_by(name)).item() for name in names}


def _read_levels(task: TaskAnalysis) -> Floats:
    """Return [strategies, runs, shares] normalised regret."""
    at = np.searchsorted(task.grid, np.array(SHARES) * (1 + 1e-12), side="right") - 1
    levels: Floats = task.curves[:, :, at.clip(min=0)]
    return levels


def _compute_taus(a: Floats, b: Floats) -> list[float]:
    """Return tau after each share, their mean, and tau over all shares together."""
    first, second = a.mean(axis=1), b.mean(axis=1)
    by_share: list[float] = compute_tau_b(first.T, second.T).tolist()
    return [*by_share, float(np.mean(by_share)), compute_tau_b(first.ravel(), second.ravel()).item()]


def compute_tau_b(x: Floats, y: Floats) -> Floats:
    """Compute Kendall's tau-b along the last axis [..., n]; 0 if all values of one side are tied."""
    i, j = np.triu_indices(x.shape[-1], k=1)
    first, second = np.sign(x[..., i] - x[..., j]), np.sign(y[..., i] - y[..., j])
    untied = np.sqrt(np.abs(first).sum(axis=-1) * np.abs(second).sum(axis=-1))
    agreed = (first * second).sum(axis=-1)
    tau: Floats = np.divide(agreed, untied, out=np.zeros_like(untied), where=untied > 0)
    return tau


def _resample_runs(levels: Floats, rng: np.random.Generator) -> Floats:
    """Resample whole runs: all strategies of a run share its noise, so they stay together."""
    runs = levels.shape[1]
    return levels[:, rng.integers(0, runs, size=runs)]


def _compare_halves(levels: Floats, rng: np.random.Generator) -> float:
    order = rng.permutation(levels.shape[1])
    half = len(order) // 2
    return _compute_taus(levels[:, order[:half]], levels[:, order[half : 2 * half]])[-2]


def _count_decided(a: Floats, b: Floats) -> tuple[int, float]:
    """Count the pairs that differ significantly in ``a``, and compute the share that ``b`` puts in the same order."""
    alike = []
    for i, j in combinations(range(len(a)), 2):
        p = stats.mannwhitneyu(a[i], a[j], axis=0).pvalue
        order, other = (np.sign(levels[i].mean(axis=0) - levels[j].mean(axis=0)) for levels in (a, b))
        alike += (order == other)[p < _P].tolist()
    return len(alike), float(np.mean(alike)) if alike else float("nan")


def _make_interval(value: float, drawn: Floats) -> Interval:
    low, high = np.quantile(drawn, [_P / 2, 1 - _P / 2])
    return Interval(value, float(low), float(high))


def _convert_interval(interval: Interval) -> dict[str, float]:
    return {"value": interval.value, "low": interval.low, "high": interval.high}
