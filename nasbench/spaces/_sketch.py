"""What a picture of an architecture shows: vertices and edges, or a table; ``_drawing.py`` draws it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from nasbench.spaces._space import Graphs


class Vertex(NamedTuple):
    """A vertex of a picture.

    Attributes:
        label: its text.
        kind: ``operation`` (a box), ``node`` (a circle: a sum), ``end`` (input or output), or ``edge`` (an operation
            that lies on an edge: a label on the line).
    """

    label: str
    kind: str


class GraphSketch(NamedTuple):
    """A directed acyclic graph.

    Attributes:
        title: empty if the picture has one graph.
        vertices: the vertices.
        edges: source and target of each edge, positions of vertices.
        across: whether edges lead from left to right rather than downwards.
    """

    title: str
    vertices: tuple[Vertex, ...]
    edges: tuple[tuple[int, int], ...]
    across: bool = False


class TableSketch(NamedTuple):
    """Names and values; the depth of a row is the number of decisions on which it depends."""

    rows: tuple[tuple[str, str, int], ...]


Sketch = Sequence[GraphSketch] | TableSketch
"""What a picture shows."""


def sketch_graph(graphs: Graphs) -> GraphSketch:
    """Return the sketch of one graph with operations on the vertices, without vertices that have no edge."""
    adjacency, codes = graphs.adjacency[0], graphs.operations[0].tolist()
    used = np.flatnonzero(adjacency.any(axis=0) | adjacency.any(axis=1)).tolist()
    last = len(codes) - 1
    labels = [graphs.vocabulary[codes[v]] for v in used]
    vertices = tuple(
        Vertex(label, "end" if v in (0, last) else "operation") for v, label in zip(used, labels, strict=True)
    )
    sources, targets = np.nonzero(adjacency[np.ix_(used, used)])
    return GraphSketch("", vertices, tuple(zip(sources.tolist(), targets.tolist(), strict=True)))


def sketch_cell(title: str, nodes: Sequence[str], edges: Sequence[tuple[int, int, str]]) -> GraphSketch:
    """Return the sketch of a cell whose operations lie on its edges.

    Args:
        title: of the cell.
        nodes: names of the nodes, inputs first and the output last; nodes named by a number are sums.
        edges: source, target and operation of each edge; an edge without a name has no operation.
    """
    vertices = [Vertex(name, "node" if name.isdecimal() else "end") for name in nodes]
    ends: list[tuple[int, int]] = []
    for source, target, operation in edges:
        if not operation:
            ends.append((source, target))
            continue
        ends += [(source, len(vertices)), (len(vertices), target)]
        vertices.append(Vertex(operation, "edge"))
    return GraphSketch(title, tuple(vertices), tuple(ends), across=True)


def sketch_table(values: Mapping[str, str], parents: Mapping[str, str]) -> TableSketch:
    """Return a table of active decisions in their order, each after the one that it depends on.

    Args:
        values: value of each active decision.
        parents: the decision that each one depends on; empty if it is always active.
    """
    rows: list[tuple[str, str, int]] = []

    def add(parent: str, depth: int) -> None:
        for name, value in values.items():
            if parents[name] == parent:
                rows.append((name, value, depth))
                add(name, depth + 1)

    add("", 0)
    return TableSketch(tuple(rows))
