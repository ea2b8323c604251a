"""Pictures of a comparison: what they show is what the leaderboard shows, and all of it lies inside the figure."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nasbench.comparison.analysis import Analysis, TaskAnalysis
from nasbench.comparison.plots import draw_plot, write_plots
from nasbench.comparison.plots.critical_difference import CriticalDifference, find_bars
from nasbench.comparison.plots.profile import PerformanceProfile
from nasbench.comparison.plots.queries_to_optimum import QueriesToOptimumPlot
from nasbench.comparison.plots.rank import RankOverTime
from nasbench.comparison.plots.regret import RegretCurves
from nasbench.comparison.progress import Progress
from nasbench.registry import PLOTS
from nasbench.statistics.intervals import compute_iqm_intervals
from nasbench.statistics.over_tasks import compare_over_tasks
from nasbench.statistics.ranking import compute_rank_intervals
from nasbench.units import Scale

NAMES = [
    "random_search",
    *(f"regularized_evolution,population_size={p},sample_size={s}" for p in range(10, 90, 10) for s in range(2, 10)),
]
TWELVE = "aaabbbbbbbbb"
GRID = np.geomspace(0.01, 1, 60)


def _make_task(name, family, skill, runs, rng):
    """Curves that fall in steps, faster with more skill; below .01 they are at the optimum."""
    steps = rng.exponential(size=(len(skill), runs, len(GRID))) * (rng.random((len(skill), runs, len(GRID))) < 0.2)
    curves = np.exp(-np.cumsum(steps * np.exp(skill)[:, None, None], axis=2))
    curves[curves < 0.01] = 0
    found = (curves == 0).any(axis=2)
    queries = np.where(found, np.argmax(curves == 0, axis=2) + 1.0, float(len(GRID)))
    return TaskAnalysis(
        name=name,
        family=family,
        runs=np.tile(np.arange(runs), (len(skill), 1)),
        splits=("valid",),
        final={"valid": 1 - curves[..., -1]},
        scales={"valid": Scale("fraction", "maximize")},
        metrics={"normalized_regret": curves[..., -1], "queries_to_optimum": queries},
        censored={"queries_to_optimum": ~found},
        metric_scales={"normalized_regret": Scale("none", "minimize")},
        grid=GRID,
        curves=curves,
        failed=np.zeros((len(skill), runs), dtype=bool),
        budget=(1e4, "s"),
        optimum=1.0,
        recommends=False,
        usage={},
    )


def make_analysis(n, families=TWELVE, runs=12, spread=0.6):
    """An analysis of ``n`` strategies with long names, on a task of each family."""
    rng = np.random.default_rng(n)
    skill = spread * rng.normal(size=n)
    tasks = [
        _make_task(f"task-{t}", family, skill + spread * rng.normal(size=n), runs, rng)
        for t, family in enumerate(families)
    ]
    numbers = [[np.arange(runs)] * n] * len(tasks)
    progress = Progress.of_numbers([task.name for task in tasks], NAMES[:n], runs, numbers)
    return Analysis(NAMES[:n], tasks, 1, 0, {}, progress, progress.find_block(), [], [])


@pytest.fixture(scope="module")
def analysis():
    return make_analysis(8)


@pytest.mark.parametrize(
    ("n", "families"), [*((n, "a") for n in (1, 8, 15, 41, 65)), (8, "aab"), (8, TWELVE), (65, TWELVE)]
)
@pytest.mark.parametrize("name", ["profile", "regret"])
def test_everything_lies_inside_the_figure_and_nothing_on_the_legend(n, families, name):
    """Warnings are errors in this suite: matplotlib's about layouts that do not fit, too."""
    figure = draw_plot(name, make_analysis(n, families, runs=10))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn, (width, height) = figure.get_tightbbox(canvas.get_renderer()), figure.get_size_inches()
    assert min(drawn.x0, drawn.y0, width - drawn.x1, height - drawn.y1) >= 0
    (legend,) = figure.legends
    frame = legend.get_window_extent()
    assert len(legend.get_texts()) == min(n, 13)
    for axes in figure.axes:
        if axes.get_visible():
            assert not frame.overlaps(axes.get_tightbbox())
            assert axes.get_window_extent().height > 150
            assert axes.get_window_extent().width > 200


