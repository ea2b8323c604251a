"""The leaderboard of a record: numbers with their uncertainty, as data and as text.

Two tables: ``overall`` ranks the strategies over all tasks, ``tasks`` shows every task and strategy.
"""

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.errors import MissingExtra, unknown_name
from nasbench.files import write_text
from nasbench.reports import statistics
from nasbench.reports.display import LeaderboardDisplay
from nasbench.reports.tables import FORMATS, as_csv, as_p, finite, tabulated
from nasbench.units import Scale, common, with_unit

_CHANCE = "random_search"  # what everything must be better than


@dataclass(frozen=True)
class Leaderboard(LeaderboardDisplay):
    """Tables of plain data.

    Attributes:
        overall: a row a strategy, best average rank first.
        tasks: a row for each task and strategy, in the record's order.
        tests: Friedman's p-value, pairwise Holm-corrected p-values, and what the blocks are; the
            pairwise part is None where scikit-posthocs is not installed.
        scales: task -> what is reported -> its unit and direction.
        notes: how to read the numbers.
    """

    tables = ("overall", "tasks")

    overall: list[dict[str, Any]]
    tasks: list[dict[str, Any]]
    tests: dict[str, Any]
    scales: dict[str, dict[str, Scale]]
    notes: list[str]

    def render(self, kind: str) -> str:
        """Return the leaderboard as ``text``, ``markdown``, ``latex``, ``html``, ``csv`` (per task) or ``json``.

        Raises:
            UnknownName: another format.
        """
        if kind == "json":
            plain = {name: {label: s._asdict() for label, s in own.items()} for name, own in self.scales.items()}
            return json.dumps(finite(asdict(self) | {"scales": plain}), indent=2, allow_nan=False) + "\n"
        if kind == "csv":
            return as_csv(self.tasks)
        if kind not in FORMATS:
            raise unknown_name("leaderboard format", kind, FORMATS)
        return tabulated([_overall_cells(self.overall), _task_cells(self.tasks, self.scales)], self.notes, kind)


def leaderboard(analysis: Analysis) -> Leaderboard:
    """Compute the leaderboard of an analysed record."""
    blocks, what = test_blocks(analysis)
    try:
        pairwise: Any = _table(statistics.pairwise_tests(blocks), analysis.strategies)
    except MissingExtra as missing:
        pairwise, hint = None, str(missing)
    else:
        hint = ""
    tests = {
        "blocks": what,
        "n_blocks": len(blocks),
        "friedman_p": statistics.friedman(blocks),
        "pairwise_p_holm": pairwise,
    }
    tasks = [row for task in analysis.tasks for row in _task_rows(task, analysis.strategies)]
    scales = {task.name: task.scales for task in analysis.tasks}
    return Leaderboard(_overall_rows(analysis, pairwise), tasks, tests, scales, _notes(analysis, tests, hint))


def test_blocks(analysis: Analysis) -> tuple[Floats, str]:
    """Return the regrets that tests compare, ``[blocks, strategies]``, and what a block is.

    Tasks are the blocks where there are enough of them for a test to reject; else runs are.
    """
    if statistics.enough_blocks(len(analysis.tasks), len(analysis.strategies)):
        return analysis.scores, "tasks (mean over runs)"
    blocks = np.concatenate([task.normalized.T for task in analysis.tasks])
    return blocks, "runs (paired by number: same noise)"


