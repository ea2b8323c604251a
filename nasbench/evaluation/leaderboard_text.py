"""The leaderboard of predictors as text: cells, headings, and notes on how to read them."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.evaluation.analysis import PredictionAnalysis
from nasbench.evaluation.intervals import find_least_runs
from nasbench.evaluation.ranking import (
    LEAST_RANKED_RUNS,
    LEAST_TESTED_RUNS,
    OverallRanking,
    average_sizes,
    compute_least_difference,
)
from nasbench.reports.claims import (
    TEST_NAMES,
    compare_p,
    explain_no_p,
    explain_tiers,
    format_failed,
    format_more,
    note_alike,
)
from nasbench.reports.tables import as_p
from nasbench.statistics.intervals import CONFIDENCE
from nasbench.statistics.sampling import LEAST_TASKS
from nasbench.units import Scale, append_unit, format_significant

_Row = dict[str, Any]

_LEADS = " *"
_MANY = 10.0  # standard errors that a difference on a task rarely has
_IN_UNIT = ("rmse", "stopping_regret")


def format_overall(rows: list[_Row], tests: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """Format the first table; it has intervals, tiers and p-values if tasks are enough for claims over them."""
    claimed = any(own["enough_tasks"] for own in tests.values())
    more = next((f"more {own['sampled']} needed" for own in tests.values()), "")
    tested = any(row["tier"] is not None for row in rows)
    return [
        {
            "protocol": row["protocol"],
            "predictor": row["predictor"],
            "average rank": _format_claim(row["average_rank"], row["rank_low"], row["rank_high"], 2, claimed=claimed),
            **({"tier": "-" if row["tier"] is None else str(row["tier"])} if tested else {}),
            "first on": f"{row['first_on']} of {row['n_tasks']}",
            "mean tau": _format_claim(row["kendall"], row["kendall_low"], row["kendall_high"], 3, claimed=claimed),
            **(
                {"p to best": as_p(row["p_against_best"]), more: format_more(row["more_to_separate_from_best"])}
                if tested
                else {}
            ),
            **format_failed(rows, row["failed"]),
        }
        for row in rows
    ]


def _format_claim(value: float, low: float, high: float, digits: int, *, claimed: bool) -> str:
    """Format a number over tasks; ``[-]`` stands for an interval that too few or equal numbers do not allow."""
    if claimed and math.isnan(low) and not math.isnan(value):
        return f"{_number(value, digits)} [-]"
    return _format_interval(value, low, high, digits)


def format_sizes(rows: list[_Row]) -> list[dict[str, str]]:
    """Format the second table; with a single train size, its tau is the mean."""
    return [
        {
            "task": row["task"],
            "protocol": row["protocol"],
            "predictor": row["predictor"],
            "rank": "-" if math.isnan(row["rank"]) else f"{row['rank']:g}",
            **({"mean tau": _format_tau(row["mean_tau"])} if len(row["kendall"]) > 1 else {}),
            **{f"tau at {size}": _format_tau(entry) for size, entry in row["kendall"].items()},
        }
        for row in rows
    ]


def _format_tau(entry: dict[str, Any]) -> str:
    return _format_interval(entry["mean"], entry["low"], entry["high"]) + (_LEADS if entry["leads"] else "")


def format_details(rows: list[_Row]) -> list[dict[str, str]]:
    """Format every metric as means over runs."""
    shown = {
        "spearman": "spearman",
        "pearson": "pearson",
        "R2": "r2",
        "sparse tau": "sparse_kendall",
        "tau top 10 %": "kendall_top",
        "prec@10": "precision_10",
        "prec@5 %": "precision_5_percent",
    }
    return [
        {
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
        for row in rows
    ]


def format_cutoffs(rows: list[_Row]) -> list[dict[str, str]]:
    """Format the metrics over the cutoffs as means over runs."""
    keys = ("task", "protocol", "metric", "predictor")
    return [
        {key: row[key] for key in keys}
        | {
            f"at {cutoff}": _convert_unit(entry["mean"], row["unit"] if row["metric"] in _IN_UNIT else "fraction")
            for cutoff, entry in row["by_cutoff"].items()
        }
        for row in rows
    ]


def write_notes(analysis: PredictionAnalysis, rankings: list[OverallRanking], test: str) -> list[str]:
    """Write the notes that explain the numbers, each with the population that it is about.

    Args:
        analysis: the analysed record.
        rankings: of the predictors by each protocol.
        test: name of the test over tasks.
    """
    learnt = "its mean over seeds" if analysis.labels == "mean" else "that of one drawn seed"
    return [
        f"training targets: the observed score, {learnt}; tests use its mean over seeds; the test split is never used",
        "protocol random: test on all architectures not trained on; disjoint: on none isomorphic to a training one",
        "tau: Kendall's tau-b; mean tau on a task: averaged over train sizes and runs; tasks are ranked by it",
        *_note_over_tasks(rankings, test),
        *_note_on_tasks(analysis, tested=any(not own.sample.is_enough for own in rankings)),
        *_note_undefined(analysis, rankings),
        "a failed run counts as a constant prediction",
        *(
            f"evaluated on {n:,} of {m:,} architectures of {task}: those in the table of proxies"
            for task, (n, m) in analysis.covered.items()
            if n < m
        ),
        f"regret of the best among the 1 or 10 predicted best, in {_describe_points(analysis)}; seconds (to fit, to "
        "predict all test architectures) and memory are medians on one thread",
        *(_CUTOFF_NOTES if any(not math.isnan(own.cutoff) for own in analysis.tests) else []),
    ]


def _note_over_tasks(rankings: list[OverallRanking], test: str) -> list[str]:
    """Note what is claimed over tasks; the sample is that of the first protocol, and usually of all."""
    ranking = rankings[0]
    sample, chosen, unit = ranking.sample, ranking.tests.choose(test), ranking.sample.unit
    if not sample.is_enough:
        return [
            f"nothing is claimed over tasks like these ({sample.describe()}): that takes {LEAST_TASKS} tasks or more; "
            "every claim is on its task alone"
        ]
    ranked = f"by resampling {unit} and their runs"
    if min(ranking.n_runs) < LEAST_RANKED_RUNS:
        ranked = f"none, since that takes {LEAST_RANKED_RUNS} runs or more"
    equal = any(np.isnan(own.mean[1]).any() for own in rankings)
    student = "by Student's t" + (", none where all tasks have the same" if equal else "")
    notes = [
        f"average rank, mean tau: means over tasks{note_alike(sample)}",
        f"[ ] in the first table: {CONFIDENCE:.0%} interval over {unit} like these ({sample.describe()}); of average "
        f"ranks {ranked}, of mean tau {student}",
    ]
    if len(chosen.p) < 2:
        return notes
    if not chosen.can_separate:
        return [*notes, f"no p-values and tiers: {explain_no_p(ranking.tests, test, 'predictors')}"]
    return [*notes, *_explain_test(rankings, test)]


def _explain_test(rankings: list[OverallRanking], test: str) -> list[str]:
    """Explain the columns of a test over tasks."""
    sample = rankings[0].sample
    unit = sample.unit
    return [
        f"p to best: over {unit} like these ({sample.describe()}), by {TEST_NAMES[test]}, adjusted for all pairs",
        *(
            f"protocol {own.protocol}, Friedman's test that all are alike: p {compare_p(own.tests.friedman)}"
            for own in rankings
            if not math.isnan(own.tests.friedman)
        ),
        *explain_tiers(unit, "predictor"),
    ]


def _note_on_tasks(analysis: PredictionAnalysis, *, tested: bool) -> list[str]:
    """Note what is claimed on single tasks; ``tested`` says whether predictors are compared there."""
    runs, n, least = analysis.n_runs, len(analysis.predictors), find_least_runs("kendall")
    notes = [
        f"[ ] in the second table: {CONFIDENCE:.0%} interval over runs on this task, by Student's t; none where all "
        "runs are equal"
        if runs >= least
        else f"second table: no interval over fewer than {least} runs"
    ]
    if n < 2 or not tested:
        return notes
    if runs < LEAST_TESTED_RUNS:
        return [*notes, f"no test on a task over fewer than {LEAST_TESTED_RUNS} runs"]
    size = compute_least_difference(n, runs)
    notes.append(
        "*: the best of its column on this task, or not significantly worse; by paired t tests over runs, which share "
        "training sets, adjusted for all pairs of the column by Holm's method"
    )
    if size > _MANY:
        notes.append(
            f"with {n} predictors and {runs} runs, only a difference of {size:.0f} standard errors is significant on a "
            "task: more runs would find more"
        )
    return notes


def _note_undefined(analysis: PredictionAnalysis, rankings: list[OverallRanking]) -> list[str]:
    """Note tasks and runs in which tau is undefined."""
    left_out = list(dict.fromkeys(task for ranking in rankings for task in ranking.left_out))
    notes = []
    if left_out:
        notes.append(
            f"left out of ranks and tests: {', '.join(left_out)}; tau is undefined ('-'), because all true scores are "
            "equal"
        )
    for own in analysis.tests:
        known, all_runs = average_sizes(own).shape[1], analysis.n_runs
        if 0 < known < all_runs:
            notes.append(
                f"{own.name}, protocol {own.protocol}: mean tau leaves out {all_runs - known} of {all_runs} runs, in "
                "which tau is undefined"
            )
    return notes


_CUTOFF_NOTES = [
    "after an @: the share of a training run at which test curves are cut; training curves are complete; metrics over "
    "the cutoffs are means over runs, for the largest train size",
    "time_saved: share of the seconds saved by stopping, at the cutoff, runs that beat the best so far with less than "
    "5 % probability; stopping_regret: best score of all minus best score not stopped",
]


def _describe_points(analysis: PredictionAnalysis) -> str:
    """Describe the unit of a difference of scores."""
    units = {test.scale.unit for test in analysis.tests}
    return "percent points" if units == {"fraction"} else "the metric's unit, percent points of an accuracy"


def _format_interval(value: float, low: float, high: float, digits: int = 3) -> str:
    if math.isnan(low):
        return _number(value, digits)
    return f"{value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def _format_points(value: float, unit: str) -> str:
    """Format a difference of scores; differences of accuracies are in percent points, without a unit."""
    return _number(100 * value, 2) if unit == "fraction" else _convert_unit(value, unit)


def _convert_unit(value: float, unit: str) -> str:
    if unit == "fraction":
        return _number(value, 4)
    return "-" if math.isnan(value) else append_unit(format_significant(value), Scale(unit).shown)


def _number(value: float, digits: int = 3) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
