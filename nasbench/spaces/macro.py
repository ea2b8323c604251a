"""NAS-Bench-Macro: 8 layers with three blocks to choose from; 6,561 networks, of which 3,969 are distinct.

Source: Su et al. 2021, "Prioritized Architecture Sampling with Monto-Carlo Tree Search", arXiv
2103.11922, and the training code of its authors. Columns are the layers; the text is the key of the
official file, such as ``01210021``, and the index is that key read in base 3.

The layers form stages of 2, 3 and 3. The first layer of a stage halves the resolution and doubles
the channels, whatever its block. In later layers, ``identity`` computes nothing, so its position in the
stage does not matter. The authors trained one network of each such class, the one with identities
last, which is the canonical form.
"""

import re
from collections.abc import Sequence

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces._chain import build_whole_chain
from nasbench.spaces._product import ProductSpace
from nasbench.spaces._space import Graphs

_STAGES = ((0, 2), (2, 5), (5, 8))  # first layer and end of each
_N_LAYERS = 8
_IDENTITY = 0
_TEXT = re.compile(r"[012]{8}")


class NASBenchMacro(ProductSpace):
    """The 6,561 networks of NAS-Bench-Macro; blocks are named as in the paper."""

    name = "macro"
    operations = ("identity", "mb3_k3", "mb6_k5")
    decisions = tuple(f"layer_{layer}" for layer in range(1, _N_LAYERS + 1))
    cardinality = np.full(_N_LAYERS, len(operations), dtype=np.int64)

    def canonicalize(self, archs: Archs) -> Archs:
        """Move the identities of each stage, except in its first layer, behind its other blocks; ``[n, d]``."""
        result = self.checked(archs).copy()
        for first, end in _STAGES:
            rest = result[:, first + 1 : end]
            order = np.argsort(rest == _IDENTITY, axis=1, kind="stable")
            result[:, first + 1 : end] = np.take_along_axis(rest, order, axis=1)
        return result

    def graphs(self, archs: Archs) -> Graphs:
        """Return chains of 10 vertices: the input, the eight layers, the output."""
        return build_whole_chain(self.checked(archs), self.operations)

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read official keys such as ``01210021``.

        Raises:
            InvalidArchitecture: a text is not eight digits 0, 1 or 2.
        """
        archs = np.empty((len(texts), _N_LAYERS), dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            key = str(text).strip()
            if not _TEXT.fullmatch(key):
                raise self._make_malformed(str(text), "expected eight digits 0, 1 or 2")
            row[:] = [int(digit) for digit in key]
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write official keys."""
        return ["".join(map(str, arch)) for arch in self.checked(archs).tolist()]
