"""Bayesian linear regression on an encoding: the simplest model with an honest standard deviation.

Source: Bishop 2006, "Pattern Recognition and Machine Learning", section 3.3; MacKay 1992, "Bayesian
Interpolation", for the choice of the precisions of weights and noise by the evidence. In the comparison of
White et al. 2021 (arXiv 2104.01177) as ``bayes_lin_reg``, by pybnn, on one-hot features.

Differences from pybnn: the intercept is not shrunk; the evidence is maximised by itself, where pybnn adds the
density, not its logarithm, of a prior, and then reads the noise variance that it found as a precision.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.encodings import make_encoding
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from surrogates._blr import LinearPosterior, Sampling
from surrogates._predictor import CheckedPredictor


class BayesianLinearRegression(CheckedPredictor):
    """A linear model, its weights integrated out.

    Args:
        space: where the architectures are from.
        encoding: features, see ``nasbench.encodings``.
        mcmc: average over so many precisions drawn from their posterior; 0 takes those of the highest evidence.
        target: what is learnt, ``score``, ``rank`` or ``log_error``.
    """

    def __init__(self, space: SearchSpace, *, encoding: str = "one_hot", mcmc: int = 0, target: str = "score") -> None:
        super().__init__(space, target=target)
        self._encoding = make_encoding(space, encoding)
        self._sampling = Sampling(mcmc).checked() if mcmc else None

    def _features(self, archs: Archs) -> Floats:
        return self._encoding.encode(archs)

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._encoding.fit(batch.archs)
        self._posterior = LinearPosterior(self._features(batch.archs), value)
        self._logs = self._posterior.sampled(self._sampling, rng) if self._sampling else self._posterior.most_likely()

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        return self._posterior.predict(self._features(batch.archs), self._logs)
