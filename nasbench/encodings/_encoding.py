"""The interface of encodings: learn the columns once, then return a feature vector per architecture."""

from abc import ABC, abstractmethod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array

from nasbench.arrays import Archs, Floats, Ints
from nasbench.spaces import SearchSpace

Keys = npt.NDArray[np.uint64]
"""``[p]``, 64-bit hashes: the probability that two different items collide is 5e-20."""


class Encoding(ABC):
    """A feature vector for each architecture of a space.

    Subclasses implement ``encode``, and ``explain_absence`` if they do not apply to every space.

    Args:
        space: the search space of the architectures.
    """

    def __init__(self, space: SearchSpace) -> None:
        self.space = space

    @classmethod
    def explain_absence(cls, space: SearchSpace) -> str:
        """Return why this encoding does not exist in ``space``; an empty string if it exists."""
        del space
        return ""

    def fit(self, archs: Archs) -> None:  # noqa: B027 (most encodings have nothing to learn)
        """Learn the columns from ``archs`` [n, d], if the space alone does not determine them."""

    @abstractmethod
    def encode(self, archs: Archs) -> Floats:
        """Return the features of architectures [n, d] as an array ``[n, f]``."""

    def sparse(self, archs: Archs) -> Any:
        """Return the same features as a ``scipy.sparse.csr_array``."""
        return csr_array(self.encode(archs))

    def alike(self, archs: Archs) -> Ints:
        """Return class numbers [n]: architectures with the same number have equal features.

        Such architectures need encoding only once.
        """
        return np.arange(len(archs))

    @property
    def n_groups(self) -> int:
        """Number of column groups; some groups may have no column."""
        return 1

    @property
    def groups(self) -> Ints:
        """[f] group number of each column; a kernel may weight the groups separately."""
        return np.zeros(self.encode(self.space.sample(1, np.random.default_rng(0))).shape[1], dtype=np.int64)


class Tokens(NamedTuple):
    """Items counted in architectures.

    Attributes:
        owner: [p] row of the architecture that contains the item.
        key: [p] hash that identifies the item.
        group: [p] group of the item, see ``Encoding.groups``.
    """

    owner: Ints
    key: Keys
    group: Ints


class CountEncoding(Encoding):
    """Counts of items whose vocabulary is unknown before architectures are seen.

    ``fit`` creates a column for each item that it sees. Items that appear only later share one last column per group.
    This column holds the root of the sum of their squared counts. The length of a vector, and its distance to any
    vector seen by ``fit``, therefore stay exact for any group weights. Only two architectures seen after ``fit`` can
    look equal although their unseen items differ.
    """

    _keys: Keys
    _groups: Ints

    @abstractmethod
    def tokens(self, archs: Archs) -> Tokens:
        """Return all items to be counted in architectures [n, d], each as often as it occurs."""

    def counts(self, archs: Archs) -> tuple[Any, Ints]:
        """Return sparse counts [n, f] with a column for each item found, and the group [f] of each column."""
        found = self.tokens(archs)
        keys, first, column = np.unique(found.key, return_index=True, return_inverse=True)
        counts = coo_array((np.ones(len(column)), (found.owner, column)), shape=(len(archs), len(keys)))
        return counts.tocsr(), found.group[first]

    def fit(self, archs: Archs) -> None:
        """Learn the columns."""
        found = self.tokens(archs)
        self._keys, first = np.unique(found.key, return_index=True)
        self._groups = np.append(found.group[first], np.arange(self.n_groups))

    @property
    def groups(self) -> Ints:
        """[f] group of each column; the last ones, one per group, count items that ``fit`` did not see."""
        return self._groups

    def encode(self, archs: Archs) -> Floats:
        """Return counts; ``[n, columns + groups]``."""
        counts: Floats = self.sparse(archs).toarray()
        return counts

    def sparse(self, archs: Archs) -> Any:
        """Return the counts as a sparse array."""
        found, n, f, g = self.tokens(archs), len(archs), len(self._keys), self.n_groups
        column = np.searchsorted(self._keys, found.key)
        known = self._keys[column.clip(max=f - 1)] == found.key if f else np.zeros(len(column), dtype=bool)
        unseen = _compute_unseen_length(g * found.owner[~known] + found.group[~known], found.key[~known], g * n)
        counts = np.concatenate([np.ones(int(known.sum())), unseen])
        rows = np.concatenate([found.owner[known], np.repeat(np.arange(n), g)])
        columns = np.concatenate([column[known], np.tile(f + np.arange(g), n)])
        return coo_array((counts, (rows, columns)), shape=(n, f + g)).tocsr()


def _compute_unseen_length(owner: Ints, key: Keys, n: int) -> Floats:
    """Return ``[n]`` the Euclidean length of each owner's counts of unseen items."""
    pairs, counts = np.unique(np.stack([owner.astype(np.uint64), key]), axis=1, return_counts=True)
    squares = np.bincount(pairs[0].astype(np.int64), weights=counts.astype(np.float64) ** 2, minlength=n)
    lengths: Floats = np.sqrt(squares)
    return lengths


def scramble(values: Keys) -> Keys:
    """Hash 64-bit integers one to one (the finaliser of SplitMix64: Steele, Lea & Flood 2014)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
