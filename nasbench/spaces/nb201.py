"""NAS-Bench-201 cells (NATS-Bench topology space): 4 nodes, 6 edges, 5 operations; 15,625 cells.

Source: Dong & Yang 2020, "NAS-Bench-201: Extending the Scope of Reproducible Neural Architecture
Search", arXiv 2001.00326. Columns are the edges in the order of the official string
``|op~0|+|op~0|op~1|+|op~0|op~1|op~2|``; the index counts in base 5 with the first edge most
significant. It differs from the order of the official files, whose numbers ``read`` takes as text (``#1462``) or with
``form="index"``. ``read`` also takes six names of operations in the order of the columns, the nodes of
AutoDL-Projects' ``Structure`` (``(((op, 0),), ((op, 0), (op, 1)), ...)``), and with ``form="naslib"`` NASLib's six
codes or names, whose edges are (0,1), (0,2), (0,3), (1,2), (1,3), (2,3).
"""

import itertools
import random
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._cell import EDGES, FourNodeCell
from nasbench.spaces._product import list_single_edits
from nasbench.spaces._reading import INDEX, check_indices, show_item
from nasbench.spaces._tiny_network import NetworkSize, count_convolution, count_network

_NONE, _SKIP, _CONV_1X1, _CONV_3X3 = 0, 1, 2, 3
_WIDTHS = np.array(
    [[16], [32], [32], [64], [64]]
)  # channels of the benchmark's network: stages, and blocks between them
_N_CELLS = 5  # number of cells in each stage
_OFFICIAL_SEED = 88  # seed of the shuffle in the benchmark's main.py
_NASLIB_NAMES = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
_NASLIB_EDGES = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))
_N_OPERATIONS = np.int8(5)  # typed, so that arithmetic stays in int8


