"""The leaderboard of a record: numbers with their uncertainty, as data and as text.

There are two tables: ``overall`` ranks the strategies over all tasks, and ``tasks`` shows every task and strategy. The
data hold every metric; the text shows the default metrics and those that are requested. ``best`` holds the best
architecture found on each task. The leaderboard of an unfinished record shows all finished runs, but ranks only the
largest part of the record in which no run is missing.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, PairAnalysis
from nasbench.comparison.claims import Claims, list_claims, make_claims
from nasbench.comparison.leaderboard_notes import write_notes
from nasbench.comparison.leaderboard_text import format_best, format_overall, format_tasks
from nasbench.comparison.summaries import make_unknown_summary, summarize_over_tasks, summarize_task
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.metrics import Metric
from nasbench.reports.display import LeaderboardDisplay
from nasbench.reports.tables import FORMATS, as_csv, finite, tabulated
from nasbench.statistics.over_tasks import DEFAULT_TEST
from nasbench.statistics.ranking import rank
from nasbench.units import Scale

_CHANCE = "random_search"  # the baseline that every strategy should beat


@dataclass(frozen=True)
class Leaderboard(LeaderboardDisplay):
    """Tables of plain data.

    Attributes:
        overall: a row for each strategy, best average rank first, with its interval and tier over tasks like these
            and a summary of each metric over all tasks; of an unfinished record, the strategies that are not ranked
            come last.
        tasks: a row for each task and strategy, in the record's order, with a summary of each metric over runs; with
            fewer than six tasks, also with the place, tier and p-values on this task.
        best: a row for each task with the best architecture found: its text, what the run ``run`` of ``strategy``
            observed of it, its reported values, and how many runs handed it over, in total and by strategy.
        pairs: a row for each pair of ranked strategies with its p-values: over tasks by Nemenyi's test and by max-T,
            both adjusted for all pairs, and by sign flips, unadjusted, with the numbers of more tasks that would
            separate the pair; with fewer than six tasks, on each task by the Brunner-Munzel test and adjusted by Holm.
        complete: whether no run is missing.
        progress: numbers of finished runs by task and strategy, and what is ranked.
        tests: what the tests are over, which one is shown, Friedman's p-value, and the critical sizes.
        scales: task -> reported split -> its unit and direction.
        metrics: name -> label, unit, direction and bounds of the metric.
        metric_scales: task -> metric -> unit and direction of its values.
        shown: names of the metrics that the text shows besides the default ones.
        head: that the record is unfinished, and what is ranked; empty for a complete record.
        notes: how to read the numbers.
    """

    tables = ("overall", "tasks", "best", "pairs")
    written = ("overall", "best", "pairs")

    overall: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    best: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    complete: bool
    progress: dict[str, Any]
    tests: dict[str, Any]
    scales: dict[str, dict[str, Scale]]
    metrics: dict[str, dict[str, Any]]
    metric_scales: dict[str, dict[str, Scale]]
    shown: list[str]
    head: list[str]
    notes: list[str]

    def render(self, kind: str) -> str:
        """Return the leaderboard as ``text``, ``markdown``, ``latex``, ``html``, ``csv`` (per task) or ``json``.

        Raises:
            UnknownName: an unknown format.
        """
        if kind == "json":
            scales = {"scales": _as_plain(self.scales), "metric_scales": _as_plain(self.metric_scales)}
            return json.dumps(finite(asdict(self) | scales), indent=2, allow_nan=False) + "\n"
        if kind == "csv":
            return as_csv(self.tasks)
        if kind not in FORMATS:
            raise make_unknown_name("leaderboard format", kind, FORMATS)
        tables = [
            format_overall(self.overall, self.tests, self.metrics, self.shown),
            format_tasks(self.tasks, self.scales, self.metrics, self.metric_scales, self.shown),
        ]
        return tabulated(tables, self.notes, kind, head=self.head, entries=format_best(self.best, self.scales))


def leaderboard(analysis: Analysis, shown: Sequence[str] = (), test: str = DEFAULT_TEST) -> Leaderboard:
    """Compute the leaderboard of an analysed record.

    Args:
        analysis: analysis of the record.
        shown: names of metrics to show in the text besides the default ones.
        test: the test over tasks behind the p-values and tiers that are shown, ``nemenyi`` or ``max_t``.

    Raises:
        UnknownName: a metric was not computed, or there is no such test.
        InvalidOption: a metric has the name of another column.
    """
    for name in shown:
        if name not in analysis.metrics:
            raise make_unknown_name("metric of the analysis", name, analysis.metrics)
    if analysis.recommends:
        shown = ["inference_regret", "normalized_inference_regret", *shown]
    shown = list(dict.fromkeys(shown))
    claims = make_claims(analysis, test)
    return Leaderboard(
        overall=_make_overall_rows(analysis, claims) + _list_unranked(analysis),
        tasks=_make_task_rows(analysis, claims),
        best=[row for found in analysis.found if (row := found.choose_best())],
        pairs=list_claims(claims, analysis.strategies),
        complete=analysis.progress.complete,
        progress=analysis.progress.as_dict(analysis.block),
        tests={**claims.over.describe(), "test": claims.test.name},
        scales={pair.task.name: pair.task.scales for pair in analysis.pairs},
        metrics={name: _describe(name, metric) for name, metric in analysis.metrics.items()},
        metric_scales={pair.task.name: pair.task.metric_scales for pair in analysis.pairs},
        shown=shown,
        head=analysis.progress.describe(analysis.block),
        notes=[*write_notes(analysis, claims, shown, _CHANCE), *analysis.conditions],
    )


def _make_overall_rows(analysis: Analysis, claims: Claims) -> list[dict[str, Any]]:
    """Return the rows of the ranked strategies, best average rank first."""
    average, ranked = analysis.average_rank, rank(analysis.levels, "minimize")
    wins = (ranked == ranked.min(axis=1, keepdims=True)).sum(axis=0)
    tiers = claims.tiers.tolist() if claims.are_over_tasks else [None] * len(average)
    summaries = {name: summarize_over_tasks(analysis, name) for name in analysis.metrics}
    rows = [
        _with_metrics(
            {
                "strategy": strategy,
                **_count_finished(analysis, strategy),
                "average_rank": float(average[i]),
                "rank_low": float(claims.rank_low[i]),
                "rank_high": float(claims.rank_high[i]),
                "tier": tiers[i],
                "wins": int(wins[i]),
                "n_tasks": len(analysis.tasks),
                "failed": int(sum(task.failed[i].sum() for task in analysis.tasks)),
            },
            {name: own[i] for name, own in summaries.items()},
        )
        for i, strategy in ((i, analysis.strategies[i]) for i in analysis.order)
    ]
    _compare_rows(rows, claims, analysis.strategies)
    return rows


def _compare_rows(rows: list[dict[str, Any]], claims: Claims, strategies: list[str]) -> None:
    """Add to sorted rows how each strategy compares with the best one and with random search, over tasks."""
    at = {strategy: i for i, strategy in enumerate(strategies)}
    best, more = rows[0]["strategy"], claims.more
    for row in rows:
        for name, rival in (("p_against_best", best), ("p_against_random", _CHANCE)):
            row[name] = _read_pair(claims.test.p, at, row["strategy"], rival)
        row["more_to_separate_from_best"] = _read_pair(more, at, row["strategy"], best)


def _read_pair(table: Floats, at: Mapping[str, int], strategy: str, rival: str) -> float | None:
    """Return the value of a pair; None if there is no such pair, or no value."""
    if strategy == rival or not {strategy, rival} <= at.keys():
        return None
    value = float(table[at[strategy], at[rival]])
    return None if math.isnan(value) else value


def _list_unranked(analysis: Analysis) -> list[dict[str, Any]]:
    """Return the rows of strategies that are not ranked because runs are missing; nan stands for what is unknown."""
    unknown = ("rank_low", "rank_high", "tier", "p_against_best", "p_against_random", "more_to_separate_from_best")
    return [
        {
            "strategy": strategy,
            **_count_finished(analysis, strategy),
            "average_rank": math.nan,
            "wins": 0,
            "n_tasks": len(analysis.tasks),
            "failed": int(sum(pair.task.failed.sum() for pair in analysis.pairs if pair.strategy == strategy)),
            **dict.fromkeys(analysis.metrics, make_unknown_summary()),
            **dict.fromkeys(unknown),
        }
        for strategy in analysis.progress.strategies
        if strategy not in analysis.strategies
    ]


def _count_finished(analysis: Analysis, strategy: str) -> dict[str, int]:
    """Return the number of finished runs of a strategy on all tasks, and of all its runs."""
    counts = analysis.progress.counts[:, analysis.progress.strategies.index(strategy)]
    return {"finished": int(counts.sum()), "planned": len(counts) * analysis.progress.n_runs}


def _make_task_rows(analysis: Analysis, claims: Claims) -> list[dict[str, Any]]:
    """Return a row for each task and strategy; the strategies of a task are summarised together."""
    tasks = {id(pair.task): pair.task for pair in analysis.pairs}
    summaries = {key: summarize_task(task, analysis.metrics) for key, task in tasks.items()}
    return [
        _make_task_row(pair, analysis, summaries[id(pair.task)][pair.at], _place_on_task(pair, analysis, claims))
        for pair in analysis.pairs
    ]


def _make_task_row(
    pair: PairAnalysis, analysis: Analysis, summary: dict[str, Any], place: dict[str, Any]
) -> dict[str, Any]:
    task, i = pair.task, pair.at
    trials, overhead_s = float(task.metrics["trials"][i].sum()), float(np.nansum(task.metrics["overhead"][i]))
    own = {
        "task": task.name,
        "family": task.family,
        "strategy": pair.strategy,
        "runs": task.failed.shape[1],
        "planned": analysis.progress.n_runs,
        "failed": int(task.failed[i].sum()),
        "rank": pair.rank,
        **place,
        "unit": task.scales[task.splits[0]].unit,
        "direction": task.scales[task.splits[0]].direction,
        "final": summary["final"],
        "overhead_us_per_trial": 1e6 * overhead_s / trials if trials else math.nan,
        "usage": summary["usage"],
        "optimum": task.optimum,
    }
    return _with_metrics(own, summary["metrics"])


def _place_on_task(pair: PairAnalysis, analysis: Analysis, claims: Claims) -> dict[str, Any]:
    """Return what the tests on a task say of a strategy; None where there is no test."""
    place: dict[str, Any] = dict.fromkeys(("rank_low", "rank_high", "tier", "p_against_best", "p_against_random"))
    own = claims.on_tasks.get(pair.task.name)
    at = {strategy: i for i, strategy in enumerate(analysis.strategies)}
    if own is None or not own.has_tests or pair.strategy not in at:
        return place
    i = at[pair.strategy]
    return {
        "rank_low": int(own.low[i]),
        "rank_high": int(own.high[i]),
        "tier": int(own.tiers[i]),
        "p_against_best": _read_pair(own.p, at, pair.strategy, analysis.strategies[own.best]),
        "p_against_random": _read_pair(own.p, at, pair.strategy, _CHANCE),
    }


def _with_metrics(row: dict[str, Any], summaries: dict[str, dict[str, float]]) -> dict[str, Any]:
    """Return a row with the summary of each metric under its name.

    Raises:
        InvalidOption: a metric has the name of another column.
    """
    if taken := row.keys() & summaries.keys():
        raise InvalidOption(f"metric '{min(taken)}' has the name of another column of the leaderboard; rename it")
    return row | summaries


def _describe(name: str, metric: Metric) -> dict[str, Any]:
    low, high = metric.bounds
    return {
        "label": metric.label or name.partition(",")[0],
        "unit": metric.unit,
        "direction": metric.direction,
        "bounds": [low, high],
        "comparable": metric.comparable,
    }


def _as_plain(scales: dict[str, dict[str, Scale]]) -> dict[str, dict[str, dict[str, str]]]:
    return {task: {name: scale._asdict() for name, scale in own.items()} for task, own in scales.items()}
