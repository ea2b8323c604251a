"""NAS-Bench-101 cells: up to 7 vertices, at most 9 edges, 3 operations; 423,624 distinct cells.

Source: Ying et al. 2019, "NAS-Bench-101: Towards Reproducible Neural Architecture Search", arXiv
1902.09635. Columns are the 21 possible edges, (0, 1), (0, 2) ... (5, 6), and the operations of
vertices 1 to 5 in the official order; vertex 0 is the input and vertex 6 the output. As in the
benchmark, vertices that lie on no path from input to output are ignored, and a row is valid
if there is a path and at most nine edges lie on paths. So many rows describe the same cell:
``canonicalize`` maps them to one row, and tables hold canonical rows.

A neighbour is any valid row that differs in one edge bit or one operation, including edits that leave the cell
the same: without them a cell could never grow, since a new vertex needs two edges.
The authors' evolution (their NASBench.ipynb) flips each edge with probability 1/7 and replaces each
operation with probability 1/5 until the result is valid: several edits, or none. Here it is exactly one edit.

The text form is the rows of the adjacency matrix right of the diagonal, then the operations (``3`` for
conv3x3-bn-relu, ``1`` for conv1x1-bn-relu, ``p`` for maxpool3x3): ``100110/10000/1001/010/10/1:3p331``.
``parse`` also reads the official JSON, ``{"matrix": [[...]], "ops": [...]}`` or
``{"module_adjacency": ..., "module_operations": ...}``, of two to seven vertices. ``read`` also takes these as
dictionaries, ``(matrix, ops)`` and the benchmark's ``ModelSpec``, with operations as names or as the official labels
-1, 0, 1, 2, -2.
"""

import json
import re
from collections.abc import Callable, Sequence, Sized
from functools import cached_property
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bits, Bools, Ints, as_archs
from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.spaces import _nb101_cells as cells
from nasbench.spaces._nb101_cells import EDGES, INTERIOR, N_EDGES, N_OPERATIONS, N_VERTICES
from nasbench.spaces._reading import read_fields, show_item
from nasbench.spaces._space import Graphs, SearchSpace

_LETTERS = "31p"
_TEXT = re.compile("/".join(f"([01]{{{k}}})" for k in range(N_VERTICES - 1, 0, -1)) + f":([{_LETTERS}]{{5}})")
_FLIPS = 2 ** np.arange(N_EDGES)[::-1]
_N_REPLACED = (N_OPERATIONS - 1) * len(INTERIOR)  # number of edits of operations, which are always valid
_UNUSED = N_OPERATIONS + 1
_JSON_KEYS = (("matrix", "ops"), ("module_adjacency", "module_operations"))


