"""Read the architectures of a user's file: from one column, several columns or a template."""

import contextlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.errors import InvalidArchitecture, InvalidOption, SourceError
from nasbench.importers._cells import Column, TextCells
from nasbench.importers._json import parse_json
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace

_WHOLE = re.compile(r"#?\d{1,18}(\.0+)?", re.ASCII)
_NUMBERS = re.compile(r"[-\d,.\s()\[\]]{1,10000}", re.ASCII)
_BRACKETS = str.maketrans("()", "[]")
_NO_DIGITS = re.compile(r"[A-Za-z]|\d\.\d|(?<!\d)-\d")


def open_declared_space(given: Mapping[str, Any]) -> SearchSpace:
    """Return the space named in the ``[architecture]`` section, with its options."""
    options = given.get("space_options", {})
    try:
        space: SearchSpace = SPACES.load(str(given["space"]))(**options)
    except TypeError as error:
        raise InvalidOption(
            f"space '{given['space']}' cannot be made with options {sorted(options)}: {error}"
        ) from None
    return space


def read_architectures(cells: TextCells, given: Mapping[str, Any], space: SearchSpace) -> tuple[Archs, Ints]:
    """Return the distinct architectures ``[n, d]``, sorted, and the architecture's number for each row ``[m]``.

    Raises:
        SourceError: a cell is not an architecture; the message names its row.
    """
    column, texts = _collect_texts(cells, given)
    distinct = dict.fromkeys(texts)
    archs = _read(cells, column, texts, list(distinct), given, space)
    rows, place = np.unique(archs, axis=0, return_inverse=True)
    row_of = dict(zip(distinct, place.ravel().tolist(), strict=True))
    return rows, np.array([row_of[text] for text in texts], dtype=np.int64)


def _collect_texts(cells: TextCells, given: Mapping[str, Any]) -> tuple[str, Column]:
    """Return a name for error messages, and the texts of the architectures, none of them empty."""
    if "template" in given:
        return given["template"], _fill_template(cells, given["template"])
    if "columns" in given:
        return ", ".join(given["columns"]), _join_decisions(cells, given)
    column = given["column"]
    texts = cells.texts(column)
    empty = [i for i, text in enumerate(texts) if text is None]
    if empty:
        raise cells.make_error(empty[0], column, f"the architecture is missing ({len(empty)} such rows)")
    return column, texts


def read_readable(cells: TextCells, given: Mapping[str, Any], space: SearchSpace) -> tuple[Archs, Ints, list[str]]:
    """Read the rows that are architectures, and skip the others.

    Returns:
        The distinct architectures ``[n, d]``, sorted; the architecture's number for each row ``[m]``, -1 for skipped
        rows; and for each skipped row what is wrong with it.
    """
    texts = cells.texts(given["column"]) if "column" in given else _collect_texts(cells, given)[1]
    distinct = [text for text in dict.fromkeys(texts) if text is not None]
    read = _make_reader(given, space)
    found = dict(_read_good(read, distinct))
    archs = np.array([*found.values()]) if found else space.no_archs
    rows, place = np.unique(archs, axis=0, return_inverse=True)
    row_of = dict(zip(found, place.ravel().tolist(), strict=True))
    numbers = np.array([row_of.get(text, -1) for text in texts], dtype=np.int64)
    return rows, numbers, [_explain_row(cells, row, texts[row], read) for row in np.flatnonzero(numbers < 0).tolist()]


def _read_good(read: Callable[[Sequence[str]], Archs], texts: Sequence[str]) -> Iterator[tuple[str, Archs]]:
    """Yield each text that is an architecture with its row; halve the texts where some are not."""
    try:
        yield from zip(texts, read(texts), strict=True) if texts else ()
    except InvalidArchitecture:
        if len(texts) > 1:
            half = len(texts) // 2
            yield from _read_good(read, texts[:half])
            yield from _read_good(read, texts[half:])


def _explain_row(cells: TextCells, row: int, text: str | None, read: Callable[[Sequence[str]], Archs]) -> str:
    """Return what is wrong with a row that is not an architecture."""
    if text is None:
        return f"row {cells.place(row)}: the architecture is missing"
    try:
        read([text])
    except InvalidArchitecture as error:
        return f"row {cells.place(row)}: {error}"
    return f"row {cells.place(row)}: {text!r} cannot be read together with others"


def _fill_template(cells: TextCells, template: str) -> Column:
    names = re.findall(r"\{([^{}]+)\}", template)
    if not names:
        raise InvalidOption(f"template {template!r} contains no placeholder {{COLUMN}}")
    columns = {name: cells.texts(name) for name in names}
    made = []
    for i in range(len(cells)):
        row = {name: column[i] for name, column in columns.items()}
        if empty := [name for name, text in row.items() if text is None]:
            raise cells.make_error(i, empty[0], "a part of the architecture is missing")
        made.append(re.sub(r"\{([^{}]+)\}", lambda found, row=row: str(row[found[1]]), template))  # type: ignore[misc]
    return np.array(made, dtype=object)


