"""Naming the winner: what a model makes of noisy scores, and what it leaves alone."""

import numpy as np
import pytest

import nasbench
from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.running import one_run
from nasbench.errors import InvalidOption
from nasbench.recommending import find_non_dominated, recommend_by_default
from nasbench.registry import STRATEGIES
from nasbench.strategies._winner import WinnerModel
from nasbench.strategies.model_based.auto import Auto
from nasbench.strategies.model_based.model_recommendation import ModelRecommendation

NOISE = 0.01


def smooth_landscape(archs):
    """Each decision adds its own share: what alike architectures score tells what one scores."""
    return 0.5 + archs @ np.array([0.02, 0.01, 0.03, 0.02, 0.01, 0.02])


def distinct(space, n, seed=0):
    archs = space.sample(4 * n, np.random.default_rng(seed))
    _, first = np.unique(archs, axis=0, return_index=True)
    return archs[np.sort(first)[:n]]


def run(task, label, number=0, trials=40):
    experiment = Experiment.of([task], [label], runs=number + 1, limits=Limits(trials=trials))
    done = one_run(experiment, task, experiment.strategies[0], number)
    assert not done.failed, done.error
    return done


def test_luck_is_seen_through(cifar10):
    """A middling architecture that scores best by luck is not named; where it is no luck, it is."""
    archs = distinct(cifar10.space, 60)
    truth = smooth_landscape(archs)
    scores = truth + 1e-3 * np.random.default_rng(0).normal(size=len(truth))
    lucky = int(np.argsort(truth)[-8])
    scores[lucky] = scores.max() + 0.001
    for noise, named in ((0.03, int(truth.argmax())), (1e-6, lucky), (0.0, lucky)):
        winner = WinnerModel(cifar10.space, noise)
        winner.tell(archs, scores[:, None])
        assert winner.recommend().tolist() == archs[[named]].tolist()


def test_it_names_better_than_the_best_observed(cifar10):
    """What a search trains, some at random and many good ones: over 20 draws of noise, what is named is better."""
    drawn = distinct(cifar10.space, 1000)
    good = np.argsort(-smooth_landscape(drawn[30:]))[:50]
    archs, rng = np.concatenate([drawn[:30], drawn[30:][good]]), np.random.default_rng(1)
    truth, gains = smooth_landscape(archs), []
    for _ in range(20):
        scores = truth + 0.03 * rng.normal(size=len(truth))
        winner = WinnerModel(cifar10.space, 0.03)
        winner.tell(archs, scores[:, None])
        (named,) = np.flatnonzero((archs == winner.recommend()).all(axis=1))
        gains.append(truth[named] - truth[scores.argmax()])
    assert np.mean(gains) > 2 * np.std(gains) / len(gains) ** 0.5


def test_told_one_by_one_it_follows_the_search(cifar10):
    archs, winner = distinct(cifar10.space, 40), WinnerModel(cifar10.space, NOISE)
    scores = smooth_landscape(archs) + NOISE * np.random.default_rng(0).normal(size=40)
    for n in range(1, 41):
        winner.tell(archs[n - 1 : n], scores[n - 1 : n, None])
        named = winner.recommend()
        assert named.shape == (1, 6)
        assert (archs[:n] == named).all(axis=1).any()
        if n < 10:
            assert named.tolist() == archs[[scores[:n].argmax()]].tolist()


def test_crashes_and_equal_scores_are_survived(cifar10):
    archs, winner = distinct(cifar10.space, 20), WinnerModel(cifar10.space, NOISE)
    winner.tell(archs[:2], np.full((2, 1), np.nan))
    assert winner.recommend().tolist() == archs[:1].tolist()
    winner.tell(archs[2:], np.full((18, 1), 0.5))
    assert winner.recommend().tolist() == archs[2:3].tolist()


def test_the_same_training_again_is_no_news_and_another_one_is(cifar10):
    archs = distinct(cifar10.space, 30)
    scores = smooth_landscape(archs) + 0.01 * np.random.default_rng(0).normal(size=30)
    best = int(scores.argmax())
    once, again, anew = (WinnerModel(cifar10.space, 1e-6) for _ in range(3))
    for winner in (once, again, anew):
        winner.tell(archs, scores[:, None])
    again.tell(archs[[best]], scores[[best], None])
    anew.tell(archs[[best]], np.array([[0.1]]))  # a second training shows that the first one was luck
    assert once.recommend().tolist() == again.recommend().tolist() == archs[[best]].tolist()
    assert anew.recommend().tolist() == archs[[np.argsort(scores)[-2]]].tolist()


