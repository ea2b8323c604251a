"""DARTS cells, the space of NAS-Bench-301: a normal and a reduction cell; 1.08e18 architectures.

Source: Liu, Simonyan & Yang 2019, "DARTS: Differentiable Architecture Search", arXiv 1806.09055; as
searched by Zela et al. 2022, "Surrogate NAS Benchmarks: Going Beyond the Limited Search Spaces of
Tabular NAS Benchmarks" (NAS-Bench-301), arXiv 2008.09777. Each of the nodes 2 to 5 of a cell adds two
operations on two different earlier nodes. Nodes 0 and 1 are the outputs of the two preceding cells, and the
output of the cell concatenates nodes 2 to 5. ``none``, an absent edge, is not a choice: DARTS and NAS-Bench-301 choose
two of the other operations for each node. Variants of DARTS that keep ``none`` search ``DARTS(with_none=True)``, where
it is an eighth operation; an absent edge still has an input, so that several rows are one network.

Columns are, for each cell and node, the pair of inputs (no column for node 2, which has only one possible pair) and the
operations on the smaller and on the larger input. The order in which a genotype names the two inputs of a node is
therefore lost: ``parse`` reads both orders, ``format`` writes the smaller input first. Every combination of choices is
valid. The space is too large for an index. ``read`` also takes genotypes as named tuples and dictionaries,
NAS-Bench-301's configurations, and two lists of eight ``(operation, input)`` or ``(input, operation)``, also as four
nodes with two such pairs each; with
``form="naslib"``, these are NASLib's "compact" ``(input, code)``.

An edit changes one operation, or moves the input of one operation to another node: 120 neighbours.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, permutations
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bits, Bools, Ints, as_archs
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._genotype import (
    CELLS,
    NODES,
    NONE,
    PREFIX,
    Edges,
    read_cells,
    read_configuration,
    read_genotype,
    write_configuration,
    write_genotype,
)
from nasbench.spaces._reading import show_item
from nasbench.spaces._space import Graphs, SearchSpace

_OPERATIONS = (
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
_PAIRS = {node: list(combinations(range(node), 2)) for node in NODES}
_N_COLUMNS = 11  # of a cell
_OPERATION_COLUMNS = np.array([[0, 1], [3, 4], [6, 7], [9, 10]])
_PAIR_COLUMNS = (2, 5, 8)  # of nodes 3, 4 and 5
_NODE = np.arange(4)

# [4, 10, 2] the inputs of each node by the number of the pair, and [4, 6, 6] the number of the pair by the inputs.
_INPUTS = np.zeros((4, 10, 2), dtype=np.int8)
_PAIR_NUMBER = np.zeros((4, 6, 6), dtype=np.int8)
for _node in NODES:
    for _number, _pair in enumerate(_PAIRS[_node]):
        _INPUTS[_node - 2, _number] = _pair
        _PAIR_NUMBER[_node - 2, *_pair] = _number

_ORDERS = np.array(list(permutations(range(4))))
# Vertices of a cell: inputs 0 and 1, then for each node its two operations and the node itself.
_SOURCE_VERTEX = np.array([0, 1, 4, 7, 10, 13])
_FIRST_VERTEX = (1, 15)  # of each cell
_MOST_PATHS = 16  # to node 5
_LONGEST_PATH = 4


def _unpack(cells: Archs) -> tuple[Archs, Archs]:
    """Return the inputs and the operations ``[m, 4, 2]`` of cells ``[m, 11]``."""
    pairs = np.zeros((len(cells), 4), dtype=np.int64)
    pairs[:, 1:] = cells[:, _PAIR_COLUMNS]
    return _INPUTS[_NODE, pairs], cells[:, _OPERATION_COLUMNS]


def _pack(inputs: Archs, operations: Archs) -> Archs:
    """Return the cells ``[m, 11]`` with these inputs and operations ``[m, 4, 2]``, inputs in either order."""
    swapped = inputs[..., :1] > inputs[..., 1:]
    inputs = np.where(swapped, inputs[..., ::-1], inputs)
    cells = np.empty((len(inputs), _N_COLUMNS), dtype=np.int8)
    cells[:, _OPERATION_COLUMNS] = np.where(swapped, operations[..., ::-1], operations)
    cells[:, _PAIR_COLUMNS] = _PAIR_NUMBER[_NODE, inputs[..., 0], inputs[..., 1]][:, 1:]
    return cells


def _list_edits(n_operations: int) -> Ints:
    """Return the edits of a cell, [60, 4] for 7 operations.

    The columns are the node (0 for node 2), which of its operations, the step of the operation, and 1 + the new input.
    """
    return np.array(
        [(node - 2, side, step, 0) for node in NODES for side in (0, 1) for step in range(1, n_operations)]
        + [(node - 2, side, 0, free) for node in NODES for side in (0, 1) for free in range(1, node - 1)]
    )


def _apply_edits(cells: Archs, edits: Ints, n_operations: int) -> Archs:
    """Apply one edit, a row of ``_list_edits``, to each of the cells ``[m, 11]``."""
    rows = np.arange(len(cells))
    node, side, step, free = edits.T
    inputs, operations = _unpack(cells)
    operations[rows, node, side] = (operations[rows, node, side] + step) % n_operations
    smaller, larger = inputs[rows, node].T
    moved = free - 1  # counts the nodes that are not inputs yet: skip the two that are
    moved = moved + (moved >= smaller)
    moved = moved + (moved >= larger)
    inputs[rows, node, side] = np.where(free > 0, moved, inputs[rows, node, side])
    return _pack(inputs, operations)


class DARTS(SearchSpace):
    """Pairs of DARTS cells; not enumerated, so there is no ``index``.

    Args:
        with_none: whether an edge may be absent, by the operation ``none``.
    """

    name = "darts"
    identity_operations = ("skip_connect", "node")
    operations: tuple[str, ...] = _OPERATIONS
    decisions = tuple(
        f"{cell}_{node}_{choice}"
        for cell in CELLS
        for node in NODES
        for choice in ("inputs", "op_1", "op_2")[node == 2 :]
    )
    forms = ("naslib",)

    def __init__(self, *, with_none: bool = False) -> None:
        self._with_none = with_none
        if with_none:
            self.operations = (*self.operations, NONE)
        k = len(self.operations)
        digits = (k, k, 3, k, k, 6, k, k, 10, k, k)
        self.cardinality = np.array(digits * 2)
        self._radix = np.array([math.prod(digits[i + 1 :]) for i in range(_N_COLUMNS)])
        self._edits = _list_edits(k)

    @property
    def code_options(self) -> dict[str, Any]:
        """The option, where it is not the default."""
        return {"with_none": True} if self._with_none else {}

    @property
    def size(self) -> float:
        """Number of architectures: (7**8 * 3 * 6 * 10)**2, or with 8 in place of 7."""
        return float(np.prod(self.cardinality))

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether the decisions of each row are in range; ``[n]``."""
        # Negative decisions become large when read as unsigned, so one bound is enough.
        unsigned = as_archs(archs, len(self.decisions)).view(np.uint8)
        return np.asarray((unsigned < self.cardinality).all(axis=1))

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` architectures uniformly, with replacement; ``[n, 22]``."""
        archs: Archs = (rng.random((n, len(self.decisions))) * self.cardinality).astype(np.int8)
        return archs

    def _apply(self, archs: Archs, edits: Ints) -> Archs:
        """Apply one edit to each row: the first 60 edits change the normal cell, the last 60 the reduction cell."""
        cells = archs.reshape(-1, 2, _N_COLUMNS).copy()
        rows, which = np.arange(len(cells)), edits // len(self._edits)
        chosen = self._edits[edits % len(self._edits)]
        cells[rows, which] = _apply_edits(cells[rows, which], chosen, len(self.operations))
        return cells.reshape(-1, 2 * _N_COLUMNS)

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its 120 neighbours, uniformly; ``[n, 22]``."""
        archs = self.checked(archs)
        return self._apply(archs, (rng.random(len(archs)) * 2 * len(self._edits)).astype(np.int64))

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return the 120 architectures one edit away, ``[120 * n, 22]``, and the row that each belongs to."""
        archs = self.checked(archs)
        n_edits = 2 * len(self._edits)
        owner = np.repeat(np.arange(len(archs)), n_edits)
        return self._apply(archs[owner], np.tile(np.arange(n_edits), len(archs))), owner

    def canonicalize(self, archs: Archs) -> Archs:
        """Order the nodes of each cell such that its row is the smallest number; ``[n, 22]``.

        Nodes may be reordered as long as each follows its inputs: this permutes the output channels of a
        cell, and every layer that reads them has a weight for each channel.
        """
        cells = self.checked(archs).reshape(-1, _N_COLUMNS)
        inputs, operations = _unpack(cells)
        best, smallest = cells, cells @ self._radix
        for order in _ORDERS:
            renamed = np.concatenate([[0, 1], 2 + np.argsort(order)])[inputs[:, order]].astype(np.int8)
            earlier = (renamed < np.array(NODES)[:, None]).all(axis=(1, 2))
            candidates = _pack(renamed, operations[:, order])
            number = candidates @ self._radix
            better = earlier & (number < smallest)
            best, smallest = np.where(better[:, None], candidates, best), np.where(better, number, smallest)
        return best.reshape(-1, 2 * _N_COLUMNS)

    def graphs(self, archs: Archs) -> Graphs:
        """Return graphs of 30 vertices: the input, 14 of the normal cell, 14 of the reduction cell, the output.

        The vertices of a cell are its two inputs, with distinct names so that the cells cannot be
        confused, and for each node its two operations and the node itself, which is their sum.
        """
        archs = self.checked(archs)
        n = len(archs)
        adjacency = np.zeros((n, 30, 30), dtype=np.uint8)
        labels = np.full((n, 30), 5 + len(self.operations), dtype=np.int8)
        labels[:, 0], labels[:, -1] = 0, 6 + len(self.operations)
        for i, first in enumerate(_FIRST_VERTEX):
            inputs, operations = _unpack(archs[:, i * _N_COLUMNS : (i + 1) * _N_COLUMNS])
            adjacency[:, 0, first : first + 2] = 1
            labels[:, first : first + 2] = 1 + 2 * i, 2 + 2 * i
            for node, side in np.ndindex(4, 2):
                total = first + _SOURCE_VERTEX[node + 2]
                vertex = total - 2 + side
                labels[:, vertex] = 5 + operations[:, node, side]
                adjacency[np.arange(n), first + _SOURCE_VERTEX[inputs[:, node, side]], vertex] = 1
                adjacency[:, vertex, total] = 1
                adjacency[:, total, -1] = 1
        cell_inputs = tuple(f"{cell}_{number}" for cell in CELLS for number in (0, 1))
        return Graphs(adjacency, labels, ("input", *cell_inputs, *self.operations, "node", "output"))

    def _list_encoders(self) -> dict[str, Callable[[Archs], Bits]]:
        return super()._list_encoders() | {"path": self._encode_paths}

    def _encode_paths(self, archs: Archs) -> Bits:
        """Return bits, half for each cell: the paths of 1 to 4 operations from input 0 or 1 to a node.

        They are [n, 11200] for 7 operations. No path leads over an absent edge.
        """
        cells = archs.reshape(-1, _N_COLUMNS)
        inputs, operations = _unpack(cells)
        rows, k = np.arange(len(cells)), len(self.operations)
        # A path is a number in base k: 1 + its input, then its operations; -1 pads.
        paths = np.full((len(cells), 6, _MOST_PATHS), -1, dtype=np.int64)
        paths[:, :2, 0] = 1, 2
        for node in range(4):
            width = 2**node
            for side in (0, 1):
                before = paths[rows, inputs[:, node, side], :width]
                operation = operations[:, node, side, None]
                ends = (before < 0) | (operation == len(_OPERATIONS))
                longer = np.where(ends, -1, before * k + operation)
                paths[:, node + 2, side * width : (side + 1) * width] = longer
        bits = np.zeros((len(cells), 2 * sum(k**length for length in range(1, _LONGEST_PATH + 1))), dtype=np.uint8)
        start = 0
        for length in range(1, _LONGEST_PATH + 1):
            lowest = k**length
            row, *where = np.nonzero((paths >= lowest) & (paths < 3 * lowest))
            bits[row, start + paths[row, *where] - lowest] = 1
            start += 2 * lowest
        return bits.reshape(len(archs), 2 * bits.shape[1])

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read genotypes such as ``Genotype(normal=[('sep_conv_3x3', 0), ...], normal_concat=[2, 3, 4, 5], ...)``.

        Raises:
            InvalidArchitecture: a text has another form, an unknown operation, or inputs that its node cannot have.
        """
        archs = np.empty((len(texts), len(self.decisions)), dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            try:
                row[:] = self._read(read_genotype(str(text)))
            except ValueError as error:
                raise self._make_malformed(str(text), str(error)) from None
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write genotypes, with the smaller input of each node first."""
        return [write_genotype(cells) for cells in self._list_edges(archs)]

    def parse_configurations(self, configurations: Sequence[Mapping[str, object]]) -> Archs:
        """Read NAS-Bench-301 configurations; ignore keys that are not about the cells; ``[n, 22]``.

        Args:
            configurations: dictionaries with keys such as ``NetworkSelectorDatasetInfo:darts:edge_normal_0``
                (an operation) and ``NetworkSelectorDatasetInfo:darts:inputs_node_normal_3`` (``"0_1"``).

        Raises:
            InvalidArchitecture: a key is missing, an operation is unknown, or an edge is not an input of its node.
        """
        archs = np.empty((len(configurations), len(self.decisions)), dtype=np.int8)
        for i, configuration in enumerate(configurations):
            try:
                archs[i] = self._read(read_configuration(configuration))
            except ValueError as error:
                raise InvalidArchitecture(f"cannot read configuration {i} of {len(configurations)}: {error}") from None
        return archs

    def format_configurations(self, archs: Archs) -> list[dict[str, str]]:
        """Write the part of NAS-Bench-301 configurations that describes the cells."""
        return [write_configuration(cells) for cells in self._list_edges(archs)]

    def read_one(self, item: Any) -> Archs:
        """Read a genotype, a configuration of NAS-Bench-301 or two lists of edges; ``[1, 22]``.

        Raises:
            InvalidArchitecture: the item breaks a rule, which the message names, or has another form.
        """
        if isinstance(item, Mapping) and any(str(key).startswith(PREFIX) for key in item):
            return self.parse_configurations([item])
        try:
            cells = read_cells(item)
            return super().read_one(item) if cells is None else self._read(cells)[None]
        except InvalidArchitecture:
            raise
        except ValueError as error:
            raise InvalidArchitecture(f"cannot read {show_item(item)} as a 'darts' architecture: {error}") from None

    def read_form(self, item: Any, form: str) -> Archs:
        """Read NASLib's "compact" cells, two lists of eight ``(input, code)``; ``[1, 22]``. The codes follow our order.

        Raises:
            InvalidArchitecture: the item has another form, or a code is outside 0 to 6.
        """
        try:
            normal, reduce = ([(source, _OPERATIONS[code]) for source, code in cell if code >= 0] for cell in item)
        except (ValueError, TypeError, IndexError):
            raise InvalidArchitecture(
                f"{show_item(item)} is not a {form} architecture; expected two lists of eight (input, code), codes 0 "
                f"to {len(_OPERATIONS) - 1}: {', '.join(_OPERATIONS)}"
            ) from None
        return self.read_one([normal, reduce])

    def _read(self, cells: Mapping[str, Edges]) -> Archs:
        """Return the architecture [22] with these edges; raise ValueError if there is none."""
        for cell, edges in cells.items():
            if len(edges) != 2 * len(NODES):
                raise ValueError(f"the {cell} cell has {len(edges)} edges; expected {2 * len(NODES)}")
            self._check_operations(cell, edges)
            for node, (_, a), (_, b) in zip(NODES, edges[::2], edges[1::2], strict=True):
                why = "the same twice" if a == b else "not an earlier node" if max(a, b) >= node else "not a node"
                if a == b or not (0 <= a < node and 0 <= b < node):
                    raise ValueError(
                        f"node {node} of the {cell} cell has inputs {a} and {b}, {why}; expected two of 0 to {node - 1}"
                    )
        edges_of = [edge for cell in CELLS for edge in cells[cell]]
        operations = np.array([self.operations.index(operation) for operation, _ in edges_of], dtype=np.int8)
        inputs = np.array([source for _, source in edges_of], dtype=np.int8)
        return _pack(inputs.reshape(2, 4, 2), operations.reshape(2, 4, 2)).ravel()

    def _check_operations(self, cell: str, edges: Edges) -> None:
        """Raise ValueError for an operation that the space does not have."""
        known = ", ".join(self.operations)
        for i, (operation, source) in enumerate(edges):
            if operation == NONE and not self._with_none:
                raise ValueError(
                    f"node {NODES[i // 2]} of the {cell} cell has '{NONE}' on its edge from {source}, so that edge is "
                    f"absent; here every node has two of {known}; for cells with absent edges use "
                    "DARTS(with_none=True), in a mapping space_options = { with_none = true }"
                )
            if operation not in self.operations:
                raise ValueError(f"unknown operation '{operation}' (known: {known})")

    def _list_edges(self, archs: Archs) -> list[dict[str, Edges]]:
        """Return the edges of both cells of each architecture."""
        inputs, operations = _unpack(self.checked(archs).reshape(-1, _N_COLUMNS))
        cells = [
            [(self.operations[digit], source) for digit, source in zip(*edges, strict=True)]
            for edges in zip(operations.reshape(-1, 8).tolist(), inputs.reshape(-1, 8).tolist(), strict=True)
        ]
        return [dict(zip(CELLS, pair, strict=True)) for pair in zip(cells[::2], cells[1::2], strict=True)]
