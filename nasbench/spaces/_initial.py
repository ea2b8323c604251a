"""A space with given first samples, so that a search of any strategy can start where another search ended."""

from functools import cache
from types import new_class
from typing import Any

import numpy as np

from nasbench.arrays import Archs, freeze_array
from nasbench.spaces._space import SearchSpace


class _GivenFirst(SearchSpace):
    """Draws the remaining architectures of ``_given`` first, then samples from the space."""

    _given: Archs

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        first, self._given = self._given[:n], self._given[n:]
        return np.concatenate([first, super().sample(n - len(first), rng)]) if len(first) < n else first  # type: ignore[safe-super]


@cache
def _given_first(space_class: type[SearchSpace]) -> type[_GivenFirst]:
    """Return the subclass of ``space_class`` with given first samples."""

    def fill(namespace: dict[str, Any]) -> None:
        namespace["__module__"] = space_class.__module__

    return new_class(space_class.__name__, (_GivenFirst, space_class), exec_body=fill)


def space_with_initial_samples(space: SearchSpace, archs: Archs) -> SearchSpace:
    """Return the same space, except that its first samples are ``archs`` [m, d], in this order."""
    if isinstance(space, _GivenFirst):  # samples given before come after the new ones
        archs = np.concatenate([archs, space._given])
    made = type(space) if isinstance(space, _GivenFirst) else _given_first(type(space))
    twin = made.__new__(made)
    twin.__setstate__(vars(space) | {"_given": freeze_array(archs)})
    return twin
