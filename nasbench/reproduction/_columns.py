"""The columns of a published table, read from tables of measurements and joined by architecture."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.backends.table import rows_of
from nasbench.registry import SPACES
from nasbench.reproduction._samples import CannotJudge
from nasbench.reproduction._schema import Published
from nasbench.spaces import SearchSpace
from nasbench.table import Table, find_table, table_names
from nasbench.tasks._absent import absent_tables


class Columns:
    """Opens each table once and refuses one that is not what the claim is about.

    Args:
        published: whose columns, and whose checksums.
    """

    def __init__(self, published: Published) -> None:
        self._published = published
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """Return a table.

        Raises:
            CannotJudge: it is not imported, or another version.
        """
        if name not in self._tables:
            self._tables[name] = self._opened(name)
        return self._tables[name]

    def _opened(self, name: str) -> Table:
        if name not in table_names():
            raise CannotJudge(f"needs table '{name}': {absent_tables().get(name, 'import it')}")
        table, expected = Table(find_table(name)), self._published.tables.get(name, "")
        if expected not in ("", table.checksum):
            raise CannotJudge(
                f"table '{name}' has checksum {table.checksum[:12]}..., the claim is about {expected[:12]}...: "
                f"import the version it names, or remove {table.path}"
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
            raise CannotJudge("; ".join(reasons))

    def home(self, name: str) -> Table:
        """Return the table in which a column is."""
        return self.table(self._published.columns[name]["table"])

    def reader(self, name: str) -> Callable[[Archs], Floats]:
        """Return what looks architectures [n, d] up in a column; ``[n]``, nan where it lacks one."""
        column = Column(self.home(name), self._published.columns[name])
        return column.of

    def joined(self, names: Sequence[str]) -> list[Floats]:
        """Return columns for the architectures of the first one's table, those that lack in any left out."""
        archs = self.home(names[0]).architectures
        values = np.stack([self.reader(name)(archs) for name in names])
        return list(values[:, ~np.isnan(values).any(axis=0)])


class Column:
    """One column of one table.

    Args:
        table: it is in.
        keys: ``dataset`` with ``recipe``, ``split``, ``metric`` and perhaps ``seed``, or with ``static``.
    """

    def __init__(self, table: Table, keys: Mapping[str, Any]) -> None:
        self._table = table
        self._where = {key: value for key, value in keys.items() if key not in ("table", "static")}
        self._static = keys.get("static")

    @cached_property
    def _space(self) -> SearchSpace:
        space: SearchSpace = SPACES.load(self._table.space)()
        return space

    def of(self, archs: Archs) -> Floats:
        """Return the values of architectures [n, d]; ``[n]``, nan where missing."""
        rows = rows_of(self._space, self._table, archs)
        values = np.full(len(rows), np.nan)
        there = rows >= 0
        if self._static is not None:
            values[there] = self._table.static(rows[there], metric=self._static, **self._where)
        else:
            values[there] = self._table.query(rows[there], **self._where)
        return values
