"""Which measurements a task speaks of, wherever they are: several tables of one space compose."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption, UnknownName
from nasbench.table import Table
from nasbench.tasks.spaces import refuse_other_table
from nasbench.units import Scale


@dataclass(frozen=True)
class _Joined:
    """Numbers of a table, seen from the rows of a task's own table.

    Architectures are joined by what they are, never by row number; those that the other table lacks
    are nan.

    Attributes:
        home: the task's own table, whose rows all indices mean.
        table: where the numbers are; often the same.
        dataset: of the numbers.
    """

    home: Table
    table: Table
    dataset: str

    def __post_init__(self) -> None:
        """Refuse a table of another space, before any search."""
        if self.table is not self.home:
            refuse_other_table(self.home, self.table)

    @cached_property
    def _rows(self) -> Ints:
        """[N] row of the other table for each row of the home table, -1 where it has none."""
        if self.table is self.home:
            return np.arange(len(self.home))
        return self.table.index(self.home.architectures)

    def rows_of(self, index: Ints) -> Ints:
        """Return the rows of ``table`` for rows ``index`` [n] of the home table; -1 where it has none."""
        rows: Ints = self._rows.take(index)
        return rows

    def _joined(self, index: Ints, read: Callable[[Ints], Floats]) -> Floats:
        """[n] what ``read`` finds in the other table for rows ``index`` of the home table; nan where it has none."""
        rows = self.rows_of(index)
        values = np.full(len(rows), np.nan)
        values[rows >= 0] = read(rows[rows >= 0])
        return values


@dataclass(frozen=True)
class MeasuredColumn(_Joined):
    """A measured column.

    Attributes:
        recipe, split, metric: which of the data set's columns.
    """

    recipe: str
    split: str
    metric: str

    def __post_init__(self) -> None:
        """Refuse a column that does not exist, before any search."""
        super().__post_init__()
        self.table.describe(self.dataset, self.recipe, self.split, self.metric)

    @property
    def axes(self) -> dict[str, Any]:
        """The column's attributes: seeds, epochs, unit, direction."""
        return self.table.describe(self.dataset, self.recipe, self.split, self.metric)

    @property
    def scale(self) -> Scale:
        """In which unit it is, and whether large or small is good."""
        return Scale.of(self.axes)

    @property
    def seeds(self) -> list[int]:
        """Labels of the repetitions."""
        return list(self.axes["seeds"])

    @property
    def epochs(self) -> list[int]:
        """Those it was measured at, rising."""
        return list(self.axes["epochs"])

    @property
    def training(self) -> tuple[str, str, str]:
        """What names the training that was measured, whatever was measured of it."""
        return self.table.checksum, self.dataset, self.recipe

    def curves(self, index: Ints) -> Floats:
        """Return all that was measured for rows ``index`` [n] of the home table; ``[n, s, t]``, nan where missing."""
        where = {"dataset": self.dataset, "recipe": self.recipe, "split": self.split, "metric": self.metric}
        rows = self.rows_of(index)
        values = np.full((len(rows), len(self.seeds), len(self.epochs)), np.nan)
        for place, seed in enumerate(self.seeds):
            values[rows >= 0, place] = self.table.curves(rows[rows >= 0], **where, seed=seed)
        return values

    def query(self, index: Ints, seed: int | str = "mean", epoch: int | None = None) -> Floats:
        """Return the measurement for rows ``index`` [n] of the home table; nan where missing."""
        where: dict[str, Any] = {
            "dataset": self.dataset,
            "recipe": self.recipe,
            "split": self.split,
            "metric": self.metric,
            "epoch": epoch,
        }
        if self.table is self.home:
            direct: Floats = self.table.query(index, **where, seed=seed)
            return direct
        return self._joined(index, lambda rows: self.table.query(rows, **where, seed=seed))


@dataclass(frozen=True)
class StaticMetric(_Joined):
    """A static metric, such as the latency of a network on a device.

    Attributes:
        metric: which of the data set's static metrics; one value for each architecture.
    """

    metric: str

    def __post_init__(self) -> None:
        """Refuse a metric that does not exist or is kept per seed, before any search."""
        super().__post_init__()
        shape = self.axes["shape"]
        if len(shape) > 1:
            raise InvalidOption(
                f"static metric '{self.metric}' of table '{self.table.name}' holds {shape[1]} values for each "
                "architecture; a task needs one with a single value"
            )

    @property
    def axes(self) -> dict[str, Any]:
        """The metric's attributes: unit, direction, shape."""
        return self.table.describe_static(self.dataset, self.metric)

    @property
    def scale(self) -> Scale:
        """In which unit it is, and whether large or small is good."""
        return Scale.of(self.axes)

    def query(self, index: Ints) -> Floats:
        """Return the metric in its unit for rows ``index`` [n] of the home table; nan where missing."""
        return self._joined(index, lambda rows: self.table.static(rows, dataset=self.dataset, metric=self.metric))


@dataclass(frozen=True)
class ScaledMetric(StaticMetric):
    """A part of a static metric that a trial is charged, such as 12 of the 200 epochs' seconds.

    Attributes:
        times: what the metric is multiplied by.
    """

    times: float = 1.0

    def query(self, index: Ints) -> Floats:
        """Return the seconds for rows ``index`` [n] of the home table; nan where missing."""
        seconds: Floats = self.times * super().query(index)
        return seconds


@dataclass(frozen=True)
class CostTerm:
    """A part of what a trial costs.

    Attributes:
        column: where its seconds are, those of a complete training.
        each_answer: whether every answer costs them, whatever was trained for it, such as a validation. Otherwise
            they are spread evenly over the epochs, unless the column has been measured at each.
    """

    column: MeasuredColumn | ScaledMetric
    each_answer: bool = False

    def until(self, epoch: int, last: int) -> Floats:
        """Return the seconds of a training of ``last`` epochs up to ``epoch``; ``[N]``, nan where missing."""
        everything = np.arange(len(self.column.home))
        if epoch == last or self.each_answer:
            return self.column.query(everything)
        if isinstance(self.column, MeasuredColumn) and epoch in self.column.axes["epochs"]:
            return self.column.query(everything, epoch=epoch)
        spread: Floats = self.column.query(everything) * (epoch / last)
        return spread


def charge_static_metric(seen: MeasuredColumn, metric: str) -> CostTerm:
    """Return the charge that ``cost = "METRIC"`` means: a static metric beside the column ``seen``.

    Raises:
        UnknownName: there is none of that name; what there is, measured seconds too, and how to write it is named.
    """
    table, dataset = seen.table, seen.dataset
    try:
        return CostTerm(ScaledMetric(seen.home, table, dataset, metric))
    except UnknownName as error:
        written = [
            f"{{ static = {name!r} }}" if owner == dataset else f"{{ static = {name!r}, dataset = {owner!r} }}"
            for owner, name in table.statics
            if name == metric
        ]
        written += [
            f"{{ split = {split!r}, metric = {name!r} }}"
            if recipe == seen.recipe
            else f"{{ split = {split!r}, recipe = {recipe!r}, metric = {name!r} }}"
            for data, recipe, split, name in table.measurements
            if data == dataset and table.describe(data, recipe, split, name)["unit"] == "s"
        ]
        examples = [f"cost = [{text}]".replace("'", '"') for text in written[:4]]
        hint = f"write {' or '.join(examples)}" if examples else "it has no measured seconds; cost = 1.0 is a constant"
        raise UnknownName(f"cost = '{metric}' means a static metric: {error}; {hint}") from None
