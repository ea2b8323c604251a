"""Drawing architectures from an independent distribution for each decision, in spaces where not every row is valid.

Where not every combination of decisions is valid, draws are repeated until they are: that is the product distribution
given validity. If this does not succeed either (almost no row is valid), the space draws architectures, and one of them
is taken with a probability proportional to its probability under the product.
"""

import math
from bisect import bisect_right

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.spaces import SearchSpace
from nasbench.strategies._buffered_uniform import Uniforms

_TRIES = 20  # if a third of the rows is valid, one draw in 3,000 needs more
_POOL = 64


def mark_choices(space: SearchSpace) -> Bools:
    """Return which entries of a ``[d, k]`` array of decisions by choices exist; ``[d, k]``."""
    return np.asarray(np.arange(int(space.cardinality.max())) < space.cardinality[:, None])


def make_uniform(space: SearchSpace) -> Floats:
    """Return the distribution in which all choices of a decision are equally likely; ``[d, k]``."""
    return mark_choices(space) / space.cardinality[:, None]


def is_product(space: SearchSpace) -> bool:
    """Return whether every combination of choices is valid."""
    n_rows: int = math.prod(space.cardinality.tolist())
    return space.size == n_rows


class OneByOne:
    """Draws architectures one at a time, with buffered random numbers, for policies that change with every answer.

    Args:
        space: the space to draw from.
        rng: draws the numbers.
    """

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self._space, self._rng, self._uniforms = space, rng, Uniforms(rng)
        self._all_valid = is_product(space)
        self._last: list[int] = (space.cardinality - 1).tolist()

    def draw(self, ends: Floats) -> Archs:
        """Draw a valid architecture, ``[1, d]``.

        Args:
            ends: [d, k] cumulative odds of the choices of each decision.
        """
        rows = ends.tolist()
        for _ in range(_TRIES + 1):
            digits = zip(rows, self._uniforms.take(len(rows)), self._last, strict=True)
            # Rounding may put a number at the very end, one past the last choice.
            arch = np.array([[min(bisect_right(row, u * row[-1]), k) for row, u, k in digits]], dtype=np.int8)
            if self._all_valid or self._space.is_valid(arch)[0]:
                return arch
        return _draw_likely(self._space, self._rng, np.diff(ends, axis=1, prepend=0.0) / ends[:, -1:])[None]


def draw(space: SearchSpace, rng: np.random.Generator, probabilities: Floats, n: int) -> Archs:
    """Draw valid architectures from ``probabilities`` [d, k]; ``[n, d]``."""
    ends = np.cumsum(probabilities, axis=1)
    archs = _draw_digits(ends, space.cardinality, rng, n)
    bad = np.flatnonzero(~space.is_valid(archs))
    for _ in range(_TRIES):
        if not len(bad):
            return archs
        archs[bad] = _draw_digits(ends, space.cardinality, rng, len(bad))
        bad = bad[~space.is_valid(archs[bad])]
    for i in bad:
        archs[i] = _draw_likely(space, rng, probabilities)
    return archs


def _draw_digits(ends: Floats, cardinality: Ints, rng: np.random.Generator, n: int) -> Archs:
    u = rng.random((n, len(ends))) * ends[:, -1]
    # Rounding may leave u at the very end, one past the last choice.
    archs: Archs = np.minimum((u[..., None] >= ends).sum(axis=2), cardinality - 1).astype(np.int8)
    return archs


def _draw_likely(space: SearchSpace, rng: np.random.Generator, probabilities: Floats) -> Archs:
    pool = space.sample(_POOL, rng)
    with np.errstate(divide="ignore"):
        log_chance = np.log(probabilities)[np.arange(pool.shape[1]), pool].sum(axis=1)
    # The largest of them plus Gumbel noise is a draw from the softmax; where all are impossible, it is the first.
    return np.asarray(pool[np.argmax(log_chance + rng.gumbel(size=_POOL))])
