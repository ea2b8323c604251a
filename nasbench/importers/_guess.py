"""A first mapping of a file nobody described: what its columns seem to be, for its owner to correct.

What names and ranges do not tell is not assumed: such a line is left empty, or a question stands under
``undecided``, and the mapping is refused until its owner has answered.
"""

import json
import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidArchitecture
from nasbench.importers._cells import Cells, is_number
from nasbench.importers._directions import known_direction
from nasbench.importers._guess_columns import (
    Guess,
    Joined,
    distinct,
    guess_column,
    is_decision,
    is_numbering,
    is_result,
    joined,
    words_of,
)
from nasbench.importers._mapping import ROWS
from nasbench.importers._tuners import Tuner, is_index, tuner_of
from nasbench.importers._units import DURATION, UNITS
from nasbench.registry import SPACES
from nasbench.spaces._hyper_declared import MOST_CHOICES

_NAMED = re.compile(
    r"\b(arch(itecture)?|net(work)?|cell|genotype|hash|model)s?( (str(ing)?|id|idx|index|hash|name|key))?$|^key$"
)
_DIGITS = re.compile(r"[(\[]?\d+([,; ]+\d+)*[)\]]?")
_SAMPLE = 50  # distinct texts that a space must be able to read
_AXES = {
    "dataset": r"(training_?)?data_?set",
    "recipe": r"recipe",
    "split": r"split",
    "seed": r"seed|repeat|repetition|run|trial",
    "epoch": r"epoch",
}
_SHOWN = 12  # names of columns that a preview lists


class _Architecture(NamedTuple):
    """What was found of the architectures: lines of the mapping, columns used, what to say, what to ask."""

    lines: list[str]
    columns: list[str]
    said: str
    questions: list[str]


def guessed(cells: Cells, name: str) -> tuple[str, str]:
    """Return the text of a mapping and a preview."""
    tuner = tuner_of(cells.columns)
    where = tuner.where if tuner else None
    read = cells.only(cells.wanted({where[0]: (where[1],)})) if where else cells
    left = [column for column in cells.columns if not is_index(column) and not (tuner and tuner.ignores(column))]
    axes = _axes(read, tuner)
    left = [column for column in left if column not in axes.values()]
    numeric = {column: numbers for column in left if (numbers := _numbers(read, column)) is not None}
    architecture = _declared(read, left, numeric, tuner) if tuner else _found(read, left, numeric)
    named = [column for column in numeric if is_result(column) or (tuner and tuner.score_of(column))]
    results = {c: n for c, n in numeric.items() if c in named or not is_numbering(n)}
    results = {c: n for c, n in results.items() if c not in architecture.columns}
    guesses = _guesses(read, results, tuner, trained=bool({"seed", "epoch"} & axes.keys()))
    questions = architecture.questions + [guess.question for guess in guesses if guess.question]
    if open_ := [guess.column for guess in guesses if guess.may_be_accuracy]:
        questions.append(
            f"is an accuracy among {_listed(open_)}? Then it is a [[measurement]] of a split, no [[static]]"
        )
    lines = [f"file: {tuner.name}{_counted(cells, read)}"] if tuner else []
    lines += [f"architecture: {architecture.said}", *(f"  {column}: {axis}" for axis, column in axes.items())]
    lines += [guess.preview() for guess in guesses]
    used = {*architecture.columns, *axes.values(), *results, *(guess.column for guess in guesses)}
    lines += _left_out([column for column in cells.columns if column not in used])
    lines += [f"  to be answered: {question}" for question in questions]
    text = _header(name, cells.decimal, where, questions) + "\n".join(architecture.lines) + "\n"
    text += _defaults(axes, guesses, tuner) + "".join(_entry(guess, axes) for guess in guesses)
    return text, "\n".join([*lines, *architecture.lines])


def _axes(cells: Cells, tuner: Tuner | None) -> dict[str, str]:
    """Return the columns that tell data set, recipe, split, seed and epoch of a row, if they tell anything."""
    if tuner:
        return {"epoch": tuner.epoch} if tuner.epoch else {}
    found = {axis: c for axis, pattern in _AXES.items() for c in cells.columns if re.fullmatch(pattern, c.lower())}
    return {axis: column for axis, column in found.items() if axis not in ("seed", "epoch") or _counts(cells, column)}


