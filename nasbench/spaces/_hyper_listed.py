"""A space of few configurations, all of them listed. Imported only where such a space is declared."""

from functools import cached_property

import numpy as np

from nasbench.arrays import Archs, Ints, freeze_array
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._space import SearchSpace
from nasbench.spaces.hyper import HyperSpace

_LOOKED_UP = 2**26  # bytes of all edits of all configurations


class EnumeratedHyperSpace(HyperSpace, EnumeratedSpace):
    """The same space with all rows listed, in the order of their digits; moves are looked up if memory allows."""

    is_valid = EnumeratedSpace.is_valid
    sample = EnumeratedSpace.sample

    @cached_property
    def _move_class(self) -> type[SearchSpace]:
        n_edits = int(self.cardinality.sum()) * len(self.decisions)
        return EnumeratedSpace if self.size * n_edits <= _LOOKED_UP else HyperSpace

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each configuration to one of its neighbours, uniformly; ``[n, d]``."""
        return self._move_class.mutate(self, archs, rng)

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every configuration one edit away, ``[m, d]``, and the row ``[m]`` that each belongs to."""
        return self._move_class.neighbors(self, archs)

    @cached_property
    def rows(self) -> Archs:  # type: ignore[override]
        """[N, d] every valid configuration, in index order."""
        rows = np.zeros((1, len(self.decisions)), dtype=np.int8)
        for at in self._order:
            choices = np.where(self.find_active(rows)[:, at], self.cardinality[at], 1)
            first = np.repeat(np.cumsum(choices) - choices, choices)
            rows = np.repeat(rows, choices, axis=0)
            rows[:, at] = np.arange(len(rows)) - first
        return freeze_array(rows[np.lexsort(rows.T[::-1])])
