"""A stack of many small networks with the same skeleton, computed as one network.

A small network spends most of its time in calls, not in arithmetic. In a stack, one call works for all networks:
a convolution becomes a batched matrix product for each of its taps, and an edge of a cell takes one call for each
different operation on it. Each network computes the same as alone, up to the order of sums; networks do not affect
each other, not even by nan.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.networks._cell import Cell
from nasbench.networks._layers import Zero
from nasbench.networks._stacked_layers import (
    ConvNorm,
    Convolution,
    Copies,
    Norm,
    add_borders,
    add_to_networks,
    average_neighbors,
    find_runs,
    pass_gradient,
    pick_networks,
    remove_borders,
)
from nasbench.networks._tiny import ReductionBlock, TinyNetwork
from nasbench.spaces import CELL_EDGES


class _Edge(nn.Module):
    """One edge of the cells: every operation on it, for the networks that have it."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        kinds: dict[Any, list[int]] = {}
        for place, layer in enumerate(layers):
            kinds.setdefault(_describe_kind(layer), []).append(place)
        self.same, self.average = (find_runs(kinds.pop(kind, [])) for kind in ("same", "average"))
        kinds.pop("zero", None)
        self.places = [find_runs(numbers) for numbers in kinds.values()]
        self.convolutions = nn.ModuleList(ConvNorm([layers[i] for i in numbers]) for numbers in kinds.values())

    def add_to(self, node: "_Node", source: "_Node") -> None:
        """Add to a node the outputs of this edge from an earlier node."""
        for first, end in self.same:
            node.sum[first:end] += source.sum[first:end]
        if self.average:
            add_to_networks(node.sum, self.average, average_neighbors(pick_networks(source.sum, self.average)))
        for places, layer in zip(self.places, self.convolutions, strict=True):
            if self.training:
                add_to_networks(node.sum, places, layer(pick_networks(source.active, places)))
            else:
                layer.add_to(node.sum, node.shifts, source.active, places)

    def add_back(self, d_source: Tensor, d_active: Tensor, grad: Tensor) -> None:
        """Add the gradient of a later node, through this edge, to those of a node and of its positive part."""
        for first, end in self.same:
            d_source[first:end] += grad[first:end]
        if self.average:
            add_to_networks(d_source, self.average, average_neighbors(pick_networks(grad, self.average), back=True))
        for places, layer in zip(self.places, self.convolutions, strict=True):
            layer.backward(pick_networks(grad, places), d_active, places)


class _Node:
    """A node of the cells.

    Attributes:
        sum: [k, c, l, b] sum of the inputs so far.
        shifts: [k, c] constants still to be added.
        active: its positive part, between borders; set by ``close``.
    """

    def __init__(self, start: Tensor) -> None:
        self.sum, self.shifts, self.active = start, start.new_zeros(start.shape[:2]), start

    def close(self, *, shifted: bool, convolved: bool) -> None:
        """Mark the node's inputs as complete."""
        if shifted:
            self.sum += self.shifts[..., None, None]
        if convolved:
            self.active = add_borders(self.sum, active=True)


def _describe_kind(layer: nn.Module) -> Any:
    """Return the kind of an operation: equal kinds can be stacked; None for unsupported operations."""
    if isinstance(layer, Zero):
        return "zero"
    if isinstance(layer, nn.Identity):
        return "same"
    if isinstance(layer, nn.AvgPool1d):
        return "average" if (layer.kernel_size, layer.stride) == ((3,), (1,)) else None
    layers = [*layer.children()]
    if [type(one) for one in layers] != [nn.ReLU, nn.Conv1d, nn.BatchNorm1d] or layers[1].stride != (1,):
        return None
    return layers[1].kernel_size if layers[1].kernel_size in ((1,), (3,)) and layers[1].dilation == (1,) else None


class _Cell(nn.Module):
    """The cells at one place of the networks."""

    def __init__(self, cells: Sequence[Cell]) -> None:
        super().__init__()
        self.edges = nn.ModuleDict({name: _Edge([cell.edges[name] for cell in cells]) for name in cells[0].edges})

    def _list_edges_from(self, source: int) -> list[tuple[int, _Edge]]:
        """Return the edges from a node, with their target nodes."""
        return [(target, self.edges[f"{source}_{target}"]) for start, target in CELL_EDGES if start == source]

    def forward(self, x: Tensor) -> Tensor:
        """Map [k, c, l, b] to the same shape."""
        nodes = [_Node(x), *(_Node(torch.zeros_like(x)) for _ in range(3))]
        self._nodes = nodes
        for number, node in enumerate(nodes):
            edges = self._list_edges_from(number)
            node.close(shifted=bool(number) and not self.training, convolved=any(edge.places for _, edge in edges))
            for target, edge in edges:
                edge.add_to(nodes[target], node)
        return nodes[3].sum

    def backward(self, grad: Tensor) -> Tensor:
        """Return the gradient of the input."""
        grads = [*(torch.zeros_like(grad) for _ in range(3)), grad]
        for number in (2, 1, 0):
            edges = self._list_edges_from(number)
            convolved = any(edge.places for _, edge in edges)
            d_active = torch.zeros_like(grad) if convolved else grad
            for target, edge in edges:
                edge.add_back(grads[number], d_active, grads[target])
            if convolved:
                grads[number] += pass_gradient(d_active, remove_borders(self._nodes[number].active))
        return grads[0]


