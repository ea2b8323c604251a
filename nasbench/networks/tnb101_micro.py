"""Networks of TransNAS-Bench-101's cells: the skeleton 64-41414, two cells in each of five modules.

Source: Duan et al. 2021, arXiv 2105.11871, and the network code of its authors. The stem quarters the
resolution; modules 1, 3 and 5 double the channels and halve the resolution (in their first cell),
modules 2 and 4 keep both. Only the classifier of the tasks on classes is built here, not the decoders of
the other tasks. Convolutions start with He's normal weights by outputs, as there.
"""

from functools import partial

from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.networks._cell import Cell
from nasbench.networks._layers import (
    FactorizedReduce,
    GlobalAverage,
    Zero,
    make_convolution,
    make_norm,
    make_relu_conv_norm,
)
from nasbench.networks._options import read_row, require_positive

REQUIRES = {"torch": "torch"}
_DOUBLES = (True, False, True, False, True)


def _make_none(c_in: int, c_out: int, stride: int) -> nn.Module:
    del c_in
    return Zero(c_out, stride)


def _skip(c_in: int, c_out: int, stride: int) -> nn.Module:
    return nn.Identity() if stride == 1 and c_in == c_out else FactorizedReduce(c_in, c_out, late=True)


def _make_convolution(c_in: int, c_out: int, stride: int, *, kernel: int) -> nn.Module:
    made: nn.Module = make_relu_conv_norm(c_in, c_out, kernel, stride=stride)
    return made


_OPERATIONS = (_make_none, _skip, partial(_make_convolution, kernel=1), partial(_make_convolution, kernel=3))


class TransNASMicroNetwork(nn.Module):
    """The network of one cell.

    Args:
        arch: [1, 6] the cell.
        n_classes: outputs; 75 for objects, 47 for scenes.
        in_channels: of the images.
        channels: after the stem, even.
    """

    space = "tnb101_micro"

    def __init__(self, arch: Archs, *, n_classes: int = 75, in_channels: int = 3, channels: int = 64) -> None:
        super().__init__()
        require_positive(n_classes=n_classes, in_channels=in_channels, channels=channels)
        operations = [_OPERATIONS[digit] for digit in read_row(self.space, arch)]
        half = channels // 2
        self.stem = nn.Sequential(
            make_convolution(in_channels, half, 3, stride=2),
            make_norm(half),
            make_relu_conv_norm(half, channels, 3, stride=2),
        )
        cells = []
        for doubles in _DOUBLES:
            factor = 2 if doubles else 1
            cells.append(Cell(operations, channels, channels * factor, factor))
            channels *= factor
            cells.append(Cell(operations, channels, channels))
        self.cells = nn.Sequential(*cells)
        self.average = GlobalAverage()
        self.classifier = nn.Linear(channels, n_classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Map images [b, in_channels, h, w] to logits [b, n_classes]."""
        return self.classifier(self.average(self.cells(self.stem(x))))
