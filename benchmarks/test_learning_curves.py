"""Extrapolation of learning curves: a thousand by least squares, four by sampling, a hundred in context.

The floor of least squares evaluates every family once at every point; the floor of sampling evaluates the eleven
families as often as the chain must.
"""

import numpy as np
import pytest

from nasbench.choices import Choice
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS, SPACES
from nasbench.surrogates._curves.combination import Combination
from nasbench.surrogates._curves.families import FAMILIES

EPOCHS = np.arange(1.0, 101.0)
SEEN = 50


def fitted(label):
    rng = np.random.default_rng(0)
    curves = 0.8 - 0.5 * EPOCHS ** -rng.uniform(0.2, 1.5, (1000, 1)) + 0.01 * rng.standard_normal((1000, 100))
    space = SPACES.load("nb201")()
    cls, options = Choice.parse(label).resolve(PREDICTORS)
    predictor = cls(space, **options)
    predictor.fit(Batch(space.rows[:100], curves[:100]), curves[:100, -1], rng)
    return predictor, Batch(space.rows[:1000], np.where(EPOCHS <= SEEN, curves, np.nan))


@pytest.mark.parametrize(("label", "n"), [("curve_fit", 1000), ("domhan", 4), ("lc_pfn", 100)])
def test_extrapolate(benchmark, label, n):
    benchmark.group = f"extrapolate {n} curves with {label}"
    predictor, batch = fitted(label)
    asked = batch.take(np.arange(n))
    assert benchmark.pedantic(predictor.predict, args=(asked,), rounds=3, warmup_rounds=1).std.shape == (n,)


def test_floor_of_least_squares(benchmark):
    benchmark.group = "extrapolate 1000 curves with curve_fit"
    x = np.broadcast_to(EPOCHS[:SEEN], (1000, SEEN))

    def once():
        return [family.curve(x, *(np.full((1000, 1), 0.5) for _ in family.priors)) for family in FAMILIES.values()]

    benchmark.pedantic(once, rounds=5)


def test_floor_of_sampling(benchmark):
    benchmark.group = "extrapolate 4 curves with domhan"
    prior = Combination(list(FAMILIES), normalised=True)
    coordinates = np.random.default_rng(0).standard_normal((4, 50, prior.size))

    def chain():
        for _ in range(2 * 500):  # both halves of the walkers, 400 steps and then 100
            prior.curves(coordinates, EPOCHS[: SEEN + 2])

    benchmark.pedantic(chain, rounds=2)
