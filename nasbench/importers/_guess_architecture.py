"""Guess which columns of an undescribed file hold the architecture: texts of a space, or decisions of ``hyper``."""

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidArchitecture
from nasbench.importers._cells import TextCells, is_number
from nasbench.importers._guess_columns import is_decision, is_numbering, is_result, join_columns, split_words
from nasbench.importers._tuners import Tuner
from nasbench.registry import SPACES
from nasbench.spaces import MOST_CHOICES

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
    if read := _find_readable(cells, columns):
        column, space = read
        lines = ["[architecture]", f"space = {quote_text(space)}", f"column = {quote_text(column)}"]
        return Guessed(lines, [column], f"column '{column}' reads as space {space}", [])
    for column in columns:
        texts = _list_distinct_texts(cells, column)
        if _NAMED.search(split_words(column)) and len(texts) > 1:
            return _ask_for_space(column, texts, is_numbers=column in numeric)
    return _declare_decisions(cells, columns, numeric)


def _find_readable(cells: TextCells, columns: Iterable[str]) -> tuple[str, str] | None:
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
    texts = {column: _list_distinct_texts(cells, column) for column in columns if _may_decide(column, numeric)}
    texts = {column: own for column, own in texts.items() if len(own) > 1}
    single = join_columns(numeric)
    texts = {column: own for column, own in texts.items() if column not in numeric or column in single}
    doubtful = [column for column in texts if not is_decision(column) or (column in numeric and is_result(column))]
    measured = [column for column in doubtful if column in numeric and _is_continuous(numeric[column])]
    decisions = {c: (c, own) for c, texts_of in texts.items() if c not in measured and (own := _list_choices(texts_of))}
    questions = []
    if not decisions:
        questions.append("which column or columns hold the architecture? Complete [architecture]")
    if doubtful:
        listed = ", ".join(map(repr, doubtful))
        questions.append(f"which of {listed} are decisions? Keep only these among the columns and decisions")
    questions += [f"'{c}' {why}" for c, own in texts.items() if c not in doubtful and (why := _explain_unlistable(own))]
    questions += [_open_question(cells, column) for column in decisions if _count_gaps(cells, column)]
    said = f"no known space can read a column; space hyper with {', '.join(decisions) or 'no decision yet'}"
    return Guessed(_write_declaration(decisions), list(decisions), said, questions)


def _may_decide(column: str, numeric: dict[str, Floats]) -> bool:
    """Return whether a column may be a decision: texts, or numbers that are neither results nor row numbers."""
    if column not in numeric:
        return True
    return (is_decision(column) or not is_result(column)) and not is_numbering(numeric[column])


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
    decisions, questions = {}, []
    for column, name in names.items():
        texts = _list_distinct_texts(cells, column)
        if why := _explain_unlistable(texts):
            questions.append(f"'{column}' {why}")
        if _count_gaps(cells, column):
            questions.append(_open_question(cells, column))
        plain = name if list(names.values()).count(name) == 1 and not set(name) & set("=,") else column
        if len(texts) > 1 or _count_gaps(cells, column):
            decisions[plain] = (column, _list_choices(texts) or texts[:MOST_CHOICES])
    if not decisions:
        questions.append("no decision takes more than one value: is there anything to search?")
    lines = _write_declaration(decisions)
    said = f"space hyper with {', '.join(column for column, _ in decisions.values())}"
    return Guessed(lines, list(names), said, questions)


def _explain_unlistable(texts: list[str]) -> str:
    """Return why a decision cannot have these values; empty if it can."""
    if len(texts) > MOST_CHOICES:
        return (
            f"has {len(texts)} different values, but a decision may have at most {MOST_CHOICES}: round them in the "
            "file (for example to one digit of the logarithm), or leave the column out"
        )
    if strange := [text for text in texts if "," in text or "=" in text]:
        return f"holds {strange[0]!r}: values must not contain ',' or '='; rewrite them in the file"
    return ""


def _count_gaps(cells: TextCells, column: str) -> int:
    return sum(text is None for text in cells.texts(column))


def _open_question(cells: TextCells, column: str) -> str:
    return (
        f"'{column}' is empty in {_count_gaps(cells, column)} rows: is it inactive there (then add "
        "[[architecture.space_options.conditions]]), or which value is meant (then write it into the file)?"
    )


def _list_distinct_texts(cells: TextCells, column: str) -> list[str]:
    return list(dict.fromkeys(text for text in cells.texts(column) if text is not None))


def _list_choices(texts: list[str]) -> list[str]:
    """Return the sorted texts of a column if they may be the values of a decision, else an empty list."""
    if not 2 <= len(texts) <= MOST_CHOICES or any("," in text or "=" in text for text in texts):
        return []
    return sorted(texts, key=lambda text: (float(text), "") if is_number(text) else (np.inf, text))


def _write_declaration(decisions: dict[str, tuple[str, list[str]]]) -> list[str]:
    """Write the lines that declare a space ``hyper``; ``decisions`` maps name -> (column, texts)."""
    columns = [column for column, _ in decisions.values()]
    plain = list(decisions) == columns
    pairs = ", ".join(f"{quote_text(name)} = {quote_text(column)}" for name, (column, _) in decisions.items())
    lines = [
        "[architecture]",
        'space = "hyper"  # check: which columns are decisions',
        f"columns = {json.dumps(columns, ensure_ascii=False)}" if plain else f"columns = {{ {pairs} }}",
        f"[architecture.space_options.decisions]  # from {', '.join(columns)}",
    ]
    for name, (_, texts) in decisions.items():
        plain_numbers = all(is_number(text) and np.isfinite(float(text)) for text in texts)
        distinct = {float(text): text for text in texts} if plain_numbers else {}  # 1 and 1.0 are one value
        numbers = list(distinct.values())
        values = ", ".join(_number(text) for text in numbers) if numbers else ", ".join(map(quote_text, texts))
        lines.append(f"{quote_text(name)} = {{ {'ordinal' if numbers else 'categorical'} = [{values}] }}")
    return lines


def _number(text: str) -> str:
    """Write a number in TOML's syntax."""
    value = float(text)
    return text if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text) else repr(value)


def quote_text(text: str) -> str:
    """Return a text in quotes, as TOML and JSON write it."""
    return json.dumps(text, ensure_ascii=False)
