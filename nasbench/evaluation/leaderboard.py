"""The leaderboard of predictors: numbers with their uncertainty, as data and as text.

There are three tables: ``overall`` ranks the predictors by each protocol over all tasks, ``sizes`` shows Kendall's tau
on each task, averaged over train sizes and at each of them, and ``details`` shows every metric for each task, protocol,
predictor and train size. If learning curves are cut, the name of a protocol includes the cutoff, and ``cutoffs`` shows
the main metrics over the cutoffs at the largest train size.
"""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import make_unknown_name
from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis
from nasbench.evaluation.intervals import compute_mean_interval
from nasbench.evaluation.leaderboard_text import (
    format_cutoffs,
    format_details,
    format_overall,
    format_sizes,
    write_notes,
)
from nasbench.evaluation.ranking import (
    DIRECTION,
    OverallRanking,
    TaskComparison,
    average_sizes,
    compare_on_task,
    rank_predictors,
)
from nasbench.reports.claims import list_pairs, list_pairs_over_tasks
from nasbench.reports.display import LeaderboardDisplay
from nasbench.reports.tables import FORMATS, as_csv, finite, tabulated
from nasbench.statistics.over_tasks import DEFAULT_TEST, check_test
from nasbench.statistics.ranking import rank

Row = dict[str, Any]
_OnTasks = dict[tuple[str, str], list[TaskComparison]]
"""Task and protocol -> comparisons by the mean over train sizes, and at each size."""

_OVER_CUTOFFS = ("spearman", "rmse", "log_likelihood", "coverage_90", "time_saved", "stopping_regret")


@dataclass(frozen=True)
class PredictionLeaderboard(LeaderboardDisplay):
    """Tables of plain data.

    Attributes:
        overall: a row for each protocol and predictor, best average rank first.
        sizes: a row for each task, protocol and predictor, best mean tau first.
        details: a row for each task, protocol, predictor and train size, in the record's order.
        cutoffs: a row for each task, protocol, metric and predictor, in the record's order; none without cutoffs.
        pairs: a row for each protocol and pair of predictors, with the p-values of all tests over tasks; with fewer
            than six tasks, for each task, train size (or ``mean``) and pair, with the p-values of tests on the task.
        tests: protocol -> what the tests are over, which of them is shown, and their numbers that are not of single
            pairs.
        notes: how to read the numbers.
    """

    tables = ("overall", "sizes", "details", "cutoffs", "pairs")
    written = ("overall", "pairs")

    overall: list[Row]
    sizes: list[Row]
    details: list[Row]
    cutoffs: list[Row]
    pairs: list[Row]
    tests: dict[str, Any]
    notes: list[str]

    def render(self, kind: str) -> str:
        """Return the leaderboard as ``text`` (no details), ``markdown``, ``latex``, ``html``, ``csv`` or ``json``.

        Raises:
            UnknownName: an unknown format.
        """
        if kind == "json":
            return json.dumps(finite(asdict(self)), indent=2, allow_nan=False) + "\n"
        if kind == "csv":
            return as_csv(self.details)
        if kind not in FORMATS:
            raise make_unknown_name("leaderboard format", kind, FORMATS)
        tables = [format_overall(self.overall, self.tests), format_sizes(self.sizes)]
        if self.cutoffs:
            tables.append(format_cutoffs(self.cutoffs))
        if kind == "text":  # the details are too wide for a terminal
            return tabulated(tables, [*self.notes, "every other metric: leaderboard.md, .csv, .json"], kind)
        return tabulated([*tables, format_details(self.details)], self.notes, kind)


def leaderboard(analysis: PredictionAnalysis, test: str = DEFAULT_TEST) -> PredictionLeaderboard:
    """Compute the leaderboard of an analysed record.

    Args:
        analysis: analysis of the record.
        test: test over tasks behind tiers and p-values: ``nemenyi``, or ``max_t``, which finds more differences but is
            approximate.

    Raises:
        UnknownName: an unknown test.
    """
    check_test(test)
    rankings = {protocol: rank_predictors(analysis, protocol) for protocol in analysis.protocols}
    on_tasks = {
        (own.name, own.protocol): compare_on_task(own)
        for own in analysis.tests
        if not rankings[own.protocol].sample.is_enough
    }
    return PredictionLeaderboard(
        overall=[row for ranking in rankings.values() for row in _make_overall_rows(analysis, ranking, test)],
        sizes=[row for own in analysis.tests for row in _make_size_rows(analysis, own, on_tasks)],
        details=[row for own in analysis.tests for row in _make_detail_rows(analysis, own, on_tasks)],
        cutoffs=_make_cutoff_rows(analysis),
        pairs=[row for ranking in rankings.values() for row in _list_pairs(analysis, ranking, on_tasks)],
        tests={
            protocol: {**ranking.tests.describe(), "left_out": ranking.left_out, "test": test}
            for protocol, ranking in rankings.items()
        },
        notes=write_notes(analysis, list(rankings.values()), test),
    )


def _make_overall_rows(analysis: PredictionAnalysis, ranking: OverallRanking, test: str) -> list[Row]:
    average, low, high = ranking.average_rank
    mean, mean_low, mean_high = ranking.mean
    chosen = ranking.tests.choose(test)
    order = np.lexsort((np.array(analysis.predictors), average)).tolist()
    best, tested = order[0], chosen.can_separate
    tiers, more = (ranking.find_tiers(chosen), ranking.estimate_more(chosen)) if tested else (None, None)
    return [
        {
            "protocol": ranking.protocol,
            "predictor": analysis.predictors[i],
            "average_rank": float(average[i]),
            "rank_low": float(low[i]),
            "rank_high": float(high[i]),
            "tier": None if tiers is None else int(tiers[i]),
            "first_on": int(ranking.n_first[i]),
            "n_tasks": len(ranking.tasks),
            "kendall": float(mean[i]),
            "kendall_low": float(mean_low[i]),
            "kendall_high": float(mean_high[i]),
            "p_against_best": float(chosen.p[i, best]) if tested and i != best else None,
            "more_to_separate_from_best": None if more is None or i == best else float(more[i, best]),
            "failed": int(sum(failed[i].sum() for failed in analysis.failed.values())),
        }
        for i in order
    ]