class NASBench201(FourNodeCell):
    """The 15,625 cells of NAS-Bench-201; the paper's isomorphism has 6,466 classes.

    Args:
        simplified: whether to distinguish only the 4,930 classes of cells that differ after full algebraic
            simplification, for tables with one training run per class.
    """

    name = "nb201"
    operations = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
    cardinality = np.full(len(EDGES), len(operations), dtype=np.int64)
    forms = (INDEX, "naslib")

    def __init__(self, *, simplified: bool = False) -> None:
        super().__init__()
        self.trained_once_per_class = self._simplified = simplified

    @property
    def code_options(self) -> dict[str, Any]:
        """Empty: ``simplified`` changes no code."""
        return {}

    @cached_property
    def _published_steps(self) -> Archs:
        """[72, 6] equally likely steps, such that every node, then every incoming edge, has the same probability."""
        shares = [6, 3, 3, 2, 2, 2]  # eighteenths: a third for each node, divided among its edges
        steps = list_single_edits(np.zeros((1, len(EDGES)), dtype=np.int8), self.cardinality)[0]
        return np.repeat(steps, np.repeat(shares, len(self.operations) - 1), axis=0)

    def mutate_as_published(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Draw a node, then one of its incoming edges, then another operation (AutoDL-Projects' REA)."""
        index = self.index(archs)
        drawn = (rng.random(len(index)) * len(self._published_steps)).astype(np.int64)
        return (self.rows.take(index, axis=0) + self._published_steps.take(drawn, axis=0)) % _N_OPERATIONS

    def network_size(self, archs: Archs, *, n_classes: int = 10, image_size: int = 32) -> NetworkSize:
        """Return the parameters and FLOPs of the benchmark's networks, as its files count them; ``[n]`` each.

        Operations that do not reach the output count too, because the benchmark trains them.

        Args:
            archs: [n, 6] cells.
            n_classes: 10 for CIFAR-10, 100 for CIFAR-100, 120 for ImageNet16-120.
            image_size: side of the image in pixels; 16 for ImageNet16-120.
        """
        counts = [(self.checked(archs) == operation).sum(axis=1) for operation in (_CONV_1X1, _CONV_3X3)]

        def cells(c_in: Ints, c_out: Ints, pixels: int) -> Floats:
            one, three = (count_convolution(c_in, c_out, kernel, pixels) for kernel in (1, 3))
            cost: Floats = _N_CELLS * (one * counts[0] + three * counts[1])
            return cost

        return count_network(_WIDTHS, cells, n_classes=n_classes, image_size=image_size)

    def _write_signature(self, arch: Sequence[int]) -> str:
        """Write a cell as the nested sum that the paper compares.

        ``none`` of anything, or any operation on a node that is only ``#``, gives ``#``; ``skip``
        repeats its source. A sum of several ``#`` is deliberately not simplified to one: this is how the
        paper gets 6,466 classes. Full simplification, which drops every ``#``, leaves 4,930.
        """
        nodes: list[list[str]] = [["0"], [], [], []]
        for target in (1, 2, 3):
            for (source, end), operation in zip(EDGES, arch, strict=True):
                if end == target:
                    nodes[target] += self._sum_terms(nodes[source], operation)
        return "+".join(sorted(nodes[3]))

    def _sum_terms(self, source: list[str], operation: int) -> list[str]:
        """Return the terms that an edge adds to the sum of its target."""
        nothing = [] if self._simplified else ["#"]
        if operation == _NONE or source in ([], ["#"]):
            return nothing
        if operation == _SKIP:
            return source if self._simplified else ["+".join(sorted(source))]
        return [f"({'+'.join(sorted(source))})@{self.operations[operation]}"]

    @cached_property
    def _official(self) -> Ints:
        """[N] position in ``rows`` of each architecture of the official files, which list them in shuffled order."""
        order = list(range(len(self.rows)))
        random.Random(_OFFICIAL_SEED).shuffle(order)
        return np.array(order)

    def read_indices(self, numbers: Sequence[int]) -> Archs:
        """Read the numbers of the official files; ``[n, 6]``.

        Raises:
            InvalidArchitecture: a number is outside 0 to 15624.
        """
        return self.rows[self._official[check_indices(self, numbers)]]

    def read_form(self, item: Any, form: str) -> Archs:
        """Read NASLib's codes or names of the six operations, by edge; ``[1, 6]``.

        Raises:
            InvalidArchitecture: the number of operations is wrong, or one is unknown.
        """
        known = {name: name for name in _NASLIB_NAMES} | dict(enumerate(_NASLIB_NAMES))
        if not isinstance(item, list | tuple) or len(item) != len(EDGES) or any(code not in known for code in item):
            raise InvalidArchitecture(
                f"{show_item(item)} is not a {form} architecture; expected six operations, 0 to "
                f"{len(_NASLIB_NAMES) - 1}: {', '.join(_NASLIB_NAMES)}"
            )
        by_edge = {edge: known[code] for edge, code in zip(_NASLIB_EDGES, item, strict=True)}
        return super().read_one([by_edge[edge] for edge in EDGES])

    def read_one(self, item: Any) -> Archs:
        """Read six names of operations, or a ``Structure`` of AutoDL-Projects, or its nodes; ``[1, 6]``.

        Raises:
            InvalidArchitecture: an operation is unknown, the edges are wrong, or the item has another form.
        """
        nodes = getattr(item, "nodes", item)
        try:
            text = "+".join(f"|{'|'.join(f'{op}~{source}' for op, source in node)}|" for node in nodes)
        except (TypeError, ValueError):
            return super().read_one(item)
        return self.parse([text])

    @cached_property
    def _tokens(self) -> dict[str, int]:
        return {f"{op}~{source}": i for i, op in enumerate(self.operations) for source in range(3)}

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read official strings such as ``|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|``.

        Raises:
            InvalidArchitecture: a string has another form, or an operation is unknown.
        """
        archs = np.empty((len(texts), len(EDGES)), dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            tokens = [token for node in str(text).strip().split("+") for token in node.strip("|").split("|")]
            sources = [token[token.rfind("~") + 1 :] for token in tokens]
            if sources != ["0", "0", "1", "0", "1", "2"]:
                raise self._make_malformed(str(text), "expected six 'operation~source' items for nodes 1, 2 and 3")
            try:
                row[:] = [self._tokens[token] for token in tokens]
            except KeyError as error:
                operation = str(error.args[0]).rpartition("~")[0]
                known = ", ".join(self.operations)
                raise self._make_malformed(str(text), f"unknown operation '{operation}' (known: {known})") from None
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write official strings."""
        texts = []
        for arch in self.checked(archs).tolist():
            items = [f"{self.operations[op]}~{source}" for (source, _), op in zip(EDGES, arch, strict=True)]
            ends = itertools.accumulate((1, 2, 3))
            texts.append(
                "+".join(f"|{'|'.join(items[end - k : end])}|" for k, end in zip((1, 2, 3), ends, strict=True))
            )
        return texts
