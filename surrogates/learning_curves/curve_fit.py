"""Learning curves extrapolated by least squares: eleven parametric families, weighted by how well they fit.

Source: Domhan, Springenberg & Hutter 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks
by Extrapolation of Learning Curves" (IJCAI); preset ``lce_m`` with the four families of Klein et al.'s pybnn, as in
White et al. 2021 (arXiv 2104.01177). This is the fast variant of ``domhan``, which samples the posterior.

Differences: each family is fitted separately, and weighted by its Bayesian information criterion (Schwarz 1978). The
source fits the weights too, for which a handful of points is not enough. As in the source, a fit is discarded if it
leaves [0, 1] at the last epoch, or if it does not end higher than it started although the curve rose. If no fit is
left, the prediction is the last seen value. The standard deviation combines the spread of the families around their
mean with the residuals. A curve needs three points; with fewer, its last value is the prediction. The training curves
are used only to estimate the uncertainty of these short curves, from how far curves change until the end.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves import CurvePredictor, find_last_epochs, find_last_values, require_curves
from nasbench.surrogates._curves.families import select_families
from nasbench.surrogates._curves.least_squares import SHAPES, CurveShape, count_parameters, fit_family

_LEAST_NOISE = 1e-3  # smaller residuals (in fractions) are chance
_CHUNK = 1024


class CurveFit(CurvePredictor):
    """Families fitted by least squares.

    Args:
        space: the search space of the architectures; not used otherwise.
        families: names joined by ``+``; empty for all eleven.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"lce_m": {"families": "mmf+loglog_linear+dr_hill+log_power"}}

    def __init__(self, space: SearchSpace, *, families: str = "") -> None:
        super().__init__(space)
        self._shapes = [SHAPES[name] for name in select_families(families)]

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        del batch, value, rng

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        curves = require_curves(batch)
        pieces = [self._predict_ends(curves[first : first + _CHUNK]) for first in range(0, len(curves), _CHUNK)]
        mean, std = (np.concatenate(part) for part in zip(*pieces, strict=True))
        return mean, std

    def _predict_ends(self, curves: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the final values of curves [n, t]."""
        seen, last = (~np.isnan(curves)).sum(axis=1), find_last_values(curves)
        fits = {shape: _fit_ends(shape, curves) for shape in dict.fromkeys(self._shapes)}
        ends, noise, log_weight = (np.stack([fits[shape][i] for shape in self._shapes]) for i in range(3))
        usable = np.isfinite(log_weight)
        weight = np.exp(log_weight - np.where(usable, log_weight, -np.inf).max(axis=0, initial=-1e300))
        weight = np.where(usable, weight, 0.0)
        total = weight.sum(axis=0)
        any_fit = (total > 0) & (seen >= 3)
        share = weight / np.where(total > 0, total, 1.0)
        ends = np.where(usable, ends, 0.0)
        mean = (share * ends).sum(axis=0)
        variance = (share * ((ends - mean) ** 2 + noise**2)).sum(axis=0)
        far = self._expected[1] * np.sqrt(1 - find_last_epochs(curves) / self._horizon)
        return np.where(any_fit, mean, last), np.where(any_fit, np.sqrt(variance), np.maximum(far, _LEAST_NOISE))


def _fit_ends(shape: CurveShape, curves: Floats) -> tuple[Floats, Floats, Floats]:
    """Return a family's final values, noise and log weight [n]; the weight of a discarded fit is -inf."""
    seen = (~np.isnan(curves)).sum(axis=1)
    width = int(find_last_epochs(curves).max())
    fits = fit_family(shape, curves[:, :width])
    start, end = fits.at(shape, np.array([1.0, curves.shape[1]])).T
    noise = np.sqrt(np.maximum(fits.squares / np.maximum(seen - count_parameters(shape), 1), _LEAST_NOISE**2))
    deviance = seen * np.log(np.maximum(fits.squares / seen, _LEAST_NOISE**2)) + count_parameters(shape) * np.log(seen)
    first = curves[np.arange(len(curves)), np.argmax(~np.isnan(curves), axis=1)]
    rises = (end > start) | (find_last_values(curves) < first)
    sound = (seen > count_parameters(shape)) & (end >= 0) & (end <= 1) & rises
    return end, noise, np.where(sound, -deviance / 2, -np.inf)
