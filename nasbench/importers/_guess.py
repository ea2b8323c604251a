"""Guess a first mapping for an undescribed file: what its columns seem to hold, for the user to correct.

The guess uses column names and value ranges only. Where they are unclear, it leaves the line empty or writes a question
under ``undecided``. The importer refuses the mapping until the user has answered.
"""

import json
import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from nasbench.arrays import Floats
from nasbench.importers._cells import TextCells, is_number
from nasbench.importers._directions import find_direction
from nasbench.importers._folders import FILE
from nasbench.importers._guess_architecture import declare_tuner_architecture, find_architecture, quote_text
from nasbench.importers._guess_columns import (
    Guess,
    Joined,
    guess_column,
    is_numbering,
    is_result,
    join_columns,
    make_names_distinct,
)
from nasbench.importers._guess_roles import (
    MixedNumbers,
    explain_role,
    read_durations,
    read_mixed_numbers,
)
from nasbench.importers._guess_summary import describe_left_out, wrap_lines
from nasbench.importers._mapping import ROWS
from nasbench.importers._tuners import Tuner, find_tuner, is_index
from nasbench.importers._units import DURATION, UNITS

_AXES = {
    "dataset": r"(training_?)?data_?set",
    "recipe": r"recipe",
    "split": r"split",
    "seed": r"seed|repeat|repetition|run|trial",
    "epoch": r"epoch",
}
_SHOWN = 12  # most column names that a preview lists


def guess_mapping(cells: TextCells, name: str) -> tuple[str, str]:
    """Return the text of a mapping and a preview."""
    tuner = find_tuner(cells.columns)
    where = tuner.where if tuner else None
    read = cells.select_rows(cells.match_rows({where[0]: (where[1],)})) if where else cells
    left = [column for column in cells.columns if not _is_ignored(column, tuner)]
    axes = _find_axes(read, tuner)
    left = [column for column in left if column not in axes.values()]
    roles = {column: "row numbers" for column in cells.columns if is_index(column)}
    roles |= {} if tuner else {column: why for column in left if (why := explain_role(read, column))}
    left = [column for column in left if column not in roles]
    seconds = {} if tuner else {column: read_durations(read, column) for column in left}
    durations = {column: own for column, own in seconds.items() if own is not None}
    mixed = {c: own for c in left if c not in durations and (own := read_mixed_numbers(read, c))}
    numeric = {c: durations[c] if c in durations else mixed[c].values for c in left if c in durations or c in mixed}
    found = declare_tuner_architecture(read, left, numeric, tuner) if tuner else find_architecture(read, left, numeric)
    named = [column for column in numeric if is_result(column) or (tuner and tuner.score_of(column))]
    results = {c: n for c, n in numeric.items() if c in named or not is_numbering(n)}
    results = {c: n for c, n in results.items() if c not in found.columns}
    repeated = not tuner and not {"seed", "epoch"} & axes.keys() and _has_repeats(read, found.columns, results)
    guesses = _guess_columns(read, results, tuner, trained=repeated or bool({"seed", "epoch"} & axes.keys()))
    guesses = [guess._replace(unit=DURATION) if guess.column in durations else guess for guess in guesses]
    guesses = [_add_missing(guess, mixed) for guess in guesses]
    questions = found.questions + [guess.question for guess in guesses if guess.question]
    if open_ := [guess.column for guess in guesses if guess.may_be_accuracy]:
        questions.append(
            f"is an accuracy among {_write_list(open_)}? Then make it a [[measurement]] of a split, not a [[static]]"
        )
    lines = [f"file: {tuner.name}{_count_rows(cells, read)}"] if tuner else []
    lines += [f"architecture: {found.said}", *(f"  {column}: {axis}" for axis, column in axes.items())]
    lines += ["  repeated architectures: trainings, numbered in the order of the rows"] if repeated else []
    lines += [guess.preview() for guess in guesses]
    used = {*found.columns, *axes.values(), *results, *(guess.column for guess in guesses)}
    lines += describe_left_out(list(roles.items()))
    lines += _describe_left_out([column for column in cells.columns if column not in used and column not in roles])
    lines += [f"  please answer: {question}" for question in questions]
    text = _write_header(name, cells, where, questions) + "\n".join(found.lines) + "\n"
    text += _write_defaults(axes, guesses, tuner, repeated=repeated) + "".join(
        _write_entry(guess, axes) for guess in guesses
    )
    return text, "\n".join([*wrap_lines(lines), *found.lines])


