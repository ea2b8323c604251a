"""Network morphisms: networks that compute the same as their parent and have more parameters.

Sources: Chen, Goodfellow & Shlens 2016, "Net2Net", arXiv 1511.05641 (``widen``, ``deepen``), which Cai et al. 2018,
"Efficient Architecture Search by Network Transformation", arXiv 1707.04873, search with; Cai et al. 2018, "Path-Level
Network Transformation for Efficient Architecture Search", arXiv 1806.02639 (``replicate``, ``split``); Elsken, Metzen
& Hutter 2017, "Simple and Efficient Architecture Search for CNNs" (NASH), arXiv 1711.04528, for edges that start at
weight zero (``add_edge``).

The function is preserved in evaluation mode; during training, batch normalisation depends on the batch.
Every morphism returns a copy and leaves its argument unchanged.
"""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.errors import InvalidOption
from nasbench.networks._build import seed_torch
from nasbench.networks._cell import Cell
from nasbench.networks._layers import GlobalAverage, Zero

_NORMS = nn.BatchNorm1d | nn.BatchNorm2d
_WEIGHTED = nn.Conv1d | nn.Conv2d | nn.Linear
# Layers that treat every channel alike and separately.
_PASSING = nn.ReLU | nn.Identity | nn.AvgPool1d | nn.AvgPool2d | nn.MaxPool2d | nn.Flatten | nn.Dropout | GlobalAverage


def _is_depthwise(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv1d | nn.Conv2d) and layer.groups == layer.in_channels == layer.out_channels > 1


def _set(layer: nn.Module, **tensors: Tensor | None) -> None:
    """Replace weights and running statistics, where the layer has them."""
    for name, value in tensors.items():
        old = getattr(layer, name, None)
        if old is not None and value is not None:
            setattr(layer, name, nn.Parameter(value.clone()) if isinstance(old, nn.Parameter) else value.clone())


def _take(layer: Any, channels: Tensor) -> None:
    """Let a layer output these of its channels, in this order; a channel may be repeated."""
    names = ("weight", "bias", "running_mean", "running_var")
    with torch.no_grad():
        _set(layer, **{n: getattr(layer, n)[channels] for n in names if getattr(layer, n, None) is not None})
    if isinstance(layer, _NORMS):
        layer.num_features = len(channels)
    elif isinstance(layer, nn.Linear):
        layer.out_features = len(channels)
    else:
        layer.out_channels = len(channels)
        if layer.groups > 1:
            layer.in_channels = layer.groups = len(channels)


def _read(layer: Any, channels: Tensor, share: Tensor) -> None:
    """Let a layer read these of its input channels in this order, each weight times its ``share``."""
    with torch.no_grad():
        _set(layer, weight=layer.weight[:, channels] * share.view(-1, *[1] * (layer.weight.ndim - 2)))
    setattr(layer, "in_features" if isinstance(layer, nn.Linear) else "in_channels", len(channels))


def _count_channels_out(layer: Any) -> int:
    return int(layer.out_features if isinstance(layer, nn.Linear) else layer.out_channels)


def _find_weighted(chain: nn.Sequential, at: int) -> Any:
    if not 0 <= at < len(chain) or not isinstance(chain[at], _WEIGHTED) or _is_depthwise(chain[at]):
        seen = type(chain[at]).__name__ if 0 <= at < len(chain) else f"nothing; the chain has {len(chain)} layers"
        raise InvalidOption(f"position {at} of the chain holds {seen}; expected a convolution or linear layer")
    return chain[at]


def widen_layer(chain: nn.Sequential, at: int, width: int, rng: np.random.Generator) -> nn.Sequential:
    """Give one layer of a chain more channels (Net2WiderNet).

    New channels repeat ones drawn at random, and the next layer that mixes channels reads each repeated
    one in equal shares. Normalisation and depthwise convolutions between the two are repeated along.

    Args:
        chain: layers one after the other.
        at: place of the convolution or linear layer to widen.
        width: its new number of channels, more than it has.
        rng: draws what is repeated.

    Raises:
        InvalidOption: no such layer, not wider, or a layer behind it that this cannot see through.
    """
    old = _count_channels_out(_find_weighted(chain, at))
    if width <= old:
        raise InvalidOption(f"width={width}; the layer has {old} channels, expected more")
    wide = copy.deepcopy(chain)
    source = torch.as_tensor(np.concatenate([np.arange(old), rng.integers(old, size=width - old)]))
    _take(wide[at], source)
    for layer in list(wide)[at + 1 :]:
        if isinstance(layer, _NORMS) or _is_depthwise(layer):
            _take(layer, source)
        elif isinstance(layer, _WEIGHTED):
            _read_repeated(layer, source, old)
            return wide
        elif not isinstance(layer, _PASSING):
            raise InvalidOption(
                f"layer {at} is followed by {type(layer).__name__}, which may mix channels; widen by hand"
            )
    raise InvalidOption(f"no layer behind layer {at} reads its channels; the last one cannot be widened")


