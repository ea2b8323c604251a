"""Read the columns of a published table from tables of measurements and join them by architecture."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints, RowIndex, WideRowIndex, get_row_index
from nasbench.backends.table import rows_of
from nasbench.reproduction.samples import NEEDS_TABLE, OTHER_TABLE, CannotJudge
from nasbench.reproduction.schema import Interpretation, Published
from nasbench.spaces import SearchSpace
from nasbench.table import Table, find_table, list_tables
from nasbench.tasks import refuse_other_table, space_of
from nasbench.tasks.known_tables import absent_tables
from nasbench.units import Scale


class Columns:
    """The columns of a published table; opens each table once and refuses another version than the claim names.

    Args:
        published: the published table, with its columns and checksums.
        interpretation: says which columns replace others, and whether isomorphic architectures share numbers.
        tables: tables that are already open; name -> table.
    """

    def __init__(
        self, published: Published, interpretation: Interpretation | None = None, tables: dict[str, Table] | None = None
    ) -> None:
        self._published, self._interpretation = published, interpretation or Interpretation("as published")
        self._tables: dict[str, Table] = {} if tables is None else tables

    def by(self, interpretation: Interpretation) -> "Columns":
        """Return the same columns under an interpretation; the open tables are shared."""
        return Columns(self._published, interpretation, self._tables)

    def _resolve_keys(self, name: str) -> Mapping[str, Any]:
        return self._published.columns[self._interpretation.columns.get(name, name)]

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            CannotJudge: the table is not imported, or it is another version.
        """
        if name not in self._tables:
            self._tables[name] = self._open_table(name)
        return self._tables[name]

    def _open_table(self, name: str) -> Table:
        if name not in list_tables():
            raise CannotJudge(f"{NEEDS_TABLE}{name}': {absent_tables().get(name, 'import it')}")
        table, expected = Table(find_table(name)), self._published.tables.get(name, "")
        if expected not in ("", table.checksum):
            raise CannotJudge(
                f"{OTHER_TABLE}{name}' has checksum {table.checksum[:12]}..., the claim is about {expected[:12]}..."
                f": import the version it names, or remove {table.path}"
            )
        return table

    def require(self, tables: Sequence[str]) -> None:
        """Check that all tables are available.

        Raises:
            CannotJudge: naming every table that is missing.
        """
        reasons = []
        for name in dict.fromkeys(tables):
            try:
                self.table(name)
            except CannotJudge as error:
                reasons.append(str(error))
        if reasons:
            raise CannotJudge("\n".join(reasons))

    def find_table(self, name: str) -> Table:
        """Return the table that holds a column."""
        return self.table(self._resolve_keys(name)["table"])

    def make_reader(self, name: str) -> Callable[[Archs], Floats]:
        """Return a function that looks up architectures [n, d] in a column; ``[n]``, nan where one is missing."""
        return self._find_column(name).of

    def _find_column(self, name: str) -> "SourceColumn":
        return SourceColumn(self.find_table(name), self._resolve_keys(name), isomorphic=self._interpretation.isomorphic)

    def sign(self, name: str) -> float:
        """Return the factor, 1.0 or -1.0, that makes the largest number of a column the best."""
        return self._find_column(name).scale.sign

    def check_unit(self, name: str) -> None:
        """Refuse to print a column in percent unless it holds fractions.

        Raises:
            CannotJudge: the table is in percent and the column is not a fraction.
        """
        unit = self._find_column(name).scale.unit
        if self._published.unit == "percent" and unit != "fraction":
            raise CannotJudge(
                f"column '{name}' is in unit '{unit}', but the table of the claim is in percent: give the claim the "
                f"unit '{unit}'"
            )

    def join_columns(self, names: Sequence[str]) -> list[Floats]:
        """Return columns for the architectures that all of them have, in the order of the largest table."""
        largest = max((self.find_table(name) for name in names), key=len)
        for name in names:
            refuse_other_table(largest, self.find_table(name))
        archs = largest.architectures
        values = np.stack([self.make_reader(name)(archs) for name in names])
        return list(values[:, ~np.isnan(values).any(axis=0)])


class SourceColumn:
    """One column of one table.

    Args:
        table: the table that holds the column.
        keys: ``dataset`` with ``recipe``, ``split``, ``metric`` and perhaps ``seed``; or ``dataset`` with ``static``;
            or ``size``, a property that the space counts of its networks.
        isomorphic: whether an architecture that is missing in the table takes the number of the first isomorphic one.
    """

    def __init__(self, table: Table, keys: Mapping[str, Any], *, isomorphic: bool = False) -> None:
        self._table, self._isomorphic = table, isomorphic
        self._where = {key: value for key, value in keys.items() if key not in ("table", "static", "size")}
        self._static, self._size = keys.get("static"), keys.get("size")

    @cached_property
    def _space(self) -> SearchSpace:
        return space_of(self._table)

    @property
    def scale(self) -> Scale:
        """Unit and direction of the numbers; of sizes, larger counts as better."""
        if self._size is not None:
            return Scale("count", "maximize")
        if self._static is not None:
            return Scale.of(self._table.describe_static(self._where["dataset"], self._static))
        return Scale.of(self._table.describe(*(self._where[key] for key in ("dataset", "recipe", "split", "metric"))))

    def of(self, archs: Archs) -> Floats:
        """Return the values of architectures [n, d]; ``[n]``, nan where missing."""
        if self._size is not None:
            return self._count(archs, self._size)
        rows = self._find_rows(archs)
        values = np.full(len(rows), np.nan)
        there = rows >= 0
        if self._static is not None:
            values[there] = self._table.static(rows[there], metric=self._static, **self._where)
        else:
            values[there] = self._table.query(rows[there], **self._where)
        return values

    def _count(self, archs: Archs, what: str) -> Floats:
        if not hasattr(self._space, "network_size"):
            raise CannotJudge(f"space '{self._table.space}' does not count its networks' {what}")
        values: Floats = getattr(self._space.network_size(archs), what)
        return values

    def _find_rows(self, archs: Archs) -> Ints:
        rows = rows_of(self._space, self._table, archs)
        absent = np.flatnonzero(rows < 0)
        if self._isomorphic and len(absent):
            kinds, first = self._kinds
            rows[absent] = first[kinds.find(self._space.canonicalize(archs[absent]))]
        return rows

    @cached_property
    def _kinds(self) -> tuple[RowIndex | WideRowIndex, Ints]:
        """The table's isomorphism classes, and the first row of each; a last entry of -1 stands for no class."""
        kinds, first = np.unique(self._space.canonicalize(self._table.architectures), axis=0, return_index=True)
        return get_row_index(kinds, self._space.cardinality), np.append(first, -1)
