"""Drawing architectures from an independent distribution for each decision, in spaces where not every row is valid.

Where the rows are no free product of the decisions, draws are repeated until they are valid: that is the
product distribution given validity. Where this does not succeed either (almost no row is valid),
architectures are drawn by the space and one of them is taken with a chance proportional to its probability
under the product.
"""

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.spaces import SearchSpace

_TRIES = 20  # at a third of valid rows, one draw in 3,000 needs more
_POOL = 64


def choices(space: SearchSpace) -> Bools:
    """Tell which entries of a ``[d, k]`` array of decisions by choices exist."""
    return np.asarray(np.arange(int(space.cardinality.max())) < space.cardinality[:, None])


def uniform(space: SearchSpace) -> Floats:
    """Return the distribution under which every choice of a decision is as likely; ``[d, k]``."""
    return choices(space) / space.cardinality[:, None]


def draw(space: SearchSpace, rng: np.random.Generator, probabilities: Floats, n: int) -> Archs:
    """Draw valid architectures from ``probabilities`` [d, k]; ``[n, d]``."""
    ends = np.cumsum(probabilities, axis=1)
    archs = _digits(ends, space.cardinality, rng, n)
    bad = np.flatnonzero(~space.is_valid(archs))
    for _ in range(_TRIES):
        if not len(bad):
            return archs
        archs[bad] = _digits(ends, space.cardinality, rng, len(bad))
        bad = bad[~space.is_valid(archs[bad])]
    for i in bad:
        archs[i] = _likely(space, rng, probabilities)
    return archs


def _digits(ends: Floats, cardinality: Ints, rng: np.random.Generator, n: int) -> Archs:
    u = rng.random((n, len(ends))) * ends[:, -1]
    # Rounding may leave u at the very end, one past the last choice.
    archs: Archs = np.minimum((u[..., None] >= ends).sum(axis=2), cardinality - 1).astype(np.int8)
    return archs


def _likely(space: SearchSpace, rng: np.random.Generator, probabilities: Floats) -> Archs:
    pool = space.sample(_POOL, rng)
    with np.errstate(divide="ignore"):
        log_chance = np.log(probabilities)[np.arange(pool.shape[1]), pool].sum(axis=1)
    # The largest of them plus Gumbel noise is a draw from the softmax; where all are impossible, it is the first.
    return np.asarray(pool[np.argmax(log_chance + rng.gumbel(size=_POOL))])