def _counts(cells: Cells, column: str) -> bool:
    """Tell whether a column holds whole numbers that are not just those of the rows."""
    values = _numbers(cells, column)
    if values is None or (values != np.round(values))[~np.isnan(values)].any():
        return False
    return len(values) == 1 or len(np.unique(values)) < len(values)


def _found(cells: Cells, columns: list[str], numeric: dict[str, Floats]) -> _Architecture:
    """Return a column of architectures that a space reads; else one that may be; else a space of decisions."""
    if read := _readable(cells, columns):
        column, space = read
        lines = ["[architecture]", f"space = {_q(space)}", f"column = {_q(column)}"]
        return _Architecture(lines, [column], f"column '{column}' reads as space {space}", [])
    for column in columns:
        texts = _distinct_texts(cells, column)
        if _NAMED.search(words_of(column)) and len(texts) > 1:
            return _unread(column, texts, is_numbers=column in numeric)
    return _hyper(cells, columns, numeric)


def _readable(cells: Cells, columns: Iterable[str]) -> tuple[str, str] | None:
    """Return the first column of texts that some registered space can read, and that space; mere numbers are none."""
    texts = {column: _distinct_texts(cells, column)[:_SAMPLE] for column in columns}
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


def _unread(column: str, texts: list[str], *, is_numbers: bool) -> _Architecture:
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
    lines = ["[architecture]", 'space = ""  # needed', f"column = {_q(column)}  # check"]
    return _Architecture(lines, [column], f"column '{column}', perhaps, of a space that must be named", [question])


def _hyper(cells: Cells, columns: list[str], numeric: dict[str, Floats]) -> _Architecture:
    """Declare the columns that may be decisions; those whose names do not say so are asked for."""
    texts = {column: _distinct_texts(cells, column) for column in columns if _may_decide(column, numeric)}
    texts = {column: own for column, own in texts.items() if len(own) > 1}
    single = joined(numeric)
    texts = {column: own for column, own in texts.items() if column not in numeric or column in single}
    doubtful = [column for column in texts if not is_decision(column) or (column in numeric and is_result(column))]
    measured = [column for column in doubtful if column in numeric and _continuous(numeric[column])]
    decisions = {c: (c, own) for c, texts_of in texts.items() if c not in measured and (own := _choices(texts_of))}
    questions = []
    if not decisions:
        questions.append("which column, or columns, tell the architecture? Complete [architecture]")
    if doubtful:
        listed = ", ".join(map(repr, doubtful))
        questions.append(f"which of {listed} are decisions? Leave only these among the columns and decisions")
    questions += [f"'{c}' {why}" for c, own in texts.items() if c not in doubtful and (why := _unlistable(own))]
    questions += [_open_question(cells, column) for column in decisions if _gaps(cells, column)]
    said = f"no known space reads a column; space hyper of {', '.join(decisions) or 'nothing yet'}"
    return _Architecture(_declaration(decisions), list(decisions), said, questions)


def _may_decide(column: str, numeric: dict[str, Floats]) -> bool:
    """Tell whether a column may be a decision: texts, or numbers not called like results, nor those of the rows."""
    if column not in numeric:
        return True
    return (is_decision(column) or not is_result(column)) and not is_numbering(numeric[column])


def _continuous(values: Floats) -> bool:
    """Tell whether numbers differ so much from row to row that they look measured."""
    known = values[~np.isnan(values)]
    return bool((known != np.round(known)).any()) and 2 * len(np.unique(known)) > len(known)


