"""The policy gradient against finite differences, Adam against torch."""

import numpy as np
import pytest

from nasbench.strategies.reinforcement_learning._policy_gradient import Adam, Policy
from nasbench.strategies.reinforcement_learning.reinforce import Reinforce
from nasbench.trials import Results


def test_the_gradient_is_that_of_the_loss(rng):
    logits = rng.standard_normal((3, 4))
    logits[1, 3] = -np.inf  # a decision of three choices
    arch, advantage, step = np.array([2, 0, 3], dtype=np.int8), -1.7, 1e-6

    def loss(values):
        log_p = values - np.log(np.exp(values).sum(axis=1, keepdims=True))
        return -log_p[np.arange(3), arch].sum() * advantage

    gradient = Policy(logits.copy(), 0.01).compute_loss_gradient(arch, advantage)
    for i, j in zip(*np.nonzero(np.isfinite(logits)), strict=True):
        shift = np.zeros((3, 4))
        shift[i, j] = step
        difference = (loss(logits + shift) - loss(logits - shift)) / (2 * step)
        assert gradient[i, j] == pytest.approx(difference, abs=1e-8)
    assert gradient[1, 3] == 0


def test_adam_is_that_of_torch(rng):
    torch = pytest.importorskip("torch")
    parameters = torch.zeros(5, dtype=torch.float64, requires_grad=True)
    theirs, ours, adam = torch.optim.Adam([parameters], lr=0.01), np.zeros(5), Adam(0.01, (5,))
    for gradient in rng.standard_normal((30, 5)):
        parameters.grad = torch.from_numpy(gradient.copy())
        theirs.step()
        ours = ours - adam.step(gradient)
        assert np.allclose(ours, parameters.detach().numpy(), rtol=1e-10)


def test_the_first_reward_is_its_own_baseline_and_a_better_one_becomes_likelier(cifar10, rng):
    """The moving average of 0.5 and 0.9 at momentum 0.9, corrected, is (0.09 * 0.5 + 0.1 * 0.9) / 0.19 = 0.7105."""
    strategy = Reinforce(cifar10.space, rng)
    before = strategy._policy.logits.copy()
    for score in (0.5, 0.9):
        trials = strategy.ask(1)
        strategy.tell(Results(trials.id, np.array([1]), np.array([[score]]), np.ones(1)))
        if score == 0.5:
            assert (strategy._policy.logits == before).all()
    assert strategy._sum / strategy._weight == pytest.approx(0.135 / 0.19)
    chosen = (np.arange(6), trials.arch[0])
    assert (strategy._policy.logits[chosen] > before[chosen]).all()
