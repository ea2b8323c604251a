"""Guess what single columns of numbers hold, by their names and ranges; unclear points become questions."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.importers._directions import find_direction, is_direction_doubtful
from nasbench.importers._units import UNITS

_METRICS = (  # pattern of the column's words, metric, unit, measured (or static)
    (r"acc(urac(y|ies))?\b|\btop 1\b(?! err)", "accuracy", "share", True),
    (r"\berr(or)?s?( rate)?$|\btop 1 err", "error", "share", True),
    (r"loss(es)?\b|\bnll\b|cross entropy", "loss", "nats", True),
    (r"latency", "latency_s", "s?", False),
    (r"energy", "energy_J", "J?", False),
    (r"time\b|\bduration\b|\belapsed\b|\b(sec(ond)?s|min(ute)?s|hours|hrs|days)$|[a-z] s$", "train_s", "s?", False),
    (r"\bparam(eter)?s?\b", "n_params", "count?", False),
    (r"flops?\b", "flops", "count?", False),
    (r"\bm(ult )?add?s\b|\bmacs?\b", "macs", "count?", False),
)
_ENDINGS = {  # last word of a name -> unit
    **{name: name for name in ("kWh", "Wh", "kJ", "mJ", "J", "ms", "us", "ns", "min", "h", "s")},
    **{
        "sec": "s",
        "seconds": "s",
        "secs": "s",
        "minutes": "min",
        "mins": "min",
        "hours": "h",
        "hrs": "h",
        "days": "days",
    },
    **{"k": "thousands", "m": "millions", "g": "billions", "millions": "millions"},
}
_ALLOWED = {"s?": ("ms", "us", "ns", "min", "h", "s", "days"), "J?": ("kWh", "Wh", "kJ", "mJ", "J")}
_PERCENT = re.compile(r"\b(percent(age)?|pct|perc)\b")
_COUNTS = ("thousands", "millions", "billions")
_SURE_PERCENT = 20.0  # a column named like "test" with values above this and up to 100 holds percentages
_PLAIN = 1000.0  # every network has more parameters and operations
_SPLITS = (("test", r"test"), ("valid", r"val(?!ue)"), ("train", r"train(?!ing_iter)"))
_SPLIT_WORD = re.compile(r"(test|val(id)?|train)((at)?ion|ing)?")
_OF_DATA = frozenset(
    ("cifar", "imagenet", "image", "net", "mnist", "svhn", "set", "data", "dataset", "split", "original")
)
_DATASETS = (("cifar100", r"cifar[-_ ]?100"), ("cifar10", r"cifar[-_ ]?10"), ("imagenet", r"imagenet"))
_DECISIONS = frozenset(
    (
        *("lr", "learning", "depth", "width", "dropout", "batch", "batchsize", "activation", "optimizer", "optimiser"),
        *("optim", "momentum", "decay", "wd", "layers", "layer", "hidden", "units", "filters", "channels", "kernel"),
        *("stride", "heads", "embed", "embedding", "expansion", "scheduler", "warmup", "augmentation", "blocks", "op"),
        *("resolution", "nesterov", "norm", "act", "opt", "bs", "lambda", "dim"),
    )
)
# Numbers in these are part of a name, not epochs or seeds.
_NAMES = re.compile(
    r"cifar[-_ ]?\d+|imagenet[-_ ]?\d+([-_x]\d+)*|top[-_ ]?\d+|(?<![a-z])(f1|r2|l[12]|p\d\d)|float\d+|int\d+|\dx\d",
    re.I,
)
_SEEDS = re.compile(r"(seed|run|rep|repeat|repetition|fold|split)s?$")
_EPOCHS = re.compile(r"(^|[^a-z])(e|ep|epochs?|it|iter|iteration|steps?|learning ?curve|curve)$")
_MANY = 8  # this many columns of one name are epochs, not seeds: a network is rarely trained so often
_ENOUGH = 3


class Guess(NamedTuple):
    """A guess for one column of numbers, or for one pattern of columns.

    Attributes:
        unit, split, direction: empty if the user must say.
        first: the smallest epoch of a pattern's columns.
        sentinel: whether -1 seems to stand for a missing value.
        question: a further question to the user; empty if there is none.
        may_be_accuracy: whether only the user can tell if it is an accuracy.
        missing: words that stand for a missing value.
    """

    column: str
    metric: str
    unit: str
    measured: bool
    split: str
    dataset: str
    epoch: int
    direction: str
    first: int = 1
    sentinel: bool = False
    question: str = ""
    may_be_accuracy: bool = False
    missing: tuple[str, ...] = ()

    def preview(self) -> str:
        """Return the guess as one line of text."""
        split = self.split or "which split?"
        what = f"{split} {self.metric}, {self.dataset}" if self.measured else self.metric
        asked = "" if self.direction else ", maximise or minimise?"
        kind = "measurement" if self.measured else "static"
        gaps = f", missing where {' or '.join(map(repr, self.missing))}" if self.missing else ""
        return f"  {self.column}: {kind}, {what}, in {self.unit or 'which unit?'}{asked}{gaps}"


class Joined(NamedTuple):
    """Columns that form one metric: all values, the smallest and the largest epoch, and a question if unclear."""

    values: Floats
    first: int = 1
    last: int = 1
    question: str = ""


def split_words(column: str) -> str:
    """Split a name into words and numbers: ``CIFAR10TestAcc``, ``cifar10_test-acc`` -> ``cifar 10 test acc``."""
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", column)
    return " ".join(re.findall(r"[a-z]+|\d+", spaced.lower()))


def is_result(column: str) -> bool:
    """Return whether a column's name says that it holds results of training runs."""
    words = split_words(column)
    known = any(re.search(pattern, words) for pattern, *_ in _METRICS)
    return known or bool(find_direction(column, "none", static=False))


