"""Average rank over the share of the budget spent.

At each time, the strategies are ranked on each task by the interquartile mean of their normalised regret over runs, and
the ranks are averaged with the weights of the tasks: the last point is the average rank of the leaderboard. The band is
the interval of the leaderboard, too: what other tasks like these would give.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.comparison.analysis import Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, describe_band, draw_one_panel
from nasbench.reports.drawing import tidy
from nasbench.statistics.intervals import compute_iqm
from nasbench.statistics.ranking import average_ranks, compute_rank_intervals
from nasbench.statistics.sampling import LEAST_TASKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_N_TIMES = 100
_N_BANDS = 12  # times with an interval: each takes as long as those of the leaderboard


class _Ranks(NamedTuple):
    """What is drawn.

    Attributes:
        lines: of the strategies.
        title: with what the band is.
        share: [G] share of the budget.
        ranks: [strategies, G] average ranks.
        at: [B] positions in ``share`` of the intervals.
        bands: [strategies, 2, B] intervals; nan if there are too few tasks or runs, or too many strategies.
    """

    lines: list[Line]
    title: str
    share: Floats
    ranks: Floats
    at: Ints
    bands: Floats


class RankOverTime(Plot):
    """Average rank by regret, over time."""

    def prepare(self, analysis: Analysis) -> _Ranks | None:
        """Return average ranks; None for a single strategy."""
        if len(analysis.strategies) < 2:
            return None
        share = np.geomspace(max(task.grid[0] for task in analysis.tasks), 1.0, _N_TIMES)
        curves, failed = _read_curves(analysis, share), np.stack([task.failed for task in analysis.tasks])
        ranks = [
            average_ranks(compute_iqm(curves[..., g], failed), analysis.sample, "minimize") for g in range(_N_TIMES)
        ]
        at = np.linspace(0, _N_TIMES - 1, _N_BANDS).round().astype(np.int64)
        lines = choose_lines(analysis)
        bands = np.full((len(lines), 2, _N_BANDS), np.nan)
        if lines[0].banded:
            for b, g in enumerate(at.tolist()):
                own = compute_rank_intervals(curves[..., g], failed, analysis.sample, "minimize")
                bands[..., b] = np.transpose(own)
        title = f"Average rank over time, {analysis.sample.describe()}\n({_describe_band(analysis)})"
        return _Ranks(lines, title, share, np.array(ranks).T, at, bands)

    def draw(self, data: _Ranks) -> "Figure":
        """Draw one panel."""
        return draw_one_panel(5.6, 4.2, lambda axes: _draw_ranks(axes, data), data.title)


def _read_curves(analysis: Analysis, share: Floats) -> Floats:
    """Return regret at shares of the budget; [tasks, strategies, runs, G]."""
    before = [np.searchsorted(task.grid, share * (1 + 1e-12), side="right") - 1 for task in analysis.tasks]
    return np.stack([task.curves[..., at] for task, at in zip(analysis.tasks, before, strict=True)])


def _describe_band(analysis: Analysis) -> str:
    if not analysis.sample.is_enough:
        return f"no interval with fewer than {LEAST_TASKS} tasks"
    return describe_band(analysis, f"95 % interval over tasks like these, at {_N_BANDS} times")


def _draw_ranks(axes: "Axes", data: _Ranks) -> None:
    percent = 100 * data.share
    for line in data.lines:
        line.draw(axes, percent, data.ranks[line.at])
        line.draw_band(axes, percent[data.at], data.bands[line.at])
    axes.set_xscale("log")
    room = 0.03 * (len(data.lines) - 1)
    axes.set_ylim(len(data.lines) + room, 1 - room)
    axes.set_xlabel("percent of the budget spent")
    axes.set_ylabel("average rank (1 is best)")
    tidy(axes)