def test_every_picture_is_written(tmp_path):
    files = write_plots(make_analysis(41, "aaabbb", runs=10), tmp_path)
    assert {path.name for path in files} == {f"{name}.{ending}" for name in PLOTS.names() for ending in ("png", "svg")}


def test_the_rank_plot_ends_at_the_average_ranks_of_the_table_and_their_intervals(analysis):
    data = RankOverTime().prepare(analysis)
    np.testing.assert_array_equal(data.ranks[:, -1], analysis.average_rank)
    values = np.stack([task.metrics["normalized_regret"] for task in analysis.tasks])
    low, high = compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), analysis.sample, "minimize")
    np.testing.assert_array_equal(data.bands[:, :, -1], np.transpose([low, high]))
    assert data.at[-1] == len(data.share) - 1
    assert data.bands.min() >= 1
    assert data.bands.max() <= 8
    assert "over tasks like these" in data.title
    few = RankOverTime().prepare(make_analysis(3, "aabbb"))
    assert np.isnan(few.bands).all()
    assert "no interval with fewer than 6 tasks" in few.title
    assert "no interval with fewer than 10 runs" in RankOverTime().prepare(make_analysis(3, runs=9)).title


def test_a_run_that_improves_at_the_very_end_of_its_budget_counts_in_the_last_point(analysis):
    """Its curve falls at the last point alone, to the number of the leaderboard."""
    task = analysis.tasks[0]
    final = task.metrics["normalized_regret"][::-1]
    curves = np.concatenate([task.curves[..., :-1], final[..., None]], axis=-1)
    late = replace(task, metrics=task.metrics | {"normalized_regret": final}, curves=curves)
    changed = replace(analysis, tasks=[late, *analysis.tasks[1:]])
    np.testing.assert_array_equal(RankOverTime().prepare(changed).ranks[:, -1], changed.average_rank)
    (_, _, panels) = RegretCurves().prepare(changed)
    np.testing.assert_array_equal(panels[0].levels[:, -1], np.maximum(changed.levels[0], 1e-4))


def test_regret_curves_end_at_the_interquartile_means_of_the_table_and_their_intervals(analysis):
    _, band, panels = RegretCurves().prepare(analysis)
    assert "over runs on each task" in band
    for task, panel in zip(analysis.tasks, panels, strict=True):
        final = task.metrics["normalized_regret"]
        expected = np.maximum(compute_iqm_intervals(final, task.failed, (0.0, np.inf)), 1e-4)
        np.testing.assert_allclose(panel.levels[:, -1], expected[0])
        np.testing.assert_allclose([panel.bands[i][:, -1] for i in range(8)], expected[1:].T)


def test_with_fewer_than_ten_runs_there_are_no_bands():
    analysis = make_analysis(3, runs=9)
    (_, band, panels) = RegretCurves().prepare(analysis)
    assert all(np.isnan(own).all() for panel in panels for own in panel.bands.values())
    assert band == "no interval with fewer than 10 runs"
    assert np.isnan(PerformanceProfile().prepare(analysis).bands[:, 1:]).all()
    _, band, panels = QueriesToOptimumPlot().prepare(analysis)
    assert all(np.isnan(shares[1:]).all() for panel in panels for _, shares in panel.shares)
    for name in ("regret", "profile", "queries_to_optimum", "rank"):
        figure = draw_plot(name, analysis)
        assert not any(axes.collections for axes in figure.axes)


@pytest.mark.parametrize("name", ["regret", "profile", "queries_to_optimum", "rank"])
def test_bands_of_more_than_eight_strategies_are_left_out_and_the_title_says_so(name):
    for n, drawn in ((8, True), (9, False)):
        figure = draw_plot(name, make_analysis(n, "aaabbb", runs=10))
        title = " ".join(f"{figure.get_suptitle()} {figure.axes[0].get_title()}".split())
        assert any(axes.collections for axes in figure.axes) == drawn
        assert ("intervals are drawn for up to 8 strategies" in title) != drawn


