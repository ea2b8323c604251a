"""The columns of a published table, read from tables of measurements and joined by architecture."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints, RowIndex, get_row_index
from nasbench.backends.table import rows_of
from nasbench.reproduction.samples import NEEDS_TABLE, OTHER_TABLE, CannotJudge
from nasbench.reproduction.schema import Published, Reading
from nasbench.spaces import SearchSpace
from nasbench.table import Table, find_table, list_tables
from nasbench.tasks import refuse_other_table, space_of
from nasbench.tasks.known_tables import absent_tables
from nasbench.units import Scale


class Columns:
    """Opens each table once and refuses one that is not what the claim is about.

    Args:
        published: whose columns, and whose checksums.
        reading: which columns it reads in place of others, and whether isomorphic architectures share numbers.
        tables: that are open already; name -> table.
    """

    def __init__(
        self, published: Published, reading: Reading | None = None, tables: dict[str, Table] | None = None
    ) -> None:
        self._published, self._reading = published, reading or Reading("as published")
        self._tables: dict[str, Table] = {} if tables is None else tables

    def by(self, reading: Reading) -> "Columns":
        """Return the same columns as a reading has them; tables are opened once for all."""
        return Columns(self._published, reading, self._tables)

    def _resolve_keys(self, name: str) -> Mapping[str, Any]:
        return self._published.columns[self._reading.columns.get(name, name)]

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            CannotJudge: it is not imported, or another version.
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
        """Refuse unless all tables are there; all that lack are named."""
        reasons = []
        for name in dict.fromkeys(tables):
            try:
                self.table(name)
            except CannotJudge as error:
                reasons.append(str(error))
        if reasons:
            raise CannotJudge("\n".join(reasons))

    def find_table(self, name: str) -> Table:
        """Return the table in which a column is."""
        return self.table(self._resolve_keys(name)["table"])

    def make_reader(self, name: str) -> Callable[[Archs], Floats]:
        """Return what looks architectures [n, d] up in a column; ``[n]``, nan where it lacks one."""
        return self._find_column(name).of

    def _find_column(self, name: str) -> "SourceColumn":
        return SourceColumn(self.find_table(name), self._resolve_keys(name), isomorphic=self._reading.isomorphic)

    def sign(self, name: str) -> float:
        """Return what the numbers of a column are multiplied by so that the largest is best: 1.0 or -1.0."""
        return self._find_column(name).scale.sign

    def check_unit(self, name: str) -> None:
        """Refuse to print as percent what is no fraction.

        Raises:
            CannotJudge: such a column.
        """
        unit = self._find_column(name).scale.unit
        if self._published.unit == "percent" and unit != "fraction":
            raise CannotJudge(
                f"column '{name}' is in unit '{unit}', and the table of the claim in percent: give the claim the unit "
                f"'{unit}'"
            )

    def join_columns(self, names: Sequence[str]) -> list[Floats]:
        """Return columns for the architectures of the largest of their tables, those that lack in any left out."""
        largest = max((self.find_table(name) for name in names), key=len)
        for name in names:
            refuse_other_table(largest, self.find_table(name))
        archs = largest.architectures
        values = np.stack([self.make_reader(name)(archs) for name in names])
        return list(values[:, ~np.isnan(values).any(axis=0)])


class SourceColumn:
    """One column of one table.

    Args:
        table: it is in.
        keys: ``dataset`` with ``recipe``, ``split``, ``metric`` and perhaps ``seed``, or with ``static``; or ``size``,
            a number of what the space counts of its networks.
        isomorphic: an architecture that the table lacks takes the number of the first one isomorphic to it.
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
        """Unit and direction of its numbers; of a size, larger counts as better."""
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
    def _kinds(self) -> tuple[RowIndex, Ints]:
        """The isomorphism classes of the table's architectures, and the first row of each, -1 behind them for none."""
        kinds, first = np.unique(self._space.canonicalize(self._table.architectures), axis=0, return_index=True)
        return get_row_index(kinds, self._space.cardinality), np.append(first, -1)
