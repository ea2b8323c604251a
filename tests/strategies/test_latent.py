"""NAO, SemiNAS and arch2vec's two searches: what they ask, what moves them, and that nothing leaks between runs."""

import numpy as np
import pytest
import torch
from scipy import stats

from nasbench.arrays import Archs
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, SearchFinished
from nasbench.predictions import Prediction
from nasbench.registry import STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.strategies.model_based.nao import NAO
from nasbench.strategies.model_based.seminas import SemiNAS
from nasbench.strategies.reinforcement_learning._latent_policy import LatentPolicy
from nasbench.strategies.reinforcement_learning.arch2vec_rl import Arch2VecRL
from nasbench.surrogates.neural import _graph_autoencoder
from nasbench.trials import Results
from tests.strategies.test_model_based import final_scores

QUICK = "arch2vec_dngo,pretraining_epochs=1,architectures=64"


class Raises:
    """A latent space in which a step raises one digit by the length of the step: what is found is known."""

    needs = frozenset()
    asked: list = []  # noqa: RUF012 (emptied by each test)

    def __init__(self, space):
        pass

    def fit(self, batch, score, rng):
        self.n = len(batch)

    def predict(self, batch):
        return Prediction(batch.archs.sum(axis=1).astype(float))

    def improve(self, archs: Archs, step: float) -> Archs:
        self.asked.append((archs.copy(), step))
        moved = archs.copy()
        moved[:, 0] = np.minimum(moved[:, 0] + int(step), 4)
        return moved


def made(label, space, rng):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    return component(space, rng, **options)


def tell(strategy, trials, scores):
    n = len(trials.id)
    strategy.tell(Results(trials.id, np.full(n, 200), np.asarray(scores, dtype=float)[:, None], np.ones(n)))


def test_the_climb_starts_from_the_best_and_lengthens_its_step(cifar10):
    Raises.asked.clear()
    strategy = NAO(
        cifar10.space, np.random.default_rng(0), predictor=Raises, n_init=30, batch=6, seeds=3, step_size=2.0
    )
    first = strategy.ask(100)
    assert len(first.id) == 30
    assert len(strategy.ask(1).id) == 0, "a round begins when the last one is complete"
    tell(strategy, first, first.arch.sum(axis=1) / 24 + np.arange(30) / 1e4)
    second = strategy.ask(100)
    best = first.arch[np.argsort(-(first.arch.sum(axis=1) / 24 + np.arange(30) / 1e4))[:3]]
    assert all((seeds == best).all() for seeds, _ in Raises.asked)
    assert [step for _, step in Raises.asked] == [2.0 * (i + 1) for i in range(20)]
    raised = {(min(4, row[0] + step), *row[1:]) for row in best.tolist() for step in (2, 4)}
    known = {tuple(row) for row in first.arch.tolist()}
    asked = [tuple(row) for row in second.arch.tolist()]
    assert len(asked) == len(set(asked)) == 6
    assert raised - known <= set(asked), "what is decoded and new comes before what is drawn"


def test_what_nobody_trained_may_be_a_seed_of_seminas_and_not_of_nao(cifar10):
    """The predictor expects the sum of digits, scores are a tenth: most seeds are unlabelled ones with large sums."""
    for kind, options in ((NAO, {}), (SemiNAS, {"unlabelled": 500})):
        Raises.asked.clear()
        strategy = kind(cifar10.space, np.random.default_rng(0), predictor=Raises, n_init=10, seeds=10, **options)
        first = strategy.ask(10)
        tell(strategy, first, first.arch.sum(axis=1) / 10)
        strategy.ask(1)
        seeds, _ = Raises.asked[0]
        known = {row.tobytes() for row in first.arch}
        trained = sum(row.tobytes() in known for row in seeds)
        assert trained == (10 if kind is NAO else 0)


def test_nothing_is_trained_twice_whatever_fills_a_round():
    """A climb from one seed finds few: most of each round is drawn, and the search ends with the space."""
    space = HyperSpace({"a": {"ordinal": [0, 1, 2, 3, 4]}, "b": {"categorical": list("vwxyz")}})
    strategy = NAO(space, np.random.default_rng(0), predictor=Raises, n_init=4, batch=4, seeds=1, max_steps=1)
    asked: list[bytes] = []
    while len(asked) < 25:
        trials = strategy.ask(4)
        asked += [row.tobytes() for row in trials.arch]
        tell(strategy, trials, trials.arch.sum(axis=1) / 10)
    assert len(asked) == len(set(asked)) == 25
    with pytest.raises(SearchFinished):
        strategy.ask(1)


