"""NASH: the unchanged child competes untrained, and a climb ends after its steps."""

import numpy as np
import pytest

from nasbench.errors import InvalidOption
from nasbench.strategies.model_free.nash import NASH
from nasbench.trials import Results


def told(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 200), np.array(scores, dtype=float)[:, None], np.ones(n)))


def step(strategy, scores):
    trials = strategy.ask(100)
    told(strategy, trials, scores)
    return trials.arch


def test_a_step_trains_seven_children_of_the_best_so_far(cifar10, rng):
    strategy = NASH(cifar10.space, rng, n_morphisms=1)
    start = step(strategy, [0.5])
    first = step(strategy, [0.1, 0.2, 0.6, 0.3, 0.1, 0.1, np.nan])
    assert len(first) == len(np.unique(first, axis=0)) == 7
    assert set((first != start).sum(axis=1)) <= {1, 2}  # one edit, and another where that child is known
    second = step(strategy, [0.4] * 7)
    assert set((second != first[2]).sum(axis=1)) <= {1, 2}
    # none of the seven was better: the unchanged eighth is
    assert set((step(strategy, [0.4] * 7) != first[2]).sum(axis=1)) <= {1, 2}


def test_five_edits_lead_up_to_five_decisions_away_and_a_climb_has_five_steps(cifar10, rng):
    strategy = NASH(cifar10.space, rng)
    sizes, distances = [], []
    for _ in range(40):
        start = step(strategy, [0.9])
        sizes.append(len(start))
        for _ in range(5):
            children = strategy.ask(100)
            distances += (children.arch != start).sum(axis=1).tolist()
            told(strategy, children, [0.1] * len(children.id))
            sizes.append(len(children.id))
    assert sizes == [1, 7, 7, 7, 7, 7] * 40
    assert 0 < max(distances) <= 6
    # A decision is untouched by five edits with chance (5/6)^5 = .402 and back at its choice with chance .047 (two
    # visits .161 / 4, three .032 * 3/16, ...): 6 (1 - .402 - .047) = 3.31 differ. Children known before go on.
    assert abs(np.mean(distances) - 3.31) < 0.12


def test_a_start_that_crashed_is_drawn_again(cifar10, rng):
    strategy = NASH(cifar10.space, rng)
    assert len(step(strategy, [np.nan])) == 1
    assert len(step(strategy, [0.5])) == 1
    assert len(step(strategy, [0.5] * 7)) == 7


@pytest.mark.parametrize("options", [{"n_neighbors": 1}, {"n_steps": 0}, {"n_morphisms": 0}])
def test_options_out_of_range_are_refused(cifar10, rng, options):
    with pytest.raises(InvalidOption, match="at least"):
        NASH(cifar10.space, rng, **options)
