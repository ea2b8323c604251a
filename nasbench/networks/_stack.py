"""Many small networks of one skeleton as one: the k-th slice of every tensor belongs to the k-th network.

A small network spends most of its time in calls, not in arithmetic. Stacked, one call works for all networks:
a convolution becomes a batched matrix product for each of its taps, and an edge of a cell as many calls as
there are different operations on it. Each network computes what it would compute alone, up to the order of sums;
nothing of one network reaches another, nan included.

Signals lie as [networks, channels, positions, batch], the batch last: a tap of a convolution then reads whole
rows where they are, and pooling adds such rows. That is why signals only are stacked: of images, every tap
would need a copy. The gradients are written out by hand, because so all edges out of a node add theirs in place.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nasbench.networks._cell import Cell
from nasbench.networks._layers import Zero
from nasbench.networks._tiny import ReductionBlock, TinyNetwork
from nasbench.spaces._cell import EDGES

_BORDER = 1  # positions of zeros around a signal: what a convolution of three taps needs


Places = list[tuple[int, int]]
"""Which networks, as runs of neighbours: first, and one behind the last."""


class _Copies(nn.Module):
    """Parameters and buffers of a layer that several networks have, stacked under the same names."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self._layers = tuple(layers)
        for name in dict(layers[0].named_parameters(recurse=False)):
            values = torch.stack([getattr(layer, name).detach() for layer in layers])
            self.register_parameter(name, nn.Parameter(values, requires_grad=False))
        for name in dict(layers[0].named_buffers(recurse=False)):
            self.register_buffer(name, torch.stack([getattr(layer, name) for layer in layers]))

    def unstack(self) -> None:
        """Give each layer its numbers back."""
        with torch.no_grad():
            for name, values in self.state_dict().items():
                for layer, value in zip(self._layers, values, strict=True):
                    getattr(layer, name).copy_(value)


def _bordered(x: Tensor, *, active: bool) -> Tensor:
    """Return [k, c, l, b] between borders of zeros, its negative numbers zero too where ``active``."""
    k, c, length, b = x.shape
    out = x.new_empty(k, c, length + 2 * _BORDER, b)
    out[:, :, :_BORDER], out[:, :, -_BORDER:] = 0, 0
    inside = _inside(out)
    if active:
        torch.clamp_min(x, 0, out=inside)
    else:
        inside.copy_(x)
    return out


def _inside(bordered: Tensor) -> Tensor:
    return bordered[:, :, _BORDER:-_BORDER]


def _passed(grad: Tensor, active: Tensor) -> Tensor:
    """Return the gradient where ReLU let something through."""
    passed: Tensor = torch.ops.aten.threshold_backward(grad, active, 0)
    return passed


def _rows(bordered: Tensor, start: int, n_out: int, stride: int = 1) -> Tensor:
    """Return what a tap that begins at ``start`` reads, as [k, c, n_out * b]; a view at stride 1."""
    return bordered[:, :, start : start + stride * (n_out - 1) + 1 : stride].flatten(2)


