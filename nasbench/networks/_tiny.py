"""The network that NATS-Bench builds around its cells: stem, stages separated by residual blocks, classifier.

Source: Dong & Yang 2020, arXiv 2001.00326, figure 1, and Dong et al. 2021, arXiv 2009.00437, section 3. Its
parameters and multiply-adds in closed form are in ``nasbench/spaces/_tiny_network.py``.
"""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from nasbench.networks._layers import GlobalAverage, make_convolution, make_norm, make_relu_conv_norm

_HALVE = {1: nn.AvgPool1d, 2: nn.AvgPool2d}


class ReductionBlock(nn.Module):
    """Halves the resolution: two 3x3 convolutions beside pooling and a 1x1 convolution."""

    def __init__(self, c_in: int, c_out: int, axes: int) -> None:
        super().__init__()
        self.first = make_relu_conv_norm(c_in, c_out, 3, stride=2, axes=axes)
        self.second = make_relu_conv_norm(c_out, c_out, 3, axes=axes)
        self.beside = nn.Sequential(_HALVE[axes](2), make_convolution(c_in, c_out, 1, axes=axes))

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c_in, h, w] to [b, c_out, h / 2, w / 2]."""
        return self.beside(x) + self.second(self.first(x))


class TinyNetwork(nn.Module):
    """Stem, stages, classifier.

    Args:
        widths: [2 * stages - 1] channels of stage, block, stage ... stage.
        cell: makes one cell from channels in and out.
        n_cells: in each stage.
        n_classes: outputs.
        in_channels: of the images, or of the signals.
        axes: 2 for images, 1 for signals.
    """

    def __init__(
        self,
        widths: Sequence[int],
        cell: Callable[[int, int], nn.Module],
        *,
        n_cells: int,
        n_classes: int,
        in_channels: int,
        axes: int = 2,
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(make_convolution(in_channels, widths[0], 3, axes=axes), make_norm(widths[0], axes))
        layers: list[nn.Module] = []
        before = widths[0]
        for place, width in enumerate(widths):
            if place % 2:
                layers.append(ReductionBlock(before, width, axes))
            else:
                layers += [cell(before if i == 0 else width, width) for i in range(n_cells)]
            before = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Sequential(make_norm(before, axes), nn.ReLU(inplace=True), GlobalAverage())
        self.classifier = nn.Linear(before, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images [b, in_channels, h, w] to logits [b, n_classes]."""
        return self.classifier(self.head(self.layers(self.stem(x))))
