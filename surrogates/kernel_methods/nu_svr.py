"""Support vector regression with a bound on the number of support vectors.

Source: Schölkopf et al. 2000, "New Support Vector Algorithms"; as a predictor of architectures Baker et al. 2018,
"Accelerating Neural Architecture Search using Performance Prediction" (arXiv 1705.10823), who found nu-SVR with a
radial kernel the best of their methods.

Differences: features are standardised on the training points; columns that are constant there are left out. The
predictor learns from architectures alone; ``curve_svr`` also reads the start of the learning curve, as the source
does. The method has no standard deviation. Fitting is deterministic.
"""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from sklearn.svm import NuSVR as LibNuSVR

from nasbench.arrays import Floats
from nasbench.options import Positive, Share
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._ranges import Range
from nasbench.surrogates._standard import Standard
from nasbench.surrogates._tabular import FUNCTIONAL, TabularPredictor

REQUIRES = {"sklearn": "trees"}


class NuSVR(TabularPredictor):
    """nu-support vector regression with a radial kernel.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        c: weight of the errors, above 0.
        nu: lower bound on the share of support vectors and upper bound on the share of errors, in (0, 1].
        gamma: coefficient of the kernel ``exp(-gamma |x - y|^2)``, times the number of features.
    """

    ranges: ClassVar[Mapping[str, Range]] = {
        "c": Range(0.01, 100.0, log=True),
        "nu": Range(0.1, 1.0),
        "gamma": Range(0.01, 10.0, log=True),
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        c: Positive = 3.0,
        nu: Share = 0.5,
        gamma: Positive = 0.3,
    ) -> None:
        super().__init__(space, encoding=encoding, target=target)
        self._c, self._nu, self._gamma = c, nu, gamma

    def _learn_columns(self, batch: Batch) -> None:
        super()._learn_columns(batch)
        self._standard = Standard(super()._compute_features(batch))

    def _compute_features(self, batch: Batch) -> Floats:
        return self._standard(super()._compute_features(batch))

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        del rng
        gamma = self._gamma / max(features.shape[1], 1)
        model = LibNuSVR(C=self._c, nu=self._nu, gamma=gamma)
        model.random_state = 0  # unused in regression; if unset, it is drawn from the global generator
        self._model = model.fit(features, value)

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        return self._model.predict(features), None
