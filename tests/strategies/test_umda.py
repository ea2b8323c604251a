"""What is drawn follows the frequencies among the best."""

import numpy as np
from scipy import stats

from nasbench.registry import SPACES
from nasbench.strategies import _product_distribution as _products
from nasbench.strategies.model_free.umda import UMDA
from nasbench.trials import Results


def second_generation(space, rng, n, **options):
    strategy = UMDA(space, rng, population_size=n, **options)
    trials = strategy.ask(n)
    strategy.tell(Results(trials.id, np.full(n, 1), np.linspace(0, 1, n)[:, None], np.ones(n)))
    return trials.arch, strategy.ask(n).arch


def test_without_smoothing_only_choices_of_the_best_are_drawn(rng):
    space = SPACES.load("darts")()  # so large that no draw was trained before
    first, second = second_generation(space, rng, 30, truncation=0.1, smoothing=0.0)
    best = first[-3:]
    assert all(set(second[:, i]) <= set(best[:, i]) for i in range(22))
    assert any(set(first[:, i]) > set(best[:, i]) for i in range(22))


def test_frequencies_are_smoothed_counts(rng):
    """Four of the best, one pseudo-observation: a choice seen m times of k has (m + 1 / k) / 5."""
    space = SPACES.load("darts")()
    first, _ = second_generation(space, rng, 8, truncation=0.5)
    frequencies = UMDA(space, rng)._estimate_frequencies(first[-4:])
    k = space.cardinality[0]
    seen = np.bincount(first[-4:, 0], minlength=k)
    assert np.allclose(frequencies[0, :k], (seen + 1 / k) / 5)
    assert np.allclose(frequencies.sum(axis=1), 1)


def test_draws_are_the_product_given_validity(rng):
    """In nbgraph, not every row is valid: chances are those of the valid rows, over their sum."""
    space = SPACES.load("nbgraph")()
    chances = np.stack([rng.dirichlet(np.full(9, 0.3)) for _ in range(5)])
    weights = np.prod(chances[np.arange(5), space.rows], axis=1)
    drawn = space.index(_products.draw(space, rng, chances, 3000))
    likely = np.argsort(-weights)[:20]
    seen = np.append([(drawn == i).sum() for i in likely], (~np.isin(drawn, likely)).sum())
    expected = weights[likely] / weights.sum()
    expected = 3000 * np.append(expected, 1 - expected.sum())
    assert stats.chisquare(seen, expected * seen.sum() / expected.sum()).pvalue > 0.001


def test_where_almost_no_row_is_valid_likely_ones_are_drawn(rng):
    space = SPACES.load("nbnlp")()
    chances = _products.make_uniform(space)
    chances[0] = 0.0
    chances[0, 3] = 1.0
    archs = _products.draw(space, rng, chances, 5)
    assert space.is_valid(archs).all()
    assert (archs[:, 0] == 3).all()
