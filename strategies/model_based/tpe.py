"""TPE: tree-structured Parzen estimator; draw what good architectures chose, prefer what bad ones did not.

Source: Bergstra, Bardenet, Bengio & Kegl 2011, "Algorithms for Hyper-Parameter Optimization" (NeurIPS), section 4, for
categorical decisions. A quantile splits the results into good and bad, and the choices of each decision are counted in
both. Candidates drawn from the density of the good, l, are ranked by l / g, which orders them by expected improvement
(their equation 3). Defaults are those of the authors' code, Hyperopt: 20 random architectures, 24 candidates, the best
``ceil(gamma sqrt(n))`` of n results are good, 25 at most, gamma .25, one pseudo-count for each choice. The preset
``optuna`` has that project's settings: 10 random architectures, the best tenth, and its prior. There each result is a
kernel that gives other choices a share, and a uniform kernel is added. With weight w, n results and k choices that is a
pseudo-count of ``w (n + w) / (n + 1) + w / k``, for w = 1 of 1 + 1 / k.

In a space with numbers on a scale or long lists of values, numbers have Parzen densities (``strategies/_parzen.py``),
and whole configurations are drawn and ranked by their active decisions.

Differences: every listed decision is categorical, since those of a cell are. Whole architectures are drawn and ranked,
as in the paper, where Hyperopt takes the best draw of each decision. All results weigh the same, where Hyperopt and
Optuna reduce the weight of old ones. Candidates that were asked before are skipped, and so are draws that are not
valid. In ``nbnlp`` decisions depend on each other so strongly that hardly any draw is valid: there it is random search
without repetition.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.options import Count, Positive
from nasbench.strategies._parzen import MixedDensity
from nasbench.strategies._sequential import SequentialSearch

_ROUNDS = 5  # of drawing candidates, where few draws are valid
_MOST_GOOD = 25


@dataclass(kw_only=True, eq=False)
class TreeParzenEstimator(SequentialSearch):
    """Two densities over decisions.

    Attributes:
        n_candidates: draws of which the best is asked.
        gamma: number of good results relative to the number of results or to its square root.
        good: what ``gamma`` multiplies: ``sqrt`` or ``linear``.
        prior_weight: pseudo-count of each choice.
        prior: how the pseudo-count is formed: ``count``, or ``kernels`` as in Optuna.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hyperopt": {},
        "optuna": {"n_init": 10, "gamma": 0.1, "good": "linear", "prior": "kernels"},
    }

    n_init: Count = 20
    n_candidates: Count = 24
    gamma: Positive = 0.25
    good: Literal["sqrt", "linear"] = "sqrt"
    prior_weight: Positive = 1.0
    prior: Literal["count", "kernels"] = "count"

    def _propose(self, n: int) -> Archs:
        archs, scores = self._get_results()
        order = np.argsort(-scores, kind="stable")
        n_good = self._count_good(len(scores))
        good, bad = (self._make_density(archs[rows]) for rows in (order[:n_good], order[n_good:]))
        chosen = archs[:0]
        for _ in range(n):  # each from its own draws, else the candidates of a batch would get worse and worse
            drawn = self._draw_candidates(good, chosen)
            if len(drawn):
                best = int(np.argmax(good.compute_log(drawn) - bad.compute_log(drawn)))
                chosen = np.concatenate([chosen, drawn[[best]]])
        return chosen

    def _count_good(self, n: int) -> int:
        base = np.sqrt(n) if self.good == "sqrt" else n
        return min(int(np.ceil(self.gamma * base)), _MOST_GOOD)

    def _make_density(self, archs: Archs) -> "_ChoiceDensity | MixedDensity":
        """Return the density of configurations around rows [n, d]."""
        if self._space.dtype.kind == "f":
            pseudo_counts = self._compute_pseudo_count(len(archs))[:, 0]
            return MixedDensity(self._space, archs, pseudo_counts=pseudo_counts, prior_weight=self.prior_weight)
        return _ChoiceDensity(self._estimate_log_density(archs), self._space.cardinality)

    def _estimate_log_density(self, archs: Archs) -> Floats:
        """Return the log probability of each choice of each decision, estimated from rows [n, d]; ``[d, k]``."""
        cardinality = self._space.cardinality
        exists = np.arange(int(cardinality.max())) < cardinality[:, None]
        counts = np.where(exists, self._compute_pseudo_count(len(archs)), 0.0)
        np.add.at(counts, (np.arange(len(cardinality)), archs), 1.0)
        with np.errstate(divide="ignore"):  # choices that a decision does not have
            logarithms: Floats = np.log(counts / counts.sum(axis=1, keepdims=True))
        return logarithms

    def _compute_pseudo_count(self, n: int) -> Floats:
        """Return the pseudo-count of each choice for ``n`` results; ``[d, 1]``."""
        weight, k = self.prior_weight, np.maximum(self._space.cardinality, 1)[:, None]
        if self.prior == "count" or not n:
            return np.full(k.shape, weight)
        return np.asarray(weight * (n + weight) / (n + 1) + weight / k)

    def _draw_candidates(self, density: "_ChoiceDensity | MixedDensity", taken: Archs) -> Archs:
        """Draw valid candidates that are neither asked nor ``taken``; fewer where few draws are valid."""
        found = taken[:0]
        for _ in range(_ROUNDS):
            drawn = density.draw(self.n_candidates, self._rng)
            drawn = drawn[self._space.is_valid(drawn)]
            fresh = self._seen.filter_unseen(np.concatenate([taken, found, drawn]))
            found = fresh[len(taken) :]
            if len(found) >= self.n_candidates // 2:
                break
        return found[: self.n_candidates]


class _ChoiceDensity:
    """A product of independent distributions of listed choices.

    Args:
        logarithms: [d, k] of the probabilities.
        cardinality: [d] number of choices of each decision.
    """

    def __init__(self, logarithms: Floats, cardinality: Ints) -> None:
        self._logarithms, self._places, self._last = logarithms, np.arange(len(cardinality)), cardinality - 1

    def draw(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` rows, valid or not; ``[n, d]``."""
        reached = np.cumsum(np.exp(self._logarithms), axis=1)
        reached[self._places, self._last] = np.inf  # so that rounding cannot lead beyond the last choice
        uniform = rng.random((n, len(reached), 1))
        drawn: Archs = (uniform >= reached).sum(axis=2).astype(np.int8)
        return drawn

    def compute_log(self, archs: Archs) -> Floats:
        """Return the logarithm of the density at [m, d]; ``[m]``."""
        total: Floats = self._logarithms[self._places, archs].sum(axis=1)
        return total