def _declared(cells: Cells, columns: list[str], numeric: dict[str, Floats], tuner: Tuner) -> _Architecture:
    """Declare the columns that a tuner's export marks as decisions."""
    if not any(map(tuner.decision_of, columns)):
        costs = [column for column, _ in tuner.cost]
        return _hyper(cells, [column for column in columns if column not in costs], numeric)
    names = {column: name for column in columns if (name := tuner.decision_of(column))}
    decisions, questions = {}, []
    for column, name in names.items():
        texts = _distinct_texts(cells, column)
        if why := _unlistable(texts):
            questions.append(f"'{column}' {why}")
        if _gaps(cells, column):
            questions.append(_open_question(cells, column))
        plain = name if list(names.values()).count(name) == 1 and not set(name) & set("=,") else column
        if len(texts) > 1 or _gaps(cells, column):
            decisions[plain] = (column, _choices(texts) or texts[:MOST_CHOICES])
    if not decisions:
        questions.append("no decision takes two values: there is nothing to search")
    lines = _declaration(decisions)
    said = f"space hyper of {', '.join(column for column, _ in decisions.values())}"
    return _Architecture(lines, list(names), said, questions)


def _unlistable(texts: list[str]) -> str:
    """Say why a decision cannot have these values; empty if it can."""
    if len(texts) > MOST_CHOICES:
        return (
            f"has {len(texts)} different values, a decision at most {MOST_CHOICES}: round them in the file (one digit "
            "of a logarithm, say), or leave the column out"
        )
    if strange := [text for text in texts if "," in text or "=" in text]:
        return f"holds {strange[0]!r}: values with ',' or '=' must be written otherwise in the file"
    return ""


def _gaps(cells: Cells, column: str) -> int:
    return sum(text is None for text in cells.texts(column))


def _open_question(cells: Cells, column: str) -> str:
    return (
        f"'{column}' is empty in {_gaps(cells, column)} rows: when is it inactive (say so by an "
        "[[architecture.space_options.conditions]]), or which value is meant (write it into the file)?"
    )


def _guesses(cells: Cells, numeric: dict[str, Floats], tuner: Tuner | None, *, trained: bool) -> list[Guess]:
    """Return what all columns of results seem to be, a tuner's seconds of a trial last."""
    if not tuner:
        return distinct([guess_column(c, own, cells.file, trained=trained) for c, own in joined(numeric).items()])
    seconds = [(column, unit) for column, unit in tuner.cost if column in cells.columns]
    seconds = [(column, "" if unit == DURATION and column in numeric else unit) for column, unit in seconds]
    scores = joined({c: own for c, own in numeric.items() if c not in dict(seconds)})
    costs = [Guess(column, "train_s", unit, True, "train", "data", 1, "minimize") for column, unit in seconds[:1]]
    return distinct([_score(column, own, cells.file, tuner) for column, own in scores.items()]) + costs


def _score(column: str, own: Joined, file: str, tuner: Tuner) -> Guess:
    """Say what a trial's result seems to be. What is tuned on is what a search may see, unless its name differs."""
    guess = guess_column(tuner.score_of(column) or column, own, file, trained=True, measured=True)
    return guess._replace(
        column=column, split=guess.split or "valid", direction=guess.direction or tuner.direction, dataset="data"
    )


def _counted(cells: Cells, read: Cells) -> str:
    return f", {len(read)} of {len(cells)} rows, those that ended well" if len(read) < len(cells) else ""


def _left_out(columns: list[str]) -> list[str]:
    return [f"  left out: {_listed([column or '(no name)' for column in columns])}"] if columns else []


def _listed(columns: list[str]) -> str:
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    return ", ".join(columns[:_SHOWN]) + more


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _numbers(cells: Cells, column: str) -> Floats | None:
    """Return the numbers of a column [n], nan where it is empty; None if it holds anything else or nothing."""
    kept = cells.texts(column) if cells.decimal == "," else cells.column(column)
    if all(cell is None for cell in kept) or not all(cell is None or is_number(cell) for cell in kept):
        return None
    values = np.array([np.nan if cell is None else cell for cell in kept], dtype=object).astype(np.float64)
    return None if np.isnan(values).all() else values


def _distinct_texts(cells: Cells, column: str) -> list[str]:
    return list(dict.fromkeys(text for text in cells.texts(column) if text is not None))


