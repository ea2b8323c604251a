"""PNAS: the beam on a toy whose course is known, and how architectures grow in every space."""

import numpy as np
import pytest
from scipy import stats

from nasbench.errors import InvalidOption
from nasbench.predictions import Prediction
from nasbench.registry import SPACES
from nasbench.strategies._pools import SeenSet
from nasbench.strategies.model_based._progressive import expand_unseen, find_plainest
from nasbench.strategies.model_based.pnas import PNAS
from nasbench.trials import Results
from tests.strategies.test_model_based import final_scores

LINEAR = 'pnas@narrow,predictor="bayesian_linear_regression"'


class Weighs:
    """A predictor that knows the toy's scores: conv 3x3 is worth 3, weighted by the edge."""

    needs = frozenset()

    def __init__(self, space):
        pass

    def fit(self, batch, score, rng):
        pass

    def predict(self, batch):
        return Prediction(worth(batch.archs))


def worth(archs):
    return np.where(archs == 3, 3.0, 0.0) @ np.arange(1, 7) + 0.01 * (archs == 2).sum(axis=1)


def levels(strategy, n):
    """Ask for n levels, answer each with what the toy says; return them."""
    found = []
    for _ in range(n):
        trials = strategy.ask(1000)
        assert len(strategy.ask(5).id) == 0
        score = worth(trials.arch)[:, None]
        strategy.tell(Results(trials.id, np.full(len(score), 200), score, np.ones(len(score))))
        found.append(trials.arch)
    return found


def test_the_beam_of_a_toy_goes_as_worked_out_by_hand(cifar10):
    """Edge i adds 3 i if it is a 3x3 convolution, of edges 1 to 6. K = 2.

    Level 0 is the empty cell, level 1 all 24 cells with one live edge. Of them the convolutions on edges 6 and 5 are
    the best of 24, and all 24 are the beam; the best two with two edges are 6 + 5 and 6 + 4 (33 and 30). Of what those
    grow into, 6 + 5 + 4 (45) and 6 + 5 + 3 (42) lead; then 6543 (54) and 6542 (51); 65432 (60), 65431 (57); 654321
    (63). Last, the second of six live edges is 65432 with the 1x1 convolution on edge 1 (60.01).
    """
    strategy = PNAS(cifar10.space, np.random.default_rng(0), beam=24, predictor=Weighs)
    first, second = levels(strategy, 2)
    assert first.tolist() == [[0] * 6]
    assert len(second) == 24
    assert ((second != 0).sum(axis=1) == 1).all()
    strategy.beam = 2
    found = [[set((np.flatnonzero(row == 3) + 1).tolist()) for row in level] for level in levels(strategy, 5)]
    assert found == [
        [{6, 5}, {6, 4}],
        [{6, 5, 4}, {6, 5, 3}],
        [{6, 5, 4, 3}, {6, 5, 4, 2}],
        [{6, 5, 4, 3, 2}, {6, 5, 4, 3, 1}],
        [{6, 5, 4, 3, 2, 1}, {6, 5, 4, 3, 2}],
    ]


def test_after_the_last_level_the_best_are_varied(cifar10):
    strategy = PNAS(cifar10.space, np.random.default_rng(0), beam=5, predictor=Weighs)
    found = levels(strategy, 8)
    assert ((found[6] != 0).sum(axis=1) == 6).all()
    known = {row.tobytes() for level in found[:7] for row in level}
    assert not known & {row.tobytes() for row in found[7]}
    assert len(found[7]) == 5


@pytest.mark.parametrize("name", [name for name in SPACES.names() if name != "nbnlp"])
def test_every_space_grows(name, rng):
    """A level further, everything is new and differs from the plainest in more decisions than what it grew from."""
    space = SPACES.load(name)()
    seed = find_plainest(space)
    assert space.is_valid(seed).all()
    seen, level = SeenSet(space), seed
    for _ in range(3):
        seen.add(level)
        larger = expand_unseen(space, level, seed, seen, most=200, rng=rng)
        assert len(larger)
        assert len(seen.filter_unseen(larger)) == len(larger)
        assert (larger != seed).sum(axis=1).min() > (level != seed).sum(axis=1).min()
        level = larger[:5]


def test_the_plainest_cells_are_those_that_compute_nothing():
    assert SPACES.load("nb201")().format(find_plainest(SPACES.load("nb201")())) == [
        "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"
    ]
    darts = SPACES.load("darts")()
    assert darts.format(find_plainest(darts))[0].count("skip_connect") == 16


@pytest.mark.slow
def test_it_beats_random_search(cifar10):
    """Beams of 8 and a linear model, after 150 trainings: 10 runs against 40, one-sided Mann-Whitney, p < 0.01."""
    random = final_scores("random_search", cifar10, 40, 150)
    assert stats.mannwhitneyu(final_scores(LINEAR, cifar10, 10, 150), random, alternative="greater").pvalue < 0.01


def test_options_out_of_range_are_refused(cifar10, rng):
    for option in ("beam", "most"):
        with pytest.raises(InvalidOption, match="at least 1"):
            PNAS(cifar10.space, rng, **{option: 0})
