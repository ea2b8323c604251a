"""Warm start: first train what was best on other data sets, then continue with any strategy.

Source: Feurer, Springenberg & Hutter 2015, "Initializing Bayesian Hyperparameter Optimization via Meta-Learning"
(AAAI): the best configurations of other data sets are the initial design. Of each source, the known scores are those
that a search there would have observed of ``n_source`` random architectures, or of those in the record of a search.

    warm_start,source=nb201-cifar100+nb201-imagenet16,inner=auto
    warm_start,source=results/mine                       the searches that a record holds
    warm_start,source=table:TABLE/naswot                 a zero-cost proxy: the best of n_source that it scored

In a comparison, ``source=others`` (the default) means the embedded tasks of the searched space that are of other data
sets; ``none`` is the inner strategy alone. A source of training runs on the target data set is an error. A proxy needs
no training, and may be of that data set. The inner strategy gets the results as in ``switching``.

Differences: the paper orders data sets by the distance of their meta-features and takes the best of each of the
nearest. Here there are few sources, and each gives its best in turn, then its second best when all have given their
best. The inner strategy is any; default ``regularized_evolution@nb201``, whose population is as large as the design.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._sources import OTHERS, Known, draw_known, list_inner_sources
from nasbench.strategies._two_phase import Design, StrategyFactory, TwoPhaseSearch


class WarmStart(TwoPhaseSearch):
    """The best of other data sets, then any strategy.

    Args:
        space: where to search.
        rng: draws the known architectures of the sources, and all numbers of the inner strategy.
        source: ``others``, ``none``, or tasks, folders of records and proxies joined by ``+``.
        n_source: number of architectures whose scores are known for each source.
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
        design = select_in_turn(draw_known(source, target, space, n_source, rng), n_init, space)
        super().__init__(space, rng, first=Design(design), n_first=len(design), then=StrategyFactory.of(inner, target))

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the sources that a search of ``task`` learns from, besides its own trials."""
        return list_inner_sources(task, options)


def select_in_turn(sources: list[Known], n: int, space: SearchSpace) -> Archs:
    """Return ``n`` distinct architectures: the best of each source, then the second best of each; ``[<= n, d]``."""
    orders = [known.archs[np.argsort(-known.scores, kind="stable")] for known in sources]
    chosen: dict[bytes, Archs] = {}
    for place in range(max(map(len, orders), default=0)):
        for order in orders:
            if place < len(order) and len(chosen) < n:
                chosen.setdefault(order[place].tobytes(), order[place])
    return np.array(list(chosen.values()), dtype=space.dtype).reshape(-1, space.width)
