"""BOHAMIANN: the weights of a small net are sampled from their posterior instead of optimised.

Source: Springenberg, Klein, Falkner & Hutter 2016, "Bayesian Optimization with Robust Bayesian Neural Networks"
(NeurIPS 29): three layers of 50 tanh units, a learnt noise level, scale-adapted stochastic-gradient Hamiltonian Monte
Carlo. Defaults are pybnn's: batches of 20, 3,000 burn-in steps, then 10,000 steps, of which every hundredth is kept.
The preset ``naslib`` is the chain of White et al. 2021 (arXiv 2104.01177), with 18 networks from 100 steps, which is
too short to forget its start.

Differences: weights have normal priors of variance one over the layer's inputs, like their initial values (the paper:
one width for all; pybnn: none). The noise's logarithm has a broad prior around a hundredth of the target's variance.
The standard deviation includes the noise and the spread of the networks; pybnn's includes only the latter.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.encodings import make_encoding
from nasbench.errors import PredictorError
from nasbench.options import Positive
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import CheckedPredictor, State
from nasbench.surrogates._sghmc import Chain, draw_samples

_HIDDEN = (50, 50, 50)
_BATCH = 20
_LOG_NOISE = (math.log(1e-2), 2.0)  # prior (centre, width) of the logarithm of the noise variance
_CHUNK = 512  # architectures that all networks process at once


class BOHAMIANN(CheckedPredictor):
    """Networks drawn from the posterior of their weights.

    Args:
        space: the search space of the architectures.
        encoding: features that the net reads, see ``nasbench.encodings``.
        burn_in: steps of the chain before samples are kept.
        steps: steps after those.
        keep_every: steps between two kept networks.
        lr: step size.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"naslib": {"burn_in": 10, "steps": 90, "keep_every": 5}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = "one_hot",
        burn_in: int = 3000,
        steps: int = 10_000,
        keep_every: int = 100,
        lr: Positive = 0.01,
        target: str = "score",
    ) -> None:
        super().__init__(space, target=target)
        self._encoding = make_encoding(space, encoding)
        self._chain = Chain(burn_in, steps, keep_every, lr).checked()

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._encoding.fit(batch.archs)
        x = self._encoding.encode(batch.archs)
        widths = _compute_prior_widths(x.shape[1])
        start = rng.standard_normal(len(widths)) * widths
        start[-1] = _LOG_NOISE[0]
        batches = _draw_batches_forever(len(value), rng)

        def slope(weights: Floats) -> Floats:
            rows = next(batches)
            return _compute_energy_slope(weights, x[rows], value[rows], len(value) / len(rows)) + _compute_prior_slope(
                weights, widths
            )

        with np.errstate(over="ignore", invalid="ignore"):
            self._weights = np.stack(list(draw_samples(start, slope, self._chain, rng)))
        if not np.isfinite(self._weights).all():
            raise PredictorError(f"the chain diverged (infinite or nan) at lr={self._chain.lr:g}; use a smaller lr")

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        features = (
            self._encoding.encode(batch.archs[first : first + _CHUNK]) for first in range(0, len(batch), _CHUNK)
        )
        outputs = np.concatenate([_compute_outputs(self._weights, x) for x in features], axis=1)
        noise = np.exp(self._weights[:, -1]).mean()
        return outputs.mean(axis=0), np.sqrt(outputs.var(axis=0) + noise)

    def _state(self) -> State:
        return {"weights": self._weights}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        del value
        self._encoding.fit(batch.archs)
        self._weights = state["weights"]


def _list_shapes(inputs: int) -> list[tuple[int, int]]:
    return list(zip((inputs, *_HIDDEN), (*_HIDDEN, 1), strict=True))


def _compute_prior_widths(inputs: int) -> Floats:
    """Return [p] standard deviation of each weight's prior: matrix and constants of each layer, then the noise."""
    parts = [np.full((i + 1) * o, max(i, 1) ** -0.5) for i, o in _list_shapes(inputs)]
    return np.concatenate([*parts, [_LOG_NOISE[1]]])


def _split_layers(weights: Floats, inputs: int) -> Iterator[Floats]:
    """Yield the layers [..., inputs + 1, outputs] of networks [..., p] as views; the last row holds the constants."""
    used = 0
    for rows, columns in _list_shapes(inputs):
        end = used + (rows + 1) * columns
        yield weights[..., used:end].reshape(*weights.shape[:-1], rows + 1, columns)
        used = end


def _compute_outputs(weights: Floats, x: Floats) -> Floats:
    """Return the outputs of networks [k, p] for [n, f]; ``[k, n]``."""
    first, *others = _split_layers(weights, x.shape[1])
    out = x @ first[:, :-1] + first[:, -1:]
    for layer in others:
        out = np.tanh(out) @ layer[:, :-1] + layer[:, -1:]
    return out[..., 0]


def _compute_energy_slope(weights: Floats, x: Floats, y: Floats, scale: float) -> Floats:
    """Return the gradient [p] of a batch's negative log likelihood times ``scale``, by back-propagation."""
    layers, seen = list(_split_layers(weights, x.shape[1])), [x]
    for layer in layers[:-1]:
        seen.append(np.tanh(seen[-1] @ layer[:-1] + layer[-1]))
    misfit = seen[-1] @ layers[-1][:-1] + layers[-1][-1] - y[:, None]
    precision = scale * np.exp(-weights[-1])
    slope = np.empty_like(weights)
    slope[-1] = (scale * len(y) - precision * float((misfit**2).sum())) / 2
    back = precision * misfit
    for layer, into, out in zip(layers[::-1], seen[::-1], list(_split_layers(slope, x.shape[1]))[::-1], strict=True):
        out[:-1], out[-1] = into.T @ back, back.sum(axis=0)
        back = back @ layer[:-1].T * (1 - into**2)
    return slope


def _compute_prior_slope(weights: Floats, widths: Floats) -> Floats:
    slope = weights / widths**2
    slope[-1] -= _LOG_NOISE[0] / _LOG_NOISE[1] ** 2
    return slope


def _draw_batches_forever(n: int, rng: np.random.Generator) -> Iterator[Ints]:
    """Yield rows; each pass has a new random order."""
    while True:
        order = rng.permutation(n)
        yield from (order[first : first + _BATCH] for first in range(0, n, _BATCH))
