"""A network trained in a stack equals the one that the ordinary loop trains, whatever else is in the stack."""

import numpy as np
import pytest
import torch

from nasbench.datasets import load_images
from nasbench.errors import InvalidOption
from nasbench.networks import build_network
from nasbench.spaces.nb201 import NASBench201
from nasbench.training import load_recipe, train_network, train_stack
from nasbench.training.feed import Feed
from nasbench.training.trainer import Setup

N = 4
ARCHS = NASBench201().sample(N, np.random.default_rng(3))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def signals():
    return load_images("mnist1d,n_train=150,n_valid=100,n_test=50", np.random.default_rng(0))


@pytest.fixture
def in_double(monkeypatch):
    """In single precision, rounding grows from step to step."""
    single = Feed._normalize
    monkeypatch.setattr(Feed, "_normalize", lambda self, images: single(self, images).double())


def network(i):
    label = "nb201,axes=1,in_channels=1,channels=4,n_cells=1,stages=1"
    return build_network(label, ARCHS[i : i + 1], np.random.default_rng(i)).double()


def stacked(signals, chosen, label):
    made, rngs = [network(i) for i in chosen], [np.random.default_rng(100 + i) for i in chosen]
    return train_stack(made, signals, recipe=load_recipe(label), rngs=rngs)


def numbers(epochs):
    splits = ("train", "valid", "test")
    return [[epoch.splits[split][name] for split in splits for name in ("loss", "accuracy")] for epoch in epochs]


RECIPES = ("small-4", "small-4,ema=0.9,label_smoothing=0.1", "small-4,optimiser=adamw,lr=0.01,batch_size=149")


@pytest.mark.parametrize("label", RECIPES)
@pytest.mark.usefixtures("in_double")
def test_a_training_is_that_of_the_ordinary_loop(signals, label):
    outcomes = stacked(signals, range(N), label)
    for i, outcome in enumerate(outcomes):
        alone = train_network(
            network(i), signals, recipe=load_recipe(label), rng=np.random.default_rng(100 + i), setup=Setup()
        )
        np.testing.assert_allclose(numbers(outcome.epochs), numbers(alone.epochs), rtol=1e-6)  # it sums in single
        assert [epoch.lr for epoch in outcome.epochs] == [epoch.lr for epoch in alone.epochs]
        given = torch.as_tensor(signals.parts["test"].images).double()
        with torch.no_grad():
            torch.testing.assert_close(outcome.network(given), alone.network(given), rtol=1e-6, atol=1e-8)


@pytest.mark.usefixtures("in_double")
def test_what_else_is_in_the_stack_changes_nothing(signals):
    together = stacked(signals, [0, 1, 2, 3], "small-4")
    apart = stacked(signals, [2, 1], "small-4")
    np.testing.assert_allclose(numbers(together[2].epochs), numbers(apart[0].epochs), rtol=1e-9)
    np.testing.assert_allclose(numbers(together[1].epochs), numbers(apart[1].epochs), rtol=1e-9)


def test_a_network_that_diverges_is_lost_alone(signals):
    clean = stacked(signals, range(N), "small-4")
    made = [network(i) for i in range(N)]
    with torch.no_grad():
        made[1].classifier.weight.fill_(torch.nan)
    rngs = [np.random.default_rng(100 + i) for i in range(N)]
    outcomes = train_stack(made, signals, recipe=load_recipe("small-4"), rngs=rngs)
    assert "the loss is nan in epoch 1 of 4" in outcomes[1].error
    assert outcomes[1].epochs == []
    assert outcomes[1].network is None
    for i in (0, 2, 3):
        assert outcomes[i].error == ""
        assert numbers(outcomes[i].epochs) == numbers(clean[i].epochs)


@pytest.mark.parametrize(
    ("label", "split", "says"),
    [("small-4,clip_norm=5.0", "valid", "clip_norm is for one network"), ("small-4", "dev", "no split 'dev'")],
)
def test_what_cannot_be_trained_in_a_stack_is_refused(signals, label, split, says):
    with pytest.raises(InvalidOption, match=says):
        train_stack(
            [network(0)], signals, recipe=load_recipe(label), rngs=[np.random.default_rng(0)], evaluate=(split,)
        )
