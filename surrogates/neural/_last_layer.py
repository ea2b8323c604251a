"""Nets whose last layer is replaced by a Bayesian linear regression after training: DNGO and BONAS.

The net learns the features, and the regression provides the uncertainty (Snoek et al. 2015, arXiv 1502.05700).
"""

import numpy as np
import torch

from nasbench.arrays import Archs, Floats
from nasbench.predictions import Batch
from nasbench.surrogates._blr import LinearPosterior, Sampling
from nasbench.surrogates._nets import NetPredictor
from nasbench.surrogates._predictor import State
from nasbench.threads import limit_to_one_thread

_CHUNK = 4096


class LastLayerRegression(NetPredictor):
    """A neural predictor whose net has ``compute_basis``: the input of its last layer, [k, n, f].

    Subclasses may set ``_sampling``, which averages over precisions drawn from their posterior, and ``_regresses`` to
    False, which keeps the net's own output.
    """

    _sampling: Sampling | None = None
    _regresses = True

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        super()._fit(batch, value, rng)
        if not self._regresses:
            return
        self._posterior = LinearPosterior(self._compute_basis(batch.archs), value)
        self._logs = (
            self._posterior.draw_samples(self._sampling, rng) if self._sampling else self._posterior.find_most_likely()
        )

    def _compute_basis(self, archs: Archs) -> Floats:
        """Return the input of the last layer for architectures [n, d]; ``[n, f]``."""
        parts = []
        with torch.no_grad(), limit_to_one_thread():
            for first in range(0, len(archs), _CHUNK):
                inputs = self._move_inputs(self._encode_inputs(archs[first : first + _CHUNK]))
                parts.append(self._model.compute_basis(*(part[None] for part in inputs))[0].cpu().numpy())
        return np.concatenate(parts)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        if not self._regresses:
            return super()._predict(batch)
        return self._posterior.predict(self._compute_basis(batch.archs), self._logs)

    def _state(self) -> State:
        return super()._state() | ({"logs": self._logs} if self._regresses else {})

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        super()._restore(state, batch, value)
        if self._regresses:
            self._posterior, self._logs = LinearPosterior(self._compute_basis(batch.archs), value), state["logs"]
