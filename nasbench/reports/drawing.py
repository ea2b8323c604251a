"""The style of all plots, and how they are saved."""

import contextlib
import textwrap
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.errors import MissingExtra
from nasbench.files import replace_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.legend import Legend

# Okabe & Ito's palette, which colour-blind readers can distinguish; line styles distinguish repeated colours.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_STYLES = ("-", "--", "-.", ":")
_LONGEST_LINE = 44  # characters of a line in a legend
_LEGEND_MARGIN, _HIGHEST_LEGEND, _TITLE_ROOM = 0.2, 8.0, 0.6  # inches
_MOST_COLUMNS = 4
_LETTER_WIDTH = 0.62  # of the size of the letters; 0.55 on average


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
    with _ignore_missing_glyphs():
        for name, figure in figures.items():
            figure.draw_without_rendering()
            figure.set_layout_engine("none")  # the layout is computed once, for both formats
            for ending in ("png", "svg"):
                files.append(folder / f"{name}.{ending}")
                _save(figure, files[-1], tight=name in tight)
    return files


@contextlib.contextmanager
def _ignore_missing_glyphs() -> Iterator[None]:
    """Drop matplotlib's warnings of characters that its font lacks; the picture shows a box for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


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
    """Add the legend of a whole figure, below its panels or on their right; the figure grows by its size.

    The legend is measured as it will be drawn, so that the panels keep their size and nothing lies outside the figure.

    Args:
        figure: with constrained layout.
        handles: of the entries.
        labels: of the entries; long ones are broken.
        below: whether the legend lies below, in as many columns as fit, or on the right, in as few as fit.
        size: of the letters, in points.
    """
    if not labels:
        return
    wrapped = [_break_label(label) for label in labels]
    width, height = figure.get_size_inches().tolist()
    place = "outside lower center" if below else "outside right center"
    most = min(_MOST_COLUMNS, len(wrapped))
    for columns in range(most, 0, -1) if below else range(1, most + 1):
        legend = figure.legend(handles, wrapped, loc=place, ncols=columns, frameon=False, fontsize=size)
        own_width, own_height = _measure_legend(figure, legend)
        last = columns == (1 if below else most)
        if last or (own_width <= width if below else own_height <= max(height, _HIGHEST_LEGEND)):
            break
        legend.remove()
    if below:
        figure.set_size_inches(max(width, own_width), height + own_height)
    else:
        figure.set_size_inches(width + own_width, max(height, own_height + 2 * _TITLE_ROOM))


def _measure_legend(figure: "Figure", legend: "Legend") -> tuple[float, float]:
    """Return the width and height of a legend in inches, with a margin."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with _ignore_missing_glyphs():
        box = legend.get_window_extent(FigureCanvasAgg(figure).get_renderer())
    return box.width / figure.dpi + _LEGEND_MARGIN, box.height / figure.dpi + _LEGEND_MARGIN


def _break_label(label: str) -> str:
    """Break a long label after commas, and a part that is too long anywhere."""
    lines = [""]
    for part in label.split(","):
        longer = f"{lines[-1]},{part}" if lines[-1] else part
        if lines[-1] and len(longer) > _LONGEST_LINE:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] = longer
    pieces = [line[i : i + _LONGEST_LINE] for line in lines for i in range(0, max(len(line), 1), _LONGEST_LINE)]
    return "\n  ".join(pieces)


def wrap_title(text: str, width: float, size: float) -> str:
    """Break a title into lines that fit into a width.

    Args:
        text: the title; its own line breaks stay.
        width: in inches.
        size: of the letters, in points.
    """
    most = max(1, int(width / (_LETTER_WIDTH * size / 72)))
    return "\n".join(textwrap.fill(line, most) for line in text.split("\n"))


def tidy(axes: "Axes") -> None:
    """Remove spines and lighten the grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, which="major", color="0.9", linewidth=0.7)
    axes.set_axisbelow(True)
