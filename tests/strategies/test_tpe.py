"""TPE against its densities worked out by hand."""

from itertools import pairwise

import numpy as np
import pytest

from nasbench.errors import InvalidOption
from nasbench.registry import SPACES, STRATEGIES, Choice
from nasbench.strategies._parzen import NumberDensity
from nasbench.strategies.model_based.tpe import TreeParzenEstimator, _ChoiceDensity
from nasbench.trials import Results


def told(space, n, scores_of, **options):
    strategy = TreeParzenEstimator(space, np.random.default_rng(0), n_init=n, **options)
    trials = strategy.ask(n)
    strategy.tell(Results(trials.id, np.full(n, 200), scores_of(trials.arch)[:, None], np.ones(n)))
    return strategy, trials.arch


@pytest.mark.parametrize(
    ("n", "good", "gamma", "expected"),
    [(16, "sqrt", 0.25, 1), (100, "sqrt", 0.25, 3), (50, "linear", 0.1, 5), (1000, "linear", 0.1, 25)],
)
def test_the_good_ones_are_as_many_as_published(cifar10, rng, n, good, gamma, expected):
    """Hyperopt: ceil(gamma sqrt(n)) and 25 at most; Optuna: ceil(n / 10) and 25 at most."""
    assert TreeParzenEstimator(cifar10.space, rng, good=good, gamma=gamma)._count_good(n) == expected


def test_the_density_counts_choices_with_a_prior(cifar10, rng):
    strategy = TreeParzenEstimator(cifar10.space, rng)
    archs = np.array([[0, 1, 2, 3, 4, 0], [0, 1, 2, 3, 4, 1], [0, 2, 2, 3, 4, 2]], dtype=np.int8)
    density = strategy._estimate_log_density(archs)
    assert np.exp(density[0]) == pytest.approx([4 / 8, 1 / 8, 1 / 8, 1 / 8, 1 / 8])
    assert np.exp(density[1]) == pytest.approx([1 / 8, 3 / 8, 2 / 8, 1 / 8, 1 / 8])


def test_candidates_follow_the_density_of_the_good(cifar10):
    strategy, _ = told(cifar10.space, 40, lambda archs: archs[:, 0] / 4.0, n_candidates=4000)
    density = _ChoiceDensity(np.log(np.array([[0.5, 0.2, 0.1, 0.1, 0.1]] * 6)), cifar10.space.cardinality)
    drawn = strategy._draw_candidates(density, np.empty((0, 6), dtype=np.int8))
    # drawn without repetition, so that frequent rows are rarer than they would be
    share = np.bincount(drawn[:, 0], minlength=5) / len(drawn)
    assert share[0] > share[1] > share[2:].max()


def test_what_is_asked_has_the_highest_ratio_of_its_draws(cifar10):
    """With as many draws as the space can give, it is the untried row of largest l / g."""
    space = cifar10.space
    strategy, asked = told(space, 60, lambda archs: archs[:, 2] / 4.0 + archs[:, 3] / 40.0, n_candidates=15000)
    archs, scores = strategy._get_results()
    order = np.argsort(-scores, kind="stable")
    good, bad = archs[order[:2]], archs[order[2:]]

    def ratio(rows):
        chances = [
            (np.bincount(part[:, i], minlength=5) + 1) / (len(part) + 5) for part in (good, bad) for i in range(6)
        ]
        return sum(np.log(chances[i][rows[:, i]] / chances[6 + i][rows[:, i]]) for i in range(6))

    chosen = strategy.ask(1).arch
    untried = space.rows[~(space.rows[:, None] == asked[None]).all(axis=2).any(axis=1)]
    assert ratio(chosen)[0] >= np.sort(ratio(untried))[-3]


