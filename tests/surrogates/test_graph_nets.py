"""Properties that all nets on graphs share: isomorphism, learning, state and batches."""

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS, SPACES

QUICK = {
    "gcn": {"epochs": 15, "hidden": 32, "lr": 3e-3},
    "gin": {"epochs": 40, "direction": "both"},
    "gin@npenas_bo": {"epochs": 40},
    "bonas": {"epochs": 60, "lr": 1e-2},
    "gates": {"epochs": 25, "hidden": 32, "lr": 1e-2, "batch_size": 20},
    "graph_transformer": {"epochs": 25, "members": 2, "hidden": 16, "layers": 2, "lr": 1e-2},
}


def made(label, space, **options):
    cls, preset = Choice.parse(label).resolve(PREDICTORS)
    return cls(space, **preset | QUICK[label] | options)


@pytest.fixture(params=QUICK)
def label(request):
    return request.param


def test_isomorphic_cells_get_the_same_prediction(label, rng):
    space = SPACES.load("nb101")()
    archs = space.sample(150, rng)
    predictor = made(label, space, epochs=2)
    predictor.fit(Batch(archs), rng.random(150), rng)
    twins = space.canonicalize(archs)
    assert (twins != archs).any(axis=1).sum() > 50
    answers, theirs = predictor.predict(Batch(archs)), predictor.predict(Batch(twins))
    np.testing.assert_allclose(answers.mean, theirs.mean, rtol=1e-9)
    assert answers.mean.std() > 1e-6


def test_it_ranks_far_better_than_chance(label, cifar10):
    """Two seeds, 80 training runs: Kendall test on 400 cells with p < 1e-6, and less error than the mean."""
    rows, score = cifar10.space.rows, cifar10.query(cifar10.space.rows)
    for seed in range(2):
        order = np.random.default_rng(seed).permutation(len(rows))
        train, test = order[:80], order[80:480]
        predictor = made(label, cifar10.space)
        predictor.fit(Batch(rows[train]), score[train], np.random.default_rng(seed))
        answer = predictor.predict(Batch(rows[test])).mean
        assert kendalltau(answer, score[test], alternative="greater").pvalue < 1e-6
        assert ((answer - score[test]) ** 2).mean() < score[test].var()


def test_it_can_be_kept_and_asked_in_pieces(label, cifar10, rng):
    space = cifar10.space
    archs = space.sample(40, rng)
    first, second = made(label, space, epochs=2), made(label, space, epochs=2)
    first.fit(Batch(archs), cifar10.query(archs), rng)
    second.restore(first.state())
    asked = Batch(space.sample(30, rng))
    whole, again = first.predict(asked), second.predict(asked)
    for part, same in zip(whole, again, strict=True):
        np.testing.assert_array_equal(part, same)
    pieces = [first.predict(asked.take(np.array([i, i, 29 - i]))) for i in range(3)]
    np.testing.assert_allclose([p.mean[0] for p in pieces], whole.mean[:3], rtol=1e-9)
    if whole.std is not None:
        np.testing.assert_allclose([p.std[0] for p in pieces], whole.std[:3], rtol=1e-6)
        assert (whole.std > 0).all()


def test_every_weight_is_learnt(label, cifar10, rng):
    predictor = made(label, cifar10.space, epochs=1)
    archs = cifar10.space.sample(20, rng)
    predictor.fit(Batch(archs), rng.random(20), rng)
    inputs = predictor._encode_inputs(archs)
    net = predictor._model.train()
    net.zero_grad()
    outputs = net(*(part.expand(predictor.members, *part.shape) for part in inputs))
    (outputs * torch.linspace(1, 2, 20, dtype=outputs.dtype)[:, None]).sum().backward()
    for name, weight in net.named_parameters():
        assert weight.grad.abs().sum() > 0, name


def test_threads_do_not_matter(cifar10, rng):
    archs, answers = cifar10.space.sample(30, rng), []
    before = torch.get_num_threads()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            predictor = made("gin", cifar10.space, epochs=3)
            predictor.fit(Batch(archs), cifar10.query(archs), np.random.default_rng(0))
            answers.append(predictor.predict(Batch(archs)).mean)
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*answers)


def test_wrong_options_are_refused(cifar10):
    with pytest.raises(InvalidOption, match="a multiple of 4"):
        made("graph_transformer", cifar10.space, hidden=18)
    with pytest.raises(InvalidOption, match="batch_size from 2"):
        made("gcn", cifar10.space, batch_size=1)
    with pytest.raises(KeyError, match="did you mean 'along'"):
        made("gin", cifar10.space, direction="alon")
