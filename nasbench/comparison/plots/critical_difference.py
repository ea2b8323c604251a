"""Average ranks; bars join strategies that do not differ by Holm-corrected Wilcoxon tests (Demsar 2006)."""

from typing import TYPE_CHECKING, NamedTuple

from nasbench.comparison.analysis import Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.reports.drawing import in_legend, look, panels
from nasbench.statistics.over_tasks import OverTasks, compare_over_tasks

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REQUIRES = {"scikit_posthocs": "report"}

_ALPHA = 0.05


class _Differences(NamedTuple):
    """Strategies, and what the tests over tasks say."""

    strategies: list[str]
    tests: OverTasks


class CriticalDifference(Plot):
    """Critical difference diagram."""

    grows = True  # its labels lie outside the axes

    def prepare(self, analysis: Analysis) -> _Differences | None:
        """Return the tested regrets; None for fewer than three strategies."""
        if len(analysis.strategies) < 3:
            return None
        return _Differences(analysis.strategies, compare_over_tasks(analysis.levels, analysis.sample, "minimize"))

    def draw(self, data: _Differences) -> "Figure":
        """Draw one panel."""
        import pandas as pd
        from scikit_posthocs import critical_difference_diagram

        names = list(map(in_legend, data.strategies))
        p_values = pd.DataFrame(data.tests.nemenyi.p, names, names)
        figure, grid = panels(1, 1, 8.0, 0.9 + 0.35 * len(names))
        figure.set_layout_engine("none")  # it would take the room of long labels, outside the axes, from the axes
        critical_difference_diagram(
            dict(zip(names, data.tests.average, strict=True)),
            p_values.fillna(1.0),
            alpha=_ALPHA,
            ax=grid[0, 0],
            color_palette={name: look(i)["color"] for i, name in enumerate(names)},
            label_fmt_left="{label} ({rank:.2f})",
            label_fmt_right="({rank:.2f}) {label}",
        )
        grid[0, 0].set_title(_write_title(data), fontsize=9)
        return figure


def _write_title(data: _Differences) -> str:
    tests = data.tests
    return (
        f"Average rank over {tests.sample.describe()}; critical difference {tests.nemenyi.critical:.2f}; bars join "
        f"strategies that Nemenyi's test cannot separate at {_ALPHA:g}"
    )
