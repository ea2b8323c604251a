"""Assisted regularized evolution: cheap scores select the initial population, a predictor selects children.

Source: AREA of Mellor, Turner, Storkey & Crowley 2021, "Neural Architecture Search without Training" (arXiv
2006.04647). This is regularized evolution (Real et al. 2019) whose first population is the best 10 of 20 random
architectures by NASWOT, a score of untrained networks. Population 10 and tournaments of 3 are those of NAS-Bench-201's
evolution.

    area@start_only,cheap_score=TABLE/naswot      AREA as published: the proxy of a table (nasbench proxies TASK)

Differences: a search here sees architectures, not networks on data, so NASWOT has to be computed beforehand. Without a
table, the first population is chosen by the network's number of parameters (or FLOPs) where the space can count them,
and at random elsewhere. Candidates that the table did not score come last. If the table scored fewer candidates than
are trained, the search draws candidates among those that it scored.

The assistance continues after the first population: of ``n_children`` mutated children of a tournament's winner, the
search trains the one with the highest prediction. The predictor is refitted to all results every ``refit_every``
results. Children that were trained before are left out while there are others. Any predictor will do. ``start_only`` is
AREA as published, with one child; ``predictor_only`` starts at random. The cost of computing a proxy is not charged.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import Label
from nasbench.strategies._online_predictor import OnlinePredictor
from nasbench.strategies._pools import SeenSet
from nasbench.strategies._sources import list_predictor_sources, list_sources
from nasbench.strategies.model_free.regularized_evolution import RegularizedEvolution
from nasbench.table import ProxyColumn, name_proxy_source
from nasbench.tasks import proxy_of
from nasbench.trials import Results, Trials

_SCORES = ("size", "n_params", "flops", "none")


@dataclass(kw_only=True, eq=False)
class AREA(RegularizedEvolution):
    """Evolution assisted by a cheap score and a predictor.

    Attributes:
        predictor: label of a predictor of the score.
        cheap_score: score that selects the first population: ``n_params``, ``flops``, ``none``, or ``size``, which is
            ``n_params`` where the space counts parameters and ``none`` elsewhere; or a proxy, ``TABLE/METRIC`` or
            ``TABLE/DATASET/METRIC``.
        n_candidates: random architectures that the first population is chosen from.
        n_children: children that the predictor chooses from.
        refit_every: results between two fits.

    Raises:
        InvalidOption: fewer candidates than places, or a score that the space cannot compute.
        UnknownName: no such predictor, score or table.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "start_only": {"n_children": 1},
        "predictor_only": {"cheap_score": "none"},
    }

    predictor: Label = "bayesian_linear_regression"
    cheap_score: str = "size"
    n_candidates: Count = 20
    n_children: Count = 10
    refit_every: Count = 10
    population_size: Count = 10
    sample_size: Count = 3
    published_mutation: bool = field(default=False, init=False)
    removal: Literal["oldest", "worst"] = field(default="oldest", init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Choose the first population, and make the predictor."""
        super().__post_init__(space, rng)
        size = self.population_size
        if self.n_candidates < size:
            raise InvalidOption(f"n_candidates={self.n_candidates}; expected at least the population of {size}")
        self._model = OnlinePredictor(space, self.predictor, refit_every=self.refit_every)
        score = _find_cheap_score(space, self.cheap_score)
        self._start = _select_start(space, rng, self.n_candidates, size, score)
        self._seen = SeenSet(space)
        self._archs: list[Archs] = []
        self._scores: list[float] = []

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the other tasks that the predictor learns from when ``task`` is searched, and the proxy's table."""
        score = options.get("cheap_score", "")
        return list_predictor_sources(task, options) + (
            list_sources(name_proxy_source(score), task) if _is_proxy(score) else []
        )

    def ask(self, n: int) -> Trials:
        """Return the first population, then the most promising child of each tournament's winner."""
        trials = super().ask(n)
        self._seen.add(trials.arch)
        return trials

    def _draw_random(self, n: int) -> Archs:
        taken, self._start = self._start[:n], self._start[n:]
        return taken

    def _make_children(self, n: int) -> Archs:
        knows = self.n_children > 1 and self._learn()
        if not knows:
            return super()._make_children(n)
        chosen = self._space.no_archs
        for _ in range(n):
            chosen = np.concatenate([chosen, self._select_promising(chosen)])
        return chosen

    def _learn(self) -> bool:
        return bool(self._scores) and self._model.learn(np.stack(self._archs), np.array(self._scores), self._rng)

    def _select_promising(self, chosen: Archs) -> Archs:
        """Return the child with the highest prediction that is neither trained nor ``chosen`` [m, d]; ``[1, d]``."""
        parent = self._members[self._select_winner()]
        children = self._mutate(parent[None].repeat(self.n_children, axis=0), self._rng)
        new: Archs = self._seen.filter_unseen(children)
        new = new[~(new[:, None] == chosen).all(axis=2).any(axis=1)]
        if not len(new):
            return children[:1]
        best = int(np.argmax(self._model.forecast(new[:0])(new).mean))
        return new[best : best + 1]

    def tell(self, results: Results) -> None:
        """Replace the oldest architecture by each finished one, and keep the scores that did not crash."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            if np.isfinite(score):
                self._archs.append(self._waiting[trial])
                self._scores.append(score)
        super().tell(results)


def _is_proxy(score: str) -> bool:
    return "/" in score


def _find_cheap_score(space: SearchSpace, score: str) -> Callable[[Archs], Floats] | None:
    """Return the function that scores architectures [n, d] before any training; None where ``space`` has no score."""
    if _is_proxy(score):
        return proxy_of(score, space)
    if score not in _SCORES:
        raise make_unknown_name("cheap score", score, (*_SCORES, "TABLE/METRIC"))
    counts = hasattr(space, "network_size")
    if score not in ("size", "none") and not counts:
        raise InvalidOption(f"space '{space.name}' does not count {score}; use cheap_score=size, none or TABLE/METRIC")
    if score == "none" or not counts:
        return None
    sizes = space.network_size  # type: ignore[attr-defined]  # asked for above
    return lambda archs: getattr(sizes(archs), "n_params" if score == "size" else score)


def _select_start(
    space: SearchSpace, rng: np.random.Generator, n: int, n_kept: int, score: Callable[[Archs], Floats] | None
) -> Archs:
    """Draw ``n`` architectures and keep those with the largest scores, nan last, in the order they were drawn."""
    if score is None:
        return space.sample(n_kept, rng)
    drawn = space.sample(n, rng)
    values = score(drawn)
    if np.isfinite(values).sum() < n_kept and isinstance(score, ProxyColumn):
        drawn = _draw_scored(space, rng, n, n_kept, score)  # the table scored few: draw only among those
        values = score(drawn)
    return drawn[np.sort(np.argsort(-values, kind="stable")[:n_kept])]


def _draw_scored(space: SearchSpace, rng: np.random.Generator, n: int, least: int, proxy: ProxyColumn) -> Archs:
    """Draw up to ``n`` of the architectures that a table scored; ``[<= n, d]``."""
    known = proxy.table.architectures
    known = known[space.is_valid(known)]
    known = known[np.isfinite(proxy(known))]
    if len(known) < least:
        raise InvalidOption(
            f"table '{proxy.table.name}' has {proxy.metric} of {len(known)} architectures; expected at least {least}, "
            "the size of the first population (lower population_size, or compute more with nasbench proxies)"
        )
    return known[rng.permutation(len(known))[:n]]
