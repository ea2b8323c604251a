"""Means of skewed values: coverage where Student's t does not cover."""

import numpy as np
import pytest

from nasbench.statistics.skewed_means import compute_skewed_mean


@pytest.mark.parametrize(
    ("name", "n", "least"),
    [("mostly zero", 40, 0.93), ("gamma", 40, 0.93), ("exponential", 20, 0.93), ("normal", 10, 0.93)],
)
def test_the_interval_covers(name, n, least, request):
    """Of 500 samples, 3,000 with --everywhere; the tolerance is 3 standard errors."""
    rng, size = np.random.default_rng(7), 3000 if request.config.getoption("--everywhere") else 500
    drawn = {
        "mostly zero": (rng.random((size, n)) < 0.22) * rng.exponential(0.3, (size, n)),
        "gamma": rng.gamma(0.5, 1, (size, n)),
        "exponential": rng.exponential(1, (size, n)),
        "normal": rng.normal(1, 1, (size, n)),
    }[name]
    truth = {"mostly zero": 0.22 * 0.3, "gamma": 0.5, "exponential": 1.0, "normal": 1.0}[name]
    held = [low <= truth <= high for _, low, high in map(compute_skewed_mean, drawn)]
    assert np.mean(held) >= least - 3 * np.sqrt(least * (1 - least) / size)


def test_few_or_equal_values_have_no_interval():
    assert np.isnan(compute_skewed_mean(np.arange(9.0))[1:]).all()
    assert np.isnan(compute_skewed_mean(np.ones(20))[1:]).all()
    assert compute_skewed_mean(np.ones(20)).value == 1
