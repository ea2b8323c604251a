"""Mean normalised regret of the incumbent over the budget, with a panel for each task and logarithmic axes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, draw_task_panels
from nasbench.reports.drawing import tidy
from nasbench.statistics.intervals import compute_mean_band

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FLOOR = 1e-4  # where a logarithmic axis of regret ends: regret can be exactly zero


@dataclass(frozen=True)
class _Panel:
    """One task.

    Attributes:
        title: its name.
        unit: of the budget, as the axis says it.
        x: [G] budget spent.
        bands: [strategies, 3, G] mean, lower and upper bound.
        lowest, highest: ends of the axis of regret.
    """

    title: str
    unit: str
    x: Floats
    bands: Floats
    lowest: float
    highest: float


class RegretCurves(Plot):
    """Regret over simulated time."""

    def prepare(self, analysis: Analysis) -> tuple[list[Line], list[_Panel]]:
        """Return each strategy's line, and each task's mean regret with its 95 % interval."""
        return choose_lines(analysis), [_prepare_panel(task) for task in analysis.tasks]

    def draw(self, data: tuple[list[Line], list[_Panel]]) -> "Figure":
        """Draw a panel for each task and one legend."""
        lines, tasks = data
        return draw_task_panels(
            tasks,
            lambda axes, task: _draw_panel(axes, task, lines),
            y_label="normalised regret",
            title="Regret of the incumbent over simulated time\n(mean over runs, 95 % interval of the mean)",
        )


def _prepare_panel(task: TaskAnalysis) -> _Panel:
    budget, unit = task.budget
    hours = unit == "s" and budget > 7200
    bands = np.array([np.maximum(compute_mean_band(curves), _FLOOR) for curves in task.curves])
    highest = 1.3
    if not task.scales[task.splits[0]].is_fraction:  # in other units, nothing bounds the worst regret
        highest = max(highest, 1.1 * float(bands[:, 0].max()))
    return _Panel(
        title=task.name,
        unit="hours" if hours else "seconds" if unit == "s" else unit,
        x=task.grid * (budget / 3600 if hours else budget),
        bands=bands,
        lowest=max(_FLOOR, min(1.0, float(bands[:, 1].min())) * 0.8),
        highest=highest,
    )


def _draw_panel(axes: "Axes", task: _Panel, lines: list[Line]) -> None:
    for line, band in zip(lines, task.bands, strict=True):
        line.draw(axes, task.x, band)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(task.lowest, task.highest)
    axes.set_xlabel(f"simulated {task.unit}")
    axes.set_title(task.title, fontsize=10)
    tidy(axes)
