"""The space of a table, and whether it and another one agree on what codes mean."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from nasbench.errors import InvalidOption
from nasbench.registry import SPACES
from nasbench.spaces import Party, SearchSpace, refuse_other_codes, says_what_decides
from nasbench.table import ProxyColumn, Table, proxy_named

_AGAIN = (
    "an older release wrote it, without the options of its space: import it again, or repeat the declaration that it "
    "was imported by as space_options of the task"
)


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


def space_of(table: Table, options: Mapping[str, Any] | None = None) -> SearchSpace:
    """Return the space of a table, with the options that it holds.

    Args:
        table: measurements.
        options: that a task gives; they count, and are compared with the table's by ``refuse_other_space``.

    Raises:
        InvalidOption: the table does not say what its codes mean, and nobody else does.
    """
    if options:
        return space_named(table.space, options)
    space = space_named(table.space, table.space_options)
    if space.code_options and not table.space_options:
        raise InvalidOption(f"table '{table.name}' does not say what the codes of space '{table.space}' mean: {_AGAIN}")
    return space


def refuse_other_space(asked: Party, table: Table) -> None:
    """Refuse a table whose codes mean something else than in the space that it is asked by.

    Args:
        asked: who asks, for the error, and its space.
        table: whose rows are to be read.

    Raises:
        InvalidOption: naming the contradiction.
    """
    name, space = f"table '{table.name}'", asked.space
    if table.space != space.name:
        raise InvalidOption(f"{asked.name} is of space '{space.name}', {name} is of space '{table.space}'")
    if not table.space_options:
        if space.code_options and table.cardinality.tolist() != space.cardinality.tolist():
            raise InvalidOption(
                f"{asked.name} has {space.cardinality.tolist()} choices of its decisions, {name} has "
                f"{table.cardinality.tolist()}; {_AGAIN}"
            )
        return
    stored = Party(name, space_of(table))
    if stored.space is not space and not says_what_decides(space):
        raise InvalidOption(
            f"{asked.name} may read the codes of {name} otherwise: its space was made with {table.space_options}, and "
            f"space '{space.name}' does not say (by code_options) which options decide what codes mean; give the same"
        )
    if stored.space.cardinality.tolist() != table.cardinality.tolist():
        raise InvalidOption(f"{name} contradicts itself: its space_options are not those of its rows; import it again")
    advice = f"write them as the table has them, or leave space_options out, which takes those of {name}"
    refuse_other_codes(asked, stored, advice)


def refuse_other_table(home: Table, other: Table) -> None:
    """Refuse a table that is joined by architecture to another one but reads codes differently.

    Raises:
        InvalidOption: naming the contradiction.
    """
    if home.space_options:
        refuse_other_space(Party(f"table '{home.name}'", space_of(home)), other)
    elif other.space_options:
        refuse_other_space(Party(f"table '{other.name}'", space_of(other)), home)
    elif other.space != home.space:
        raise InvalidOption(f"table '{other.name}' is of space '{other.space}', not '{home.space}'")


def proxy_of(label: str, space: SearchSpace) -> ProxyColumn:
    """Return the proxy called ``TABLE/METRIC`` for architectures of ``space``.

    Raises:
        InvalidOption: as ``proxy_named``; or a table that reads the codes of architectures differently.
        UnknownName: no such table or proxy.
    """
    column = proxy_named(label, space.name)
    refuse_other_space(Party("the searched task", space), column.table)
    return column
