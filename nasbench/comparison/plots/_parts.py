"""Shared parts of the plots of a comparison: the lines of strategies, and their legend."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis
from nasbench.reports.drawing import add_legend, in_legend, look, panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_Task = TypeVar("_Task")
_MOST_COLOURED = 12  # number of lines that can be distinguished
_REFERENCE = "random_search"
_GREY: dict[str, Any] = {"color": "0.8", "linestyle": "-", "linewidth": 0.9, "zorder": 1}


@dataclass(frozen=True)
class Line:
    """How a strategy is drawn.

    Attributes:
        label: label in the legend; one grey line stands for all grey lines.
        look: style of the line.
        banded: whether its interval is drawn.
    """

    label: str
    look: dict[str, Any]
    banded: bool = True

    def draw(self, axes: "Axes", x: Floats, band: Floats, *, steps: bool = False) -> None:
        """Draw mean, lower and upper bound [3, n] over ``x`` [n]; with ``steps`` each value holds until the next."""
        axes.plot(x, band[0], label=self.label, drawstyle="steps-post" if steps else "default", **self.look)
        if self.banded:
            how: Any = "post" if steps else None
            axes.fill_between(x, band[1], band[2], step=how, color=self.look["color"], alpha=0.15, lw=0)


def choose_lines(analysis: Analysis) -> list[Line]:
    """Return the line of each strategy; if there are many, only the best and random search have colours."""
    names = analysis.strategies
    by_rank = np.argsort(analysis.average_rank, kind="stable").tolist()
    reference = [i for i in by_rank if names[i] == _REFERENCE]
    coloured = set([*reference, *(i for i in by_rank if i not in reference)][:_MOST_COLOURED])
    looks = iter(range(len(names)))
    others = iter([f"{len(names) - len(coloured)} others"])
    return [
        Line(in_legend(name), look(next(looks))) if i in coloured else Line(next(others, "_"), _GREY, banded=False)
        for i, name in enumerate(names)
    ]


def list_legend(axes: "Axes") -> dict[str, list[Any]]:
    """Return the entries of a legend: strategies in order, with the entry for grey lines at the end."""
    entries = sorted(
        zip(*axes.get_legend_handles_labels(), strict=True), key=lambda entry: entry[0].get_zorder() == _GREY["zorder"]
    )
    handles, labels = map(list, zip(*entries, strict=True))
    return {"handles": handles, "labels": labels}


def draw_task_panels(
    tasks: Sequence[_Task], draw: "Callable[[Axes, _Task], None]", *, y_label: str, title: str
) -> "Figure":
    """Return a figure with a panel for each task and one legend."""
    columns = min(len(tasks), 4)
    rows = -(-len(tasks) // columns)
    small = rows == 1  # title and legend need the same room for one panel as for twelve
    figure, grid = panels(columns, rows, *((6.4 if columns == 1 else 4.8, 5.0) if small else ()))
    for axes, task in zip(grid.flat, tasks, strict=False):
        draw(axes, task)
    for axes in list(grid.flat)[len(tasks) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(y_label)
    legend = list_legend(grid[0, 0])
    add_legend(figure, legend["handles"], legend["labels"], below=True)
    figure.suptitle(title)
    return figure
