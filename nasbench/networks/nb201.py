"""Networks of NAS-Bench-201 (NATS-Bench topology space): 16 channels, 3 stages of 5 cells.

Source: Dong & Yang 2020, arXiv 2001.00326, section 2.1: stem, cells and residual blocks, classifier, in
the authors' order of ReLU, convolution and batch normalisation. Operations that reach no output are
built and computed, as there. Weights start as torch's layers do. For signals, ``axes=1`` puts
one-dimensional operations in place of every two-dimensional one; that is ours.
"""

from functools import partial
from typing import Literal

from torch import nn

from nasbench.arrays import Archs
from nasbench.networks._cell import Cell, Operation
from nasbench.networks._layers import Zero, average_pool, make_relu_conv_norm
from nasbench.networks._options import read_row, require_positive
from nasbench.networks._tiny import TinyNetwork

REQUIRES = {"torch": "torch"}


def _make_none(c_in: int, c_out: int, stride: int, *, axes: int) -> nn.Module:
    del c_in, axes
    return Zero(c_out, stride)


def _skip(c_in: int, c_out: int, stride: int, *, axes: int) -> nn.Module:
    del c_in, c_out, stride, axes  # cells keep the width and the resolution
    return nn.Identity()


def _pool(c_in: int, c_out: int, stride: int, *, axes: int) -> nn.Module:
    del c_in, c_out
    pool: nn.Module = average_pool(axes, stride)
    return pool


def _make_convolution(c_in: int, c_out: int, stride: int, *, axes: int, kernel: int) -> nn.Module:
    made: nn.Module = make_relu_conv_norm(c_in, c_out, kernel, stride=stride, axes=axes)
    return made


_OPERATIONS = (_make_none, _skip, partial(_make_convolution, kernel=1), partial(_make_convolution, kernel=3), _pool)


def make_operation(digit: int, axes: int = 2) -> Operation:
    """Return what makes the operation with this number in ``NASBench201.operations``."""
    return partial(_OPERATIONS[digit], axes=axes)


class NB201Network(TinyNetwork):
    """The network of one cell; widths double from stage to stage.

    Args:
        arch: [1, 6] the cell.
        n_classes: outputs.
        in_channels: of the images.
        channels: of the first stage.
        n_cells: in each stage.
        stages: of cells, with a block that halves the resolution between them.
        axes: 2 for images, 1 for signals.
    """

    space = "nb201"

    def __init__(
        self,
        arch: Archs,
        *,
        n_classes: int = 10,
        in_channels: int = 3,
        channels: int = 16,
        n_cells: int = 5,
        stages: int = 3,
        axes: Literal[1, 2] = 2,
    ) -> None:
        require_positive(
            n_classes=n_classes, in_channels=in_channels, channels=channels, n_cells=n_cells, stages=stages
        )
        operations = [make_operation(digit, axes) for digit in read_row(self.space, arch)]
        widths = [channels * 2 ** ((place + 1) // 2) for place in range(2 * stages - 1)]
        cell = partial(Cell, operations)
        super().__init__(widths, cell, n_cells=n_cells, n_classes=n_classes, in_channels=in_channels, axes=axes)