class _Convolution(_Copies):
    """Convolutions of one or three taps without bias."""

    weight: Tensor  # [k, c_out, c_in, taps]

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__(layers)
        self._stride = layers[0].stride[0]
        self._first = _BORDER - self.weight.shape[3] // 2  # position in the border where the first tap begins

    def forward(self, x: Tensor, scale: Tensor | None = None) -> Tensor:
        """Map [k, c_in, 1 + l + 1, b] to [k, c_out, l / stride, b]; ``scale`` [k, c_out] multiplies the weights."""
        self._x = x
        weight = self.weight if scale is None else self.weight * scale[..., None, None]
        n_out = -(-(x.shape[2] - 2 * _BORDER) // self._stride)
        reads = [_rows(x, self._first + tap, n_out, self._stride) for tap in range(weight.shape[3])]
        return _products(weight, reads).view(len(x), -1, n_out, x.shape[3])

    def add_scaled(self, total: Tensor, x: Tensor, places: Places, scale: Tensor) -> None:
        """Add to some networks' ``total`` [k, c_out, l, b] what ``forward`` gives of theirs in ``x``, at stride 1."""
        reads = [_rows(x, self._first + tap, total.shape[2]) for tap in range(self.weight.shape[3])]
        _add_products(total.flatten(2), places, self.weight * scale[..., None, None], reads)

    def backward(self, grad: Tensor, total: Tensor | None = None, places: Places | None = None) -> None:
        """Keep the gradient of the weights, and add to ``total`` that of what lies between the borders.

        Args:
            grad: [k, c_out, l / stride, b] of the output.
            total: [k or more, c_in, l, b]; None where nobody asks.
            places: of these networks in it; None for all.
        """
        x, n_out, flat = self._x, grad.shape[2], grad.flatten(2)
        starts = range(self._first, self._first + self.weight.shape[3])
        self.weight.grad = torch.stack(
            [torch.bmm(flat, _rows(x, start, n_out, self._stride).transpose(1, 2)) for start in starts], dim=3
        )
        if total is None:
            return
        if self._stride > 1:
            total += self._scattered(grad)
            return
        given = _bordered(grad, active=False) if len(starts) > 1 else None
        reads = [flat if given is None else _rows(given, 2 * _BORDER - start, n_out) for start in starts]
        _add_products(total.flatten(2), places or [(0, len(x))], self.weight.transpose(1, 2), reads)

    def _scattered(self, grad: Tensor) -> Tensor:
        d_x, n_out = torch.zeros_like(self._x), grad.shape[2]
        for tap in range(self.weight.shape[3]):
            back = torch.bmm(self.weight[..., tap].transpose(1, 2), grad.flatten(2))
            start = self._first + tap
            end = start + self._stride * (n_out - 1) + 1
            d_x[:, :, start : end : self._stride] += back.view(len(d_x), -1, n_out, d_x.shape[3])
        return _inside(d_x)


def _by_tap(weight: Tensor) -> Tensor:
    """Return weights [k, o, i, taps] as [taps, k, o, i]; a product of matrices that are not whole is much slower."""
    return weight.movedim(3, 0).contiguous()


def _products(weight: Tensor, reads: Sequence[Tensor]) -> Tensor:
    """Return the sum over taps of weights [k, o, i, taps] times what each reads [k, i, n]; ``[k, o, n]``."""
    weights = _by_tap(weight)
    out = torch.bmm(weights[0], reads[0])
    for of_tap, read in zip(weights[1:], reads[1:], strict=True):
        out.baddbmm_(of_tap, read)
    return out


def _add_products(total: Tensor, places: Places, weight: Tensor, reads: Sequence[Tensor]) -> None:
    """Add these products to some networks' ``total`` [k, o, n]; what is read is of the same networks, or of all."""
    weights, done = _by_tap(weight), 0
    for first, end in places:
        own = slice(done, done + end - first)
        source = slice(first, end) if len(reads[0]) == len(total) else own
        for of_tap, read in zip(weights, reads, strict=True):
            total[first:end].baddbmm_(of_tap[own], read[source])
        done = own.stop


class _Norm(_Copies):
    """Batch normalisation of each network by itself."""

    weight: Tensor
    bias: Tensor
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__(layers)
        self._eps, self._momentum = layers[0].eps, layers[0].momentum

    def forward(self, y: Tensor) -> Tensor:
        """Normalise [k, c, l, b] over positions and batch, or by the running moments in evaluation mode."""
        if not self.training:
            scale, shift = self.affine()
            return torch.addcmul(shift[..., None, None], y, scale[..., None, None])
        self._shape, self._y = y.shape, y.flatten(2)
        n = self._y.shape[2]
        self._mean = self._y.mean(dim=2)
        squares = torch.linalg.vector_norm(self._y, dim=2).square_().div_(n)
        variance = squares.sub_(self._mean.square()).clamp_min_(0)
        self._factor = (variance + self._eps).rsqrt_()
        self.running_mean.lerp_(self._mean, self._momentum)
        self.running_var.lerp_(variance * (n / (n - 1)), self._momentum)
        self.num_batches_tracked += 1
        scale = self.weight * self._factor
        shift = self.bias - self._mean * scale
        return torch.addcmul(shift[..., None], self._y, scale[..., None]).view(y.shape)

    def affine(self) -> tuple[Tensor, Tensor]:
        """Return the factor and the summand [k, c] that evaluation comes to."""
        scale = self.weight * (self.running_var + self._eps).rsqrt()
        return scale, self.bias - self.running_mean * scale

    def backward(self, grad: Tensor) -> Tensor:
        """Return the gradient of what was normalised; those of weight and bias are kept."""
        grad, y = grad.flatten(2), self._y
        n, total = y.shape[2], grad.sum(dim=2)
        along = torch.einsum("kcn,kcn->kc", grad, y) - self._mean * total
        self.weight.grad, self.bias.grad = along * self._factor, total
        of_grad = self.weight * self._factor
        of_y = of_grad * self._factor.square() * along / -n
        constant = of_grad * total / -n - of_y * self._mean
        d_y = torch.addcmul(constant[..., None], y, of_y[..., None])
        return d_y.addcmul_(grad, of_grad[..., None]).view(self._shape)


class _ConvNorm(nn.Module):
    """Convolution and batch normalisation, of a signal with borders, and after ReLU where the networks have it."""

    def __init__(self, layers: Sequence[nn.Sequential]) -> None:
        super().__init__()
        self.convolution = _Convolution([layer[-2] for layer in layers])
        self.norm = _Norm([layer[-1] for layer in layers])

    def forward(self, x: Tensor) -> Tensor:
        """Map [k, c_in, 1 + l + 1, b] to [k, c_out, l / stride, b]."""
        if self.training:
            out: Tensor = self.norm(self.convolution(x))
            return out
        scale, shift = self.norm.affine()
        folded: Tensor = self.convolution(x, scale).add_(shift[..., None, None])
        return folded

    def add_to(self, total: Tensor, shifts: Tensor, x: Tensor, places: Places) -> None:
        """Evaluate some networks of all in ``x``: add to ``total`` the products, to ``shifts`` [k, c] the constants."""
        scale, shift = self.norm.affine()
        self.convolution.add_scaled(total, x, places, scale)
        _add(shifts, places, shift)

    def backward(self, grad: Tensor, total: Tensor | None = None, places: Places | None = None) -> None:
        """Add the gradient of what lies between the borders to ``total``, as ``_Convolution.backward`` does."""
        self.convolution.backward(self.norm.backward(grad), total, places)


def _averaged(x: Tensor, *, back: bool = False) -> Tensor:
    """Return the mean over 3 positions of [k, c, l, b], those beyond the border left out; or ``back`` its gradient."""
    counts = x.new_full((x.shape[2], 1), 3.0)
    counts[0] -= 1
    counts[-1] -= 1
    x = x / counts if back else x
    total = x.clone()
    total[:, :, 1:] += x[:, :, :-1]
    total[:, :, :-1] += x[:, :, 1:]
    return total if back else total.div_(counts)


def _picked(x: Tensor, places: Places) -> Tensor:
    return torch.cat([x[first:end] for first, end in places]) if len(places) > 1 else x[slice(*places[0])]


def _add(total: Tensor, places: Places, part: Tensor) -> None:
    """Add what belongs to some networks to what belongs to all."""
    done = 0
    for first, end in places:
        total[first:end] += part[done : done + end - first]
        done += end - first


def _places(numbers: Sequence[int]) -> Places:
    places: Places = []
    for number in numbers:
        if places and places[-1][1] == number:
            places[-1] = places[-1][0], number + 1
        else:
            places.append((number, number + 1))
    return places


class _Edge(nn.Module):
    """One edge of the cells: every operation on it, for the networks that have it."""

    def __init__(self, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        kinds: dict[Any, list[int]] = {}
        for place, layer in enumerate(layers):
            kinds.setdefault(_kind(layer), []).append(place)
        self.same, self.average = (_places(kinds.pop(kind, [])) for kind in ("same", "average"))
        kinds.pop("zero", None)
        self.places = [_places(numbers) for numbers in kinds.values()]
        self.convolutions = nn.ModuleList(_ConvNorm([layers[i] for i in numbers]) for numbers in kinds.values())

    def add(self, node: "_Node", source: "_Node") -> None:
        """Add to a node what comes from an earlier one."""
        for first, end in self.same:
            node.sum[first:end] += source.sum[first:end]
        if self.average:
            _add(node.sum, self.average, _averaged(_picked(source.sum, self.average)))
        for places, layer in zip(self.places, self.convolutions, strict=True):
            if self.training:
                _add(node.sum, places, layer(_picked(source.active, places)))
            else:
                layer.add_to(node.sum, node.shifts, source.active, places)

    def add_back(self, d_source: Tensor, d_active: Tensor, grad: Tensor) -> None:
        """Add to the gradients of a node and of what is positive in it, from that of a later one."""
        for first, end in self.same:
            d_source[first:end] += grad[first:end]
        if self.average:
            _add(d_source, self.average, _averaged(_picked(grad, self.average), back=True))
        for places, layer in zip(self.places, self.convolutions, strict=True):
            layer.backward(_picked(grad, places), d_active, places)


class _Node:
    """A node of the cells.

    Attributes:
        sum: [k, c, l, b] of what has come so far.
        shifts: [k, c] constants still to be added.
        active: what is positive in it, between borders; from ``close`` on.
    """

    def __init__(self, start: Tensor) -> None:
        self.sum, self.shifts, self.active = start, start.new_zeros(start.shape[:2]), start

    def close(self, *, shifted: bool, convolved: bool) -> None:
        """Say that all has come."""
        if shifted:
            self.sum += self.shifts[..., None, None]
        if convolved:
            self.active = _bordered(self.sum, active=True)


def _kind(layer: nn.Module) -> Any:
    """Return what two operations must share to be stacked; None for those that nothing here computes."""
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

    def _from(self, source: int) -> list[tuple[int, _Edge]]:
        """Return the edges out of a node, with where they lead."""
        return [(target, self.edges[f"{source}_{target}"]) for start, target in EDGES if start == source]

    def forward(self, x: Tensor) -> Tensor:
        """Map [k, c, l, b] to the same shape."""
        nodes = [_Node(x), *(_Node(torch.zeros_like(x)) for _ in range(3))]
        self._nodes = nodes
        for number, node in enumerate(nodes):
            edges = self._from(number)
            node.close(shifted=bool(number) and not self.training, convolved=any(edge.places for _, edge in edges))
            for target, edge in edges:
                edge.add(nodes[target], node)
        return nodes[3].sum

    def backward(self, grad: Tensor) -> Tensor:
        """Return the gradient of the input."""
        grads = [*(torch.zeros_like(grad) for _ in range(3)), grad]
        for number in (2, 1, 0):
            edges = self._from(number)
            convolved = any(edge.places for _, edge in edges)
            d_active = torch.zeros_like(grad) if convolved else grad
            for target, edge in edges:
                edge.add_back(grads[number], d_active, grads[target])
            if convolved:
                grads[number] += _passed(d_active, _inside(self._nodes[number].active))
        return grads[0]


class _Reduction(nn.Module):
    """The blocks between two stages."""

    def __init__(self, blocks: Sequence[ReductionBlock]) -> None:
        super().__init__()
        self.first = _ConvNorm([block.first for block in blocks])
        self.second = _ConvNorm([block.second for block in blocks])
        self.beside = _Convolution([block.beside[1] for block in blocks])

    def forward(self, x: Tensor) -> Tensor:
        """Map [k, c, l, b] to [k, 2 c, l / 2, b]."""
        k, c, length, b = x.shape
        halved = x.view(k, c, length // 2, 2, b).mean(dim=3)
        self._outer = _bordered(x, active=True)
        self._inner = _bordered(self.first(self._outer), active=True)
        out: Tensor = self.second(self._inner)
        self._halved = _bordered(halved, active=False)
        return out.add_(self.beside(self._halved))

    def backward(self, grad: Tensor) -> Tensor:
        """Return the gradient of the input."""
        inner, outer = (torch.zeros_like(_inside(signal)) for signal in (self._inner, self._outer))
        self.second.backward(grad, inner)
        self.first.backward(_passed(inner, _inside(self._inner)), outer)
        halved = torch.zeros_like(_inside(self._halved))
        self.beside.backward(grad, halved)
        return _passed(outer, _inside(self._outer)).add_(halved.repeat_interleave(2, dim=2), alpha=0.5)


_STACKED: dict[type, type] = {Cell: _Cell, ReductionBlock: _Reduction}


class Stack(nn.Module):
    """Networks that differ in their cells alone."""

    def __init__(self, networks: Sequence[TinyNetwork]) -> None:
        super().__init__()
        self.stem = _ConvNorm([network.stem for network in networks])
        places = zip(*(network.layers for network in networks), strict=True)
        self.layers = nn.ModuleList(_STACKED[type(layers[0])](layers) for layers in places)
        self.norm = _Norm([network.head[0] for network in networks])
        self.classifier = _Copies([network.classifier for network in networks])

    def forward(self, x: Tensor) -> Tensor:
        """Map signals [k, c, l, b] to logits [k, b, classes]."""
        x = self.stem(_bordered(x, active=False))
        for layer in self.layers:
            x = layer(x)
        self._last = self.norm(x)
        self._features = torch.clamp_min(self._last, 0).mean(dim=2)
        return torch.baddbmm(
            self.classifier.bias[:, None], self._features.transpose(1, 2), self.classifier.weight.transpose(1, 2)
        )

    def backward(self, grad: Tensor) -> None:
        """Keep the gradients of all parameters, from that of the logits."""
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
        """Give every network its numbers back; ``average`` takes the place of all parameters where it is given."""
        with torch.no_grad():
            for value, instead in zip(self.parameters() if average else (), average, strict=True):
                value.copy_(instead)
        for module in self.modules():
            if isinstance(module, _Copies):
                module.unstack()


def why_not_stacked(networks: Sequence[nn.Module]) -> str:
    """Return why networks cannot be stacked; empty if they can."""
    for network in networks:
        if not isinstance(network, TinyNetwork) or not isinstance(network.stem[0], nn.Conv1d):
            return "only networks of signals, with cells of four nodes, are"
        if other := [type(layer).__name__ for layer in network.layers if type(layer) not in _STACKED]:
            return f"not those with a {other[0]}"
        edges = [edge for layer in network.layers if isinstance(layer, Cell) for edge in layer.edges.values()]
        if other := [str(edge) for edge in edges if _kind(edge) is None]:
            return f"not those with {other[0]} on an edge"
    return "they differ in more than their cells" if len({_skeleton(network) for network in networks}) > 1 else ""


def _skeleton(network: TinyNetwork) -> tuple[Any, ...]:
    """Return what must be equal in all networks of a stack."""
    shapes = ((name, tuple(value.shape)) for name, value in network.named_parameters() if ".edges." not in name)
    return (*(type(layer) for layer in network.layers), *shapes)
