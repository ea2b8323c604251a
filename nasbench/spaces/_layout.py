"""Place the vertices of a graph in layers, and route its edges around them (Sugiyama et al. 1981).

The layer of a vertex is the length of the longest path to it. An edge that spans several layers passes through a slot
of its own in each of them, so no edge crosses a vertex. Within a layer, the order follows the mean position of
neighbours, and positions are as close to it as the sizes allow. Lengths are in inches; ``across`` is the axis along a
layer, ``along`` the axis of the edges.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from nasbench.arrays import Floats, Ints

_N_SWEEPS = 12
_GAP_ACROSS, _GAP_ALONG = 0.22, 0.34  # inches between vertices of a layer, and between layers
_SLOT = 0.04  # width of the slot of a passing edge

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """A layout of a graph.

    Attributes:
        across: [v] centre of each vertex along its layer.
        along: [v] centre of each vertex in the direction of the edges.
        routes: for each edge, the points (across, along) between which it is curved, straight within each layer.
        size: extent across and along.
    """

    across: Floats
    along: Floats
    routes: list[list[Point]]
    size: Point


def lay_out_graph(sizes: Sequence[Point], edges: Sequence[tuple[int, int]], *, between: Sequence[int] = ()) -> Layout:
    """Return a layout of a directed acyclic graph.

    Args:
        sizes: extent of each vertex across and along.
        edges: pairs of positions of vertices.
        between: vertices with one edge in and one out, to be placed half-way.
    """
    layer = _find_layers(len(sizes), edges, between)
    chains, layer = _insert_slots(edges, layer)
    n_real, depth = len(sizes), int(max(layer, default=0)) + 1
    width = np.array([*(size[0] for size in sizes), *[_SLOT] * (len(layer) - n_real)])
    links = [pair for chain in chains for pair in pairwise(chain)]
    near = [_list_neighbours(len(layer), links, down=down) for down in (True, False)]
    rows = [np.flatnonzero(np.array(layer) == i).tolist() for i in range(depth)]
    _sort_rows(rows, near)
    across = _place_rows(rows, near, width)
    thickness = [max((sizes[v][1] for v in row if v < n_real), default=0.0) for row in rows]
    centres = np.cumsum([0.0, *(t + _GAP_ALONG for t in thickness[:-1])]) + np.array(thickness) / 2
    along = centres[np.array(layer, dtype=np.int64)]
    across = across - (across - width / 2).min()
    routes = [_route(chain, across, along, sizes, [thickness[layer[v]] for v in chain]) for chain in chains]
    size = (float((across + width / 2).max()), float(centres[-1] + thickness[-1] / 2))
    return Layout(across[:n_real], along[:n_real], routes, size)


def _find_layers(n: int, edges: Sequence[tuple[int, int]], between: Sequence[int]) -> list[int]:
    """Return the layer of each vertex."""
    layer = [0] * n
    for _ in range(n):
        for source, target in edges:
            layer[target] = max(layer[target], layer[source] + 1)
    into, out = {target: source for source, target in edges}, dict(edges)
    for v in between:
        layer[v] = (layer[into[v]] + layer[out[v]]) // 2
    return layer


def _insert_slots(edges: Sequence[tuple[int, int]], layer: Sequence[int]) -> tuple[list[list[int]], list[int]]:
    """Return the vertices and slots on each edge, and the layers of all vertices, slots last."""
    extended, chains = list(layer), []
    for source, target in edges:
        passed = range(layer[source] + 1, layer[target])
        chains.append([source, *range(len(extended), len(extended) + len(passed)), target])
        extended += passed
    return chains, extended


def _list_neighbours(n: int, links: Sequence[tuple[int, int]], *, down: bool) -> list[list[int]]:
    """Return the neighbours of each vertex in the layer before it, or after it if not ``down``."""
    near: list[list[int]] = [[] for _ in range(n)]
    for source, target in links:
        near[target if down else source].append(source if down else target)
    return near


def _sort_rows(rows: list[list[int]], near: Sequence[Sequence[Sequence[int]]]) -> None:
    """Order each layer so that few edges cross: by the mean position of the neighbours, in sweeps down and up."""
    best, fewest = [list(row) for row in rows], _count_crossings(rows, near[1])
    for sweep in range(_N_SWEEPS):
        position = {v: i - len(row) / 2 for row in rows for i, v in enumerate(row)}
        for row in rows if sweep % 2 == 0 else reversed(rows):
            middle = {v: np.mean([position[u] for u in near[sweep % 2][v]] or [position[v]]) for v in row}
            row.sort(key=middle.__getitem__)
            position |= {v: i - len(row) / 2 for i, v in enumerate(row)}
        if (crossings := _count_crossings(rows, near[1])) < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _count_crossings(rows: Sequence[Sequence[int]], below: Sequence[Sequence[int]]) -> int:
    """Count the crossings of edges between successive layers."""
    position = {v: i for row in rows for i, v in enumerate(row)}
    total = 0
    for row in rows:
        ends = np.array([(position[v], position[u]) for v in row for u in below[v]]).reshape(-1, 2)
        total += int(((ends[:, None, 0] < ends[None, :, 0]) & (ends[:, None, 1] > ends[None, :, 1])).sum())
    return total


def _place_rows(rows: Sequence[Sequence[int]], near: Sequence[Sequence[Sequence[int]]], width: Floats) -> Floats:
    """Return the position of every vertex and slot across: the closest to its neighbours that keeps order and gaps."""
    from scipy.optimize import isotonic_regression

    across = np.zeros(len(width))
    orders: list[Ints] = [np.array(row, dtype=np.int64) for row in rows]
    shifts = []
    for order in orders:
        ends = np.cumsum(width[order] + _GAP_ACROSS)
        shifts.append(ends - width[order] / 2)
        across[order] = shifts[-1] - ends[-1] / 2
    for sweep in range(_N_SWEEPS):
        down = sweep % 2 == 0
        for order, shift in list(zip(orders, shifts, strict=True))[:: 1 if down else -1]:
            own = [[*near[0][v], *near[1][v]] if sweep == _N_SWEEPS - 1 else near[sweep % 2][v] for v in order]
            wanted = np.array([across[one].mean() if one else across[v] for one, v in zip(own, order, strict=True)])
            across[order] = isotonic_regression(wanted - shift).x + shift
    return across


def _route(
    chain: Sequence[int], across: Floats, along: Floats, sizes: Sequence[Point], thickness: Sequence[float]
) -> list[Point]:
    """Return where an edge leaves its source, enters and leaves each slot, and meets its target."""
    first, last = chain[0], chain[-1]
    points = [(float(across[first]), float(along[first] + sizes[first][1] / 2))]
    points.append((points[0][0], float(along[first] + thickness[0] / 2)))
    for v, t in zip(chain[1:-1], thickness[1:-1], strict=True):
        points += [(float(across[v]), float(along[v] - t / 2)), (float(across[v]), float(along[v] + t / 2))]
    points.append((float(across[last]), float(along[last] - thickness[-1] / 2)))
    points.append((points[-1][0], float(along[last] - sizes[last][1] / 2)))
    return points
