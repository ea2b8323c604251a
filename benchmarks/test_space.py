"""Moves in the spaces: one at a time, as in a search, and many at once."""

import numpy as np
import pytest

from nasbench.registry import SPACES
from nasbench.spaces import EnumeratedSpace


@pytest.fixture(scope="module", params=SPACES.names())
def space(request):
    made = SPACES.load(request.param)()
    made.neighbors(made.sample(1, np.random.default_rng(0)))  # the neighbourhood is computed once, not here
    return made


@pytest.mark.parametrize("n", [1, 10_000])
def test_mutate(benchmark, space, n):
    rng = np.random.default_rng(0)
    archs = space.sample(n, rng)
    benchmark.group = f"{space.name}: mutate {n}"
    benchmark(lambda: space.mutate(archs, rng))


@pytest.mark.parametrize("method", ["index", "is_valid", "canonicalize", "neighbors"])
def test_all(benchmark, space, method):
    if not isinstance(space, EnumeratedSpace):
        pytest.skip(f"{space.name} is not enumerated")
    benchmark.group = f"{space.name}: all architectures"
    benchmark(lambda: getattr(space, method)(space.rows))
