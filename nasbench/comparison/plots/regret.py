"""Normalised regret of the incumbent over the budget, with a panel for each task and logarithmic axes.

A curve is the interquartile mean over runs, so that it ends at the number of the leaderboard; its band says what other
seeds would give on this task.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, describe_band, draw_task_panels
from nasbench.reports.drawing import tidy
from nasbench.statistics.intervals import compute_iqm, compute_iqm_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FLOOR = 1e-4  # where a logarithmic axis of regret ends: regret can be exactly zero
_N_BANDS = 40  # times with an interval


@dataclass(frozen=True)
class _Panel:
    """One task.

    Attributes:
        title: its name.
        unit: of the budget, as the axis says it.
        x: [G] budget spent.
        levels: [strategies, G] regret.
        at: [B] positions in ``x`` of the intervals.
        bands: position of a strategy -> [2, B] its intervals.
        lowest, highest: ends of the axis of regret.
    """

    title: str
    unit: str
    x: Floats
    levels: Floats
    at: Ints
    bands: dict[int, Floats]
    lowest: float
    highest: float


class RegretCurves(Plot):
    """Regret over simulated time."""

    def prepare(self, analysis: Analysis) -> tuple[list[Line], str, list[_Panel]]:
        """Return each strategy's line, what the bands are, and each task's regret with its intervals."""
        lines = choose_lines(analysis)
        banded = [line.at for line in lines if line.banded]
        band = describe_band(analysis, "pointwise 95 % interval over runs on each task")
        return lines, band, [_prepare_panel(task, banded) for task in analysis.tasks]

    def draw(self, data: tuple[list[Line], str, list[_Panel]]) -> "Figure":
        """Draw a panel for each task and one legend."""
        lines, band, tasks = data
        return draw_task_panels(
            tasks,
            lambda axes, task: _draw_panel(axes, task, lines),
            y_label="normalised regret",
            title=f"Regret of the incumbent over simulated time\n(interquartile mean over runs; {band})",
        )


def _prepare_panel(task: TaskAnalysis, banded: list[int]) -> _Panel:
    budget, unit = task.budget
    hours = unit == "s" and budget > 7200
    curves = np.moveaxis(task.curves, 2, 1)  # [strategies, G, runs]
    levels = compute_iqm(curves, np.broadcast_to(task.failed[:, None], curves.shape))
    at = np.unique(np.linspace(0, len(task.grid) - 1, _N_BANDS).round().astype(np.int64))
    bands = {i: _compute_bands(curves[i, at], task.failed[i]) for i in banded}
    lowest = min(1.0, float(levels.min()), *(float(np.nanmin(band, initial=1.0)) for band in bands.values()))
    highest = 1.3
    if not task.scales[task.splits[0]].is_fraction:  # in other units, nothing bounds the worst regret
        highest = max(highest, 1.1 * float(levels.max()))
    return _Panel(
        title=task.name,
        unit="hours" if hours else "seconds" if unit == "s" else unit,
        x=task.grid * (budget / 3600 if hours else budget),
        levels=np.maximum(levels, _FLOOR),
        at=at,
        bands={i: np.maximum(band, _FLOOR) for i, band in bands.items()},
        lowest=max(_FLOOR, 0.8 * lowest),
        highest=highest,
    )


def _compute_bands(curves: Floats, failed: Floats) -> Floats:
    """Return the intervals of a strategy's curves [B, runs]; ``[2, B]``."""
    _, *bounds = compute_iqm_intervals(curves, np.broadcast_to(failed, curves.shape), (0.0, np.inf))
    return np.array(bounds)


def _draw_panel(axes: "Axes", task: _Panel, lines: list[Line]) -> None:
    for line in lines:
        line.draw(axes, task.x, task.levels[line.at])
        if line.banded:
            line.draw_band(axes, task.x[task.at], task.bands[line.at])
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(task.lowest, task.highest)
    axes.set_xlabel(f"simulated {task.unit}")
    axes.set_title(task.title)
    tidy(axes)