def _make_size_rows(analysis: PredictionAnalysis, test: TaskPredictionAnalysis, on_tasks: _OnTasks) -> list[Row]:
    tau, runs = test.metrics["kendall"], average_sizes(test)
    means = runs.mean(axis=1) if runs.shape[1] else np.full(len(runs), np.nan)
    ranks = rank(means, DIRECTION)
    compared: list[TaskComparison | None] = [*on_tasks.get((test.name, test.protocol), [])]
    overall, *of_sizes = compared or [None] * (1 + len(analysis.sizes))
    return [
        {
            "task": test.name,
            "protocol": test.protocol,
            "predictor": analysis.predictors[i],
            "rank": math.nan if np.isnan(means[i]) else float(ranks[i]),
            "mean_tau": _summarize_tau(runs[i], overall, i),
            "kendall": {str(size): _summarize_tau(tau[i, j], of_sizes[j], i) for j, size in enumerate(analysis.sizes)},
        }
        for i in np.lexsort((np.array(analysis.predictors), -means)).tolist()
    ]


def _summarize_tau(runs: Floats, compared: TaskComparison | None, i: int) -> dict[str, Any]:
    """Summarise tau over runs, with what tests on the task say of the ``i``-th predictor."""
    tested = compared is not None and compared.is_tested
    return summarize_metric("kendall", runs) | {
        "p_to_best": compared.p_to_best[i] if compared else None,
        "leads": bool(compared.leading[i]) if compared and tested else None,
    }


def _make_detail_rows(analysis: PredictionAnalysis, test: TaskPredictionAnalysis, on_tasks: _OnTasks) -> list[Row]:
    costs, failed = analysis.costs[test.name], analysis.failed[test.name]
    compared = on_tasks.get((test.name, test.protocol))
    return [
        {
            "task": test.name,
            "family": test.family,
            "protocol": test.protocol,
            "predictor": predictor,
            "train_size": size,
            "n_test": float(test.n_test[i, j].mean()),
            "runs": failed.shape[2],
            "failed": int(failed[i, j].sum()),
            "unit": test.scale.unit,
            "direction": test.scale.direction,
            "p_to_best": compared[1 + j].p_to_best[i] if compared else None,
            **{metric: summarize_metric(metric, values[i, j]) for metric, values in test.metrics.items()},
            **{cost: compute_median(values[i, j]) for cost, values in costs.items()},
        }
        for i, predictor in enumerate(analysis.predictors)
        for j, size in enumerate(analysis.sizes)
    ]


def _make_cutoff_rows(analysis: PredictionAnalysis) -> list[Row]:
    """Return the rows of metrics over the cutoffs at the largest train size."""
    cut = [test for test in analysis.tests if not math.isnan(test.cutoff)]
    groups = dict.fromkeys((test.name, test.protocol.partition("@")[0]) for test in cut)
    return [
        {
            "task": task,
            "protocol": protocol,
            "metric": metric,
            "predictor": predictor,
            "train_size": analysis.sizes[-1],
            "unit": next(test.scale.unit for test in cut if test.name == task),
            "by_cutoff": {
                f"{test.cutoff:g}": summarize_metric(metric, test.metrics[metric][i, -1])
                for test in cut
                if (test.name, test.protocol.partition("@")[0]) == (task, protocol)
            },
        }
        for task, protocol in groups
        for metric in _OVER_CUTOFFS
        for i, predictor in enumerate(analysis.predictors)
    ]


def _list_pairs(analysis: PredictionAnalysis, ranking: OverallRanking, on_tasks: _OnTasks) -> list[Row]:
    """Return a row for each pair of predictors over tasks; with fewer than six tasks, on each task and train size."""
    names = analysis.predictors
    if ranking.sample.is_enough:
        return list_pairs_over_tasks(ranking.tests, "predictor", names, {"protocol": ranking.protocol})
    return [
        row
        for (task, protocol), compared in on_tasks.items()
        if protocol == ranking.protocol
        for size, own in zip(["mean", *analysis.sizes], compared, strict=True)
        for row in list_pairs(
            {"difference": own.mean[:, None] - own.mean, "p_paired_t": own.unadjusted, "p_holm": own.p},
            "predictor",
            names,
            {"task": task, "protocol": protocol, "train_size": size, "runs": own.runs},
        )
    ]


def summarize_metric(metric: str, values: Floats) -> dict[str, float]:
    """Summarise the runs that have a value: mean, std, and the 95 % interval of the mean; nan without any."""
    values = values[~np.isnan(values)]
    if not len(values):
        return dict.fromkeys(("mean", "std", "low", "high"), math.nan)
    mean, low, high = (float(value) for value in compute_mean_interval(metric, values))
    std = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return {"mean": mean, "std": std, "low": low, "high": high}


def compute_median(values: Floats) -> float:
    """Compute the median of a measurement; not the mean, because the first run of a process also fills caches."""
    values = values[~np.isnan(values)]
    return float(np.median(values)) if len(values) else math.nan
