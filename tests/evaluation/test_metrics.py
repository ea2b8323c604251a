"""Every metric against another implementation, a published figure or a closed form."""

import time

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sklearn_metrics

from nasbench.evaluation import METRICS, measure_prediction
from nasbench.evaluation.metrics import (
    LEVELS,
    compute_kendall,
    compute_precision,
    compute_r2,
    compute_regret,
    compute_reliability,
    log_likelihood,
)
from nasbench.predictions import Prediction


@pytest.fixture
def case(rng):
    true = np.round(rng.normal(0.9, 0.03, 400), 3)
    return true, np.round(true + rng.normal(0, 0.03, 400), 3)


def tau_b_by_pairs(a, b):
    """Kendall 1945: concordant minus discordant pairs over the geometric mean of the untied ones."""
    x, y = np.sign(np.subtract.outer(a, a)), np.sign(np.subtract.outer(b, b))
    return (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())


def test_correlations_are_those_of_their_definitions(case):
    true, predicted = case
    seen = measure_prediction(true, Prediction(predicted))
    assert seen["kendall"] == pytest.approx(tau_b_by_pairs(true, predicted), abs=1e-12)
    assert seen["sparse_kendall"] == pytest.approx(tau_b_by_pairs(true, np.round(predicted * 1000)), abs=1e-12)
    ranked = np.corrcoef(stats.rankdata(true), stats.rankdata(predicted))[0, 1]
    assert seen["spearman"] == pytest.approx(ranked, abs=1e-12)
    assert seen["pearson"] == pytest.approx(np.corrcoef(true, predicted)[0, 1], abs=1e-12)
    top = true >= np.sort(true)[-40]
    assert seen["kendall_top"] == pytest.approx(tau_b_by_pairs(true[top], predicted[top]), abs=1e-12)
    assert list(seen) == list(METRICS)


def test_r2_is_scikit_learn_s(case):
    assert compute_r2(*case) == pytest.approx(sklearn_metrics.r2_score(*case), abs=1e-12)


def test_log_likelihood_is_scipy_s(case, rng):
    std = rng.uniform(0.01, 0.1, 400)
    assert log_likelihood(*case, std) == pytest.approx(stats.norm(case[1], std).logpdf(case[0]).mean(), abs=1e-12)


def test_precision_is_scikit_learn_s_on_the_best(rng):
    true, predicted = rng.random(200), rng.random(200)
    relevant, chosen = np.argsort(true)[-10:], np.argsort(predicted)[-10:]
    mask = np.zeros((2, 200), dtype=bool)
    mask[0, relevant], mask[1, chosen] = True, True
    assert compute_precision(true, predicted, 10) == pytest.approx(sklearn_metrics.precision_score(mask[0], mask[1]))


def test_precision_and_regret_by_hand():
    true = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    predicted = np.array([0.1, 0.9, 0.2, 0.8, 0.0])  # chooses the second, then the fourth
    assert compute_precision(true, predicted, 2) == 0.5
    assert compute_regret(true, predicted, 1) == pytest.approx(0.1)
    assert compute_regret(true, predicted, 4) == 0
    assert compute_precision(np.array([0.9, 0.9, 0.9, 0.1]), np.array([4.0, 3.0, 2.0, 1.0]), 2) == 1.0, (
        "as good as the last"
    )
    assert compute_regret(true, true, 10) == 0, "more than there are"


def test_sparse_tau_ignores_what_is_below_a_tenth_of_a_percent():
    true = np.array([0.1, 0.2, 0.3, 0.4])
    nearly = np.array([0.9001, 0.9002, 0.9003, 0.9004])
    seen = measure_prediction(true, Prediction(nearly))
    assert (seen["kendall"], seen["sparse_kendall"]) == (1.0, 0.0)


def test_a_well_calibrated_normal_is_on_the_diagonal_and_a_timid_one_at_its_closed_form(rng):
    mean, n = rng.normal(0, 1, 200_000), 200_000
    true = mean + 0.1 * rng.standard_normal(n)
    # the share below a quantile has standard deviation 0.0011 at most
    np.testing.assert_allclose(compute_reliability(true, mean, np.full(n, 0.1)), LEVELS, atol=0.005)
    timid = stats.norm.cdf(2 * stats.norm.ppf(LEVELS))  # a std twice too large: P(e < 2 s z) = cdf(2 z)
    np.testing.assert_allclose(compute_reliability(true, mean, np.full(n, 0.2)), timid, atol=0.005)
    seen = measure_prediction(true[:5000], Prediction(mean[:5000], np.full(5000, 0.2)))
    assert seen["calibration_error"] == pytest.approx(np.abs(timid - LEVELS).mean(), abs=0.01)


def test_a_constant_prediction_knows_nothing_and_is_not_left_out(rng):
    true = rng.random(500)
    seen = measure_prediction(true, Prediction(np.full(500, true.mean())))
    for name in ("kendall", "spearman", "pearson", "sparse_kendall", "kendall_top"):
        assert seen[name] == 0
    assert seen["r2"] == pytest.approx(0, abs=1e-12)
    assert np.isnan(seen["log_likelihood"])
    assert np.isnan(seen["calibration_error"])


def test_where_all_are_truly_the_same_nothing_is_defined(rng):
    seen = measure_prediction(np.full(50, 0.5), Prediction(rng.random(50)))
    assert all(np.isnan(seen[name]) for name in ("kendall", "spearman", "pearson", "r2"))
    assert seen["regret_1"] == 0


def test_two_points_are_enough_for_a_correlation():
    assert compute_kendall(np.array([0.1, 0.2]), np.array([3.0, 4.0])) == 1
    assert compute_kendall(np.array([0.1, 0.2]), np.array([4.0, 3.0])) == -1
    assert measure_prediction(np.linspace(0, 1, 20), Prediction(np.linspace(1, 0, 20)))["kendall_top"] == -1


def test_two_seeds_of_nas_bench_201_agree_as_published(cifar10):
    """Kendall's tau of two seeds of CIFAR-10 validation accuracy is 0.910 over all architectures."""
    archs = cifar10.space.rows
    seeds = cifar10.observed.axes["seeds"]
    first, second = (cifar10.query(archs, seed=seed) for seed in seeds[:2])
    known = ~np.isnan(first + second)
    assert compute_kendall(first[known], second[known]) == pytest.approx(0.910, abs=0.002)


def test_kendall_s_tau_of_15_625_takes_no_quadratic_time(rng):
    true, predicted = rng.random((2, 15625))
    compute_kendall(true, predicted)
    start = time.perf_counter()
    compute_kendall(true, predicted)
    assert time.perf_counter() - start < 0.5  # about 8 ms; all pairs would take seconds and 2 GB
