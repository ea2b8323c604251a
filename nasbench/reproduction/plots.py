"""Plots of a result: for each column, the published interval and the distribution of our runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.reports.drawing import add_legend, needs_matplotlib, panels, save_all, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PUBLISHED, _OURS = "#D55E00", "#0072B2"


def write_picture(result: Mapping[str, Any], folder: Path) -> list[Path]:
    """Draw a result as PNG and SVG and return the files; no file if no row has both a published number and ours.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    needs_matplotlib()
    chosen = result["interpretation"]
    interpretation = next(one for one in result["interpretations"] if one["name"] == chosen)
    rows = [row for row in interpretation["rows"] if any(_has_both(cell) for cell in row["cells"].values())]
    names = list(dict.fromkeys(name for row in rows for name, cell in row["cells"].items() if _has_both(cell)))
    if not names:
        return []
    across = min(3, len(names))
    figure, grid = panels(across, -(-len(names) // across), 4.6, 1.0 + 0.45 * len(rows))
    for axes, name in zip(grid.flat, names, strict=False):
        _draw_panel(axes, rows, name)
    for axes in list(grid.flat)[len(names) :]:
        axes.set_visible(False)
    drawn = [axes.get_legend_handles_labels() for axes in grid.flat]
    legend = {label: handle for handles, labels in drawn for handle, label in zip(handles, labels, strict=True)}
    add_legend(figure, list(legend.values()), list(legend), below=True)
    tried = sum(not one["explored"] for one in result["interpretations"])
    best = f" (best of {tried} interpretations)" if tried > 1 else ""
    figure.suptitle(f"{result['name']}: {interpretation['name']}{best}")
    return save_all({result["name"]: figure}, folder)


def _has_both(cell: Mapping[str, Any]) -> bool:
    return cell["published"] is not None and cell["ours"] is not None


def _draw_panel(axes: "Axes", rows: list[Mapping[str, Any]], name: str) -> None:
    drawn = [
        (row["label"], row["cells"][name]) for row in rows if name in row["cells"] and _has_both(row["cells"][name])
    ]
    drawn = _select_near(drawn)
    for i, (_, cell) in enumerate(drawn):
        _draw_cell(axes, cell, i)
    axes.set_yticks(range(len(drawn)), [label[:28] for label, _ in drawn], fontsize=8)
    axes.set_ylim(len(drawn) - 0.5, -0.5)
    axes.set_title(name, fontsize=10)
    tidy(axes)


def _select_near(drawn: list[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, Mapping[str, Any]]]:
    """Leave out rows that lie so far away that the rows with runs would shrink to points."""
    values = [value for _, cell in drawn for value in cell["ours"]["values"] or ()]
    if not values:
        return drawn
    low, high = np.quantile(values, [0.01, 1.0])
    room = 3 * (high - low)
    return [(label, cell) for label, cell in drawn if low - room <= cell["ours"]["mean"] <= high + room]


def _draw_cell(axes: "Axes", cell: Mapping[str, Any], i: int) -> None:
    """Draw the published mean and deviation above the line, and ours below it with a tick for each run."""
    published, ours = cell["published"], cell["ours"]
    labels = ("published: mean ± std", "ours: mean ± std", "our runs")
    for value, y, color, label in ((published, i - 0.15, _PUBLISHED, labels[0]), (ours, i + 0.15, _OURS, labels[1])):
        std = value["std"]
        axes.errorbar(
            [value["mean"]], [y], xerr=None if std is None else [std], fmt="o", color=color, ms=4, label=label
        )
    if ours["values"]:
        low, high = np.quantile(ours["values"], [0.01, 1.0])  # far outliers on the left would squeeze the rest
        kept = [value for value in ours["values"] if low <= value <= high]
        axes.plot(kept, np.full(len(kept), i + 0.33), "|", color=_OURS, alpha=0.25, ms=5, label=labels[2])
