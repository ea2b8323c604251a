"""NAS-Bench-Graph: graph neural networks with four operations on a tree; 26,206 architectures.

Source: Qin et al. 2022, "NAS-Bench-Graph: Benchmarking Graph Neural Architecture Search", arXiv
2206.09166. Every computing node has one input, an earlier node or the raw features, and all leaves
feed the output. Up to isomorphism this gives 9 rooted trees. Columns are the tree's ``shape`` and the
operations of its four nodes. Only canonical architectures are valid: identity (``skip``) nodes that
change nothing come first, and interchangeable operations are sorted, which leaves 26,206.

The text form is ``0112:gcn,cheb,gin,fc`` (input of each node, then operations); ``parse`` also reads
the official hash (``61327``) and the official constructor ``Arch([0, 1, 1, 2], ['gcn', ...])``, with
any valid list of inputs. The digits of the hash (base 10) are the shape and four positions in ``operations``. ``read``
takes it as a number with ``form="index"``, and also the official ``Arch`` object or its ``(link, ops)``.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from itertools import permutations, product
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bits, Floats, Ints, as_archs
from nasbench.errors import make_unknown_name
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._reading import INDEX, read_fields
from nasbench.spaces._space import Graphs

# For each shape, the input of nodes 1 to 4; 0 is the raw features.
_SHAPES = (
    (0, 0, 0, 0),
    (0, 0, 0, 1),
    (0, 0, 1, 1),
    (0, 0, 1, 2),
    (0, 0, 1, 3),
    (0, 1, 1, 1),
    (0, 1, 1, 2),
    (0, 1, 2, 2),
    (0, 1, 2, 3),
)
_ORDERS = tuple(permutations(range(4)))
_SKIP = 8
_DIGITS = np.array([1000, 100, 10, 1])
_RADIX = 9.0 ** np.arange(5, dtype=np.float32)[::-1]
_TEXT = re.compile(r"([0-3]{4}):([a-z]+),([a-z]+),([a-z]+),([a-z]+)")
_CONSTRUCTOR = re.compile(r"Arch\(\[([\d,\s]+)\],\s*\[([\w\s,'\"]+)\]\)")

Links = tuple[int, ...]


def _relabel_links(links: Links, order: tuple[int, ...]) -> Links:
    """Return the inputs of each node when new node ``i + 1`` is old node ``order[i] + 1``."""
    new = {0: 0} | {old + 1: i + 1 for i, old in enumerate(order)}
    return tuple(new[links[old]] for old in order)


@cache
def _find_shape(links: Links) -> tuple[int, tuple[int, ...]]:
    """Return the shape that is isomorphic to ``links``, and the first order of nodes that gives it."""
    return next(
        (_SHAPES.index(relabelled), order)
        for order in _ORDERS
        if (relabelled := _relabel_links(links, order)) in _SHAPES
    )


def _contract_links(links: Links, skips: tuple[bool, ...]) -> tuple[Links, tuple[int, ...]]:
    """Move the identity nodes that change nothing to the front, where they form a chain.

    An identity node counts only as an extra connection from its input to the output: a leaf that
    has siblings and whose input is not the raw features themselves.

    Returns:
        The inputs of the four nodes of the new tree, and the old position of each of them.
    """
    parent = {node: links[node - 1] for node in range(1, 5)}
    front: list[int] = []
    while True:
        for node, source in parent.items():
            children = [other for other in parent if parent[other] == node]
            siblings = [other for other in parent if other != node and parent[other] == source]
            if skips[node - 1] and (children or not siblings or source == 0):
                break
        else:
            break
        for child in children:
            parent[child] = source
        del parent[node]
        front.append(node)
    position = {0: len(front)} | {node: len(front) + 1 + i for i, node in enumerate(parent)}
    inputs = tuple(range(len(front))) + tuple(position[source] for source in parent.values())
    return inputs, tuple(node - 1 for node in (*front, *parent))


@cache
def _build_canonical_table() -> Archs:
    """Return [59049, 5] the canonical form of every combination of digits, in the order of ``_RADIX``."""
    raw = np.indices((9, 9, 9, 9, 9), dtype=np.int8).reshape(5, -1).T
    shapes, orders = np.zeros((9, 16), dtype=np.int8), np.zeros((9, 16, 4), dtype=np.int64)
    for shape, links in enumerate(_SHAPES):
        for mask in range(16):
            inputs, origin = _contract_links(links, tuple(bool(mask >> (3 - node) & 1) for node in range(4)))
            shapes[shape, mask], order = _find_shape(inputs)
            orders[shape, mask] = [origin[i] for i in order]
    mask = (raw[:, 1:] == _SKIP) @ np.array([8, 4, 2, 1])
    result = np.empty_like(raw)
    result[:, 0] = shapes[raw[:, 0], mask]
    result[:, 1:] = np.take_along_axis(raw[:, 1:], orders[raw[:, 0], mask], axis=1)
    for shape, links in enumerate(_SHAPES):
        # Of the equivalent orders of nodes, keep the one whose operations give the smallest number.
        symmetries = np.array([order for order in _ORDERS if _relabel_links(links, order) == links])
        rows = np.flatnonzero(result[:, 0] == shape)
        alternatives = result[rows, 1:][:, symmetries]
        smallest = (alternatives @ _DIGITS).argmin(axis=1)
        result[rows, 1:] = alternatives[np.arange(len(rows)), smallest]
    return result


class NASBenchGraph(EnumeratedSpace):
    """The 26,206 architectures of NAS-Bench-Graph, or those with a subset of the operations.

    Args:
        operations: the allowed operations; the benchmark's Proteins data set has five of the nine.
    """

    name = "nbgraph"
    operations = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
    decisions = ("shape", "op_1", "op_2", "op_3", "op_4")
    cardinality = np.array([len(_SHAPES), 9, 9, 9, 9])
    forms = (INDEX,)

    def __init__(self, *, operations: Sequence[str] = operations) -> None:
        unknown = [name for name in operations if name not in self.operations]
        if unknown or not operations:
            raise make_unknown_name("operation of space 'nbgraph'", (unknown or [""])[0], self.operations)
        digits = sorted(self.operations.index(name) for name in set(operations))
        columns = [range(len(_SHAPES)), digits, digits, digits, digits]
        raw = np.array(list(product(*columns)), dtype=np.int8)
        real = (raw[:, 1:] != _SKIP).any(axis=1)  # four identities are not a network
        self.rows = raw[real & (self._canonicalize_raw(raw) == raw).all(axis=1)]

    @property
    def code_options(self) -> dict[str, Any]:
        """Empty: a subset of ``operations`` keeps the codes."""
        return {}

    @cached_property
    def _published_chances(self) -> Floats:
        """[N] cumulative probability of each row if inputs and operations are drawn uniformly."""
        lists = Counter(_find_shape((0, *links))[0] for links in product(range(2), range(3), range(4)))
        operations = np.array(list(product(*[np.unique(self.rows[:, 1:])] * 4)), dtype=np.int8)
        weights = np.zeros(len(self.rows))
        for shape, n_lists in lists.items():
            drawn = self._canonicalize_raw(np.insert(operations, 0, shape, axis=1))
            drawn = drawn[(drawn[:, 1:] != _SKIP).any(axis=1)]
            np.add.at(weights, self.index(drawn), n_lists)
        chances: Floats = np.cumsum(weights) / weights.sum()
        return chances

    def sample_as_published(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw each node's input and operation uniformly, as the authors' code does; repeat if all four are ``skip``.

        Architectures that more lists of inputs and operations describe are drawn more often, up to 164 times.
        """
        return self.rows[np.searchsorted(self._published_chances, rng.random(n), side="right")]

    @staticmethod
    def _canonicalize_raw(raw: Archs) -> Archs:
        """Return the canonical form of rows with digits in range, valid or not; ``[n, 5]``."""
        return _build_canonical_table().take((raw.astype(np.float32) @ _RADIX).astype(np.int64), axis=0, mode="clip")

    def canonicalize(self, archs: Archs) -> Archs:
        """Map any four operations on any of the 9 shapes to the valid architecture that computes the same.

        Raises:
            InvalidArchitecture: digits are out of range, or all four operations are ``skip``.
        """
        archs = as_archs(archs, len(self.decisions))
        bad = np.flatnonzero(((archs < 0) | (archs >= self.cardinality)).any(axis=1))
        if len(bad):
            self._refuse(archs, bad)
        return self.checked(self._canonicalize_raw(archs))

    def _list_edits(self, archs: Archs) -> Archs:
        edits = []
        for column, choices in enumerate(self.cardinality):
            for step in range(1, choices):
                edited = archs.copy()
                edited[:, column] = (edited[:, column] + step) % choices
                edits.append(self._canonicalize_raw(edited))
        return np.stack(edits, axis=1)

    def _repair(self, archs: Archs) -> Archs:
        return self._canonicalize_raw(archs)

    def graphs(self, archs: Archs) -> Graphs:
        """Return graphs of 6 vertices: the raw features, the four nodes, the output."""
        archs = self.checked(archs)
        adjacency = np.zeros((len(_SHAPES), 6, 6), dtype=np.uint8)
        for shape, links in enumerate(_SHAPES):
            for node, source in enumerate(links, start=1):
                adjacency[shape, source, node] = 1
                adjacency[shape, node, 5] = node not in links
        operations = np.pad(archs[:, 1:] + np.int8(1), ((0, 0), (1, 1)))
        operations[:, -1] = len(self.operations) + 1
        return Graphs(adjacency[archs[:, 0]], operations, ("input", *self.operations, "output"))

    def _list_encoders(self) -> dict[str, Callable[[Archs], Bits]]:
        return super()._list_encoders() | {"path": self._encode_paths}

    def _encode_paths(self, archs: Archs) -> Bits:
        """Return [n, 7380] bits: the paths of one to four operations from the raw features to a leaf."""
        k = len(self.operations)
        offsets = np.cumsum([0] + [k**length for length in range(1, 5)])
        bits = np.zeros((len(archs), offsets[-1]), dtype=np.uint8)
        for shape, links in enumerate(_SHAPES):
            rows = np.flatnonzero(archs[:, 0] == shape)
            for leaf in set(range(1, 5)) - set(links):
                nodes = [leaf]
                while links[nodes[0] - 1]:
                    nodes.insert(0, links[nodes[0] - 1])
                digits = archs[rows][:, nodes].astype(np.int64) @ (k ** np.arange(len(nodes))[::-1])
                bits[rows, offsets[len(nodes) - 1] + digits] = 1
        return bits

    def hashes(self, archs: Archs) -> Ints:
        """Return the official integer hash of each architecture; ``[n]``."""
        official: Ints = self.checked(archs).astype(np.int64) @ np.array([10000, *_DIGITS])
        return official

    def read_indices(self, numbers: Sequence[int]) -> Archs:
        """Read official hashes; ``[n, 5]``."""
        return self.parse([str(number) for number in numbers])

    def read_one(self, item: Any) -> Archs:
        """Read an official ``Arch``, or its inputs and names of operations; ``[1, 5]``."""
        pair = read_fields(item, "link", "ops") or item
        if isinstance(pair, list | tuple) and len(pair) == 2 and all(isinstance(part, list | tuple) for part in pair):
            return self.parse([f"Arch({list(pair[0])}, {list(pair[1])})"])
        return super().read_one(item)

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read ``0112:gcn,cheb,gin,fc``, an official hash, or an official ``Arch(...)``; the result is canonical.

        Raises:
            InvalidArchitecture: a text has another form, an operation is unknown, the list of inputs is impossible,
                or the architecture is outside the space.
        """
        raw = np.array([self._parse_one(str(text).strip()) for text in texts], dtype=np.int8).reshape(-1, 5)
        archs = self._canonicalize_raw(raw)
        for text, arch, valid in zip(texts, archs, self.is_valid(archs), strict=True):
            if not valid:
                raise self._make_malformed(str(text), self._explain_outside(arch))
        return archs

    def _explain_outside(self, arch: Archs) -> str:
        """Return why a canonical row [5] is not in the space."""
        if (arch[1:] == _SKIP).all():
            return "four skip operations are not a network"
        allowed = np.unique(self.rows[:, 1:])
        excluded = next(self.operations[digit] for digit in arch[1:].tolist() if digit not in allowed)
        return f"this space is restricted to {', '.join(self.operations[i] for i in allowed)}, without {excluded}"

    def _explain_broken_rule(self, arch: Archs) -> str:
        canonical = self._canonicalize_raw(arch[None])
        if (canonical[0] == arch).all() or not self.is_valid(canonical)[0]:
            return self._explain_outside(canonical[0])
        return f"it is not in canonical form, which is {canonical[0].tolist()}: use canonicalize(archs)"

    def _parse_one(self, text: str) -> list[int]:
        if text.isdecimal() and len(text) <= 5:
            digits = [int(digit) for digit in text.zfill(5)]
            if max(digits) > 8:
                raise self._make_malformed(text, "a hash has no digit 9")
            return digits
        if match := _TEXT.fullmatch(text):
            inputs, names = list(match[1]), list(match.groups()[1:])
        elif match := _CONSTRUCTOR.fullmatch(text):
            inputs, names = (re.findall(r"\w+", part) for part in match.groups())
        else:
            raise self._make_malformed(text, "expected inputs and operations, a hash, or Arch([...], [...])")
        links = tuple(int(source) for source in inputs)
        if len(links) != 4 or len(names) != 4 or any(source > i for i, source in enumerate(links)):
            raise self._make_malformed(
                text, "expected four operations and, for each, an earlier node (0: the raw features)"
            )
        unknown = [name for name in names if name not in self.operations]
        if unknown:
            raise self._make_malformed(text, f"unknown operation '{unknown[0]}' (known: {', '.join(self.operations)})")
        shape, order = _find_shape(links)
        return [shape, *(self.operations.index(names[i]) for i in order)]

    def format(self, archs: Archs) -> list[str]:
        """Write as ``0112:gcn,cheb,gin,fc``."""
        return [
            "".join(map(str, _SHAPES[shape])) + ":" + ",".join(self.operations[op] for op in operations)
            for shape, *operations in self.checked(archs).tolist()
        ]
