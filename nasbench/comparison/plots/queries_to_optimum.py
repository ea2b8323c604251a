"""Share of runs that have found the optimum, over the number of trials: one minus the Kaplan-Meier curve.

The empirical distribution of runtimes as in COCO (Hansen et al. 2016, arXiv 1605.03560), with a panel for each task.
Runs that end before they find the optimum are censored, not left out.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, draw_task_panels
from nasbench.reports.drawing import tidy
from nasbench.statistics.survival import estimate_survival

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_METRIC = "queries_to_optimum"


class _Panel(NamedTuple):
    """A task's name, and for each strategy [k] trials and [3, k] share of runs with its interval."""

    title: str
    shares: list[tuple[Floats, Floats]]


class QueriesToOptimumPlot(Plot):
    """Distribution of queries to the optimum."""

    def prepare(self, analysis: Analysis) -> tuple[list[Line], list[_Panel]] | None:
        """Return each task's distributions; None where no run found an optimum."""
        found = [task for task in analysis.tasks if not task.censored[_METRIC].all()]
        return (choose_lines(analysis), [_prepare_panel(task) for task in found]) if found else None

    def draw(self, data: tuple[list[Line], list[_Panel]]) -> "Figure":
        """Draw a panel for each task and one legend."""
        lines, tasks = data
        return draw_task_panels(
            tasks,
            lambda axes, task: _draw_panel(axes, task, lines),
            y_label="share of runs",
            title="Runs whose incumbent is the optimum\n(Kaplan-Meier, pointwise 95 % interval)",
        )


def _prepare_panel(task: TaskAnalysis) -> _Panel:
    shares = []
    for values, censored in zip(task.metrics[_METRIC], task.censored[_METRIC], strict=True):
        curve = estimate_survival(values, censored)
        band = 1 - np.array([curve.share, curve.high, curve.low])
        band = np.concatenate([np.zeros((3, 1)), band, band[:, -1:] if len(curve.times) else np.zeros((3, 1))], axis=1)
        shares.append((np.concatenate([[0.0], curve.times, [curve.end]]), band))
    return _Panel(task.name, shares)


def _draw_panel(axes: "Axes", task: _Panel, lines: list[Line]) -> None:
    for line, (trials, band) in zip(lines, task.shares, strict=True):
        line.draw(axes, trials, band, steps=True)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.set_xlabel("trials")
    axes.set_title(task.title, fontsize=10)
    tidy(axes)
