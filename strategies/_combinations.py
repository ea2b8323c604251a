"""How often independently drawn decisions give a valid architecture, and so how often to try."""

import numpy as np

from nasbench.spaces import SearchSpace

_TRIES = 20  # combinations in a row that are no architecture
_SAMPLE = 500  # combinations looked at
_WORTHWHILE = 0.02  # share of valid ones from which 20 tries succeed in every third case


def count_tries(space: SearchSpace) -> int:
    """Return how many combinations to try before one is drawn by the space: none where hardly any is valid."""
    uniform = np.random.default_rng(0).random((_SAMPLE, len(space.cardinality)))  # a property of the space, not a draw
    archs = (uniform * space.cardinality).astype(np.int8)
    return _TRIES if space.is_valid(archs).mean() >= _WORTHWHILE else 0
