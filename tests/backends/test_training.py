"""Strategies on real training: the same protocol as on a table."""

import hashlib
import threading

import numpy as np
import pytest
import torch

from nasbench.backends.training import TrainingBackend
from nasbench.datasets import load_images
from nasbench.errors import InvalidOption, StrategyError
from nasbench.files import exclusive_lock
from nasbench.registry import STRATEGIES
from nasbench.simulation import Budget, Simulation
from nasbench.spaces.nb201 import NASBench201
from nasbench.training import load_recipe
from nasbench.trials import Trials, full_trainings

NETWORK = "nb201,channels=4,n_cells=1,stages=2"
SPACE = NASBench201()
GOOD = np.array([[3, 1, 0, 2, 4, 3]], dtype=np.int8)


@pytest.fixture(scope="module")
def digits():
    return load_images("digits", np.random.default_rng(0), test_share=0.5)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def backend(digits, tmp_path):
    def make(recipe="small-4,epochs=3,deterministic=True", seed=1, folder="runs", data=digits):
        rng = np.random.default_rng(seed)
        return TrainingBackend(
            SPACE, data, recipe=load_recipe(recipe), rng=rng, folder=tmp_path / folder, network=NETWORK
        )

    return make


def ask(trial, epoch, arch=GOOD):
    return Trials(np.array([trial]), arch, np.array([epoch]))


@pytest.mark.parametrize("name", ["random_search", "regularized_evolution"])
def test_a_strategy_runs_on_real_trainings(backend, rng, name):
    strategy = STRATEGIES.load(name)(SPACE, rng)
    history = Simulation(strategy, backend("small-4,epochs=1"), SPACE, budget=Budget(trials=4), n_workers=2).run()
    assert len(history.score) == 4
    assert ((history.score >= 0) & (history.score <= 1)).all()
    assert (history.cost_s > 0).all()
    assert (history.epoch == 1).all()


def test_a_resumed_trial_pays_only_for_its_new_epochs_and_ends_the_same(backend):
    parts, whole = backend(), backend(folder="whole")
    answers = [parts.advance(ask(0, epoch)) for epoch in (1, 2, 3)]
    full = whole.advance(full_trainings(0, GOOD))
    assert answers[-1].score == full.score
    assert [answer.epoch.item() for answer in answers] == [1, 2, 3]
    again = parts.advance(full_trainings(7, GOOD))  # the same training, charged as a whole
    assert again.score == full.score
    assert again.cost_s.item() == pytest.approx(sum(answer.cost_s.item() for answer in answers))


def test_another_generator_is_another_repetition_and_the_order_does_not_matter(backend):
    other = np.array([[3, 3, 1, 1, 2, 3]], dtype=np.int8)
    both = Trials(np.arange(2), np.concatenate([GOOD, other]), np.array([1, 1]))
    turned = Trials(np.arange(2), np.concatenate([other, GOOD]), np.array([1, 1]))
    first, second = backend().advance(both).score.ravel(), backend(folder="b").advance(turned).score.ravel()
    assert first.tolist() == second[::-1].tolist()
    assert backend(seed=2, folder="c").advance(both).score.ravel().tolist() != first.tolist()


def test_a_killed_search_goes_on_without_training_again(backend):
    first = backend().advance(full_trainings(0, GOOD))
    again = backend().advance(full_trainings(0, GOOD))
    assert again.score == first.score
    assert again.cost_s == first.cost_s  # the seconds of the checkpoint, not those of reading it


def test_a_diverging_training_scores_nan_and_the_others_go_on(backend):
    failing = backend("small-4,lr=1e30", folder="failing")
    archs = np.concatenate([GOOD, np.zeros((1, 6), dtype=np.int8)])
    results = failing.advance(full_trainings(0, archs))
    assert np.isnan(results.score[0])
    assert (results.cost_s > 0).all()
    assert "the loss is" in failing.failures[SPACE.format(GOOD)[0]]
    again = backend("small-4,lr=1e30", folder="failing").advance(full_trainings(0, GOOD))
    assert np.isnan(again.score[0])
    assert again.cost_s[0] == results.cost_s[0]


def test_the_epochs_before_a_divergence_are_known_ever_after(backend):
    recipe = "small-4,epochs=4,lr=1e5,deterministic=True"
    thin = SPACE.parse(["|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|"])  # lost in its second epoch
    first = backend(recipe)
    seen = [first.advance(ask(0, epoch, thin)) for epoch in (1, 4)]
    assert np.isfinite(seen[0].score.item())
    assert np.isnan(seen[1].score.item())
    again = backend(recipe)  # as in another process, which knows the outcome from the files only
    assert again.advance(ask(1, 1, thin)).score == seen[0].score
    whole = again.advance(full_trainings(2, thin))
    assert np.isnan(whole.score.item())
    assert whole.cost_s.item() == pytest.approx(sum(answer.cost_s.item() for answer in seen))


def test_test_images_are_out_of_reach(backend, digits):
    """With test images that are all wrong the answers are the same."""
    labels = 9 - digits.parts["test"].labels
    parts = {**digits.parts, "test": digits.parts["test"]._replace(labels=labels)}
    changed = type(digits)(digits.name, digits.classes, parts)
    first, second = backend().advance(ask(0, 1)), backend(folder="b", data=changed).advance(ask(0, 1))
    assert first.score == second.score


def test_a_strategy_that_breaks_the_contract_is_told(backend, digits):
    answering = backend()
    answering.advance(ask(0, 2))
    with pytest.raises(StrategyError, match="epoch 2 after epoch 2; expected 3 to 3"):
        answering.advance(ask(0, 2))
    with pytest.raises(StrategyError, match="epoch 4 after epoch 0"):
        answering.advance(ask(1, 4))
    with pytest.raises(StrategyError, match="another architecture before"):
        answering.advance(ask(0, 3, GOOD[:, ::-1].copy()))
    only = type(digits)(digits.name, digits.classes, {"train": digits.parts["train"]})
    with pytest.raises(InvalidOption, match="no validation images"):
        backend(data=only)


def test_a_training_under_way_elsewhere_is_waited_for(backend, tmp_path):
    answering, told = backend("small-4,epochs=1"), []
    digest = hashlib.sha256(SPACE.format(GOOD)[0].encode()).hexdigest()[:16]
    with exclusive_lock(tmp_path / "runs" / digest / "checkpoint.pt"):
        asking = threading.Thread(target=lambda: told.append(answering.advance(full_trainings(0, GOOD))))
        asking.start()
        asking.join(0.5)
        assert asking.is_alive()
        assert not told
    asking.join(60)
    assert told[0].score.item() > 0.1
