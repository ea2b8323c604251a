"""Shared parts of the plots of a comparison: the lines of strategies, and their legend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis
from nasbench.reports.drawing import add_legend, in_legend, look, panels, wrap_title
from nasbench.statistics.intervals import LEAST_RUNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_Task = TypeVar("_Task")
_MOST_COLOURED = 12  # number of lines that can be distinguished
_MOST_BANDS = 8  # more bands cover each other and the lines
_REFERENCE = "random_search"
_GREY: dict[str, Any] = {"color": "0.8", "linestyle": "-", "linewidth": 0.9, "zorder": 1}
_PANEL_TITLE, _FIGURE_TITLE = 10.0, 12.0  # points


@dataclass(frozen=True)
class Line:
    """How a strategy is drawn.

    Attributes:
        at: position of the strategy in the arrays of the analysis.
        label: label in the legend; one grey line stands for all grey lines.
        look: style of the line.
        banded: whether its interval is drawn.
    """

    at: int
    label: str
    look: dict[str, Any]
    banded: bool = True

    def draw(self, axes: "Axes", x: Floats, values: Floats, *, steps: bool = False) -> None:
        """Draw values [n] over ``x`` [n]; with ``steps`` each value holds until the next."""
        axes.plot(x, values, label=self.label, drawstyle="steps-post" if steps else "default", **self.look)

    def draw_band(self, axes: "Axes", x: Floats, band: Floats, *, steps: bool = False) -> None:
        """Draw the area between lower and upper bounds [2, n] over ``x`` [n]; none where they are nan."""
        if self.banded and not np.isnan(band).all():
            how: Any = "post" if steps else None
            axes.fill_between(x, band[0], band[1], step=how, color=self.look["color"], alpha=0.15, lw=0)


def choose_lines(analysis: Analysis) -> list[Line]:
    """Return the lines of the strategies in the order of the leaderboard.

    If there are many, only the best and random search have colours; the others come last, and no line has a band.
    """
    names, ordered = analysis.strategies, analysis.order
    first = sorted(ordered, key=lambda i: names[i] != _REFERENCE)[:_MOST_COLOURED]
    coloured = [i for i in ordered if i in first]
    banded = len(names) <= _MOST_BANDS
    lines = [Line(i, in_legend(names[i]), look(place), banded) for place, i in enumerate(coloured)]
    others = [i for i in ordered if i not in first]
    labels = [f"{len(others)} others", *["_"] * len(others)]
    return lines + [Line(i, label, _GREY, banded=False) for i, label in zip(others, labels, strict=False)]


def describe_band(analysis: Analysis, band: str) -> str:
    """Return what a band over runs is, or why there is none."""
    if len(analysis.block.runs) < LEAST_RUNS:
        return f"no interval with fewer than {LEAST_RUNS} runs"
    if len(analysis.strategies) > _MOST_BANDS:
        return f"intervals are drawn for up to {_MOST_BANDS} strategies"
    return band


def draw_task_panels(
    tasks: Sequence[_Task], draw: "Callable[[Axes, _Task], None]", *, y_label: str, title: str
) -> "Figure":
    """Return a figure with a panel for each task and one legend."""
    columns = min(len(tasks), 4)
    rows = -(-len(tasks) // columns)
    width = 6.4 if columns == 1 else 4.8 if rows == 1 else 4.2
    figure, grid = panels(columns, rows, width, 3.8 if rows == 1 else 3.1)
    for axes, task in zip(grid.flat, tasks, strict=False):
        draw(axes, task)
        axes.set_title(wrap_title(axes.get_title(), width - 0.6, _PANEL_TITLE), fontsize=_PANEL_TITLE)
    for axes in list(grid.flat)[len(tasks) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(y_label)
    add_legend(figure, *grid[0, 0].get_legend_handles_labels(), below=True)
    figure.suptitle(wrap_title(title, figure.get_size_inches()[0], _FIGURE_TITLE), fontsize=_FIGURE_TITLE)
    return figure


def draw_one_panel(width: float, height: float, draw: "Callable[[Axes], None]", title: str) -> "Figure":
    """Return a figure with one panel of this size in inches, and the legend on its right."""
    figure, grid = panels(1, 1, width, height)
    draw(grid[0, 0])
    grid[0, 0].set_title(wrap_title(title, width - 0.6, _PANEL_TITLE), fontsize=_PANEL_TITLE)
    add_legend(figure, *grid[0, 0].get_legend_handles_labels(), below=False, size=8)
    return figure