def test_crashes_are_neither_learnt_from_nor_seeds(cifar10):
    Raises.asked.clear()
    strategy = NAO(cifar10.space, np.random.default_rng(0), predictor=Raises, n_init=6, batch=2, seeds=6)
    first = strategy.ask(6)
    tell(strategy, first, [0.1, np.nan, 0.3, np.nan, 0.2, 0.4])
    strategy.ask(1)
    assert strategy._learner.predictor.n == 4
    assert (Raises.asked[0][0] == first.arch[[5, 2, 4, 0]]).all()


def test_the_policy_gradient_is_that_of_finite_differences():
    """Of -mean(log p times advantage), over an episode of three steps, by a tenth of the weights."""
    advantages = np.array([0.3, -0.2, 0.5])
    codes = np.random.default_rng(1).standard_normal((3, 4))
    policy = LatentPolicy(4, learning_rate=0.01, rng=np.random.default_rng(0))
    actions = np.stack([policy.act(code) for code in codes])
    slopes = policy.compute_gradient(advantages)

    def loss():
        state, means = None, []
        for code in codes:
            state = policy._cell(torch.from_numpy(code[None]), state)
            means.append(policy._head(state[0])[0].detach().numpy())
        return (((actions - np.stack(means)) ** 2).sum(axis=1) / 2 * advantages).mean()

    for weight, slope in zip(policy._list_parameters(), slopes, strict=True):
        flat = weight.detach().numpy().reshape(-1)  # a view
        for place in range(0, len(flat), max(1, len(flat) // 5)):
            kept = flat[place]
            flat[place] = kept + 1e-5
            above = loss()
            flat[place] = kept - 1e-5
            below = loss()
            flat[place] = kept
            assert slope.reshape(-1)[place] == pytest.approx((above - below) / 2e-5, abs=1e-7)


def test_the_walk_goes_to_the_nearest_that_is_left(cifar10):
    strategy = Arch2VecRL(cifar10.space, np.random.default_rng(0), embedding=QUICK)
    went = []
    real = LatentPolicy.act

    class Noted(LatentPolicy):
        def act(self, code):
            went.append(real(self, code))
            return went[-1]

    strategy._begin()
    strategy._policy = Noted(16, learning_rate=0.01, rng=np.random.default_rng(3))
    trials = strategy._pool[[strategy._step() for _ in range(16)]]
    codes = strategy._predictor.embed(cifar10.space.rows)
    asked = np.zeros(len(codes), dtype=bool)
    for goal, arch in zip(went, trials, strict=True):
        distance = np.linalg.norm(codes - goal, axis=1)
        place = cifar10.space.index(arch[None])[0]
        assert distance[place] == distance[~asked].min()
        asked[place] = True


def test_rewards_above_the_baseline_draw_the_policy_near():
    """Rewarded for closeness to a point 2.8 away; steps of unit variance around it would be 1.25 away (Rayleigh)."""
    rng = np.random.default_rng(0)
    policy, goal, found = LatentPolicy(2, learning_rate=0.01, rng=rng), np.array([2.0, -2.0]), []
    for _ in range(80):
        policy.begin()
        distance = np.array([np.linalg.norm(policy.act(np.zeros(2)) - goal) for _ in range(16)])
        policy.learn(3.0 - distance)
        found.append(distance.mean())
    assert np.mean(found[:3]) > 2.3
    assert np.mean(found[-30:]) < 1.7


def test_an_embedding_does_not_depend_on_the_run(cifar10):
    """Codes are the same whatever a run's generator has drawn, and after they were forgotten and computed again."""
    rows = cifar10.space.rows[:50]
    codes = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        rng.random(seed)
        strategy = Arch2VecRL(cifar10.space, rng, embedding=QUICK)
        strategy.ask(1)
        codes.append(strategy._predictor.embed(rows))
        if seed == 1:
            _graph_autoencoder._kept.clear()
            _graph_autoencoder._whole.clear()
    assert (codes[0] == codes[1]).all()
    assert (codes[0] == codes[2]).all()


@pytest.mark.slow
def test_seminas_beats_random_search(cifar10):
    """After 100 trainings: 5 runs against 40, one-sided Mann-Whitney test, fixed seeds, p < 0.05."""
    random = final_scores("random_search", cifar10, 40, 100)
    assert stats.mannwhitneyu(final_scores("seminas", cifar10, 5, 100), random, alternative="greater").pvalue < 0.05


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("nao,predictor=xgboost", "no latent space"),
        ("nao,seeds=0", "at least 1"),
        ("nao,step_size=0", "above 0"),
        ("seminas,unlabelled=-1", "at least 0"),
        ("arch2vec_rl,embedding=xgboost", "no embedding"),
        ("arch2vec_rl,episode=0", "at least 1"),
        ("arch2vec_rl,learning_rate=0", "above 0"),
        ("arch2vec_bo,n_init=0", "at least 1"),
    ],
)
def test_options_out_of_range_are_refused(cifar10, rng, label, says):
    with pytest.raises(InvalidOption, match=says):
        made(label, cifar10.space, rng)
