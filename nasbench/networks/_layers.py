"""Layers that several benchmarks build their networks from, for images (2 axes) or signals (1 axis)."""

from typing import Any

import torch
from torch import Tensor, nn

_CONVOLUTION = {1: nn.Conv1d, 2: nn.Conv2d}
_NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d}
_AVERAGE = {1: nn.AvgPool1d, 2: nn.AvgPool2d}


def make_convolution(c_in: int, c_out: int, kernel: int, *, stride: int = 1, axes: int = 2, **options: Any) -> Any:
    """Return a convolution without bias that keeps the size of what it gets at stride 1.

    Args:
        c_in: channels it takes.
        c_out: channels it gives.
        kernel: width, odd.
        stride: step between outputs.
        axes: 2 for images, 1 for signals.
        options: ``groups`` or ``dilation``.
    """
    padding = options.get("dilation", 1) * (kernel - 1) // 2
    return _CONVOLUTION[axes](c_in, c_out, kernel, stride=stride, padding=padding, bias=False, **options)


def make_norm(channels: int, axes: int = 2) -> Any:
    """Return batch normalisation with weights."""
    return _NORM[axes](channels)


def average_pool(axes: int = 2, stride: int = 1) -> Any:
    """Return the mean over 3 numbers along each axis, those beyond the border left out."""
    return _AVERAGE[axes](3, stride=stride, padding=1, count_include_pad=False)


def make_relu_conv_norm(c_in: int, c_out: int, kernel: int, *, stride: int = 1, axes: int = 2) -> Any:
    """Return ReLU, convolution, batch normalisation, in this order."""
    return nn.Sequential(
        nn.ReLU(), make_convolution(c_in, c_out, kernel, stride=stride, axes=axes), make_norm(c_out, axes)
    )


def make_conv_norm_relu(c_in: int, c_out: int, kernel: int, **options: Any) -> Any:
    """Return convolution, batch normalisation, ReLU, in this order; ``options`` as ``make_convolution`` takes them."""
    return nn.Sequential(make_convolution(c_in, c_out, kernel, **options), make_norm(c_out), nn.ReLU(inplace=True))


class Zero(nn.Module):
    """Gives zeros in the shape that a convolution would give.

    Args:
        channels: of the output.
        stride: step between outputs.
    """

    def __init__(self, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.channels, self.stride = channels, stride

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c, ...] to zeros [b, channels, ...]."""
        size = [-(-side // self.stride) for side in x.shape[2:]]
        return x.new_zeros(x.shape[0], self.channels, *size)


class FactorizedReduce(nn.Module):
    """Halves an image without losing every other pixel: two 1x1 convolutions of stride 2, one pixel apart.

    Args:
        c_in: channels it takes.
        c_out: channels it gives, even.
        late: take the second half from the image padded behind (TransNAS-Bench-101), not cut off (DARTS).
    """

    def __init__(self, c_in: int, c_out: int, *, late: bool = False) -> None:
        super().__init__()
        self.first = make_convolution(c_in, c_out // 2, 1, stride=2)
        self.second = make_convolution(c_in, c_out - c_out // 2, 1, stride=2)
        self.norm = make_norm(c_out)
        self.late = late

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c_in, h, w] to [b, c_out, ceil(h / 2), ceil(w / 2)]; without ``late`` h and w are even."""
        x = torch.relu(x)
        moved = nn.functional.pad(x, (0, 1, 0, 1)) if self.late else x
        return self.norm(torch.cat([self.first(x), self.second(moved[..., 1:, 1:])], dim=1))


class GlobalAverage(nn.Module):
    """The mean over all positions."""

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c, ...] to [b, c]."""
        return x.flatten(2).mean(dim=2)
