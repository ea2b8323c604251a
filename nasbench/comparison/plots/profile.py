"""Performance profile: share of all runs whose final normalised regret is at most tau (Dolan & More 2002)."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, list_legend
from nasbench.reports.drawing import add_legend, panels, tidy
from nasbench.statistics.intervals import compute_mean_band

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class _Profiles(NamedTuple):
    """Lines, [n] regret, [strategies, 3, n] share of runs with its interval."""

    lines: list[Line]
    tau: Floats
    bands: Floats


class PerformanceProfile(Plot):
    """Distribution of final regret over runs and tasks."""

    def prepare(self, analysis: Analysis) -> _Profiles:
        """Return the share of runs at each regret, with its 95 % interval over runs."""
        tau, bands = np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 300)]), []
        for i in range(len(analysis.strategies)):
            final = np.stack([task.metrics["normalized_regret"][i] for task in analysis.tasks])
            reached = (final[:, :, None] <= tau).mean(axis=0)  # [runs, tau]: mean over tasks
            bands.append(compute_mean_band(reached, (0, 1)))
        return _Profiles(choose_lines(analysis), tau, np.array(bands))

    def draw(self, data: _Profiles) -> "Figure":
        """Draw one panel."""
        figure, grid = panels(1, 1, 6.5, 4.2)
        axes = grid[0, 0]
        for line, band in zip(data.lines, data.bands, strict=True):
            line.draw(axes, data.tau, band)
        axes.set_xscale("symlog", linthresh=1e-3)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.set_xlabel("final normalised regret τ")
        axes.set_ylabel("share of runs with regret ≤ τ")
        axes.set_title("Performance profile (higher is better), 95 % interval over runs", fontsize=10)
        legend = list_legend(axes)
        add_legend(figure, legend["handles"], legend["labels"], below=False, size=8)
        tidy(axes)
        return figure