@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("n", [1, 7, 24])
def test_the_density_is_that_of_optuna(rng, n, weight):
    """Its Parzen estimator on the same history, each choice of each decision; up to 24 results all weigh the same."""
    pytest.importorskip("optuna")
    from optuna.distributions import CategoricalDistribution
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters

    space = SPACES.load("nbnlp")()  # decisions with 2 to 12 choices
    archs = space.sample(n, rng)
    ours = TreeParzenEstimator(space, rng, prior="kernels", prior_weight=weight)._estimate_log_density(archs)
    settings = _ParzenEstimatorParameters(weight, True, False, np.ones, False)
    for i, k in enumerate(space.cardinality.tolist()):
        search_space = {"x": CategoricalDistribution(list(range(k)))}
        theirs = _ParzenEstimator({"x": archs[:, i].astype(float)}, search_space, settings)
        assert ours[i, :k] == pytest.approx(theirs.log_pdf({"x": np.arange(k)}))


@pytest.mark.parametrize("n", [0, 1, 2, 9, 200])
def test_the_density_of_a_number_is_that_of_optuna(rng, n):
    pytest.importorskip("optuna")
    from optuna.distributions import FloatDistribution
    from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters

    seen, at = rng.random(n), np.linspace(0, 1, 101)
    settings = _ParzenEstimatorParameters(1.5, True, False, np.ones, False)
    theirs = _ParzenEstimator({"x": seen}, {"x": FloatDistribution(0.0, 1.0)}, settings)
    ours = NumberDensity(seen, 1.5)
    assert ours.compute_log(at) == pytest.approx(theirs.log_pdf({"x": at}), abs=1e-9)
    drawn = ours.draw(rng.random((20_000, 2)))
    found, edges = np.histogram(drawn, bins=20, range=(0, 1))
    expected = [np.exp(ours.compute_log(np.linspace(*ends, 50))).mean() / 20 for ends in pairwise(edges)]
    assert found / 20_000 == pytest.approx(expected, abs=0.012)


def test_the_preference_is_that_of_optuna_s_sampler(cifar10):
    """On the same 24 results: the split at the best tenth, and l / g of each choice, by Optuna's own sampler.

    Its univariate sampler draws a decision from l 200 times and keeps the draw of largest l / g: the choice that ours
    prefers most. Few enough results that none of its weights has begun to fade.
    """
    optuna = pytest.importorskip("optuna")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    component, options = Choice.parse("tpe@optuna").resolve(STRATEGIES)
    strategy = component(cifar10.space, np.random.default_rng(0), **options | {"n_init": 24})
    trials = strategy.ask(24)
    scores = cifar10.query(trials.arch)
    strategy.tell(Results(trials.id, np.full(24, 200), scores[:, None], np.ones(24)))
    sampler = optuna.samplers.TPESampler(seed=0, n_ei_candidates=200, multivariate=False)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    names = cifar10.space.decisions
    distributions = {name: optuna.distributions.CategoricalDistribution(list(range(5))) for name in names}
    for arch, score in zip(trials.arch.tolist(), scores.tolist(), strict=True):
        params = dict(zip(names, arch, strict=True))
        study.add_trial(optuna.trial.create_trial(params=params, distributions=distributions, value=score))
    order = np.argsort(-scores, kind="stable")
    n_good = strategy._count_good(24)
    ratio = strategy._estimate_log_density(trials.arch[order[:n_good]]) - strategy._estimate_log_density(
        trials.arch[order[n_good:]]
    )
    asked = study.ask(distributions)
    chosen = np.array([asked.params[name] for name in names])
    assert ratio[np.arange(6), chosen] == pytest.approx(ratio.max(axis=1))


def test_options_out_of_range_are_refused(cifar10, rng):
    with pytest.raises(InvalidOption, match="n_candidates=0"):
        TreeParzenEstimator(cifar10.space, rng, n_candidates=0)
    with pytest.raises(InvalidOption, match="sqrt"):
        TreeParzenEstimator(cifar10.space, rng, good="square")
    with pytest.raises(InvalidOption, match="count"):
        TreeParzenEstimator(cifar10.space, rng, prior="none")
