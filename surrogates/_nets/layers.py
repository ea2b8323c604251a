"""Layers with a leading axis of members: k nets of one shape that train and predict at once.

A new layer has undefined weights; ``initialize_weights`` draws them with ``reset(generator)``.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

_LEAST_VARIANCE = 1e-5
_LEVELS = 2**16  # resolution of the dropout rate


class Linear(nn.Module):
    """A linear layer for each member.

    Args:
        members: k.
        inputs: number of input features.
        outputs: number of output features.
        bias: whether to add a constant.
        xavier: draw weights as in Glorot & Bengio 2010 and set the bias to zero, as Keras does. Otherwise draw as
            torch does: everything uniform within one over the root of ``inputs``.
    """

    def __init__(self, members: int, inputs: int, outputs: int, *, bias: bool = True, xavier: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(members, inputs, outputs))
        self.bias = nn.Parameter(torch.empty(members, 1, outputs)) if bias else None
        self._xavier = xavier

    def reset(self, generator: torch.Generator) -> None:
        """Draw the weights."""
        _, inputs, outputs = self.weight.shape
        bound = math.sqrt(6 / (inputs + outputs)) if self._xavier else 1 / math.sqrt(max(inputs, 1))
        nn.init.uniform_(self.weight, -bound, bound, generator=generator)
        if self.bias is not None and self._xavier:
            nn.init.zeros_(self.bias)
        elif self.bias is not None:
            nn.init.uniform_(self.bias, -bound, bound, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map [k, ..., inputs] to [k, ..., outputs]."""
        flat = x.flatten(1, -2)
        mapped = flat @ self.weight if self.bias is None else torch.baddbmm(self.bias, flat, self.weight)
        return _reshape_like(x, mapped)


class BatchNorm(nn.Module):
    """Batch normalisation for each member (Ioffe & Szegedy 2015), over all axes between the first and the last.

    In training mode, the layer uses mean and variance of the batch, and keeps their running means for evaluation.
    """

    def __init__(self, members: int, width: int, *, momentum: float = 0.1) -> None:
        super().__init__()
        self.gain, self.shift = (nn.Parameter(torch.empty(members, 1, width)) for _ in range(2))
        self.register_buffer("mean", torch.empty(members, 1, width))
        self.register_buffer("variance", torch.empty(members, 1, width))
        self._momentum = momentum

    def reset(self, generator: torch.Generator) -> None:
        """Start as the identity; nothing here is random."""
        del generator
        for tensor, start in ((self.gain, 1), (self.shift, 0), (self.mean, 0), (self.variance, 1)):
            nn.init.constant_(tensor, start)

    def forward(self, x: Tensor, present: Tensor | None = None) -> Tensor:
        """Normalise [k, ..., width]; only rows where ``present`` [k, ...] is 1 count in the statistics."""
        flat = x.flatten(1, -2)
        if self.training:
            share = torch.ones_like(flat[..., :1]) if present is None else present.flatten(1).unsqueeze(-1)
            n = share.sum(1, keepdim=True).clamp(min=1)
            normal, mean, variance = _Normalised.apply(flat, share / n, self.gain, self.shift)
            self.mean.lerp_(mean, self._momentum)
            self.variance.lerp_(variance * (n / (n - 1).clamp(min=1)), self._momentum)
        else:
            normal = (flat - self.mean) / torch.sqrt(self.variance + _LEAST_VARIANCE) * self.gain + self.shift
        return _reshape_like(x, normal)


def _reshape_like(x: Tensor, flat: Tensor) -> Tensor:
    """Return rows [k, n, w] in the shape of ``x`` [k, ..., w], without a view if the shape is the same.

    Views cost time that matters in small nets.
    """
    return flat if x.dim() == 3 else flat.unflatten(1, x.shape[1:-1])


class _Normalised(torch.autograd.Function):
    """Normalisation by a batch's own weighted moments, with its gradient in closed form.

    In small nets, the overhead of calling operations dominates; with autograd, most of the calls would happen here.
    For weights w that sum to 1, normalised values z and an output gradient g, the input's gradient is gain / deviation
    * (g - w * (sum of g + z * sum of g * z)).
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, share: Tensor, gain: Tensor, shift: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return x [k, n, w] normalised, and mean and variance [k, 1, w] over rows weighted by share [k, n, 1]."""
        weights = share.transpose(1, 2)
        mean = weights @ x
        centred = x - mean
        variance = weights @ centred.square()
        scale = torch.rsqrt(variance + _LEAST_VARIANCE)
        normal = centred * scale
        ctx.save_for_backward(normal, share, gain, scale)
        ctx.mark_non_differentiable(mean, variance)
        return torch.addcmul(shift, normal, gain), mean, variance

    @staticmethod
    def backward(ctx: Any, grad: Tensor, *_: Tensor) -> tuple[Tensor, None, Tensor, Tensor]:
        """Return the gradients of x, gain and shift."""
        normal, share, gain, scale = ctx.saved_tensors
        of_shift = grad.sum(1, keepdim=True)
        of_gain = (grad * normal).sum(1, keepdim=True)
        return (grad - share * torch.addcmul(of_shift, normal, of_gain)) * (gain * scale), None, of_gain, of_shift


class LayerNorm(nn.Module):
    """Layer normalisation for each member (Ba, Kiros & Hinton 2016), over the last axis."""

    def __init__(self, members: int, width: int) -> None:
        super().__init__()
        self.gain, self.shift = (nn.Parameter(torch.empty(members, 1, width)) for _ in range(2))

    def reset(self, generator: torch.Generator) -> None:
        """Start as the identity; nothing here is random."""
        del generator
        nn.init.ones_(self.gain)
        nn.init.zeros_(self.shift)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise [k, ..., width]."""
        normal = nn.functional.layer_norm(x, x.shape[-1:]).flatten(1, -2)
        return (normal * self.gain + self.shift).unflatten(1, x.shape[1:-1])


class Dropout(nn.Module):
    """Dropout whose masks come from an explicit generator (torch's own dropout uses the global one)."""

    generator: torch.Generator | None = None

    def __init__(self, rate: float) -> None:
        super().__init__()
        self._dropped = round(rate * _LEVELS)

    def forward(self, x: Tensor) -> Tensor:
        """In training mode, zero each number with probability ``rate`` and scale up the others."""
        if not self.training or not self._dropped:
            return x
        # Four masks from each 64 random bits: a quarter of the time of torch's own draws, which matters in small nets
        bits = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None, generator=self.generator)
        kept = bits.view(torch.int16)[: x.numel()].view(x.shape) >= self._dropped - _LEVELS // 2
        return x * kept.to(x.device, x.dtype) * (_LEVELS / (_LEVELS - self._dropped))
