"""Declare the space of a user's own trainings from the columns of the decisions."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import InvalidOption
from nasbench.importers._architectures import open_declared_space
from nasbench.importers._cells import TextCells
from nasbench.importers._columns import Column, TextColumns
from nasbench.importers._guess_architecture import find_readable
from nasbench.importers._guess_decisions import (
    Value,
    declare_range,
    describe_condition,
    describe_decision,
    guess_condition,
    guess_decision,
    list_values,
)
from nasbench.importers._training_columns import Said, TrainingColumns
from nasbench.spaces import SearchSpace

_KINDS = ("categorical", "ordinal", "integer", "real", "log")
_BESIDE = {"a decision beside it": {"categorical": ["a", "b"]}}  # since a space needs two configurations


def declare_architecture(cells: TextCells, asked: TrainingColumns, said: Said) -> tuple[dict[str, Any], SearchSpace]:
    """Return the space of the decisions, as a mapping declares it, and the space itself."""
    names = list(asked.decisions)
    if not names:
        raise InvalidOption("no decisions are given; expected the names of the columns that a search chooses")
    if len(names) == 1 and asked.decisions[names[0]] is None and (read := find_readable(cells, names)):
        said.append((read[0], f"architectures of space {read[1]}"))
        readable = {"space": read[1], "column": read[0]}
        return readable, open_declared_space(readable)
    texts = {column: _read_choices(cells, column) for column in names}
    values = {column: list_values(own) for column, own in texts.items()}
    counts = pd.DataFrame(texts).drop_duplicates().notna().sum()  # repeated trainings say nothing about a decision
    declared = {
        column: _declare_decision(column, asked.decisions[column], values[column], int(counts[column]))
        for column in names
    }
    for column, given in asked.decisions.items():  # what the user declared is checked before it is described
        if isinstance(given, Mapping):
            open_declared_space({"space": "hyper", "space_options": {"decisions": {column: given, **_BESIDE}}})
    listed = {column: own for column, own in texts.items() if not {"real", "integer"} & declared[column].keys()}
    conditions = _declare_conditions(asked, texts, listed)
    active = {condition["decision"]: condition for condition in conditions}
    constant = {column for column in names if asked.decisions[column] is None and len(values[column]) < 2}
    for column in names:
        if column in constant:
            said.append((column, f"left out: always {values[column][0] if values[column] else 'empty'}"))
            continue
        when = f"; {describe_condition(active[column])}" if column in active else ""
        said.append((column, describe_decision(declared[column]) + when))
    kept = [column for column in names if column not in constant]
    if not kept:
        raise InvalidOption(f"no decision has two values in {cells.file}: there is nothing to search")
    options: dict[str, Any] = {"decisions": {column: declared[column] for column in kept}}
    if conditions := [own for own in conditions if not {own["decision"], own["when"]} & constant]:
        options["conditions"] = conditions
    architecture = {"space": "hyper", "columns": {column: column for column in kept}, "space_options": options}
    return architecture, open_declared_space(architecture)


def _read_choices(cells: TextCells, column: str) -> Column:
    """Return the texts of a decision [n], None where it is empty."""
    if isinstance(cells.columns, TextColumns):  # holds only texts, which were decoded strictly
        return cells.texts(column)
    for row, cell in enumerate(cells.column(column)):
        if isinstance(cell, list | dict | set | tuple | np.ndarray):
            raise cells.make_error(
                row,
                column,
                f"{cell!r} is a {type(cell).__name__}; a decision is one number, text or truth value: make one column "
                "for each element, or a text",
            )
    texts = cells.texts(column)
    for text in pd.unique(texts):
        if text is not None and not text.isprintable():
            raise cells.make_error(int(np.flatnonzero(texts == text)[0]), column, f"{text!r} cannot be printed")
    return texts


def _declare_decision(column: str, given: Any, values: list[Value], n: int) -> dict[str, Any]:
    """Return a decision's declaration: the given one, one of the given kind, or a guess from ``n`` architectures."""
    if isinstance(given, Mapping):
        return dict(given)
    if given is None:
        return guess_decision(column, values, n)
    if given not in _KINDS:
        raise InvalidOption(f"decision '{column}' is {given!r}; expected one of {', '.join(_KINDS)}, or a declaration")
    if given == "categorical":
        return {"categorical": values}
    numbers = [value for value in values if not isinstance(value, str | bool)]
    if len(numbers) < len(values) or not numbers:
        raise InvalidOption(
            f"decision '{column}' has the value {next(iter(set(values) - set(numbers)), None)!r}, so it cannot be "
            f"{given}; for texts in an order pass ordinal={{{column!r}: [VALUES IN ORDER]}}"
        )
    if given == "ordinal":
        return {"ordinal": numbers}
    if given == "integer":
        return declare_range(column, [int(number) for number in numbers])
    found = declare_range(column, [float(number) for number in numbers])
    return {"real": found["real"]} | ({"log": True} if given == "log" or found.get("log") else {})


def _declare_conditions(
    asked: TrainingColumns, texts: Mapping[str, Column], listed: Mapping[str, Column]
) -> list[dict[str, Any]]:
    """Return the given conditions, or one for each decision that is empty in some rows."""
    for condition in asked.conditions or ():
        if not isinstance(condition, Mapping) or condition.keys() != {"decision", "when", "is"}:
            raise InvalidOption(
                f"condition {condition!r}; expected {{'decision': NAME, 'when': OTHER, 'is': [VALUES]}}"
            )
    conditions = [dict(condition) for condition in asked.conditions or ()]
    known = {condition.get("decision") for condition in conditions}
    for column, own in texts.items():
        gaps = int(pd.isna(own).sum())
        if not gaps or column in known or gaps == len(own):
            continue
        found = guess_condition(column, {**listed, column: own})
        if found is None:
            raise InvalidOption(
                f"decision '{column}' is empty in {gaps} of {len(own)} rows, and no other decision says where: write a "
                "value there, leave these rows out, or pass conditions=[{'decision': ..., 'when': ..., 'is': [...]}]"
            )
        conditions.append(found)
    return conditions
