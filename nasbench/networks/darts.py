"""Networks of DARTS cells for small images: 36 channels and 20 cells (DARTS), 32 and 8 (NAS-Bench-301).

Source: Liu, Simonyan & Yang 2019, arXiv 1806.09055, section 3.2 and the authors' network for CIFAR-10; Zela et al.
2022, arXiv 2008.09777, appendix, for the smaller one. Reduction cells stand at one and two thirds. While it
trains, a second classifier at two thirds helps (``auxiliary``), and whole operations are dropped with a
chance that the trainer raises from epoch to epoch (``drop_path``; Larsson et al. 2017, arXiv 1605.07648).
"""

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.networks._layers import (
    FactorizedReduce,
    GlobalAverage,
    average_pool,
    make_convolution,
    make_norm,
    make_relu_conv_norm,
)
from nasbench.networks._options import open_space, require_one, require_positive
from nasbench.spaces import GENOTYPE_CELLS, GenotypeEdges, read_genotype

REQUIRES = {"torch": "torch"}
_STEM_FACTOR, _OUTPUTS = 3, 4
_CONVOLUTIONS = {
    "sep_conv_3x3": (3, 1, 2),
    "sep_conv_5x5": (5, 1, 2),
    "dil_conv_3x3": (3, 2, 1),
    "dil_conv_5x5": (5, 2, 1),
}


def _make_separable(channels: int, kernel: int, stride: int, dilation: int) -> list[nn.Module]:
    """ReLU, a convolution of each channel alone, a 1x1 convolution, normalisation."""
    alone = make_convolution(channels, channels, kernel, stride=stride, groups=channels, dilation=dilation)
    return [nn.ReLU(), alone, make_convolution(channels, channels, 1), make_norm(channels)]


def _make_operation(name: str, channels: int, stride: int) -> nn.Module:
    if name == "skip_connect":
        return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
    if name == "max_pool_3x3":
        return nn.MaxPool2d(3, stride=stride, padding=1)
    if name == "avg_pool_3x3":
        pool: nn.Module = average_pool(2, stride)
        return pool
    kernel, dilation, times = _CONVOLUTIONS[name]
    layers = [_make_separable(channels, kernel, stride if i == 0 else 1, dilation) for i in range(times)]
    return nn.Sequential(*(layer for part in layers for layer in part))


def _drop_paths(x: Tensor, chance: float) -> Tensor:
    """Set whole images of [b, c, h, w] to zero with this chance, the others raised to keep the mean."""
    kept = torch.rand(x.shape[0], 1, 1, 1, device=x.device) >= chance
    return x * kept / (1 - chance)


class _DARTSCell(nn.Module):
    """Four nodes of two operations each; puts out all four."""

    def __init__(
        self, edges: GenotypeEdges, inputs: tuple[int, int], channels: int, *, reduces: bool, after: bool
    ) -> None:
        super().__init__()
        older, newer = inputs
        self.older = FactorizedReduce(older, channels) if after else make_relu_conv_norm(older, channels, 1)
        self.newer = make_relu_conv_norm(newer, channels, 1)
        self.sources = [source for _, source in edges]
        self.operations = nn.ModuleList(
            _make_operation(name, channels, 2 if reduces and source < 2 else 1) for name, source in edges
        )

    def forward(self, older: Tensor, newer: Tensor, drop_path: float) -> Tensor:
        """Map the outputs of the two cells before to [b, 4 * channels, h, w]."""
        nodes = [self.older(older), self.newer(newer)]
        for first in range(0, len(self.sources), 2):
            terms = [self._make_edge(i, nodes, drop_path) for i in (first, first + 1)]
            nodes.append(terms[0] + terms[1])
        return torch.cat(nodes[2:], dim=1)

    def _make_edge(self, i: int, nodes: list[Tensor], drop_path: float) -> Tensor:
        operation = self.operations[i]
        out = operation(nodes[self.sources[i]])
        drops = self.training and drop_path > 0 and not isinstance(operation, nn.Identity)
        return _drop_paths(out, drop_path) if drops else out


def _make_auxiliary(channels: int, n_classes: int) -> nn.Module:
    """A classifier for the 8x8 images at two thirds of the way."""
    return nn.Sequential(
        nn.ReLU(),
        nn.AvgPool2d(5, stride=3, count_include_pad=False),
        nn.Conv2d(channels, 128, 1, bias=False),
        make_norm(128),
        nn.ReLU(inplace=True),
        nn.Conv2d(128, 768, 2, bias=False),  # no normalisation behind it: so the published networks were trained
        nn.ReLU(inplace=True),
        nn.Flatten(),
        nn.Linear(768, n_classes),
    )


class DARTSNetwork(nn.Module):
    """The network of a normal and a reduction cell.

    Args:
        arch: [1, 22] both cells.
        n_classes: outputs.
        in_channels: of the images.
        channels: of the first cells' nodes.
        n_cells: cells one after the other.
        auxiliary: build the second classifier, for images of 32 x 32; its logits follow while training.

    Attributes:
        drop_path: chance that an operation is dropped while training.
    """

    space = "darts"

    def __init__(
        self,
        arch: Archs,
        *,
        n_classes: int = 10,
        in_channels: int = 3,
        channels: int = 36,
        n_cells: int = 20,
        auxiliary: bool = False,
    ) -> None:
        super().__init__()
        require_positive(n_classes=n_classes, in_channels=in_channels, channels=channels, n_cells=n_cells)
        self.drop_path = 0.0
        space = open_space(self.space)
        edges = read_genotype(space.format(require_one(space, arch))[0])
        width = _STEM_FACTOR * channels
        self.stem = nn.Sequential(make_convolution(in_channels, width, 3), make_norm(width))
        self.reductions = {n_cells // 3, 2 * n_cells // 3}
        self.cells, widths = nn.ModuleList(), [width, width]
        for place in range(n_cells):
            reduces = place in self.reductions
            channels *= 2 if reduces else 1
            inputs, after = (widths[-2], widths[-1]), place - 1 in self.reductions
            self.cells.append(
                _DARTSCell(edges[GENOTYPE_CELLS[reduces]], inputs, channels, reduces=reduces, after=after)
            )
            widths.append(_OUTPUTS * channels)
        self.auxiliary_at = 2 * n_cells // 3
        self.auxiliary = _make_auxiliary(widths[self.auxiliary_at + 2], n_classes) if auxiliary else None
        self.average = GlobalAverage()
        self.classifier = nn.Linear(widths[-1], n_classes)

    def forward(self, x: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Map images [b, in_channels, h, w] to logits [b, n_classes]; with ``auxiliary`` two of them while training."""
        older = newer = self.stem(x)
        aside: Tensor | None = None
        for place, cell in enumerate(self.cells):
            older, newer = newer, cell(older, newer, self.drop_path)
            if place == self.auxiliary_at and self.auxiliary is not None and self.training:
                aside = self.auxiliary(newer)
        logits = self.classifier(self.average(newer))
        return logits if aside is None else (logits, aside)
