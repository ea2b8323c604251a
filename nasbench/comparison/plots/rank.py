"""Average rank over the share of the budget spent; the strategies are ranked in every run of every task."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, list_legend
from nasbench.reports.drawing import add_legend, panels, tidy
from nasbench.statistics.intervals import compute_mean_band
from nasbench.statistics.ranking import rank

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class _Ranks(NamedTuple):
    """Lines, number of tasks, [G] share of the budget, [strategies, 3, G] average rank with its interval."""

    lines: list[Line]
    n_tasks: int
    share: Floats
    bands: Floats


class RankOverTime(Plot):
    """Average rank by regret, over time."""

    def prepare(self, analysis: Analysis) -> _Ranks | None:
        """Return average ranks; None for a single strategy."""
        n = len(analysis.strategies)
        if n < 2:
            return None
        share = np.geomspace(max(task.grid[0] for task in analysis.tasks), 1.0, 100)
        ranked = []
        for task in analysis.tasks:
            nearest = np.searchsorted(task.grid, share * (1 + 1e-12), side="right") - 1
            ranked.append(rank(np.moveaxis(task.curves[:, :, nearest], 0, -1), "minimize"))  # [runs, times, strategies]
        by_run = np.mean(ranked, axis=0)
        bands = np.array([compute_mean_band(by_run[:, :, i], (1, n)) for i in range(n)])
        return _Ranks(choose_lines(analysis), len(analysis.tasks), share, bands)

    def draw(self, data: _Ranks) -> "Figure":
        """Draw one panel."""
        figure, grid = panels(1, 1, 8.0, 4.2)
        axes = grid[0, 0]
        for line, band in zip(data.lines, data.bands, strict=True):
            line.draw(axes, 100 * data.share, band)
        axes.set_xscale("log")
        axes.invert_yaxis()
        axes.set_xlabel("percent of the budget spent")
        axes.set_ylabel("average rank (1 is best)")
        axes.set_title(f"Rank over time, {data.n_tasks} task(s), 95 % interval over runs", fontsize=10)
        legend = list_legend(axes)
        add_legend(figure, legend["handles"], legend["labels"], below=False, size=8)
        tidy(axes)
        return figure
