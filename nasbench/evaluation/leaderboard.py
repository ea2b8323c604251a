"""The leaderboard of predictors: numbers with their uncertainty, as data and as text.

There are three tables: ``overall`` ranks the predictors by each protocol, ``sizes`` shows Kendall's tau for each train
size, and ``details`` shows every metric for each task, protocol, predictor and train size. If learning curves are cut,
the name of a protocol includes the cutoff, and ``cutoffs`` shows the main metrics over the cutoffs at the largest train
size.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import make_unknown_name
from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis
from nasbench.evaluation.intervals import LEAST_RUNS, compute_mean_interval
from nasbench.files import write_text
from nasbench.reports.display import LeaderboardDisplay
from nasbench.reports.tables import FORMATS, as_csv, as_p, finite, tabulated
from nasbench.statistics.on_one_task import adjust_by_holm, compare_paired_runs
from nasbench.statistics.ranking import rank
from nasbench.units import Scale, append_unit, format_significant

Row = dict[str, Any]

_OVER_CUTOFFS = ("spearman", "rmse", "log_likelihood", "coverage_90", "time_saved", "stopping_regret")


@dataclass(frozen=True)
class PredictionLeaderboard(LeaderboardDisplay):
    """Tables of plain data.

    Attributes:
        overall: a row for each protocol and predictor, best average rank first.
        sizes: a row for each task, protocol and predictor, best mean tau first.
        details: a row for each task, protocol, predictor and train size, in the record's order.
        cutoffs: a row for each task, protocol, metric and predictor, in the record's order; none without cutoffs.
        notes: how to read the numbers.
    """

    tables = ("overall", "sizes", "details", "cutoffs")

    overall: list[Row]
    sizes: list[Row]
    details: list[Row]
    cutoffs: list[Row]
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
        tables = [[_format_overall(row) for row in self.overall], [_format_sizes(row) for row in self.sizes]]
        if self.cutoffs:
            tables.append([_format_cutoffs(row) for row in self.cutoffs])
        if kind == "text":  # the details are too wide for a terminal
            return tabulated(tables, [*self.notes, "every other metric: leaderboard.md, .csv, .json"], kind)
        return tabulated([*tables, [_format_details(row) for row in self.details]], self.notes, kind)


def leaderboard(analysis: PredictionAnalysis) -> PredictionLeaderboard:
    """Compute the leaderboard of an analysed record."""
    protocols = list(dict.fromkeys(test.protocol for test in analysis.tests))
    overall = [row for protocol in protocols for row in _make_overall_rows(analysis, protocol)]
    sizes = [row for test in analysis.tests for row in _make_size_rows(analysis, test)]
    details = [row for test in analysis.tests for row in _make_detail_rows(analysis, test)]
    return PredictionLeaderboard(overall, sizes, details, _make_cutoff_rows(analysis), _write_notes(analysis))


def _make_overall_rows(analysis: PredictionAnalysis, protocol: str) -> list[Row]:
    blocks = _select_defined(analysis.collect_blocks(protocol))
    average = _average_blocks(rank(-blocks, "minimize"))
    means = np.array([t.metrics["kendall"].mean(axis=2) for t in analysis.tests if t.protocol == protocol])
    by_mean = _select_defined(np.moveaxis(means, 1, -1).reshape(-1, len(analysis.predictors)))
    wins = rank(-by_mean, "minimize")
    order = np.lexsort((np.array(analysis.predictors), average))
    against = _test_against_best(blocks, int(order[0]))
    return [
        {
            "protocol": protocol,
            "predictor": analysis.predictors[i],
            "average_rank": float(average[i]),
            "first_on": int((wins[:, i] == wins.min(axis=1)).sum()),
            "n_settings": len(wins),
            "kendall": float(_average_blocks(by_mean)[i]),
            "p_against_best": against[i],
            "failed": int(sum(failed[i].sum() for failed in analysis.failed.values())),
        }
        for i in order.tolist()
    ]


def _select_defined(blocks: Floats) -> Floats:
    """Return the rows in which tau is defined; it is undefined if all true scores are equal."""
    return blocks[~np.isnan(blocks).any(axis=1)]


def _average_blocks(blocks: Floats) -> Floats:
    """Return the mean of each column of [blocks, predictors]; nan without blocks."""
    return blocks.mean(axis=0) if len(blocks) else np.full(blocks.shape[1], np.nan)


def _test_against_best(blocks: Floats, best: int) -> list[float | None]:
    values = adjust_by_holm(compare_paired_runs(blocks.T))[best].tolist()
    return [None if i == best else value for i, value in enumerate(values)]


def _make_size_rows(analysis: PredictionAnalysis, test: TaskPredictionAnalysis) -> list[Row]:
    tau = test.metrics["kendall"]
    order = np.lexsort((analysis.predictors, -tau.mean(axis=(1, 2))))
    return [
        {
            "task": test.name,
            "protocol": test.protocol,
            "predictor": analysis.predictors[i],
            "kendall": {str(size): summarize_metric("kendall", tau[i, j]) for j, size in enumerate(analysis.sizes)},
        }
        for i in order.tolist()
    ]


def _make_detail_rows(analysis: PredictionAnalysis, test: TaskPredictionAnalysis) -> list[Row]:
    costs, failed = analysis.costs[test.name], analysis.failed[test.name]
    return [
        {
            "task": test.name,
            "protocol": test.protocol,
            "predictor": predictor,
            "train_size": size,
            "n_test": float(test.n_test[i, j].mean()),
            "runs": failed.shape[2],
            "failed": int(failed[i, j].sum()),
            "unit": test.scale.unit,
            "direction": test.scale.direction,
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


def _write_notes(analysis: PredictionAnalysis) -> list[str]:
    learnt = "its mean over seeds" if analysis.labels == "mean" else "that of one drawn seed"
    return [
        f"training targets: the observed score, {learnt}; tests use its mean over seeds; the test split is never used",
        "protocol random: test on all architectures not trained on; disjoint: on none isomorphic to a training one",
        "tau is Kendall's tau-b; mean [95 % interval of the mean over runs, Student's t, clipped to tau's range]; "
        f"fewer than {LEAST_RUNS} runs have no interval; '-': undefined, because all true scores are equal",
        "in the same run all predictors have the same training set; ranks and Wilcoxon's signed-rank test (p to best, "
        "Holm-corrected over all pairs) are over task, train size and run",
        "a failed run counts as a constant prediction",
        *(
            f"evaluated on {n:,} of {m:,} architectures of {task}: those in the table of proxies"
            for task, (n, m) in analysis.covered.items()
            if n < m
        ),
        f"regret of the best among the 1 or 10 predicted best, in {_describe_points(analysis)}; seconds (to fit, to "
        "predict all test architectures) and memory are medians on one thread",
        *(_CUTOFF_NOTES if any(not math.isnan(test.cutoff) for test in analysis.tests) else []),
    ]


_IN_UNIT = ("rmse", "stopping_regret")

_CUTOFF_NOTES = [
    "after an @: the share of a training run at which test curves are cut; training curves are complete; metrics over "
    "the cutoffs are for the largest train size",
    "time_saved: share of the seconds saved by stopping, at the cutoff, runs that beat the best so far with less than "
    "5 % probability; stopping_regret: best score of all minus best score not stopped",
]


def _describe_points(analysis: PredictionAnalysis) -> str:
    """Describe the unit of a difference of scores."""
    units = {test.scale.unit for test in analysis.tests}
    return "percent points" if units == {"fraction"} else "the metric's unit, percent points of an accuracy"


def _format_overall(row: Row) -> dict[str, str]:
    return {
        "protocol": row["protocol"],
        "predictor": row["predictor"],
        "average rank": _number(row["average_rank"], 2),
        "first on": f"{row['first_on']} of {row['n_settings']}",
        "mean tau": _number(row["kendall"]),
        "p to best": as_p(row["p_against_best"]),
        "failed": str(row["failed"]),
    }


def _format_sizes(row: Row) -> dict[str, str]:
    taus = {f"tau at {size}": _format_interval(entry) for size, entry in row["kendall"].items()}
    return {"task": row["task"], "protocol": row["protocol"], "predictor": row["predictor"], **taus}


def _format_details(row: Row) -> dict[str, str]:
    shown = {
        "spearman": "spearman",
        "pearson": "pearson",
        "R2": "r2",
        "sparse tau": "sparse_kendall",
        "tau top 10 %": "kendall_top",
        "prec@10": "precision_10",
        "prec@5 %": "precision_5_percent",
    }
    return {
        "task": row["task"],
        "protocol": row["protocol"],
        "predictor": row["predictor"],
        "size": str(row["train_size"]),
        "tau": _number(row["kendall"]["mean"]),
        **{title: _number(row[metric]["mean"]) for title, metric in shown.items()},
        "regret@1": _format_points(row["regret_1"]["mean"], row["unit"]),
        "regret@10": _format_points(row["regret_10"]["mean"], row["unit"]),
        "log-lik": _number(row["log_likelihood"]["mean"], 2),
        "ECE": _number(row["calibration_error"]["mean"]),
        "fit s": _number(row["fit_s"]),
        "predict s": _number(row["predict_s"]),
        "MB": _number(row["peak_mb"], 0),
        "failed": str(row["failed"]),
    }


def _format_cutoffs(row: Row) -> dict[str, str]:
    own = "fraction" if row["metric"] not in _IN_UNIT else row["unit"]
    means = {f"at {cutoff}": _convert_unit(entry["mean"], own) for cutoff, entry in row["by_cutoff"].items()}
    return {key: row[key] for key in ("task", "protocol", "metric", "predictor")} | means


def _format_interval(entry: dict[str, float]) -> str:
    if math.isnan(entry["low"]):
        return _number(entry["mean"])
    return f"{entry['mean']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"


def _format_points(value: float, unit: str) -> str:
    """Format a difference of scores; differences of accuracies are in percent points, without a unit."""
    return _number(100 * value, 2) if unit == "fraction" else _convert_unit(value, unit)


def _convert_unit(value: float, unit: str) -> str:
    if unit == "fraction":
        return _number(value, 4)
    return "-" if math.isnan(value) else append_unit(format_significant(value), Scale(unit).shown)


def _number(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"


def write_leaderboard(board: PredictionLeaderboard, folder: Path) -> list[Path]:
    """Write every format into ``folder`` and return the files."""
    endings = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html", "csv": "csv", "json": "json"}
    texts = {f"leaderboard.{endings[kind]}": board.render(kind) for kind in FORMATS}
    texts["leaderboard_overall.csv"] = as_csv(board.overall)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]