def _read_repeated(layer: Any, source: Tensor, old: int) -> None:
    """Read channels ``source`` of ``old`` ones in equal shares; a linear layer may read several numbers of each."""
    share = 1.0 / torch.bincount(source, minlength=old)[source].to(layer.weight)
    numbers = layer.weight.shape[1] // old
    channels = (source[:, None] * numbers + torch.arange(numbers)).flatten()
    _read(layer, channels, share.repeat_interleave(numbers))


def deepen_chain(chain: nn.Sequential, after: int, *, kernel: int = 3) -> nn.Sequential:
    """Insert a convolution (or linear layer), normalisation and ReLU that compute the identity (Net2DeeperNet).

    Args:
        chain: layers one after the other.
        after: place of a ReLU; what is not negative passes another ReLU unchanged.
        kernel: of the new convolution, odd.

    Raises:
        InvalidOption: no ReLU there, or nothing before it whose channels are known.
    """
    if not 0 <= after < len(chain) or not isinstance(chain[after], nn.ReLU) or kernel % 2 == 0:
        raise InvalidOption(f"after={after}, kernel={kernel}; expected the place of a ReLU and an odd kernel")
    before = [layer for layer in list(chain)[:after] if isinstance(layer, _WEIGHTED)]
    if not before:
        raise InvalidOption(f"nothing before the ReLU at {after} tells how many channels it has")
    layers = list(copy.deepcopy(chain))
    new = [*_make_identity(before[-1], kernel), nn.ReLU()]
    return nn.Sequential(*layers[: after + 1], *new, *layers[after + 1 :]).train(chain.training)


