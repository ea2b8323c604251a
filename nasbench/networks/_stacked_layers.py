"""Layers of many small networks at once: the k-th slice of every tensor belongs to the k-th network.

Signals have the layout [networks, channels, positions, batch], with the batch last: a tap of a convolution then reads
whole rows in place, and pooling adds such rows. Therefore only signals can be stacked: for images, every tap would need
a copy. Gradients are written by hand, so that all edges from a node can add theirs in place: ``forward`` keeps what
``backward`` needs, and ``backward`` stores the gradients of the parameters in their ``grad``.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

_BORDER = 1  # positions of zeros around a signal: what a convolution of three taps needs


Places = list[tuple[int, int]]
"""Which networks, as runs of neighbours: first, and one behind the last."""


class Copies(nn.Module):
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
        """Copy parameters and buffers back to each layer."""
        with torch.no_grad():
            for name, values in self.state_dict().items():
                for layer, value in zip(self._layers, values, strict=True):
                    getattr(layer, name).copy_(value)


def add_borders(x: Tensor, *, active: bool) -> Tensor:
    """Return [k, c, l, b] between borders of zeros, its negative numbers zero too where ``active``."""
    k, c, length, b = x.shape
    out = x.new_empty(k, c, length + 2 * _BORDER, b)
    out[:, :, :_BORDER], out[:, :, -_BORDER:] = 0, 0
    if active:
        torch.clamp_min(x, 0, out=remove_borders(out))
    else:
        remove_borders(out).copy_(x)
    return out


def remove_borders(signals: Tensor) -> Tensor:
    """Return what lies between the borders, as a view."""
    return signals[:, :, _BORDER:-_BORDER]


def pass_gradient(grad: Tensor, active: Tensor) -> Tensor:
    """Return the gradient where ReLU was active, and 0 elsewhere."""
    passed: Tensor = torch.ops.aten.threshold_backward(grad, active, 0)
    return passed


def _slice_rows(signals: Tensor, start: int, n_out: int, stride: int = 1) -> Tensor:
    """Return what a tap that begins at ``start`` reads, as [k, c, n_out * b]; a view at stride 1."""
    return signals[:, :, start : start + stride * (n_out - 1) + 1 : stride].flatten(2)


class Convolution(Copies):
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
        reads = [_slice_rows(x, self._first + tap, n_out, self._stride) for tap in range(weight.shape[3])]
        return _sum_products(weight, reads).view(len(x), -1, n_out, x.shape[3])

    def add_scaled(self, total: Tensor, x: Tensor, places: Places, scale: Tensor) -> None:
        """Add to some networks' ``total`` [k, c_out, l, b] what ``forward`` gives of theirs in ``x``, at stride 1."""
        reads = [_slice_rows(x, self._first + tap, total.shape[2]) for tap in range(self.weight.shape[3])]
        _add_products(total.flatten(2), places, self.weight * scale[..., None, None], reads)

    def backward(self, grad: Tensor, total: Tensor | None = None, places: Places | None = None) -> None:
        """Keep the gradient of the weights, and add to ``total`` that of what lies between the borders.

        Args:
            grad: [k, c_out, l / stride, b] of the output.
            total: [k or more, c_in, l, b]; None if the input's gradient is not needed.
            places: places of these networks in ``total``; None for all.
        """
        x, n_out, flat = self._x, grad.shape[2], grad.flatten(2)
        starts = range(self._first, self._first + self.weight.shape[3])
        self.weight.grad = torch.stack(
            [torch.bmm(flat, _slice_rows(x, start, n_out, self._stride).transpose(1, 2)) for start in starts], dim=3
        )
        if total is None:
            return
        if self._stride > 1:
            total += self._scatter_gradient(grad)
            return
        given = add_borders(grad, active=False) if len(starts) > 1 else None
        reads = [flat if given is None else _slice_rows(given, 2 * _BORDER - start, n_out) for start in starts]
        _add_products(total.flatten(2), places or [(0, len(x))], self.weight.transpose(1, 2), reads)

    def _scatter_gradient(self, grad: Tensor) -> Tensor:
        """Return the gradient of the input at a stride above 1."""
        d_x, n_out = torch.zeros_like(self._x), grad.shape[2]
        for tap in range(self.weight.shape[3]):
            back = torch.bmm(self.weight[..., tap].transpose(1, 2), grad.flatten(2))
            start = self._first + tap
            end = start + self._stride * (n_out - 1) + 1
            d_x[:, :, start : end : self._stride] += back.view(len(d_x), -1, n_out, d_x.shape[3])
        return remove_borders(d_x)


