"""Columns of measurements that a task uses, possibly from several tables of one space."""

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
    """Values of a table for the rows of a task's own table.

    Rows are joined by architecture, never by row number; values of architectures that the other table lacks
    are nan.

    Attributes:
        home: the task's own table; all indices refer to its rows.
        table: the table that holds the values; often the same.
        dataset: data set of the values.
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
        """[N] row of the other table for each row of the home table, -1 where it lacks the architecture."""
        if self.table is self.home:
            return np.arange(len(self.home))
        return self.table.index(self.home.architectures)

    def rows_of(self, index: Ints) -> Ints:
        """Return the rows of ``table`` for rows ``index`` [n] of the home table; -1 where it lacks the architecture."""
        rows: Ints = self._rows.take(index)
        return rows

    def _joined(self, index: Ints, read: Callable[[Ints], Floats]) -> Floats:
        """Return what ``read`` gives for the other table's rows of ``index`` [n]; ``[n]``, nan where there is none."""
        rows = self.rows_of(index)
        values = np.full(len(rows), np.nan)
        values[rows >= 0] = read(rows[rows >= 0])
        return values


@dataclass(frozen=True)
class MeasuredColumn(_Joined):
    """A column of a table that was measured by training.

    Attributes:
        recipe, split, metric: name of the column within its data set.
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
        """Unit and direction."""
        return Scale.of(self.axes)

    @property
    def seeds(self) -> list[int]:
        """Labels of the repetitions."""
        return list(self.axes["seeds"])

    @property
    def epochs(self) -> list[int]:
        """Epochs at which it was measured, rising."""
        return list(self.axes["epochs"])

    @property
    def training(self) -> tuple[str, str, str]:
        """Identity of the training runs that were measured, equal for all metrics of the same runs."""
        return self.table.checksum, self.dataset, self.recipe

    def curves(self, index: Ints) -> Floats:
        """Return the learning curves for rows ``index`` [n] of the home table; ``[n, s, t]``, nan where missing."""
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
        metric: name of the static metric within its data set; one value for each architecture.
        split: the images on which an accuracy was measured; empty for other metrics.
    """

    metric: str
    split: str = ""

    def __post_init__(self) -> None:
        """Refuse, before any search, a metric that does not exist or has a value for each seed."""
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
        """Unit and direction."""
        return Scale.of(self.axes)

    def query(self, index: Ints) -> Floats:
        """Return the metric in its unit for rows ``index`` [n] of the home table; nan where missing."""
        return self._joined(index, lambda rows: self.table.static(rows, dataset=self.dataset, metric=self.metric))


@dataclass(frozen=True)
class ScaledMetric(StaticMetric):
    """A share of a static metric that a trial is charged, such as the seconds of 12 of 200 epochs.

    Attributes:
        times: factor of the metric.
    """

    times: float = 1.0

    def query(self, index: Ints) -> Floats:
        """Return the seconds for rows ``index`` [n] of the home table; nan where missing."""
        seconds: Floats = self.times * super().query(index)
        return seconds


@dataclass(frozen=True)
class CostTerm:
    """One term of the cost of a trial.

    Attributes:
        column: its seconds, for a complete training run.
        each_answer: whether every answer costs these seconds, however many epochs were trained for it; a validation
            does. Otherwise they are spread evenly over the epochs, unless the column was measured at each epoch.
    """

    column: MeasuredColumn | ScaledMetric
    each_answer: bool = False

    def until(self, epoch: int, last: int) -> Floats:
        """Return the seconds up to ``epoch`` of a training run of ``last`` epochs; ``[N]``, nan where missing."""
        everything = np.arange(len(self.column.home))
        if epoch == last or self.each_answer:
            return self.column.query(everything)
        if isinstance(self.column, MeasuredColumn) and epoch in self.column.axes["epochs"]:
            return self.column.query(everything, epoch=epoch)
        spread: Floats = self.column.query(everything) * (epoch / last)
        return spread


def charge_static_metric(seen: MeasuredColumn, metric: str) -> CostTerm:
    """Return the cost term for ``cost = "METRIC"``: a static metric in the table and data set of the column ``seen``.

    Raises:
        UnknownName: no static metric has that name; the message lists alternatives and how to write them.
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
        hint = (
            f"write {' or '.join(examples)}"
            if examples
            else "the table has no measured seconds; cost = 1.0 is a constant"
        )
        raise UnknownName(f"cost = '{metric}' means a static metric: {error}; {hint}") from None
