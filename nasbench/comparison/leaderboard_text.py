"""The leaderboard as text: headings and cells."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nasbench.reports.claims import format_failed, format_more
from nasbench.reports.tables import as_p
from nasbench.units import Scale, append_unit, find_common_unit

_Row = dict[str, Any]
_Summary = Mapping[str, float]
_Metrics = Mapping[str, Mapping[str, Any]]
_Scales = Mapping[str, Mapping[str, Scale]]
_USUAL = ("simple_regret", "normalized_regret", "anytime")
_BESIDE = {"simple_regret": "inference_regret", "normalized_regret": "normalized_inference_regret"}


def format_overall(
    rows: list[_Row], tests: Mapping[str, Any], metrics: _Metrics, shown: Sequence[str]
) -> list[dict[str, str]]:
    """Format the first table; a metric whose values cannot be averaged over tasks is shown by its average rank."""
    names = [name for name in _order_metrics(shown) if metrics[name]["comparable"] or name not in _with_beside()]
    claimed = tests["enough_tasks"]
    return [
        {
            "strategy": row["strategy"],
            **_format_finished(rows, row["finished"], row["planned"]),
            "average rank": _format_average_rank(row, claimed=claimed),
            **({"tier": _format_tier(row)} if claimed else {}),
            "first on": "-" if math.isnan(row["average_rank"]) else f"{row['wins']} of {row['n_tasks']}",
            **dict(_format_over_tasks(name, row[name], metrics[name], claimed=claimed) for name in names),
            **(_format_comparisons(row, tests["sampled"]) if claimed else {}),
            **format_failed(rows, row["failed"]),
        }
        for row in rows
    ]


def _format_average_rank(row: _Row, *, claimed: bool) -> str:
    average = _format_unless_nan(row["average_rank"], ".2f")
    if not claimed or math.isnan(row["average_rank"]):
        return average
    return (
        f"{average} [-]"
        if math.isnan(row["rank_low"])
        else f"{average} [{row['rank_low']:.2f}, {row['rank_high']:.2f}]"
    )


def _format_tier(row: _Row) -> str:
    return "-" if row["tier"] is None else str(row["tier"])


def _format_comparisons(row: _Row, unit: str) -> dict[str, str]:
    """Format the comparisons over tasks with the best strategy and with random search."""
    return {
        "p to best": as_p(row["p_against_best"]),
        "p to random": as_p(row["p_against_random"]),
        f"more {unit} needed": format_more(row["more_to_separate_from_best"]),
    }


def format_tasks(
    rows: list[_Row], scales: _Scales, metrics: _Metrics, metric_scales: _Scales, shown: Sequence[str]
) -> list[dict[str, str]]:
    """Format the second table; a unit that all tasks share is in the heading, other units follow the numbers."""
    regret = find_common_unit(own["simple_regret"] for own in metric_scales.values())
    units = {split: _find_shared_unit(scales, split, regret) for split in _list_splits(scales)}
    used = list(dict.fromkeys(name for row in rows for name in row["usage"]))
    shared = {name: find_common_unit(own[name] for own in metric_scales.values()) for name in _order_metrics(shown)}
    tested = any(row["tier"] is not None for row in rows)
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
            **_format_place(row, tested=tested),
            **format_failed(rows, row["failed"]),
            "trials": _format_unless_nan(row["trials"]["mean"], ".0f"),
            "µs/trial": _format_unless_nan(row["overhead_us_per_trial"], ".1f"),
            **_format_usage(row, used),
        }
        for row in rows
    ]


def _format_place(row: _Row, *, tested: bool) -> dict[str, str]:
    """Format the rank on a task, and, where runs were tested, what the tests say of it."""
    rank = _format_unless_nan(row["rank"], "g")
    if not tested:
        return {"rank": rank}
    return {
        "rank": rank if row["tier"] is None else f"{rank} [{row['rank_low']}, {row['rank_high']}]",
        "tier": _format_tier(row),
        "p to best": as_p(row["p_against_best"]),
        "p to random": as_p(row["p_against_random"]),
    }


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


def _format_over_tasks(name: str, summary: _Summary, metric: Mapping[str, Any], *, claimed: bool) -> tuple[str, str]:
    """Return heading and cell of a metric in the first table; without a claim over tasks, there is no interval."""
    heading = _write_heading(name, metric)
    if metric["comparable"]:
        return heading, _format_interval(summary) if claimed else _format_unless_nan(summary["iqm"], ".3f")
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
    return heading, _format_iqm(summary, scale, unit) + some


def _format_iqm(summary: _Summary, scale: Scale, unit: str | None) -> str:
    """Format an interquartile mean with its interval, in the unit of its scale."""
    if math.isnan(summary["iqm"]):
        return "-"
    text = scale.interval(summary["iqm"], summary["low"], summary["high"])
    return append_unit(text, "" if unit is not None else scale.shown)


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
    interval = "-" if math.isnan(summary["low"]) else f"{summary['low']:.3f}, {summary['high']:.3f}"
    return f"{summary['iqm']:.3f} [{interval}]"


def _list_splits(scales: _Scales) -> list[str]:
    """Return the splits that have a column: ``valid``, ``test``, and any other split that defines a task's regret."""
    return list(dict.fromkeys(["valid", "test", *(next(iter(own)) for own in scales.values())]))


def _find_shared_unit(scales: _Scales, split: str, otherwise: str | None) -> str | None:
    """Return the unit of a column; the unit of the regret if no task has the column."""
    own = [told[split] for told in scales.values() if split in told]
    return find_common_unit(own) if own else otherwise