def _order_by_tap(weight: Tensor) -> Tensor:
    """Return weights [k, o, i, taps] as [taps, k, o, i]; a product of matrices that are not whole is much slower."""
    return weight.movedim(3, 0).contiguous()


def _sum_products(weight: Tensor, reads: Sequence[Tensor]) -> Tensor:
    """Return the sum over taps of weights [k, o, i, taps] times what each reads [k, i, n]; ``[k, o, n]``."""
    weights = _order_by_tap(weight)
    out = torch.bmm(weights[0], reads[0])
    for of_tap, read in zip(weights[1:], reads[1:], strict=True):
        out.baddbmm_(of_tap, read)
    return out


def _add_products(total: Tensor, places: Places, weight: Tensor, reads: Sequence[Tensor]) -> None:
    """Add these products to some networks' ``total`` [k, o, n]; what is read is of the same networks, or of all."""
    weights, done = _order_by_tap(weight), 0
    for first, end in places:
        own = slice(done, done + end - first)
        source = slice(first, end) if len(reads[0]) == len(total) else own
        for of_tap, read in zip(weights, reads, strict=True):
            total[first:end].baddbmm_(of_tap[own], read[source])
        done = own.stop


def _apply_affine(x: Tensor, factor: Tensor, summand: Tensor) -> Tensor:
    """Return ``x * factor + summand``; in one call, torch would not use vector instructions for what is broadcast."""
    return torch.mul(x, factor).add_(summand)


class Norm(Copies):
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
            return _apply_affine(y, scale[..., None, None], shift[..., None, None])
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
        return _apply_affine(self._y, scale[..., None], shift[..., None]).view(y.shape)

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
        d_y = _apply_affine(y, of_y[..., None], constant[..., None])
        return d_y.add_(grad * of_grad[..., None]).view(self._shape)


class ConvNorm(nn.Module):
    """Convolution and batch normalisation, of a signal with borders, and after ReLU where the networks have it."""

    def __init__(self, layers: Sequence[nn.Sequential]) -> None:
        super().__init__()
        self.convolution = Convolution([layer[-2] for layer in layers])
        self.norm = Norm([layer[-1] for layer in layers])

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
        add_to_networks(shifts, places, shift)

    def backward(self, grad: Tensor, total: Tensor | None = None, places: Places | None = None) -> None:
        """Add the gradient of what lies between the borders to ``total``, as ``Convolution.backward`` does."""
        self.convolution.backward(self.norm.backward(grad), total, places)


def average_neighbors(x: Tensor, *, back: bool = False) -> Tensor:
    """Return the mean over 3 positions of [k, c, l, b], those beyond the border left out; or ``back`` its gradient."""
    counts = x.new_full((x.shape[2], 1), 3.0)
    counts[0] -= 1
    counts[-1] -= 1
    x = x / counts if back else x
    total = x.clone()
    total[:, :, 1:] += x[:, :, :-1]
    total[:, :, :-1] += x[:, :, 1:]
    return total if back else total.div_(counts)


def pick_networks(x: Tensor, places: Places) -> Tensor:
    """Return what belongs to some networks; a view where they are neighbours."""
    return torch.cat([x[first:end] for first, end in places]) if len(places) > 1 else x[slice(*places[0])]


def add_to_networks(total: Tensor, places: Places, part: Tensor) -> None:
    """Add what belongs to some networks to what belongs to all."""
    done = 0
    for first, end in places:
        total[first:end] += part[done : done + end - first]
        done += end - first


def find_runs(numbers: Sequence[int]) -> Places:
    """Return rising numbers as runs of neighbours."""
    places: Places = []
    for number in numbers:
        if places and places[-1][1] == number:
            places[-1] = places[-1][0], number + 1
        else:
            places.append((number, number + 1))
    return places
