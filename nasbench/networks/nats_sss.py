"""Networks of the NATS-Bench size space: one cell in each of three stages, its topology fixed, five widths chosen.

Source: Dong et al. 2021, arXiv 2009.00437, section 3.2. The cell is
``|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|``; where it
changes the width its skip is a 1x1 convolution with batch normalisation.
"""

from functools import partial

from torch import nn

from nasbench.arrays import Archs
from nasbench.networks._cell import Cell
from nasbench.networks._layers import make_convolution, make_norm, make_relu_conv_norm
from nasbench.networks._options import open_space, require_one, require_positive
from nasbench.networks._tiny import TinyNetwork

REQUIRES = {"torch": "torch"}


def _make_convolution(c_in: int, c_out: int, stride: int) -> nn.Module:
    made: nn.Module = make_relu_conv_norm(c_in, c_out, 3, stride=stride)
    return made


def _skip(c_in: int, c_out: int, stride: int) -> nn.Module:
    del stride
    return nn.Identity() if c_in == c_out else nn.Sequential(make_convolution(c_in, c_out, 1), make_norm(c_out))


_CELL = (_make_convolution, _make_convolution, _make_convolution, _skip, _make_convolution, _make_convolution)


class NATSSizeNetwork(TinyNetwork):
    """The network with these five widths.

    Args:
        arch: [1, 5] the widths, as digits of the space.
        n_classes: outputs.
        in_channels: of the images.
    """

    space = "nats_sss"

    def __init__(self, arch: Archs, *, n_classes: int = 10, in_channels: int = 3) -> None:
        require_positive(n_classes=n_classes, in_channels=in_channels)
        space = open_space(self.space)
        widths = [int(width) for width in space.format(require_one(space, arch))[0].split(":")]
        super().__init__(widths, partial(Cell, _CELL), n_cells=1, n_classes=n_classes, in_channels=in_channels)
