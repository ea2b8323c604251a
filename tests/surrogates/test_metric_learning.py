"""The leave-one-out error against metric-learn's, and the properties of a learnt metric."""

import numpy as np
import pytest
from scipy.optimize import check_grad

from nasbench.errors import InvalidOption
from nasbench.registry import SPACES
from nasbench.surrogates.neural.metric_learning import MetricLearning, compute_leave_one_out_error, learn_map


def test_error_and_gradient_are_those_of_metric_learn():
    """Values of MLKR._loss in metric-learn 0.7.0 (PyPI, MIT)."""
    i = np.arange(6.0)
    x, value = np.stack([i, i**2 / 5, np.cos(i)], axis=1), np.sin(i)
    loss, slope = compute_leave_one_out_error(np.array([[0.5, -0.2, 0.3], [0.1, 0.4, -0.6]]), x, value)
    assert loss == pytest.approx(2.092443121763499)
    theirs = [-1.74139425, -2.24007996, -0.34116433, -2.27062211, -3.51792932, -1.44582539]
    np.testing.assert_allclose(slope.ravel(), theirs, rtol=1e-7)


def test_the_gradient_is_that_of_the_error():
    rng = np.random.default_rng(0)
    x, value, start = rng.normal(size=(12, 4)), rng.normal(size=12), rng.normal(size=(2, 4))
    assert (
        check_grad(
            lambda flat: compute_leave_one_out_error(flat.reshape(2, 4), x, value)[0],
            lambda flat: compute_leave_one_out_error(flat.reshape(2, 4), x, value)[1].ravel(),
            start.ravel(),
        )
        < 1e-5
    )


def test_the_metric_keeps_what_matters_and_drops_the_rest():
    """Only the second of five features of equal variance determines the value."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(150, 5))
    found = learn_map(x, np.sin(2 * x[:, 1]), 5, 100)
    lengths = np.sqrt((found**2).sum(axis=0))
    assert lengths[1] > 4 * np.delete(lengths, 1).max()


def test_no_dimensions_are_refused():
    with pytest.raises(InvalidOption, match="dimensions=0"):
        MetricLearning(SPACES.load("nb201")(), dimensions=0)