def test_of_several_objectives_the_set_is_handed_over(cifar10):
    archs, winner = distinct(cifar10.space, 20), WinnerModel(cifar10.space, NOISE)
    scores = np.random.default_rng(0).normal(size=(20, 2))
    winner.tell(archs, scores)
    assert winner.recommend().tolist() == archs[find_non_dominated(scores)].tolist()


def test_negative_noise_is_refused(cifar10):
    with pytest.raises(InvalidOption, match="observation_noise=-1"):
        WinnerModel(cifar10.space, -1.0)
    with pytest.raises(InvalidOption, match="observation_noise"):
        Choice.parse("auto,observation_noise=-1").resolve(STRATEGIES)


@pytest.mark.parametrize("name", ["nbgraph-cora", "curves201-mnist1d"])
def test_where_nothing_is_noisy_the_default_stays(name):
    done = run(nasbench.load_task(name), "auto", trials=15)
    assert done.recommendations == ()


def test_the_search_stays_the_same_and_names_what_it_trained(cifar10):
    by_model, by_score = run(cifar10, "auto"), run(cifar10, "auto,winner=incumbent")
    assert by_score.recommendations == ()
    own = [np.random.default_rng(7) for _ in range(2)]
    searches = [
        Auto(cifar10.space, own[0], observation_noise=cifar10.observation_noise),
        Auto(cifar10.space, own[1], winner="incumbent", observation_noise=cifar10.observation_noise),
    ]
    noise = (np.random.default_rng(8) for _ in range(2))
    runs = [
        Simulation(search, cifar10.backend(rng), cifar10.space, budget=Budget(trials=40)).run()
        for search, rng in zip(searches, noise, strict=True)
    ]
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)
    assert own[0].bit_generator.state == own[1].bit_generator.state
    for one in by_model.recommendations:
        assert (by_model.history.arch == one.archs).all(axis=1).any()
        assert one.time_s in by_model.history.finish_s


def test_two_runs_are_the_same_to_the_bit():
    task = nasbench.load_task("nb201-cifar100")
    first, second = (run(task, "auto") for _ in range(2))
    assert [one.time_s for one in first.recommendations] == [one.time_s for one in second.recommendations]
    assert [one.archs.tolist() for one in first.recommendations] == [
        one.archs.tolist() for one in second.recommendations
    ]


@pytest.mark.parametrize("search", ["random_search", "regularized_evolution", "asha"])
def test_the_wrapper_changes_nothing_of_a_search(search):
    task = nasbench.load_task("curves201-mnist1d")
    runs = []
    for wrapped in (False, True):
        component, options = Choice.parse(search).resolve(STRATEGIES)
        rng, given = np.random.default_rng(5), {"epochs": task.epochs} if search == "asha" else {}
        strategy = (
            ModelRecommendation(task.space, rng, search=search, observation_noise=0.02, epochs=task.epochs)
            if wrapped
            else component(task.space, rng, **options, **given)
        )
        simulation = Simulation(strategy, task.backend(np.random.default_rng(6)), task.space, budget=Budget(trials=60))
        runs.append((simulation.run(), simulation.recommendations))
    for a, b in zip(runs[0][0], runs[1][0], strict=True):
        np.testing.assert_array_equal(a, b)
    history, named = runs[1]
    assert named
    for one in named:  # trained as far as anything was at that time
        told = history.finish_s <= one.time_s
        at = told & (history.arch == one.archs[0]).all(axis=1)
        assert history.epoch[at].max() == history.epoch[told & ~history.crashed].max()


def test_the_wrapper_without_noise_is_the_search_alone():
    task = nasbench.load_task("nbgraph-cora")
    done = run(task, "model_recommendation,search=local_search")
    assert done.recommendations == ()
    assert len(recommend_by_default(done.history))


def test_the_wrapper_refuses_what_its_search_refuses(cifar10):
    with pytest.raises(InvalidOption, match="stops trainings early"):
        ModelRecommendation(cifar10.space, np.random.default_rng(0), search="asha")
    assert ModelRecommendation.sources("nb201-cifar10", {"search": "random_search"}) == []
