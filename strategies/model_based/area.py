"""Assisted regularized evolution: cheap scores select the initial population, a predictor selects children.

Source: AREA of Mellor, Turner, Storkey & Crowley 2021, "Neural Architecture Search without Training" (arXiv
2006.04647): regularized evolution (Real et al. 2019) whose first population is the best 10 of 20 random architectures
by a score of untrained networks, NASWOT. Population 10 and tournaments of 3 are those of NAS-Bench-201's evolution.

    area@start_only,cheap_score=TABLE/naswot      AREA as published: the proxy of a table (nasbench proxies TASK)

Differences: a search here sees architectures and not networks on data, so that NASWOT has to be computed before.
Without a table the first population is chosen by the network's number of parameters (or FLOPs), where the space can
count them, and is random elsewhere. Candidates that the table did not score come last; where it scored fewer
of them than are trained, candidates are drawn among those that it scored. Assistance goes on after it: of
``n_children`` mutated children of a tournament's winner, the one that a predictor expects most of is trained; it is
fitted to all that was trained so far every ``refit_every`` results, and children that were trained before are left out
while there are others. Any predictor will do. ``start_only`` is AREA's own part alone, with one child;
``predictor_only`` starts at random.

After 100 trainings (noisy single-seed scores), 10 runs against 40, it beats random search on nb201-cifar100 and
nbgraph-arxiv (p < 1e-4); ``start_only`` on the former (p < 0.001), and hardly on the latter, which counts no
parameters (p = 0.01). What a proxy cost to compute is not charged. On nb201-cifar10, 50 runs of 100 trainings, the
mean regret of ``start_only`` in points is .26 by the public NASWOT scores, .27 by size, .34 from a random start.
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
from nasbench.strategies._sources import predictor_sources, source_names
from nasbench.strategies.model_free.regularized_evolution import RegularizedEvolution
from nasbench.table import ProxyColumn, name_proxy_source
from nasbench.tasks import proxy_of
from nasbench.trials import Results, Trials

_SCORES = ("size", "n_params", "flops", "none")


@dataclass(kw_only=True, eq=False)
class AREA(RegularizedEvolution):
    """Evolution that looks before it trains.

    Attributes:
        predictor: label of a predictor of the score.
        cheap_score: what the first population is chosen by: ``n_params``, ``flops``, ``none``, or ``size``, the first
            where the space counts parameters and none elsewhere; or a proxy, ``TABLE/METRIC`` or
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
        return predictor_sources(task, options) + (
            source_names(name_proxy_source(score), task) if _is_proxy(score) else []
        )

    def ask(self, n: int) -> Trials:
        """Return the first population, then of each winner's children the most promising one."""
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
        """Return the best child by the predictor that is neither trained nor ``chosen`` [m, d]; ``[1, d]``."""
        parent = self._members[self._select_winner()]
        children = self._mutate(parent[None].repeat(self.n_children, axis=0), self._rng)
        new: Archs = self._seen.filter_unseen(children)
        new = new[~(new[:, None] == chosen).all(axis=2).any(axis=1)]
        if not len(new):
            return children[:1]
        best = int(np.argmax(self._model.forecast(new[:0])(new).mean))
        return new[best : best + 1]

    def tell(self, results: Results) -> None:
        """Let each finished architecture replace the oldest one, and keep what did not crash to learn from."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            if np.isfinite(score):
                self._archs.append(self._waiting[trial])
                self._scores.append(score)
        super().tell(results)


def _is_proxy(score: str) -> bool:
    return "/" in score


def _find_cheap_score(space: SearchSpace, score: str) -> Callable[[Archs], Floats] | None:
    """Return what scores architectures [n, d] before any training, by which ``space`` can tell them apart; or None."""
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
    """Draw ``n`` architectures and keep those of the largest score, nan last, in the order they were drawn."""
    if score is None:
        return space.sample(n_kept, rng)
    drawn = space.sample(n, rng)
    values = score(drawn)
    if np.isfinite(values).sum() < n_kept and isinstance(score, ProxyColumn):
        drawn = _score(space, rng, n, n_kept, score)  # a table that scored few: of what it lacks nothing is known
        values = score(drawn)
    return drawn[np.sort(np.argsort(-values, kind="stable")[:n_kept])]


def _score(space: SearchSpace, rng: np.random.Generator, n: int, least: int, proxy: ProxyColumn) -> Archs:
    """Draw up to ``n`` of the architectures that a table scored; ``[<= n, d]``."""
    known = proxy.table.architectures
    known = known[space.is_valid(known)]
    known = known[np.isfinite(proxy(known))]
    if len(known) < least:
        raise InvalidOption(
            f"table '{proxy.table.name}' has {proxy.metric} of {len(known)} architectures; expected the {least} of the "
            "first population at least (population_size, or nasbench proxies)"
        )
    return known[rng.permutation(len(known))[:n]]
