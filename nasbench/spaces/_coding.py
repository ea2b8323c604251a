"""The meaning of architecture codes, and whether two spaces agree on it. Codes are never reinterpreted."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nasbench.errors import InvalidOption
from nasbench.spaces._space import Coded, SearchSpace

_SHOWN = 12  # most values of a list that an error message shows


class Party(NamedTuple):
    """One side of a comparison.

    Attributes:
        name: its name in error messages, such as ``task 't'``.
        space: the space whose codes it uses.
    """

    name: str
    space: SearchSpace


def select_kept_options(space: SearchSpace, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options to store beside codes of ``space``, which was made with the options ``given``.

    If the space does not declare which options determine the meaning of its codes, these are all of them.
    """
    says = type(space).code_options is not SearchSpace.code_options
    return space.code_options if says else dict(given)


def refuse_other_codes(ours: Party, theirs: Party, advice: str = "declare them alike") -> None:
    """Raise an error if two spaces interpret the same codes differently.

    One space may have fewer architectures than the other, or only the first values of a decision: the common
    architectures then have the same codes.

    Args:
        ours: one side.
        theirs: the other side.
        advice: what to do, for the error message.

    Raises:
        InvalidOption: the spaces disagree; the message names the first contradiction and both sides.
    """
    if why := _find_contradiction(ours, theirs):
        raise InvalidOption(f"{why}: codes would be misread; {advice}")


def _find_contradiction(ours: Party, theirs: Party) -> str:
    """Return the first contradiction between two spaces; empty if their common codes have the same meaning."""
    if ours.space is theirs.space:
        return ""
    if ours.space.name != theirs.space.name:
        return f"{ours.name} has space '{ours.space.name}', {theirs.name} has space '{theirs.space.name}'"
    if ours.space.dtype != theirs.space.dtype:
        return f"{ours.name} has rows of {ours.space.dtype}, {theirs.name} of {theirs.space.dtype}"
    here, there = ours.space.coding, theirs.space.coding
    names = [[item.decision for item in coding] for coding in (here, there)]
    if names[0] != names[1]:
        same = sorted(names[0]) == sorted(names[1])
        what = "the decisions in the order" if same else "the decisions"
        return f"{ours.name} has {what} {_list_values(names[0])}, {theirs.name} has {_list_values(names[1])}"
    for own, other in zip(here, there, strict=True):
        n = min(len(own.values), len(other.values))
        if own.values[:n] != other.values[:n]:
            return (
                f"decision '{own.decision}' takes {_list_values(own.texts)} in {ours.name}, "
                f"{_list_values(other.texts)} in {theirs.name}"
            )
    for own, other in zip(here, there, strict=True):
        if not _are_active_alike(own, other, {item.decision: item for item in here}, {i.decision: i for i in there}):
            return (
                f"decision '{own.decision}' is active {_describe_condition(own)} in {ours.name}, "
                f"{_describe_condition(other)} in {theirs.name}"
            )
    return ""


def _are_active_alike(own: Coded, other: Coded, here: dict[str, Coded], there: dict[str, Coded]) -> bool:
    """Return whether a decision is active at the same values, among those that both sides have."""
    if own.when != other.when:
        return False
    common = min(len(here[own.when].values), len(there[own.when].values)) if own.when else 0
    return {i for i in own.active_at if i < common} == {i for i in other.active_at if i < common}


def _describe_condition(coded: Coded) -> str:
    return f"where '{coded.when}' is {_list_values(coded.among)}" if coded.when else "always"


def _list_values(values: "list[str] | tuple[str, ...]") -> str:
    """Write the values in order; abbreviate the middle of a long list."""
    if len(values) > _SHOWN:
        values = [*values[: _SHOWN - 1], "...", values[-1]]
    return f"[{', '.join(values)}]"