def _is_ignored(column: str, tuner: Tuner | None) -> bool:
    """Return whether a column only names rows or files, or is one that the tuner writes for itself."""
    return is_index(column) or column == FILE or (tuner is not None and tuner.ignores(column))


def _find_axes(cells: TextCells, tuner: Tuner | None) -> dict[str, str]:
    """Return the columns that hold the data set, recipe, split, seed and epoch of each row, as far as they exist."""
    if tuner:
        return {"epoch": tuner.epoch} if tuner.epoch else {}
    found = {axis: c for axis, pattern in _AXES.items() for c in cells.columns if re.fullmatch(pattern, c.lower())}
    return {axis: column for axis, column in found.items() if axis not in ("seed", "epoch") or _counts(cells, column)}


def _counts(cells: TextCells, column: str) -> bool:
    """Return whether a column holds integers other than mere row numbers."""
    values = _read_numbers(cells, column)
    if values is None or (values != np.round(values))[~np.isnan(values)].any():
        return False
    return len(values) == 1 or len(np.unique(values)) < len(values)


def _read_numbers(cells: TextCells, column: str) -> Floats | None:
    """Return a column as numbers [n], nan where empty; None if it holds anything else, or no value at all."""
    kept = cells.texts(column) if cells.decimal == "," else cells.column(column)
    if all(cell is None for cell in kept) or not all(cell is None or is_number(cell) for cell in kept):
        return None
    values = np.array([np.nan if cell is None else cell for cell in kept], dtype=object).astype(np.float64)
    return None if np.isnan(values).all() else values


def _guess_columns(cells: TextCells, numeric: dict[str, Floats], tuner: Tuner | None, *, trained: bool) -> list[Guess]:
    """Return a guess for each column of results; a tuner's seconds per trial come last."""
    if not tuner:
        return make_names_distinct(
            [guess_column(c, own, cells.file, trained=trained) for c, own in join_columns(numeric).items()]
        )
    seconds = [(column, unit) for column, unit in tuner.cost if column in cells.columns]
    seconds = [(column, "" if unit == DURATION and column in numeric else unit) for column, unit in seconds]
    scores = join_columns({c: own for c, own in numeric.items() if c not in dict(seconds)})
    costs = [Guess(column, "train_s", unit, True, "train", "data", 1, "minimize") for column, unit in seconds[:1]]
    return make_names_distinct([_score(column, own, cells.file, tuner) for column, own in scores.items()]) + costs


def _score(column: str, own: Joined, file: str, tuner: Tuner) -> Guess:
    """Guess what a trial's score is. Its split is ``valid`` unless the name says otherwise: the tuner has seen it."""
    guess = guess_column(tuner.score_of(column) or column, own, file, trained=True, measured=True)
    return guess._replace(
        column=column, split=guess.split or "valid", direction=guess.direction or tuner.direction, dataset="data"
    )


def _add_missing(guess: Guess, mixed: Mapping[str, MixedNumbers]) -> Guess:
    """Return a guess with the words that stand for missing values in its columns, and what is to be asked of them."""
    shape = re.escape(guess.column).replace(r"\{epoch\}", r"\d+").replace(r"\{seed\}", r"\d+")
    own = [numbers for column, numbers in mixed.items() if re.fullmatch(shape, column)]
    words = tuple(dict.fromkeys(word for numbers in own for word in numbers.missing))
    asked = next((numbers.question for numbers in own if numbers.question), "")
    return guess._replace(missing=words, question=guess.question or asked)


def _count_rows(cells: TextCells, read: TextCells) -> str:
    return f", {len(read)} of {len(cells)} rows, the successful ones" if len(read) < len(cells) else ""


