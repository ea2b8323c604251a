"""The parent gives way to a child as good as it, and to no worse one."""

import numpy as np
import pytest

from nasbench.registry import SPACES
from nasbench.strategies.model_free.one_plus_lambda import OnePlusLambda
from nasbench.trials import Results


def walk(strategy, score_of, n_generations):
    """Return the first architecture and those of the last generation."""
    asked = []
    for generation in range(n_generations):
        trials = strategy.ask(9)
        asked.append(trials.arch)
        n = len(trials.id)
        strategy.tell(Results(trials.id, np.full(n, 1), np.full((n, 1), score_of(generation)), np.ones(n)))
    return asked[0][0], asked[-1]


@pytest.mark.parametrize(("slope", "stays"), [(-1.0, True), (0.0, False)])
def test_it_drifts_over_a_plateau_but_never_down(slope, stays, rng):
    space = SPACES.load("darts")()
    strategy = OnePlusLambda(space, rng, n_children=4)
    start, last = walk(strategy, lambda generation: slope * generation, 60)
    assert len(last) == 4
    # A child of the start has a Binomial(22, 1 / 22) number of edits, of at most two decisions each.
    assert ((last != start).sum(axis=1).max() <= 10) == stays