def _overall_rows(analysis: Analysis, pairwise: Any) -> list[dict[str, Any]]:
    ranked = statistics.ranks(analysis.scores)
    rows = []
    for i, strategy in enumerate(analysis.strategies):
        rows.append(
            {
                "strategy": strategy,
                "average_rank": float(ranked[:, i].mean()),
                "normalized_regret": _summary([task.normalized[i] for task in analysis.tasks]),
                "anytime": _summary([task.anytime[i] for task in analysis.tasks]),
                "wins": int((ranked[:, i] == ranked.min(axis=1)).sum()),
                "n_tasks": len(analysis.tasks),
                "failed": int(sum(task.failed[i].sum() for task in analysis.tasks)),
            }
        )
    rows.sort(key=lambda row: (row["average_rank"], row["strategy"]))
    for name, rival in (("p_against_best", rows[0]["strategy"]), ("p_against_random", _CHANCE)):
        for row in rows:
            tested = pairwise is not None and rival in pairwise and row["strategy"] != rival
            row[name] = pairwise[rival][row["strategy"]] if tested else None
    return rows


def _task_rows(task: TaskAnalysis, strategies: list[str]) -> list[dict[str, Any]]:
    rows = []
    ranked = statistics.ranks(task.normalized.mean(axis=1))
    for i, strategy in enumerate(strategies):
        trials = float(task.n_trials[i].sum())
        rows.append(
            {
                "task": task.name,
                "strategy": strategy,
                "runs": task.failed.shape[1],
                "failed": int(task.failed[i].sum()),
                "rank": float(ranked[i]),
                "unit": task.scales[task.splits[0]].unit,
                "direction": task.scales[task.splits[0]].direction,
                "final": {split: _summary([values[i][~np.isnan(values[i])]]) for split, values in task.final.items()},
                "regret": _summary([task.regret[i]]),
                "normalized_regret": _summary([task.normalized[i]]),
                "anytime": _summary([task.anytime[i]]),
                "trials_per_run": float(task.n_trials[i].mean()),
                "overhead_us_per_trial": 1e6 * float(np.nansum(task.overhead_s[i])) / trials if trials else math.nan,
                "optimum": task.optimum,
            }
        )
    return rows


def _summary(strata: list[Floats]) -> dict[str, float]:
    """Return mean, std over runs, interquartile mean and its interval; nan where there is no run."""
    values = np.concatenate(strata)
    if not len(values):
        return dict.fromkeys(("mean", "std", "iqm", "low", "high"), math.nan)
    interval = statistics.iqm_interval(strata)
    std = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    return {"mean": float(values.mean()), "std": std, "iqm": interval.value, "low": interval.low, "high": interval.high}


def _table(values: Floats, names: list[str]) -> dict[str, dict[str, float]]:
    return {row: dict(zip(names, line, strict=True)) for row, line in zip(names, values.tolist(), strict=True)}


def _notes(analysis: Analysis, tests: dict[str, Any], hint: str) -> list[str]:
    notes = [
        f"{_what_scores(analysis)}, mean ± std over the runs that found an architecture; regret, to the best of "
        "the table, mean ± std over all runs; both of the architecture's mean over trained seeds",
        "a failed run counts with the regret of an architecture drawn at random",
        "normalised regret: 0 is the optimum, 1 an architecture drawn at random; anytime: its mean over the whole "
        f"budget; both as interquartile mean [{statistics.CONFIDENCE:.0%} bootstrap interval over runs]",
        f"tests over {tests['n_blocks']} {tests['blocks']}: Friedman p = {as_p(tests['friedman_p'])}; "
        f"'p to best' is Wilcoxon's signed-rank test against the first row, 'p to random' against {_CHANCE}; "
        "two-sided, Holm-corrected over all pairs",
    ]
    without_test = [task.name for task in analysis.tasks if "test" not in task.splits]
    if without_test:
        notes.append(f"no test split in the table of {', '.join(without_test)}")
    if len(analysis.tasks[0].failed[0]) == 1:
        notes.append("one run has no standard deviation")
    notes += _nothing_fitted(analysis)
    return [*notes, hint] if hint else notes


def _what_scores(analysis: Analysis) -> str:
    """Return what the numbers of the second table are, and which of them are good where they are small."""
    scales = [task.scales[split] for task in analysis.tasks for split in task.splits]
    if all(scale.is_fraction and scale.sign > 0 for scale in scales):
        return "scores in percent of the metric"
    small = [f"{task.name} {split}" for task in analysis.tasks for split in task.splits if task.scales[split].sign < 0]
    told = f" (smaller is better: {', '.join(small)})" if small else ""
    return f"scores in the metric's unit{told}"


