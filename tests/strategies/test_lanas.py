"""LaNAS: what a tree of regressions does with a line, and that it pays."""

import math

import numpy as np
import pytest
from scipy import stats

from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES
from nasbench.strategies.model_based._partition import Partition
from nasbench.strategies.model_based.lanas import LaNAS
from nasbench.trials import Results
from tests.strategies.test_model_based import final_scores


def tree_on_a_line(height=3, seed=0):
    """Scores 0 to 15 at the same places: the regressions are exact, each mean halves a region."""
    line = np.arange(16.0)[:, None]
    return Partition(line, line[:, 0], line, height=height, rng=np.random.default_rng(seed))


def test_without_exploration_the_best_quarter_comes_first_then_the_next():
    tree = tree_on_a_line()
    drawn = [tree.draw(0.0) for _ in range(16)]
    quarters = [sorted(candidate for candidate, _ in drawn[i : i + 4]) for i in range(0, 16, 4)]
    assert quarters == [[12, 13, 14, 15], [8, 9, 10, 11], [4, 5, 6, 7], [0, 1, 2, 3]]
    assert [leaf for _, leaf in drawn[::4]] == [3, 4, 5, 6]
    assert tree.n_left == 0


def test_the_bound_is_that_of_the_paper():
    """Root: 16 visits; children: 8 each, means 11.5 and 3.5. One draw below the better one raises its visits to 9."""
    tree = tree_on_a_line(height=2)
    tree.draw(0.0)
    assert tree._compute_bound(0, 1, 0.5) == pytest.approx(11.5 + math.sqrt(2 * math.log(17) / 9))
    assert tree._compute_bound(0, 2, 0.5) == pytest.approx(3.5 + math.sqrt(2 * math.log(17) / 8))


def test_bad_news_sends_the_next_one_elsewhere():
    tree = tree_on_a_line(height=2)
    _, leaf = tree.draw(0.0)
    assert leaf == 1
    tree.reward(leaf, -100.0)
    assert tree.draw(0.0)[1] == 2


def test_what_lies_right_between_two_points_is_not_divided_by_rounding():
    """Two points of one-hot decisions, candidates as far from one as from the other: the mean divides them at 0."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        good, bad = np.eye(5)[rng.permutation(5)[:3]], np.eye(5)[rng.permutation(5)[:3]]
        between = np.eye(5)[rng.integers(5, size=(200, 3))].reshape(200, -1)
        good, bad = good.ravel(), bad.ravel()
        between = between[((between - good) ** 2).sum(axis=1) == ((between - bad) ** 2).sum(axis=1)]
        assert len(between) > 10
        tree = Partition(np.array([good, bad]), np.array([0.91, 0.73]), between, height=2, rng=rng)
        assert tree._left.tolist() == [len(between), len(between), 0]


def test_scores_that_are_all_equal_leave_one_region():
    line = np.arange(6.0)[:, None]
    tree = Partition(line[:3], np.full(3, 0.7), line, height=3, rng=np.random.default_rng(0))
    drawn = [tree.draw(0.1) for _ in range(6)]
    assert sorted(candidate for candidate, _ in drawn) == list(range(6))
    assert len({leaf for _, leaf in drawn}) == 1


def test_the_tree_is_learnt_after_ten_and_then_every_twenty(cifar10, monkeypatch):
    sizes = []
    learn = LaNAS._learn
    monkeypatch.setattr(LaNAS, "_learn", lambda self: (sizes.append(len(self._scores)), learn(self))[1])
    strategy = LaNAS(cifar10.space, np.random.default_rng(0))
    for _ in range(60):
        trials = strategy.ask(1)
        score = cifar10.query(trials.arch)[:, None]
        strategy.tell(Results(trials.id, np.array([200]), score, np.ones(1)))
    assert sizes == [10, 30, 50]


@pytest.mark.slow
def test_it_beats_random_search(cifar10):
    """After 100 trainings: 40 runs against 40, one-sided Mann-Whitney test, fixed seeds, p < 0.01."""
    random = final_scores("random_search", cifar10, 40, 100)
    found = final_scores("lanas", cifar10, 40, 100)
    assert stats.mannwhitneyu(found, random, alternative="greater").pvalue < 0.01


@pytest.mark.parametrize("options", ["height=1", "height=11", "exploration=-1", "retrain_every=0", "n_init=0"])
def test_options_out_of_range_are_refused(options):
    with pytest.raises(InvalidOption, match="expected"):
        Choice.parse(f"lanas,{options}").resolve(STRATEGIES)
