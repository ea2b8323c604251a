"""Zero-cost proxies alone: architectures ranked by the mean rank of their proxies, without any training run.

Source: Abdelfattah et al. 2021, "Zero-Cost Proxies for Lightweight NAS" (arXiv 2101.08134), where several proxies
vote, and Mellor et al. 2021 (arXiv 2006.04647), who rank by one. The choice of proxies:

    zero_cost                                               all proxies in the batch (nasbench predict --proxies TABLE)
    zero_cost,proxies=TABLE/naswot                          one proxy of a table; works in any search, too
    zero_cost,proxies=TABLE/naswot+TABLE/synflow            several
    zero_cost@learnt                                        weights and signs learnt from the scores

Each proxy becomes a normal score of its rank among all values in its table, or among the training architectures if the
batch provides the proxies. The prediction is the mean of these normal scores. Beyond the known values, the map
continues with the mean slope of the outer tenth, so a single proxy keeps its order. Larger values count as better, as
in the sources. A missing proxy counts as the median. A table without scores of two thirds of the training
architectures is an error because missing values would be ties (``nasbench predict --proxies TABLE`` learns from and
tests on the architectures that the table covers).

Differences: the paper's vote compares pairs, and a majority decides; mean ranks compare any number of architectures at
once. ``learnt`` is a Bayesian linear regression on the normal scores, the simplest combination that learns (``omni``
learns trees, and uses the architecture too). Only ``learnt`` has a standard deviation.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from nasbench.arrays import Floats
from nasbench.errors import PredictorError, make_unknown_name
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._blr import LinearPosterior
from nasbench.surrogates._predictor import CheckedPredictor
from nasbench.table import name_proxy_source
from nasbench.tasks import proxy_of

_WEIGHTS = ("equal", "learnt")
_LEAST_COVERED = 1 / 3


class ZeroCost(CheckedPredictor):
    """The mean rank of proxies.

    Args:
        space: the search space of the architectures.
        proxies: ``TABLE/METRIC``, or ``TABLE/DATASET/METRIC``, joined by ``+``; empty for the proxies of the batch.
        weights: ``equal``, or ``learnt`` from the scores.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.

    Raises:
        UnknownName: a table, a proxy or the weights do not exist.
        InvalidOption: a table belongs to another space.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"learnt": {"weights": "learnt"}}

    def __init__(self, space: SearchSpace, *, proxies: str = "", weights: str = "equal", target: str = "rank") -> None:
        super().__init__(space, target=target)
        if weights not in _WEIGHTS:
            raise make_unknown_name("weights", weights, _WEIGHTS)
        self._learnt = weights == "learnt"
        self._columns = [proxy_of(label, space) for label in _parse_labels(proxies)]
        self.needs = frozenset() if self._columns else frozenset({"proxies"})  # type: ignore[misc]  # depends on the option

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the tables that it reads, for any ``task`` to be predicted."""
        del task
        return [name_proxy_source(label) for label in _parse_labels(options.get("proxies", ""))]

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        del rng
        known = self._collect_known(batch)
        self._check_coverage(known)
        everything = [column(column.table.architectures) for column in self._columns] or list(known.T)
        self._ranks = [_NormalScores(column[np.isfinite(column)]) for column in everything]
        if self._learnt:
            self._posterior = LinearPosterior(self._normalize_scores(known), value)
            self._logs = self._posterior.find_most_likely()

    def _check_coverage(self, known: Floats) -> None:
        covered = int(np.isfinite(known).any(axis=1).sum())
        if covered < _LEAST_COVERED * len(known):
            raise PredictorError(
                f"proxies are known for {covered} of {len(known)} training architectures; the others would be ties: "
                "compute more (nasbench proxies TASK), or evaluate on those available (predict --proxies TABLE)"
            )

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        scored = self._normalize_scores(self._collect_known(batch))
        return self._posterior.predict(scored, self._logs) if self._learnt else (scored.mean(axis=1), None)

    def _collect_known(self, batch: Batch) -> Floats:
        """Return the proxies [n, p], nan where missing."""
        if self._columns:
            return np.column_stack([column(batch.archs) for column in self._columns])
        assert batch.proxies is not None  # checked by ``needs``
        return batch.proxies

    def _normalize_scores(self, known: Floats) -> Floats:
        """Return normal scores [n, p]."""
        return np.column_stack([ranks(column) for ranks, column in zip(self._ranks, known.T, strict=True)])


class _NormalScores:
    """A monotonic map of numbers to the normal scores of their ranks.

    Args:
        known: [n] numbers among which the ranks are taken; if they are all equal, all scores are 0.
    """

    def __init__(self, known: Floats) -> None:
        self._known, first = np.unique(known, return_index=True)
        self._scores = ndtri((rankdata(known) - 0.5) / max(len(known), 1))[first]
        tenth = max(1, len(self._known) // 10)
        self._slopes = [
            (self._scores[b] - self._scores[a]) / (self._known[b] - self._known[a])
            for a, b in (((0, tenth), (-1 - tenth, -1)) if len(self._known) > 1 else ())
        ]

    def __call__(self, values: Floats) -> Floats:
        """Return the score of each number, 0 if it is missing; ``[m]``."""
        if not self._slopes:
            return np.zeros(len(values))
        low, high = self._known[0], self._known[-1]
        inside: Floats = np.interp(values, self._known, self._scores)
        below, above = np.minimum(values - low, 0.0), np.maximum(values - high, 0.0)
        scores: Floats = inside + below * self._slopes[0] + above * self._slopes[1]
        return np.where(np.isfinite(values), scores, 0.0)


def _parse_labels(proxies: str) -> list[str]:
    return [label.strip() for label in proxies.split("+") if label.strip()]
