"""Meta-learned initial design: a small portfolio with a good architecture for every source, then any strategy.

Sources: Wistuba, Schilling & Schmidt-Thieme 2015, "Learning Hyperparameter Optimization Initializations" (DSAA), and
Feurer, Eggensperger, Falkner, Lindauer & Hutter 2020, "Auto-Sklearn 2.0" (arXiv 2007.04074), section 3.1. The design is
built greedily. For each data set, take the smallest normalised regret in the design; the next architecture is the one
that makes the mean of these over data sets smallest. Regret is 0 at the best architecture known of a source and 1 at
the worst.

The known scores are those that searches of the sources would have observed of ``n_source`` random architectures, the
same for each source. Sources are named as in ``warm_start``: ``others`` by default, ``none`` for a cold start.

Differences: where no architecture improves the design, since it contains the best of each source, the one with the
smallest mean regret is next (the papers stop at the portfolio's size or fill at random). The regrets are averaged by
their mean, since a median would hide the loss on a single source. The inner strategy is any, default
``regularized_evolution@nb201``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._sources import OTHERS, draw_known_in_common, list_inner_sources
from nasbench.strategies._two_phase import Design, StrategyFactory, TwoPhaseSearch


class MetaDesign(TwoPhaseSearch):
    """A greedy portfolio over other data sets, then any strategy.

    Args:
        space: where to search.
        rng: draws the known architectures of the sources, and all numbers of the inner strategy.
        source: ``others``, ``none``, or tasks and folders of records joined by ``+``.
        n_source: number of architectures whose scores are known for every source.
        n_init: architectures trained before the inner strategy begins.
        inner: label of that strategy.
        target: name of the task that is searched; a comparison fills it in.

    Raises:
        InvalidOption: sizes below 1, or a source that does not fit (see ``strategies/_sources.py``).
        UnknownName: no such task or strategy.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        source: str = OTHERS,
        n_source: int = 200,
        n_init: int = 10,
        inner: "str | type | Choice" = "regularized_evolution@nb201",
        target: str = "",
    ) -> None:
        check_at_least(1, n_source=n_source, n_init=n_init)
        archs, scores = draw_known_in_common(source, target, space, n_source, rng)
        design = archs[select_portfolio(normalize_regret(scores), n_init)] if len(archs) else archs
        super().__init__(space, rng, first=Design(design), n_first=len(design), then=StrategyFactory.of(inner, target))

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the sources that a search of ``task`` learns from, besides its own trials."""
        return list_inner_sources(task, options)


def normalize_regret(scores: Floats) -> Floats:
    """Return 0 for the best of each row of [sources, n] and 1 for the worst; ``[sources, n]``."""
    best, worst = scores.max(axis=1, keepdims=True), scores.min(axis=1, keepdims=True)
    regret: Floats = (best - scores) / np.where(best > worst, best - worst, 1.0)
    return regret


def select_portfolio(regret: Floats, size: int) -> Ints:
    """Return columns of ``regret`` [sources, n], each the one that lowers the mean of the smallest regrets most.

    Ties go to the one with the smaller mean regret, then to the earlier one; ``[min(size, n)]``.
    """
    alone, best = regret.mean(axis=0), np.full((len(regret), 1), np.inf)
    chosen: list[int] = []
    for _ in range(min(size, regret.shape[1])):
        joined = np.minimum(best, regret).mean(axis=0)
        alone[chosen] = joined[chosen] = np.inf
        chosen.append(int(np.lexsort((alone, joined))[0]))
        best = np.minimum(best, regret[:, chosen[-1:]])
    return np.array(chosen, dtype=np.int64)