def _choices(texts: list[str]) -> list[str]:
    """Return the texts of a column, sorted, if they may be a decision's values, else nothing."""
    if not 2 <= len(texts) <= MOST_CHOICES or any("," in text or "=" in text for text in texts):
        return []
    return sorted(texts, key=lambda text: (float(text), "") if is_number(text) else (np.inf, text))


def _declaration(decisions: dict[str, tuple[str, list[str]]]) -> list[str]:
    """Write a space ``hyper`` of decisions: name -> (column, texts)."""
    columns = [column for column, _ in decisions.values()]
    plain = list(decisions) == columns
    given = json.dumps(columns) if plain else ", ".join(f"{_q(name)} = {_q(c)}" for name, (c, _) in decisions.items())
    lines = [
        "[architecture]",
        'space = "hyper"  # check: which columns are decisions',
        f"columns = {given}" if plain else f"columns = {{ {given} }}",
        f"[architecture.space_options.decisions]  # of {', '.join(columns)}",
    ]
    for name, (_, texts) in decisions.items():
        # 1 and 1.0 are one value.
        numbers = (
            list({float(text): text for text in reversed(texts)}.values())[::-1] if all(map(is_number, texts)) else []
        )
        values = ", ".join(_number(text) for text in numbers) if numbers else ", ".join(map(_q, texts))
        lines.append(f"{_q(name)} = {{ {'ordinal' if numbers else 'categorical'} = [{values}] }}")
    return lines


def _number(text: str) -> str:
    """Write a number as TOML does."""
    value = float(text)
    return text if re.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?", text) else repr(value)


def _header(name: str, decimal: str, where: tuple[str, str] | None, questions: list[str]) -> str:
    lines = [f"name = {_q(name)}"] if name else []
    lines += ['citation = ""  # needed: who measured this', 'licence = ""   # needed', 'source = ""    # needed']
    lines += ['decimal = ","'] if decimal == "," else []
    lines += [f"where = {{ {_q(where[0])} = {_q(where[1])} }}  # no other row is read"] if where else []
    if questions:
        lines += ["undecided = [  # needed: answer by editing what follows, then delete the question"]
        lines += [*(f"    {_q(question)}," for question in questions), "]"]
    return "\n".join(lines) + "\n\n"


def _defaults(axes: dict[str, str], guesses: list[Guess], tuner: Tuner | None) -> str:
    lines = [f"{axis} = {{ column = {_q(column)} }}" for axis, column in axes.items()]
    if tuner:
        lines.append(f'seed = "{ROWS}"  # trials of the same values are repeated trainings')
    if "recipe" not in axes and (tuner or any(guess.measured for guess in guesses)):
        length = max((guess.epoch for guess in guesses if guess.measured), default=1)
        named = "trial" if tuner else f"epochs{length}"
        lines.append(f'recipe = "{named}"  # check: a name for the complete training schedule')
    return "\n[defaults]\n" + "\n".join(lines) + "\n" if lines else ""


def _entry(guess: Guess, axes: dict[str, str]) -> str:
    lines = [f"\n[[{'measurement' if guess.measured else 'static'}]]", f"column = {_q(guess.column)}"]
    for key, value in {"dataset": guess.dataset, "split": guess.split}.items():
        if key not in axes and (guess.measured or key == "dataset"):
            lines.append(f"{key} = {_q(value)}  # {'check' if value else 'needed: train, valid or test'}")
    lines.append(f"metric = {_q(guess.metric)}")
    lines.append(f"unit = {_q(guess.unit)}  # {'check' if guess.unit else 'needed, such as s, ms, J, millions'}")
    if not guess.direction:
        lines.append('direction = ""  # needed: maximize or minimize')
    elif guess.unit and not known_direction(guess.metric, UNITS[guess.unit].unit, static=not guess.measured):
        lines.append(f"direction = {_q(guess.direction)}")
    if guess.sentinel:
        lines.append("missing = -1  # check")
    if "{epoch}" in guess.column:
        lines.append(f"epoch_offset = {int(guess.first == 0)}  # check: 1 if the file counts epochs from 0")
    elif guess.measured and "epoch" not in axes:
        lines.append(f"epoch = {guess.epoch}  # check: the last finished epoch")
    return "\n".join(lines) + "\n"
