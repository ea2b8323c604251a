"""What the codes of architectures mean, and whether two spaces agree on it: codes are never reinterpreted."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from nasbench.errors import InvalidOption
from nasbench.spaces._space import Coded, SearchSpace

_SHOWN = 12  # values of a list that an error repeats


class Party(NamedTuple):
    """One side of a comparison.

    Attributes:
        name: what an error calls it, such as ``task 't'``.
        space: whose codes it uses.
    """

    name: str
    space: SearchSpace


def select_kept_options(space: SearchSpace, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that must be kept beside codes of ``space``, which was made with those ``given``.

    They are all of them where the space does not say which ones decide what its codes mean.
    """
    says = type(space).code_options is not SearchSpace.code_options
    return space.code_options if says else dict(given)


def refuse_other_codes(ours: Party, theirs: Party, advice: str = "declare them alike") -> None:
    """Refuse two spaces that read the same codes differently.

    One may have fewer architectures than the other, or the first values of a decision only: what both have has
    the same code then.

    Args:
        ours: one side.
        theirs: the other one.
        advice: what to do, for the error.

    Raises:
        InvalidOption: naming the first contradiction, with what either side says.
    """
    if why := _find_contradiction(ours, theirs):
        raise InvalidOption(f"{why}: codes would be misread; {advice}")


def _find_contradiction(ours: Party, theirs: Party) -> str:
    """Return what two spaces contradict each other in; empty where the codes that both have mean the same."""
    if ours.space is theirs.space:
        return ""
    if ours.space.name != theirs.space.name:
        return f"{ours.name} is of space '{ours.space.name}', {theirs.name} is of space '{theirs.space.name}'"
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
                f"decision '{own.decision}' is there {_describe_condition(own)} in {ours.name}, "
                f"{_describe_condition(other)} in {theirs.name}"
            )
    return ""


def _are_active_alike(own: Coded, other: Coded, here: dict[str, Coded], there: dict[str, Coded]) -> bool:
    """Tell whether a decision is active at the same values, of those that both sides have."""
    if own.when != other.when:
        return False
    common = min(len(here[own.when].values), len(there[own.when].values)) if own.when else 0
    return {i for i in own.active_at if i < common} == {i for i in other.active_at if i < common}


def _describe_condition(coded: Coded) -> str:
    return f"where '{coded.when}' is {_list_values(coded.among)}" if coded.when else "always"


def _list_values(values: "list[str] | tuple[str, ...]") -> str:
    """Write the values in order, the middle of a long list left out."""
    if len(values) > _SHOWN:
        values = [*values[: _SHOWN - 1], "...", values[-1]]
    return f"[{', '.join(values)}]"
