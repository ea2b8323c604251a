"""Sizes of the networks that NATS-Bench builds around its cells, computed from the widths and operations alone.

Source of the layout: Dong et al. 2021, arXiv 2009.00437, section 3. A stem, three stages of cells, a residual
block that halves the image and widens before the second and third stage, a classifier. Counted as in the
official files: ``flops`` are multiply-adds of convolutions and classifier and the classifier's additions of its
bias; normalisation, pooling, activation and sums are free.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption

Cost = Floats
"""``[2, n]`` parameters, multiply-adds."""


class NetworkSize(NamedTuple):
    """What networks weigh: ``n_params`` [n] trainable numbers and ``flops`` [n] multiply-adds for one image."""

    n_params: Floats
    flops: Floats


def count_convolution(c_in: Ints | int, c_out: Ints, kernel: int, pixels: int, *, normalised: bool = True) -> Cost:
    """Return the cost of a convolution that makes ``pixels`` of ``c_out`` channels; BatchNorm adds two a channel."""
    weights = np.asarray(kernel * kernel * c_in * c_out, dtype=np.float64)
    return np.stack([weights + 2 * c_out * normalised, weights * pixels])


def count_network(
    widths: Ints, cells: Callable[[Ints, Ints, int], Cost], *, n_classes: int, image_size: int
) -> NetworkSize:
    """Add up a network.

    Args:
        widths: [5, n] channels of stage, block, stage, block, stage; [5, 1] where all networks have the same.
        cells: ``cells(c_in, c_out, pixels)`` returns the cost of all cells of a stage, ``[2, n]``.
        n_classes: outputs of the classifier.
        image_size: pixels on a side of the square input.

    Raises:
        InvalidOption: no classes, or an image that cannot be halved twice.
    """
    if n_classes < 1 or image_size < 4 or image_size % 4:
        raise InvalidOption(
            f"n_classes={n_classes}, image_size={image_size}; expected at least 1 and a positive multiple of 4"
        )
    pixels = [image_size**2, image_size**2 // 4, image_size**2 // 16]
    total = count_convolution(3, widths[0], 3, pixels[0]) + cells(widths[0], widths[0], pixels[0])
    for stage in (1, 2):
        before, between, after = widths[2 * stage - 2 : 2 * stage + 1]
        total = total + _block(before, between, pixels[stage]) + cells(between, after, pixels[stage])
    n_weights = np.asarray(widths[-1] * n_classes + n_classes, dtype=np.float64)
    n_params, flops = total + np.stack([n_weights + 2 * widths[-1], n_weights])
    return NetworkSize(n_params, flops)


def _block(c_in: Ints, c_out: Ints, pixels: int) -> Cost:
    """Two 3x3 convolutions beside pooling and a 1x1 convolution that has no BatchNorm of its own."""
    beside = count_convolution(c_in, c_out, 1, pixels, normalised=False)
    return count_convolution(c_in, c_out, 3, pixels) + count_convolution(c_out, c_out, 3, pixels) + beside
