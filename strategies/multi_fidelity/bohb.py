"""BOHB: Hyperband whose architectures are drawn from a density of good ones.

Source: Falkner, Klein & Hutter 2018, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale" (arXiv
1807.01774), as implemented by its package ``hpbandster`` 0.7, whose settings are the defaults. At the largest epoch
with enough results (one more than decisions, good and bad apart), one kernel density is fitted to the best 15 % and
another to the rest. Of 64 draws from the first, the one with the largest ratio of the two densities is trained. A third
of the architectures is random. Brackets are those of Hyperband with ``eta`` 3, with that package's rounding, and the
next one begins where workers would wait.

Presets are the settings of two benchmarks' authors. ``nats``: 4 draws, none at random, bandwidths of at least .3, on
the 12-epoch recipe of NATS-Bench (``exps/NATS-algos/bohb.py`` of AutoDL-Projects). There a promoted training run is
charged from its first epoch again: ``nasbench compare --no-checkpoints``. ``nb201`` is the same with rungs from 12 to
200 epochs. Whatever the rung, the 12-epoch recipe is trained completely, from scratch and charged in full, as their
``exps/algos/BOHB.py`` of NAS-Bench-201 did for its Table 5: that is ``anew``. So it needs no curves.

The kernel is that of statsmodels, as in hpbandster. With categories coded as numbers its bandwidth can exceed 1, and
then it is not a density any more; ``kernel=bounded`` prevents that. Differences: levels are lowered to epochs that a
task answers, and equal rungs are one. The places of crashed promotions stay empty. Draws that are not valid are
skipped. The advantage over random search comes from partial training.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from nasbench.arrays import Archs
from nasbench.options import Count, Positive, Probability
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._brackets import Bracket, BracketSearch
from nasbench.strategies.multi_fidelity._kde import Densities, KernelDensity, select_most_promising
from nasbench.strategies.multi_fidelity._rungs import compute_hyperband_sizes

_ROUNDS = 5  # of drawing, where few draws are valid


@dataclass(kw_only=True, eq=False)
class BOHB(BracketSearch):
    """Hyperband with a model.

    Attributes:
        n_candidates: number of draws; the best of them is trained.
        random_fraction: share of random architectures.
        min_bandwidth: lower limit of the bandwidths of the densities.
        kernel: ``statsmodels`` or ``bounded``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "hpbandster": {},
        "nats": {"max_epoch": 12, "n_candidates": 4, "random_fraction": 0.0, "min_bandwidth": 0.3},
        "nb201": {
            "min_epoch": 12,
            "max_epoch": 200,
            "n_candidates": 4,
            "random_fraction": 0.0,
            "min_bandwidth": 0.3,
            "anew": True,
        },
    }

    n_candidates: Count = 64
    random_fraction: Probability = 1 / 3
    min_bandwidth: Positive = 1e-3
    kernel: Literal["statsmodels", "bounded"] = "statsmodels"
    overlap: bool = field(default=True, init=False)
    anew: bool = False

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without a model."""
        super().__post_init__(space, rng)
        self._rungs = self._make_ladder(range(1, (self.max_epoch or 1) + 1) if self.anew else self.epochs).downwards()
        self._sizes = compute_hyperband_sizes(len(self._rungs), self.eta, rounding="down")
        space.require_choices("bohb")
        self._densities = Densities(space, min_bandwidth=self.min_bandwidth, bounded=self.kernel == "bounded")

    def _make_bracket(self, number: int) -> Bracket:
        sizes = self._sizes[number % len(self._sizes)]
        return Bracket(sizes, self._rungs[-len(sizes) :])

    def _learn(self, trial: int, arch: Archs, epoch: int, score: float) -> None:
        del trial
        self._densities.learn(arch, epoch, score)

    def _draw(self, trials: range, bracket: Bracket) -> Archs:
        del bracket
        return np.array([self._draw_one() for _ in trials], dtype=np.int8)

    def _draw_one(self) -> Archs:
        """Draw one architecture; ``[d]``."""
        pair = self._densities.fit()
        if pair is None or self._rng.random() < self.random_fraction:
            return np.asarray(self._space.sample(1, self._rng)[0])
        good, bad = pair
        drawn = self._draw_candidates(good)
        best = select_most_promising(good(drawn), bad(drawn)) if len(drawn) else None
        return np.asarray(self._space.sample(1, self._rng)[0] if best is None else drawn[best])

    def _draw_candidates(self, good: KernelDensity) -> Archs:
        found = good.archs[:0]
        for _ in range(_ROUNDS):
            drawn = good.draw(self.n_candidates, self._space.cardinality, self._rng)
            found = np.concatenate([found, drawn[self._space.is_valid(drawn)]])[: self.n_candidates]
            if len(found) == self.n_candidates:
                break
        return found
