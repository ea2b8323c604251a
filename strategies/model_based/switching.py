"""Switching: one strategy for the first trials, another for the rest, which continues with their results.

Source: the portfolio idea of Hoffman, Brochu & de Freitas 2011, "Portfolio Allocation for Bayesian Optimization" (arXiv
1009.5419), in its simplest form, a schedule: a model-free search while a model would know too little, and a model once
evolution has seen enough. The random start of SMBO (Jones, Schonlau & Welch 1998) is the case ``first=random_search``.
Default: 20 trials of ``regularized_evolution@nb201``, then ``auto``, our own choice. The preset ``random`` is 10 random
architectures, then ``bayesian_optimization``.

The second strategy gets the results in one of two ways. Model-based strategies and ``tpe`` learn them at once, and
count them towards their random start. Any other strategy draws the architectures of the first phase as its own start,
best first, and gets their scores at once, uncharged. A policy that draws from its own distribution (``reinforce``,
``umda``) benefits only from those that it happens to ask again. The second phase begins when every trial of the first
has been answered, so several workers wait once.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.choices import Choice
from nasbench.options import Text
from nasbench.registry import STRATEGIES, sources_of
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._two_phase import StrategyFactory, TwoPhaseSearch

_FIRST, _THEN = "regularized_evolution@nb201", "auto"


class Switching(TwoPhaseSearch):
    """Two strategies, one after the other.

    Args:
        space: where to search.
        rng: decides both phases.
        first: label of the strategy that begins.
        n_first: number of trials of the first strategy.
        then: label of the strategy that continues.
        target: name of the task that is searched; a comparison fills it in, and phases that learn from other tasks
            receive it.

    Raises:
        InvalidOption: no first phase.
        UnknownName: no such strategy.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "random": {"first": "random_search", "n_first": 10, "then": "bayesian_optimization"},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        first: "str | type | Choice" = _FIRST,
        n_first: int = 20,
        then: "str | type | Choice" = _THEN,
        target: Text = "",
    ) -> None:
        check_at_least(1, n_first=n_first)
        begun = StrategyFactory.of(first, target).make(space, rng)
        super().__init__(space, rng, first=begun, n_first=n_first, then=StrategyFactory.of(then, target))

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return what either phase learns from when ``task`` is searched, besides its own trials."""
        labels = (options.get("first", _FIRST), options.get("then", _THEN))
        return [name for label in labels for name in sources_of(Choice.parse(label), STRATEGIES, task)]
