"""Pictures of a record, as PNG and SVG: regret and rank over time, profiles, critical differences."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.comparison.leaderboard import test_blocks
from nasbench.reports import statistics
from nasbench.reports.drawing import in_legend, look, needs_matplotlib, panels, save_all, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ALPHA = 0.05
_FLOOR = 1e-4  # where a logarithmic axis of regret ends: regret can be exactly zero
_MOST_COLOURED = 12  # lines that an eye tells apart
_REFERENCE = "random_search"
_GREY: dict[str, Any] = {"color": "0.8", "linestyle": "-", "linewidth": 0.9, "zorder": 1}


def write_plots(analysis: Analysis, folder: Path) -> list[Path]:
    """Draw every picture that the record allows and return the files.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    needs_matplotlib()
    pictures: dict[str, Callable[[Analysis], Figure]] = {
        "regret": regret_figure,
        "profile": profile_figure,
    }
    if len(analysis.strategies) > 1:
        pictures["rank"] = rank_figure
    if len(analysis.strategies) > 2:
        pictures["critical_difference"] = critical_difference_figure
    outside = {"critical_difference"}  # its labels lie outside the axes
    return save_all({name: draw(analysis) for name, draw in pictures.items()}, folder, tight=outside)


@dataclass(frozen=True)
class _Line:
    """How a strategy is drawn.

    Attributes:
        label: in the legend; one of the grey ones speaks for all.
        look: of the line.
        banded: whether its interval is drawn.
    """

    label: str
    look: dict[str, Any]
    banded: bool = True

    def draw(self, axes: "Axes", x: Floats, band: Floats) -> None:
        """Draw mean, lower and upper bound [3, n] over ``x`` [n]."""
        axes.plot(x, band[0], label=self.label, **self.look)
        if self.banded:
            axes.fill_between(x, band[1], band[2], color=self.look["color"], alpha=0.15, lw=0)


def _lines(analysis: Analysis) -> list[_Line]:
    """Return each strategy's line: where they are many, the best and random search in colours, all others grey."""
    names = analysis.strategies
    by_rank = np.argsort(statistics.ranks(analysis.scores).mean(axis=0), kind="stable").tolist()
    reference = [i for i in by_rank if names[i] == _REFERENCE]
    coloured = set([*reference, *(i for i in by_rank if i not in reference)][:_MOST_COLOURED])
    looks = iter(range(len(names)))
    others = iter([f"{len(names) - len(coloured)} others"])
    return [
        _Line(in_legend(name), look(next(looks))) if i in coloured else _Line(next(others, "_"), _GREY, banded=False)
        for i, name in enumerate(names)
    ]


def _legend(axes: "Axes") -> dict[str, list[Any]]:
    """Return what a legend shows: strategies in their order, what stands for many at the end."""
    entries = sorted(
        zip(*axes.get_legend_handles_labels(), strict=True), key=lambda entry: entry[0].get_zorder() == _GREY["zorder"]
    )
    handles, labels = map(list, zip(*entries, strict=True))
    return {"handles": handles, "labels": labels}


