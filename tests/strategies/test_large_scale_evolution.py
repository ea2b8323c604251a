"""Of a pair, the worse dies and the better has the child."""

import numpy as np
import pytest

from nasbench.errors import InvalidOption
from nasbench.strategies.model_free.large_scale_evolution import LargeScaleEvolution
from nasbench.trials import Results


def test_the_better_of_the_two_is_the_parent_and_the_worse_dies(cifar10, rng):
    strategy = LargeScaleEvolution(cifar10.space, rng, population_size=2)
    trials = strategy.ask(2)
    scores = rng.random(2)
    strategy.tell(Results(trials.id, np.full(2, 1), scores[:, None], np.ones(2)))
    living = list(zip(scores, trials.arch, strict=True))
    for _ in range(60):
        child = strategy.ask(1)
        parent = max(living, key=lambda one: one[0])
        assert (child.arch[0] != parent[1]).sum() == 1
        # Noise, no landscape: a survivor that should have died would soon be the parent.
        score = rng.random()
        living = [parent, (score, child.arch[0])]
        strategy.tell(Results(child.id, np.array([1]), np.array([[score]]), np.ones(1)))


def test_a_pair_needs_two(cifar10, rng):
    with pytest.raises(InvalidOption, match="population_size=1; expected at least 2"):
        LargeScaleEvolution(cifar10.space, rng, population_size=1)
