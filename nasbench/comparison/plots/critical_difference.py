"""Average ranks with Nemenyi's critical difference, as in Demsar 2006 (JMLR 7).

Bars join strategies that Nemenyi's test cannot separate over tasks like these. All names stand on one side, in the
order of the leaderboard: Demsar's picture has half of them on each, which long names make hard to read.
"""

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.comparison.analysis import Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.reports.drawing import in_legend, panels, wrap_title
from nasbench.statistics.over_tasks import compare_over_tasks
from nasbench.statistics.ranking import ALPHA

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH, _ROW, _BAR = 6.4, 0.22, 0.11  # inches: of the axis, of a row with a name, and of a row with a bar
_GREY = "0.55"


class _Picture(NamedTuple):
    """What is drawn.

    Attributes:
        names: of the strategies, best first.
        ranks: [strategies] average ranks, increasing.
        critical: the critical difference; nan if all strategies tie on every task.
        bars: first and last position of the strategies that a bar joins.
        title: over which tasks.
    """

    names: list[str]
    ranks: Floats
    critical: float
    bars: list[tuple[int, int]]
    title: str


class CriticalDifference(Plot):
    """Critical difference diagram."""

    grows = True  # its labels lie outside the axes

    def prepare(self, analysis: Analysis) -> _Picture | None:
        """Return average ranks and bars; None for a single strategy, and with too few tasks for a test over tasks."""
        if len(analysis.strategies) < 2 or not analysis.sample.is_enough:
            return None
        tests, order = compare_over_tasks(analysis.levels, analysis.sample, "minimize"), analysis.order
        title = (
            f"Average rank over {tests.sample.describe()}\n"
            f"(bars join strategies that Nemenyi's test over {tests.sample.unit} cannot separate at {ALPHA:g})"
        )
        return _Picture(
            names=[in_legend(analysis.strategies[i]) for i in order],
            ranks=analysis.average_rank[order],
            critical=tests.nemenyi.critical,
            bars=find_bars(tests.nemenyi.p[np.ix_(order, order)] <= ALPHA),
            title=title,
        )

    def draw(self, data: _Picture) -> "Figure":
        """Draw one panel."""
        n, n_bars = len(data.names), len(data.bars)
        top = 0.7 + _BAR * (n_bars + 1)  # inches above the first name
        height = top + _ROW * n
        figure, grid = panels(1, 1, _WIDTH, height)
        figure.set_layout_engine("none")  # it would take the room of long names, outside the axes, from the axes
        axes = grid[0, 0]
        axes.set_position((0.0, 0.0, 1.0, 1.0))
        axes.set_xlim(1 - 0.02 * (n - 1), n + 0.02 * (n - 1))
        axes.set_ylim(height, 0.0)  # inches from above
        axes.axis("off")
        _draw_scale(axes, data)
        for place in range(n):
            _draw_name(axes, data, place, top + _ROW * (place + 0.5))
        for level, (first, last) in enumerate(data.bars):
            y = 0.7 + _BAR * (level + 1)
            axes.plot(_widen(data.ranks[[first, last]], n), [y, y], color="black", linewidth=3.5, solid_capstyle="butt")
        axes.set_title(wrap_title(data.title, _WIDTH, 9), fontsize=9)
        return figure


def find_bars(separated: Bools) -> list[tuple[int, int]]:
    """Find the longest rows of neighbours none of whom are separated from each other.

    Args:
        separated: [n, n] whether a test separates two strategies, which are in the order of their average ranks.

    Returns:
        First and last position of each row of two or more, from the best.
    """
    n = len(separated)
    last = [int(np.append(np.flatnonzero(separated[i, i:]), n - i)[0]) + i - 1 for i in range(n)]
    last = np.minimum.accumulate(last[::-1])[::-1].tolist()  # a row ends where one that begins later must end
    return [(i, end) for i, (before, end) in enumerate(pairwise([-1, *last])) if end > max(i, before)]


def _widen(ends: Floats, n: int) -> Floats:
    """Return the ends of a bar, which sticks out a little on both sides."""
    return ends + 0.008 * (n - 1) * np.array([-1.0, 1.0])


def _draw_scale(axes: "Axes", data: _Picture) -> None:
    """Draw the axis of ranks, and the critical difference above it."""
    from matplotlib.ticker import MaxNLocator

    n, y = len(data.names), 0.6
    axes.plot([1, n], [y, y], color="black", linewidth=1)
    ticks = [tick for tick in MaxNLocator(10, integer=True).tick_values(1, n) if 1 < tick < n - 0.04 * (n - 1)]
    for tick in (1, *ticks, n):
        axes.plot([tick, tick], [y - 0.05, y], color="black", linewidth=1)
        axes.text(tick, y - 0.07, f"{tick:g}", ha="center", va="bottom", fontsize=8)
    if np.isnan(data.critical):
        axes.text(1, 0.15, "all strategies tie on every task", ha="left", va="center", fontsize=8)
        return
    end = 1 + data.critical
    axes.plot([1, end], [0.2, 0.2], color="black", linewidth=1.5)
    for x in (1, end):
        axes.plot([x, x], [0.15, 0.25], color="black", linewidth=1.5)
    axes.text(1, 0.1, f"critical difference {data.critical:.2f}", ha="left", va="bottom", fontsize=8)


def _draw_name(axes: "Axes", data: _Picture, place: int, y: float) -> None:
    """Draw a strategy's rank and name at the left, joined with its place on the axis."""
    rank, left = float(data.ranks[place]), axes.get_xlim()[0]
    axes.plot([rank, rank, left], [0.6, y, y], color=_GREY, linewidth=0.9, zorder=1)
    axes.plot([rank], [y], marker="o", markersize=3.5, color=_GREY, zorder=2)
    axes.text(left, y, f"{data.names[place]}  {rank:.2f} ", ha="right", va="center", fontsize=9)
