"""The leaderboard as text: cells, headings, and notes on how to read them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.comparison.analysis import Analysis
from nasbench.reports.tables import as_p
from nasbench.statistics.intervals import CONFIDENCE
from nasbench.units import Scale, append_unit, find_common_unit

_Row = dict[str, Any]
_Summary = Mapping[str, float]
_Metrics = Mapping[str, Mapping[str, Any]]
_Scales = Mapping[str, Mapping[str, Scale]]
_USUAL = ("simple_regret", "normalized_regret", "anytime")
_BESIDE = {"simple_regret": "inference_regret", "normalized_regret": "normalized_inference_regret"}


def format_overall(rows: list[_Row], metrics: _Metrics, shown: Sequence[str]) -> list[dict[str, str]]:
    """Format the first table; a metric whose values cannot be averaged over tasks is shown by its average rank."""
    names = [name for name in _order_metrics(shown) if metrics[name]["comparable"] or name not in _with_beside()]
    return [
        {
            "strategy": row["strategy"],
            **_format_finished(rows, row["finished"], row["planned"]),
            "average rank": _format_unless_nan(row["average_rank"], ".2f"),
            "first on": "-" if math.isnan(row["average_rank"]) else f"{row['wins']} of {row['n_tasks']}",
            **dict(_format_over_tasks(name, row[name], metrics[name]) for name in names),
            "p to best": as_p(row["p_against_best"]),
            "p to random": as_p(row["p_against_random"]),
            "failed": str(row["failed"]),
        }
        for row in rows
    ]


def format_tasks(
    rows: list[_Row], scales: _Scales, metrics: _Metrics, metric_scales: _Scales, shown: Sequence[str]
) -> list[dict[str, str]]:
    """Format the second table; a unit that all tasks share is in the heading, other units follow the numbers."""
    regret = find_common_unit(own["simple_regret"] for own in metric_scales.values())
    units = {split: _find_shared_unit(scales, split, regret) for split in _list_splits(scales)}
    used = list(dict.fromkeys(name for row in rows for name in row["usage"]))
    shared = {name: find_common_unit(own[name] for own in metric_scales.values()) for name in _order_metrics(shown)}
    return [
        {
            "task": row["task"],
            "strategy": row["strategy"],
            **_format_finished(rows, row["runs"], row["planned"]),
            **{
                append_unit(split, unit or ""): _format_split(split, row, scales[row["task"]], unit)
                for split, unit in units.items()
            },
            **dict(
                _format_metric(name, row, metrics[name], metric_scales[row["task"]][name], unit)
                for name, unit in shared.items()
            ),
            "rank": _format_unless_nan(row["rank"], "g"),
            "failed": str(row["failed"]),
            "trials": _format_unless_nan(row["trials"]["mean"], ".0f"),
            "µs/trial": _format_unless_nan(row["overhead_us_per_trial"], ".1f"),
            **_format_usage(row, used),
        }
        for row in rows
    ]


def _format_total(mean: float) -> str:
    return "-" if math.isnan(mean) else f"{mean:,.0f}" if mean >= 1000 else f"{mean:.3g}"


def _format_usage(row: _Row, used: Sequence[str]) -> dict[str, str]:
    """Format what a strategy used, with its own seconds, as means over runs; empty if no strategy says it."""
    if not used:
        return {}
    means = {f"{name}/run": row["usage"].get(name, {}).get("mean", math.nan) for name in used}
    means["own s/run"] = row["overhead"]["mean"]
    return {name: _format_total(mean) for name, mean in means.items()}


def format_best(rows: list[_Row], scales: _Scales) -> list[tuple[str, str]]:
    """Return the description of the best architecture on each task, and the architecture as text."""
    return [(f"{row['task']}: {describe_values(row, scales[row['task']])}", row["architecture"]) for row in rows]


def describe_values(row: Mapping[str, Any], scales: Mapping[str, Scale]) -> str:
    """Describe a row of the best architectures on one line: its values, who found it, and how often it was found."""
    return (
        f"{describe_observed(row)}, reported {describe_reported(row, scales)}; by {row['strategy']} in run "
        f"{row['run']}, found in {row['found_in']} of {row['runs']} runs"
    )


def describe_observed(row: Mapping[str, Any]) -> str:
    """Return what a run observed of an architecture, with its unit."""
    if math.isnan(row["observed"]):
        return "never observed"
    return f"observed {Scale(row['unit'], row['direction']).text(row['observed'])}"


def describe_reported(row: Mapping[str, Any], scales: Mapping[str, Scale]) -> str:
    """Return the reported values of an architecture, with their units."""
    return ", ".join(
        f"{label} {'-' if math.isnan(value) else scales[label].text(value)}" for label, value in row["reported"].items()
    )


def format_notes(analysis: Analysis, tests: Mapping[str, Any], shown: Sequence[str], chance: str) -> list[str]:
    """Write the notes that explain the numbers; ``chance`` is the baseline strategy."""
    notes = [
        f"{_describe_scores(analysis)}, mean ± std over the runs that found an architecture; regret, to the best of "
        "the table, mean ± std over all runs; both of the architecture's mean over trained seeds",
        "a failed run counts with the regret of an architecture drawn at random",
        "normalised regret: 0 is the optimum, 1 an architecture drawn at random; anytime: its mean over the whole "
        f"budget; both as interquartile mean [{CONFIDENCE:.0%} bootstrap interval over runs]",
        f"claims are over tasks like these {tests['over']}: Friedman p = {as_p(tests['friedman_p'])}; 'p to best' and "
        f"'p to random' (against {chance}) by Nemenyi's test, adjusted for all pairs",
    ]
    if analysis.recommends:
        notes.append(
            "regret is of the incumbent, the best observed; inference regret of what the strategy recommends, which is "
            "the incumbent where it does not say"
        )
    if any(name in task.censored for task in analysis.tasks for name in shown):
        notes.append(
            f"medians by Kaplan and Meier [{CONFIDENCE:.0%} interval], and in how many runs it was reached; "
            "'>' is a lower bound: no run was followed longer. Ranks go by the mean restricted to a common horizon"
        )
    without_test = [task.name for task in analysis.tasks if "test" not in task.splits]
    if without_test:
        notes.append(f"no test split in the table of {', '.join(without_test)}")
    if len(analysis.tasks[0].failed[0]) == 1:
        notes.append("one run has no standard deviation")
    return notes + _note_empty_runs(analysis)


def _with_beside() -> set[str]:
    return {*_USUAL, *_BESIDE.values()}


def _order_metrics(shown: Sequence[str]) -> list[str]:
    """Return the default metrics, each followed by its counterpart if shown, and then the other requested metrics."""
    names = []
    for name in _USUAL:
        names += [name, *([_BESIDE[name]] if _BESIDE.get(name) in shown else [])]
    return list(dict.fromkeys([*names, *shown]))


def _write_heading(name: str, metric: Mapping[str, Any], unit: str = "") -> str:
    """Return a metric's label and unit, and the requested options."""
    _, comma, options = name.partition(",")
    return append_unit(metric["label"], unit) + f"{comma} {options}".rstrip()