def names_split(column: str) -> bool:
    """Return whether a column's name contains ``train``, ``val`` or ``test``."""
    return any(re.search(pattern, column.lower()) for _, pattern in _SPLITS)


def is_decision(column: str) -> bool:
    """Return whether a column's name is that of a hyperparameter."""
    return not _DECISIONS.isdisjoint(split_words(column).split())


def is_numbering(values: Floats) -> bool:
    """Return whether the values only number the rows."""
    return len(values) > 2 and bool((np.diff(values) == 1).all()) and values[0] in (0, 1)


def join_columns(numeric: Mapping[str, Floats]) -> dict[str, Joined]:
    """Join columns such as ``acc_1``, ``acc_2``, ``acc_3`` or ``e4Acc``, ``e12Acc``, ``e36Acc`` into one pattern."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for column in numeric:
        groups.setdefault(tuple(_split_numbers(column)[::2]), []).append(column)
    found: dict[str, Joined] = {}
    patterns = {column: (pattern, doubt) for group in groups.values() for column, pattern, doubt in _name_groups(group)}
    for column, values in numeric.items():
        pattern, doubt = patterns.get(column, (column, ""))
        epoch = _find_epoch(column, pattern)
        known = found.get(pattern, Joined(np.empty(0), epoch, epoch))
        both = np.concatenate([known.values, values])
        found[pattern] = Joined(both, min(known.first, epoch), max(known.last, epoch), doubt)
    return found


def _split_numbers(column: str) -> list[str]:
    """Split a name into text, number, text, number, ..., text; numbers in names such as CIFAR10 are text."""
    masked = _NAMES.sub(lambda match: re.sub(r"\d", "#", match[0]), column)
    pieces, at = [], 0
    for piece in re.split(r"(\d+)", masked):
        pieces.append(column[at : at + len(piece)])
        at += len(piece)
    return pieces


def _name_groups(group: list[str]) -> Iterable[tuple[str, str, str]]:
    """Yield (column, pattern, question) for columns whose names differ only in numbers; the question may be empty."""
    if len(group) < 2:
        return
    parts = [_split_numbers(column) for column in group]
    varying = [i for i in range(1, len(parts[0]), 2) if len({own[i] for own in parts}) > 1]
    before = ["".join(parts[0][:i]).lower().rstrip("_-./ ") for i in varying]
    skeleton = "".join(parts[0][::2])
    if not 1 <= len(varying) <= 2 or not (is_result(skeleton) or any(map(_EPOCHS.search, before))):
        return
    labels = ["seed" if _SEEDS.search(text) else "epoch" if _EPOCHS.search(text) else "" for text in before]
    if labels == [""] and len(group) < _ENOUGH:
        return
    certain = all(labels) or (len(labels) == 1 and len(group) >= _MANY)
    free = [label for label in ("seed", "epoch")[-len(labels) :] if label not in labels]
    labels = [label or free.pop(0) for label in labels]
    if len(set(labels)) < len(labels):
        return
    for column, own in zip(group, parts, strict=True):
        texts = list(own)
        for i, label in zip(varying, labels, strict=True):
            texts[i] = f"{{{label}}}"
        pattern = "".join(texts)
        said = f"are the numbers in '{pattern}' epochs and seeds (repeated training runs), as the braces say?"
        yield column, pattern, "" if certain else said


def _find_epoch(column: str, pattern: str) -> int:
    if "{epoch}" not in pattern:
        return 1
    shape = re.escape(pattern).replace(r"\{epoch\}", r"(\d+)").replace(r"\{seed\}", r"\d+")
    match = re.fullmatch(shape, column)
    return int(match[1]) if match else 1


def guess_column(column: str, own: Joined, file: str, *, trained: bool, measured: bool = False) -> Guess:
    """Guess what a column holds.

    Args:
        column: the name of the column, or a pattern.
        own: the values of the column.
        file: name of the file, which may contain the data set and the epoch.
        trained: whether rows are single training runs or epochs, so that costs are measured and not static.
        measured: whether the column is known to be a measurement.
    """
    text, words = column.lower(), split_words(re.sub(r"\{\w+\}", " ", column))
    high, low = float(np.nanmax(own.values)), float(np.nanmin(own.values))
    named = next((item for item in _METRICS if re.search(item[0], words)), None)
    split = next((name for name, pattern in _SPLITS if re.search(pattern, text)), "")
    question = own.question
    told = bool(find_direction(make_metric_name(column), "none", static=False))
    if named is None and not told and split and _is_only_data(words) and low >= 0 and high <= 100:
        named = _METRICS[0]  # "cifar10-test" in the range of an accuracy
        question = question or ("" if high > _SURE_PERCENT else f"is '{column}' an accuracy?")
    if named is None and "{epoch}" in column and low >= 0 and high <= 100 and "curve" in words:
        named, question = _METRICS[0], question or f"is '{column}' an accuracy?"
    metric, unit, varies = named[1:] if named else (make_metric_name(column), "none", False)
    measured = measured or varies or "{" in column or (named is None and told)
    if unit == "s?" and trained and metric == "train_s":
        measured, split = True, "train"
    unit = guess_unit(unit, column, own.values)
    if not unit and _is_doubtful_share(words, column, high):
        question = question or (
            f"'{column}' is named like a percentage, but its largest value is {high:g}: percent, or fraction?"
        )
    metric = _remove_split(column, split if measured else "") if unit == "none" else metric
    direction = "" if is_direction_doubtful(column) else _guess_direction(metric, unit, measured=measured)
    dataset = next((name for name, at in _DATASETS for place in (text, file.lower()) if re.search(at, place)), "data")
    sentinel = bool((own.values == -1).any()) and not ((own.values < 0) & (own.values != -1)).any()
    epoch = own.last + (own.first == 0) if "{epoch}" in column else _read_epoch(text, file.lower())
    unknown = unit == "none" and not measured and low >= 0 and high <= 100
    return Guess(
        *(column, metric, unit, measured, split, dataset, epoch, direction, own.first, sentinel, question),
        may_be_accuracy=unknown and bool((own.values != np.round(own.values))[~np.isnan(own.values)].any()),
    )


def guess_unit(kind: str, column: str, values: Floats) -> str:
    """Return the unit; empty if neither name nor range determines it."""
    high = float(np.nanmax(values))
    last = re.split(r"[^A-Za-z]", re.sub(r"[^A-Za-z]+$", "", column))[-1]
    ending = next((unit for name, unit in _ENDINGS.items() if name == last or name.lower() == last.lower()), "")
    if kind == "share":
        if _is_doubtful_share(split_words(column), column, high):
            return ""
        return "fraction" if high <= 1.0 else "percent" if high <= 100.0 else ""
    if kind in _ALLOWED:
        return ending if ending in _ALLOWED[kind] else ""
    if kind == "count?":
        plain = high >= _PLAIN and bool((np.round(values) == values)[~np.isnan(values)].all())
        return ending if ending in _COUNTS else "count" if plain else ""
    return kind


def _is_doubtful_share(words: str, column: str, high: float) -> bool:
    """Return whether a name says percent while no value exceeds 1: tiny percentages, or fractions with a wrong name."""
    return high <= 1.0 and ("%" in column or bool(_PERCENT.search(words)))


def _guess_direction(metric: str, unit: str, *, measured: bool) -> str:
    if unit:
        return find_direction(metric, UNITS[unit].unit, static=not measured)
    return "minimize" if metric.endswith(("_s", "_J")) else find_direction(metric, "none", static=not measured)


def _read_epoch(*places: str) -> int:
    """Return the epoch in a name, such as 12 in ``epoch12`` and 200 in ``200epochs``; 1 if there is none."""
    for place in places:
        for found in re.findall(r"(?<!\d)(\d+)_?ep|epochs?_?(\d+)", place):
            if number := int(next((text for text in found if text), "0")):
                return number
    return 1


def make_metric_name(column: str) -> str:
    """Turn a column's name into a valid name of a metric."""
    plain = re.sub(r"[\W_]*\{(epoch|seed)\}", "", column)
    return re.sub(r"[^\w.+-]|^\W", "_", plain or column) or "value"


def _is_only_data(words: str) -> bool:
    """Return whether a name contains only a data set and a split, and no metric."""
    return all(word.isdigit() or word in _OF_DATA or _SPLIT_WORD.fullmatch(word) for word in words.split())


def _remove_split(column: str, split: str) -> str:
    """Return a metric's name without the split: ``rmse`` for ``val_rmse``."""
    plain = make_metric_name(column)
    named = [part for part in re.split(r"[\W_]+", plain) if part and not _SPLIT_WORD.fullmatch(part.lower())]
    return "_".join(named) if split and named else plain


def make_names_distinct(guesses: list[Guess]) -> list[Guess]:
    """Name metrics after their columns where two would get the same name."""

    def path(guess: Guess) -> tuple[object, ...]:
        return guess.metric, guess.dataset, guess.measured and (guess.split, guess.epoch, "{" in guess.column)

    paths = [path(guess) for guess in guesses]
    return [
        guess._replace(metric=make_metric_name(guess.column)) if paths.count(own) > 1 else guess
        for guess, own in zip(guesses, paths, strict=True)
    ]
