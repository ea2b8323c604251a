"""The interface of search spaces. Architectures are ``[n, d]`` arrays, mostly of int8."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import PADDING, Archs, Bits, Bools, Ints, as_archs, freeze_array
from nasbench.errors import InvalidArchitecture, make_unknown_name
from nasbench.spaces._positions import Positions
from nasbench.spaces._reading import read_architectures, read_single, show_item

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nasbench.spaces._sketch import Sketch

_SHOWN = 60  # most characters of a bad string that an error message shows


@dataclass(frozen=True, slots=True)
class Graphs:
    """A batch of directed acyclic graphs with operations on the vertices.

    Attributes:
        adjacency: [n, v, v] 1 where an edge leads from the row's vertex to the column's vertex.
        operations: [n, v] position of each vertex's operation in ``vocabulary``.
        vocabulary: names of the operations; the first is the input, the last the output.
    """

    adjacency: Bits
    operations: Archs
    vocabulary: tuple[str, ...]


class Coded(NamedTuple):
    """The meaning of the codes of one decision.

    Attributes:
        decision: name of the decision.
        values: the value of each code, in order, normalised: equal values have equal texts in all declarations.
        texts: the values as messages show them.
        when: the decision that this one depends on; empty if it is always active.
        active_at: codes of ``when`` for which it is active.
        among: texts of these codes.
    """

    decision: str
    values: tuple[str, ...]
    texts: tuple[str, ...]
    when: str = ""
    active_at: frozenset[int] = frozenset()
    among: tuple[str, ...] = ()


class SearchSpace(Positions, ABC):
    """A set of architectures, the moves between them, and their encodings.

    All strategies of a comparison share one space. Therefore every array that becomes an attribute of a space or of a
    subclass is frozen; methods return frozen arrays or fresh copies.

    Attributes:
        name: registry key.
        decisions: [d] name of each column of an architecture array.
        cardinality: [d] number of choices of each decision; 0 where it is a real number.
        dtype: type of architecture arrays: int8, int64 or float64; see ``nasbench/arrays.py``.
        operations: names of the operations of a cell.
        zero_operations: names of the operations in graphs whose output is zero.
        identity_operations: names of the operations in graphs that pass on their input, or the sum of their inputs.
        trained_once_per_class: whether the benchmark trained one architecture of each isomorphism class, so that the
            measurements of the canonical architecture hold for the whole class. In other spaces, isomorphic
            architectures are separate training runs.
        n_classes: number of isomorphism classes of such a space if it is not enumerated; ``inf`` for other spaces.
        lasting: whether the space exists in other processes and tomorrow, so that features of its architectures are
            worth keeping on disk.
        forms: names of the meanings that integers may have in ``read`` besides decisions: ``index``, the benchmark's
            own numbers, or the codes of a library.
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
    lasting: bool = True
    forms: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Name and size in words: ``nb201: 15,625 architectures of 6 decisions``."""
        size = f"{self.size:,.10g}" if np.isfinite(self.size) else "infinitely many"
        return f"{self.name}: {size} architectures of {len(self.decisions)} decisions"

    @property
    def width(self) -> int:
        """Number of columns of an architecture: the decisions of the longest one."""
        return len(self.decisions)

    @property
    def no_archs(self) -> Archs:
        """An empty array of architectures ``[0, d]``."""
        return np.empty((0, self.width), dtype=self.dtype)

    def lengths(self, archs: Archs) -> Ints:
        """Return the number of used columns of each row, without the padding at its end; ``[n]``."""
        used = ~np.isnan(archs) if self.dtype.kind == "f" else archs != PADDING
        lengths: Ints = np.where(used.any(axis=1), self.width - used[:, ::-1].argmax(axis=1), 0)
        return lengths

    @property
    def code_options(self) -> dict[str, Any]:
        """Options that recreate the same space, if they determine the meaning of codes; else empty.

        They are plain data that JSON can store, in the order of the decisions. A table stores them, so that no task
        interprets its codes differently. A space must override this property if its options change more than the set
        of architectures.
        """
        return {}

    @property
    def coding(self) -> tuple[Coded, ...]:
        """[d] meaning of the codes of each decision; architectures of spaces with the same coding can be joined."""
        found = []
        for decision, k in zip(self.decisions, self.cardinality.tolist(), strict=True):
            values = self.operations if len(self.operations) == k else tuple(map(str, range(k)))
            found.append(Coded(decision, values, values))
        return tuple(found)

    def __init_subclass__(cls, **options: Any) -> None:
        """Freeze the arrays of a subclass."""
        super().__init_subclass__(**options)
        for name, value in vars(cls).copy().items():
            if isinstance(value, np.ndarray):
                setattr(cls, name, freeze_array(value))

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute; freeze it if it is an array."""
        super().__setattr__(name, freeze_array(value) if isinstance(value, np.ndarray) else value)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a copy, and freeze its copied or unpickled arrays again."""
        for name, value in state.items():
            setattr(self, name, value)

    @property
    @abstractmethod
    def size(self) -> float:
        """Number of valid architectures (``inf`` if it is unknown)."""

    @abstractmethod
    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` valid architectures uniformly, with replacement; ``[n, d]``."""

    def sample_as_published(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw from the distribution of the benchmark's own code, if it is not uniform; ``[n, d]``."""
        return self.sample(n, rng)

    @abstractmethod
    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its neighbours, uniformly; ``[n, d]``."""

    def mutate_as_published(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Mutate with the operator of the benchmark's own evolution code, if it is a different one; ``[n, d]``."""
        return self.mutate(archs, rng)

    @abstractmethod
    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every architecture one edit away.

        Returns:
            ``[m, d]`` distinct neighbours of each row, in order, and ``[m]`` the row that each belongs to.
        """

    @abstractmethod
    def is_valid(self, archs: Archs) -> Bools:
        """Return whether each row is an architecture of this space; ``[n]``."""

    @abstractmethod
    def canonicalize(self, archs: Archs) -> Archs:
        """Map each architecture to the representative of its isomorphism class; ``[n, d]``."""

    @abstractmethod
    def graphs(self, archs: Archs) -> Graphs:
        """Return the computation graphs, with operations on the vertices."""

    def draw(self, architecture: Any, *, title: str = "") -> "Figure":
        """Draw the computation graph of one architecture: operations on vertices or edges, as the space defines them.

        Args:
            architecture: one architecture in any form that ``read`` takes: a text, a row [d] or [1, d] ...
            title: text above the picture.

        Returns:
            A matplotlib figure; ``figure.savefig(path)`` writes it, and notebooks show it.

        Raises:
            InvalidArchitecture: it is not exactly one architecture of the space.
            MissingExtra: matplotlib is not installed.
        """
        from nasbench.spaces._drawing import draw_sketch

        arch = self.checked(read_single(self, architecture))
        return draw_sketch(self.sketch(arch), self.operations, self.zero_operations, title)

    def sketch(self, arch: Archs) -> "Sketch":
        """Return what a picture of one architecture [1, d] shows; by default, the graph of ``graphs``."""
        from nasbench.spaces._sketch import sketch_graph

        return [sketch_graph(self.graphs(arch))]

    @abstractmethod
    def parse(self, texts: Sequence[str]) -> Archs:
        """Read architectures from the benchmark's own string form; ``[n, d]``."""

    @abstractmethod
    def format(self, archs: Archs) -> list[str]:
        """Write architectures in the benchmark's own string form."""

    def read(self, architectures: Any, *, form: str = "") -> Archs:
        """Read architectures in any common form; ``[n, d]``.

        Args:
            architectures: an array, list, series, tensor or data frame of architectures. Allowed are integers [n, d],
                one row of decisions per architecture; texts, where ``#N`` is the benchmark's own number N if
                ``forms`` has ``index``; dictionaries, tuples and objects of other libraries, as each space documents;
                and the rows of a data frame.
            form: one of ``forms``, for integers that are not decisions. It is never guessed.

        Raises:
            InvalidArchitecture: the argument is a single architecture, an item has an unknown form or breaks a rule of
                the space, which the message names. Rows of numbers are checked where they are used.
            UnknownName: ``form`` is unknown.
        """
        is_ours = (
            isinstance(architectures, np.ndarray) and architectures.dtype == self.dtype and architectures.ndim == 2
        )
        return architectures if is_ours and not form else read_architectures(self, architectures, form)

    def read_rows(self, rows: npt.NDArray[Any]) -> Archs:
        """Read rows of decisions of any type whose numbers fit the space's type; ``[n, d]``.

        Raises:
            InvalidArchitecture: the shape is wrong, or the numbers do not fit.
        """
        return as_archs(rows, len(self.decisions), self.dtype)

    def read_indices(self, numbers: Sequence[int]) -> Archs:
        """Read the benchmark's own numbers of architectures (``form="index"``); ``[n, d]``.

        Raises:
            InvalidArchitecture: no architecture has the number.
        """
        raise InvalidArchitecture(f"the architectures of space '{self.name}' have no official numbers: {numbers[:3]}")

    def read_form(self, item: Any, form: str) -> Archs:
        """Read one architecture in the codes of a library from ``forms``; ``[1, d]``."""
        raise InvalidArchitecture(f"space '{self.name}' cannot read the form '{form}'; found {show_item(item)}")

    def read_one(self, item: Any) -> Archs:
        """Read one architecture that is neither a text nor a row of numbers; ``[1, d]``.

        Raises:
            InvalidArchitecture: the space cannot read this form.
        """
        if isinstance(item, Mapping) and set(item) == set(self.decisions):
            row: Archs = self.read_rows(np.array([[item[name] for name in self.decisions]]))
            return row
        example = self.format(self.sample(1, np.random.default_rng(0)))[0]
        raise InvalidArchitecture(
            f"cannot read {show_item(item)} as a '{self.name}' architecture; expected a row of {len(self.decisions)} "
            f"decisions, or a text such as {example}"
        )

    def crossover(self, a: Archs, b: Archs, rng: np.random.Generator) -> Archs:
        """Take each decision from either parent with equal probability (uniform crossover); ``[n, d]``.

        If a child is invalid even after ``_repair``, its parent in ``a`` replaces it.
        """
        a, b = self.checked(a), self.checked(b)
        if a.shape != b.shape:
            raise InvalidArchitecture(f"parents have shapes {a.shape} and {b.shape}; expected the same")
        children = self._repair(np.where(rng.random(a.shape) < 0.5, a, b))
        return np.where(self.is_valid(children)[:, None], children, a)

    def _repair(self, archs: Archs) -> Archs:
        """Make rows with digits in range valid, if the space can; ``[n, d]``."""
        return archs

    def checked(self, archs: Archs) -> Archs:
        """Return ``archs`` as ``[n, d]`` of the space's type after checking that all are valid.

        Raises:
            InvalidArchitecture: the shape or type is wrong, or a row is invalid (the message shows the first one).
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
        """Return the rule that an invalid row [d] breaks."""
        is_choice = self.cardinality > 0
        outside = np.flatnonzero(is_choice & ((arch < 0) | (arch >= self.cardinality)))
        if len(outside):
            at = outside[0]
            return f"decision '{self.decisions[at]}' is {arch[at]}, expected 0 to {self.cardinality[at] - 1}"
        return self._explain_broken_rule(arch)

    def _explain_broken_rule(self, arch: Archs) -> str:
        """Return the rule that an invalid row [d] breaks, if all its decisions are in range."""
        del arch
        return "its decisions are not allowed together"

    def _make_malformed(self, text: str, why: str) -> InvalidArchitecture:
        shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "..."
        example = self.format(self.sample(1, np.random.default_rng(0)))[0]
        return InvalidArchitecture(f"cannot read {shown!r} as a '{self.name}' architecture: {why}; example: {example}")

    @property
    def encodings(self) -> tuple[str, ...]:
        """Names that ``encode`` accepts."""
        return tuple(sorted(self._list_encoders()))

    def encode(self, archs: Archs, encoding: str) -> Bits:
        """Return one feature vector per architecture; ``[n, f]``.

        Args:
            archs: [n, d] valid architectures.
            encoding: ``one_hot`` (one bit for each choice of each decision), ``path`` (one bit for each
                input-to-output sequence of operations: White et al. 2021, BANANAS, arXiv 1910.11858)
                or ``adjacency`` (the upper triangle of the graph, then its operations one-hot).

        Raises:
            UnknownName: this space does not have the encoding.
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
        # PADDING (-1) selects the last row, which has no bit.
        bits = [np.eye(k + 1, k, dtype=np.uint8)[archs[:, i]] for i, k in enumerate(self.cardinality)]
        return np.concatenate(bits, axis=1)

    def _encode_adjacency(self, archs: Archs) -> Bits:
        graphs = self.graphs(archs)
        rows, columns = np.triu_indices(graphs.adjacency.shape[1], k=1)
        labels = np.eye(len(graphs.vocabulary), dtype=np.uint8)[graphs.operations]
        n, v, f = labels.shape
        return np.concatenate([graphs.adjacency[:, rows, columns], labels.reshape(n, v * f)], axis=1)
