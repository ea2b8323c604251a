"""Read architectures from arrays, tables, texts and objects, and pass each one to the space that reads it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.errors import InvalidArchitecture, make_unknown_name

if TYPE_CHECKING:
    from nasbench.spaces._enumerated import EnumeratedSpace
    from nasbench.spaces._space import SearchSpace

INDEX = "index"
_NUMBER = re.compile(r"#(\d+)")
_SHOWN = 80  # most characters of an item that an error message shows


def read_architectures(space: "SearchSpace", given: Any, form: str) -> Archs:
    """Return architectures as rows [n, d]; see ``SearchSpace.read``."""
    if type(given) is list and not form and set(map(type, given)) == {str}:
        return read_texts(space, given)  # a fast way for texts, the most frequent case
    if form and form not in space.forms:
        raise make_unknown_name(f"form of integers in space '{space.name}'", form, space.forms)
    items = _split_items(given)
    if isinstance(items, np.ndarray) and not form:
        return space.read_rows(items)
    items = [_convert_to_lists(item) for item in items]
    if form == INDEX:
        return space.read_indices([_read_row(space, item) for item in items])
    if not items:
        return space.no_archs
    if form:
        return _read_each(items, lambda item: space.read_form(item, form))
    if all(isinstance(item, str) for item in items):
        return read_texts(space, items)
    if all(map(_is_whole, items)):
        official = f"official numbers (form='{INDEX}', or text '#{items[0]}') or " if INDEX in space.forms else ""
        raise InvalidArchitecture(
            f"a list of integers such as {items[:6]} may be {official}the decisions of one architecture; for the "
            f"latter pass [[{items[0]}, ...]], one row per architecture"
        )
    if all(_is_row(space, item) for item in items) and len({len(item) for item in items}) == 1:
        return space.read_rows(np.array(items))
    return _read_each(items, lambda item: _read_one(space, item))


def read_single(space: "SearchSpace", given: Any) -> Archs:
    """Return one architecture in any form, alone or as the only item of a container; ``[1, d]``.

    Raises:
        InvalidArchitecture: there are several, or none, or it is not an architecture.
    """
    is_row = isinstance(given, np.ndarray | list | tuple) and len(given) > 1 and all(map(_is_number, given))
    alone = is_row or isinstance(given, str | Mapping) or not isinstance(given, Iterable)
    archs = space.read([list(given)] if is_row else [given] if alone else given)
    if len(archs) != 1:
        raise InvalidArchitecture(f"{len(archs)} architectures were given; expected exactly one")
    return archs


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def read_texts(space: "SearchSpace", texts: Sequence[str]) -> Archs:
    """Read the space's own texts, or ``#N`` for official numbers; return rows [n, d]."""
    if "#" not in "".join(texts) or INDEX not in space.forms:
        return space.parse(texts)
    numbers = [_NUMBER.fullmatch(text.strip()) for text in texts]
    rows = [
        space.parse([text]) if found is None else space.read_indices([int(found[1])])
        for text, found in zip(texts, numbers, strict=True)
    ]
    return np.concatenate(rows)


def show_item(item: Any) -> str:
    """Return a short text of an item for error messages."""
    text = repr(item)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def read_fields(item: Any, *names: str) -> list[Any] | None:
    """Return the values of a mapping's keys or an object's attributes; None if one is missing or None."""
    values = [item.get(name) if isinstance(item, Mapping) else getattr(item, name, None) for name in names]
    return None if any(value is None for value in values) else values


def check_indices(space: "EnumeratedSpace", numbers: Sequence[int]) -> Ints:
    """Check official numbers, which count the architectures of a space from 0; return them ``[n]``.

    Raises:
        InvalidArchitecture: no architecture has the number.
    """
    if bad := [number for number in numbers if not 0 <= number < len(space.rows)]:
        raise InvalidArchitecture(
            f"{bad[0]} is not an official number of space '{space.name}'; they are 0 to {len(space.rows) - 1}"
        )
    return np.array(numbers, dtype=np.int64)


def _split_items(given: Any) -> Any:
    """Return a list of architectures, or an array of numbers."""
    if hasattr(given, "detach"):  # a tensor, on any device
        given = given.detach().cpu().numpy()
    if hasattr(given, "columns") and hasattr(given, "to_dict"):  # a data frame, one architecture per row
        if list(given.columns) == list(range(len(given.columns))):  # made from an array: its columns have no names
            return given.to_numpy()
        return given.to_dicts() if hasattr(given, "to_dicts") else given.to_dict("records")  # polars, pandas
    if hasattr(given, "to_numpy"):  # a series
        given = given.to_numpy()
    if isinstance(given, np.ndarray):
        numbers = given.ndim != 1 and given.dtype.kind not in "OUST"
        return given if numbers else given.tolist() if given.ndim else [given.item()]
    if isinstance(given, str | bytes | Mapping) or hasattr(given, "_fields") or not isinstance(given, Iterable):
        raise InvalidArchitecture(
            f"{show_item(given)} is not a list of architectures; pass a list of strings, arrays or other forms, one "
            "per architecture; wrap a single one as [architecture]"
        )
    return list(given)


def _convert_to_lists(item: Any) -> Any:
    """Convert an array, a tensor or a scalar of theirs to plain lists and numbers."""
    if hasattr(item, "detach"):
        item = item.detach().cpu().numpy()
    if isinstance(item, np.ndarray | np.generic):
        return item.tolist()
    return item.decode() if isinstance(item, bytes) else item


def _is_whole(item: Any) -> bool:
    return isinstance(item, int | np.integer) and not isinstance(item, bool)


def _is_row(space: "SearchSpace", item: Any) -> bool:
    if not isinstance(item, list | tuple) or not item:
        return False
    real = space.dtype.kind == "f"
    return all(_is_whole(value) or (real and isinstance(value, float | np.floating)) for value in item)


def _read_row(space: "SearchSpace", item: Any) -> int:
    found = _NUMBER.fullmatch(item.strip()) if isinstance(item, str) else None
    if found or _is_whole(item):
        return int(found[1] if found else item)
    raise InvalidArchitecture(f"{show_item(item)} is not an official number of space '{space.name}'; expected integers")


def _read_one(space: "SearchSpace", item: Any) -> Archs:
    if isinstance(item, str):
        return read_texts(space, [item])
    return space.read_rows(np.array([item])) if _is_row(space, item) else space.read_one(item)


def _read_each(items: Sequence[Any], read_item: Any) -> Archs:
    """Read each item; the error for a bad item names its position."""
    rows = []
    for number, item in enumerate(items):
        try:
            rows.append(read_item(item))
        except InvalidArchitecture as error:
            raise InvalidArchitecture(f"architecture {number} of {len(items)}: {error}") from None
    return np.concatenate(rows)
