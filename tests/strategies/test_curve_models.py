"""Searches that learn while they train partially: what they are told, what they go on with, and that it is worth it."""

import numpy as np
import pytest
from landscapes import SPACE, Curves, Watched

from nasbench import Budget, Simulation
from nasbench.errors import InvalidOption
from nasbench.predictions import Prediction
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, select_checkpoints
from nasbench.strategies.multi_fidelity._model_based_halving import RungResults
from nasbench.strategies.multi_fidelity.freeze_thaw import FreezeThawBO
from nasbench.strategies.multi_fidelity.hyper_tune import HyperTune
from nasbench.strategies.multi_fidelity.ifbo import IfBOSearch
from nasbench.strategies.multi_fidelity.mobster import MOBSTER
from nasbench.strategies.multi_fidelity.predictive_termination import PredictiveTermination
from nasbench.strategies.multi_fidelity.regularized_evolution_lce import RegularizedEvolutionLCE

EPOCHS = tuple(range(1, 21))
LINEAR = "bayesian_linear_regression,encoding=one_hot"


class Climbs(Curves):
    """Ends are sums over decisions, so that they can be learnt; all curves rise alike."""

    def __init__(self, last, seed=0):
        super().__init__(last, seed=seed)
        weights = np.random.default_rng(seed + 100).random((6, 5))
        self.end = weights[np.arange(6), SPACE.rows].mean(axis=1)
        self.rate[:] = 0.5


class Oracle:
    """A predictor that knows every end, with the deviation it is told."""

    needs = frozenset({"curves"})
    learns_from_partial_curves = True

    def __init__(self, space, *, std=0.01):
        self.backend, self.std, self.fits = Climbs(20), std, []

    def fit(self, batch, score, rng):
        self.fits.append((batch, score))

    def predict(self, batch):
        mean = self.backend.score(batch.archs, np.full(len(batch), 20))
        return Prediction(mean, np.full(len(batch), self.std))


def run(strategy, trials, n_workers=1, backend=None):
    return Simulation(strategy, backend or Climbs(20), SPACE, budget=Budget(trials=trials), n_workers=n_workers).run()


def test_checkpoints_are_spread_evenly_and_end_at_the_end():
    assert select_checkpoints(range(1, 101), 10) == tuple(range(10, 101, 10))
    assert select_checkpoints((4, 12, 36, 108), 10) == (4, 12, 36, 108)
    assert select_checkpoints(range(1, 8), 3) == (2, 5, 7)
    assert select_checkpoints((), 3) == ()
    with pytest.raises(InvalidOption, match="n=0"):
        select_checkpoints((1, 2), 0)


@pytest.mark.parametrize("predictor", [LINEAR, "sotl"])
def test_a_predictor_of_other_things_is_refused(predictor, rng):
    with pytest.raises(InvalidOption, match="learning curves only"):
        PredictiveTermination(SPACE, rng, epochs=EPOCHS, predictor=predictor)


def test_the_model_is_told_curves_as_wide_as_the_recipe(rng):
    model = CurveModel(SPACE, Oracle, steps=(5, 10, 20), refit_every=3)
    archs = SPACE.sample(3, rng)
    assert model.learn(archs, [[0.1, 0.2, 0.3], [0.2], [0.1, 0.1, 0.4]], rng)
    (batch, score) = model._predictor.fits[0]
    assert batch.curves.shape == (3, 20)
    np.testing.assert_array_equal(batch.curves[1, [4, 9, 19]], [0.2, np.nan, np.nan])
    np.testing.assert_array_equal(score, [0.3, np.nan, 0.4])
    assert np.isnan(np.delete(batch.curves, [4, 9, 19], axis=1)).all()
    assert not model.learn(archs, [[0.1, 0.2, 0.3], [0.2, 0.3], [0.1, 0.1, 0.4]], rng), "three results later"


def test_nothing_is_learnt_from_equal_ends(rng):
    model = CurveModel(SPACE, Oracle, steps=(5, 20), refit_every=1)
    assert not model.learn(SPACE.sample(2, rng), [[0.1, 0.3], [0.2, 0.3]], rng)


def test_what_will_not_be_the_best_ends_and_what_will_goes_on(rng):
    strategy = PredictiveTermination(SPACE, rng, epochs=EPOCHS, predictor=Oracle, n_looks=4, n_init=2)
    history = run(strategy, 300)
    ends = Climbs(20).score(history.arch, np.full(len(history.id), 20))
    best, stopped = -np.inf, 0
    for trial, epoch, score, end in zip(history.id, history.epoch, history.score[:, 0], ends, strict=True):
        goes_on = ((history.id == trial) & (history.epoch > epoch)).any()
        if epoch == 20:
            best = max(best, score)
        elif 2 <= trial < history.id[-1]:
            assert goes_on == (end > best - 1.6449 * 0.01), "the normal quantile of 5 %"
            stopped += not goes_on
    assert stopped > 50


