"""The style of all plots, and how they are saved."""

from collections.abc import Collection, Mapping
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
_LINE = 60  # most characters of a line in a legend


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
    """Return a name as legends can show it.

    They omit names that begin with ``_``, such as ``__main__:Mine``, take ``$`` for the start of a formula, and grow
    beyond the figure for long names, which are therefore broken into lines.
    """
    lines = (name[start : start + _LINE] for start in range(0, len(name), _LINE))
    text = "\n".join(lines).replace("$", r"\$")
    return f" {text}" if text.startswith("_") else text


def tidy(axes: "Axes") -> None:
    """Remove spines and lighten the grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
