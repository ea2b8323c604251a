"""The MLP ensemble against the reference value of its published setting, and properties of ensembles."""

import numpy as np
import pytest
import torch
from scipy.stats import kendalltau

from nasbench.errors import InvalidOption, UnknownName
from nasbench.predictions import Batch
from nasbench.registry import SPACES
from nasbench.surrogates.neural.mlp_ensemble import MLPEnsemble


def test_it_ranks_as_the_reference_does(cifar10):
    """BANANAS's setting reaches a Kendall tau of .53 with 50 training runs; two seeds differ by about .05."""
    rows, score = cifar10.space.rows, cifar10.query(cifar10.space.rows)
    order = np.random.default_rng(0).permutation(len(rows))
    train, test = order[:50], order[50:2050]
    predictor = MLPEnsemble(cifar10.space)
    predictor.fit(Batch(rows[train]), score[train], np.random.default_rng(0))
    answer = predictor.predict(Batch(rows[test]))
    assert kendalltau(answer.mean, score[test]).statistic == pytest.approx(0.53, abs=0.1)
    # the spread is larger for larger errors: the one-sided p is far below this on 2,000 cells
    assert kendalltau(answer.std, abs(answer.mean - score[test]), alternative="greater").pvalue < 1e-6


def test_mean_and_spread_are_those_of_the_members(cifar10, rng):
    archs = cifar10.space.sample(30, rng)
    predictor = MLPEnsemble(cifar10.space, epochs=2, encoding="one_hot", members=3, layers=2)
    score = cifar10.query(archs)
    predictor.fit(Batch(archs), score, rng)
    x = torch.from_numpy(cifar10.space.encode(archs, "one_hot").astype(float))
    members = []
    for k in range(3):
        hidden = x
        for layer in (predictor._model[0], predictor._model[2]):
            hidden = torch.relu(hidden @ layer.weight[k] + layer.bias[k])
        members.append((hidden @ predictor._model[4].weight[k] + predictor._model[4].bias[k])[:, 0].detach().numpy())
    answer = predictor.predict(Batch(archs))
    np.testing.assert_allclose(answer.mean, np.mean(members, axis=0) * score.std() + score.mean())
    np.testing.assert_allclose(answer.std, np.std(members, axis=0) * score.std(), atol=1e-7)


def test_it_can_be_kept_with_an_encoding_that_learns(cifar10, rng):
    archs, asked = cifar10.space.sample(20, rng), Batch(cifar10.space.sample(10, rng))
    first, second = (MLPEnsemble(cifar10.space, epochs=2, encoding="path_bag+live_operations") for _ in range(2))
    first.fit(Batch(archs), cifar10.query(archs), rng)
    second.restore(first.state())
    for part, same in zip(first.predict(asked), second.predict(asked), strict=True):
        np.testing.assert_array_equal(part, same)


def test_a_ranking_loss_answers_in_scores(cifar10, rng):
    archs = cifar10.space.sample(60, rng)
    score = cifar10.query(archs)
    predictor = MLPEnsemble(cifar10.space, loss="bpr", epochs=30)
    predictor.fit(Batch(archs), score, rng)
    mean, std = predictor.predict(Batch(archs))
    assert mean.mean() == pytest.approx(score.mean(), abs=1e-9)  # a least-squares line goes through the means
    error = ((mean - score) ** 2).mean()
    assert error < score.var()
    # the members' mean squared error is that of their mean plus their variance; std adds that variance once more
    spread = ((std**2).mean() - error) / 2
    assert 0 < spread < (std**2).mean()


def test_a_space_without_paths_is_read_by_decision(rng):
    space = SPACES.load("nats_sss")()
    archs = space.sample(60, rng)
    score = archs.mean(axis=1) / 8
    answers = []
    for options in ({}, {"encoding": "decisions"}):
        predictor = MLPEnsemble(space, members=2, epochs=20, **options)
        predictor.fit(Batch(archs[:40]), score[:40], np.random.default_rng(0))
        answers.append(predictor.predict(Batch(archs[40:])).mean)
    assert (answers[0] == answers[1]).all()


def test_wrong_options_are_refused(cifar10):
    with pytest.raises(InvalidOption, match="members=0"):
        MLPEnsemble(cifar10.space, members=0)
    with pytest.raises(UnknownName, match="encoding"):
        MLPEnsemble(cifar10.space, encoding="pth")
    with pytest.raises(InvalidOption, match="has no paths; choose encoding="):
        MLPEnsemble(SPACES.load("nats_sss")(), encoding="path")
    with pytest.raises(UnknownName, match="did you mean 'hinge'"):
        MLPEnsemble(cifar10.space, loss="hing")
