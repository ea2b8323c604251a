"""LCNet: a Bayesian neural net that predicts a learning curve as a sum of basis functions.

Source: Klein, Falkner, Springenberg & Hutter 2017, "Learning Curve Prediction with Bayesian Neural Networks" (ICLR). A
net with layers of 64 tanh units maps an architecture to an asymptote, and to weights and parameters of three
increasing functions of time (vapour pressure, logarithm, Hill's, as in their code pybnn). Stochastic-gradient
Hamiltonian Monte Carlo samples the net's weights, and the samples form the ensemble.

What differs: there are three chains, each without a third of the training curves, and 20 samples of each after 1,000
steps (the source: one chain, 100 samples). The source predicts only curves that it was trained on; ``dpl`` describes
how a new curve shifts the predictions here. Weights have normal priors of variance one over the layer's inputs, the
noise's logarithm has a broad prior, and there is one noise variance for all epochs. The net has two hidden layers
instead of three, because a hundred curves are few. Without an encoding, all curves share one law.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption, PredictorError
from nasbench.options import Positive
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves.laws import LawPredictor
from nasbench.surrogates._predictor import State
from nasbench.surrogates._scaled import COARSE
from nasbench.surrogates._sghmc import Chain, draw_samples
from nasbench.threads import limit_to_one_thread

REQUIRES = {"torch": "torch"}

_WIDTH, _BASES = 64, 3
_OUTPUTS = 1 + 3 * _BASES  # an asymptote; a weight and two parameters of each basis function
_BATCH, _EPOCHS = 32, 20  # curves and epochs in a step
_NOISE = (-4.0, 2.0)  # prior (centre, width) of the logarithm of the noise variance


class LCNet(LawPredictor):
    """Samples of a net that predicts curves.

    Args:
        space: the search space of the architectures.
        encoding: features that the net reads, see ``nasbench.encodings``; empty for none.
        members: number of chains.
        burn_in: steps of each chain before samples are kept.
        steps: steps after those.
        keep_every: steps between two kept nets.
        lr: step size.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = COARSE,
        members: int = 3,
        burn_in: int = 1000,
        steps: int = 1000,
        keep_every: int = 50,
        lr: Positive = 0.01,
    ) -> None:
        if members < 1:
            raise InvalidOption(f"members={members}; expected at least 1")
        super().__init__(space, encoding=encoding, members=members)
        self._chain = Chain(burn_in, steps, keep_every, lr).checked()

    def _learn_laws(self, columns: Floats, goal: Floats, rng: np.random.Generator) -> None:
        shape = _list_shapes(columns.shape[1])
        size = sum((i + 1) * o for i, o in shape) + 1
        widths = np.concatenate([*(np.full((i + 1) * o, max(i, 1) ** -0.5) for i, o in shape), [_NOISE[1]]])
        start = rng.standard_normal((self._members, size)) * widths
        start[:, -1] = _NOISE[0]
        slope = self._make_slope(torch.from_numpy(columns), torch.from_numpy(goal).movedim(1, 0), widths, rng)
        with limit_to_one_thread(), np.errstate(over="ignore", invalid="ignore"):
            kept = np.stack(list(draw_samples(start.ravel(), slope, self._chain, rng)))
        if not np.isfinite(kept).all():
            raise PredictorError(f"the chain diverged (infinite or nan) at lr={self._chain.lr:g}; use a smaller lr")
        self._weights = np.moveaxis(kept.reshape(len(kept), self._members, size), 1, 0).reshape(-1, size)

    def _make_slope(
        self, x: Tensor, goal: Tensor, widths: Floats, rng: np.random.Generator
    ) -> Callable[[Floats], Floats]:
        """Return a function that estimates the gradient of all chains' negative log posteriors from some curves."""
        wide = torch.from_numpy(widths)
        centre = torch.zeros_like(wide)
        centre[-1] = _NOISE[0]
        times = _scale_epochs(goal.shape[-1])

        def slope(place: Floats) -> Floats:
            weights = torch.from_numpy(place.reshape(self._members, -1)).requires_grad_()
            rows = torch.from_numpy(rng.permutation(len(x))[:_BATCH])
            epochs = torch.from_numpy(rng.permutation(goal.shape[-1])[:_EPOCHS])
            dealt = goal[:, rows][:, :, epochs]
            known = ~dealt.isnan()
            off = _draw_curves(weights, x[rows], times[epochs]) - dealt.nan_to_num()
            precision = torch.exp(-weights[:, -1])
            fit = precision * (off**2 * known).sum((1, 2)) + weights[:, -1] * known.sum((1, 2))
            prior = (((weights - centre) / wide) ** 2).sum(1)
            share = len(rows) * len(epochs) / (len(x) * goal.shape[-1])
            ((fit / share + prior) / 2).sum().backward()
            assert weights.grad is not None
            gradient: Floats = weights.grad.numpy().ravel()
            return gradient

        return slope

    def _draw_laws(self, columns: Floats) -> Floats:
        with torch.no_grad(), limit_to_one_thread():
            drawn = _draw_curves(
                torch.from_numpy(self._weights), torch.from_numpy(columns), _scale_epochs(self._horizon)
            )
        laws: Floats = drawn.numpy()
        return laws

    def _state(self) -> State:
        return {"weights": self._weights, "fold": self._fold}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        batch, value = self._read_batch(batch, value)
        goal = self._prepare(batch, value)
        self._weights, self._fold = state["weights"], state["fold"]
        self._calibrate(batch, goal)


def _list_shapes(inputs: int) -> list[tuple[int, int]]:
    return [(inputs, _WIDTH), (_WIDTH, _WIDTH), (_WIDTH, _OUTPUTS)]


def _scale_epochs(epochs: int) -> Tensor:
    return torch.arange(1, epochs + 1, dtype=torch.float64) / epochs


def _draw_curves(weights: Tensor, x: Tensor, time: Tensor) -> Tensor:
    """Return the curves ``[k, n, t]`` of nets [k, p] for columns [n, f] at times [t] within (0, 1]."""
    out, used = x.expand(len(weights), *x.shape), 0
    for layer, (i, o) in enumerate(_list_shapes(x.shape[1])):
        matrix = weights[:, used : used + i * o].unflatten(1, (i, o))
        constant = weights[:, None, used + i * o : used + (i + 1) * o]
        out = torch.baddbmm(constant, torch.tanh(out) if layer else out, matrix)
        used += (i + 1) * o
    return _compute_curve(out, time)


def _compute_curve(output: Tensor, time: Tensor) -> Tensor:
    """Return ``[..., t]`` asymptote plus weighted basis functions, each minus its end value, from outputs [..., 10]."""
    end, weight, *shape = output.split([1, _BASES, _BASES, _BASES], dim=-1)
    first, second = (part[..., None] for part in shape)

    def bases(t: Tensor) -> Tensor:
        log = torch.log(t)
        vapour = torch.exp(-F.softplus(first[..., 0, :]) * 0.1 / t + 0.1 * second[..., 0, :] * log)
        logarithm = torch.log1p(F.softplus(first[..., 1, :]) * 10 * t) / 4
        hill = 1 / (1 + torch.exp(F.softplus(first[..., 2, :]) * (second[..., 2, :] - 2 - log)))
        return torch.stack([vapour, logarithm, hill], dim=-2)

    gain = bases(time) - bases(torch.ones_like(time[:1]))
    return end + (weight[..., None] * gain).sum(-2)