def test_families_weigh_alike_in_the_profile(analysis):
    """At regret 1 all runs are counted; at .05 the mean of both families' shares, counted by hand."""
    data = PerformanceProfile().prepare(analysis)
    np.testing.assert_allclose(data.bands[:, 0, -1], 1.0)
    at = int(np.searchsorted(data.tau, 0.05))
    shares = [(task.metrics["normalized_regret"] <= data.tau[at]).mean(axis=1) for task in analysis.tasks]
    expected = (np.mean(shares[:3], axis=0) + np.mean(shares[3:], axis=0)) / 2
    np.testing.assert_allclose(data.bands[:, 0, at], expected)
    assert data.bands.min() >= 0
    assert data.bands.max() <= 1


def test_lines_and_names_have_the_order_of_the_table(analysis):
    best_first = sorted(range(8), key=lambda i: (analysis.average_rank[i], analysis.strategies[i]))
    expected = [analysis.strategies[i] for i in best_first]
    legend = draw_plot("regret", analysis).legends[0]
    assert [text.get_text().replace("\n  ", "") for text in legend.get_texts()] == expected
    assert CriticalDifference().prepare(analysis).names == expected


def test_the_picture_of_critical_differences_joins_what_nemenyi_cannot_separate():
    analysis = make_analysis(15)
    data, tests = (
        CriticalDifference().prepare(analysis),
        compare_over_tasks(analysis.levels, analysis.sample, "minimize"),
    )
    order = np.argsort(analysis.average_rank, kind="stable")
    np.testing.assert_array_equal(data.ranks, analysis.average_rank[order])
    assert data.critical == tests.nemenyi.critical
    joined = np.eye(15, dtype=bool)
    for first, last in data.bars:
        joined[first : last + 1, first : last + 1] = True
    np.testing.assert_array_equal(joined, tests.nemenyi.p[np.ix_(order, order)] > 0.05)
    assert "12 tasks of 2 families" in data.title
    (axes,) = draw_plot("critical_difference", analysis).axes
    lines = [line.get_xdata() for line in axes.get_lines()]
    assert any(len(x) == 2 and x[1] - x[0] == pytest.approx(data.critical) for x in lines)  # drawn to scale
    assert any(f"{data.critical:.2f}" in text.get_text() for text in axes.texts)


def test_bars_are_the_longest_rows():
    separated = np.zeros((5, 5), dtype=bool)
    separated[0, 2:] = separated[2:, 0] = True
    separated[1, 4] = separated[4, 1] = True
    assert find_bars(separated) == [(0, 1), (1, 3), (2, 4)]
    assert find_bars(~np.eye(4, dtype=bool)) == []
    assert find_bars(np.zeros((3, 3), dtype=bool)) == [(0, 2)]


@pytest.mark.parametrize("n", [2, 3])
def test_equal_strategies_and_a_single_pair_are_drawn(n):
    analysis = make_analysis(n, "aaabbb")
    same = [
        replace(
            task,
            curves=np.repeat(task.curves[:1], n, axis=0),
            metrics={name: np.repeat(values[:1], n, axis=0) for name, values in task.metrics.items()},
        )
        for task in analysis.tasks
    ]
    tied = replace(analysis, tasks=same)
    for name in PLOTS.names():
        assert draw_plot(name, analysis) is not None
        assert draw_plot(name, tied) is not None
    (axes,) = draw_plot("critical_difference", tied).axes
    assert any("all strategies tie" in text.get_text() for text in axes.texts)


def test_with_few_tasks_there_is_no_picture_of_critical_differences():
    assert draw_plot("critical_difference", make_analysis(4, "abcde")) is None


def test_the_title_of_queries_says_on_how_many_tasks_no_run_found_the_optimum(analysis):
    first, *others = analysis.tasks
    never = replace(first, censored={"queries_to_optimum": np.ones_like(first.censored["queries_to_optimum"])})
    _, all_shown, _ = QueriesToOptimumPlot().prepare(analysis)
    _, told, panels = QueriesToOptimumPlot().prepare(replace(analysis, tasks=[never, *others]))
    assert "tasks:" not in all_shown
    assert told.endswith("; 11 of 12 tasks: no run found the optimum of the others")
    assert len(panels) == 11