class _Reduction(nn.Module):
    """The blocks between two stages."""

    def __init__(self, blocks: Sequence[ReductionBlock]) -> None:
        super().__init__()
        self.first = ConvNorm([block.first for block in blocks])
        self.second = ConvNorm([block.second for block in blocks])
        self.beside = Convolution([block.beside[1] for block in blocks])

    def forward(self, x: Tensor) -> Tensor:
        """Map [k, c, l, b] to [k, 2 c, l / 2, b]."""
        k, c, length, b = x.shape
        halved = x.view(k, c, length // 2, 2, b).mean(dim=3)
        self._outer = add_borders(x, active=True)
        self._inner = add_borders(self.first(self._outer), active=True)
        out: Tensor = self.second(self._inner)
        self._halved = add_borders(halved, active=False)
        return out.add_(self.beside(self._halved))

    def backward(self, grad: Tensor) -> Tensor:
        """Return the gradient of the input."""
        inner, outer = (torch.zeros_like(remove_borders(signal)) for signal in (self._inner, self._outer))
        self.second.backward(grad, inner)
        self.first.backward(pass_gradient(inner, remove_borders(self._inner)), outer)
        halved = torch.zeros_like(remove_borders(self._halved))
        self.beside.backward(grad, halved)
        return pass_gradient(outer, remove_borders(self._outer)).add_(halved.repeat_interleave(2, dim=2), alpha=0.5)


_STACKED: dict[type, type] = {Cell: _Cell, ReductionBlock: _Reduction}


class Stack(nn.Module):
    """A stack of networks that differ only in their cells, with copies of their parameters.

    Args:
        networks: networks that can be stacked, see ``explain_not_stacked``.
    """

    def __init__(self, networks: Sequence[TinyNetwork]) -> None:
        super().__init__()
        self.stem = ConvNorm([network.stem for network in networks])
        places = zip(*(network.layers for network in networks), strict=True)
        self.layers = nn.ModuleList(_STACKED[type(layers[0])](layers) for layers in places)
        self.norm = Norm([network.head[0] for network in networks])
        self.classifier = Copies([network.classifier for network in networks])

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [k, c, l, b] to logits [k, b, classes]."""
        x = self.stem(add_borders(x, active=False))
        for layer in self.layers:
            x = layer(x)
        self._last = self.norm(x)
        self._features = torch.clamp_min(self._last, 0).mean(dim=2)
        return torch.baddbmm(
            self.classifier.bias[:, None], self._features.transpose(1, 2), self.classifier.weight.transpose(1, 2)
        )

    def backward(self, grad: Tensor) -> None:
        """Set the gradients of all parameters from the gradient of the logits."""
        self.classifier.bias.grad = grad.sum(dim=1)
        self.classifier.weight.grad = (self._features @ grad).transpose(1, 2).contiguous()
        d_features = self.classifier.weight.transpose(1, 2) @ grad.transpose(1, 2)
        length = self._last.shape[2]
        d = (self._last > 0) * (d_features / length)[:, :, None]
        d = self.norm.backward(d)
        for layer in reversed(self.layers):
            d = layer.backward(d)
        self.stem.backward(d)

    def unstack(self, average: Sequence[Tensor] = ()) -> None:
        """Copy parameters and buffers back to every network; ``average``, if given, replaces all parameters."""
        with torch.no_grad():
            for value, instead in zip(self.parameters() if average else (), average, strict=True):
                value.copy_(instead)
        for module in self.modules():
            if isinstance(module, Copies):
                module.unstack()


def explain_not_stacked(networks: Sequence[nn.Module]) -> str:
    """Return why networks cannot be stacked; empty if they can."""
    for network in networks:
        if not isinstance(network, TinyNetwork) or not isinstance(network.stem[0], nn.Conv1d):
            return "a stack takes only networks of signals with cells of four nodes"
        if other := [type(layer).__name__ for layer in network.layers if type(layer) not in _STACKED]:
            return f"a stack cannot hold a {other[0]}"
        edges = [edge for layer in network.layers if isinstance(layer, Cell) for edge in layer.edges.values()]
        if other := [str(edge) for edge in edges if _describe_kind(edge) is None]:
            return f"a stack cannot hold {other[0]} on an edge"
    return (
        "they differ in more than their cells" if len({_describe_skeleton(network) for network in networks}) > 1 else ""
    )


def _describe_skeleton(network: TinyNetwork) -> tuple[Any, ...]:
    """Return what must be equal in all networks of a stack."""
    shapes = ((name, tuple(value.shape)) for name, value in network.named_parameters() if ".edges." not in name)
    return (*(type(layer) for layer in network.layers), *shapes)
