"""Draw and write plots of a record."""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.choices import Choice
from nasbench.comparison.analysis import Analysis
from nasbench.comparison.plots._base import Plot
from nasbench.errors import InvalidOption, MissingExtra
from nasbench.registry import PLOTS
from nasbench.reports.drawing import needs_matplotlib, save_all

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def write_plots(analysis: Analysis, folder: Path, plots: Sequence[str] = ()) -> list[Path]:
    """Draw every registered plot that the record allows, and the plots that are named; return the files.

    Plots of an unfinished record show the runs that are ranked, and are marked.

    Args:
        analysis: analysis of the record.
        folder: where to write; each file has the name of its plot.
        plots: labels ``module:Class`` or ``module:function`` to draw besides the registered plots.

    Raises:
        MissingExtra: matplotlib is not installed.
        UnknownName, InvalidOption: a plot does not exist.
    """
    needs_matplotlib()
    figures, growing = {}, set()
    for label in dict.fromkeys((*PLOTS.names(), *plots)):
        figure, grows = _make_figure(label, analysis, asked=label in plots)
        name = label.partition(",")[0].rpartition(":")[2]
        if figure is not None:
            figures[name] = figure
            _mark_unfinished(figure, analysis, grows=grows)
            growing |= {name} if grows else set()
    return save_all(figures, folder, tight=growing)


def _mark_unfinished(figure: "Figure", analysis: Analysis, *, grows: bool) -> None:
    """Write above a picture of an unfinished record, or below one that grows, that runs are missing."""
    told = analysis.progress.describe(analysis.block)
    if not told:
        return
    mark = textwrap.fill(told[0], 60)
    if grows:
        figure.text(0.5, 0.0, mark, ha="center", va="top", fontsize=9)
    else:
        figure.suptitle("\n".join(filter(None, (mark, figure.get_suptitle()))), fontsize=10)


def draw_plot(label: str, analysis: Analysis) -> "Figure | None":
    """Draw one plot of a record; None if it has nothing to show. Raises the errors of ``write_plots``."""
    needs_matplotlib()
    return _make_figure(label, analysis, asked=True)[0]


def resolve_plot(label: str) -> tuple[Any, dict[str, Any]]:
    """Return the class or function of a plot, and its options.

    Raises:
        MissingExtra: its packages are not installed.
        UnknownName, InvalidOption: there is no such plot.
    """
    component, options = Choice.parse(label).resolve(PLOTS)
    if isinstance(component, type) and not issubclass(component, Plot):
        raise InvalidOption(f"plot '{label}' is neither a function nor a subclass of nasbench.comparison.plots.Plot")
    return component, options


def _make_figure(label: str, analysis: Analysis, *, asked: bool) -> "tuple[Figure | None, bool]":
    """Return a figure and whether its file grows; an unrequested plot is skipped if its packages are missing."""
    try:
        component, options = resolve_plot(label)
    except MissingExtra:
        if asked:
            raise
        return None, False
    if not isinstance(component, type):
        return component(analysis, **options), False
    plot = component(**options)
    data = plot.prepare(analysis)
    return (None if data is None else plot.draw(data)), plot.grows
