"""A table in memory, which an importer builds for the writer. All checks of its content are here."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Ints, as_archs, make_row_index
from nasbench.errors import TableError
from nasbench.table.schema import DIRECTIONS, ROOT_TEXT, SPLITS, UNITS

_ROW_TYPES = (np.dtype(np.int8), np.dtype(np.float64))
_COUNT_TOLERANCE = 1e-2  # sources average percentages over batches in single precision


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One metric of one split of one recipe on one data set.

    Attributes:
        values: [n, s, t] in ``unit``; nan where there is no measurement.
        seeds: [s] label of each repeated training run.
        epochs: [t] last finished epoch of each column, 1-based and rising.
        denominator: if every value is a whole number of samples divided by this one (an accuracy over a data set of
            that size), the file stores the number of samples: exact, and a quarter of the size. Otherwise 0.
    """

    dataset: str
    recipe: str
    split: str
    metric: str
    unit: str
    direction: str
    values: npt.NDArray[np.floating[Any]]
    seeds: Ints
    epochs: Ints
    denominator: int = 0

    @property
    def path(self) -> str:
        """Path of the column in the file."""
        return f"measurements/{self.dataset}/{self.recipe}/{self.split}/{self.metric}"


@dataclass(frozen=True, kw_only=True)
class Static:
    """One metric that does not depend on seed, split or epoch, on one data set (or ``all``).

    Attributes:
        values: [n], or [n, s] if the source has one value per seed; nan where missing.
    """

    dataset: str
    metric: str
    unit: str
    direction: str
    values: npt.NDArray[np.floating[Any]]

    @property
    def path(self) -> str:
        """Path of the column in the file."""
        return f"static/{self.dataset}/{self.metric}"


@dataclass(frozen=True, kw_only=True)
class TableBuilder:
    """The complete content of one table file.

    Attributes:
        architectures: [n, d] distinct rows: int8, or float64 if the space has real numbers or many values.
        cardinality: [d] number of choices of each decision; 0 for a real number.
        notes: facts that a user must know and that no column holds.
        space_options: the options of the space that determine the meaning of the codes in ``architectures`` (its
            ``code_options``), in their order.
    """

    name: str
    title: str
    space: str
    citation: str
    licence: str
    source: str
    notes: str
    architectures: Archs
    cardinality: Ints
    measurements: list[Measurement] = field(default_factory=list)
    statics: list[Static] = field(default_factory=list)
    space_options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> "list[Measurement | Static]":
        """All columns except the architectures."""
        return [*self.measurements, *self.statics]

    def check(self) -> None:
        """Check the content against the schema.

        Raises:
            TableError: the content breaks a rule; the message names the column, the first bad row and the rule.
        """
        for key in ROOT_TEXT:
            if not getattr(self, key):
                raise TableError(f"table '{self.name}' has no {key}: every table needs its provenance")
        self._check_architectures()
        paths = [column.path for column in self.columns]
        if twice := {path for path in paths if paths.count(path) > 1}:
            raise TableError(f"column {min(twice)} appears twice")
        for measurement in self.measurements:
            self._check_axes(measurement)
        for column in self.columns:
            self._check_values(column)

    def _check_architectures(self) -> None:
        rows, d = self.architectures, len(self.cardinality)
        if rows.ndim != 2 or rows.dtype not in _ROW_TYPES or len(rows) == 0 or rows.shape[1] != d:
            raise TableError(f"architectures are {rows.dtype} {rows.shape}; expected int8 or float64 [n, {d}]")
        if rows.dtype.kind == "f" and as_archs(rows, d, rows.dtype).tobytes() != rows.tobytes():
            raise TableError("architectures hold -0.0, or nan in several forms; pass them through space.checked")
        is_choice = self.cardinality > 0
        wrong = is_choice & ((rows < 0) | (rows >= self.cardinality) | (rows != np.floor(rows)))
        outside = np.flatnonzero((wrong | np.isinf(rows)).any(axis=1))
        if len(outside):
            raise TableError(f"architecture {outside[0]} {rows[outside[0]].tolist()} is out of range")
        found = make_row_index(rows, self.cardinality).find(np.ascontiguousarray(rows))
        twice = np.flatnonzero(found != np.arange(len(rows)))
        if len(twice):
            raise TableError(f"architecture {rows[twice[0]].tolist()} appears in several rows ({len(twice)} such)")

    def _check_axes(self, column: Measurement) -> None:
        expected = (len(self.architectures), len(column.seeds), len(column.epochs))
        if column.values.shape != expected:
            raise TableError(f"{column.path} has shape {column.values.shape}; expected [n, seeds, epochs] = {expected}")
        if column.split not in SPLITS:
            raise TableError(f"{column.path}: split {column.split!r} is not one of {SPLITS}")
        if (np.diff(column.epochs, prepend=0) <= 0).any():
            raise TableError(f"{column.path}: epochs {column.epochs.tolist()} must be positive and rising")
        if column.denominator:
            counts = column.values * column.denominator
            off = np.abs(counts - np.rint(counts)) > _COUNT_TOLERANCE
            if off.any():
                where = tuple(np.argwhere(off)[0])
                raise TableError(
                    f"{column.path}: {column.values[where]} at row {where[0]} is not a whole number of "
                    f"{column.denominator} samples ({int(off.sum())} such values)"
                )

    def _check_values(self, column: Measurement | Static) -> None:
        if column.unit not in UNITS or column.direction not in DIRECTIONS:
            raise TableError(
                f"{column.path}: unit {column.unit!r} must be one of {sorted(UNITS)}, "
                f"direction {column.direction!r} one of {DIRECTIONS}"
            )
        if column.values.dtype.kind != "f" or len(column.values) != len(self.architectures):
            raise TableError(f"{column.path}: expected floats for {len(self.architectures)} architectures")
        low, high = UNITS[column.unit]
        outside = np.isinf(column.values) | (column.values < low) | (column.values > high)
        if outside.any():
            where = np.argwhere(outside)[0]
            hint = "; are these percentages? divide by 100" if column.unit == "fraction" else ""
            raise TableError(
                f"{column.path}: {column.values[tuple(where)]} at row {where[0]} is outside [{low:g}, {high:g}] "
                f"of unit '{column.unit}' ({int(outside.sum())} such values){hint}"
            )
        if np.isnan(column.values).all():
            raise TableError(f"{column.path} holds no measurement; leave the column out")
