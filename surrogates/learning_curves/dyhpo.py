"""DyHPO's surrogate: a deep kernel that compares architectures, their training time, and their curves so far.

Source: Wistuba, Kadra & Grabocka 2022, "Supervising the Multi-Fidelity of Hyperparameter Configurations", arXiv
2202.09774. A layer of 64 units reads architecture and training time; a convolution of width 3 with 4 channels reads
the curve. Both outputs pass through a layer of 128 units into the kernel of a Gaussian process, and everything is
trained by the marginal likelihood.

What differs: the source predicts one epoch ahead, and learns each epoch from the curve before it. Here the target is
the end of the curve, so a training point is a curve cut at a random epoch together with its last known value; there
are at most 400 of them. The process models the difference of that value from the median increment of the training
curves, in units of the typical deviation from it. Both are estimated for each pair of epochs; otherwise a mean of zero
and one noise variance would have to fit both the first epoch and the last. Training takes 20 steps instead of 1,000,
and starts from large noise, to avoid overfitting (see ``deep_kernel_gp``). The kernel compares 16 numbers instead of
128.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Archs, Floats, Ints
from nasbench.options import Count, FromTwo
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import CurvePredictor, fill_gaps, find_last_epochs, require_curves
from nasbench.surrogates._curves.increments import compute_median_increments
from nasbench.surrogates._gp.deep import DeepKernelModel, make_linear_layer
from nasbench.surrogates._gp.posterior import GPPosterior
from nasbench.surrogates._predictor import State
from nasbench.surrogates._scaled import COARSE, ScaledColumns

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_WIDTHS, _CHANNELS, _KERNEL, _OUTPUTS = (64, 128), 4, 3, 16
_RATE, _DECAY = 0.003, 0.01
_NOISE = 1.0  # before training, only the median increments are known
_FAR = 4.0  # typical deviations; values are clipped here because beyond it a training run has failed
_MOST_CURVES = 200  # largest number of curves for the median increments
_CHUNK = 2048


class _Points(NamedTuple):
    """Queries: from curves cut at some epoch to a later epoch.

    In the unit of all values, zero and one are the mean and the deviation of the training curves' ends.

    Attributes:
        archs: [n, d].
        curves: [n, t] without gaps, nan after the cut.
        cut: [n] last epoch seen, 0 for none.
        asked: [n] epoch of the query.
    """

    archs: Archs
    curves: Floats
    cut: Ints
    asked: Ints

    @property
    def base(self) -> Floats:
        """[n] value at the cut; the mean of all ends if nothing was seen."""
        return np.where(self.cut > 0, self.curves[np.arange(len(self.cut)), self.cut - 1], 0.0)


class _Network(nn.Module):
    """A layer reads architecture and times, a convolution reads the curve, and further layers join them.

    Args:
        inputs: number of columns before the curve.
        generator: draws the weights.
    """

    def __init__(self, inputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self._inputs = inputs
        self.first = make_linear_layer(inputs, _WIDTHS[0], generator)
        self.filters = make_linear_layer(_KERNEL, _CHANNELS, generator)
        self.second = make_linear_layer(_WIDTHS[0] + _CHANNELS, _WIDTHS[1], generator)
        self.last = make_linear_layer(_WIDTHS[1], _OUTPUTS, generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map ``[n, inputs + t]`` to ``[n, 16]``."""
        seen = torch.relu(self.first(x[:, : self._inputs]))
        curve = nn.functional.pad(x[:, self._inputs :], (1, 1))
        found = torch.relu(self.filters(curve.unfold(1, _KERNEL, 1))).amax(1)
        return self.last(torch.relu(self.second(torch.cat([seen, found], dim=1))))