def _format_over_tasks(name: str, summary: _Summary, metric: Mapping[str, Any]) -> tuple[str, str]:
    """Return heading and cell of a metric in the first table."""
    heading = _write_heading(name, metric)
    if metric["comparable"]:
        return heading, _format_interval(summary)
    rank = summary["average_rank"]
    return f"{heading} (average rank)", _format_unless_nan(rank, ".2f")


def _format_metric(name: str, row: _Row, metric: Mapping[str, Any], scale: Scale, unit: str | None) -> tuple[str, str]:
    """Return heading and cell of a metric in the second table."""
    heading, summary = _write_heading(name, metric, unit or ""), row[name]
    if "median" in summary:
        return f"{heading} (median)", _format_median(summary, scale, unit)
    if metric["comparable"]:
        return heading, _format_interval(summary)
    some = f" ({summary['n']} of {row['runs']} runs)" if 0 < summary["n"] < row["runs"] else ""
    return heading, _format_mean(summary, scale, unit) + some


def _format_split(split: str, row: _Row, scales: Mapping[str, Scale], unit: str | None) -> str:
    return _format_mean(row["final"][split], scales[split], unit) if split in scales else "-"


def _format_mean(summary: _Summary, scale: Scale, unit: str | None) -> str:
    if math.isnan(summary["mean"]):
        return "-"
    return append_unit(scale.spread(summary["mean"], summary["std"]), "" if unit is not None else scale.shown)


