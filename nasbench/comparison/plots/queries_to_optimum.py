"""Share of runs that have found the optimum, over the number of trials: one minus the Kaplan-Meier curve.

The empirical distribution of runtimes as in COCO (Hansen et al. 2016, arXiv 1605.03560), with a panel for each task.
Runs that end before they find the optimum are censored, not left out.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, describe_band, draw_task_panels
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

    def prepare(self, analysis: Analysis) -> tuple[list[Line], str, list[_Panel]] | None:
        """Return lines, what the bands are, and each task's distributions; None where no run found an optimum."""
        found = [task for task in analysis.tasks if not task.censored[_METRIC].all()]
        band = describe_band(analysis, "pointwise 95 % interval over runs on each task")
        if len(found) < len(analysis.tasks):
            band = f"{band}; {len(found)} of {len(analysis.tasks)} tasks: no run found the optimum of the others"
        return (choose_lines(analysis), band, [_prepare_panel(task) for task in found]) if found else None

    def draw(self, data: tuple[list[Line], str, list[_Panel]]) -> "Figure":
        """Draw a panel for each task and one legend."""
        lines, band, tasks = data
        return draw_task_panels(
            tasks,
            lambda axes, task: _draw_panel(axes, task, lines),
            y_label="share of runs",
            title=f"Runs whose incumbent is the optimum\n(Kaplan-Meier; {band})",
        )


def _prepare_panel(task: TaskAnalysis) -> _Panel:
    shares = []
    for values, censored in zip(task.metrics[_METRIC], task.censored[_METRIC], strict=True):
        curve = estimate_survival(values, censored)
        low, high = np.append(curve.low_at_start, curve.low), np.append(1.0, curve.high)
        band = 1 - np.array([np.append(1.0, curve.share), np.where(np.isnan(low), np.nan, high), low])
        shares.append((np.concatenate([[0.0], curve.times, [curve.end]]), np.append(band, band[:, -1:], axis=1)))
    return _Panel(task.name, shares)


def _draw_panel(axes: "Axes", task: _Panel, lines: list[Line]) -> None:
    for line in lines:
        trials, band = task.shares[line.at]
        line.draw(axes, trials, band[0], steps=True)
        line.draw_band(axes, trials, band[1:], steps=True)
    axes.set_ylim(0, 1.02)
    axes.set_xlim(left=0)
    axes.set_xlabel("trials")
    axes.set_title(task.title)
    tidy(axes)
