"""Plots of a record of predictors, as PNG and SVG: tau over train size, tau over cost, reliability."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis
from nasbench.evaluation.curve_plots import draw_cutoffs, draw_forecasts, has_cutoffs
from nasbench.evaluation.intervals import compute_mean_interval, find_least_runs
from nasbench.evaluation.leaderboard import compute_median
from nasbench.evaluation.metrics import LEVELS
from nasbench.reports.drawing import add_legend, in_legend, look, needs_matplotlib, panels, save_all, tidy

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = "osD^vP*X<>"
_TITLE_LETTERS = 12  # of a title that fit into an inch
_LEAST_S = 1e-4  # start of the logarithmic axis of seconds


def write_plots(analysis: PredictionAnalysis, folder: Path) -> list[Path]:
    """Draw every plot and return the files.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    needs_matplotlib()
    figures = {"train_size": draw_sizes(analysis), "cost": draw_costs(analysis)}
    if has_cutoffs(analysis):
        figures |= {"cutoff": draw_cutoffs(analysis), "forecast": draw_forecasts(analysis)}
    if any(_find_uncertain(test).any() for test in analysis.tests):
        figures["reliability"] = draw_reliability(analysis)
    return save_all(figures, folder)


def _draw_each_test(
    analysis: PredictionAnalysis, draw: "Callable[[Axes, PredictionAnalysis, TaskPredictionAnalysis], None]", title: str
) -> "Figure":
    """Return a figure with a row for each task, a column for each protocol, and one legend."""
    names = list(dict.fromkeys(test.name for test in analysis.tests))
    protocols = analysis.protocols
    figure, grid = panels(len(protocols), len(names), 5.0, 3.6)
    for test in analysis.tests:
        axes = grid[names.index(test.name), protocols.index(test.protocol)]
        draw(axes, analysis, test)
        axes.set_title(f"{test.name}, protocol {test.protocol}", fontsize=10)
        tidy(axes)
    found: dict[str, Any] = {}  # a predictor may be missing in some panels
    for axes in grid.flat:
        found |= {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    add_legend(figure, list(found.values()), list(found), below=True, size=8)
    figure.suptitle(textwrap.fill(title, int(_TITLE_LETTERS * figure.get_size_inches()[0])), fontsize=11)
    return figure


def draw_sizes(analysis: PredictionAnalysis) -> "Figure":
    """Draw Kendall's tau over the train size, with 95 % intervals over the runs on each task."""
    band = "; band: 95 % interval over runs on this task" if analysis.n_runs >= find_least_runs("kendall") else ""
    return _draw_each_test(analysis, _draw_size_panel, f"Kendall's tau (mean over runs{band})")


def _draw_size_panel(axes: "Axes", analysis: PredictionAnalysis, test: TaskPredictionAnalysis) -> None:
    for i, predictor in enumerate(analysis.predictors):
        mean, low, high = compute_mean_interval("kendall", test.metrics["kendall"][i].T)
        axes.plot(analysis.sizes, mean, label=in_legend(predictor), marker=_choose_marker(i), markersize=4, **look(i))
        axes.fill_between(analysis.sizes, low, high, color=look(i)["color"], alpha=0.15, lw=0)
    axes.set_xscale("log")
    axes.set_xticks(analysis.sizes, [f"{size:,}" for size in analysis.sizes])
    axes.minorticks_off()
    axes.set_xlabel("training architectures")
    axes.set_ylabel("Kendall's τ")


def draw_costs(analysis: PredictionAnalysis) -> "Figure":
    """Draw Kendall's tau over the seconds to fit and predict, with the Pareto front.

    As in White et al. 2021 (arXiv 2104.01177).
    """
    title = "Kendall's tau (mean over runs) and cost; larger points: more training architectures; grey: Pareto front"
    return _draw_each_test(analysis, _draw_cost_panel, title)


def _draw_cost_panel(axes: "Axes", analysis: PredictionAnalysis, test: TaskPredictionAnalysis) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    costs = analysis.costs[test.name]
    both = costs["fit_s"] + costs["predict_s"]
    seconds = np.maximum([[compute_median(runs) for runs in row] for row in both], _LEAST_S)  # [predictors, sizes]
    tau = test.metrics["kendall"].mean(axis=2)
    sizes = 20 + 40 * np.arange(len(analysis.sizes))
    for i, predictor in enumerate(analysis.predictors):
        style = look(i)
        axes.plot(
            seconds[i],
            tau[i],
            label=in_legend(predictor),
            marker=_choose_marker(i),
            markersize=4,
            **(style | {"linewidth": 0.8}),
        )
        axes.scatter(seconds[i], tau[i], s=sizes, marker=_choose_marker(i), color=style["color"], alpha=0.6, lw=0)
    x, y = find_front(seconds.ravel(), tau.ravel())
    axes.step(x, y, where="post", color="0.6", linewidth=5, alpha=0.5, zorder=0)
    if len(x):
        axes.set_xscale("log")
        wide = x.max() > 100 * x.min()
        axes.xaxis.set_major_locator(LogLocator(subs=(1,) if wide else (1, 2, 5), numticks=8))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.margins(0.08)  # room for the large markers
    else:
        axes.set_xticks([])
        axes.text(0.5, 0.5, "no run finished with a tau", ha="center", transform=axes.transAxes)
    axes.set_xlabel("seconds to fit and predict")
    axes.set_ylabel("Kendall's τ")


def find_front(cost: Floats, value: Floats) -> tuple[Floats, Floats]:
    """Return cost and value of the Pareto front, sorted by cost."""
    known = ~np.isnan(cost + value)
    order = np.lexsort((-value[known], cost[known]))
    cost, value = cost[known][order], value[known][order]
    better = value > np.concatenate([[-np.inf], np.maximum.accumulate(value)[:-1]]) if len(value) else value > 0
    return cost[better], value[better]


def draw_reliability(analysis: PredictionAnalysis) -> "Figure":
    """Draw the share of true scores below each predicted quantile, at the largest train size."""
    title = f"Reliability at {analysis.sizes[-1]:,} training architectures (mean over runs)"
    return _draw_each_test(analysis, _draw_reliability_panel, title)


def _draw_reliability_panel(axes: "Axes", analysis: PredictionAnalysis, test: TaskPredictionAnalysis) -> None:
    axes.plot([0, 1], [0, 1], color="0.6", linewidth=1, zorder=0)
    for i in np.flatnonzero(_find_uncertain(test)):
        runs = test.reliability[i, -1]
        shares = runs[~np.isnan(runs[:, 0])].mean(axis=0)
        axes.plot(LEVELS, shares, label=in_legend(analysis.predictors[i]), **look(int(i)))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_aspect("equal")
    axes.set_xlabel("level of the predicted quantile")
    axes.set_ylabel("true scores below it")


def _find_uncertain(test: TaskPredictionAnalysis) -> Bools:
    """Return which predictors have an uncertainty at the largest train size, [predictors]."""
    return np.array([not np.isnan(runs[:, 0]).all() for runs in test.reliability[:, -1]])


def _choose_marker(i: int) -> str:
    return _MARKERS[i % len(_MARKERS)]
