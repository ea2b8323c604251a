"""BOHB's densities against statsmodels, its choices against hpbandster's loop, its search against the published one."""

import numpy as np
import pytest
from landscapes import SPACE, Curves, Watched

import nasbench
from nasbench import Budget, Simulation
from nasbench.cli import main
from nasbench.errors import InvalidOption
from nasbench.strategies.multi_fidelity._kde import Densities, KernelDensity, select_most_promising
from nasbench.strategies.multi_fidelity.bohb import BOHB


def density(archs, **options):
    return KernelDensity(archs, SPACE.cardinality, **{"min_bandwidth": 1e-3, "bounded": False} | options)


@pytest.mark.filterwarnings("ignore:After 0.17")  # of a generator that a density does not use
@pytest.mark.parametrize("n", [7, 40, 300])
def test_the_density_is_that_of_statsmodels(rng, n):
    nonparametric = pytest.importorskip("statsmodels.nonparametric.api")
    archs, others = SPACE.sample(n, rng), SPACE.sample(50, rng)
    theirs = nonparametric.KDEMultivariate(archs, var_type="u" * 6, bw="normal_reference")
    ours = density(archs)
    np.testing.assert_allclose(ours.bandwidth, theirs.bw)
    np.testing.assert_allclose(ours(others), theirs.pdf(others.astype(float)), rtol=1e-9, atol=1e-15)


def test_a_bounded_density_sums_to_one(rng):
    archs = SPACE.sample(9, rng)
    archs[:, 0] = 2
    assert density(archs, bounded=True, min_bandwidth=0.3)(SPACE.rows).sum() == pytest.approx(1.0)


def test_draws_keep_a_decision_with_one_minus_its_bandwidth(rng):
    archs = np.repeat(SPACE.rows[[777]], 10, axis=0)
    drawn = density(archs, min_bandwidth=0.3).draw(20_000, SPACE.cardinality, rng)
    np.testing.assert_allclose((drawn == archs[0]).mean(axis=0), 0.7 + 0.3 / 5, atol=0.01)


def hpbandsters_choice(good, bad):
    """The loop of ``get_config``, word for word."""
    best, best_vector = np.inf, None
    for i, (g, b) in enumerate(zip(good, bad, strict=True)):
        val = max(1e-32, b) / max(g, 1e-32)
        if not np.isfinite(val) and np.isfinite(g):
            return i
        if val < best:
            best, best_vector = val, i
    return best_vector


def test_candidates_are_chosen_as_hpbandster_chooses(rng):
    values = np.array([0.0, -0.3, 0.1, 0.4, np.inf])
    for _ in range(500):
        good, bad = rng.choice(values, size=(2, 6))
        with np.errstate(invalid="ignore"):
            assert select_most_promising(good, bad) == hpbandsters_choice(good, bad)


def test_the_densities_are_those_of_the_largest_rung_with_enough_results(rng):
    densities = Densities(SPACE, min_bandwidth=1e-3, bounded=False)
    archs = SPACE.sample(100, rng)
    for arch in archs[:13]:
        densities.learn(arch, 1, 0.5)
    assert densities.fit() is None, "7 good ones leave 6 bad ones; one more than decisions is needed"
    densities.learn(archs[13], 1, 0.9)
    good, bad = densities.fit()
    assert (len(good.archs), len(bad.archs)) == (7, 7)
    assert (good.archs[0] == archs[13]).all()
    for i, arch in enumerate(archs[:60]):
        densities.learn(arch, 3, i / 100)
    good, bad = densities.fit()
    assert (len(good.archs), len(bad.archs)) == (9, 51)  # 15 % and 85 % of 60
    assert (good.archs == archs[59:50:-1]).all()
    densities.learn(archs[99], 1, 1.0)
    assert (densities.fit()[0].archs == good.archs).all(), "a smaller rung is of no use any more"


def test_the_preset_of_nas_bench_201_trains_completely_and_anew_on_every_rung(rng):
    strategy = BOHB(SPACE, rng, epochs=(12,), **BOHB.presets["nb201"])
    watched = Watched(strategy)
    history = Simulation(watched, Curves(12), SPACE, budget=Budget(trials=20)).run()
    assert history.id.tolist() == list(range(20))
    assert (history.epoch == 12).all()
    np.testing.assert_allclose(history.cost_s, 12 * (0.5 + Curves(12).cost[SPACE.index(history.arch)]))
    # brackets of 9, 3, 1; 3, 1; 3: what is trained again is the best of the rung before, and shows the same
    best = np.argsort(-history.score[:9, 0], kind="stable")
    assert (history.arch[9:12] == history.arch[best[:3]]).all()
    assert (history.arch[12] == history.arch[best[0]]).all()
    assert history.score[12] == history.score[best[0]]
    assert (history.arch[16] == history.arch[13:16][np.argmax(history.score[13:16])]).all()


def test_promotions_go_on_where_there_are_curves(rng):
    strategy = BOHB(SPACE, rng, epochs=tuple(range(1, 13)))
    history = Simulation(strategy, Curves(12), SPACE, budget=Budget(trials=20)).run()
    assert history.epoch.tolist() == [1] * 9 + [4] * 3 + [12] + [4] * 3 + [12] + [12] * 3
    assert len(np.unique(history.id)) == 15


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"kernel": "gaussian"}, InvalidOption),
        ({"random_fraction": 1.5}, InvalidOption),
        ({"n_candidates": 0}, InvalidOption),
        ({"min_bandwidth": 0}, InvalidOption),
    ],
)
def test_options_without_sense_are_refused(options, error, rng):
    with pytest.raises(error):
        BOHB(SPACE, rng, **options)


def test_it_finds_in_12000_seconds_what_nas_bench_201_says(shared, home):
    """Table 5 of its paper, CIFAR-10: validation 90.82 +- 0.53, test 93.61 +- 0.52, of 500 runs."""
    for name in ("accuracy_epoch12", "test_accuracy_epoch200"):
        mapping = {"accuracy_epoch12": "nb201_epochs12", "test_accuracy_epoch200": "nb201_test_epochs200"}[name]
        assert main(["import", "table", str(shared / f"nb201/{name}.csv"), "--map", mapping]) == 0
    task, found = nasbench.load_task("nb201-epochs12-cifar10"), []
    for run in range(60):
        own, noise = (np.random.default_rng([run, i]) for i in range(2))
        strategy = BOHB(task.space, own, epochs=task.epochs, **BOHB.presets["nb201"])
        history = Simulation(strategy, task.backend(noise), task.space, budget=Budget(seconds=12_000)).run()
        found.append(100 * task.reported_of(history.arch[[np.argmax(history.score)]])["test"][0])
    # three standard errors of 60 runs, and the 0.05 points that the table and its seconds may differ by
    assert abs(np.mean(found) - 93.61) < 3 * 0.52 / np.sqrt(60) + 0.05
    assert 0.52 / 1.5 < np.std(found, ddof=1) < 0.52 * 1.5
