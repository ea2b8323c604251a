"""What every search space offers; architectures go in and out as ``[n, d]`` arrays, most often of int8."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import PADDING, Archs, Bits, Bools, Ints, as_archs, freeze_array
from nasbench.errors import InvalidArchitecture, make_unknown_name
from nasbench.spaces._reading import read_architectures, show_item

_SHOWN = 60  # characters of a bad string that an error repeats


@dataclass(frozen=True, slots=True)
class Graphs:
    """A batch of directed acyclic graphs with the operations on the vertices.

    Attributes:
        adjacency: [n, v, v] 1 where an edge leads from the row's vertex to the column's.
        operations: [n, v] position of each vertex's operation in ``vocabulary``.
        vocabulary: names of the operations; the first is the input, the last the output.
    """

    adjacency: Bits
    operations: Archs
    vocabulary: tuple[str, ...]


class Coded(NamedTuple):
    """What the codes of one decision mean.

    Attributes:
        decision: its name.
        values: what each code stands for, in order; the same value is written alike, whoever declares it.
        texts: the values as they are shown.
        when: the decision that this one depends on; empty if it is always active.
        active_at: codes of ``when`` at which it is active.
        among: texts of these codes.
    """

    decision: str
    values: tuple[str, ...]
    texts: tuple[str, ...]
    when: str = ""
    active_at: frozenset[int] = frozenset()
    among: tuple[str, ...] = ()


class SearchSpace(ABC):
    """A set of architectures, the moves between them, and their encodings.

    One space serves all strategies of a comparison, so that every array which becomes an attribute of it, or of a
    sub-class, is frozen; what methods return is frozen too, or a copy that nobody else has.

    Attributes:
        name: registry key.
        decisions: [d] name of each column of an architecture array.
        cardinality: [d] number of choices of each decision; 0 where it is a real number.
        dtype: of architectures: int8, int64 or float64; see ``nasbench/arrays.py``.
        operations: names of the operations a cell is made of.
        zero_operations: names of the graphs' operations that carry nothing.
        identity_operations: those that hand on what they get, or only add it up.
        trained_once_per_class: the benchmark trained one architecture of each isomorphism class, so that
            the measurements of ``canonical`` are those of all of them. Elsewhere a twin is another training.
        n_classes: number of classes of such a space that is not listed; ``inf`` elsewhere.
        forms: names of what whole numbers may mean in ``read`` besides decisions: ``index``, the benchmark's own
            numbers, or the codes of a library.
    """

    name: str
    decisions: tuple[str, ...]
    cardinality: Ints
    dtype: np.dtype[Any] = np.dtype(np.int8)
    operations: tuple[str, ...]
    zero_operations: tuple[str, ...] = ("none",)
    identity_operations: tuple[str, ...] = ("skip_connect", "identity", "skip")
    trained_once_per_class: bool = False
    n_classes: float = np.inf
    forms: tuple[str, ...] = ()

    @property
    def ordered(self) -> Bools:
        """[d] whether the choices of a decision lie on a line, so that two may be several steps apart."""
        return np.zeros(len(self.decisions), dtype=np.bool_)

    @property
    def width(self) -> int:
        """Columns of an architecture: decisions of the longest one."""
        return len(self.decisions)

    @property
    def no_archs(self) -> Archs:
        """No architecture, ``[0, d]``: where a list of them begins."""
        return np.empty((0, self.width), dtype=self.dtype)

    def lengths(self, archs: Archs) -> Ints:
        """Return how many columns of each row are in use, all but the padding at its end; ``[n]``."""
        used = ~np.isnan(archs) if self.dtype.kind == "f" else archs != PADDING
        lengths: Ints = np.where(used.any(axis=1), self.width - used[:, ::-1].argmax(axis=1), 0)
        return lengths

    @property
    def code_options(self) -> dict[str, Any]:
        """Options by which the same space can be made again, if they decide what codes mean; else empty.

        Plain data that JSON keeps, in the order of the decisions. A table stores them, so that no task reads its
        codes otherwise. A space of which options change more than which architectures there are overrides it.
        """
        return {}

    @property
    def coding(self) -> tuple[Coded, ...]:
        """[d] what the codes of each decision mean: architectures of spaces that agree in it can be joined."""
        found = []
        for decision, k in zip(self.decisions, self.cardinality.tolist(), strict=True):
            values = self.operations if len(self.operations) == k else tuple(map(str, range(k)))
            found.append(Coded(decision, values, values))
        return tuple(found)

    def __init_subclass__(cls, **options: Any) -> None:
        """Freeze the arrays of a sub-class."""
        super().__init_subclass__(**options)
        for name, value in vars(cls).copy().items():
            if isinstance(value, np.ndarray):
                setattr(cls, name, freeze_array(value))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, an array frozen."""
        super().__setattr__(name, freeze_array(value) if isinstance(value, np.ndarray) else value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Become a copy; copied and unpickled arrays are frozen again."""
        for name, value in state.items():
            setattr(self, name, value)

    @property
    @abstractmethod
    def size(self) -> float:
        """Number of valid architectures (``inf`` where it is not known)."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` valid architectures uniformly, with replacement; ``[n, d]``."""

    def sample_as_published(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw as the benchmark's own code draws, where that is not uniformly; ``[n, d]``."""
        return self.sample(n, rng)

    @abstractmethod
    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its neighbours, uniformly; ``[n, d]``."""

    def mutate_as_published(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Mutate with the operator of the benchmark's own evolution code, where that is another one."""
        return self.mutate(archs, rng)

    @abstractmethod
    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every architecture one edit away.

        Returns:
            ``[m, d]`` distinct neighbours of each row, in order, and ``[m]`` the row each belongs to.
        """

    @abstractmethod
    def is_valid(self, archs: Archs) -> Bools:
        """Tell for each row whether it is an architecture of this space; ``[n]``."""

    @abstractmethod
    def canonicalize(self, archs: Archs) -> Archs:
        """Map each architecture to the representative of its isomorphism class; ``[n, d]``."""

    @abstractmethod
    def graphs(self, archs: Archs) -> Graphs:
        """Return the computation graphs, operations on the vertices."""

    @abstractmethod
    def parse(self, texts: Sequence[str]) -> Archs:
        """Read architectures from the benchmark's own string form; ``[n, d]``."""

    @abstractmethod
    def format(self, archs: Archs) -> list[str]:
        """Write architectures in the benchmark's own string form."""

    def read(self, architectures: Any, *, form: str = "") -> Archs:
        """Read architectures in whatever form people hold them; ``[n, d]``.

        Args:
            architectures: several, in an array, list, series, or tensor: whole numbers [n, d], a row of decisions each;
                texts, of which ``#N`` is the benchmark's own number N where ``forms`` has ``index``; dictionaries,
                tuples and objects of other libraries, which the spaces list; a data frame, an architecture a row.
            form: one of ``forms``, for whole numbers that are not decisions. It is never guessed.

        Raises:
            InvalidArchitecture: a single one, another form, or one that breaks a rule of the space, which is named;
                rows of numbers are checked where they are used.
            UnknownName: another form.
        """
        is_ours = (
            isinstance(architectures, np.ndarray) and architectures.dtype == self.dtype and architectures.ndim == 2
        )
        return architectures if is_ours and not form else read_architectures(self, architectures, form)

    def read_rows(self, rows: npt.NDArray[Any]) -> Archs:
        """Read rows of decisions, of any type whose numbers fit the space's; ``[n, d]``.

        Raises:
            InvalidArchitecture: another shape, or numbers that do not fit.
        """
        return as_archs(rows, len(self.decisions), self.dtype)

    def read_indices(self, numbers: Sequence[int]) -> Archs:
        """Read the numbers that the benchmark itself gives to architectures; ``[n, d]``, for ``form="index"``.

        Raises:
            InvalidArchitecture: a number that none has.
        """
        raise InvalidArchitecture(f"the architectures of space '{self.name}' have no official numbers: {numbers[:3]}")

    def read_form(self, item: Any, form: str) -> Archs:
        """Read one architecture in the codes of a library that ``forms`` lists; ``[1, d]``."""
        raise InvalidArchitecture(f"space '{self.name}' reads no {form} form; found {show_item(item)}")

    def read_one(self, item: Any) -> Archs:
        """Read one architecture that is neither text nor a row of numbers; ``[1, d]``.

        Raises:
            InvalidArchitecture: a form that the space does not read.
        """
        if isinstance(item, Mapping) and set(item) == set(self.decisions):
            row: Archs = self.read_rows(np.array([[item[name] for name in self.decisions]]))
            return row
        example = self.format(self.sample(1, np.random.default_rng(0)))[0]
        raise InvalidArchitecture(
            f"cannot read {show_item(item)} as a '{self.name}' architecture; expected a row of {len(self.decisions)} "
            f"decisions, or text such as {example}"
        )

    def crossover(self, a: Archs, b: Archs, rng: np.random.Generator) -> Archs:
        """Take each decision from either parent with equal chance (uniform crossover); ``[n, d]``.

        A child that is not valid even after ``_repair`` is replaced by its parent in ``a``.
        """
        a, b = self.checked(a), self.checked(b)
        if a.shape != b.shape:
            raise InvalidArchitecture(f"parents have shapes {a.shape} and {b.shape}; expected the same")
        children = self._repair(np.where(rng.random(a.shape) < 0.5, a, b))
        return np.where(self.is_valid(children)[:, None], children, a)

    def _repair(self, archs: Archs) -> Archs:
        """Make rows with digits in range valid where the space knows how; ``[n, d]``."""
        return archs

    def checked(self, archs: Archs) -> Archs:
        """Return ``archs`` as ``[n, d]`` of the space's type, all of them valid.

        Raises:
            InvalidArchitecture: wrong shape or type, or an invalid row (the first one is shown).
        """
        archs = as_archs(archs, len(self.decisions), self.dtype)
        valid = self.is_valid(archs)
        if not valid.all():
            self._refuse(archs, np.flatnonzero(~valid))
        return archs

    def _refuse(self, archs: Archs, bad: Ints) -> None:
        raise InvalidArchitecture(
            f"row {bad[0]} of {len(archs)} is not an architecture of space '{self.name}': "
            f"{self._find_broken_rule(archs[bad[0]])}; it is {archs[bad[0]].tolist()} ({len(bad)} such row(s))"
        )

    def _find_broken_rule(self, arch: Archs) -> str:
        """Return the rule that a row [d] breaks, which is not an architecture."""
        is_choice = self.cardinality > 0
        outside = np.flatnonzero(is_choice & ((arch < 0) | (arch >= self.cardinality)))
        if len(outside):
            at = outside[0]
            return f"decision '{self.decisions[at]}' is {arch[at]}, expected 0 to {self.cardinality[at] - 1}"
        return self._explain_broken_rule(arch)

    def _explain_broken_rule(self, arch: Archs) -> str:
        """Return the rule that a row [d] breaks whose decisions are all in range."""
        del arch
        return "its decisions do not go together"

    def _make_malformed(self, text: str, why: str) -> InvalidArchitecture:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        example = self.format(self.sample(1, np.random.default_rng(0)))[0]
        return InvalidArchitecture(f"cannot read {shown!r} as a '{self.name}' architecture: {why}; example: {example}")

    @property
    def encodings(self) -> tuple[str, ...]:
        """Names that ``encode`` accepts."""
        return tuple(sorted(self._list_encoders()))

    def encode(self, archs: Archs, encoding: str) -> Bits:
        """Return a feature vector per architecture; ``[n, f]``.

        Args:
            archs: [n, d] valid architectures.
            encoding: ``one_hot`` (a bit for each choice of each decision), ``path`` (a bit for each
                input-to-output sequence of operations: White et al. 2021, BANANAS, arXiv 1910.11858)
                or ``adjacency`` (upper triangle of the graph, then its operations one-hot).

        Raises:
            UnknownName: an encoding that this space does not have.
        """
        encoders = self._list_encoders()
        if encoding not in encoders:
            raise make_unknown_name(f"encoding of space '{self.name}'", encoding, encoders)
        return encoders[encoding](self.checked(archs))

    def _list_encoders(self) -> dict[str, Callable[[Archs], Bits]]:
        if self.dtype.kind == "f":  # no bits for real numbers
            return {"adjacency": self._encode_adjacency}
        return {"one_hot": self._encode_one_hot, "adjacency": self._encode_adjacency}

    def _encode_one_hot(self, archs: Archs) -> Bits:
        # The last row, where PADDING leads, has no bit.
        bits = [np.eye(k + 1, k, dtype=np.uint8)[archs[:, i]] for i, k in enumerate(self.cardinality)]
        return np.concatenate(bits, axis=1)

    def _encode_adjacency(self, archs: Archs) -> Bits:
        graphs = self.graphs(archs)
        rows, columns = np.triu_indices(graphs.adjacency.shape[1], k=1)
        labels = np.eye(len(graphs.vocabulary), dtype=np.uint8)[graphs.operations]
        n, v, f = labels.shape
        return np.concatenate([graphs.adjacency[:, rows, columns], labels.reshape(n, v * f)], axis=1)
