"""Networks of NAS-Bench-Macro: a stem of 32 channels, eight chosen blocks, 1,280 features, a classifier.

Source: Su et al. 2021, arXiv 2103.11922, and the training code of its authors. The first block of each stage
halves the resolution and doubles the channels; where that block is ``identity`` it is a 1x1 convolution
of stride 2 with batch normalisation.
"""

from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.networks._layers import GlobalAverage, make_conv_norm_relu, make_convolution, make_norm
from nasbench.networks._options import read_row, require_positive

REQUIRES = {"torch": "torch"}
_STAGE_STARTS = (0, 2, 5)
_FEATURES = 1280
_EXPANSION_KERNEL = {1: (3, 3), 2: (6, 5)}


class _InvertedResidual(nn.Module):
    """Widen, convolve each channel alone, narrow (Sandler et al. 2018, MobileNetV2, arXiv 1801.04381).

    Args:
        c_in: channels it takes.
        c_out: channels it gives.
        stride: of the middle convolution.
        expansion: how many times wider the middle is.
        kernel: of the middle convolution.
    """

    def __init__(self, c_in: int, c_out: int, *, stride: int, expansion: int, kernel: int) -> None:
        super().__init__()
        hidden = c_in * expansion
        self.layers = nn.Sequential(
            *make_conv_norm_relu(c_in, hidden, 1),
            *make_conv_norm_relu(hidden, hidden, kernel, stride=stride, groups=hidden),
            make_convolution(hidden, c_out, 1),
            make_norm(c_out),
        )
        self.shortcut = stride == 1 and c_in == c_out

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c_in, h, w] to [b, c_out, h / stride, w / stride]."""
        return self.layers(x) + x if self.shortcut else self.layers(x)


def _block(digit: int, c_in: int, c_out: int, stride: int) -> nn.Module:
    if digit:
        expansion, kernel = _EXPANSION_KERNEL[digit]
        return _InvertedResidual(c_in, c_out, stride=stride, expansion=expansion, kernel=kernel)
    if stride == 1 and c_in == c_out:
        return nn.Identity()
    return nn.Sequential(make_convolution(c_in, c_out, 1, stride=stride), make_norm(c_out))


class MacroNetwork(nn.Module):
    """The network of eight blocks.

    Args:
        arch: [1, 8] the blocks.
        n_classes: outputs.
        in_channels: of the images.
        channels: of the stem.
    """

    space = "macro"

    def __init__(self, arch: Archs, *, n_classes: int = 10, in_channels: int = 3, channels: int = 32) -> None:
        super().__init__()
        require_positive(n_classes=n_classes, in_channels=in_channels, channels=channels)
        self.stem = make_conv_norm_relu(in_channels, channels, 3)
        blocks = []
        for layer, digit in enumerate(read_row(self.space, arch)):
            factor = 2 if layer in _STAGE_STARTS else 1
            blocks.append(_block(digit, channels, channels * factor, factor))
            channels *= factor
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Sequential(make_conv_norm_relu(channels, _FEATURES, 1), GlobalAverage())
        self.classifier = nn.Linear(_FEATURES, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Map images [b, in_channels, h, w] to logits [b, n_classes]."""
        return self.classifier(self.head(self.blocks(self.stem(x))))
