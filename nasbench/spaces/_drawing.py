"""Draw what ``_sketch.py`` describes, with matplotlib; lengths are in inches."""

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.errors import MissingExtra
from nasbench.spaces._layout import Layout, Point, lay_out_graph
from nasbench.spaces._sketch import GraphSketch, Sketch, TableSketch, Vertex

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE, _TITLE_SIZE = 9.0, 10.0  # of letters, in points
_MARGIN, _PADDING = 0.15, 0.09
_HEIGHT = 0.3  # of a box
_DIAMETER = 0.34  # of a node
_LEAST_WIDTH = 3.2
_ROW = 0.27  # height of a row of a table
_INDENT = 0.22
_TINTS = ("#cfe3f1", "#f7d9c7", "#cdeadd", "#f3dfea", "#fbe9c9", "#dde1f7", "#e9f0c4", "#efe0cf", "#d5eef2")
_LINE, _FAINT, _END = "#555555", "#aaaaaa", "#ededed"


def draw_sketch(sketch: Sketch, operations: Sequence[str], absent: Sequence[str], title: str) -> "Figure":
    """Return a figure of a sketch, large enough for all of its text.

    Args:
        sketch: the sketch.
        operations: names whose colours are the same in all pictures of a space.
        absent: operations that give nothing; they are drawn faintly.
        title: text above the picture; empty for none.

    Raises:
        MissingExtra: matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingExtra("pictures of architectures", "report") from error
    if isinstance(sketch, TableSketch):
        return _draw_table(sketch, title)
    tints = {name: _TINTS[i % len(_TINTS)] for i, name in enumerate(name for name in operations if name not in absent)}
    layouts = [_lay_out(graph) for graph in sketch]
    sizes = [_turn(layout.size, across=graph.across) for graph, layout in zip(sketch, layouts, strict=True)]
    titles = [0.3 if graph.title else 0.0 for graph in sketch]
    height = sum(size[1] for size in sizes) + sum(titles) + 0.25 * (len(sizes) - 1)
    figure, axes, top = _make_canvas(max(size[0] for size in sizes), height, title)
    width = figure.get_figwidth()
    for graph, layout, size, space_above in zip(sketch, layouts, sizes, titles, strict=True):
        if graph.title:
            axes.text(_MARGIN, top - 0.1, _plain(graph.title), size=_SIZE, weight="bold", va="center")
        top -= space_above
        _draw_graph(axes, graph, layout, ((width - size[0]) / 2, top), tints, absent)
        top -= size[1] + 0.25
    return figure


def _make_canvas(width: float, height: float, title: str) -> tuple["Figure", "Axes", float]:
    """Return a figure with room for a drawing, axes in inches, and the upper end of the drawing."""
    from matplotlib.figure import Figure

    width = max(width + 2 * _MARGIN, _LEAST_WIDTH)
    lines = _wrap_title(title, width - 2 * _MARGIN)
    above = 0.19 * len(lines) + (0.08 if lines else 0.0)
    full = height + above + 2 * _MARGIN
    figure = Figure(figsize=(width, full))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(0, width)
    axes.set_ylim(0, full)
    axes.set_axis_off()
    if lines:
        text = _plain("\n".join(lines))
        axes.text(width / 2, full - _MARGIN, text, size=_TITLE_SIZE, ha="center", va="top")
    return figure, axes, full - _MARGIN - above


def _wrap_title(title: str, width: float) -> list[str]:
    """Break a title into lines that fit a width."""
    if not title:
        return []
    per_letter = _measure(title, _TITLE_SIZE) / len(title)
    return [line for part in title.split("\n") for line in textwrap.wrap(part, max(10, int(0.95 * width / per_letter)))]


def _measure(text: str, size: float = _SIZE) -> float:
    """Return the width of a text in inches."""
    from matplotlib.textpath import TextPath

    return float(TextPath((0, 0), _plain(f"|{text}|"), size=size).get_extents().width) / 72


def _plain(text: str) -> str:
    """Return a text in which dollars are dollars rather than formulas."""
    return text.replace("$", r"\$")


def _measure_vertex(vertex: Vertex) -> Point:
    """Return the width and height of a vertex."""
    if vertex.kind == "node":
        return _DIAMETER, _DIAMETER
    return _measure(vertex.label) + 2 * _PADDING, _HEIGHT


def _lay_out(graph: GraphSketch) -> Layout:
    sizes = [_turn(_measure_vertex(vertex), across=graph.across) for vertex in graph.vertices]
    return lay_out_graph(
        sizes, graph.edges, between=[i for i, vertex in enumerate(graph.vertices) if vertex.kind == "edge"]
    )


def _turn(point: Point, *, across: bool) -> Point:
    return point[::-1] if across else point


def _draw_graph(
    axes: "Axes", graph: GraphSketch, layout: Layout, corner: Point, tints: Mapping[str, str], absent: Sequence[str]
) -> None:
    """Draw a graph below and to the right of a corner."""

    def place(point: Point) -> Point:
        x, y = _turn(point, across=graph.across)
        return corner[0] + x, corner[1] - y

    faint = {i for i, vertex in enumerate(graph.vertices) if vertex.kind == "edge" and vertex.label in absent}
    for (source, target), route in zip(graph.edges, layout.routes, strict=True):
        arrow = graph.vertices[target].kind != "edge"
        points = [place(point) for point in route]
        _draw_edge(axes, points, across=graph.across, arrow=arrow, faint=bool(faint & {source, target}))
    for i, vertex in enumerate(graph.vertices):
        centre = place((float(layout.across[i]), float(layout.along[i])))
        _draw_vertex(axes, vertex, centre, tints.get(vertex.label, "white"), faint=i in faint)


def _draw_edge(axes: "Axes", points: Sequence[Point], *, across: bool, arrow: bool, faint: bool) -> None:
    """Draw an edge: straight within layers, curved between them."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    vertices, codes = [points[0]], [Path.MOVETO]
    for i, (start, end) in enumerate(itertools.pairwise(points)):
        if np.allclose(start, end):
            continue  # the vertex is as thick as its layer; without a direction, an arrow would have no head
        if i % 2 == 0:
            vertices.append(end)
            codes.append(Path.LINETO)
            continue
        middle = (start[0] + end[0]) / 2, (start[1] + end[1]) / 2
        first, second = (
            ((middle[0], start[1]), (middle[0], end[1])) if across else ((start[0], middle[1]), (end[0], middle[1]))
        )
        vertices += [first, second, end]
        codes += [Path.CURVE4] * 3
    style: dict[str, Any] = {"color": _FAINT if faint else _LINE, "linewidth": 0.9, "linestyle": ":" if faint else "-"}
    axes.add_patch(
        FancyArrowPatch(
            path=Path(np.array(vertices), codes),
            arrowstyle="-|>" if arrow else "-",
            mutation_scale=8,
            shrinkA=0,
            shrinkB=0,
            **style,
        )
    )


