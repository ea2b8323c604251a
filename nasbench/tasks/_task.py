"""A task joins a space and a table: what a strategy observes, what is reported, what a trial costs."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints, freeze
from nasbench.backends.table import Observations, TableBackend, rows_of
from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.registry import SPACES
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.table import Table, find_table
from nasbench.tasks._declarations import COLUMN_KEYS, read_declaration
from nasbench.tasks._measured import Charge, Measured, Property, Share
from nasbench.tasks._observing import Fidelity, observed_at


class Optimum(NamedTuple):
    """The best architecture of a task: its row of the table, itself [1, d], its reported score."""

    row: int
    arch: Archs
    score: float


@dataclass(frozen=True)
class Task:
    """A benchmark problem. Scores are to be maximised: fractions, unless its metric is something else.

    Attributes:
        name: ``family-member``, for example ``nb201-cifar10``.
        version: rises when anything that changes results does.
        space: the architectures.
        table: the task's own table; ``index`` and ``row`` mean its rows.
        observed: what a strategy sees, one trained seed at a time; never a test split.
        reports: label -> what is reported of the architecture a strategy found, as means over
            seeds; the first one defines regret.
        costs: what a trial costs: a static metric of the observed column's table and data set,
            constant seconds, or measured columns and shares of static metrics that are added up.
        fidelities: recipes of fewer epochs that a strategy may ask for first. Going on from one to a longer one
            is a new training. Without any, trials may end at each epoch of the observed column.
        objectives: label -> what a strategy sees beside the observed column, one more score each;
            regret and leaderboards go by the observed column alone.
        budget_s: default budget in simulated seconds.
        table_sha256: checksum of the table this version is defined on; empty for any.
    """

    name: str
    title: str
    version: int
    space: SearchSpace
    table: Table
    observed: Measured
    reports: dict[str, Measured]
    costs: str | float | tuple[Charge, ...]
    budget_s: float
    budget_note: str = ""
    table_sha256: str = ""
    objectives: dict[str, Property] = field(default_factory=dict)
    fidelities: tuple[Fidelity, ...] = ()

    def __post_init__(self) -> None:
        """Refuse contradictions at once, not in the middle of a search."""
        if self.observed.split not in ("train", "valid"):
            raise InvalidOption(f"task '{self.name}' would show the {self.observed.split} split to strategies")
        if self.table.space != self.space.name:
            raise InvalidOption(
                f"task '{self.name}' is of space '{self.space.name}', "
                f"but its table '{self.table.name}' is of '{self.table.space}'"
            )
        if not self.reports:
            raise InvalidOption(f"task '{self.name}' reports nothing")
        for label, column in self.objectives.items():
            self._check_objective(label, column)
        if not (self.budget_s > 0 and math.isfinite(self.budget_s)):
            raise InvalidOption(f"task '{self.name}' has budget_s {self.budget_s}; expected a positive number")
        if self.table_sha256 not in ("", self.table.checksum):
            raise InvalidOption(
                f"task '{self.name}' version {self.version} is defined on a table with checksum "
                f"{self.table_sha256[:12]}..., but {self.table.path} has {self.table.checksum[:12]}...: "
                "import the table again, or remove the file that hides the shipped one"
            )

    def _check_objective(self, label: str, column: Property) -> None:
        """Refuse what has no better and worse, and an accuracy, whose split a static metric does not tell."""
        unit, direction = column.axes["unit"], column.axes["direction"]
        if direction == "none" or unit == "fraction":
            raise InvalidOption(
                f"task '{self.name}': objective '{label}' is a {unit} with direction '{direction}'; expected a static "
                "metric to minimize or maximize that is no accuracy"
            )

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels of what is reported, the one that defines regret first."""
        return tuple(self.reports)

    @property
    def tables(self) -> list[Table]:
        """Every table the task reads, its own first."""
        charges = self.costs if isinstance(self.costs, tuple) else ()
        for fidelity in self.fidelities:
            charges += fidelity.charges
        observed = (self.observed, *(fidelity.observed for fidelity in self.fidelities))
        charged = (charge.column for charge in charges)
        columns = (*observed, *self.reports.values(), *charged, *self.objectives.values())
        tables = [self.table, *(column.table for column in columns)]
        return list({table.path: table for table in tables}.values())

    def check(self) -> None:
        """Load what a search needs, and refuse what would only fail in the middle of one.

        Raises:
            InvalidOption: costs that are missing or not positive, or no measured architecture at all.
            UnknownName: a static metric that the table does not have.
        """
        _ = self.observations
        if not len(self.rows):
            raise InvalidOption(f"task '{self.name}': no architecture of its space was measured")

    @cached_property
    def _outside(self) -> Bools | None:
        """[N] rows of the table that are not in the space; None if there are none."""
        outside = ~self.space.is_valid(self.table.architectures)
        return outside if outside.any() else None

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs that a trial may be trained to, rising; the last one is a complete training."""
        if self.fidelities:
            return (*(fidelity.epoch for fidelity in self.fidelities), self.observed.axes["epochs"][-1])
        return tuple(self.observed.axes["epochs"])

    @cached_property
    def observations(self) -> Observations:
        """What a strategy may observe, over the rows of the table."""
        costs = self.costs
        if isinstance(costs, str):
            seen = self.observed
            costs = (Charge(Share(seen.home, seen.table, seen.dataset, costs)),)
        return observed_at(self.observed, costs, self.fidelities, hidden=self._outside, further=self._further)

    @property
    def _further(self) -> Floats | None:
        """[N, k] what is maximised beside the observed column: values in their unit, those to be small negated."""
        everything = np.arange(len(self.table))
        signs = [-1.0 if column.axes["direction"] == "minimize" else 1.0 for column in self.objectives.values()]
        values = [sign * c.query(everything) for sign, c in zip(signs, self.objectives.values(), strict=True)]
        return np.stack(values, axis=1) if values else None

    def backend(self, rng: np.random.Generator) -> TableBackend:
        """Return what answers the trials of one run; ``rng`` draws the seed each architecture shows."""
        return TableBackend(self.space, self.table, self.observations, rng)

    def archs(self, architectures: Archs | Sequence[str]) -> Archs:
        """Return architectures given as arrays [n, d] or as strings in the space's own form."""
        if isinstance(architectures, str):
            raise InvalidArchitecture("pass a list of strings, one per architecture; for a single one [text]")
        if isinstance(architectures, np.ndarray):
            return architectures
        return self.space.parse(architectures)

    def query(self, architectures: Archs | Sequence[str], split: str = "valid", *, seed: int | str = "mean") -> Floats:
        """Return the task's metric of many architectures; ``[n]`` fractions, nan where not measured.

        Args:
            architectures: [n, d] array, or n strings.
            split: a reported label, or a split that the observed column's table has for the same data set,
                recipe and metric; or the label of an objective, whose values are in its own unit.
            seed: label of one repetition, or ``mean`` over those measured; objectives have none.

        Raises:
            InvalidArchitecture: not an architecture of the space, or absent from the table.
            UnknownName: a split that the table does not have.
        """
        archs = self.archs(architectures)
        index = rows_of(self.space, self.table, archs)
        if index.min(initial=0) < 0 or (self._outside is not None and self._outside.take(index).any()):
            self.space.checked(archs)
            bad = np.flatnonzero(index < 0)
            text = self.space.format(archs[bad[:1]])[0]
            raise InvalidArchitecture(f"table '{self.table.name}' lacks {text} ({len(bad)} of {len(index)} asked)")
        if split in self.objectives:
            return self.objectives[split].query(index)
        column = self.reports.get(split)
        if column is None:
            column = self.observed if split == self.observed.split else replace(self.observed, split=split)
        return column.query(index, seed)

    def report(self, index: Ints) -> dict[str, Floats]:
        """Return what is reported of table rows ``index`` [n], as means over seeds: what a paper would print."""
        return {label: column.query(index) for label, column in self.reports.items()}

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return what is reported of architectures [n, d]; ``[n]`` for each label."""
        return self.report(rows_of(self.space, self.table, archs))

    @property
    def _regret(self) -> Measured:
        """What defines regret."""
        return self.reports[self.reported[0]]

    @cached_property
    def rows(self) -> Ints:
        """Rows of the table that belong to the space and were measured."""
        if isinstance(self.space, EnumeratedSpace):
            index = self.table.index(self.space.rows)
        else:
            index = np.flatnonzero(self.space.is_valid(self.table.architectures))
        index = index[index >= 0]
        return freeze(index[~np.isnan(self._regret.query(index))])

    @cached_property
    def optimum(self) -> Optimum:
        """Best architecture by the first reported split, mean over seeds."""
        scores = self._regret.query(self.rows)
        best = int(self.rows[scores.argmax()])
        return Optimum(best, self.table.architectures[best : best + 1], float(scores.max()))

    @cached_property
    def random_score(self) -> float:
        """Expected reported score of a uniformly drawn architecture: where normalised regret is 1."""
        rows = self.rows
        if isinstance(self.space, EnumeratedSpace) and self.space.trained_once_per_class:
            drawn = rows_of(self.space, self.table, self.space.rows)  # large classes are drawn more often
            rows = drawn[np.isin(drawn, rows)]
        return float(self._regret.query(rows).mean())


def load_table_task(name: str) -> Task:
    """Open a task that a table answers, by name or as ``path/to/family.toml:member``.

    Raises:
        UnknownName: no such task, space or table.
        InvalidOption: a declaration that breaks the rules, or a table other than the declared one.
        TableError: the table file is damaged.
    """
    values = read_declaration(name)
    space = space_named(values.pop("space"), values.pop("space_options", {}))
    table = Table(find_table(values.pop("table")))
    read = _Columns(table, {key: values.pop(key) for key in COLUMN_KEYS if key in values})
    observed = read(values.pop("observed"))
    reports = {label: read(given) for label, given in values.pop("reported").items()}
    cost = values.pop("cost")
    costs = read.charges(cost) if isinstance(cost, list) else cost
    objectives = {label: read.static(given) for label, given in values.pop("objectives", {}).items()}
    fidelities = tuple(
        Fidelity(read(given["observed"]), read.charges(given["cost"])) for given in values.pop("fidelities", [])
    )
    for key in ("importer", "where", "suite"):
        values.pop(key, None)
    columns: dict[str, Any] = {"observed": observed, "reports": reports, "objectives": objectives}
    return Task(space=space, table=table, costs=costs, fidelities=fidelities, **columns, **values)


def space_named(name: str, options: Mapping[str, Any]) -> SearchSpace:
    """Return a registered space with its options, the same object for the same ones.

    Raises:
        UnknownName: no such space.
        InvalidOption: options that do not fit.
    """
    return _space(name, json.dumps(options, default=str))


@cache
def _space(name: str, options: str) -> SearchSpace:
    """Make a space once for all tasks of a family: spaces do not change, and their neighbourhoods are costly."""
    made: type[SearchSpace] = SPACES.load(name)
    try:
        return made(**json.loads(options))
    except TypeError as error:
        raise InvalidOption(f"space_options {options} do not fit space '{name}': {error}") from None


class _Columns:
    """Turns what a declaration says of a column into the column, opening each table once."""

    def __init__(self, home: Table, defaults: dict[str, str]) -> None:
        self._home, self._defaults = home, defaults
        self._open: dict[str, Table] = {}

    def __call__(self, given: str | dict[str, str]) -> Measured:
        """Read ``"valid"``, or a table of keys that override the task's own."""
        keys = {"split": given} if isinstance(given, str) else dict(given)
        return Measured(self._home, self._table(keys.pop("table", "")), **self._defaults | keys)

    def static(self, given: dict[str, str]) -> Property:
        """Read the keys of a static metric; the data set is the task's unless given."""
        keys = {"dataset": self._defaults["dataset"]} | given
        return Property(self._home, self._table(keys.pop("table", "")), **keys)

    def charges(self, given: list[str | dict[str, Any]]) -> tuple[Charge, ...]:
        """Read the parts of a cost."""
        return tuple(map(self._charge, given))

    def _charge(self, given: str | dict[str, Any]) -> Charge:
        """Read a measured column, or with ``static`` a share of a static metric."""
        keys = {} if isinstance(given, str) else dict(given)
        each_answer = keys.pop("per", "training") == "answer"
        if "static" not in keys:
            return Charge(self(keys or given), each_answer)
        keys = {"dataset": self._defaults["dataset"]} | keys
        table = self._table(keys.pop("table", ""))
        share = Share(self._home, table, keys["dataset"], keys["static"], times=float(keys.get("times", 1.0)))
        return Charge(share, each_answer)

    def _table(self, name: str) -> Table:
        if name and name not in self._open:
            self._open[name] = Table(find_table(name))
        return self._open[name] if name else self._home