def _make_identity(like: Any, kernel: int) -> list[nn.Module]:
    """A convolution or linear layer that hands on the outputs of ``like``, and normalisation that changes nothing."""
    channels, options = _count_channels_out(like), {"dtype": like.weight.dtype, "device": like.weight.device}
    if isinstance(like, nn.Linear):
        layer = nn.Linear(channels, channels, **options)
        with torch.no_grad():
            layer.weight.copy_(torch.eye(channels))
            layer.bias.zero_()
        return [layer]
    conv = type(like)(channels, channels, kernel, padding=kernel // 2, bias=False, **options)
    norm = (nn.BatchNorm1d if isinstance(like, nn.Conv1d) else nn.BatchNorm2d)(channels, **options)
    nn.init.dirac_(conv.weight)
    nn.init.constant_(norm.weight, math.sqrt(1 + norm.eps))  # undoes the division by the root of 1 + eps
    return [conv, norm]


class Gated(nn.Module):
    """A layer times one learnt number, which starts at zero.

    Args:
        layer: what is weighted.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer, self.gate = layer, nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Map as the layer does, scaled."""
        return self.gate * self.layer(x)


def add_edge(
    network: nn.Module, edge: str, rng: np.random.Generator, *, make: Callable[[], nn.Module] = nn.Identity
) -> nn.Module:
    """Put an operation with weight zero on an edge of every cell where there was none.

    Args:
        network: with cells of four nodes.
        edge: such as ``1_3``, from node 1 to node 3.
        rng: draws the weights of what is added.
        make: builds the operation; by default an identity.

    Raises:
        InvalidOption: no cell has that edge, or it is taken.
    """
    child = copy.deepcopy(network)
    cells = [module for module in child.modules() if isinstance(module, Cell)]
    taken = [cell for cell in cells if edge in cell.edges and not isinstance(cell.edges[edge], Zero)]
    if not cells or taken or edge not in cells[0].edges:
        state = f"{len(taken)} of them have an operation there" if taken else "none has that edge"
        raise InvalidOption(f"edge={edge!r}; the network has {len(cells)} cells of four nodes, and {state}")
    like = next(network.parameters())
    with seed_torch(rng):
        for cell in cells:
            cell.edges[edge] = Gated(make()).to(like)
    return child.train(network.training)


class Branches(nn.Module):
    """Layers side by side.

    Args:
        layers: the branches.
        splits: [branches] channels that each branch reads; empty if each reads all.
        adds: give the sum of the branches, not their channels one after the other.
        scale: factor of the sum.
    """

    def __init__(self, layers: list[nn.Module], splits: list[int], *, adds: bool, scale: float = 1.0) -> None:
        super().__init__()
        self.layers, self.splits, self.adds, self.scale = nn.ModuleList(layers), splits, adds, scale

    def forward(self, x: Tensor) -> Tensor:
        """Map [b, c, ...] as the layer did that the branches stand for."""
        parts = x.split(self.splits, dim=1) if self.splits else [x] * len(self.layers)
        outputs = [layer(part) for layer, part in zip(self.layers, parts, strict=True)]
        return self.scale * torch.stack(outputs).sum(dim=0) if self.adds else torch.cat(outputs, dim=1)


def _divide_channels(channels: int, n: int) -> list[Tensor]:
    if not 2 <= n <= channels:
        raise InvalidOption(f"n={n}; expected from 2 to the number of channels, {channels}")
    return list(torch.arange(channels).tensor_split(n))


def _list_layers(layer: nn.Module) -> list[nn.Module]:
    return list(layer) if isinstance(layer, nn.Sequential) else [layer]


def replicate_layer(layer: nn.Module, n: int, *, adds: bool = True) -> Branches:
    """Put ``n`` branches in place of a layer, each of which reads all of its input.

    Args:
        layer: anything if ``adds``; else a convolution, with ReLU before or normalisation and ReLU behind it.
        n: branches.
        adds: each branch is a copy and they are averaged; else each gives a part of the channels.

    Raises:
        InvalidOption: fewer than two branches, or a layer whose channels cannot be told apart.
    """
    if adds:
        if n < 2:
            raise InvalidOption(f"n={n}; expected at least 2 branches")
        return Branches([copy.deepcopy(layer) for _ in range(n)], [], adds=True, scale=1 / n)
    mixing = [item for item in _list_layers(layer) if isinstance(item, _WEIGHTED)]
    known = all(isinstance(item, _WEIGHTED | _NORMS | _PASSING) for item in _list_layers(layer))
    if not known or len(mixing) != 1 or _is_depthwise(mixing[0]):
        raise InvalidOption(
            "channels are told apart behind one convolution, with ReLU, pooling or normalisation around"
        )
    branches = []
    for channels in _divide_channels(_count_channels_out(mixing[0]), n):
        branch = copy.deepcopy(layer)
        at = next(i for i, item in enumerate(_list_layers(branch)) if isinstance(item, _WEIGHTED))
        for item in _list_layers(branch)[at:]:
            if isinstance(item, _WEIGHTED | _NORMS):
                _take(item, channels)
        branches.append(branch)
    return Branches(branches, [], adds=False)


def split_layer(layer: nn.Module, n: int, channels: int) -> Branches:
    """Put ``n`` branches in place of a layer, each of which reads a part of the channels.

    The branches of a convolution are added up; those of a layer that treats every channel alone
    (identity, depthwise convolution, pooling, normalisation) stand one after the other.

    Args:
        layer: one of these, or several that treat every channel alone in a chain.
        n: branches.
        channels: that the layer reads.

    Raises:
        InvalidOption: fewer than two branches, more than channels, or another layer.
    """
    parts = _divide_channels(channels, n)
    mixes = isinstance(layer, nn.Conv1d | nn.Conv2d) and layer.groups == 1
    alone = all(_is_depthwise(item) or isinstance(item, _NORMS | _PASSING) for item in _list_layers(layer))
    if not (mixes or alone):
        raise InvalidOption(f"{type(layer).__name__} neither is one convolution nor treats every channel alone")
    branches = [copy.deepcopy(layer) for _ in parts]
    for i, (branch, part) in enumerate(zip(branches, parts, strict=True)):
        for item in _list_layers(branch):
            if mixes:
                _read(item, part, torch.ones(len(part)).to(item.weight))
                _set(item, bias=None if i == 0 or item.bias is None else torch.zeros_like(item.bias))
            elif not isinstance(item, _PASSING):
                _take(item, part)
    return Branches(branches, [len(part) for part in parts], adds=mixes)


def inherit_weights(child: nn.Module, parent: nn.Module) -> float:
    """Copy every weight of ``parent`` to ``child`` whose name and shape are the same there; other weights stay.

    Returns:
        Share of the child's parameters that it inherited, in [0, 1].
    """
    given = parent.state_dict()
    taken = {k: given[k] for k, v in child.state_dict().items() if k in given and given[k].shape == v.shape}
    child.load_state_dict(taken, strict=False)
    sizes = {name: parameter.numel() for name, parameter in child.named_parameters()}
    share: float = sum(size for name, size in sizes.items() if name in taken) / sum(sizes.values())
    return share