def _nothing_fitted(analysis: Analysis) -> list[str]:
    """Say where runs ended without a single trial though the strategy did not fail: the budget was too small."""
    notes = []
    for task in analysis.tasks:
        empty = ((task.n_trials == 0) & ~task.failed).sum(axis=1)
        names = [name for name, n in zip(analysis.strategies, empty.tolist(), strict=True) if n]
        if names:
            amount, unit = task.budget
            notes.append(
                f"{task.name}: in {int(empty.sum())} runs ({', '.join(names)}) no trial ended within the budget of "
                f"{amount:g} {unit}: such a run counts as an architecture drawn at random; raise the budget"
            )
    return notes


def _overall_cells(rows: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [
        {
            "strategy": row["strategy"],
            "average rank": f"{row['average_rank']:.2f}",
            "first on": f"{row['wins']} of {row['n_tasks']}",
            "normalised regret": _interval(row["normalized_regret"]),
            "anytime": _interval(row["anytime"]),
            "p to best": as_p(row["p_against_best"]),
            "p to random": as_p(row["p_against_random"]),
            "failed": str(row["failed"]),
        }
        for row in rows
    ]


def _task_cells(rows: list[dict[str, Any]], scales: dict[str, dict[str, Scale]]) -> list[dict[str, str]]:
    """Return the second table; a unit that all tasks share stands in the heading, others behind their numbers."""
    regret = common(own[next(iter(own))] for own in scales.values())
    units = {split: _shared_unit(scales, split, regret) for split in _splits(scales)}
    return [
        {
            "task": row["task"],
            "strategy": row["strategy"],
            **{
                with_unit(split, unit or ""): _value(row["final"].get(split), scales[row["task"]].get(split), unit)
                for split, unit in units.items()
            },
            with_unit("regret", regret or ""): _value(row["regret"], next(iter(scales[row["task"]].values())), regret),
            "normalised regret": _interval(row["normalized_regret"]),
            "anytime": _interval(row["anytime"]),
            "rank": f"{row['rank']:g}",
            "failed": str(row["failed"]),
            "trials": f"{row['trials_per_run']:.0f}",
            "µs/trial": "-" if math.isnan(row["overhead_us_per_trial"]) else f"{row['overhead_us_per_trial']:.1f}",
        }
        for row in rows
    ]


def _splits(scales: dict[str, dict[str, Scale]]) -> list[str]:
    """Return what has a column: ``valid`` and ``test``, and whatever else defines a task's regret."""
    return list(dict.fromkeys(["valid", "test", *(next(iter(own)) for own in scales.values())]))


def _shared_unit(scales: dict[str, dict[str, Scale]], split: str, otherwise: str | None) -> str | None:
    """Return the unit of a column; that of the regret where no task has the column."""
    own = [told[split] for told in scales.values() if split in told]
    return common(own) if own else otherwise


def _value(entry: dict[str, float] | None, scale: Scale | None, unit: str | None) -> str:
    if entry is None or scale is None or math.isnan(entry["mean"]):
        return "-"
    return with_unit(scale.spread(entry["mean"], entry["std"]), "" if unit is not None else scale.shown)


def _interval(entry: dict[str, float]) -> str:
    return f"{entry['iqm']:.3f} [{entry['low']:.3f}, {entry['high']:.3f}]"


def write_leaderboard(board: Leaderboard, folder: Path) -> list[Path]:
    """Write every format into ``folder`` and return the files."""
    endings = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html", "csv": "csv", "json": "json"}
    texts = {f"leaderboard.{endings[kind]}": board.render(kind) for kind in FORMATS}
    texts["leaderboard_overall.csv"] = as_csv(board.overall)
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]
