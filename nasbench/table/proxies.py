"""Zero-cost proxies in a table: static metrics that cannot be an accuracy, so that a search may see them."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.table.locate import find_table
from nasbench.table.reader import Table

PROXY_SOURCE = "table:"
"""Prefix of a proxy's label in the sources of a strategy or predictor, which may also be tasks and records."""


@dataclass(frozen=True)
class ProxyColumn:
    """One proxy of one data set.

    Attributes:
        table: the table that holds it.
        dataset: data set of the proxy.
        metric: name of the proxy.
    """

    table: Table
    dataset: str
    metric: str

    def __call__(self, archs: Archs) -> Floats:
        """Return the scores of architectures [n, d], nan where missing; ``[n]``."""
        rows, values = self.table.index(archs), np.full(len(archs), np.nan)
        there = rows >= 0
        values[there] = self.table.static(rows[there], dataset=self.dataset, metric=self.metric)
        return values


def list_proxies(table: Table, datasets: Collection[str] = ()) -> list[ProxyColumn]:
    """Return all proxies of a table, ordered by name.

    A static metric has no split, so metrics that may be accuracies are left out: fractions, and metrics with one value
    per seed.

    Args:
        table: the table.
        datasets: the data sets; empty for all.
    """
    places = [place for place in table.statics if not datasets or place[0] in datasets]
    return [ProxyColumn(table, *place) for place in places if _is_proxy(table, *place)]


def _is_proxy(table: Table, dataset: str, metric: str) -> bool:
    about = table.describe_static(dataset, metric)
    return about["unit"] != "fraction" and len(about["shape"]) == 1


def name_proxy_source(label: str) -> str:
    """Return the name of this proxy in the sources of a record."""
    return PROXY_SOURCE + label


def read_source_checksum(source: str) -> str:
    """Return the checksum of the table in a source such as ``table:TABLE/METRIC``.

    Raises:
        UnknownName: there is no such table or proxy.
    """
    return find_proxy(source.removeprefix(PROXY_SOURCE), "").table.checksum


def parse_proxy_table(source: str) -> str:
    """Return the name or file of the table in a source such as ``table:TABLE/METRIC``."""
    return _split_label(source.removeprefix(PROXY_SOURCE))[0]


def find_proxy(label: str, space: str) -> ProxyColumn:
    """Return the proxy ``TABLE/METRIC``, or ``TABLE/DATASET/METRIC`` if a table has it for several data sets.

    Args:
        label: the label, with the table's name or its ``.h5`` file.
        space: name of the required space; empty for any.

    Raises:
        InvalidOption: the label has another form, the table has another space, or the table has the proxy for several
            data sets.
        UnknownName: there is no such table or proxy.
    """
    name, dataset, metric = _split_label(label)
    table = _open_table(find_table(name))
    if space not in ("", table.space):
        raise InvalidOption(f"table '{name}' has space '{table.space}', but the search is in '{space}'")
    columns = list_proxies(table)
    found = [column for column in columns if column.metric == metric and dataset in ("", column.dataset)]
    if not found:
        known = {f"{name}/{column.dataset}/{column.metric}" for column in columns}
        raise make_unknown_name("proxy", label, known)
    if len(found) > 1:
        raise InvalidOption(
            f"'{label}' exists for the data sets {', '.join(column.dataset for column in found)}; choose one: "
            f"{name}/{found[0].dataset}/{metric}"
        )
    return found[0]


def _split_label(label: str) -> tuple[str, str, str]:
    """Return the table, the data set (empty if not given) and the metric."""
    file, suffix, rest = label.rpartition(".h5/")
    name, _, place = (file + ".h5", "", rest) if suffix else label.partition("/")
    dataset, _, metric = place.rpartition("/")
    if not name or not metric:
        raise InvalidOption(f"'{label}' is not the label of a proxy; expected TABLE/METRIC or TABLE/DATASET/METRIC")
    return name, dataset, metric


@lru_cache(maxsize=16)
def _open_table(path: Path) -> Table:
    return Table(path)
