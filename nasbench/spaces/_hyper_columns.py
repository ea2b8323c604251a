"""Read many configurations at once, one column for each decision, as files and data frames hold them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.errors import InvalidArchitecture

if TYPE_CHECKING:
    from nasbench.spaces.hyper import HyperSpace

ValueColumn = tuple[Sequence[Any], Ints] | Floats
"""The distinct values of a decision, None where it has none, and the position of each row's value among them; or
numbers ``[n]``, nan where there is none."""


class ConfigurationColumns(NamedTuple):
    """Configurations that were read from columns.

    Attributes:
        archs: [n, d] rows; undefined where they are unreadable.
        unreadable: the rows that cannot be read, in rising order.
        reason: why the first of them cannot; empty if all can.
    """

    archs: Archs
    unreadable: Ints
    reason: str


def read_columns(space: "HyperSpace", columns: Mapping[str, ValueColumn], n: int) -> ConfigurationColumns:
    """Read ``n`` configurations; see ``HyperSpace.read_columns``."""
    archs = np.zeros((n, len(space.decisions)), dtype=space.dtype)
    given = np.zeros(archs.shape, dtype=np.bool_)
    broken = np.zeros(n, dtype=np.bool_)
    for name, column in columns.items():
        codes, present, bad = _read_decision(space, name, column)
        broken |= bad
        at = space.decisions.index(name) if name in space.decisions else None
        if at is None:
            broken |= present
            continue
        archs[present, at] = codes[present]
        given[:, at] = present | bad
    wrong = given != space.find_active(archs)
    unreadable = np.flatnonzero(broken | wrong.any(axis=1))
    return ConfigurationColumns(archs, unreadable, _explain(space, columns, unreadable))


def _read_decision(space: "HyperSpace", name: str, column: ValueColumn) -> tuple[Floats, Bools, Bools]:
    """Return the codes ``[n]`` of a column, which rows hold one, and which rows hold something unreadable."""
    if not isinstance(column, tuple):
        numbers = np.asarray(column, dtype=np.float64) + 0.0  # no negative zero
        present = ~np.isnan(numbers)
        good = present & space.scales[space.decisions.index(name)].is_valid(numbers)  # type: ignore[attr-defined]
        return numbers, good, present & ~good
    values, place = column
    codes = np.zeros(max(len(values), 1))
    is_read, is_bad = np.zeros(len(codes), dtype=np.bool_), np.zeros(len(codes), dtype=np.bool_)
    for i, value in enumerate(values):
        if value is not None:
            try:
                _, codes[i] = space._find_code("", name, value)
                is_read[i] = True
            except InvalidArchitecture:
                is_bad[i] = True
    return codes[place], is_read[place], is_bad[place]


def _explain(space: "HyperSpace", columns: Mapping[str, ValueColumn], unreadable: Ints) -> str:
    """Return the message about the first unreadable row, as ``parse`` words it; empty if there is none."""
    if not len(unreadable):
        return ""
    pairs = ((name, _value_of(column, int(unreadable[0]))) for name, column in columns.items())
    text = ",".join(f"{name}={value}" for name, value in pairs if value is not None)
    try:
        space.parse([text])
    except InvalidArchitecture as error:
        return str(error)
    return f"cannot read {text!r}"


def _value_of(column: ValueColumn, row: int) -> Any:
    if isinstance(column, tuple):
        return column[0][column[1][row]]
    return None if np.isnan(column[row]) else float(column[row])
