"""Spaces of named decisions: hyperparameters, architecture choices, or both, declared as plain data.

The declaration follows ConfigSpace (Lindauer et al. 2019, arXiv 1908.06756). The kinds are ``categorical``,
``ordinal`` (listed in order), ``integer`` (``[low, high]`` with a ``step``; with ``log`` the step is a factor, 2 by
default, and a step of 1 means every whole number on a log scale) and ``real`` (``[low, high]``, with ``log`` on a log
scale). A condition makes a decision active only if another decision, one with listed values, is active and has one of
the given values. Each decision has at most one condition, so that configurations can be counted and drawn uniformly.
ConfigSpace's conjunctions and forbidden clauses are refused.

The mapping of a table holds the declaration (a task takes it from the table, or repeats it identically)::

    [architecture]
    space = "hyper"
    [architecture.space_options.decisions]
    optimizer = { categorical = ["sgd", "adam"] }
    momentum = { ordinal = [0, 0.9, 0.99] }
    depth = { integer = [1, 8] }
    lr = { real = [1e-4, 1e-1], log = true }
    [[architecture.space_options.conditions]]
    decision = "momentum"
    when = "optimizer"
    is = ["sgd"]

A task that trains has no table; its declaration holds the same under ``space_options``.

A column of an architecture holds a digit, which counts the values from 0. The column of a real number holds the number
itself. An inactive decision holds 0. If every decision has at most 127 listed values, rows are int8; otherwise, they
are float64. The text form is ``optimizer=sgd,momentum=0.9,depth=3,lr=0.01``, without inactive decisions. ``read`` also
takes dictionaries, data frames and configurations of ConfigSpace, ``{"optimizer": "sgd", ...}``, in which inactive
decisions may be None or nan.

A neighbour differs in one active decision: a categorical one may take any other value, an ordinal or listed integer
one the value before or after, and a number moves by 1, 5 or 20 % of its scale. Listed decisions that the change
activates start at their first value, numbers in the middle of their scale.

A space of up to a million configurations of int8 is an ``EnumeratedSpace``; any other one has no ``index``.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints, as_archs
from nasbench.errors import InvalidOption
from nasbench.spaces._hyper_columns import ConfigurationColumns, ValueColumn, read_columns
from nasbench.spaces._hyper_declared import (
    Decision,
    describe_coding,
    order_parents_first,
    read_declaration,
    write_declaration,
)
from nasbench.spaces._hyper_texts import ConfigurationTexts
from nasbench.spaces._sketch import Sketch, sketch_table
from nasbench.spaces._space import Coded, Graphs

if TYPE_CHECKING:
    from nasbench.spaces._hyper_optuna import Suggest

_ENUMERATED = 10**6  # configurations; their rows take a few MB

_EXAMPLE: dict[str, Any] = {
    "lr": {"ordinal": [0.1, 0.03, 0.01, 0.003, 0.001]},
    "optimizer": {"categorical": ["sgd", "adam"]},
    "momentum": {"ordinal": [0, 0.5, 0.9, 0.99]},
    "op": {"categorical": ["conv3x3", "conv1x1", "pool"]},
    "depth": {"integer": [1, 8]},
    "width": {"integer": [16, 128], "log": True},
}
_EXAMPLE_CONDITIONS = ({"decision": "momentum", "when": "optimizer", "is": ["sgd"]},)


class HyperSpace(ConfigurationTexts):
    """A space of named decisions, some of which may be active only under a condition.

    Args:
        decisions: name -> ``{"categorical": [...]}``, ``{"ordinal": [...]}``,
            ``{"integer": [low, high], "step": 1, "log": False}`` or ``{"real": [low, high], "log": False}``. Without
            decisions, an example with six decisions and 2,400 configurations.
        conditions: ``{"decision": name, "when": other, "is": [values]}``.

    Raises:
        InvalidOption: the declaration is malformed, or there are fewer than two configurations.
        UnknownName: a condition refers to an undeclared decision or value.
    """

    name = "hyper"

    def __new__(
        cls, decisions: Mapping[str, Any] | None = None, conditions: Sequence[Mapping[str, Any]] = ()
    ) -> "HyperSpace":
        """Make an ``EnumeratedSpace`` of few configurations, and one of wide rows where int8 is too small."""
        if cls is not HyperSpace:
            return super().__new__(cls)
        declared = _read(decisions, conditions)
        if any(item.is_wide for item in declared):
            from nasbench.spaces._hyper_wide import WideHyperSpace

            return super().__new__(WideHyperSpace)
        if _count(declared) > _ENUMERATED:
            return super().__new__(cls)
        from nasbench.spaces._hyper_listed import EnumeratedHyperSpace

        return super().__new__(EnumeratedHyperSpace)

    def __init__(
        self, decisions: Mapping[str, Any] | None = None, conditions: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self.declared = _read(decisions, conditions)
        self.decisions = tuple(decision.name for decision in self.declared)
        self.cardinality = np.array([len(decision.values) for decision in self.declared], dtype=np.int64)
        self._labels = [
            [f"{name}={text}" for text in texts]
            for name, texts in zip(self.decisions, self._list_labels(), strict=True)
        ]
        self.operations = tuple(label for own in self._labels for label in own)
        self._order = order_parents_first(self.declared)
        self._active_at = {
            at: _find_active_at(self.declared, at) for at in self._order if self.declared[at].parent >= 0
        }
        if self.size < 2:
            raise InvalidOption("the declared space has only one configuration: there is nothing to search")

    def _list_labels(self) -> list[list[str]]:
        """Return what distinguishes the vertices of each decision in graphs: its values."""
        return [list(item.texts) for item in self.declared]

    @property
    def code_options(self) -> dict[str, Any]:
        """The declaration, with the decisions in order."""
        return write_declaration(self.declared)

    @cached_property
    def coding(self) -> tuple[Coded, ...]:
        """[d] values and condition of each decision."""
        return describe_coding(self.declared)

    @property
    def ordered(self) -> Bools:
        """[d] which decisions are ordinal, integer or real."""
        return np.array([item.kind != "categorical" for item in self.declared])

    @property
    def size(self) -> float:
        """Number of valid configurations."""
        return _count(self.declared)

    def find_active(self, archs: Archs) -> Bools:
        """Return [n, d] which decisions are active in rows with digits in range."""
        active = np.ones(archs.shape, dtype=np.bool_)
        for at in self._order:
            if at in self._active_at:
                parent = self.declared[at].parent
                active[:, at] = active[:, parent] & self._active_at[at][archs[:, parent]]
        return active

    def _check_digits(self, archs: Archs) -> Bools:
        return np.asarray(((archs >= 0) & (archs < self.cardinality)).all(axis=1))

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether the digits of each row are in range and those of inactive decisions 0; ``[n]``."""
        archs = as_archs(archs, len(self.decisions))
        valid = self._check_digits(archs)
        valid[valid] = ((archs[valid] == 0) | self.find_active(archs[valid])).all(axis=1)
        return valid

    def canonicalize(self, archs: Archs) -> Archs:
        """Set the digits of inactive decisions to 0; ``[n, d]``.

        Raises:
            InvalidArchitecture: digits are out of range.
        """
        archs = as_archs(archs, len(self.decisions))
        bad = np.flatnonzero(~self._check_digits(archs))
        if len(bad):
            self._refuse(archs, bad)
        return np.where(self.find_active(archs), archs, np.int8(0))

    @cached_property
    def _cumulative(self) -> list[Floats]:
        """For each decision, the cumulative share of configurations by digit."""
        weights = count_configurations(self.declared)
        return [np.cumsum([weight / sum(own) for weight in own]) for own in weights]

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` valid configurations uniformly, with replacement; ``[n, d]``."""
        drawn = rng.random((n, len(self.decisions)))
        digits = [np.searchsorted(shares[:-1], drawn[:, i], "right") for i, shares in enumerate(self._cumulative)]
        return self.canonicalize(np.stack(digits, axis=1).astype(np.int8))

    def _list_edits(self, archs: Archs) -> Archs:
        """Return ``[n, k, d]``: every single edit in canonical form; the row itself where an edit changes nothing."""
        edits = []
        for at, item in enumerate(self.declared):
            last = len(item.values) - 1
            for step in range(1, last + 1) if item.kind == "categorical" else (-1, 1):
                edited = archs.copy()
                moved = archs[:, at] + step
                edited[:, at] = moved % (last + 1) if item.kind == "categorical" else np.clip(moved, 0, last)
                edits.append(self.canonicalize(edited))
        return np.stack(edits, axis=1)

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every configuration one edit away, ``[m, d]``, and the row ``[m]`` that each belongs to."""
        archs = self.checked(archs)
        edits = self._list_edits(archs)
        owner, edit = np.nonzero((edits != archs[:, None]).any(axis=2))
        return edits[owner, edit], owner

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each configuration to one of its neighbours, uniformly; ``[n, d]``."""
        neighbors, owner = self.neighbors(archs)
        counts = np.bincount(owner, minlength=len(archs))
        steps = (rng.random(len(counts)) * counts).astype(np.int64)
        return neighbors.take(np.cumsum(counts) - counts + steps, axis=0)

    def _repair(self, archs: Archs) -> Archs:
        return self.canonicalize(archs)

    def graphs(self, archs: Archs) -> Graphs:
        """Return graphs: edges lead from the input or the parent to each decision, and from each one to the output.

        Vertices are the input, the decisions (parents first) and the output. The label of a vertex is
        ``name=value``, or ``inactive`` for a vertex without edges.
        """
        archs = self.checked(archs)
        return self._build_graphs(archs, self.find_active(archs))

    def _build_graphs(self, codes: Archs, active: Bools) -> Graphs:
        """Return the graphs of rows with a label of each decision as ``codes`` [n, d]."""
        n, d = codes.shape
        vertex = {at: i for i, at in enumerate(self._order, start=1)} | {-1: 0}
        vocabulary = ("input", *self.operations, "inactive", "output")
        adjacency = np.zeros((n, d + 2, d + 2), dtype=np.uint8)
        labels: Any = np.zeros((n, d + 2), dtype=np.min_scalar_type(-len(vocabulary)))  # signed
        counts = np.array([len(own) for own in self._labels])
        first = 1 + np.cumsum(counts) - counts
        for at, place in vertex.items():
            if at >= 0:
                adjacency[:, vertex[self.declared[at].parent], place] = active[:, at]
                adjacency[:, place, d + 1] = active[:, at]
                labels[:, place] = np.where(active[:, at], codes[:, at] + first[at], len(vocabulary) - 2)
        labels[:, -1] = len(vocabulary) - 1
        return Graphs(adjacency, labels, vocabulary)

    def sketch(self, arch: Archs) -> Sketch:
        """Return a table of the active decisions and their values, each below the decision that it depends on."""
        pairs = [text.partition("=") for text in self.format(arch)[0].split(",")]
        return sketch_table({name: value for name, _, value in pairs}, {one.decision: one.when for one in self.coding})

    def read_columns(self, columns: Mapping[str, ValueColumn], n: int) -> ConfigurationColumns:
        """Read ``n`` configurations from one column for each decision, in the time of a few array operations.

        Args:
            columns: decision -> its values, None where it has none, and the position of each row's value among them;
                for a real decision also numbers ``[n]``, nan where there is none.
            n: number of rows.
        """
        return read_columns(self, columns, n)

    def _explain_broken_rule(self, arch: Archs) -> str:
        at = int(np.flatnonzero((arch != 0) & ~self.find_active(arch[None])[0])[0])
        return (
            f"decision '{self.decisions[at]}' {self._explain_inactive(at, arch)}: its column must be 0, not {arch[at]}"
        )

    def to_optuna(self) -> "Suggest":
        """Return a function that takes a trial of Optuna, suggests its active decisions, and returns ``[1, d]``.

        Real numbers and integers are ranges, with their scale and step; all other decisions are categorical. Each
        name always has the same distribution.
        """
        from nasbench.spaces._hyper_optuna import build_suggest

        return build_suggest(self.declared, self._order, self.read_one)

    @classmethod
    def from_optuna(cls, source: Any) -> "HyperSpace":
        """Return the space of a study or trials of Optuna, or of distributions by name (which have no conditions).

        Which value of another decision makes a parameter active is inferred from the trials that were completed or
        pruned. Where no decision explains it, a decision ``with_NAME`` is added.

        Raises:
            InvalidOption: the source is something else, or its distributions contradict each other.
        """
        from nasbench.spaces._hyper_optuna import read_optuna

        return cls(*read_optuna(source)[:2])

    def to_configspace(self, name: str = "hyper") -> Any:
        """Return a ``ConfigSpace.ConfigurationSpace``; an ``integer`` with a step becomes an ordinal.

        Raises:
            MissingExtra: ConfigSpace is not installed.
            InvalidOption: an integer with a step has too many values for an ordinal.
        """
        from nasbench.spaces._hyper_configspace import build_configspace

        return build_configspace(self.declared, name)

    @classmethod
    def from_configspace(cls, space: Any) -> "HyperSpace":
        """Return the space that a ``ConfigSpace.ConfigurationSpace`` describes, without its priors and defaults.

        Raises:
            MissingExtra: ConfigSpace is not installed.
            InvalidOption: the space has forbidden clauses, or a decision depends on several others or on a real number.
        """
        from nasbench.spaces._hyper_configspace import read_configspace

        return cls(*read_configspace(space))


def _read(decisions: Mapping[str, Any] | None, conditions: Sequence[Mapping[str, Any]]) -> tuple[Decision, ...]:
    return (
        read_declaration(_EXAMPLE, _EXAMPLE_CONDITIONS)
        if decisions is None
        else read_declaration(decisions, conditions)
    )


def _find_active_at(decisions: Sequence[Decision], at: int) -> Bools:
    """Return for each digit of the parent whether the decision ``at`` is active."""
    item = decisions[at]
    return np.array([digit in item.active_at for digit in range(len(decisions[item.parent].values))])


def count_configurations(decisions: Sequence[Decision], *, whole: bool = False) -> list[list[int]]:
    """Count, for each digit of each decision, the configurations of the decisions that depend on it.

    Args:
        decisions: all decisions.
        whole: count each value of an integer that is a number on a scale; without it, such a number counts as one
            value, as a real number always does.
    """
    weights = [
        [len(item.values) if whole and item.values else 1] if item.is_number else [1] * len(item.values)
        for item in decisions
    ]
    for at in reversed(order_parents_first(decisions)):
        item = decisions[at]
        if item.parent >= 0:
            for digit in item.active_at:
                weights[item.parent][digit] *= sum(weights[at])
    return weights


def _count(decisions: Sequence[Decision]) -> float:
    if any(item.kind == "real" for item in decisions):
        return math.inf
    weights = count_configurations(decisions, whole=True)
    return math.prod(sum(own) for own, item in zip(weights, decisions, strict=True) if item.parent < 0)
