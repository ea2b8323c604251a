"""BONAS: who competes, what is asked, and that it pays."""

import numpy as np
import pytest
from scipy import stats

from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, make_predictor
from nasbench.strategies.model_based.bonas import BONAS
from tests.strategies.test_model_based import Recorder, answer, final_scores

LINEAR = 'bonas,predictor="bayesian_linear_regression"'


def test_the_neighbours_of_a_tournament_winner_compete(cifar10):
    """With a tournament of all 30, the best of the youngest 30 is the parent: not the first, which is older."""
    Recorder.asked.clear()
    strategy = BONAS(
        cifar10.space, np.random.default_rng(0), predictor=Recorder, n_init=31, tournament_size=30, kappa=0.0
    )
    first = strategy.ask(31)
    scores = np.r_[2.0, np.linspace(0, 1, 30)]
    answer(strategy, first, scores)
    chosen = strategy.ask(5).arch
    candidates = Recorder.asked[-1]
    assert ((candidates != first.arch[-1]).sum(axis=1) == 1).all()
    known = {row.tobytes() for row in first.arch}
    around, _ = cifar10.space.neighbors(first.arch[-1:])
    assert len(candidates) == sum(row.tobytes() not in known for row in around)
    worth = np.sort(candidates.sum(axis=1))[::-1]
    assert chosen.sum(axis=1).tolist() == worth[:5].tolist()


def test_the_regression_on_the_embedding_ranks_and_tells_near_from_far(cifar10, rng):
    """What was trained is better known than what was not."""
    archs, others = cifar10.space.sample(50, rng), cifar10.space.sample(300, rng)
    predictor = make_predictor(cifar10.space, "bonas@bayesian,target=rank,epochs=60")
    predictor.fit(Batch(archs), cifar10.query(archs), rng)
    told, own = predictor.predict(Batch(others)), predictor.predict(Batch(archs))
    assert stats.spearmanr(told.mean, cifar10.query(others)).statistic > 0.5
    assert np.median(own.std) < np.median(told.std)


@pytest.mark.slow
def test_it_beats_random_search(cifar10):
    """With a linear model, after 100 trainings: 8 runs against 40, one-sided Mann-Whitney test, p < 0.01."""
    random = final_scores("random_search", cifar10, 40, 100)
    assert stats.mannwhitneyu(final_scores(LINEAR, cifar10, 8, 100), random, alternative="greater").pvalue < 0.01


def test_options_out_of_range_are_refused(cifar10, rng):
    for option in ("population_size", "tournament_size", "n_init", "batch"):
        with pytest.raises(InvalidOption, match="at least 1"):
            BONAS(cifar10.space, rng, **{option: 0})
