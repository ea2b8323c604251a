"""Exhaustive search: every architecture of an enumerated space once, in index order.

An oracle given enough budget, and a sanity check given less: it shows what a full grid would find. It needs a space
that lists its architectures, and raises an error for any other.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import freeze_array
from nasbench.errors import InvalidOption, SearchFinished
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.trials import Results, Trials, full_trainings


class Exhaustive:
    """Ask for architecture 0, 1, 2, ... until none is left.

    Args:
        space: an enumerated space.
        rng: orders the architectures if ``shuffle`` is set.
        shuffle: visit the architectures in random order: random search without replacement.

    Raises:
        InvalidOption: a space that is not enumerated.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"without_replacement": {"shuffle": True}}

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, shuffle: bool = False) -> None:
        if not isinstance(space, EnumeratedSpace):
            raise InvalidOption(f"space '{space.name}' does not list its architectures; use random_search instead")
        self._rows = freeze_array(rng.permutation(space.rows) if shuffle else space.rows)
        self.deterministic = not shuffle
        self._n_asked, self.n_prefetchable = 0, len(self._rows)

    def ask(self, n: int) -> Trials:
        """Return the next ``n`` architectures, fewer at the end.

        Raises:
            SearchFinished: all were asked.
        """
        if self._n_asked == len(self._rows):
            raise SearchFinished(f"all {len(self._rows)} architectures were asked")
        trials = full_trainings(self._n_asked, self._rows[self._n_asked : self._n_asked + n])
        self._n_asked += len(trials.id)
        return trials

    def tell(self, results: Results) -> None:
        """Ignore the results."""
