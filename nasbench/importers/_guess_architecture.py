"""Guess which columns of an undescribed file hold the architecture: texts of a space, or decisions of ``hyper``."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nasbench.arrays import Floats
from nasbench.declarations import format_toml_value
from nasbench.errors import InvalidArchitecture
from nasbench.importers._cells import TextCells
from nasbench.importers._columns import Column
from nasbench.importers._guess_columns import is_decision, is_numbering, is_result, join_columns, split_words
from nasbench.importers._guess_decisions import Value, guess_condition, guess_decision, list_values
from nasbench.importers._tuners import Tuner
from nasbench.registry import SPACES

_NAMED = re.compile(
    r"\b(arch(itecture)?|net(work)?|cell|genotype|hash|model)s?( (str(ing)?|id|idx|index|hash|name|key))?$|^key$"
)
_DIGITS = re.compile(r"[(\[]?\d+([,; ]+\d+)*[)\]]?")
_SAMPLE = 50  # number of distinct texts that a space must be able to read


class Guessed(NamedTuple):
    """A guess about the architectures: lines of the mapping, the columns used, a preview text, and questions."""

    lines: list[str]
    columns: list[str]
    said: str
    questions: list[str]


def find_architecture(cells: TextCells, columns: list[str], numeric: dict[str, Floats]) -> Guessed:
    """Return a column that a space can read; else a column whose name suggests architectures; else decisions."""
    if read := find_readable(cells, [column for column in columns if column not in numeric]):
        column, space = read
        lines = ["[architecture]", f"space = {quote_text(space)}", f"column = {quote_text(column)}"]
        return Guessed(lines, [column], f"column '{column}' reads as space {space}", [])
    for column in filter(lambda name: _NAMED.search(split_words(name)), columns):
        if len(texts := _list_distinct_texts(cells, column)) > 1:
            return _ask_for_space(column, texts, is_numbers=column in numeric)
    return _declare_decisions(cells, columns, numeric)


def find_readable(cells: TextCells, columns: Iterable[str]) -> tuple[str, str] | None:
    """Return the first column of texts that a registered space can read, and that space; plain numbers do not count."""
    texts = {column: _list_distinct_texts(cells, column)[:_SAMPLE] for column in columns}
    texts = {column: own for column, own in texts.items() if own and not all(map(_DIGITS.fullmatch, own))}
    for name in SPACES.names():
        if SPACES.missing_extra(name):
            continue
        space = SPACES.load(name)()
        for column, own in texts.items():
            try:
                space.parse(own)
            except InvalidArchitecture:
                continue
            return column, name
    return None


def _ask_for_space(column: str, texts: list[str], *, is_numbers: bool) -> Guessed:
    """Ask for the space of a column whose name suggests architectures."""
    if is_numbers or all(map(_DIGITS.fullmatch, texts)):
        question = (
            f"column '{column}' holds numbers such as {texts[0]!r}: which space do they belong to, and if they are "
            'digits, what does each stand for (digits = ["OPERATION", ...]), or are they official numbers '
            '(form = "index")? If they only number the rows, which '
            "columns hold the architecture?"
        )
    else:
        question = (
            f"the name of column '{column}' suggests architectures, but no space can read {texts[0][:80]!r}: which "
            "space does it belong to?"
        )
    lines = ["[architecture]", 'space = ""  # required', f"column = {quote_text(column)}  # check"]
    return Guessed(lines, [column], f"perhaps column '{column}'; name its space", [question])


def _declare_decisions(cells: TextCells, columns: list[str], numeric: dict[str, Floats]) -> Guessed:
    """Declare the columns that may be decisions; ask about those whose names do not say so."""
    single = join_columns(numeric)
    texts = {column: cells.texts(column) for column in columns if _may_decide(column, numeric, single)}
    values = {column: own for column, cells_of in texts.items() if len(own := list_values(cells_of)) > 1}
    doubtful = [column for column in values if not is_decision(column) or (column in numeric and is_result(column))]
    measured = [column for column in doubtful if column in numeric and _is_continuous(numeric[column])]
    kept = [column for column, own in values.items() if column not in measured and not _explain_strange(own)]
    counts = _count_architectures({column: texts[column] for column in kept})
    decisions = {column: (column, guess_decision(column, values[column], counts[column])) for column in kept}
    questions = []
    if not decisions:
        questions.append("which column or columns hold the architecture? Complete [architecture]")
    if doubtful:
        listed = ", ".join(map(repr, doubtful))
        questions.append(f"which of {listed} are decisions? Keep only these among the columns and decisions")
    questions += [f"'{c}' {why}" for c, own in values.items() if c not in doubtful and (why := _explain_strange(own))]
    conditions, asked = _guess_conditions({column: texts[column] for column in kept}, decisions)
    said = f"no known space can read a column; space hyper with {', '.join(decisions) or 'no decision yet'}"
    return Guessed(_write_declaration(decisions, conditions), list(decisions), said, questions + asked)


def _count_architectures(texts: Mapping[str, Column]) -> dict[str, int]:
    """Return the number of different architectures in which each decision has a value."""
    counts = pd.DataFrame(texts).drop_duplicates().notna().sum()
    return {str(name): int(n) for name, n in counts.items()}


def _may_decide(column: str, numeric: dict[str, Floats], single: Collection[str]) -> bool:
    """Return whether a column may be a decision: texts, or numbers that are neither results nor row numbers.

    Args:
        column: its name.
        numeric: the columns of numbers.
        single: the columns of numbers that are not one of several of a pattern, such as ``acc_1``, ``acc_2``.
    """
    if column not in numeric:
        return True
    named = is_decision(column) or not is_result(column)
    return named and not is_numbering(numeric[column]) and column in single


def _is_continuous(values: Floats) -> bool:
    """Return whether the numbers are so often distinct that they look like measured values."""
    known = values[~np.isnan(values)]
    return bool((known != np.round(known)).any()) and 2 * len(np.unique(known)) > len(known)


def declare_tuner_architecture(
    cells: TextCells, columns: list[str], numeric: dict[str, Floats], tuner: Tuner
) -> Guessed:
    """Declare the columns that a tuner's export marks as decisions, or guess them if it marks none."""
    if not any(map(tuner.find_decision, columns)):
        costs = [column for column, _ in tuner.cost]
        return _declare_decisions(cells, [column for column in columns if column not in costs], numeric)
    names = {column: name for column in columns if (name := tuner.find_decision(column))}
    texts = {column: cells.texts(column) for column in names}
    counts = _count_architectures(texts)
    decisions, own, questions = {}, {}, []
    for column, name in names.items():
        values = list_values(texts[column])
        if why := _explain_strange(values):
            questions.append(f"'{column}' {why}")
        plain = name if list(names.values()).count(name) == 1 and not set(name) & set("=,") else column
        if len(values) > 1 or (values and None in texts[column]):
            decisions[plain], own[plain] = (column, guess_decision(plain, values, counts[column])), texts[column]
    if not decisions:
        questions.append("no decision takes more than one value: is there anything to search?")
    conditions, asked = _guess_conditions(own, decisions)
    lines = _write_declaration(decisions, conditions)
    said = f"space hyper with {', '.join(column for column, _ in decisions.values())}"
    return Guessed(lines, list(names), said, questions + asked)


