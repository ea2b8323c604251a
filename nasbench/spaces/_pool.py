"""A space restricted to its measured architectures."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bits, Bools, Floats, Ints, RowIndex, WideRowIndex, get_row_index
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._sketch import Sketch
from nasbench.spaces._space import Coded, Graphs, SearchSpace

_LEAST = 4  # least number of neighbours of an architecture, if the whole space has as many
_DRAWS = 20  # most draws with the benchmark's own distribution before drawing uniformly


class MeasuredSpace(EnumeratedSpace):
    """The measured architectures of a space, with the moves of the space between them.

    If fewer than four neighbours of an architecture were measured, the nearest other measured architectures become its
    neighbours too, up to four; ties are all included (``compute_distances`` says what is near). So a search can leave
    every architecture, however sparse the measured ones are. If crossover makes a child that was not measured, the
    nearest measured architecture replaces it. Texts, graphs and encodings are those of the whole space.

    Args:
        inner: the whole space.
        rows: [N, d] distinct architectures of it, at least one.

    Attributes:
        inner: the whole space.
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
        self._moves: dict[int, Ints] = {}  # neighbours by architecture, computed on first use

    @property
    def code_options(self) -> dict[str, Any]:
        """The options of the whole space."""
        return self.inner.code_options

    @property
    def coding(self) -> tuple[Coded, ...]:
        """[d] meaning of the codes of each decision: the same as in the whole space."""
        return self.inner.coding

    def __getattr__(self, name: str) -> Any:
        """Return an attribute that only the whole space has, such as the sizes of its networks."""
        if name.startswith("_") or name == "inner":
            raise AttributeError(name)
        return getattr(self.inner, name)

    def _refuse(self, archs: Archs, bad: Ints) -> None:
        archs = self.inner.checked(archs)  # raises an error for architectures outside the whole space
        raise InvalidArchitecture(
            f"{self.inner.format(archs[bad[:1]])[0]} was not measured ({len(bad)} of {len(archs)} given): the search "
            f"is restricted to the {len(self.rows):,} measured architectures of space '{self.name}'"
        )

    def _list_edits(self, archs: Archs) -> Archs:
        raise NotImplementedError("the neighbours of measured architectures are found one by one")

    def _find_neighbors(self, at: int) -> Ints:
        """Return [k] the indices of the neighbours of the architecture at index ``at``."""
        found = self._moves.get(at)
        if found is None:
            near, _ = self.inner.neighbors(self.rows[at : at + 1])
            found = np.unique(self._finder.find(self._fold_twins(near)))
            found = found[(found >= 0) & (found != at)]
            least = min(_LEAST, len(near), len(self.rows) - 1)
            if len(found) < least:
                distance = self.compute_distances(self.rows[at])
                distance[at] = np.inf
                found = np.union1d(found, np.flatnonzero(distance <= np.partition(distance, least - 1)[least - 1]))
            self._moves[at] = found
        return found

    def _fold_twins(self, archs: Archs) -> Archs:
        """Replace architectures [n, d] by the measured twin, where only one of each class was trained; ``[n, d]``."""
        if not self.trained_once_per_class:
            return archs
        known = self.is_valid(archs)
        return archs if known.all() else np.where(known[:, None], archs, self.inner.canonicalize(archs))

    def measure(self, archs: Archs) -> Floats:
        """Return [n, d] the position of each decision from 0 to 1, as in the whole space."""
        return self.inner.measure(archs)

    def find_active(self, archs: Archs) -> Bools:
        """Return [n, d] which decisions of architectures matter, given the others."""
        return self.inner.find_active(archs)

    def place(self, positions: Floats) -> Archs:
        """Return the architectures [n, d] of the whole space at positions in the unit cube, measured or not.

        In a space with rows of floats, these are the nearest measured ones: hardly any point was measured.
        """
        archs = self.inner.place(positions)
        if self.dtype.kind == "f":
            archs = self.find_nearest(archs)
        return archs

    @property
    def is_number(self) -> Bools:
        """[d] whether a decision is one number on a scale."""
        return self.inner.is_number

    @property
    def ordered(self) -> Bools:
        """[d] whether the choices of a decision are ordered."""
        return self.inner.ordered

    @cached_property
    def _positions(self) -> Floats:
        """[N, d] positions of all measured architectures."""
        return self.inner.measure(self.rows)

    def compute_distances(self, arch: Archs) -> Floats:
        """Return [N] the number of edits from ``arch`` [d], measured or not, to each measured one, ignoring conditions.

        A different choice counts one, an ordered one the number of steps between both. In a space with numbers on a
        scale, every ordered decision counts the part of its scale that lies between both.
        """
        steps: Any
        if self.dtype.kind == "f":
            steps = np.abs(self._positions - self.inner.measure(arch[None]))
        else:
            steps = np.abs(self.rows - arch.astype(np.int16))
        return np.asarray(np.where(self.ordered, steps, self.rows != arch).sum(axis=1), dtype=np.float64)

    def find_nearest(self, archs: Archs) -> Archs:
        """Return the measured architecture nearest to each one [n, d] of the whole space, the first of several."""
        return self.rows[[int(self.compute_distances(arch).argmin()) for arch in archs]]

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return the neighbours of every architecture, ``[m, d]``, and the row ``[m]`` each belongs to."""
        found = [self._find_neighbors(at) for at in self.index(archs).tolist()]
        members = np.concatenate(found) if found else np.empty(0, dtype=np.int64)
        return self.rows.take(members, axis=0), np.repeat(np.arange(len(found)), [len(own) for own in found])

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its neighbours, uniformly; the only measured one stays; ``[n, d]``."""
        index = self.index(archs).tolist()
        around = [self._find_neighbors(at) for at in index]
        drawn = zip(index, around, rng.random(len(index)).tolist(), strict=True)
        chosen = [own.item(int(u * len(own))) if len(own) else at for at, own, u in drawn]
        return self.rows.take(np.array(chosen, dtype=np.int64), axis=0)

    def crossover(self, a: Archs, b: Archs, rng: np.random.Generator) -> Archs:
        """Cross as the whole space does; replace an unmeasured child by the nearest measured one; ``[n, d]``."""
        children = self._fold_twins(self.inner.crossover(self.checked(a), self.checked(b), rng)).copy()
        for i in np.flatnonzero(~self.is_valid(children)).tolist():
            distance = self.compute_distances(children[i])
            near = np.flatnonzero(distance == distance.min())
            children[i] = self.rows[near[int(rng.random() * len(near))]]
        return children

    def sample_as_published(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw as the benchmark's own code does, up to 20 times until the result was measured; ``[n, d]``."""
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
        """Mutate as the benchmark's own code does, or with ``mutate`` if the result was not measured; ``[n, d]``."""
        children = self.mutate(archs, rng)
        if type(self.inner).mutate_as_published is not SearchSpace.mutate_as_published:
            drawn = self._fold_twins(self.inner.mutate_as_published(archs, rng))
            children = np.where(self.is_valid(drawn)[:, None], drawn, children)
        return children

    @cached_property
    def _classes(self) -> tuple[RowIndex | WideRowIndex, Archs]:
        """The canonical form of each isomorphism class, and its first measured architecture."""
        forms, first = np.unique(self.inner.canonicalize(self.rows), axis=0, return_index=True)
        return get_row_index(forms, self.cardinality), self.rows[first]

    def canonicalize(self, archs: Archs) -> Archs:
        """Map each to the representative of its class, or to the first measured one of the class; ``[n, d]``."""
        found = self.inner.canonicalize(self.checked(archs))
        known = self.is_valid(found)
        if known.all():
            return found
        forms, first = self._classes
        return np.where(known[:, None], found, first.take(forms.find(found), axis=0))

    def sketch(self, arch: Archs) -> Sketch:
        """Return what a picture of one architecture [1, d] shows."""
        return self.inner.sketch(arch)

    def graphs(self, archs: Archs) -> Graphs:
        """Return the computation graphs, operations on the vertices."""
        return self.inner.graphs(archs)

    def read(self, architectures: Any, *, form: str = "") -> Archs:
        """Read architectures of the whole space, measured or not, in any form that it reads; ``[n, d]``."""
        return self.inner.read(architectures, form=form)

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read architectures of the whole space, measured or not; ``[n, d]``."""
        return self.inner.parse(texts)

    def format(self, archs: Archs) -> list[str]:
        """Write architectures of the whole space, measured or not."""
        return self.inner.format(archs)

    @property
    def encodings(self) -> tuple[str, ...]:
        """Names that ``encode`` accepts."""
        return self.inner.encodings

    def encode(self, archs: Archs, encoding: str) -> Bits:
        """Return one feature vector for each architecture of the whole space, measured or not; ``[n, f]``."""
        return self.inner.encode(archs, encoding)
