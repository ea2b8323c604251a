"""Recognise columns that describe neither an architecture nor its results: constants, row numbers, ids, dates, paths.

Also recognise words that stand for missing numbers, and durations.
"""

import re
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.importers._cells import TextCells, is_number
from nasbench.importers._durations import parse_duration
from nasbench.importers._guess_columns import is_numbering, is_result, names_split, split_words

_MISSING = frozenset(("na", "n/a", "#n/a", "nan", "none", "null", "-", "--", "?", "missing", "inf", "-inf", "+inf"))
_READ = frozenset(("nan",))  # the importer reads this word without being told
_ID = re.compile(
    r"(uu|gu)?id|pid|"
    r"(run|job|trial|exp(eriment)?|row|task|worker|process|slurm|wandb|mlflow)( job)? (id|number|name|hash|key)"
)
_UUID = re.compile(r"[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_DATE = re.compile(
    r"(\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})"
    r"([T _]\d\d?[:.-]\d\d([:.-]\d\d(\.\d+)?)?)?( ?(Z|UTC|[+-]\d\d:?\d\d))?"
)
_DATED = re.compile(r"\b(date|time|timestamp|created|updated|started|finished|start|end|modified)\b")
_PATH = re.compile(
    r"(~|\.{1,2}|[A-Za-z]:|\w+:/)?[/\\].*|"
    r".+\.(pth?|ckpt|h5|hdf5|onnx|log|txt|json|ya?ml|csv|npz?|safetensors|pkl|zip|tar|gz)"
)
_SECONDS, _MILLISECONDS = (1e9, 3e9), (1e12, 3e12)  # since 1970, from 2001 to 2065
_FEW = 3
_SHOWN = 24  # most characters of a value that a text shows


class MixedNumbers(NamedTuple):
    """A column of numbers in which some cells hold words.

    Attributes:
        values: [n] the numbers, nan elsewhere.
        missing: words to declare as missing.
        question: what only the user can say about them; empty if the words are usual ones.
    """

    values: Floats
    missing: tuple[str, ...] = ()
    question: str = ""


def explain_role(cells: TextCells, column: str) -> str:
    """Return why a column is neither a decision nor a result, such as ``always 'resnet'``; empty if it may be one."""
    codes = cells.text_codes(column)
    present = np.array([text is not None for text in codes.values], dtype=np.bool_)[codes.codes]
    texts = list(dict.fromkeys(text for text in codes.values if text is not None))
    if not texts:
        return "empty"
    numbers = cells.read_plain_numbers(column)
    if numbers is None:
        kinds: tuple[tuple[str, re.Pattern[str]], ...] = (("dates", _DATE), ("paths", _PATH), ("ids", _UUID))
        if kind := next((kind for kind, pattern in kinds if all(map(pattern.fullmatch, texts))), ""):
            return kind
    elif _are_dates(column, numbers):
        return "dates"
    if is_result(column) or names_split(column):
        return ""
    if len(texts) == 1 and present.all() and len(cells) > 1:
        return f"always {_shorten(texts[0])}"
    if numbers is not None and is_numbering(numbers):
        return "row numbers"
    is_distinct = len(texts) == int(present.sum()) and len(texts) > _FEW
    return "ids" if is_distinct and _ID.fullmatch(split_words(column)) else ""


def _are_dates(column: str, numbers: Floats) -> bool:
    """Return whether the numbers of a column named like a date count seconds or milliseconds since 1970."""
    low, high = float(np.nanmin(numbers)), float(np.nanmax(numbers))
    inside = any(first < low and high < last for first, last in (_SECONDS, _MILLISECONDS))
    return inside and bool(_DATED.search(split_words(column)))


def _shorten(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else text[:_SHOWN] + "...")


def read_mixed_numbers(cells: TextCells, column: str) -> MixedNumbers | None:
    """Read a column of numbers of which some are words; None if it holds no number, or mostly words."""
    codes = cells.text_codes(column)
    words = list(dict.fromkeys(text for text in codes.values if text is not None and not _is_finite(text)))
    count = len(codes.find_rows(lambda text: text is not None and not _is_finite(text)))
    values = np.array([float(text) if text is not None and _is_finite(text) else np.nan for text in codes.values])
    read = values[codes.codes]
    n_numbers = int((~np.isnan(read)).sum())
    usual = all(word.lower() in _MISSING for word in words)
    if not n_numbers or n_numbers < count or not (usual or is_result(column)):
        return None
    declared = tuple(word for word in words if word.lower() not in _READ)
    if usual:
        return MixedNumbers(read, declared)
    strange = ", ".join(_shorten(word) for word in words if word.lower() not in _MISSING)
    return MixedNumbers(
        read,
        declared,
        f"'{column}' holds {strange}, and no number in {count} rows: is the value missing there, as 'missing' says? To "
        "leave out these rows, delete that line and import with --skip-unreadable",
    )


def _is_finite(text: str) -> bool:
    return is_number(text) and bool(np.isfinite(float(text)))


def read_durations(cells: TextCells, column: str) -> Floats | None:
    """Return a column of durations in seconds ``[n]``, nan where empty; None if it holds anything else."""
    codes = cells.codes(column).map_values(lambda cell: np.nan if cell is None else parse_duration(cell))
    seconds = np.array([np.nan if value is None else value for value in codes.values], dtype=np.float64)
    if any(value is None for value in codes.values) or np.isnan(seconds).all():
        return None
    read: Floats = seconds[codes.codes]
    return read
