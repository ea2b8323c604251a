"""Average ranks; bars join strategies that do not differ by Holm-corrected Wilcoxon tests (Demsar 2006)."""

from typing import TYPE_CHECKING, NamedTuple

from nasbench.arrays import Floats
from nasbench.comparison.analysis import Analysis
from nasbench.comparison.leaderboard import significance_blocks
from nasbench.comparison.plots._base import Plot
from nasbench.reports import statistics
from nasbench.reports.drawing import in_legend, look, panels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REQUIRES = {"scikit_posthocs": "report"}

_ALPHA = 0.05


class _Differences(NamedTuple):
    """Strategies, a description of the blocks, and [blocks, strategies] regrets."""

    strategies: list[str]
    what: str
    blocks: Floats


class CriticalDifference(Plot):
    """Critical difference diagram."""

    grows = True  # its labels lie outside the axes

    def prepare(self, analysis: Analysis) -> _Differences | None:
        """Return the tested regrets; None for fewer than three strategies."""
        if len(analysis.strategies) < 3:
            return None
        blocks, what = significance_blocks(analysis)
        return _Differences(analysis.strategies, what, blocks)

    def draw(self, data: _Differences) -> "Figure":
        """Draw one panel."""
        import pandas as pd
        from scikit_posthocs import critical_difference_diagram

        names, blocks = list(map(in_legend, data.strategies)), data.blocks
        average = statistics.ranks(blocks).mean(axis=0)
        p_values = pd.DataFrame(statistics.pairwise_tests(blocks), names, names)
        figure, grid = panels(1, 1, 8.0, 0.9 + 0.35 * len(names))
        figure.set_layout_engine("none")  # it would take the room of long labels, outside the axes, from the axes
        critical_difference_diagram(
            dict(zip(names, average, strict=True)),
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
    friedman = statistics.friedman(data.blocks)
    return (
        f"Average rank over {len(data.blocks)} {data.what}; bars join strategies that Wilcoxon-Holm cannot separate at "
        f"{_ALPHA:g}\nFriedman p {'< 0.001' if friedman < 0.001 else f'= {friedman:.2g}'}"
    )