class DyHPO(CurvePredictor):
    """A deep kernel of architecture, time and curve.

    Args:
        space: the search space of the architectures.
        encoding: features of an architecture, see ``nasbench.encodings``; empty for none.
        steps: number of Adam steps, with decoupled weight decay.
        points: largest number of cut curves to train on, drawn by ``rng``.
    """

    handles_unseen = True

    def __init__(self, space: SearchSpace, *, encoding: str = COARSE, steps: Count = 20, points: FromTwo = 400) -> None:
        super().__init__(space)
        self._columns = ScaledColumns(space, encoding)
        self._steps, self._most = steps, points

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        curves = self._prepare(batch, value)
        self._increments = compute_median_increments(curves[np.sort(rng.permutation(len(curves))[:_MOST_CURVES])])
        self._drawn = _draw_cuts(find_last_epochs(curves), self._most, rng)
        points = self._cut_curves(batch.archs, curves)
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        x, y = (
            torch.from_numpy(self._compute_features(points)),
            torch.from_numpy(self._compute_departures(points, curves)),
        )
        self._model = self._make_model(x, y, generator)
        self._model.likelihood.noise = _NOISE
        self._model.learn(self._steps, rate=_RATE, decay=_DECAY)
        self._fit_posterior(x, y)

    def _prepare(self, batch: Batch, value: Floats) -> Floats:
        """Learn columns and unit; return training curves in this unit, without gaps, ending in their final value."""
        self._columns.fit(batch.archs)
        curves = require_curves(batch).copy()
        curves[:, -1] = np.where(np.isnan(value), curves[:, -1], value)
        return self._standardize(curves)

    def _standardize(self, curves: Floats) -> Floats:
        mean, std = self._expected
        return fill_gaps((curves - mean) / std)

    def _cut_curves(self, archs: Archs, curves: Floats) -> _Points:
        rows, cut = self._drawn
        curves, asked = curves[rows], find_last_epochs(curves)[rows]
        seen = np.arange(curves.shape[1]) < cut[:, None]
        return _Points(archs[rows], np.where(seen, curves, np.nan), cut, asked)

    def _compute_departures(self, points: _Points, curves: Floats) -> Floats:
        """Return ``[n]`` the difference of the queried value from the median increment, in typical deviations."""
        median, size = (part[points.cut, points.asked] for part in self._increments)
        true = curves[self._drawn[0], points.asked - 1]
        return np.clip((true - points.base - median) / size, -_FAR, _FAR)

    def _compute_features(self, points: _Points) -> Floats:
        """Return ``[n, inputs + t]``: architecture, times, value at the cut (raw and relative to others), curve."""
        t = points.curves.shape[1]
        median, size = (part[0, points.cut] for part in self._increments)
        among = np.where(points.cut > 0, (points.base - median) / size, 0.0).clip(-5, 5)
        sides = [4 * points.cut / t - 2, 4 * points.asked / t - 2, np.log1p(points.cut), points.base, among]
        return np.concatenate(
            [self._columns(points.archs), np.stack(sides, axis=1), np.nan_to_num(points.curves)], axis=1
        )

    def _make_model(self, x: Tensor, y: Tensor, generator: torch.Generator) -> DeepKernelModel:
        network = _Network(x.shape[1] - self._horizon, generator)
        return DeepKernelModel(x, y, network=network, outputs=_OUTPUTS)

    def _fit_posterior(self, x: Tensor, y: Tensor) -> None:
        self._x = x
        self._posterior = GPPosterior(self._model.compute_covariance(x, x), y, self._model.likelihood.noise.item())

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        pieces = [np.arange(i, min(i + _CHUNK, len(batch))) for i in range(0, len(batch), _CHUNK)]
        mean, std = (
            np.concatenate(part) for part in zip(*(self._answer(batch.take(rows)) for rows in pieces), strict=True)
        )
        return mean, std

    def _answer(self, batch: Batch) -> tuple[Floats, Floats]:
        curves = self._standardize(require_curves(batch))
        points = _Points(batch.archs, curves, find_last_epochs(curves), np.full(len(curves), self._horizon))
        x = torch.from_numpy(self._compute_features(points))
        signal = self._model.covar_module.outputscale.detach()
        off, spread = (
            part.numpy()
            for part in self._posterior.predict(self._model.compute_covariance(x, self._x), signal.expand(len(x)))
        )
        median, size = (part[points.cut, points.asked] for part in self._increments)
        mean, std = self._expected
        return mean + std * (points.base + median + size * off), std * size * spread

    def _state(self) -> State:
        arrays = {name: part.numpy() for name, part in self._model.state_dict().items()}
        return arrays | {"drawn": np.stack(self._drawn), "way": np.stack(self._increments)}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        batch, value = self._read_batch(batch, value)
        curves = self._prepare(batch, value)
        self._drawn, self._increments = (state["drawn"][0], state["drawn"][1]), (state["way"][0], state["way"][1])
        points = self._cut_curves(batch.archs, curves)
        x, y = (
            torch.from_numpy(self._compute_features(points)),
            torch.from_numpy(self._compute_departures(points, curves)),
        )
        self._model = self._make_model(x, y, torch.Generator())
        weights = {
            name: torch.from_numpy(np.array(part)) for name, part in state.items() if name not in ("drawn", "way")
        }
        self._model.load_state_dict(weights)
        self._fit_posterior(x, y)


def _draw_cuts(ends: Ints, most: int, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Return rows and cuts [p] of curves with last epochs [n]: equally many per curve, spread over its epochs."""
    rows = np.flatnonzero(ends > 0)
    each = max(1, most // max(len(rows), 1))
    rows = np.repeat(np.sort(rng.permutation(rows)[:most]), each)
    share = (np.arange(len(rows)) % each + rng.random(len(rows))) / each
    return rows, np.floor(share * ends[rows]).astype(np.int64)
