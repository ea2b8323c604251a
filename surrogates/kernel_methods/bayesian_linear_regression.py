"""Bayesian linear regression on an encoding: the simplest model with a well-founded standard deviation.

Source: Bishop 2006, "Pattern Recognition and Machine Learning", section 3.3; MacKay 1992, "Bayesian Interpolation",
for the choice of the precisions of weights and noise by the evidence. The comparison of White et al. 2021 (arXiv
2104.01177) includes it as ``bayes_lin_reg``, by pybnn, on one-hot features and raw scores (preset ``naslib``).

Differences from pybnn: features are standardised and the intercept is not shrunk. The evidence is maximised without a
prior. pybnn adds the density of a prior, not its logarithm, and then interprets the noise variance that it found as a
precision.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._blr import LinearPosterior, Sampling
from nasbench.surrogates._standard import Standard
from nasbench.surrogates._tabular import FUNCTIONAL, TabularPredictor


class BayesianLinearRegression(TabularPredictor):
    """A linear model with its weights integrated out.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        mcmc: number of precisions drawn from their posterior to average over; 0 uses those of the highest evidence.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"naslib": {"encoding": "one_hot", "target": "score"}}

    def __init__(self, space: SearchSpace, *, encoding: str = FUNCTIONAL, mcmc: int = 0, target: str = "rank") -> None:
        super().__init__(space, encoding=encoding, target=target)
        self._sampling = Sampling(mcmc).checked() if mcmc else None

    def _learn_columns(self, batch: Batch) -> None:
        super()._learn_columns(batch)
        self._standard = Standard(super()._compute_features(batch))

    def _compute_features(self, batch: Batch) -> Floats:
        return self._standard(super()._compute_features(batch))

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        self._posterior = LinearPosterior(features, value)
        self._logs = (
            self._posterior.draw_samples(self._sampling, rng) if self._sampling else self._posterior.find_most_likely()
        )

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        return self._posterior.predict(features, self._logs)
