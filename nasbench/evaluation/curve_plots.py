"""Plots of a record with cut learning curves: metrics over the cutoffs, and predictions beside the true curves."""

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtri

from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis
from nasbench.evaluation.intervals import compute_mean_interval, find_least_runs
from nasbench.reports.drawing import add_legend, in_legend, look, panels, tidy
from nasbench.units import Scale

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN = {"spearman": "Spearman's ρ", "rmse": "root mean squared error", "log_likelihood": "log-likelihood (nats)"}
_CENTRAL = float(ndtri(0.95))
_LOWEST = -2.0  # smallest log-likelihood shown: a confident wrong prediction would hide all others


def has_cutoffs(analysis: PredictionAnalysis) -> bool:
    """Whether curves were cut."""
    return any(not np.isnan(test.cutoff) for test in analysis.tests)


def draw_cutoffs(analysis: PredictionAnalysis) -> "Figure":
    """Draw metrics over the cutoff at the largest train size: a row for each task, by the first protocol."""
    groups = _group_tests(analysis)
    figure, grid = panels(len(_SHOWN), len(groups), 4.2, 3.6)
    for row, (name, tests) in zip(grid, groups.items(), strict=True):
        for axes, (metric, label) in zip(row, _SHOWN.items(), strict=True):
            _draw_over_cutoffs(axes, analysis, tests, metric)
            axes.set_title(name, fontsize=10)
            own = tests[0].scale.unit if metric == "rmse" else "fraction"
            axes.set_ylabel(label if own in ("fraction", "none") else f"{label} ({own})")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    add_legend(figure, handles, labels, below=True, size=8)
    covers = any(analysis.n_runs >= find_least_runs(metric) for metric in _SHOWN)
    band = "; bands, where they cover: 95 % interval over runs on this task" if covers else ""
    figure.suptitle(f"{analysis.sizes[-1]:,} training curves (mean over runs{band})", fontsize=11)
    return figure


def _group_tests(analysis: PredictionAnalysis) -> dict[str, list[TaskPredictionAnalysis]]:
    """Return the tests of each task by its first protocol."""
    first = analysis.tests[0].protocol.partition("@")[0]
    names = dict.fromkeys(test.name for test in analysis.tests)
    chosen = [test for test in analysis.tests if test.protocol.startswith(f"{first}@")]
    return {name: [test for test in chosen if test.name == name] for name in names}


def _draw_over_cutoffs(
    axes: "Axes", analysis: PredictionAnalysis, tests: list[TaskPredictionAnalysis], metric: str
) -> None:
    cutoffs = [test.cutoff for test in tests]
    means = np.full((len(analysis.predictors), len(tests)), np.nan)
    for i, predictor in enumerate(analysis.predictors):
        runs = np.stack([test.metrics[metric][i, -1] for test in tests], axis=1)
        means[i], low, high = compute_mean_interval(metric, runs)
        axes.plot(cutoffs, means[i], label=in_legend(predictor), marker="o", markersize=3, **look(i))
        axes.fill_between(cutoffs, low, high, color=look(i)["color"], alpha=0.12, lw=0)
    known = means[~np.isnan(means)]
    bottom, top = max(float(known.min(initial=0.0)), _LOWEST), float(known.max(initial=0.0))
    if metric == "rmse" and top > 0:
        axes.set_yscale("log")
        axes.set_ylim(float(known[known > 0].min()) / 2, 2 * top)
    elif top > bottom:  # an interval can be far wider than the differences
        axes.set_ylim(bottom - 0.1 * (top - bottom), top + 0.1 * (top - bottom))
    axes.set_xscale("log")
    axes.set_xticks(cutoffs, [f"{cutoff:g}" for cutoff in cutoffs])
    axes.xaxis.set_minor_locator(_hide_ticks())
    axes.set_xlabel("share of the curve seen")
    tidy(axes)


def _hide_ticks() -> Any:
    from matplotlib.ticker import NullLocator

    return NullLocator()


def draw_forecasts(analysis: PredictionAnalysis) -> "Figure":
    """Draw a few test curves of the first task, and the predicted final score at each cutoff with its central 90 %."""
    tests = next(iter(_group_tests(analysis).values()))
    n_curves = len(_select_example(tests[0], 0)["curves"])
    figure, grid = panels(n_curves, len(analysis.predictors), 3.6, 2.4)
    for i, (row, predictor) in enumerate(zip(grid, analysis.predictors, strict=True)):
        for j, axes in enumerate(row):
            _draw_forecasts(
                axes, tests[0].scale, [(test.cutoff, _select_example(test, i)) for test in tests], j, look(i)["color"]
            )
            axes.set_title(f"{predictor}, test curve {j + 1}", fontsize=9)
    figure.suptitle(
        f"{tests[0].name}: final score (dashed) and its prediction at each cutoff, with the central 90 %; "
        f"{analysis.sizes[-1]:,} training curves",
        fontsize=10,
    )
    return figure


def _select_example(test: TaskPredictionAnalysis, predictor: int) -> dict[str, Any]:
    example = test.examples[predictor][-1]
    assert example is not None
    return example


def _draw_forecasts(
    axes: "Axes", scale: Scale, of_cutoffs: list[tuple[float, dict[str, Any]]], j: int, color: str
) -> None:
    curve = np.array(of_cutoffs[0][1]["curves"][j], dtype=np.float64)
    axes.plot(np.arange(1, len(curve) + 1), curve, color="0.35", linewidth=1)
    axes.axhline(curve[-1], color="0.35", linestyle="--", linewidth=0.8)
    at = np.array([round(cutoff * len(curve)) for cutoff, _ in of_cutoffs])
    mean = np.array([example["mean"][j] for _, example in of_cutoffs])
    axes.plot(at, mean, color=color, marker="o", markersize=3)
    if of_cutoffs[0][1]["std"] is not None:
        std = np.array([example["std"][j] for _, example in of_cutoffs])
        axes.fill_between(at, mean - _CENTRAL * std, mean + _CENTRAL * std, color=color, alpha=0.2, lw=0)
    low, high = np.nanmin(curve), np.nanmax(curve)
    room = (0.1, 0.4) if scale.sign > 0 else (0.4, 0.1)  # on the side where the predictions lie
    axes.set_ylim(low - room[0] * (high - low), high + room[1] * (high - low))
    axes.set_xlabel("epochs")
    if j == 0 and not scale.is_fraction:
        axes.set_ylabel(scale.shown)
    tidy(axes)