def _join_decisions(cells: TextCells, given: Mapping[str, Any]) -> Column:
    """Write ``decision=value,...`` from one column per decision; leave out empty and missing cells."""
    columns = given["columns"]
    columns = columns if isinstance(columns, Mapping) else {name: name for name in columns}
    missing = given.get("missing", ())
    sentinels = {str(value) for value in (missing if isinstance(missing, list) else [missing])}
    texts = {decision: cells.texts(column) for decision, column in columns.items()}
    return np.array(
        [
            ",".join(
                f"{decision}={column[i]}"
                for decision, column in texts.items()
                if column[i] is not None and column[i] not in sentinels
            )
            for i in range(len(cells))
        ],
        dtype=object,
    )


def _read(
    cells: TextCells, column: str, texts: Column, distinct: Sequence[str], given: Mapping[str, Any], space: SearchSpace
) -> Archs:
    read = _make_reader(given, space)
    try:
        return read(distinct)
    except InvalidArchitecture:
        for text in distinct:  # find the first bad one, to name its row
            try:
                read([text])
            except InvalidArchitecture as error:
                raise cells.make_error(int(np.flatnonzero(texts == text)[0]), column, str(error)) from None
        raise SourceError(
            f"{cells.file}, column '{column}': each architecture can be read alone, but not all together"
        ) from None


def _make_reader(given: Mapping[str, Any], space: SearchSpace) -> Callable[[Sequence[str]], Archs]:
    """Return the function that reads texts as ``[architecture]`` declares them."""

    def read(some: Sequence[str]) -> Archs:
        if form := given.get("form"):
            return space.checked(space.read([_parse_form(text, form, space) for text in some], form=form))
        if "digits" in given:
            return space.checked(_parse_digits(some, given["digits"], given.get("digits_order"), space))
        nested = [_parse_nested(text) for text in some]
        if not any(item is not None for item in nested):
            return space.parse(some)
        rows = [
            space.parse([text]) if item is None else space.read([item]) for text, item in zip(some, nested, strict=True)
        ]
        return space.checked(np.concatenate(rows))

    return read


def _parse_nested(text: str) -> Any:
    """Return the lists or the object of a text of JSON that holds names; None for other texts."""
    if text[:1] in ("{", "[") and '"' in text:
        with contextlib.suppress(ValueError, RecursionError):
            return parse_json(text)
    return None


def _parse_form(text: str, form: str, space: SearchSpace) -> Any:
    """Return the number or the lists of numbers that a cell holds.

    Raises:
        InvalidOption: the space has no such form.
        InvalidArchitecture: the cell holds something else.
    """
    if form not in space.forms:
        known = ", ".join(map(repr, space.forms)) or "no form"
        raise InvalidOption(f"form = '{form}': space '{space.name}' knows {known}")
    if _WHOLE.fullmatch(text):
        return int(text.lstrip("#").partition(".")[0])
    if form != "index" and _NUMBERS.fullmatch(text):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text.translate(_BRACKETS))
    expected = "an official number, such as 42 or #42" if form == "index" else f"a list of numbers of the form '{form}'"
    raise InvalidArchitecture(f"{text!r}: expected {expected}")


def _parse_digits(
    texts: Sequence[str], names: Sequence[str], places: Sequence[int] | None, space: SearchSpace
) -> Archs:
    """Read ``(4, 3, 0)`` or ``430``, where digit i stands for operation ``names[i]`` of the space.

    ``places[j]`` is the position, in the file's text, of the digit for decision j of the space.
    """
    d = len(space.decisions)
    if places is not None and sorted(places) != list(range(d)):
        raise InvalidOption(f"digits_order {places}: expected each position from 0 to {d - 1} exactly once")
    if unknown := [name for name in names if name not in space.operations]:
        raise InvalidOption(
            f"digits: '{unknown[0]}' is not an operation of '{space.name}': {', '.join(space.operations)}"
        )
    order = np.array([space.operations.index(name) for name in names], dtype=np.int8)
    archs = np.empty((len(texts), len(space.decisions)), dtype=np.int8)
    for arch, text in zip(archs, texts, strict=True):
        found = re.findall(r"\d+", text)
        # A file that stores digits as a number loses leading zeros. A short text that starts with 0 lost other digits.
        if _NO_DIGITS.search(text) or (len(found) == 1 and found[0][0] == "0" and len(found[0]) not in (1, len(arch))):
            found = []
        digits = [int(digit) for digit in (found[0].zfill(len(arch)) if len(found) == 1 else found)]
        if len(digits) != len(arch) or max(digits) >= len(order):
            raise InvalidArchitecture(f"{text!r}: expected {len(arch)} digits below {len(order)}")
        arch[:] = order[digits]
    return archs if places is None else np.ascontiguousarray(archs[:, places])