def _explain_strange(values: list[Value]) -> str:
    """Return why a decision cannot have these values; empty if it can."""
    if strange := [value for value in values if isinstance(value, str) and ("," in value or "=" in value)]:
        return f"holds {strange[0]!r}: values must not contain ',' or '='; rewrite them in the file"
    return ""


def _guess_conditions(
    texts: Mapping[str, Column], decisions: Mapping[str, tuple[str, dict[str, Any]]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return conditions of the decisions that are empty in some rows, and questions about those without one.

    Args:
        texts: decision -> its texts [n].
        decisions: decision -> its column and its declaration.
    """
    listed = {name: own for name, own in texts.items() if not {"real", "integer"} & decisions[name][1].keys()}
    conditions, questions = [], []
    for name, own in texts.items():
        gaps = sum(text is None for text in own)
        if not gaps:
            continue
        if found := guess_condition(name, {**listed, name: own}):
            conditions.append(found)
            continue
        questions.append(
            f"'{decisions[name][0]}' is empty in {gaps} rows: is it inactive there (then add "
            "[[architecture.space_options.conditions]]), or which value is meant (then write it into the file)?"
        )
    return conditions, questions


def _list_distinct_texts(cells: TextCells, column: str) -> list[str]:
    return list(dict.fromkeys(text for text in cells.texts(column) if text is not None))


def _write_declaration(
    decisions: Mapping[str, tuple[str, dict[str, Any]]], conditions: Sequence[Mapping[str, Any]]
) -> list[str]:
    """Write the lines that declare a space ``hyper``; ``decisions`` maps name -> (column, declaration)."""
    columns = [column for column, _ in decisions.values()]
    plain = list(decisions) == columns
    pairs = ", ".join(f"{quote_text(name)} = {quote_text(column)}" for name, (column, _) in decisions.items())
    lines = [
        "[architecture]",
        'space = "hyper"  # check: which columns are decisions',
        f"columns = {json.dumps(columns, ensure_ascii=False)}" if plain else f"columns = {{ {pairs} }}",
        f"[architecture.space_options.decisions]  # from {', '.join(columns)}",
    ]
    lines += [f"{quote_text(name)} = {format_toml_value(declared)}" for name, (_, declared) in decisions.items()]
    for condition in conditions:
        lines += ["[[architecture.space_options.conditions]]  # check: guessed from where the column is empty"]
        lines += [f"{key} = {format_toml_value(value)}" for key, value in condition.items()]
    return lines


def quote_text(text: str) -> str:
    """Return a text in quotes, as TOML and JSON write it."""
    return json.dumps(text, ensure_ascii=False)
