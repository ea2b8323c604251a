"""The architectures of a user's file: which columns they are, and what space reads them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Ints
from nasbench.errors import InvalidArchitecture, InvalidOption, SourceError
from nasbench.importers._cells import Column, TextCells
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace

_NO_DIGITS = re.compile(r"[A-Za-z]|\d\.\d|(?<!\d)-\d")


def open_declared_space(given: Mapping[str, Any]) -> SearchSpace:
    """Return the space that an ``[architecture]`` names, with its options."""
    options = given.get("space_options", {})
    try:
        space: SearchSpace = SPACES.load(str(given["space"]))(**options)
    except TypeError as error:
        raise InvalidOption(
            f"space '{given['space']}' cannot be made with options {sorted(options)}: {error}"
        ) from None
    return space


def read_architectures(cells: TextCells, given: Mapping[str, Any], space: SearchSpace) -> tuple[Archs, Ints]:
    """Return the distinct architectures ``[n, d]``, sorted, and which one each row of the file holds ``[m]``.

    Raises:
        SourceError: a cell that is none, with its row.
    """
    column, texts = _collect_texts(cells, given)
    distinct = dict.fromkeys(texts)
    archs = _read(cells, column, texts, list(distinct), given, space)
    rows, place = np.unique(archs, axis=0, return_inverse=True)
    row_of = dict(zip(distinct, place.ravel().tolist(), strict=True))
    return rows, np.array([row_of[text] for text in texts], dtype=np.int64)


def _collect_texts(cells: TextCells, given: Mapping[str, Any]) -> tuple[str, Column]:
    """Return a name for errors and the architectures' texts, none of them empty."""
    if "template" in given:
        return given["template"], _fill_template(cells, given["template"])
    if "columns" in given:
        return ", ".join(given["columns"]), _join_decisions(cells, given)
    column = given["column"]
    texts = cells.texts(column)
    empty = [i for i, text in enumerate(texts) if text is None]
    if empty:
        raise cells.make_error(empty[0], column, f"no architecture ({len(empty)} such)")
    return column, texts


def _fill_template(cells: TextCells, template: str) -> Column:
    names = re.findall(r"\{([^{}]+)\}", template)
    if not names:
        raise InvalidOption(f"template {template!r} names no column as {{column}}")
    columns = {name: cells.texts(name) for name in names}
    made = []
    for i in range(len(cells)):
        row = {name: column[i] for name, column in columns.items()}
        if empty := [name for name, text in row.items() if text is None]:
            raise cells.make_error(i, empty[0], "no architecture")
        made.append(re.sub(r"\{([^{}]+)\}", lambda found, row=row: str(row[found[1]]), template))  # type: ignore[misc]
    return np.array(made, dtype=object)


def _join_decisions(cells: TextCells, given: Mapping[str, Any]) -> Column:
    """Write ``decision=value,...`` from one column a decision; empty and missing cells are left out."""
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
    def read(some: Sequence[str]) -> Archs:
        if "digits" not in given:
            return space.parse(some)
        return space.checked(_parse_digits(some, given["digits"], given.get("digits_order"), space))

    try:
        return read(distinct)
    except InvalidArchitecture:
        for text in distinct:  # find the first one, to name its row
            try:
                read([text])
            except InvalidArchitecture as error:
                raise cells.make_error(int(np.flatnonzero(texts == text)[0]), column, str(error)) from None
        raise SourceError(f"{cells.file}, column '{column}': some architectures cannot be read together") from None


def _parse_digits(
    texts: Sequence[str], names: Sequence[str], places: Sequence[int] | None, space: SearchSpace
) -> Archs:
    """Read ``(4, 3, 0)`` or ``430``, where digit i stands for operation ``names[i]`` of the space.

    ``places`` says which of the file's digits is the first, second, ... decision of the space.
    """
    d = len(space.decisions)
    if places is not None and sorted(places) != list(range(d)):
        raise InvalidOption(f"digits_order {places}: expected every position from 0 to {d - 1} once")
    if unknown := [name for name in names if name not in space.operations]:
        raise InvalidOption(f"digits: '{unknown[0]}' is no operation of '{space.name}': {', '.join(space.operations)}")
    order = np.array([space.operations.index(name) for name in names], dtype=np.int8)
    archs = np.empty((len(texts), len(space.decisions)), dtype=np.int8)
    for arch, text in zip(archs, texts, strict=True):
        found = re.findall(r"\d+", text)
        # A whole number loses its first zeros; a text that has one and is too short lost something else.
        if _NO_DIGITS.search(text) or (len(found) == 1 and found[0][0] == "0" and len(found[0]) not in (1, len(arch))):
            found = []
        digits = [int(digit) for digit in (found[0].zfill(len(arch)) if len(found) == 1 else found)]
        if len(digits) != len(arch) or max(digits) >= len(order):
            raise InvalidArchitecture(f"{text!r}: expected {len(arch)} digits below {len(order)}")
        arch[:] = order[digits]
    return archs if places is None else np.ascontiguousarray(archs[:, places])