def _draw_vertex(axes: "Axes", vertex: Vertex, centre: Point, tint: str, *, faint: bool) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    width, height = _measure_vertex(vertex)
    edge = _FAINT if faint else _LINE
    style: dict[str, Any] = {"edgecolor": edge, "linewidth": 0.9, "linestyle": ":" if faint else "-", "zorder": 3}
    if vertex.kind == "node":
        axes.add_patch(Circle(centre, width / 2, facecolor="white", **style))
    else:
        rounding = 0.02 if vertex.kind == "end" else 0.09
        corner = centre[0] - width / 2, centre[1] - height / 2
        box = f"round,pad=0,rounding_size={rounding}"
        face = _END if vertex.kind == "end" else tint
        axes.add_patch(FancyBboxPatch(corner, width, height, boxstyle=box, facecolor=face, **style))
    color = "#777777" if faint else "black"
    axes.text(*centre, _plain(vertex.label), size=_SIZE, ha="center", va="center_baseline", color=color, zorder=4)


def _draw_table(table: TableSketch, title: str) -> "Figure":
    """Draw names on the left and values on the right; rows that depend on another one are indented."""
    from matplotlib.patches import Rectangle

    names = max(_measure(name) + _INDENT * depth for name, _, depth in table.rows) + 0.3
    width = names + max(_measure(value) for _, value, _ in table.rows)
    figure, axes, top = _make_canvas(width + 0.2, _ROW * len(table.rows), title)
    left = (figure.get_figwidth() - width) / 2
    for i, (name, value, depth) in enumerate(table.rows):
        y = top - _ROW * (i + 0.5)
        if i % 2 == 0:
            face: dict[str, Any] = {"facecolor": "#f3f3f3", "edgecolor": "none", "zorder": 0}
            axes.add_patch(Rectangle((left - 0.1, y - _ROW / 2), width + 0.2, _ROW, **face))
        start = left + _INDENT * depth
        if depth:
            hook = ([start - 0.13, start - 0.13, start - 0.04], [y + 0.1, y, y])
            axes.plot(*hook, color=_FAINT, linewidth=0.9)
        axes.text(start, y, _plain(name), size=_SIZE, va="center_baseline", color="#444444")
        axes.text(left + names, y, _plain(value), size=_SIZE, va="center_baseline")
    return figure
