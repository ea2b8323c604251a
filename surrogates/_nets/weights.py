"""Weights of nets: drawn from an explicit generator, exported to arrays, and loaded from them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from nasbench.surrogates._nets.layers import Dropout


def initialize_weights(net: nn.Module, generator: torch.Generator) -> None:
    """Draw all weights of ``net`` in the order of its layers, and set the generator of its dropout masks.

    Raises:
        TypeError: a layer has weights but no ``reset``.
    """
    for layer in net.modules():
        if isinstance(layer, Dropout):
            layer.generator = generator
        elif hasattr(layer, "reset"):
            layer.reset(generator)
        elif any(True for _ in layer.parameters(recurse=False)):
            raise TypeError(f"{type(layer).__name__} has weights of its own; give it reset(generator)")


def export_arrays(net: nn.Module) -> dict[str, npt.NDArray[Any]]:
    """Return weights and running statistics as arrays by name."""
    return {name: tensor.detach().cpu().numpy().copy() for name, tensor in net.state_dict().items()}


def load_arrays(net: nn.Module, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Set weights and running statistics to those that ``export_arrays`` returned, for a net of the same shape."""
    net.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})
