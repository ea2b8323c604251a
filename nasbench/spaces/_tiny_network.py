"""Compute the sizes of the networks that NATS-Bench builds around its cells, from widths and operations alone.

Source of the layout: Dong et al. 2021, arXiv 2009.00437, section 3. A network has a stem, three stages of cells, a
residual block before the second and third stage, which halves the image and widens, and a classifier. Counting follows
the official files: ``flops`` are the multiply-adds of convolutions and classifier, and the additions of the
classifier's bias; normalisation, pooling, activation and sums do not count.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption

Cost = Floats
"""``[2, n]`` numbers of parameters and of multiply-adds."""


class NetworkSize(NamedTuple):
    """Sizes of networks: ``n_params`` [n] trainable parameters and ``flops`` [n] multiply-adds for one image."""

    n_params: Floats
    flops: Floats


def count_convolution(c_in: Ints | int, c_out: Ints, kernel: int, pixels: int, *, normalised: bool = True) -> Cost:
    """Return the cost of a convolution with ``pixels`` outputs; BatchNorm adds two parameters per channel."""
    weights = np.asarray(kernel * kernel * c_in * c_out, dtype=np.float64)
    return np.stack([weights + 2 * c_out * normalised, weights * pixels])


def count_network(
    widths: Ints, cells: Callable[[Ints, Ints, int], Cost], *, n_classes: int, image_size: int
) -> NetworkSize:
    """Add up the cost of a network.

    Args:
        widths: [5, n] channels of stage, block, stage, block, stage; [5, 1] if all networks have the same.
        cells: ``cells(c_in, c_out, pixels)`` returns the cost of all cells of a stage, ``[2, n]``.
        n_classes: number of outputs of the classifier.
        image_size: side of the square input in pixels.

    Raises:
        InvalidOption: there are no classes, or the image size is not divisible by 4.
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
    """Return the cost of two 3x3 convolutions, in parallel to pooling and a 1x1 convolution without BatchNorm."""
    beside = count_convolution(c_in, c_out, 1, pixels, normalised=False)
    return count_convolution(c_in, c_out, 3, pixels) + count_convolution(c_out, c_out, 3, pixels) + beside
