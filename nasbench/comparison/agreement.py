"""Does a surrogate rank strategies as its table does? Kendall's tau of the two rankings, over budgets.

A surrogate benchmark is only as good as its ranking of strategies (Zela et al. 2022, arXiv 2008.09777, compare
trajectories by eye; Eggensperger et al. 2015, AAAI, compare rankings of optimisers). Each of the two tasks of a record
is reduced to the interquartile mean of the normalised regret of each strategy after shares of the budget.

An interval of tau is over runs on these two tasks: it holds tau of the true rankings, those of infinitely many runs. A
pair of strategies is decided on a task if the Brunner-Munzel test and Yuen's test of trimmed means (Yuen 1974,
Biometrika 61) both separate it after Holm's correction over all pairs of both tasks. Pairs that are not decided on both
may agree or not, and the bounds of tau allow for either. A bootstrap of runs would not do: resampled rankings are
noisier than the rankings, so tau of the resamples is too small.

As a ceiling, the same tau is computed between halves of the table's own runs, drawn many times: with that many runs,
strategies that hardly differ change places by chance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.errors import InvalidOption
from nasbench.statistics.intervals import CONFIDENCE, LEAST_RUNS, Interval, compute_iqm
from nasbench.statistics.on_one_task import adjust_list_by_holm, compare_runs
from nasbench.statistics.ranking import round_sums
from nasbench.statistics.trimmed_means import compare_interquartile_means

SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_N_SPLITS = 500
_SEED = 20200117  # fixed: the same record always prints the same numbers
_P = 1 - CONFIDENCE


@dataclass(frozen=True)
class RunLevels:
    """The runs on one task.

    Attributes:
        regret: [strategies, shares, runs] normalised regret after shares of the budget.
        failed: [strategies, runs] whether the run failed.
    """

    regret: Floats
    failed: Bools

    @property
    def by_strategy(self) -> Floats:
        """[shares, strategies] interquartile mean over runs."""
        failed = np.broadcast_to(self.failed[:, None], self.regret.shape)
        return round_sums(compute_iqm(self.regret, failed)).T

    def take_runs(self, at: Any) -> "RunLevels":
        """Return some of the runs, by position."""
        return RunLevels(self.regret[..., at], self.failed[:, at])


@dataclass(frozen=True)
class Agreement:
    """How well two tasks agree about the ranking of strategies.

    Attributes:
        truth, other: names of the tasks.
        shares: shares of the budget.
        by_share: tau of the two rankings after each share, with an interval of tau of the true rankings; its bounds are
            nan for fewer than ``LEAST_RUNS`` runs.
        mean: mean of ``by_share``, with an interval likewise.
        cells: tau over all pairs of strategy and share together; it also compares how regrets fall over time.
        ceiling: mean over many splits of tau between two halves of the runs on ``truth``, each with half as many runs;
            instead of an interval, it has the range of the middle 95 % of the splits.
        n_decided: pairs of strategies that differ significantly on ``truth`` (corrected by Holm over the pairs of a
            share), counted once for each share.
        decided: share of these pairs that ``other`` puts in the same order; nan without any.
        by_metric: name -> tau of the two rankings by each metric that has a direction.
    """

    truth: str
    other: str
    shares: tuple[float, ...]
    by_share: tuple[Interval, ...]
    mean: Interval
    cells: float
    ceiling: Interval
    n_decided: int
    decided: float
    by_metric: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return plain data, with None for undefined values."""
        plain = {name: _convert_interval(getattr(self, name)) for name in ("mean", "ceiling")}
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
            "cells": self.cells,
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
    n, _, runs = a.regret.shape
    if n < 3 or runs < 4:
        raise InvalidOption(f"the record has {n} strategies and {runs} runs; expected at least 3 strategies and 4 runs")
    *by_share, mean = compute_tau_intervals(a, b)
    n_decided, alike = _count_decided(a, b)
    return Agreement(
        truth=truth,
        other=other,
        shares=SHARES,
        by_share=tuple(by_share),
        mean=mean,
        cells=compute_tau_b(a.by_strategy.ravel(), b.by_strategy.ravel()).item(),
        ceiling=_compare_halves(a),
        n_decided=n_decided,
        decided=alike,
        by_metric=_compute_taus_by_metric(tasks[truth], tasks[other]),
    )


def _compute_taus_by_metric(truth: TaskAnalysis, other: TaskAnalysis) -> dict[str, float]:
    names = [name for name, scale in truth.metric_scales.items() if scale.direction != "none"]
    return {name: compute_tau_b(truth.rank_by(name), other.rank_by(name)).item() for name in names}


def _read_levels(task: TaskAnalysis) -> RunLevels:
    at = np.searchsorted(task.grid, np.array(SHARES) * (1 + 1e-12), side="right") - 1
    return RunLevels(np.moveaxis(task.curves[:, :, at.clip(min=0)], 2, 1), task.failed)


