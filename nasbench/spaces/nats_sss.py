"""NATS-Bench size space: the widths of 5 layers with 8 choices each; 32,768 networks.

Source: Dong, Liu, Musial & Gabrys 2021, "NATS-Bench: Benchmarking NAS Algorithms for Architecture
Topology and Size", arXiv 2009.00437. Columns are the layers from the input on; the text is the
official string ``8:16:24:32:64`` (channels of each layer). The index counts in base 8 with the first
layer most significant: it is the index of the official files, which ``read`` takes as ``#N`` or with
``form="index"``. It also takes the widths themselves as numbers. No two networks are isomorphic.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Floats, Ints
from nasbench.spaces._chain import build_whole_chain
from nasbench.spaces._product import ProductSpace
from nasbench.spaces._reading import INDEX, check_indices
from nasbench.spaces._space import Graphs
from nasbench.spaces._tiny_network import NetworkSize, count_convolution, count_network

_N_LAYERS, _STEP = 5, 8


def _count_cell(c_in: Ints, c_out: Ints, pixels: int) -> Floats:
    """Return the cost of one cell, whose skip becomes a 1x1 convolution if the width changes; ``[2, n]``.

    The cell is ``|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|``.
    """
    first, later = count_convolution(c_in, c_out, 3, pixels), count_convolution(c_out, c_out, 3, pixels)
    cost: Floats = 2 * first + 3 * later + (c_in != c_out) * count_convolution(c_in, c_out, 1, pixels)
    return cost


class NATSBenchSize(ProductSpace):
    """The 32,768 networks of the NATS-Bench size space; the operations are the numbers of channels."""

    name = "nats_sss"
    operations = tuple(str(_STEP * i) for i in range(1, 9))
    decisions = tuple(f"channels_{layer}" for layer in range(1, _N_LAYERS + 1))
    cardinality = np.full(_N_LAYERS, len(operations), dtype=np.int64)
    forms = (INDEX,)

    def read_rows(self, rows: npt.NDArray[Any]) -> Archs:
        """Read rows of decisions, 0 to 7, or of widths, 8 to 64; ``[n, 5]``."""
        if rows.dtype.kind in "iu" and rows.size and rows.min() >= _STEP and not (rows % _STEP).any():
            rows = rows // _STEP - 1
        return super().read_rows(rows)

    def read_indices(self, numbers: Sequence[int]) -> Archs:
        """Read the numbers of the official files; ``[n, 5]``.

        Raises:
            InvalidArchitecture: a number is outside 0 to 32767.
        """
        return self.rows[check_indices(self, numbers)]

    def canonicalize(self, archs: Archs) -> Archs:
        """Return the architectures unchanged: no two are isomorphic; ``[n, d]``."""
        return self.checked(archs).copy()

    def network_size(self, archs: Archs, *, n_classes: int = 10, image_size: int = 32) -> NetworkSize:
        """Return the parameters and FLOPs of the networks, as the official files count them; ``[n]`` each.

        Args:
            archs: [n, 5] widths.
            n_classes: 10 for CIFAR-10, 100 for CIFAR-100, 120 for ImageNet16-120.
            image_size: side of the image in pixels; 16 for ImageNet16-120.
        """
        widths = _STEP * (self.checked(archs).T.astype(np.int64) + 1)
        return count_network(widths, _count_cell, n_classes=n_classes, image_size=image_size)

    def graphs(self, archs: Archs) -> Graphs:
        """Return chains of 7 vertices: the input, the five layers, the output."""
        return build_whole_chain(self.checked(archs), self.operations)

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read official strings such as ``8:16:24:32:64``.

        Raises:
            InvalidArchitecture: a string has another form, or a width is not a choice.
        """
        archs = np.empty((len(texts), _N_LAYERS), dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            widths = str(text).strip().split(":")
            unknown = [width for width in widths if width not in self.operations]
            if len(widths) != _N_LAYERS or unknown:
                raise self._make_malformed(
                    str(text), f"expected {_N_LAYERS} of the widths {', '.join(self.operations)}"
                )
            row[:] = [self.operations.index(width) for width in widths]
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write official strings."""
        return [":".join(self.operations[digit] for digit in arch) for arch in self.checked(archs).tolist()]
