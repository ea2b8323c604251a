"""The space of a table, and whether two spaces agree on what the codes of architectures mean."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.registry import SPACES
from nasbench.spaces import Coded, Party, SearchSpace, refuse_other_codes
from nasbench.table import ProxyColumn, Table, find_proxy
from nasbench.table.schema import are_same_options

_SHOWN = 12  # values of a decision
_AGAIN = (
    "an older release wrote it, without the options of its space: import it again, or repeat the declaration with "
    "which it was imported as space_options of the task"
)


def space_named(name: str, options: Mapping[str, Any]) -> SearchSpace:
    """Return a registered space with its options; the same name and options give the same object.

    Raises:
        UnknownName: no such space.
        InvalidOption: options that do not fit.
    """
    return _space(name, json.dumps(options, default=str))


@cache
def _space(name: str, options: str) -> SearchSpace:
    """Make a space once for all tasks of a family: spaces never change, and their neighbourhoods are expensive."""
    made = SPACES.load(name)
    if ":" in name and not (isinstance(made, type) and issubclass(made, SearchSpace)):
        # a record from elsewhere may name anything: call nothing but a space
        raise InvalidOption(f"'{name}' is not a search space; expected module:Class of a nasbench.spaces.SearchSpace")
    try:
        space: SearchSpace = made(**json.loads(options))
        return space
    except TypeError as error:
        raise InvalidOption(f"space_options {options} do not fit space '{name}': {error}") from None


def space_of(table: Table) -> SearchSpace:
    """Return the space of a table, with the options that the table holds.

    Raises:
        UnknownName: no such space. A class in a module is refused, since a file must not import code.
        InvalidOption: the table does not say what its codes mean.
    """
    if ":" in table.space:
        raise make_unknown_name("space", table.space, SPACES.names())
    return task_space(table.space, {}, table)


def task_space(name: str, options: Mapping[str, Any], table: Table) -> SearchSpace:
    """Return the space of a task, with the options of its table unless the task gives options.

    Args:
        name: name of the space.
        options: options that the task gives.
        table: table whose codes are to be read; ``refuse_other_space`` compares it with the space.

    Raises:
        UnknownName: no such space.
        InvalidOption: options that do not fit, or neither the task nor the table says what codes mean.
    """
    given = options or (table.space_options if SPACES.load(name).name == table.space else {})
    space = space_named(name, given)
    if space.code_options and not given:
        raise InvalidOption(f"table '{table.name}' does not say what the codes of space '{name}' mean: {_AGAIN}")
    return space


def refuse_other_space(asked: Party, table: Table) -> None:
    """Refuse a table whose codes have another meaning than in the space of the caller.

    Args:
        asked: the caller's name, for the error message, and its space.
        table: table whose rows are to be read.

    Raises:
        InvalidOption: both contradict each other; the message names the contradiction.
    """
    name, space = f"table '{table.name}'", asked.space
    if table.space != space.name:
        raise InvalidOption(f"{asked.name} is of space '{space.name}', {name} is of space '{table.space}'")
    if not table.space_options:
        if space.code_options and table.cardinality.tolist() != space.cardinality.tolist():
            raise InvalidOption(
                f"the decisions of {asked.name} have {space.cardinality.tolist()} choices, those of {name} "
                f"{table.cardinality.tolist()}; {_AGAIN}"
            )
        return
    same = are_same_options(space.code_options, table.space_options)
    stored = space if same else _made_as(space, table)
    if stored.cardinality.tolist() != table.cardinality.tolist():
        raise InvalidOption(f"{name} contradicts itself: its space_options do not fit its rows; import it again")
    advice = f"write them as the table has them, or leave space_options out to take those of {name}"
    refuse_other_codes(asked, Party(name, stored), advice)


def _made_as(space: SearchSpace, table: Table) -> SearchSpace:
    """Return the space of a table, of the same kind as ``space``."""
    made = SPACES.load(table.space) if table.space in SPACES.names() else type(space)
    try:
        stored: SearchSpace = made(**table.space_options)
    except TypeError as error:
        raise InvalidOption(
            f"table '{table.name}' has space_options that do not fit space '{table.space}': {error}"
        ) from None
    return stored


def refuse_other_table(home: Table, other: Table) -> None:
    """Refuse to join two tables by architecture whose codes have different meanings.

    Raises:
        InvalidOption: both contradict each other; the message names the contradiction.
    """
    if other.space != home.space:
        raise InvalidOption(f"table '{other.name}' is of space '{other.space}', not '{home.space}'")
    if are_same_options(home.space_options, other.space_options):
        return
    if home.space_options:
        refuse_other_space(Party(f"table '{home.name}'", space_of(home)), other)
    else:
        refuse_other_space(Party(f"table '{other.name}'", space_of(other)), home)


def described_decisions(space: SearchSpace) -> dict[str, str]:
    """Return the values of each decision, and when it is active; empty for a space whose codes are not declared."""
    if not space.code_options:
        return {}
    return {item.decision: _described(item) for item in space.coding}


def _described(item: Coded) -> str:
    values = ", ".join(item.texts[:_SHOWN]) + (f", ... {item.texts[-1]}" if len(item.texts) > _SHOWN else "")
    return f"{values} (where {item.when} is {', '.join(item.among)})" if item.when else values


def proxy_of(label: str, space: SearchSpace) -> ProxyColumn:
    """Return the proxy called ``TABLE/METRIC`` for architectures of ``space``.

    Raises:
        InvalidOption: as ``find_proxy``, or the table gives the codes of architectures another meaning.
        UnknownName: no such table or proxy.
    """
    column = find_proxy(label, space.name)
    refuse_other_space(Party("the searched task", space), column.table)
    return column
