"""Which columns of a file nobody described tell the architecture: texts of a space, or decisions of ``hyper``."""

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
_SAMPLE = 50  # distinct texts that a space must be able to read


class Guessed(NamedTuple):
    """What was found of the architectures: lines of the mapping, columns used, what to say, what to ask."""

    lines: list[str]
    columns: list[str]
    said: str
    questions: list[str]


def find_architecture(cells: TextCells, columns: list[str], numeric: dict[str, Floats]) -> Guessed:
    """Return a column of architectures that a space reads; else one that may be; else a space of decisions."""
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
    """Return the first column of texts that some registered space can read, and that space; mere numbers are none."""
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
    """Ask for the space of a column that is called like architectures."""
    if is_numbers or all(map(_DIGITS.fullmatch, texts)):
        question = (
            f"column '{column}' holds numbers such as {texts[0]!r}: of which space are they, and if they are digits, "
            'what does each stand for (digits = ["OPERATION", ...])? If they only number the rows, which columns tell '
            "the architecture?"
        )
    else:
        question = (
            f"column '{column}' is called like architectures, but no space reads {texts[0][:80]!r}: of which is it?"
        )
    lines = ["[architecture]", 'space = ""  # needed', f"column = {quote_text(column)}  # check"]
    return Guessed(lines, [column], f"column '{column}', perhaps, of a space that must be named", [question])


def _declare_decisions(cells: TextCells, columns: list[str], numeric: dict[str, Floats]) -> Guessed:
    """Declare the columns that may be decisions; those whose names do not say so are asked for."""
    texts = {column: _list_distinct_texts(cells, column) for column in columns if _may_decide(column, numeric)}
    texts = {column: own for column, own in texts.items() if len(own) > 1}
    single = join_columns(numeric)
    texts = {column: own for column, own in texts.items() if column not in numeric or column in single}
    doubtful = [column for column in texts if not is_decision(column) or (column in numeric and is_result(column))]
    measured = [column for column in doubtful if column in numeric and _is_continuous(numeric[column])]
    decisions = {c: (c, own) for c, texts_of in texts.items() if c not in measured and (own := _list_choices(texts_of))}
    questions = []
    if not decisions:
        questions.append("which column, or columns, tell the architecture? Complete [architecture]")
    if doubtful:
        listed = ", ".join(map(repr, doubtful))
        questions.append(f"which of {listed} are decisions? Leave only these among the columns and decisions")
    questions += [f"'{c}' {why}" for c, own in texts.items() if c not in doubtful and (why := _explain_unlistable(own))]
    questions += [_open_question(cells, column) for column in decisions if _count_gaps(cells, column)]
    said = f"no known space reads a column; space hyper of {', '.join(decisions) or 'nothing yet'}"
    return Guessed(_write_declaration(decisions), list(decisions), said, questions)


def _may_decide(column: str, numeric: dict[str, Floats]) -> bool:
    """Tell whether a column may be a decision: texts, or numbers not called like results, nor those of the rows."""
    if column not in numeric:
        return True
    return (is_decision(column) or not is_result(column)) and not is_numbering(numeric[column])


def _is_continuous(values: Floats) -> bool:
    """Tell whether numbers differ so much from row to row that they look measured."""
    known = values[~np.isnan(values)]
    return bool((known != np.round(known)).any()) and 2 * len(np.unique(known)) > len(known)


def declare_tuner_architecture(
    cells: TextCells, columns: list[str], numeric: dict[str, Floats], tuner: Tuner
) -> Guessed:
    """Declare the columns that a tuner's export marks as decisions."""
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
        questions.append("no decision takes two values: there is nothing to search")
    lines = _write_declaration(decisions)
    said = f"space hyper of {', '.join(column for column, _ in decisions.values())}"
    return Guessed(lines, list(names), said, questions)


def _explain_unlistable(texts: list[str]) -> str:
    """Say why a decision cannot have these values; empty if it can."""
    if len(texts) > MOST_CHOICES:
        return (
            f"has {len(texts)} different values, a decision at most {MOST_CHOICES}: round them in the file (one digit "
            "of a logarithm, say), or leave the column out"
        )
    if strange := [text for text in texts if "," in text or "=" in text]:
        return f"holds {strange[0]!r}: values with ',' or '=' must be written otherwise in the file"
    return ""


def _count_gaps(cells: TextCells, column: str) -> int:
    return sum(text is None for text in cells.texts(column))


def _open_question(cells: TextCells, column: str) -> str:
    return (
        f"'{column}' is empty in {_count_gaps(cells, column)} rows: when is it inactive (say so by an "
        "[[architecture.space_options.conditions]]), or which value is meant (write it into the file)?"
    )


def _list_distinct_texts(cells: TextCells, column: str) -> list[str]:
    return list(dict.fromkeys(text for text in cells.texts(column) if text is not None))


def _list_choices(texts: list[str]) -> list[str]:
    """Return the texts of a column, sorted, if they may be a decision's values, else nothing."""
    if not 2 <= len(texts) <= MOST_CHOICES or any("," in text or "=" in text for text in texts):
        return []
    return sorted(texts, key=lambda text: (float(text), "") if is_number(text) else (np.inf, text))


def _write_declaration(decisions: dict[str, tuple[str, list[str]]]) -> list[str]:
    """Write a space ``hyper`` of decisions: name -> (column, texts)."""
    columns = [column for column, _ in decisions.values()]
    plain = list(decisions) == columns
    pairs = ", ".join(f"{quote_text(name)} = {quote_text(column)}" for name, (column, _) in decisions.items())
    lines = [
        "[architecture]",
        'space = "hyper"  # check: which columns are decisions',
        f"columns = {json.dumps(columns, ensure_ascii=False)}" if plain else f"columns = {{ {pairs} }}",
        f"[architecture.space_options.decisions]  # of {', '.join(columns)}",
    ]
    for name, (_, texts) in decisions.items():
        plain_numbers = all(is_number(text) and np.isfinite(float(text)) for text in texts)
        distinct = {float(text): text for text in texts} if plain_numbers else {}  # 1 and 1.0 are one value
        numbers = list(distinct.values())
        values = ", ".join(_number(text) for text in numbers) if numbers else ", ".join(map(quote_text, texts))
        lines.append(f"{quote_text(name)} = {{ {'ordinal' if numbers else 'categorical'} = [{values}] }}")
    return lines


def _number(text: str) -> str:
    """Write a number as TOML does."""
    value = float(text)
    return text if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text) else repr(value)


def quote_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
