"""The recurrent controller: its probabilities, its gradient, its draws, and what each loss makes of answers."""

import itertools

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from nasbench.errors import InvalidOption  # noqa: E402 (after the check for torch)
from nasbench.registry import SPACES  # noqa: E402
from nasbench.strategies.reinforcement_learning._controller import Controller, compute_likelihood  # noqa: E402
from nasbench.strategies.reinforcement_learning.nas_rl import NASRL  # noqa: E402
from nasbench.strategies.reinforcement_learning.ppo import PPO  # noqa: E402
from nasbench.trials import Results  # noqa: E402

CARDINALITY = [3, 2, 4]
ROWS = np.array(list(itertools.product(*map(range, CARDINALITY))), dtype=np.int8)


@pytest.fixture
def controller():
    made = Controller(CARDINALITY, units=5, n_layers=2)
    made.initialize(1.0, torch.Generator().manual_seed(1))
    return made


def answer(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 200), np.array(scores, dtype=float)[:, None], np.ones(n)))


def test_the_probabilities_of_all_architectures_add_up_to_one(controller):
    log_p, entropy = compute_likelihood(controller, ROWS)
    assert log_p.exp().sum().item() == pytest.approx(1)
    # The sum over decisions taken is an unbiased estimate of the entropy of architectures.
    expected = -(log_p.exp() * log_p).sum()
    assert (log_p.exp() * entropy).sum().item() == pytest.approx(expected.item())


def test_draws_are_as_frequent_as_the_probabilities_say(controller, rng):
    with torch.no_grad():
        drawn = controller.sample(rng.random((20_000, 3)))
        expected = compute_likelihood(controller, ROWS)[0].exp().numpy()
    counts = (drawn[:, None] == ROWS).all(axis=2).sum(axis=0)
    assert counts.sum() == 20_000
    assert (np.abs(counts - 20_000 * expected) < 4.5 * np.sqrt(20_000 * expected)).all()


def test_a_decision_depends_on_the_choices_before_it_only(controller):
    log_p = controller.compute_log_probabilities(torch.from_numpy(ROWS.astype(np.int64)))
    for i in range(3):
        for prefix in np.unique(ROWS[:, :i], axis=0):
            same = log_p[torch.from_numpy((ROWS[:, :i] == prefix).all(axis=1)), i]
            # to rounding: in what order a row is summed up depends on its place in the batch on some processors
            torch.testing.assert_close(same, same[:1].expand_as(same), rtol=1e-12, atol=0)
    assert (log_p[0, 1] - log_p[-1, 1])[:2].abs().max() > 1e-3


@pytest.mark.parametrize(("strategy", "options"), [(NASRL, {"entropy": 0.3}), (PPO, {"entropy": 0.3})])
def test_the_policy_gradient_is_that_of_the_loss(strategy, options, cifar10, rng):
    """Central differences of the expression written out with numpy, in single weights of every kind."""
    search = strategy(cifar10.space, rng, units=4, init=0.5, **options)
    archs, advantage = search._space.sample(6, rng), np.linspace(-1, 1, 6)
    net = search.controller
    log_p, entropy = compute_likelihood(net, archs)
    before = log_p.detach() + torch.tensor([0.5, 0.1, -0.1, 0.1, -0.1, -0.5])  # ratios on either side of the clip
    loss = search._compute_loss(log_p, before, torch.from_numpy(advantage)) - 0.3 * entropy.mean()
    loss.backward()

    def value():
        with torch.no_grad():
            now, bits = (part.numpy() for part in compute_likelihood(net, archs))
        if strategy is NASRL:
            return -np.mean(now * advantage) - 0.3 * np.mean(bits)
        ratio = np.exp(now - before.numpy())
        surrogate = np.minimum(ratio * advantage, np.clip(ratio, 0.8, 1.2) * advantage)
        return -surrogate.mean() - 0.3 * np.mean(bits)

    for parameter in net.parameters():
        at = int(parameter.grad.abs().argmax())
        flat, gradient, step = parameter.data.view(-1), parameter.grad.view(-1)[at].item(), 1e-5
        middle = flat[at].item()
        ends = []
        for shift in (step, -step):
            flat[at] = middle + shift
            ends.append(value())
        flat[at] = middle
        assert gradient == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-9)


