"""Number of tries to combine independently drawn decisions into a valid architecture."""

import numpy as np

from nasbench.spaces import SearchSpace

_TRIES = 20  # invalid combinations in a row
_SAMPLE = 500  # combinations from which the valid share is estimated
_WORTHWHILE = 0.02  # valid share at which 20 tries succeed in every third case


def count_tries(space: SearchSpace) -> int:
    """Return the number of combinations to try before the space draws one: 0 where hardly any is valid."""
    uniform = np.random.default_rng(0).random((_SAMPLE, len(space.cardinality)))  # a property of the space, not a draw
    archs = np.floor(uniform * space.cardinality).astype(space.dtype)
    return _TRIES if space.is_valid(archs).mean() >= _WORTHWHILE else 0
