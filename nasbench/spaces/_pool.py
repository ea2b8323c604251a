"""A space restricted to some of its architectures: those that were measured."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bits, Ints, RowIndex, get_row_index
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._space import Coded, Graphs, SearchSpace

_LEAST = 4  # neighbours that an architecture has at least, if the space gives it as many
_DRAWS = 20  # by the benchmark's own way, before one is drawn uniformly


class MeasuredSpace(EnumeratedSpace):
    """Some architectures of a space, between which the same moves lead where both ends were measured.

    An architecture that keeps fewer than four of its neighbours also has the nearest others for neighbours: all those
    as near as the ones that make it four, counting a decision that differs as one, and the steps along an ordered one.
    So a search can leave each of them, however sparse they are. Where crossover makes a child that was not measured,
    the nearest one that was takes its place. Texts, graphs and encodings are the space's own, of all its architectures.

    Args:
        inner: the space.
        rows: [N, d] different ones of its architectures, at least one.

    Attributes:
        inner: the space.
    """

    def __init__(self, inner: SearchSpace, rows: Archs) -> None:
        self.inner = inner
        self.rows = np.ascontiguousarray(rows[np.lexsort(rows.T[::-1])])
        self.name, self.decisions, self.cardinality = inner.name, inner.decisions, inner.cardinality
        self.operations, self.zero_operations, self.identity_operations = (
            inner.operations,
            inner.zero_operations,
            inner.identity_operations,
        )
        self.dtype = inner.dtype
        self.trained_once_per_class, self.forms = inner.trained_once_per_class, inner.forms
        self._moves: dict[int, Ints] = {}  # neighbours, by architecture, found when first asked for

    @property
    def code_options(self) -> dict[str, Any]:
        """Those of the space."""
        return self.inner.code_options

    @property
    def coding(self) -> tuple[Coded, ...]:
        """[d] what the codes of each decision mean: the same as in the space."""
        return self.inner.coding

    def __getattr__(self, name: str) -> Any:
        """Return what only the space itself has, such as the sizes of its networks."""
        if name.startswith("_") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def _refuse(self, archs: Archs, bad: Ints) -> None:
        archs = self.inner.checked(archs)  # says what is wrong with those that the space does not have
        raise InvalidArchitecture(
            f"{self.inner.format(archs[bad[:1]])[0]} was not measured ({len(bad)} of {len(archs)} given): the search "
            f"is restricted to the {len(self.rows):,} architectures of space '{self.name}' that were"
        )

    def _list_edits(self, archs: Archs) -> Archs:
        raise NotImplementedError("the neighbours of measured architectures are found one by one")

    def _find_neighbors(self, at: int) -> Ints:
        """[k] places of the neighbours of the architecture at ``at``."""
        found = self._moves.get(at)
        if found is None:
            near, _ = self.inner.neighbors(self.rows[at : at + 1])
            found = np.unique(self._finder.find(self._fold_twins(near)))
            found = found[(found >= 0) & (found != at)]
            least = min(_LEAST, len(near), len(self.rows) - 1)
            if len(found) < least:
                distance = self._compute_distances(self.rows[at])
                distance[at] = np.iinfo(distance.dtype).max
                found = np.union1d(found, np.flatnonzero(distance <= np.partition(distance, least - 1)[least - 1]))
            self._moves[at] = found
        return found

    def _fold_twins(self, archs: Archs) -> Archs:
        """Put the twin that was trained for each architecture [n, d] that was not, where only one was; ``[n, d]``."""
        if not self.trained_once_per_class:
            return archs
        known = self.is_valid(archs)
        return archs if known.all() else np.where(known[:, None], archs, self.inner.canonicalize(archs))

    def _compute_distances(self, arch: Archs) -> Ints:
        """[N] how many edits lie between ``arch`` [d] and each architecture, if no other decision forbade them."""
        steps = np.abs(self.rows - arch.astype(np.int16))
        return np.asarray(np.where(self.inner.ordered, steps, steps > 0).sum(axis=1))

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return the neighbours of every architecture, ``[m, d]``, and the row ``[m]`` each belongs to."""
        found = [self._find_neighbors(at) for at in self.index(archs).tolist()]
        members = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
        return self.rows.take(members, axis=0), np.repeat(np.arange(len(found)), [len(own) for own in found])

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its neighbours, uniformly; a single measured one stays; ``[n, d]``."""
        index = self.index(archs).tolist()
        around = [self._find_neighbors(at) for at in index]
        drawn = zip(index, around, rng.random(len(index)).tolist(), strict=True)
        chosen = [own.item(int(u * len(own))) if len(own) else at for at, own, u in drawn]
        return self.rows.take(np.array(chosen, dtype=np.int64), axis=0)

    def crossover(self, a: Archs, b: Archs, rng: np.random.Generator) -> Archs:
        """Cross as the space does; in place of a child that was not measured, the nearest that was; ``[n, d]``."""
        children = self._fold_twins(self.inner.crossover(self.checked(a), self.checked(b), rng)).copy()
        for i in np.flatnonzero(~self.is_valid(children)).tolist():
            distance = self._compute_distances(children[i])
            near = np.flatnonzero(distance == distance.min())
            children[i] = self.rows[near[int(rng.random() * len(near))]]
        return children

    def sample_as_published(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw as the benchmark's own code draws until it is one that was measured, at most 20 times; ``[n, d]``."""
        if type(self.inner).sample_as_published is SearchSpace.sample_as_published:
            return self.sample(n, rng)
        archs, left = self.sample(n, rng), np.arange(n)
        for _ in range(_DRAWS):
            drawn = self._fold_twins(self.inner.sample_as_published(len(left), rng))
            known = self.is_valid(drawn)
            archs[left[known]] = drawn[known]
            left = left[~known]
        return archs

    def mutate_as_published(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Mutate as the benchmark's own code does, and as ``mutate`` where that was not measured; ``[n, d]``."""
        children = self.mutate(archs, rng)
        if type(self.inner).mutate_as_published is not SearchSpace.mutate_as_published:
            drawn = self._fold_twins(self.inner.mutate_as_published(archs, rng))
            children = np.where(self.is_valid(drawn)[:, None], drawn, children)
        return children

    @cached_property
    def _classes(self) -> tuple[RowIndex, Archs]:
        """The canonical form of each class, and the first architecture of it that was measured."""
        forms, first = np.unique(self.inner.canonicalize(self.rows), axis=0, return_index=True)
        return get_row_index(forms, self.cardinality), self.rows[first]

    def canonicalize(self, archs: Archs) -> Archs:
        """Map each to the representative of its class, or to the first one measured if that was not; ``[n, d]``."""
        found = self.inner.canonicalize(self.checked(archs))
        known = self.is_valid(found)
        if known.all():
            return found
        forms, first = self._classes
        return np.where(known[:, None], found, first.take(forms.find(found), axis=0))

    def graphs(self, archs: Archs) -> Graphs:
        """Return the computation graphs, operations on the vertices."""
        return self.inner.graphs(archs)

    def read(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures of the space, measured or not, given in any form that it reads; ``[n, d]``."""
        return self.inner.read(architectures, form=form)

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read architectures of the space, measured or not; ``[n, d]``."""
        return self.inner.parse(texts)

    def format(self, archs: Archs) -> list[str]:
        """Write architectures of the space, measured or not."""
        return self.inner.format(archs)

    @property
    def encodings(self) -> tuple[str, ...]:
        """Names that ``encode`` accepts."""
        return self.inner.encodings

    def encode(self, archs: Archs, encoding: str) -> Bits:
        """Return a feature vector per architecture of the space, measured or not; ``[n, f]``."""
        return self.inner.encode(archs, encoding)
