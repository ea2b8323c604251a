"""The style of all plots, and how they are saved."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.errors import MissingExtra
from nasbench.files import replace_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe & Ito's palette, which colour-blind readers can distinguish; line styles distinguish repeated colours.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")
_LONGEST_LINE = 44  # characters of a line in a legend
_HANDLE_WIDTH, _LEGEND_MARGIN, _LEAST_PANEL = 0.6, 0.4, 4.8  # inches
_ROWS_WITH_ROOM = 3  # rows of a legend below the panels that a figure of the usual height has room for


def needs_matplotlib() -> None:
    """Check that matplotlib is installed.

    Raises:
        MissingExtra: it is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtra("plots", "report") from error


def save_all(figures: Mapping[str, "Figure"], folder: Path, *, tight: Collection[str] = ()) -> list[Path]:
    """Write each figure as PNG and SVG, and return the files; those in ``tight`` grow to include all content."""
    files = []
    for name, figure in figures.items():
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # the layout is computed once, for both formats
        for ending in ("png", "svg"):
            files.append(folder / f"{name}.{ending}")
            _save(figure, files[-1], tight=name in tight)
    return files


def _save(figure: "Figure", path: Path, *, tight: bool) -> None:
    import matplotlib

    metadata: dict[str, Any] = {"Date": None} if path.suffix == ".svg" else {}
    with matplotlib.rc_context({"svg.hashsalt": "nasbench"}), replace_atomically(path) as temporary:
        figure.savefig(
            temporary, format=path.suffix[1:], dpi=150, bbox_inches="tight" if tight else None, metadata=metadata
        )


def panels(columns: int, rows: int, width: float = 4.2, height: float = 3.1) -> tuple["Figure", "np.ndarray[Any, Any]"]:
    """Return a figure with a grid of panels of the given size in inches."""
    from matplotlib.figure import Figure

    made = Figure(figsize=(width * columns, height * rows), layout="constrained")
    return made, made.subplots(rows, columns, squeeze=False)


def look(i: int) -> dict[str, Any]:
    """Return the colour and line style of the i-th contestant."""
    return {
        "color": _COLORS[i % len(_COLORS)],
        "linestyle": _STYLES[i // len(_COLORS) % len(_STYLES)],
        "linewidth": 1.8,
    }


def in_legend(name: str) -> str:
    """Return a name that legends show as it is: they omit names that begin with ``_``, and read ``$`` as formulas."""
    shown = name.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown


def add_legend(
    figure: "Figure", handles: Sequence[Any], labels: Sequence[str], *, below: bool, size: float = 10.0
) -> None:
    """Add the legend of a whole figure, below its panels or on their right; the figure grows by what does not fit.

    Args:
        figure: with constrained layout.
        handles: of the entries.
        labels: of the entries; long ones are broken at commas.
        below: whether the legend lies below, in up to four columns, or on the right.
        size: of the letters, in points.
    """
    wrapped = [_break_label(label) for label in labels]
    line = 1.75 * size / 72
    parts = [part for text in wrapped for part in text.split("\n")]
    wide = _HANDLE_WIDTH + max((_measure_text(part, size) for part in parts), default=0.0)
    lines = max((text.count("\n") + 1 for text in wrapped), default=1)
    width, height = figure.get_size_inches().tolist()
    if below:
        width = max(width, wide + _LEGEND_MARGIN)
        columns = max(1, min(len(wrapped), 4, int((width - _LEGEND_MARGIN) // wide)))
        rows = -(-len(wrapped) // columns)
        height += line * max(0, rows * lines - _ROWS_WITH_ROOM)
        figure.set_size_inches(width, height)
        figure.legend(handles, wrapped, loc="outside lower center", ncols=columns, frameon=False, fontsize=size)
        return
    figure.set_size_inches(
        max(width, _LEAST_PANEL + wide), max(height, line * sum(text.count("\n") + 1 for text in wrapped) + 0.5)
    )
    figure.legend(handles, wrapped, loc="outside right center", frameon=False, fontsize=size)


def _break_label(label: str) -> str:
    """Break a long label after commas."""
    lines = [""]
    for part in label.split(","):
        longer = f"{lines[-1]},{part}" if lines[-1] else part
        if lines[-1] and len(longer) > _LONGEST_LINE:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] = longer
    return "\n  ".join(lines)


def _measure_text(text: str, size: float) -> float:
    """Return the width of a text in inches."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), f"|{text}|", size=size).get_extents().width) / 72


def tidy(axes: "Axes") -> None:
    """Remove spines and lighten the grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
