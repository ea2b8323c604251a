"""Performance profile: the share of runs whose final normalised regret is at most tau (Dolan & More 2002).

Families of tasks weigh alike, as in the average rank.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import RANKED_BY, Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._parts import Line, choose_lines, describe_band, draw_one_panel
from nasbench.reports.drawing import tidy
from nasbench.statistics.shares import compute_share_intervals

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class _Profiles(NamedTuple):
    """Lines, title, [n] regret, [strategies, 3, n] share of runs with its interval."""

    lines: list[Line]
    title: str
    tau: Floats
    bands: Floats


class PerformanceProfile(Plot):
    """Distribution of final regret over runs and tasks."""

    def prepare(self, analysis: Analysis) -> _Profiles:
        """Return the share of runs at each regret, with its 95 % interval over runs on these tasks."""
        tau, n_runs = np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 300)]), len(analysis.block.runs)
        final = np.sort([task.metrics[RANKED_BY] for task in analysis.tasks], axis=-1)  # [tasks, strategies, runs]
        counts = [np.searchsorted(runs, tau, side="right") for runs in final.reshape(-1, n_runs)]
        shares = np.reshape(counts, (*final.shape[:2], len(tau))) / n_runs
        bands = np.stack(compute_share_intervals(shares, n_runs, analysis.sample), axis=1)
        band = describe_band(analysis, "pointwise 95 % interval over runs on these tasks")
        title = f"Performance profile (higher is better), {analysis.sample.describe()}\n({band})"
        return _Profiles(choose_lines(analysis), title, tau, bands)

    def draw(self, data: _Profiles) -> "Figure":
        """Draw one panel."""
        return draw_one_panel(5.0, 4.2, lambda axes: _draw_profiles(axes, data), data.title)


def _draw_profiles(axes: "Axes", data: _Profiles) -> None:
    for line in data.lines:
        line.draw(axes, data.tau, data.bands[line.at, 0])
        line.draw_band(axes, data.tau, data.bands[line.at, 1:])
    axes.set_xscale("symlog", linthresh=1e-3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("final normalised regret τ")
    axes.set_ylabel("share of runs with regret ≤ τ")
    tidy(axes)
