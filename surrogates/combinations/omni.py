"""Omni: NGBoost on the architecture, its zero-cost proxies and, optionally, its learning curve so far.

Source: White et al. 2021, "How Powerful are Performance Predictors in Neural Architecture Search?" (arXiv 2104.01177),
section 5: features of different families (the architecture, a proxy of the untrained network, the sum of training
losses) complement each other. The source uses the Jacobian covariance and the sum of losses. Here all proxies in the
batch are used, and the curve is that of scores.

Proxies are standardised on the training points and clipped at ten standard deviations. A missing proxy is replaced by
the mean of the training points, and an additional column marks it as missing. A proxy that is missing or constant in
all training points is left out. Infinite values count as missing. Of the curve, the predictor uses the sum, which
skips unseen epochs, and the last seen value.

Differences: encoding and target are those of our ``ngboost``. Options are not tuned inside (the source tries 35
configurations: use ``tuned`` with ``member=omni``).
"""

import numpy as np

from nasbench.arrays import Floats
from nasbench.options import Count, FromTwo, Positive, Share
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._standard import Standard
from nasbench.surrogates._tabular import FUNCTIONAL
from nasbench.surrogates.trees.ngboost import NGBoost

REQUIRES = {"ngboost": "trees", "sklearn": "trees"}


class Omni(NGBoost):
    """NGBoost on all information that is available before full training.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        curves: also use the sum and the end of the learning curve, which the batch must then contain.
        n_rounds: trees of each of the two parameters.
        learning_rate: in (0, 1].
        minibatch_frac: share of the points that a round sees, in (0, 1].
        max_depth: largest depth of a tree.
        max_features: share of the columns that a split considers, in (0, 1].
        min_samples_leaf: smallest number of points in a leaf.
        min_samples_split: smallest number of points in a vertex that is split.
        calibrated: estimate the standard deviation from held-out points.
    """

    needs = frozenset({"proxies"})

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = FUNCTIONAL,
        target: str = "rank",
        curves: bool = False,
        n_rounds: Count = 505,
        learning_rate: Positive = 0.08127053060223186,
        minibatch_frac: Share = 0.5081694143793387,
        max_depth: Count = 6,
        max_features: Share = 0.3,
        min_samples_leaf: Count = 5,
        min_samples_split: FromTwo = 10,
        calibrated: bool = True,
    ) -> None:
        super().__init__(
            space,
            encoding=encoding,
            target=target,
            n_rounds=n_rounds,
            learning_rate=learning_rate,
            minibatch_frac=minibatch_frac,
            max_depth=max_depth,
            max_features=max_features,
            min_samples_leaf=min_samples_leaf,
            min_samples_split=min_samples_split,
            calibrated=calibrated,
        )
        if curves:
            self.needs = frozenset({"proxies", "curves"})  # type: ignore[misc]  # depends on the option, not on the class

    def _learn_columns(self, batch: Batch) -> None:
        super()._learn_columns(batch)
        self._standard = Standard(self._collect_known(batch))

    def _collect_known(self, batch: Batch) -> Floats:
        """Return what is known besides the architecture, nan where missing; ``[n, k]``."""
        assert batch.proxies is not None  # checked by ``needs``
        columns = np.where(np.isfinite(batch.proxies), batch.proxies, np.nan)
        if "curves" not in self.needs or batch.curves is None:
            return columns
        return np.column_stack([columns, *_summarize_curves(batch.curves)])

    def _compute_features(self, batch: Batch) -> Floats:
        known = self._collect_known(batch)
        missing = np.isnan(known[:, self._standard.kept])
        return np.concatenate([super()._compute_features(batch), self._standard(known), missing], axis=1)


def _summarize_curves(curves: Floats) -> tuple[Floats, Floats]:
    """Return sum and last seen value of curves [n, t], nan where nothing was seen."""
    seen = np.isfinite(curves)
    none = ~seen.any(axis=1)
    last = curves.shape[1] - 1 - seen[:, ::-1].argmax(axis=1)
    total = np.where(seen, curves, 0).sum(axis=1)
    return np.where(none, np.nan, total), np.where(none, np.nan, curves[np.arange(len(curves)), last])
