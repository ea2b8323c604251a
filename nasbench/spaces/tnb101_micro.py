"""TransNAS-Bench-101 cells: 4 nodes, 6 edges, 4 operations; 4,096 cells.

Source: Duan et al. 2021, "TransNAS-Bench-101: Improving Transferability and Generalizability of
Cross-Task Neural Architecture Search", arXiv 2105.11871, and the network code of its authors. Columns
are the edges in the order of the official string ``64-41414-1_02_333``: 64 channels, the skeleton
41414, then the operations into nodes 1, 2 and 3. The index is the string's six digits read in base 4.

The paper defines no isomorphism. ``canonicalize`` unites exactly the cells that have the same weights and compute
the same function from them: ``none`` edges and the parts that only they follow disappear, ``skip_connect``
passes its node on, and nodes that do not feed each other may be swapped. A ``skip_connect`` from the input
remains an operation, because cells that change the resolution put a strided convolution there. A
convolution without input remains too, because its normalisation learns a constant.
"""

import re
from collections.abc import Sequence

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces._cell import EDGES, FourNodeCell

_NONE, _SKIP = 0, 1
_TEXT = re.compile(r"64-41414-([0-3])_([0-3]{2})_([0-3]{3})")
_SHARED = "*"


def _list_terms(operation: int, terms: list[str]) -> list[str]:
    """Return the terms that an edge adds to the sum of its target; its source is the sum of ``terms``."""
    if operation == _NONE:
        return []
    if operation == _SKIP:
        return terms
    return [f"{operation}({'+'.join(sorted(terms))})"]


def _write_output(arch: Sequence[int], mark: str) -> str:
    """Write the last node as a nested sum; ``mark`` follows the term of node 1."""
    first = [f"{arch[0]}x{mark}"] if arch[0] != _NONE else []
    second = [f"{arch[1]}x"] if arch[1] != _NONE else []
    second = second + _list_terms(arch[2], first)
    direct = [f"{arch[3]}x"] if arch[3] != _NONE else []
    return "+".join(sorted(direct + _list_terms(arch[4], first) + _list_terms(arch[5], second)))


class TransNASBench101Micro(FourNodeCell):
    """The 4,096 cells of TransNAS-Bench-101."""

    name = "tnb101_micro"
    operations = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3")
    cardinality = np.full(len(EDGES), len(operations), dtype=np.int64)

    def _write_signature(self, arch: Sequence[int]) -> str:
        # Only the output of node 1 can be used twice; using it twice differs from two copies with separate weights.
        shared = _write_output(arch, _SHARED)
        return shared if shared.count(_SHARED) > 1 else _write_output(arch, "")

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read official strings such as ``64-41414-1_02_333``.

        Raises:
            InvalidArchitecture: a string has another form, or another skeleton.
        """
        archs = np.empty((len(texts), len(EDGES)), dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            match = _TEXT.fullmatch(str(text).strip())
            if match is None:
                raise self._make_malformed(str(text), "expected 64-41414- and the digits 0 to 3 of nodes 1, 2 and 3")
            row[:] = [int(digit) for digit in "".join(match.groups())]
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write official strings."""
        return ["64-41414-{}_{}{}_{}{}{}".format(*arch) for arch in self.checked(archs).tolist()]