def test_ppo_does_not_pay_for_going_further_than_the_clip(cifar10, rng):
    strategy = PPO(cifar10.space, rng, units=4)
    log_p = torch.tensor([0.3, 0.3, -0.3, -0.3], requires_grad=True)
    strategy._compute_loss(log_p, torch.zeros(4), torch.tensor([1.0, -1.0, 1.0, -1.0])).backward()
    # ratios 1.35 and 0.74: no gradient where a gain went up or a loss went down beyond the clip
    assert log_p.grad.tolist() == pytest.approx([0, np.exp(0.3) / 4, -np.exp(-0.3) / 4, 0])


@pytest.mark.parametrize("make", [NASRL, PPO])
def test_it_learns_when_a_batch_is_told_and_finds_what_pays(cifar10, rng, make):
    """Only the share of one operation is rewarded; a uniform policy has a fifth of it."""
    strategy = make(cifar10.space, rng, units=8, n_layers=1, batch=10, learning_rate=0.02)
    weights = [parameter.detach().clone() for parameter in strategy.controller.parameters()]
    for turn in range(50):
        trials = strategy.ask(10)
        scores = (trials.arch == 3).mean(axis=1)
        answer(strategy, type(trials)(*(column[:9] for column in trials)), scores[:9])
        if turn == 0:
            assert all(map(torch.equal, weights, strategy.controller.parameters()))
        answer(strategy, type(trials)(*(column[9:] for column in trials)), scores[9:])
    assert (strategy.ask(10).arch == 3).mean() > 0.6


def test_the_first_batch_is_its_own_baseline_and_the_reward_is_the_cube(cifar10, rng):
    strategy = NASRL(cifar10.space, rng, units=4, batch=2, momentum=0.9)
    answer(strategy, strategy.ask(2), [0.5, 0.7])
    first = 0.9 * (0.9 * (0.125 + 0.343) / 2 + 0.1 * 0.125) + 0.1 * 0.343
    assert strategy._baseline == pytest.approx(first)
    answer(strategy, strategy.ask(2), [np.nan, 0.9])  # a crash is the worst that finished
    assert strategy._baseline == pytest.approx(0.9 * (0.9 * first + 0.1 * 0.125) + 0.1 * 0.729)


def test_crashes_before_anything_finished_teach_nothing(cifar10, rng):
    strategy = NASRL(cifar10.space, rng, units=4, batch=2)
    answer(strategy, strategy.ask(2), [np.nan, np.nan])
    assert strategy._baseline is None
    assert not strategy._beliefs


def test_where_hardly_a_row_is_valid_the_controller_chooses_among_valid_ones(rng):
    """In nb101, a controller that almost always says 1 to every edge draws no valid row by itself: nine are allowed."""
    space = SPACES.load("nb101")()
    strategy = NASRL(space, rng, units=4, batch=8)
    edges = space.cardinality == 2
    with torch.no_grad():
        strategy.controller.bias[torch.from_numpy(edges), 1] = 8.0
    archs = strategy.ask(8).arch
    assert space.is_valid(archs).all()
    random = space.sample(2000, rng)[:, edges].sum(axis=1)
    assert archs[:, edges].sum(axis=1).mean() > random.mean()


def test_torchs_own_generator_is_left_alone(cifar10, rng):
    before = torch.random.get_rng_state()
    strategy = PPO(cifar10.space, rng, units=4, batch=2)
    answer(strategy, strategy.ask(2), [0.5, 0.7])
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (NASRL, {"units": 0}, "at least 1"),
        (NASRL, {"learning_rate": 0.0}, "above 0"),
        (NASRL, {"momentum": 1.0}, "below 1"),
        (PPO, {"clip": 1.0}, "above 0, below 1"),
        (PPO, {"n_passes": 0}, "at least 1"),
    ],
)
def test_options_out_of_range_are_refused(cifar10, rng, make, options, says):
    with pytest.raises(InvalidOption, match=says):
        make(cifar10.space, rng, **options)
