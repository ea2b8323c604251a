"""Bayesian linear regression: a normal prior on the weights, its width and the noise by the evidence.

Source: MacKay 1992, "Bayesian Interpolation"; Bishop 2006, "Pattern Recognition and Machine Learning", sections 3.3
to 3.5. White et al. 2021 (arXiv 2104.01177) have it in their comparison, with hyperparameters drawn by Markov chains.

Here both hyperparameters are those of the highest evidence. Features are standardised on the training points.
Fitting is deterministic.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from surrogates._evidence import Evidence
from surrogates._standard import Standard
from surrogates._tabular import FUNCTIONAL, TabularPredictor


class BayesianLinearRegression(TabularPredictor):
    """A linear model with exact uncertainty.

    Args:
        space: where the architectures are from.
        encoding: features, see ``nasbench.encodings``.
        target: ``rank``, ``score`` or ``log_error``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"naslib": {"encoding": "one_hot", "target": "score"}}

    def __init__(self, space: SearchSpace, *, encoding: str = FUNCTIONAL, target: str = "rank") -> None:
        super().__init__(space, encoding=encoding, target=target)

    def _learn_columns(self, batch: Batch) -> None:
        super()._learn_columns(batch)
        self._standard = Standard(super()._features(batch))

    def _features(self, batch: Batch) -> Floats:
        return self._standard(super()._features(batch))

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        del rng
        self._model = Evidence(features, value)

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        return self._model.answer(features)