def regret_figure(analysis: Analysis) -> "Figure":
    """Mean normalised regret over the budget, a panel a task, logarithmic axes, 95 % interval of the mean."""
    n = len(analysis.tasks)
    columns = min(n, 4)
    rows = -(-n // columns)
    small = rows == 1  # title and legend take as much room beside one panel as beside twelve
    figure, grid = panels(columns, rows, *((6.4 if columns == 1 else 4.8, 5.0) if small else ()))
    drawn = _lines(analysis)
    for axes, task in zip(grid.flat, analysis.tasks, strict=False):
        _regret_panel(axes, task, drawn)
    for axes in list(grid.flat)[n:]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel("normalised regret")
    lines = _legend(grid[0, 0])
    figure.legend(**lines, loc="outside lower center", ncols=min(len(lines["labels"]), 2 * columns, 4), frameon=False)
    figure.suptitle("Regret of the incumbent over simulated time\n(mean over runs, 95 % interval of the mean)")
    return figure


def _regret_panel(axes: "Axes", task: TaskAnalysis, lines: "list[_Line]") -> None:
    budget, unit = task.budget
    hours = unit == "s" and budget > 7200
    lowest, highest = 1.0, 1.3
    x = task.grid * (budget / 3600 if hours else budget)
    for i, line in enumerate(lines):
        band = np.maximum(statistics.mean_band(task.curves[i]), _FLOOR)
        line.draw(axes, x, band)
        lowest = min(lowest, float(band[1].min()))
        if not task.scales[task.splits[0]].is_fraction:  # how bad the worst is, no unit but that one bounds
            highest = max(highest, 1.1 * float(band[0].max()))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(max(_FLOOR, lowest * 0.8), highest)
    axes.set_xlabel("simulated hours" if hours else f"simulated {'seconds' if unit == 's' else unit}")
    axes.set_title(task.name, fontsize=10)
    tidy(axes)


def rank_figure(analysis: Analysis) -> "Figure":
    """Average rank over the share of the budget spent: every run of every task ranks the strategies."""
    figure, grid = panels(1, 1, 8.0, 4.2)
    axes = grid[0, 0]
    share = np.geomspace(max(task.grid[0] for task in analysis.tasks), 1.0, 100)
    ranked = []
    for task in analysis.tasks:
        nearest = np.searchsorted(task.grid, share * (1 + 1e-12), side="right") - 1
        ranked.append(statistics.ranks(np.moveaxis(task.curves[:, :, nearest], 0, -1)))  # [runs, times, strategies]
    by_run = np.mean(ranked, axis=0)
    for i, line in enumerate(_lines(analysis)):
        band = np.clip(statistics.mean_band(by_run[:, :, i]), 1, len(analysis.strategies))
        line.draw(axes, 100 * share, band)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.set_xlabel("percent of the budget spent")
    axes.set_ylabel("average rank (1 is best)")
    axes.set_title(f"Rank over time, {len(analysis.tasks)} task(s), 95 % interval over runs", fontsize=10)
    figure.legend(**_legend(axes), loc="outside right center", frameon=False, fontsize=8)
    tidy(axes)
    return figure


def profile_figure(analysis: Analysis) -> "Figure":
    """Performance profile: share of all runs whose final normalised regret is at most tau."""
    figure, grid = panels(1, 1, 6.5, 4.2)
    axes = grid[0, 0]
    tau = np.concatenate([[0.0], np.geomspace(1e-3, 1.0, 300)])
    for i, line in enumerate(_lines(analysis)):
        final = np.stack([task.normalized[i] for task in analysis.tasks])
        reached = (final[:, :, None] <= tau).mean(axis=0)  # [runs, tau]: mean over tasks
        line.draw(axes, tau, np.clip(statistics.mean_band(reached), 0, 1))
    axes.set_xscale("symlog", linthresh=1e-3)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("final normalised regret τ")
    axes.set_ylabel("share of runs with regret ≤ τ")
    axes.set_title("Performance profile (higher is better), 95 % interval over runs", fontsize=10)
    axes.legend(**_legend(axes), frameon=False, fontsize=8)
    tidy(axes)
    return figure


def critical_difference_figure(analysis: Analysis) -> "Figure":
    """Average ranks with bars joining strategies that Holm-corrected Wilcoxon tests do not tell apart."""
    import pandas as pd
    from scikit_posthocs import critical_difference_diagram

    blocks, what = test_blocks(analysis)
    average = statistics.ranks(blocks).mean(axis=0)
    p_values = pd.DataFrame(statistics.pairwise_tests(blocks), analysis.strategies, analysis.strategies)
    figure, grid = panels(1, 1, 8.0, 0.9 + 0.35 * len(analysis.strategies))
    axes = grid[0, 0]
    critical_difference_diagram(
        dict(zip(analysis.strategies, average, strict=True)),
        p_values.fillna(1.0),
        alpha=_ALPHA,
        ax=axes,
        color_palette={name: look(i)["color"] for i, name in enumerate(analysis.strategies)},
        label_fmt_left="{label} ({rank:.2f})",
        label_fmt_right="({rank:.2f}) {label}",
    )
    friedman = statistics.friedman(blocks)
    axes.set_title(
        f"Average rank over {len(blocks)} {what}; a bar joins what Wilcoxon-Holm does not tell apart at {_ALPHA:g}\n"
        f"Friedman p {'< 0.001' if friedman < 0.001 else f'= {friedman:.2g}'}",
        fontsize=9,
    )
    return figure