def _format_median(summary: _Summary, scale: Scale, unit: str | None) -> str:
    """Format a median time with its interval; a bound that was not reached is shown as ``>`` the longest run."""
    if not summary["n"]:
        return "-"

    median, low, high = (
        f">{scale.number(summary['followed'])}" if math.isinf(summary[key]) else scale.number(summary[key])
        for key in ("median", "low", "high")
    )
    bounds = "[-]" if math.isnan(summary["low"]) else f"[{low}, {high}]"  # too few runs for an interval
    interval = "" if math.isinf(summary["median"]) else f" {bounds}"
    median = append_unit(median, "" if unit is not None else scale.shown)
    return f"{median}{interval} ({summary['n_reached']} of {summary['n']})"


def _format_unless_nan(value: float, how: str) -> str:
    return "-" if math.isnan(value) else format(value, how)


def _format_finished(rows: list[_Row], n: int, planned: int) -> dict[str, str]:
    """Return the column with the number of finished runs; no column if no row lacks a run."""
    if all(row.get("finished", row.get("runs")) == row["planned"] for row in rows):
        return {}
    return {"runs done": f"{n or 'none'} of {planned}"}


def _format_interval(summary: _Summary) -> str:
    if math.isnan(summary["iqm"]):
        return "-"
    return f"{summary['iqm']:.3f} [{summary['low']:.3f}, {summary['high']:.3f}]"


def _list_splits(scales: _Scales) -> list[str]:
    """Return the splits that have a column: ``valid``, ``test``, and any other split that defines a task's regret."""
    return list(dict.fromkeys(["valid", "test", *(next(iter(own)) for own in scales.values())]))


def _find_shared_unit(scales: _Scales, split: str, otherwise: str | None) -> str | None:
    """Return the unit of a column; the unit of the regret if no task has the column."""
    own = [told[split] for told in scales.values() if split in told]
    return find_common_unit(own) if own else otherwise


def _describe_scores(analysis: Analysis) -> str:
    """Describe the numbers of the second table, and name those for which smaller is better."""
    scales = [task.scales[split] for task in analysis.tasks for split in task.splits]
    if all(scale.is_fraction and scale.sign > 0 for scale in scales):
        return "scores in percent of the metric"
    small = [f"{task.name} {split}" for task in analysis.tasks for split in task.splits if task.scales[split].sign < 0]
    told = f" (smaller is better: {', '.join(small)})" if small else ""
    return f"scores in the metric's unit{told}"


def _note_empty_runs(analysis: Analysis) -> list[str]:
    """Note runs that ended without a trial although the strategy did not fail: their budget was too small."""
    notes = []
    for task in analysis.tasks:
        empty = ((task.metrics["trials"] == 0) & ~task.failed).sum(axis=1)
        names = [name for name, n in zip(analysis.strategies, empty.tolist(), strict=True) if n]
        if names:
            amount, unit = task.budget
            notes.append(
                f"{task.name}: in {int(empty.sum())} runs ({', '.join(names)}) no trial ended within the budget of "
                f"{amount:g} {unit}: such a run counts as an architecture drawn at random; raise the budget"
            )
    return notes
