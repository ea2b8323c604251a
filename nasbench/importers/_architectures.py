"""Read the architectures of a user's file: from one column, several columns or a template."""

import contextlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidArchitecture, InvalidOption, SourceError
from nasbench.importers._cells import TextCells
from nasbench.importers._columns import ColumnCodes, combine_codes, find_first
from nasbench.importers._json import parse_json
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace
from nasbench.spaces.hyper import HyperSpace

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
    if "columns" in given and isinstance(space, HyperSpace):
        rows = _read_decisions(cells, given, space)
        codes = np.arange(len(rows))
    else:
        column, texts = _collect_texts(cells, given)
        distinct = dict.fromkeys(texts.values)
        rows = _read(cells, column, texts, list(distinct), given, space)
        place_of = {text: i for i, text in enumerate(distinct)}
        codes = np.array([place_of[text] for text in texts.values], dtype=np.int64)[texts.codes]
    archs, place = _find_distinct_rows(rows)
    return archs, place[codes]


def _find_distinct_rows(rows: Archs) -> tuple[Archs, Ints]:
    """Return the distinct rows, sorted, and the place of each row among them; faster than ``np.unique``."""
    order = np.lexsort(rows.T[::-1])
    sorted_ = rows[order]
    is_new = np.ones(len(rows), dtype=np.bool_)
    is_new[1:] = (sorted_[1:] != sorted_[:-1]).any(axis=1)
    place = np.empty(len(rows), dtype=np.int64)
    place[order] = np.cumsum(is_new) - 1
    return np.ascontiguousarray(sorted_[is_new]), place


def _collect_texts(cells: TextCells, given: Mapping[str, Any]) -> tuple[str, ColumnCodes]:
    """Return a name for error messages, and the texts of the architectures, none of them empty."""
    if "template" in given:
        return given["template"], _fill_template(cells, given["template"])
    if "columns" in given:
        return ", ".join(given["columns"]), _join_decisions(cells, given)
    column = given["column"]
    texts = cells.text_codes(column)
    empty = texts.find_rows(lambda text: text is None)
    if len(empty):
        raise cells.make_unreadable(empty, column, f"the architecture is missing ({len(empty)} such rows)")
    return column, texts


def read_readable(cells: TextCells, given: Mapping[str, Any], space: SearchSpace) -> tuple[Archs, Ints, list[str]]:
    """Read the rows that are architectures, and skip the others.

    Returns:
        The distinct architectures ``[n, d]``, sorted; the architecture's number for each row ``[m]``, -1 for skipped
        rows; and for each skipped row what is wrong with it.
    """
    texts = cells.text_codes(given["column"]) if "column" in given else _collect_texts(cells, given)[1]
    read = _make_reader(given, space)
    found = dict(_read_good(read, [text for text in dict.fromkeys(texts.values) if text is not None]))
    rows, place = (
        _find_distinct_rows(np.array([*found.values()])) if found else (space.no_archs, np.empty(0, dtype=np.int64))
    )
    row_of = dict(zip(found, place.tolist(), strict=True))
    numbers = np.array([row_of.get(text, -1) for text in texts.values], dtype=np.int64)[texts.codes]
    skipped = np.flatnonzero(numbers < 0)
    held = [texts.values[code] for code in texts.codes[skipped].tolist()]
    complaints = [_explain_row(cells, row, text, read) for row, text in zip(skipped.tolist(), held, strict=True)]
    return rows, numbers, complaints


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


def _fill_template(cells: TextCells, template: str) -> ColumnCodes:
    names = re.findall(r"\{([^{}]+)\}", template)
    if not names:
        raise InvalidOption(f"template {template!r} contains no placeholder {{COLUMN}}")
    columns = {name: cells.text_codes(name) for name in names}
    for name, column in columns.items():
        empty = column.find_rows(lambda text: text is None)
        if len(empty):
            raise cells.make_unreadable(empty, name, "a part of the architecture is missing")

    def fill(row: Mapping[str, Any]) -> str:
        return re.sub(r"\{([^{}]+)\}", lambda found: str(row[found[1]]), template)

    return _combine_texts(columns, fill)


def _combine_texts(columns: Mapping[str, ColumnCodes], write: Callable[[Mapping[str, Any]], str]) -> ColumnCodes:
    """Return one text for each distinct combination of the columns' texts."""
    codes = combine_codes([column.codes for column in columns.values()])
    values = [
        write({name: column.values[column.codes[row]] for name, column in columns.items()})
        for row in find_first(codes).tolist()
    ]
    return ColumnCodes(values, codes)


def _name_columns(given: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the column of each decision."""
    columns = given["columns"]
    return columns if isinstance(columns, Mapping) else {name: name for name in columns}


def _list_decisions(cells: TextCells, given: Mapping[str, Any], known: Collection[str] = ()) -> dict[str, ColumnCodes]:
    """Return the texts of each decision that is not ``known``; empty and missing cells are None."""
    missing = given.get("missing", ())
    sentinels = {str(value) for value in (missing if isinstance(missing, list) else [missing])}
    return {
        decision: cells.text_codes(column).map_values(lambda text: None if text in sentinels else text)
        for decision, column in _name_columns(given).items()
        if decision not in known
    }


def _join_decisions(cells: TextCells, given: Mapping[str, Any]) -> ColumnCodes:
    """Write ``decision=value,...`` from one column per decision; leave out empty and missing cells."""

    def join(row: Mapping[str, Any]) -> str:
        return ",".join(f"{decision}={text}" for decision, text in row.items() if text is not None)

    return _combine_texts(_list_decisions(cells, given), join)


def _read_decisions(cells: TextCells, given: Mapping[str, Any], space: HyperSpace) -> Archs:
    """Return the architecture of each row ``[m, d]``, read decision by decision."""
    real = {name for name, n in zip(space.decisions, space.cardinality, strict=True) if n == 0}
    numbers = {name: own for name in real if (own := _read_real(cells, given, name)) is not None}
    columns: dict[str, Any] = {name: tuple(own) for name, own in _list_decisions(cells, given, numbers).items()}
    found = space.read_columns(columns | numbers, len(cells))
    if len(found.unreadable):
        raise cells.make_unreadable(found.unreadable, ", ".join(given["columns"]), found.reason)
    return found.archs


def _read_real(cells: TextCells, given: Mapping[str, Any], decision: str) -> Floats | None:
    """Return the plain numbers of a decision ``[m]``, nan where empty; None if its cells hold anything else."""
    columns = _name_columns(given)
    if decision not in columns or given.get("missing"):
        return None
    return cells.read_plain_numbers(columns[decision])


def _read(
    cells: TextCells,
    column: str,
    texts: ColumnCodes,
    distinct: Sequence[str],
    given: Mapping[str, Any],
    space: SearchSpace,
) -> Archs:
    read = _make_reader(given, space)
    try:
        return read(distinct)
    except InvalidArchitecture:
        wrong: dict[str, str] = {}
        for text in distinct:
            try:
                read([text])
            except InvalidArchitecture as error:
                wrong[text] = str(error)
        if wrong:
            rows = texts.find_rows(lambda text: text in wrong)
            first = texts.values[texts.codes[rows[0]]]
            raise cells.make_unreadable(rows, column, wrong[first]) from None
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
