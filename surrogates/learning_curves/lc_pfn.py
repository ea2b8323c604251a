"""LC-PFN: a transformer, trained once on curves drawn from a prior, that extrapolates any learning curve.

Source: Adriaensen, Rakotoarison, Müller & Hutter 2023, "Efficient Bayesian Learning Curve Extrapolation using
Prior-Data Fitted Networks", arXiv 2310.20447. The start of a curve is the context, and one forward pass approximates
the posterior of its end under the source's prior: a weighted sum of a power law, an inverse logarithm and Janoschek's
curve, with normal noise, within [0, 1] and increasing. Nothing is learnt from the training curves.

Differences: the published packages contain no weights (``lcpfn`` and ``ifbo`` download them on first use), so we
trained this net ourselves, with ``python -m nasbench.surrogates._curves.pfn_training``. It has three layers of 64
instead of twelve of 512, saw 474,000 curves instead of ten million, and its answers are histograms of 100 bins instead
of 1,000. Curves of another length than 100 epochs are stretched to it.
"""

import numpy as np
import torch

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.surrogates._curves import CurvePredictor, find_last_epochs, require_curves
from nasbench.surrogates._curves.pfn import EPOCHS, WEIGHTS, CurveTransformer
from nasbench.surrogates._nets import load_arrays
from nasbench.threads import limit_to_one_thread

REQUIRES = {"torch": "torch"}

_CHUNK = 256


class LCPFN(CurvePredictor):
    """A transformer trained on many curves of a prior."""

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        del batch, value, rng
        with np.load(WEIGHTS, allow_pickle=False) as stored:
            weights = {name: stored[name].astype(np.float64) for name in stored.files}
        self._model = CurveTransformer().double()
        load_arrays(self._model, weights)
        self._model.eval()

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        curves = require_curves(batch)
        mean, std = np.empty(len(curves)), np.empty(len(curves))
        at = find_last_epochs(curves)
        for length in np.unique(at).tolist():  # one length per batch: no answer depends on other curves
            rows = np.flatnonzero(at == length)
            for first in range(0, len(rows), _CHUNK):
                own = rows[first : first + _CHUNK]
                mean[own], std[own] = self._predict_ends(curves[own, :length])
        return mean, std

    def _predict_ends(self, curves: Floats) -> tuple[Floats, Floats]:
        """Return mean and standard deviation of the final values of curves [n, length]."""
        n, length = curves.shape
        epochs = torch.arange(1, length + 1, dtype=torch.float64).expand(n, -1) * (EPOCHS / self._horizon)
        asked = torch.full((n, 1), float(EPOCHS), dtype=torch.float64)
        values, seen = torch.from_numpy(np.nan_to_num(curves)), torch.from_numpy(~np.isnan(curves))
        with torch.no_grad(), limit_to_one_thread():
            mean, std = self._model.compute_moments(self._model(epochs, values, seen, asked)[:, 0])
        return mean.numpy(), std.numpy()