def test_freeze_thaw_goes_on_with_the_largest_improvement(rng):
    """With an oracle that is sure, the best of all that it may choose from is trained to its end."""
    strategy = FreezeThawBO(SPACE, rng, epochs=EPOCHS, predictor=Oracle, n_steps=5, n_init=3, pool_size=50)
    history = run(strategy, 8)
    assert history.epoch[:3].tolist() == [4, 4, 4], "the random start"
    assert len(np.unique(history.id[3:])) == 1
    assert history.epoch[3:].tolist() in ([4, 8, 12, 16, 20], [8, 12, 16, 20, 4])
    assert history.score.max() == history.score[history.id == history.id[3]].max()


def test_crashed_trainings_are_forgotten_and_all_of_them_do_no_harm(rng):
    strategy = FreezeThawBO(SPACE, rng, epochs=EPOCHS, predictor=Oracle, n_steps=5, pool_size=5)
    history = run(strategy, 120, n_workers=4, backend=Curves(20, crashes=1.0))
    again = history.id[history.crashed]
    assert len(again) == len(np.unique(again)) > 20, "none goes on"


def test_the_mark_of_ifbo_lies_between_the_best_and_one():
    strategy = IfBOSearch(SPACE, np.random.default_rng(0), epochs=EPOCHS)
    mean, sure = np.array([0.9, 0.90005, 0.92, 1.0]), np.full(4, 1e-6)
    passes = np.array([strategy._compute_acquisition(mean, sure, 0.9) > -1 for _ in range(2000)]).mean(axis=0)
    # (mean - 0.9) / 0.1 exceeds 10^u for u uniform in [-4, -1] with probability (4 + log10 of it) / 3, at most 1
    expected = [0.0, (4 + np.log10(0.0005)) / 3, 1.0, 1.0]
    np.testing.assert_allclose(passes, expected, atol=0.04)


@pytest.mark.parametrize("n_workers", [1, 6])
def test_evolution_learns_of_every_child_and_half_are_completed(n_workers):
    strategy = RegularizedEvolutionLCE(SPACE, np.random.default_rng(0), epochs=EPOCHS, predictor="last_value")
    watched = Watched(strategy)
    history = run(watched, 900, n_workers=n_workers)
    reached = {trial: history.epoch[history.id == trial].max() for trial in np.unique(history.id)}
    later = [reached[trial] for trial in sorted(reached)[25:-20]]
    assert set(later) == {4, 20}, "a fifth, or all"
    assert 0.4 < np.mean(np.array(later) == 20) < 0.6
    assert strategy._inner._n_told >= len(later)
    # of those that were compared, none that went on ended lower at the comparison than all that did not
    at_fifth = {t: s for t, e, s in zip(history.id, history.epoch, history.score[:, 0], strict=True) if e == 4}
    kept = np.mean([at_fifth[t] for t in sorted(reached)[25:-20] if reached[t] == 20])
    assert kept > np.mean([at_fifth[t] for t in sorted(reached)[25:-20] if reached[t] == 4])


@pytest.mark.parametrize("strategy", [MOBSTER, HyperTune])
def test_models_propose_better_architectures_than_are_drawn(strategy):
    """On a landscape that a linear model learns: what is begun late ends half a deviation above a random draw."""
    for seed in range(3):
        own = strategy(SPACE, np.random.default_rng(seed), epochs=EPOCHS, predictor=LINEAR, refit_every=30)
        history = run(own, 90, n_workers=4, backend=Climbs(20, seed))
        _, begun = np.unique(history.id, return_index=True)
        end = Climbs(20, seed).end
        assert end[SPACE.index(history.arch[begun[-30:]])].mean() > end.mean() + end.std() / 2


def test_the_highest_rung_with_enough_results_is_learnt_from():
    strategy = MOBSTER(SPACE, np.random.default_rng(0), epochs=EPOCHS, predictor=LINEAR, n_init=6)
    assert strategy._find_highest() is None
    for i, arch in enumerate(SPACE.rows[:6]):
        strategy._learn(arch, 1, i / 10)
    assert strategy._find_highest() == 1
    for i, arch in enumerate(SPACE.rows[:6]):
        strategy._learn(arch, 9, -np.inf if i == 0 else i / 10)
    assert strategy._find_highest() == 1, "a crash is no result"
    strategy._learn(SPACE.rows[7], 9, 0.3)
    assert strategy._find_highest() == 9


def test_a_level_keeps_what_did_not_crash():
    level = RungResults(SPACE)
    assert level.archs.shape == (0, 6)
    for score in (0.5, -np.inf, 0.7):
        level.add(SPACE.rows[0], score)
    assert level.scores.tolist() == [0.5, 0.7]


def test_hyper_tune_delays_promotions_until_a_rung_is_full_enough():
    """D-ASHA: a rung holds eta times as many as have been asked to reach the next, that one included."""
    strategy = HyperTune(SPACE, np.random.default_rng(0), epochs=EPOCHS, predictor=LINEAR, n_init=200)
    watched = Watched(strategy)
    run(watched, 300, n_workers=8)
    for bracket in strategy._brackets:
        for rung, begun in zip(bracket.reached, bracket.begun[1:], strict=False):
            assert begun <= len(rung) / 3
