"""SpikeNAS-Bench cells: 4 nodes, 6 edges, 5 operations of spiking networks; 15,625 cells.

Source: Sun et al. 2025, "SpikeNAS-Bench: Benchmarking NAS Algorithms for Spiking Neural Network
Architecture", IEEE TAI 6(6), doi 10.1109/TAI.2025.3534136, as its repository
``tju-sun-lab/SpikeNAS-Bench`` defines it. An edge gives nothing, the value of its source
node, or leaky integrate-and-fire neurons of threshold 0.5, 1 or 1.5 followed by a 3x3 convolution
and normalisation. The text is the official number 0 to 15624, whose digits in base 5 are the operations:
the least significant is edge (0,1), then (0,2) (0,3) (1,2) (1,3) (2,3). The index is a different number: columns
are the edges ordered by their target, as in NAS-Bench-201, and the first is the most significant.

The source defines no isomorphism. ``canonicalize`` unites cells that have the same weights and compute the
same function from them: parts followed only by ``none`` edges disappear, ``identity`` passes its node on, nodes that
do not feed each other may be swapped, and neurons without input are the same at every threshold. A
convolution without input remains, because its normalisation learns a constant.
"""

import re
from collections.abc import Sequence

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces._cell import EDGES, FourNodeCell
from nasbench.spaces._reading import INDEX

_NONE, _IDENTITY = 0, 1
_CHOICES = 5
_OFFICIAL = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))  # least significant digit first
_WEIGHTS = _CHOICES ** np.array([_OFFICIAL.index(edge) for edge in EDGES])
_TEXT = re.compile(r"0|[1-9]\d{0,4}")
_SHARED = "*"


def _write_output(arch: Sequence[int], mark: str) -> str:
    """Write the last node as a nested sum; ``mark`` follows the output of a convolution into node 1."""
    sums: list[list[str]] = [["x"], [], [], []]
    for (source, target), operation in zip(EDGES, arch, strict=True):
        terms = sums[source]
        if operation == _IDENTITY:
            sums[target] = sums[target] + terms
        elif operation != _NONE:
            inner = f"{operation}({'+'.join(sorted(terms))})" if terms else "constant"
            sums[target] = [*sums[target], inner + (mark if target == 1 else "")]
    return "+".join(sorted(sums[3]))


class SpikeNAS(FourNodeCell):
    """The 15,625 cells of SpikeNAS-Bench."""

    name = "spikenas"
    operations = ("none", "identity", "lif_0.5_conv_3x3", "lif_1.0_conv_3x3", "lif_1.5_conv_3x3")
    cardinality = np.full(len(EDGES), _CHOICES, dtype=np.int64)

    forms = (INDEX,)

    def read_indices(self, numbers: Sequence[int]) -> Archs:
        """Read official numbers; ``[n, 6]``."""
        return self.parse([str(number) for number in numbers])

    def _write_signature(self, arch: Sequence[int]) -> str:
        # One convolution whose result is used twice differs from two convolutions with separate weights.
        shared = _write_output(arch, _SHARED)
        return shared if shared.count(_SHARED) > 1 else _write_output(arch, "")

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read official numbers such as ``14862``.

        Raises:
            InvalidArchitecture: a text is not an integer, or the number is too large.
        """
        numbers = np.empty(len(texts), dtype=np.int64)
        for i, text in enumerate(texts):
            found = _TEXT.fullmatch(str(text).strip())
            if found is None or int(found[0]) >= len(self.rows):
                raise self._make_malformed(str(text), f"expected a number from 0 to {len(self.rows) - 1}")
            numbers[i] = int(found[0])
        archs: Archs = (numbers[:, None] // _WEIGHTS % _CHOICES).astype(np.int8)
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write official numbers."""
        return [str(number) for number in (self.checked(archs).astype(np.int64) @ _WEIGHTS).tolist()]