def _describe_left_out(columns: list[str]) -> list[str]:
    return [f"  left out: {_write_list([column or '(no name)' for column in columns])}"] if columns else []


def _write_list(columns: list[str]) -> str:
    more = f" and {len(columns) - _SHOWN} more" if len(columns) > _SHOWN else ""
    return ", ".join(columns[:_SHOWN]) + more


def _write_header(name: str, cells: TextCells, where: tuple[str, str] | None, questions: list[str]) -> str:
    lines = [f"name = {quote_text(name)}"] if name else []
    lines += ['citation = "unpublished, own trainings"  # check: who measured this', 'licence = "not stated"  # check']
    lines += [f"source = {quote_text(cells.file)}  # check: where others find it"]
    lines += ['decimal = ","'] if cells.decimal == "," else []
    lines += (
        [f"where = {{ {quote_text(where[0])} = {quote_text(where[1])} }}  # the importer skips all other rows"]
        if where
        else []
    )
    if questions:
        lines += [
            "undecided = [  # required: answer each question by editing the lines below, then delete the question"
        ]
        lines += [*(f"    {quote_text(question)}," for question in questions), "]"]
    return "\n".join(lines) + "\n\n"


def _has_repeats(cells: TextCells, columns: list[str], results: dict[str, Floats]) -> bool:
    """Return whether rows of one architecture differ in a result, and no column's name holds a seed or an epoch."""
    if not columns or any("{" in pattern for pattern in join_columns(results)):
        return False
    texts = pd.DataFrame({column: cells.texts(column) for column in columns})
    rows = pd.concat([texts, pd.DataFrame(results)], axis=1)
    return bool((texts.duplicated() & ~rows.duplicated()).any())


def _write_defaults(axes: dict[str, str], guesses: list[Guess], tuner: Tuner | None, *, repeated: bool) -> str:
    lines = [f"{axis} = {{ column = {quote_text(column)} }}" for axis, column in axes.items()]
    if repeated:
        lines.append(f'seed = "{ROWS}"  # check: rows of one architecture are repeated training runs')
    if tuner:
        lines.append(f'seed = "{ROWS}"  # trials with the same values are repeated training runs')
    if "recipe" not in axes and (tuner or any(guess.measured for guess in guesses)):
        length = max((guess.epoch for guess in guesses if guess.measured), default=1)
        named = "trial" if tuner else f"epochs{length}"
        lines.append(f'recipe = "{named}"  # check: a name for the complete training schedule')
    return "\n[defaults]\n" + "\n".join(lines) + "\n" if lines else ""


def _write_entry(guess: Guess, axes: dict[str, str]) -> str:
    lines = [f"\n[[{'measurement' if guess.measured else 'static'}]]", f"column = {quote_text(guess.column)}"]
    for key, value in {"dataset": guess.dataset, "split": guess.split}.items():
        if key not in axes and (guess.measured or key == "dataset"):
            lines.append(f"{key} = {quote_text(value)}  # {'check' if value else 'required: train, valid or test'}")
    lines.append(f"metric = {quote_text(guess.metric)}")
    lines.append(
        f"unit = {quote_text(guess.unit)}  # {'check' if guess.unit else 'required, such as s, ms, J, millions'}"
    )
    if not guess.direction:
        lines.append('direction = ""  # required: maximize or minimize')
    elif guess.unit and not find_direction(guess.metric, UNITS[guess.unit].unit, static=not guess.measured):
        lines.append(f"direction = {quote_text(guess.direction)}")
    if missing := [*([-1] if guess.sentinel else []), *guess.missing]:
        lines.append(f"missing = {json.dumps(missing if len(missing) > 1 else missing[0])}  # check")
    if "{epoch}" in guess.column:
        lines.append(f"epoch_offset = {int(guess.first == 0)}  # check: 1 if the file counts epochs from 0")
    elif guess.measured and "epoch" not in axes:
        lines.append(f"epoch = {guess.epoch}  # check: the last finished epoch")
    return "\n".join(lines) + "\n"
