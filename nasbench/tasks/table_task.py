"""Tasks answered by a table of trained architectures: what is observed, what is reported, what a trial costs."""

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints, freeze_array
from nasbench.backends.table import Observations, SeedDraw, TableBackend, rows_of
from nasbench.errors import InvalidArchitecture, InvalidOption, make_unknown_name
from nasbench.spaces import EnumeratedSpace, MeasuredSpace, Party, SearchSpace
from nasbench.table import Table, list_tables
from nasbench.tasks.columns import CostTerm, MeasuredColumn, StaticMetric, charge_static_metric
from nasbench.tasks.declarations import FEWEST_SEEDS, FRESH, MEASURED, REPEATS, SAME
from nasbench.tasks.fidelities import Fidelity, Gaps, observed_at
from nasbench.tasks.noise import estimate_observation_noise
from nasbench.tasks.protocol import Expected, Optimum
from nasbench.tasks.spaces import refuse_other_space
from nasbench.tasks.table_description import describe_table_task, look_up_columns
from nasbench.units import HasObjectives, Objective, Scale


@dataclass(frozen=True, eq=False)
class TableTask(HasObjectives):
    """A task answered by a table of trained architectures: a look-up that costs what the real training cost.

    The members that every task has are documented at ``nasbench.Task``.

    Attributes:
        name: ``family-member``, for example ``nb201-cifar10``.
        version: number that is raised by every change that changes results.
        whole: the space of all architectures, measured or not.
        table: the task's own table; ``index`` and ``row`` refer to its rows.
        observed: the column that a strategy sees, one trained seed at a time; never a test split.
        reports: label -> reported column of the architecture that a strategy found, as mean over
            seeds; the first one defines regret.
        costs: what a trial costs: the name of a static metric of the observed column's table and data set,
            constant seconds, or the sum of measured columns and shares of static metrics.
        fidelities: recipes of fewer epochs that a strategy may ask for first. A longer recipe after a shorter one
            is a new training run. Without fidelities, trials may end at each epoch of the observed column.
        further: label -> further objective, one more score for the strategy each; regret and leaderboards
            use the observed column alone.
        points: label -> (reference, bound) as in ``Objective``; the label of the observed metric is its own name.
        repeats: seed that an architecture shows when a run asks for it again: the ``same``, or a ``fresh`` one. Fresh
            seeds come in a random order, each once before the first comes again.
        declaration: plain data that the task was made from; empty for a task made by hand.
        budget_s: default budget in simulated seconds.
        table_sha256: checksum of the table that this version is defined on; empty for any.
        search: ``measured``: a strategy may ask for measured architectures only; ``all``: others are answered with
            nan, like crashed training runs.
        crash_s: seconds that such an answer costs where the table does not say; None for the mean over measured
            architectures.
    """

    name: str
    title: str
    version: int
    whole: SearchSpace
    table: Table
    observed: MeasuredColumn
    reports: dict[str, MeasuredColumn]
    costs: str | float | tuple[CostTerm, ...]
    budget_s: float
    budget_note: str = ""
    table_sha256: str = ""
    further: dict[str, StaticMetric] = field(default_factory=dict)
    points: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    fidelities: tuple[Fidelity, ...] = ()
    search: str = MEASURED
    crash_s: float | None = None
    repeats: str = SAME
    declaration: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        """Refuse contradictions before a search begins."""
        if self.observed.split not in ("train", "valid"):
            raise InvalidOption(f"task '{self.name}' would show the {self.observed.split} split to strategies")
        for table in self.tables:
            refuse_other_space(Party(f"task '{self.name}'", self.whole), table)
        if not self.reports:
            raise InvalidOption(f"task '{self.name}' reports nothing")
        for measured in (self.observed, *(one.observed for one in self.fidelities), self._regret):
            self._check_direction(measured)
        for label, column in self.further.items():
            self._check_objective(label, column)
        _ = self.objectives
        self._check_repeats()
        if not (self.budget_s > 0 and math.isfinite(self.budget_s)):
            raise InvalidOption(f"task '{self.name}' has budget_s {self.budget_s}; expected a positive number")
        if self.table_sha256 not in ("", self.table.checksum):
            raise InvalidOption(
                f"task '{self.name}' version {self.version} is defined on a table with checksum "
                f"{self.table_sha256[:12]}..., but {self.table.path} has {self.table.checksum[:12]}...: "
                "import the table again, or remove the file that hides the shipped one"
            )

    def __str__(self) -> str:
        """Return what the task searches, and what was guessed when a table of own trainings was made."""
        paid = f"budget {self.budget_s:,.6g} s" + (f", {self.budget_note}" if self.budget_note else "")
        own = [self.table.notes] if "columns" in self.declaration else []
        searched = textwrap.wrap(self.restriction, 77, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(
            [f"Task {self.name}: {self.title}", *own, *searched, f"  {paid}", f"  table {self.table.path}"]
        )

    def _check_direction(self, column: MeasuredColumn) -> None:
        """Refuse a metric that does not declare whether large or small values are better."""
        if column.scale.direction == "none":
            raise InvalidOption(
                f"task '{self.name}': '{column.metric}' of table '{column.table.name}' has direction 'none'; the "
                'observed metric and the first reported one need a direction: write direction = "maximize" or '
                '"minimize" for it in the mapping, and import the table again'
            )

    def _check_objective(self, label: str, column: StaticMetric) -> None:
        """Refuse a metric without a direction, and an accuracy whose split the declaration does not name."""
        unit, direction = column.axes["unit"], column.axes["direction"]
        if direction == "none" or (unit == "fraction" and not column.split):
            raise InvalidOption(
                f"task '{self.name}': objective '{label}' is a {unit} with direction '{direction}'; expected a static "
                'metric to minimize or maximize, and split = "valid" beside it if it is an accuracy'
            )

    def _check_repeats(self) -> None:
        """Refuse fresh seeds where the table has too few."""
        if self.repeats not in REPEATS:
            raise make_unknown_name(f"repeats of task '{self.name}'", self.repeats, REPEATS)
        if self.repeats == FRESH and (n := len(self.observed.seeds)) < FEWEST_SEEDS:
            raise InvalidOption(
                f"task '{self.name}': repeats = \"fresh\", but its observed column holds {n} trained "
                f"seed{'s' if n > 1 else ''}; expected {FEWEST_SEEDS} or more: leave repeats "
                "out, or observe another column"
            )

    @property
    def dataset(self) -> str:
        """Data set as the declaration calls it, or else that of the observed column."""
        return str(self.declaration.get("dataset", self.observed.dataset))

    @cached_property
    def objectives(self) -> tuple[Objective, ...]:
        """The observed metric, then those declared under ``objectives``."""
        named = {self.observed.metric: self.observed.scale} | {
            label: column.scale for label, column in self.further.items()
        }
        return tuple(Objective(label, *scale, *self.points.get(label, ())) for label, scale in named.items())

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels of the reported columns; the first one defines regret."""
        return tuple(self.reports)

    @property
    def scales(self) -> dict[str, Scale]:
        """Unit and direction of each reported column, by its label."""
        return {label: column.scale for label, column in self.reports.items()}

    @property
    def tables(self) -> list[Table]:
        """Every table the task reads, its own first."""
        charges = self.costs if isinstance(self.costs, tuple) else ()
        for fidelity in self.fidelities:
            charges += fidelity.charges
        observed = (self.observed, *(fidelity.observed for fidelity in self.fidelities))
        charged = (charge.column for charge in charges)
        columns = (*observed, *self.reports.values(), *charged, *self.further.values())
        tables = [self.table, *(column.table for column in columns)]
        return list({table.path: table for table in tables}.values())

    def check(self) -> None:
        """Load what a search needs, and refuse what would otherwise fail in the middle of a search.

        Raises:
            InvalidOption: costs that are missing or not positive, or no measured architecture at all.
            UnknownName: a static metric that the table does not have.
        """
        answered = self.rows[self._asked[self.rows]]
        if np.isnan(self.observations.scores[answered]).all():  # nothing, or nothing but crashes
            raise InvalidOption(
                f"task '{self.name}': no architecture of its space was measured: none in table '{self.table.name}' has "
                f"all of the observed score, the reported value ({self.reported[0]}) and the cost"
            )
        if self._asked.sum() == 1 and self.space is not self.whole:
            raise InvalidOption(
                f"task '{self.name}': only one architecture of its space was measured; there is nothing to search"
            )

    @cached_property
    def _outside(self) -> Bools | None:
        """[N] which rows of the table are outside of the space; None if none is."""
        outside = ~self.whole.is_valid(self.table.architectures)
        return outside if outside.any() else None

    @property
    def _asked(self) -> Bools:
        """[N] which rows of the table are answered from it."""
        seen = self.observations
        return seen.n_seeds > 0 if seen.measured is None else seen.measured

    @cached_property
    def _measured(self) -> Archs:
        """[n, d] architectures of the space that are answered from the table."""
        if not isinstance(self.whole, EnumeratedSpace):
            return self.table.rows(np.flatnonzero(self._asked))
        rows = rows_of(self.whole, self.table, self.whole.rows)
        return self.whole.rows[(rows >= 0) & self._asked.take(rows, mode="clip")]

    @property
    def _n_all(self) -> float:
        """Number of architectures, or of classes if one architecture of each class was trained."""
        return min(self.whole.size, self.whole.n_classes)

    @cached_property
    def space(self) -> SearchSpace:
        """The searched space: all architectures, or the measured ones where only some were measured."""
        if self.search != MEASURED or not 0 < len(self._measured) < self._n_all:
            return self.whole
        return MeasuredSpace(self.whole, self._measured)

    @property
    def restriction(self) -> str:
        """Which architectures are searched where not all were measured; empty where all were."""
        n = len(self._measured)
        if not n < self._n_all:
            return ""
        size = f" of {self._n_all:,.10g}" if math.isfinite(self._n_all) else ""
        if self.search == MEASURED:
            return f"{n:,}{size} architectures are measured; the search is restricted to them"
        cost_s = float(self.observations.cost_s[-1])
        return f"{n:,}{size} architectures are measured; others are answered with nan, like crashes of {cost_s:,.6g} s"

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs to which a trial may be trained, rising; the last one is a complete training run."""
        if self.fidelities:
            return (*(fidelity.epoch for fidelity in self.fidelities), self.observed.axes["epochs"][-1])
        epochs = tuple(self.observed.axes["epochs"])
        return epochs[-1:] if len(epochs) > 1 and not self.observations.earlier else epochs

    @cached_property
    def observations(self) -> Observations:
        """What a strategy may observe, as arrays over the rows of the table."""
        costs = self.costs
        if isinstance(costs, str):
            costs = (charge_static_metric(self.observed, costs),)
        known = ~np.isnan(self._regret.query(np.arange(len(self.table))))
        gaps = Gaps(known, self._outside, self.search != MEASURED, self.crash_s)
        return observed_at(self.observed, costs, self.fidelities, gaps=gaps, further=self._further)

    @property
    def _further(self) -> Floats | None:
        """[N, k] further objectives to maximise: values in their unit, negated where small is better."""
        everything = np.arange(len(self.table))
        values = [column.scale.sign * column.query(everything) for column in self.further.values()]
        return np.stack(values, axis=1) if values else None

    @cached_property
    def observation_noise(self) -> float:
        """Standard deviation of what one query shows around the mean over seeds, among good architectures."""
        seen = self.observations
        return estimate_observation_noise(seen.scores[self.rows], seen.n_seeds[self.rows])

    def backend(self, rng: np.random.Generator) -> TableBackend:
        """Return the backend that answers the trials of one run; ``rng`` draws the seed of each architecture."""
        return TableBackend(self.space, self.table, self.observations, rng, fresh=self.repeats == FRESH)

    def identify(self, archs: Archs) -> Ints:
        """Return the table's row of each architecture [n, d], -1 where the table lacks it; ``[n]``."""
        return rows_of(self.space, self.table, archs)

    def expect(self, rng: np.random.Generator, archs: Archs, epochs: Ints, repetition: Ints | None = None) -> Expected:
        """Return what ``backend(rng)`` answers; see ``Task``."""
        seen, rows = self.observations, self.identify(archs)
        if seen.absent:  # one row after the table's last answers for architectures that it lacks
            rows = np.where(rows < 0, len(self.table), rows)
        again = np.zeros(len(rows), dtype=np.int64) if repetition is None else repetition
        draw = SeedDraw(rng, len(self.table), fresh=self.repeats == FRESH)
        score, until_s = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        for epoch in np.unique(epochs).tolist():
            now = seen if epoch == seen.last_epoch else seen.earlier[epoch]
            at = np.flatnonzero((epochs == epoch) & (rows >= 0))
            n_seeds = (seen if seen.resumes else now).n_seeds.take(rows[at])
            shown = draw.shown(rows[at], again[at], np.maximum(n_seeds, 1))
            score[at] = np.where(n_seeds > 0, now.scores[rows[at], shown], np.nan)
            until_s[at] = now.cost_s.take(rows[at])
        answer_s = np.zeros(len(rows)) if seen.answer_s is None else seen.answer_s.take(rows)
        scores = score[:, None]
        if seen.further is not None:
            scores = np.concatenate([scores, seen.further.take(rows, axis=0)], axis=1)
        return Expected(scores, until_s, answer_s, rows < 0, seen.resumes)

    def archs(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures [n, d] from any form that the space reads; see ``SearchSpace.read``."""
        return self.whole.read(architectures, form=form)

    def query(self, architectures: Any, split: str = "valid", *, seed: int | str = "mean") -> Floats:
        """Return the task's metric of many architectures; ``[n]`` in its unit and sign, nan where not measured.

        Args:
            architectures: [n, d] array, n strings, or n of any other form that ``space.read`` takes.
            split: a reported label; or a split that the observed column's table has for the same data set,
                recipe and metric; or the label of an objective, whose values are in its own unit.
            seed: label of one repetition, or ``mean`` over the measured ones; objectives have no repetitions.

        Raises:
            InvalidArchitecture: not an architecture of the space, or absent from the table.
            UnknownName: a split that the table does not have.
        """
        archs = self.archs(architectures)
        index = rows_of(self.whole, self.table, archs)
        if index.min(initial=0) < 0 or (self._outside is not None and self._outside.take(index).any()):
            self.whole.checked(archs)
            bad = np.flatnonzero(index < 0)
            text = self.whole.format(archs[bad[:1]])[0]
            raise InvalidArchitecture(f"table '{self.table.name}' lacks {text} ({len(bad)} of {len(index)} asked)")
        if split in self.further:
            return self.further[split].query(index)
        column = self.reports.get(split)
        if column is None:
            column = self.observed if split == self.observed.split else replace(self.observed, split=split)
        return column.query(index, seed)

    def report(self, index: Ints) -> dict[str, Floats]:
        """Return the reported values of table rows ``index`` [n] as means over seeds, as papers print them."""
        return {label: column.query(index) for label, column in self.reports.items()}

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return the reported values of architectures [n, d]; ``[n]`` for each label."""
        return self.report(rows_of(self.whole, self.table, archs))

    def look_up(self, archs: Archs) -> dict[str, tuple[Floats, Scale]]:
        """Return everything that the table holds of architectures [n, d], by split, metric, recipe and seed."""
        return look_up_columns(self, archs)

    def describe(self) -> dict[str, Any]:
        """Return what a user must know before quoting a number."""
        return describe_table_task(self)

    def require_table(self, what: str) -> "TableTask":  # noqa: ARG002 (the protocol's)
        """Return the task itself."""
        return self

    @property
    def places(self) -> dict[str, str]:
        """Files, by table name, of tables that are neither shipped nor in the user's folder."""
        known = set(list_tables().values())
        return {table.name: str(table.path.resolve()) for table in self.tables if table.path not in known}

    @property
    def _regret(self) -> MeasuredColumn:
        """The column that defines regret."""
        return self.reports[self.reported[0]]

    @cached_property
    def rows(self) -> Ints:
        """Rows of the table that are searched and have a known regret."""
        if isinstance(self.space, EnumeratedSpace):
            index = self.table.index(self.space.rows)
        else:
            index = np.flatnonzero(self.space.is_valid(self.table.architectures))
        index = index[index >= 0]
        return freeze_array(index[~np.isnan(self._regret.query(index))])

    @cached_property
    def optimum(self) -> Optimum:
        """Best architecture by the first reported column, as mean over seeds."""
        scores = self._regret.query(self.rows)
        place = int((self._regret.scale.sign * scores).argmax())
        best = int(self.rows[place])
        return Optimum(best, self.table.architectures[best : best + 1], float(scores[place]))

    @cached_property
    def random_score(self) -> float:
        """Expected reported score of a uniformly drawn architecture: where normalised regret is 1."""
        rows = self.rows
        if isinstance(self.space, EnumeratedSpace) and self.space.trained_once_per_class:
            drawn = rows_of(self.space, self.table, self.space.rows)  # large classes are drawn more often
            rows = drawn[np.isin(drawn, rows)]
        return float(self._regret.query(rows).mean())