def compute_tau_intervals(a: RunLevels, b: RunLevels) -> list[Interval]:
    """Compute tau of the rankings on two tasks after each share, and their mean, with 95 % intervals.

    The intervals hold tau of the true rankings, those of infinitely many runs.
    """
    taus = compute_tau_b(a.by_strategy, b.by_strategy)
    p = np.stack([_compare_pairs(a), _compare_pairs(b)], axis=1)  # [shares, tasks, pairs]
    order = np.stack([_order_pairs(a), _order_pairs(b)], axis=1)
    of_share = np.array([adjust_list_by_holm(own.ravel()).reshape(own.shape) for own in p])
    of_all = adjust_list_by_holm(p.ravel()).reshape(p.shape)
    bounds, mean_bounds = _bound_taus(of_share, order), _bound_taus(of_all, order).mean(axis=1)
    intervals = [_make_interval(*own) for own in zip(taus.tolist(), *bounds.tolist(), strict=True)]
    return [*intervals, _make_interval(float(taus.mean()), *mean_bounds.tolist())]


def _compare_pairs(levels: RunLevels) -> Floats:
    """Return the larger p-value of both tests of each pair of strategies; ``[shares, pairs]``."""
    i, j = np.triu_indices(len(levels.regret), k=1)
    shares = np.moveaxis(levels.regret, 1, 0)
    stochastic = np.stack([compare_runs(own)[i, j] for own in shares])
    trimmed = np.stack([compare_interquartile_means(own)[i, j] for own in shares])
    return np.fmax(stochastic, trimmed)  # Yuen's is undefined where the middle halves of both are constant


def _order_pairs(levels: RunLevels) -> Floats:
    """Return the order of each pair of strategies, -1, 0 or 1; ``[shares, pairs]``."""
    i, j = np.triu_indices(len(levels.regret), k=1)
    ordered: Floats = np.sign(levels.by_strategy[:, i] - levels.by_strategy[:, j])
    return ordered


def _bound_taus(p: Floats, order: Floats) -> Floats:
    """Return the smallest and the largest tau that undecided pairs [shares, tasks, pairs] allow; ``[2, shares]``."""
    decided = (p <= _P).all(axis=1) & (order != 0).all(axis=1)
    agreed = np.where(decided, order.prod(axis=1), 0.0)
    bounds = np.stack([agreed - ~decided, agreed + ~decided]).mean(axis=2)
    return np.where(np.isnan(p).any(axis=(1, 2)), np.nan, bounds)


def _make_interval(tau: float, low: float, high: float) -> Interval:
    """Make an interval that holds its value, which ties may move beyond the bounds by a rounding error."""
    return Interval(tau, min(low, tau), max(high, tau)) if not np.isnan(low) else Interval(tau, low, high)


def compute_tau_b(x: Floats, y: Floats) -> Floats:
    """Compute Kendall's tau-b along the last axis [..., n]; 0 if all values of one side are tied."""
    i, j = np.triu_indices(x.shape[-1], k=1)
    first, second = np.sign(x[..., i] - x[..., j]), np.sign(y[..., i] - y[..., j])
    untied = np.sqrt(np.abs(first).sum(axis=-1) * np.abs(second).sum(axis=-1))
    agreed = (first * second).sum(axis=-1)
    tau: Floats = np.divide(agreed, untied, out=np.zeros_like(untied), where=untied > 0)
    return tau


def _compare_halves(levels: RunLevels) -> Interval:
    """Compare the rankings of two halves of the runs, in many splits; return mean tau and where most splits lie."""
    rng = np.random.default_rng(_SEED)
    runs = levels.failed.shape[1]
    taus = np.empty(_N_SPLITS)
    for split in range(_N_SPLITS):
        first, second = rng.permutation(runs)[: runs // 2 * 2].reshape(2, -1)
        taus[split] = compute_tau_b(levels.take_runs(first).by_strategy, levels.take_runs(second).by_strategy).mean()
    if runs < LEAST_RUNS:
        return Interval(float(taus.mean()), np.nan, np.nan)
    low, high = np.quantile(taus, [_P / 2, 1 - _P / 2]).tolist()
    return Interval(float(taus.mean()), low, high)


def _count_decided(a: RunLevels, b: RunLevels) -> tuple[int, float]:
    """Count the pairs that differ significantly in ``a``, and compute the share that ``b`` puts in the same order."""
    order = _order_pairs(a)
    p = np.array([adjust_list_by_holm(own) for own in _compare_pairs(a)])
    decided = (p <= _P) & (order != 0)
    alike = (order == _order_pairs(b))[decided]
    return len(alike), float(alike.mean()) if len(alike) else float("nan")


def _convert_interval(interval: Interval) -> dict[str, float | None]:
    return {name: None if np.isnan(bound) else bound for name, bound in interval._asdict().items()}
