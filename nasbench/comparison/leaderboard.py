"""The leaderboard of a record: numbers with their uncertainty, as data and as text.

There are two tables: ``overall`` ranks the strategies over all tasks, and ``tasks`` shows every task and strategy. The
data hold every metric; the text shows the default metrics and those that are requested. ``best`` holds the best
architecture found on each task. The leaderboard of an unfinished record shows all finished runs, but ranks only the
largest part of the record in which no run is missing.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.comparison.analysis import Analysis, PairAnalysis, TaskAnalysis
from nasbench.comparison.leaderboard_text import format_best, format_notes, format_overall, format_tasks
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.files import write_text
from nasbench.metrics import Metric
from nasbench.reports.display import LeaderboardDisplay
from nasbench.reports.tables import FORMATS, as_csv, finite, tabulated
from nasbench.statistics.intervals import compute_iqm_intervals
from nasbench.statistics.over_tasks import compare_over_tasks
from nasbench.statistics.ranking import rank
from nasbench.statistics.survival import estimate_survival, find_median
from nasbench.units import Scale

_CHANCE = "random_search"  # the baseline that every strategy should beat


@dataclass(frozen=True)
class Leaderboard(LeaderboardDisplay):
    """Tables of plain data.

    Attributes:
        overall: a row for each strategy, best average rank first, with a summary of each metric over all tasks; of an
            unfinished record, the strategies that are not ranked come last.
        tasks: a row for each task and strategy, in the record's order, with a summary of each metric over runs.
        best: a row for each task with the best architecture found: its text, what the run ``run`` of ``strategy``
            observed of it, its reported values, and how many runs handed it over, in total and by strategy.
        complete: whether no run is missing.
        progress: numbers of finished runs by task and strategy, and what is ranked.
        tests: Friedman's p-value, Holm-corrected pairwise p-values, and a description of the blocks; the pairwise part
            is None if scikit-posthocs is not installed.
        scales: task -> reported split -> its unit and direction.
        metrics: name -> label, unit, direction and bounds of the metric.
        metric_scales: task -> metric -> unit and direction of its values.
        shown: names of the metrics that the text shows besides the default ones.
        head: that the record is unfinished, and what is ranked; empty for a complete record.
        notes: how to read the numbers.
    """

    tables = ("overall", "tasks", "best")

    overall: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    best: list[dict[str, Any]]
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
            format_overall(self.overall, self.metrics, self.shown),
            format_tasks(self.tasks, self.scales, self.metrics, self.metric_scales, self.shown),
        ]
        return tabulated(tables, self.notes, kind, head=self.head, entries=format_best(self.best, self.scales))


def leaderboard(analysis: Analysis, shown: Sequence[str] = ()) -> Leaderboard:
    """Compute the leaderboard of an analysed record.

    Args:
        analysis: analysis of the record.
        shown: names of metrics to show in the text besides the default ones.

    Raises:
        UnknownName: a metric was not computed.
        InvalidOption: a metric has the name of another column.
    """
    for name in shown:
        if name not in analysis.metrics:
            raise make_unknown_name("metric of the analysis", name, analysis.metrics)
    if analysis.recommends:
        shown = ["inference_regret", "normalized_inference_regret", *shown]
    shown = list(dict.fromkeys(shown))
    over_tasks = compare_over_tasks(analysis.levels, analysis.sample, "minimize")
    pairwise = _table(over_tasks.nemenyi.p, analysis.strategies)
    tests = {
        "over": analysis.sample.describe(),
        "friedman_p": over_tasks.friedman,
        "critical_difference": over_tasks.nemenyi.critical,
        "pairwise_p": pairwise,
    }
    return Leaderboard(
        overall=_overall_rows(analysis, pairwise) + _list_unranked(analysis),
        tasks=[_make_task_row(pair, analysis) for pair in analysis.pairs],
        best=[row for found in analysis.found if (row := found.choose_best())],
        complete=analysis.progress.complete,
        progress=analysis.progress.as_dict(analysis.block),
        tests=tests,
        scales={pair.task.name: pair.task.scales for pair in analysis.pairs},
        metrics={name: _describe(name, metric) for name, metric in analysis.metrics.items()},
        metric_scales={pair.task.name: pair.task.metric_scales for pair in analysis.pairs},
        shown=shown,
        head=analysis.progress.describe(analysis.block),
        notes=[*format_notes(analysis, tests, shown, _CHANCE), *analysis.conditions],
    )


def _overall_rows(analysis: Analysis, pairwise: Any) -> list[dict[str, Any]]:
    """Return the rows of the ranked strategies, best average rank first."""
    average, ranked = analysis.average_rank, rank(analysis.levels, "minimize")
    summaries = {name: _summarize_over_tasks(analysis, name) for name in analysis.metrics}
    rows = [
        _with_metrics(
            {
                "strategy": strategy,
                **_count_finished(analysis, strategy),
                "average_rank": float(average[i]),
                "wins": int((ranked[:, i] == ranked.min(axis=1)).sum()),
                "n_tasks": len(analysis.tasks),
                "failed": int(sum(task.failed[i].sum() for task in analysis.tasks)),
            },
            {name: own[i] for name, own in summaries.items()},
        )
        for i, strategy in enumerate(analysis.strategies)
    ]
    rows.sort(key=lambda row: (row["average_rank"], row["strategy"]))
    for name, rival in (("p_against_best", rows[0]["strategy"]), ("p_against_random", _CHANCE)):
        for row in rows:
            tested = rival in pairwise and row["strategy"] != rival
            row[name] = pairwise[rival][row["strategy"]] if tested else None
    return rows


def _summarize_over_tasks(analysis: Analysis, name: str) -> list[dict[str, float]]:
    """Summarise a metric for each strategy: its average rank, and its values over tasks if they are comparable."""
    metric = analysis.metrics[name]
    ranked = np.stack([task.rank_by(name) for task in analysis.tasks])
    summaries = []
    for i in range(len(analysis.strategies)):
        summary = {"average_rank": float(analysis.sample.weights @ ranked[:, i])}
        if metric.comparable:
            summary |= _summarize([_defined(task.metrics[name][i]) for task in analysis.tasks])
        summaries.append(summary)
    return summaries


def _list_unranked(analysis: Analysis) -> list[dict[str, Any]]:
    """Return the rows of strategies that are not ranked because runs are missing; nan stands for what is unknown."""
    unknown = {"average_rank": math.nan, **_summarize([])}
    return [
        {
            "strategy": strategy,
            **_count_finished(analysis, strategy),
            "average_rank": math.nan,
            "wins": 0,
            "n_tasks": len(analysis.tasks),
            "failed": int(sum(pair.task.failed.sum() for pair in analysis.pairs if pair.strategy == strategy)),
            **dict.fromkeys(analysis.metrics, unknown),
            "p_against_best": None,
            "p_against_random": None,
        }
        for strategy in analysis.progress.strategies
        if strategy not in analysis.strategies
    ]


def _count_finished(analysis: Analysis, strategy: str) -> dict[str, int]:
    """Return the number of finished runs of a strategy on all tasks, and of all its runs."""
    counts = analysis.progress.counts[:, analysis.progress.strategies.index(strategy)]
    return {"finished": int(counts.sum()), "planned": len(counts) * analysis.progress.n_runs}


def _make_task_row(pair: PairAnalysis, analysis: Analysis) -> dict[str, Any]:
    task, i = pair.task, pair.at
    trials, overhead_s = float(task.metrics["trials"][i].sum()), float(np.nansum(task.metrics["overhead"][i]))
    own = {
        "task": task.name,
        "strategy": pair.strategy,
        "runs": task.failed.shape[1],
        "planned": analysis.progress.n_runs,
        "failed": int(task.failed[i].sum()),
        "rank": pair.rank,
        "unit": task.scales[task.splits[0]].unit,
        "direction": task.scales[task.splits[0]].direction,
        "final": {split: _summarize([_defined(values[i])]) for split, values in task.final.items()},
        "overhead_us_per_trial": 1e6 * overhead_s / trials if trials else math.nan,
        "usage": {name: _summarize([_defined(used[i])]) for name, used in task.usage.items()},
        "optimum": task.optimum,
    }
    return _with_metrics(own, {name: _summarize_runs(task, name, i) for name in analysis.metrics})


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


def _defined(values: Floats) -> Floats:
    return values[~np.isnan(values)]


def _summarize_runs(task: TaskAnalysis, name: str, strategy: int) -> dict[str, float]:
    values = task.metrics[name][strategy]
    if name not in task.censored:
        return {"n": int((~np.isnan(values)).sum()), **_summarize([_defined(values)])}
    known = ~np.isnan(values)
    return _summarize_censored(values[known], task.censored[name][strategy][known]) | {
        "restricted_mean": float(task.summarize(name)[strategy])
    }


def _summarize_censored(values: Floats, censored: Bools) -> dict[str, float]:
    """Return how many runs reached it, the median time with its interval, and until when a run was followed.

    A bound that was not reached is infinite, null in JSON: then all that is known is that it exceeds ``followed``.
    """
    curve = estimate_survival(values, censored)
    median = find_median(curve)
    return {
        "n": len(values),
        "n_reached": int((~censored).sum()),
        "median": median.value,
        "low": median.low,
        "high": median.high,
        "followed": curve.end,
    }


def _summarize(strata: list[Floats]) -> dict[str, float]:
    """Return mean, std over runs, interquartile mean and its interval; nan where there is no run."""
    values = np.concatenate(strata) if strata else np.empty(0)
    if not len(values):
        return dict.fromkeys(("mean", "std", "iqm", "low", "high"), math.nan)
    runs = values[None]
    iqm, low, high = compute_iqm_intervals(runs, np.zeros(runs.shape, dtype=bool), (-np.inf, np.inf))
    std = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return {
        "mean": float(values.mean()),
        "std": std,
        "iqm": float(iqm[0]),
        "low": float(low[0]),
        "high": float(high[0]),
    }


def _table(values: Floats, names: list[str]) -> dict[str, dict[str, float]]:
    return {row: dict(zip(names, line, strict=True)) for row, line in zip(names, values.tolist(), strict=True)}


def write_leaderboard(board: Leaderboard, folder: Path) -> list[Path]:
    """Write every format into ``folder`` and return the files."""
    endings = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html", "csv": "csv", "json": "json"}
    texts = {f"leaderboard.{endings[kind]}": board.render(kind) for kind in FORMATS}
    texts |= {"leaderboard_overall.csv": as_csv(board.overall), "leaderboard_best.csv": as_csv(board.best)}
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]
