"""Spaces that list all their architectures: every operation is a look-up in arrays that are computed once."""

from abc import abstractmethod
from functools import cached_property

import numpy as np

from nasbench.arrays import Archs, Bools, Ints, RowIndex, WideRowIndex, freeze_array, get_row_index
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._space import SearchSpace


class EnumeratedSpace(SearchSpace):
    """A search space with an ``index``: architecture ``i`` is row ``i`` of ``rows``.

    Subclasses define ``rows`` and ``_list_edits``, the single edits of an architecture.

    Attributes:
        rows: [N, d] every valid architecture, in index order.
    """

    rows: Archs

    @property
    def size(self) -> float:
        """Number of valid architectures."""
        return len(self.rows)

    @cached_property
    def _finder(self) -> RowIndex | WideRowIndex:
        vars(self)["rows"] = freeze_array(self.rows)  # a subclass may compute the rows on first use
        return get_row_index(self.rows, self.cardinality)

    def index(self, archs: Archs) -> Ints:
        """Return the position of each architecture in ``rows``; ``[n]``.

        Raises:
            InvalidArchitecture: a row that is not in the space.
        """
        found = self._finder.find(archs)
        if (found.item() if len(found) == 1 else found.min(initial=0)) < 0:
            self._refuse(np.asarray(archs), np.flatnonzero(found < 0))
        return found

    def unindex(self, index: Ints) -> Archs:
        """Return the architectures at ``index`` [n]; the inverse of ``index``.

        Raises:
            InvalidArchitecture: an index is outside ``[0, size)``, or ``index`` is not a list of integers.
        """
        index = np.asarray(index)
        if index.ndim != 1 or (index.size and (index.dtype.kind not in "iu" or index.dtype == np.int8)):
            raise InvalidArchitecture(
                f"index has dtype {index.dtype} and shape {index.shape}; expected integers [n]; for architectures "
                "[n, d], use space.index(archs)"
            )
        index = index.astype(np.int64, copy=False)
        bad = np.flatnonzero((index < 0) | (index >= len(self.rows)))
        if len(bad):
            raise InvalidArchitecture(
                f"index {index[bad[0]]} is outside [0, {len(self.rows)}) of space '{self.name}' ({len(bad)} such)"
            )
        return self.rows[index]

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether each row is an architecture of this space; ``[n]``."""
        return self._finder.find(archs) >= 0

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` architectures uniformly, with replacement; ``[n, d]``."""
        # floor(u * N) is biased by less than N / 2**53 and 6x faster than Generator.integers for n = 1
        return self.rows.take((rng.random(n) * len(self.rows)).astype(np.int64), axis=0)

    @abstractmethod
    def _list_edits(self, archs: Archs) -> Archs:
        """Return ``[n, k, d]``: the results of all ``k`` single edits in canonical form; may repeat or be invalid."""

    @cached_property
    def _neighborhood(self) -> tuple[Ints, Ints]:
        """The neighbours of every architecture as compressed sparse rows: ``[N + 1]`` starts, ``[edges]`` indices."""
        n = len(self.rows)
        edits = self._list_edits(self.rows)
        owner = np.repeat(np.arange(n), edits.shape[1])
        found = self._finder.find(np.ascontiguousarray(edits.reshape(-1, edits.shape[2])))
        kept = (found >= 0) & (found != owner)
        pairs = np.sort(owner[kept] * n + found[kept])
        pairs = pairs[np.diff(pairs, prepend=-1) > 0]  # distinct; np.unique is 5x slower here
        starts = np.searchsorted(pairs, np.arange(n + 1) * n)
        return freeze_array(starts), freeze_array(pairs % n)

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every architecture one edit away, ``[m, d]``, and the row ``[m]`` each belongs to."""
        starts, members = self._neighborhood
        index = self.index(archs)
        if len(index) == 1:  # the same result as below in a quarter of the time
            own = members[starts.item(index.item()) : starts.item(index.item() + 1)]
            return self.rows.take(own, axis=0), np.zeros(len(own), dtype=np.int64)
        counts = starts[index + 1] - starts[index]
        owner = np.repeat(np.arange(len(index)), counts)
        within = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
        return self.rows[members[starts[index][owner] + within]], owner

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its neighbours, uniformly; ``[n, d]``."""
        starts, members = self._neighborhood
        index = self.index(archs)
        if len(index) == 1:  # the same draw and result as below in a quarter of the time
            at = index.item()
            first, end = starts.item(at), starts.item(at + 1)
            chosen = members.item(first + int(rng.random() * (end - first)))
            return self.rows[chosen : chosen + 1]
        firsts = starts.take(index)
        counts = starts.take(index + 1) - firsts
        steps = (rng.random(len(index)) * counts).astype(np.int64)
        return self.rows.take(members.take(firsts + steps), axis=0)