class NASBench101(SearchSpace):
    """The cells of NAS-Bench-101: all rows that the benchmark would accept."""

    name = "nb101"
    trained_once_per_class = True
    n_classes = 423_624
    operations = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
    decisions = (*(f"edge_{i}_{j}" for i, j in EDGES), *(f"op_{v}" for v in INTERIOR))
    cardinality = np.array([2] * N_EDGES + [N_OPERATIONS] * len(INTERIOR))

    @property
    def size(self) -> float:
        """Number of valid rows; they describe 423,624 distinct cells."""
        return len(self._valid_masks) * cells.N_LABELINGS

    @cached_property
    def _valid_masks(self) -> Ints:
        return np.flatnonzero(cells.compute_pruned_masks())

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether each row, after pruning, connects input and output with at most 9 edges; ``[n]``."""
        archs = as_archs(archs, len(self.decisions))
        inside = ((archs >= 0) & (archs < self.cardinality)).all(axis=1)
        masks = np.where(inside, cells.compute_masks(archs), 0)
        return np.not_equal(cells.compute_pruned_masks().take(masks), 0)

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` valid rows uniformly, with replacement; ``[n, d]``.

        This is the distribution of the authors' random search, which draws all bits and operations and
        rejects invalid rows; here the valid edge bits are listed, so no draw is rejected. It
        is not uniform over cells: a cell that more rows describe is drawn more often.
        """
        drawn = rng.random((n, 1 + len(INTERIOR)))
        masks = self._valid_masks[(drawn[:, 0] * len(self._valid_masks)).astype(np.int64)]
        digits = (drawn[:, 1:] * N_OPERATIONS).astype(np.int8)
        return np.concatenate([cells.compute_bits(masks), digits], axis=1)

    def _find_valid_flips(self, archs: Archs) -> Bools:
        """Return [n, 21] whether the row stays valid when each edge is flipped."""
        flipped = cells.compute_masks(archs)[:, None] ^ _FLIPS
        return np.not_equal(cells.compute_pruned_masks().take(flipped), 0)

    @staticmethod
    def _apply_edit(archs: Archs, edit: Ints) -> Archs:
        """Apply one edit to each row: ``edit`` [n] below 21 flips that edge, a larger one replaces an operation."""
        children, rows = archs.copy(), np.arange(len(archs))
        flips = edit < N_EDGES
        children[rows[flips], edit[flips]] ^= 1
        vertex, step = np.divmod(edit[~flips] - N_EDGES, N_OPERATIONS - 1)
        column = N_EDGES + vertex
        digits = children[rows[~flips], column] + step + 1
        children[rows[~flips], column] = digits % N_OPERATIONS
        return children

    def _find_valid_edits(self, archs: Archs) -> Bools:
        """Return [n, 31] which edits of each row are valid."""
        return np.pad(self._find_valid_flips(archs), ((0, 0), (0, _N_REPLACED)), constant_values=True)

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return the valid rows that differ in one edge or operation, ``[m, d]``, and their origins ``[m]``."""
        archs = self.checked(archs)
        owner, edit = np.nonzero(self._find_valid_edits(archs))
        return self._apply_edit(archs[owner], edit), owner

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each row to one of its neighbours, uniformly; ``[n, d]``."""
        archs = self.checked(archs)
        ranks = np.cumsum(self._find_valid_edits(archs), axis=1)
        drawn = (rng.random(len(archs)) * ranks[:, -1]).astype(np.int64)
        return self._apply_edit(archs, (ranks > drawn[:, None]).argmax(axis=1))

    def canonicalize(self, archs: Archs) -> Archs:
        """Map each row to the pruned row that represents all isomorphic cells; ``[n, d]``.

        Among all orders of the vertices in which edges point forward, the canonical row has the used
        vertices first and then the largest number, edges before operations. Unused vertices have digit 0.
        """
        return cells.expand_keys(self._compute_keys(self.checked(archs)))

    @staticmethod
    def _compute_keys(archs: Archs) -> Ints:
        masks = cells.compute_pruned_masks().take(cells.compute_masks(archs)).astype(np.int64)
        return cells.compute_canonical_keys(masks, archs[:, N_EDGES:])

    def unique_cells(self, max_vertices: int = N_VERTICES) -> Archs:
        """Return one canonical row for every distinct cell of up to ``max_vertices`` vertices; ``[m, d]``.

        There are 1, 7, 91, 2,532, 64,542 and 423,624 cells for 2 to 7 vertices; it takes about a second. The cells
        are ordered by the number of vertices, then by row.

        Raises:
            InvalidOption: the number is outside 2 to 7.
        """
        if not 2 <= max_vertices <= N_VERTICES:
            raise InvalidOption(f"max_vertices is {max_vertices}; cells have 2 to {N_VERTICES}")
        return np.concatenate([cells.list_unique_cells(v) for v in range(2, max_vertices + 1)])

    def hashes(self, archs: Archs) -> list[str]:
        """Return the official MD5 hash of each row's cell, as in the benchmark's files."""
        keys, inverse = np.unique(self._compute_keys(self.checked(archs)), return_inverse=True)
        rows = cells.expand_keys(keys)
        n_used = cells.find_used_vertices(cells.compute_masks(rows)).sum(axis=1)
        found = [self._hash(row, v) for row, v in zip(rows.tolist(), n_used.tolist(), strict=True)]
        return [found[i] for i in inverse.tolist()]

    @staticmethod
    def _hash(row: list[int], n_used: int) -> str:
        """Hash a canonical row, whose used vertices are the first ``n_used``."""
        output = n_used + 1
        edges = [(i, min(j, output)) for (i, j), bit in zip(EDGES, row[:N_EDGES], strict=True) if bit]
        return cells.compute_official_hash(edges, [-1, *row[N_EDGES : N_EDGES + n_used], -2])

    def graphs(self, archs: Archs) -> Graphs:
        """Return the pruned graphs on the seven vertices of the row; ignored vertices are isolated and ``unused``."""
        archs = self.checked(archs)
        masks = cells.compute_pruned_masks().take(cells.compute_masks(archs)).astype(np.int64)
        adjacency = np.zeros((len(archs), N_VERTICES, N_VERTICES), dtype=np.uint8)
        rows, columns = np.triu_indices(N_VERTICES, k=1)
        adjacency[:, rows, columns] = cells.compute_bits(masks)
        interior = np.where(cells.find_used_vertices(masks), archs[:, N_EDGES:] + 1, _UNUSED).astype(np.int8)
        operations = np.pad(interior, ((0, 0), (1, 1)))
        operations[:, -1] = _UNUSED + 1
        return Graphs(adjacency, operations, ("input", *self.operations, "unused", "output"))

    def _list_encoders(self) -> dict[str, Callable[[Archs], Bits]]:
        return super()._list_encoders() | {"path": self._encode_paths}

    def _encode_paths(self, archs: Archs) -> Bits:
        """Return [n, 364] bits: the path without operations, 3 paths of one, 9 of two ... 243 of five."""
        offsets = np.cumsum([0] + [N_OPERATIONS**length for length in range(len(INTERIOR) + 1)])
        bits = np.zeros((len(archs), offsets[-1]), dtype=np.uint8)
        for length in range(len(INTERIOR) + 1):
            radix = N_OPERATIONS ** np.arange(length)[::-1]
            for via in combinations(INTERIOR, length):
                steps = [EDGES.index(edge) for edge in pairwise((0, *via, N_VERTICES - 1))]
                rows = np.flatnonzero(archs[:, steps].all(axis=1))
                digits = archs[rows][:, [N_EDGES + v - 1 for v in via]].astype(np.int64)
                bits[rows, offsets[length] + digits @ radix] = 1
        return bits

    def from_graph(self, matrix: Any, operations: Sequence[str]) -> Archs:
        """Convert one official graph to a row, unchanged: inner vertices first, the output last; ``[1, d]``.

        Args:
            matrix: [v, v] zeros and ones above the diagonal, v from 2 to 7.
            operations: v names; the first is ``input``, the last is ``output``.

        Raises:
            InvalidArchitecture: the shape or the values are wrong, an operation is unknown, or the cell is invalid.
        """
        adjacency, v = self._read_matrix(matrix, len(operations)), len(operations)
        inner = self._read_inner(operations)
        place = [*range(v - 1), N_VERTICES - 1]
        full = np.zeros((N_VERTICES, N_VERTICES), dtype=np.int8)
        full[np.ix_(place, place)] = adjacency
        digits = [self.operations.index(name) for name in inner] + [0] * (N_VERTICES - v)
        row = np.concatenate([full[np.triu_indices(N_VERTICES, k=1)], np.array(digits, dtype=np.int8)])
        return self.checked(row[None])

    @staticmethod
    def _read_matrix(matrix: Any, v: int) -> Any:
        """Return an official matrix [v, v]."""
        adjacency = np.asarray(matrix)
        if v > N_VERTICES:
            raise InvalidArchitecture(
                f"{v} vertices; a cell has from 2 to {N_VERTICES}: leave out those on no path from input to output"
            )
        if v < 2 or adjacency.shape != (v, v):
            raise InvalidArchitecture(f"matrix {adjacency.shape} for {v} operations; expected [v, v], v from 2 to 7")
        if not np.isin(adjacency, (0, 1)).all():
            raise InvalidArchitecture("expected a matrix of zeros and ones above the diagonal, and zeros elsewhere")
        if np.tril(adjacency).any():
            i, j = np.argwhere(np.tril(adjacency))[0]
            raise InvalidArchitecture(f"edge ({i}, {j}) leads backward; all edges must lie above the diagonal")
        return adjacency

    def _read_inner(self, operations: Sequence[Any]) -> list[str]:
        """Return the names of the operations between ``input`` and ``output`` from names or official labels."""
        labels = {-1: "input", -2: "output"} | dict(enumerate(self.operations))
        names = [name if isinstance(name, str) else labels.get(name, name) for name in operations]
        inner = names[1:-1]
        unknown = [name for name in inner if name not in self.operations]
        if unknown or names[0] != "input" or names[-1] != "output":
            known = ", ".join(self.operations)
            raise InvalidArchitecture(f"operations {names}; expected input, some of {known}, output")
        return inner

    def read_one(self, item: Any) -> Archs:
        """Read an official specification: a dictionary, ``(matrix, ops)`` or a ``ModelSpec``; ``[1, 26]``.

        Raises:
            InvalidArchitecture: the item breaks a rule of the benchmark, which the message names, or has another form.
        """
        pairs = (read_fields(item, *keys) for keys in (("original_matrix", "original_ops"), *_JSON_KEYS))
        pair = next((found for found in pairs if found is not None), item)
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(isinstance(x, Sized) for x in pair):
            return super().read_one(item)
        try:
            return self.from_graph(pair[0], list(pair[1]))
        except (ValueError, TypeError) as error:  # InvalidArchitecture is a ValueError
            raise InvalidArchitecture(f"cannot read {show_item(item)} as an 'nb101' cell: {error}") from None

    def _explain_broken_rule(self, arch: Archs) -> str:
        """Follow the edges, because the table of pruned cells does not distinguish the two rules."""
        edges = [edge for edge, bit in zip(EDGES, arch[:N_EDGES].tolist(), strict=True) if bit]
        forward, backward = {0}, {N_VERTICES - 1}
        for source, target in edges:
            forward |= {target} if source in forward else set()
        for source, target in reversed(edges):
            backward |= {source} if target in backward else set()
        n_edges = sum({*edge} <= forward & backward for edge in edges)
        if not n_edges:
            return "there is no path from input to output"
        return f"{n_edges} edges lie on paths from input to output; at most {cells.MAX_EDGES} are allowed"

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read the text form, or the official JSON of one cell, without canonicalising the rows; ``[n, d]``.

        Raises:
            InvalidArchitecture: a text has another form, an operation is unknown, or a cell is invalid.
        """
        rows = [self._parse_one(str(text).strip()) for text in texts]
        return np.concatenate(rows) if rows else np.empty((0, len(self.decisions)), dtype=np.int8)

    def _parse_one(self, text: str) -> Archs:
        if text.startswith("{"):
            return self._parse_json(text)
        match = _TEXT.fullmatch(text)
        if match is None:
            raise self._make_malformed(text, "expected 6/5/4/3/2/1 bits and five of 3, 1, p, or the official JSON")
        *bits, letters = match.groups()
        row = [*map(int, "".join(bits)), *map(_LETTERS.index, letters)]
        arch = np.array([row], dtype=np.int8)
        if not self.is_valid(arch).all():
            raise self._make_malformed(text, self._find_broken_rule(arch[0]))
        return arch

    def _parse_json(self, text: str) -> Archs:
        try:
            graph = json.loads(text)
            matrix, operations = next((graph[a], graph[b]) for a, b in _JSON_KEYS if a in graph and b in graph)
            return self.from_graph(matrix, operations)
        except StopIteration:
            raise self._make_malformed(text, f"expected the keys {_JSON_KEYS[0]} or {_JSON_KEYS[1]}") from None
        except (ValueError, TypeError) as error:  # InvalidArchitecture is a ValueError
            raise self._make_malformed(text, str(error)) from None

    def format(self, archs: Archs) -> list[str]:
        """Write the text form."""
        ends = np.cumsum(np.arange(N_VERTICES - 1, 0, -1)).tolist()
        texts = []
        for row in self.checked(archs).tolist():
            bits = "".join(map(str, row[:N_EDGES]))
            parts = [bits[i:j] for i, j in pairwise([0, *ends])]
            texts.append("/".join(parts) + ":" + "".join(_LETTERS[digit] for digit in row[N_EDGES:]))
        return texts
