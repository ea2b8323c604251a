"""Read the results of a user's own trainings: units, directions, crashes, repeated trainings, seconds."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption, SourceError
from nasbench.importers._cells import TextCells, is_number
from nasbench.importers._columns import Column
from nasbench.importers._guess_columns import Joined, guess_column, guess_unit, make_metric_name, split_words
from nasbench.importers._mapping import ROWS, FromColumn, MappingEntry
from nasbench.importers._training_columns import Said, TrainingColumns, count_nouns
from nasbench.importers._units import DURATION, UNITS, find_misfit_value

DATASET, RECIPE = "own", "training"
"""Labels in the table."""
_DIRECTIONS = {
    **dict.fromkeys(("max", "maximise", "maximize"), "maximize"),
    **dict.fromkeys(("min", "minimise", "minimize"), "minimize"),
}
_ASKED = "direction='maximize' or 'minimize' (--direction on the command line)"
_LABEL_NUMBER = re.compile(r"0|[1-9]\d*", re.ASCII)  # 01 and 1 are two labels
_SPARSE = 8  # a table of every seed's label is refused from this many cells for each training on
_CONSTANT = 1.2  # seconds of single epochs grow by less than this factor
_NEARLY = 0.7  # totals grow by at least this share of the factor by which the epochs grow
_TIMES = {
    **dict.fromkeys(("ms", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "min"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "days"),
}
_MONEY = ("usd", "eur", "dollar", "dollars", "euro", "euros", "cents", "credits")


def read_results(cells: TextCells, asked: TrainingColumns, said: Said) -> TextCells:
    """Return cells whose columns of results hold numbers; rows without score and cost are left out."""
    columns = {}
    results = [asked.score, asked.test, *asked.objectives, *([asked.cost] if isinstance(asked.cost, str) else [])]
    for column in filter(None, results):
        if not _is_duration(cells, column):
            columns[column] = _convert_to_numbers(cells, column, said)
        elif column != asked.cost:
            first = next(row for row, cell in enumerate(cells.column(column)) if cell is not None)
            shown = str(cells.column(column)[first])
            raise cells.make_error(first, column, f"{shown!r} is a length of time; write it as a number of seconds")
    made = cells.replace_columns(columns)
    score = columns[asked.score].astype(np.float64)
    empty = np.isnan(score)
    if empty.all():
        raise SourceError(f"{cells.file}: column '{asked.score}' holds no number")
    if np.nanmin(score) == np.nanmax(score):
        raise InvalidOption(
            f"{cells.file}: column '{asked.score}' is {np.nanmin(score):g} in every row: there is nothing to search for"
        )
    if not empty.any() or asked.epoch:
        return made
    paid = empty & ~pd.isna(made.column(asked.cost)) if isinstance(asked.cost, str) else np.zeros_like(empty)
    if n := int(paid.sum()):
        said.append(("crashes", f"{count_nouns(n, 'row')} without {asked.score}: crashes that cost what the row says"))
    if n := int((empty & ~paid).sum()):
        said.append(("left out", f"{count_nouns(n, 'row')} without {asked.score}: no cost says what a crash took"))
    return made.select_rows(~empty | paid)


def _is_duration(cells: TextCells, column: str) -> bool:
    """Return whether a column holds lengths of time, as pandas or texts such as ``1:30:00``."""
    known = [cell for cell in cells.column(column) if cell is not None]
    return bool(known) and all(
        isinstance(cell, pd.Timedelta) or (isinstance(cell, str) and ":" in cell) for cell in known
    )


def _convert_to_numbers(cells: TextCells, column: str, said: Said) -> Column:
    """Return a column as floats [n], nan where empty or infinite."""
    values = cells.read_plain_numbers(column)
    if values is not None:
        return _drop_infinite(column, values, said)
    cells_of = cells.texts(column) if cells.decimal == "," else cells.column(column)
    bad = next((row for row, cell in enumerate(cells_of) if cell is not None and not is_number(cell)), None)
    if bad is not None:
        seen = cells.column(column)[bad]
        remedy = "where a value is missing, leave the cell empty"
        if isinstance(seen, str) and is_number(seen.replace(",", "").replace(".", "")):
            remedy = "remove thousands separators, and write all decimals of the file with a point, or all with a comma"
        raise cells.make_error(bad, column, f"{seen!r} is not a number; {remedy}")
    values = np.array([np.nan if cell is None else float(cell) for cell in cells_of])
    return _drop_infinite(column, values, said)


def _drop_infinite(column: str, values: Floats, said: Said) -> Column:
    """Return floats [n] with nan in place of infinite ones."""
    if infinite := int(np.isinf(values).sum()):
        said.append((column, f"{count_nouns(infinite, 'infinite value')}, taken as missing"))
    return np.where(np.isinf(values), np.nan, values).astype(object)


class ScoredColumn(NamedTuple):
    """A column of results: its metric, its unit in the user's file, and its direction."""

    metric: str
    unit: str
    direction: str


def _guess_result(cells: TextCells, column: str, direction: str, option: str) -> ScoredColumn:
    """Return what a column of results holds; ``option`` says what to pass for an unclear direction."""
    values = cells.columns[column].astype(np.float64)
    guess = guess_column(column, Joined(values), cells.file, trained=True, measured=True)
    unit = guess.unit or "none"
    if find_misfit_value(values, unit):
        unit = "none"
    if direction and direction not in _DIRECTIONS:
        raise InvalidOption(f"direction {direction!r} of '{column}'; expected 'maximize' or 'minimize'")
    found = _DIRECTIONS.get(direction, "") or guess.direction
    if found not in ("maximize", "minimize"):
        raise InvalidOption(f"the name '{column}' does not say whether higher or lower is better: say {option}")
    return ScoredColumn(guess.metric, unit, found)


class RepeatedRows:
    """The cells of the results, with a seed for every row.

    Attributes:
        cells: the cells; the column of seeds holds whole numbers.
        asked: which columns hold what.
        place: [m] number of the architecture in each row.
        n: number of architectures.
        seed: what a mapping says of the seed.
    """

    def __init__(self, cells: TextCells, asked: TrainingColumns, place: Ints, n: int, said: Said) -> None:
        self.cells, self.asked, self.place, self.n = cells, asked, place, n
        self.seed: int | str | FromColumn = 0
        if asked.seed:
            self._label(cells, asked.seed, said)
        elif not asked.epoch:
            self._number(np.bincount(place, minlength=n), said)
        if isinstance(self.seed, FromColumn) or self.seed == 0:
            self._refuse_contradictions()

    def _number(self, counts: Ints, said: Said) -> None:
        """Number the rows of each architecture where there are several; ``counts`` [n] says how many there are."""
        if counts.max() > 1:
            self.seed = ROWS
            n = int((counts > 1).sum())
            several = f"{count_nouns(n, 'architecture')} with several rows (up to {counts.max()})"
            said.append(("repeats", f"{several}: repeated trainings, numbered in the order of the rows"))

    def _label(self, cells: TextCells, column: str, said: Said) -> None:
        texts = cells.texts(column)
        if pd.isna(texts).any():
            raise cells.make_error(int(pd.isna(texts).argmax()), column, "the seed is missing")
        labels, numbers = _number_labels(texts)
        if self.n * len(labels) > _SPARSE * len(texts) and not self.asked.epoch:
            groups = pd.Series(numbers).groupby(self.place)
            numbers = groups.rank(method="dense").to_numpy().astype(np.int64) - 1
            said.append((column, f"seed: {len(labels):,} labels, few in common: numbered anew for each architecture"))
            self._refuse_contradictions()  # while the labels are those of the user
            self.cells, self.seed = self.cells.replace_columns({column: numbers.astype(object)}), FromColumn(column)
            return
        self.cells = cells.replace_columns({column: numbers.astype(object)})
        self.seed = FromColumn(column)
        said.append((column, f"seed: {count_nouns(len(labels), 'label')}; the mean over the seeds is reported"))

    def _refuse_contradictions(self) -> None:
        """Refuse two scores of one architecture, seed and epoch."""
        asked, cells = self.asked, self.cells
        keys = {"place": self.place, **{name: cells.texts(name) for name in (asked.seed, asked.epoch) if name}}
        frame = pd.DataFrame({**keys, "": cells.columns[asked.score].astype(np.float64)})
        twice = frame.duplicated(list(keys), keep=False) & ~frame.duplicated(keep=False)
        if not twice.any():
            return
        rows = frame.index[twice]
        same = frame.loc[rows, list(keys)].eq(frame.loc[rows[0], list(keys)]).all(axis=1)
        first, second = rows[same.to_numpy()][:2]
        names = " and ".join(["architecture", *(f"'{name}'" for name in (asked.seed, asked.epoch) if name)])
        remedy = "leave seed out to number repeated trainings" if asked.seed else "pass seed, the repeated training"
        scores = f"{frame.loc[first, '']:g} and {frame.loc[second, '']:g} ({len(rows):,} such rows)"
        raise InvalidOption(
            f"{cells.file}: rows {cells.place(first)} and {cells.place(second)} have the same {names}, but "
            f"{asked.score} is {scores}: {remedy}"
        )

    def average(self, column: str) -> bool:
        """Replace a column by its mean over the rows of each architecture; return whether rows differed."""
        frame = pd.DataFrame({"place": self.place, "value": self.cells.columns[column].astype(np.float64)})
        groups = frame.groupby("place")["value"]
        if bool((groups.max() == groups.min()).all()):
            return False
        means = groups.transform("mean").to_numpy().astype(object)
        self.cells = self.cells.replace_columns({column: means})
        return True

    @property
    def epoch(self) -> dict[str, Any]:
        """What a mapping says of the epoch."""
        if not self.asked.epoch:
            return {}
        first = self.cells.read_numbers(self.asked.epoch).min()
        return {"epoch": FromColumn(self.asked.epoch), "epoch_offset": int(first == 0)}


def _number_labels(texts: Column) -> tuple[list[str], Ints]:
    """Return the distinct labels, and a whole number for each row [n]: the label itself where all are such numbers."""
    labels = list(pd.unique(texts))
    if all(_LABEL_NUMBER.fullmatch(text) and int(text) <= 2**31 for text in labels):
        return labels, texts.astype(np.int64)
    number = {text: i for i, text in enumerate(sorted(labels))}
    return labels, np.array([number[text] for text in texts], dtype=np.int64)


# --- results


def declare_measurements(repeats: RepeatedRows, said: Said) -> tuple[ScoredColumn, list[MappingEntry]]:
    """Return the score, and the entries of all measured columns."""
    asked, cells = repeats.asked, repeats.cells
    shared: dict[str, Any] = {"dataset": DATASET, "recipe": RECIPE, "seed": repeats.seed, **repeats.epoch}
    score = _guess_result(cells, asked.score, asked.direction, _ASKED)
    said.append((asked.score, f"score: {score.metric} ({_say_unit(score.unit)}), to {score.direction}"))
    own: dict[str, Any] = {"metric": score.metric, "unit": score.unit, "direction": score.direction}
    entries = [MappingEntry(column=asked.score, split="valid", **own, **shared)]
    if asked.test:
        test = _guess_result(cells, asked.test, score.direction, _ASKED)
        own_direction = _find_own_direction(cells, asked.test)
        if own_direction not in ("", score.direction):
            raise InvalidOption(
                f"'{asked.test}' is to be {own_direction}d by its name, and '{asked.score}' {score.direction}d: "
                "expected the same metric of test data"
            )
        unit = score.unit if score.unit == "none" else test.unit
        if UNITS[unit].unit != UNITS[score.unit].unit:
            raise InvalidOption(f"'{asked.test}' is in {test.unit}, '{asked.score}' in {score.unit}: expected one unit")
        said.append((asked.test, f"test: reported, never shown to a search ({_say_unit(unit)})"))
        entries.append(MappingEntry(column=asked.test, split="test", **own | {"unit": unit}, **shared))
    if asked.epoch:
        said.append((asked.epoch, f"epoch: each row is a point of a learning curve{_describe_early_ends(repeats)}"))
    if not isinstance(asked.cost, str):
        said.append(("cost", f"none is given: each training costs {asked.cost:g}"))
        return score, entries
    entries.append(_declare_cost(repeats, shared, said))
    return score, entries


def _find_own_direction(cells: TextCells, column: str) -> str:
    """Return the direction that a column's name tells; empty if it tells none."""
    values = cells.columns[column].astype(np.float64)
    found = guess_column(column, Joined(values), cells.file, trained=True, measured=True).direction
    return found if found in ("maximize", "minimize") else ""


def _say_unit(unit: str) -> str:
    return {"none": "as it is", "percent": "in percent", "fraction": "a fraction"}.get(unit, f"in {unit}")


def _declare_cost(repeats: RepeatedRows, shared: Mapping[str, Any], said: Said) -> MappingEntry:
    column, cells = str(repeats.asked.cost), repeats.cells
    if _is_duration(cells, column):
        unit, note = DURATION, "durations"
    else:
        values = cells.columns[column].astype(np.float64)
        unit = guess_unit("s?", column, values) or _find_time_unit(column)
        unit, note = (unit, f"in {unit}") if unit else ("s", "taken as seconds")
        if (values <= 0).any():
            raise cells.make_error(int((values <= 0).argmax()), column, "a training must cost more than 0")
    per = ""
    if shared.get("epoch"):
        per = repeats.asked.cost_per or ("" if unit == DURATION else _guess_per(repeats, column))
    also = {"epoch": ", of each epoch, to be summed up", "total": ", since the start of the training"}.get(per, "")
    lacking = int(pd.isna(cells.column(column)).sum())
    left = (
        f"; {count_nouns(lacking, 'row')} without it: searched only if the same architecture has others"
        if lacking
        else ""
    )
    said.append((column, f"cost: {note}{also}{left}"))
    return MappingEntry(
        column=column, split="train", metric="train_s", unit=unit, direction="minimize", per=per, **shared
    )


def _guess_per(repeats: RepeatedRows, column: str) -> str:
    """Return whether a column of seconds holds those of each ``epoch``, or the ``total`` so far."""
    cells, asked = repeats.cells, repeats.asked
    seed = repeats.cells.texts(asked.seed) if asked.seed else ""
    frame = pd.DataFrame({"arch": repeats.place, "seed": seed})
    frame["epoch"] = cells.read_numbers(asked.epoch)
    frame["cost"] = cells.columns[column].astype(np.float64)
    frame = frame.dropna().sort_values("epoch", kind="stable")
    groups = frame.groupby(["arch", "seed"])
    falls = bool((groups["cost"].diff() < 0).any())
    grown = float((groups["cost"].last() / groups["cost"].first()).median())
    first = int(frame["epoch"].min() == 0)  # epochs that are counted from 0
    expected = float(((groups["epoch"].last() + first) / (groups["epoch"].first() + first)).median())
    if falls or (grown <= _CONSTANT < expected):
        return "epoch"
    if grown >= _NEARLY * expected > _CONSTANT:
        return "total"
    raise InvalidOption(
        f"{cells.file}: '{column}' grows by a factor of {grown:.3g} while the epochs grow by {expected:.3g}: does it "
        "hold the seconds of each epoch, or all since the start? say cost_per='epoch' or 'total' (--cost-per)"
    )


def _describe_early_ends(repeats: RepeatedRows) -> str:
    """Return how many architectures have no score at the last epoch, which alone is searched; empty if none."""
    epochs = repeats.cells.read_numbers(repeats.asked.epoch)
    scored = ~np.isnan(repeats.cells.columns[repeats.asked.score].astype(np.float64))
    at_end = np.unique(repeats.place[(epochs == epochs[scored].max()) & scored])
    n = repeats.n - len(at_end)
    end = f"{epochs[scored].max():g}"
    return f"; {count_nouns(n, 'architecture')} without a score at epoch {end}: not searched" if n else ""


def _find_time_unit(column: str) -> str:
    """Return the unit of time that a name holds anywhere, such as ``minutes_per_run``; empty if there is not one."""
    words = split_words(column).split()
    if money := [word for word in words if word in _MONEY]:
        raise InvalidOption(f"'{column}' is in {money[0]}; the cost of a training is in seconds: pass another column")
    found = {_TIMES[word] for word in words if word in _TIMES}
    return found.pop() if len(found) == 1 else ""


def declare_statics(repeats: RepeatedRows, said: Said) -> list[MappingEntry]:
    """Return the entries of further objectives; values that differ between trainings are averaged."""
    entries: list[MappingEntry] = []
    for column, direction in repeats.asked.objectives.items():
        found = _guess_result(repeats.cells, column, direction, f"objectives={{'{column}': 'maximize'}} or 'minimize'")
        unit = "none" if UNITS[found.unit].unit == "fraction" else found.unit  # accuracies are no static metrics
        averaged = ", averaged over trainings" if repeats.average(column) else ""
        said.append((column, f"objective ({_say_unit(unit)}), to {found.direction}{averaged}"))
        metric = found.metric if unit == found.unit else make_metric_name(column)
        if metric in [entry.metric for entry in entries]:
            metric = make_metric_name(column)
        entries.append(
            MappingEntry(column=column, dataset=DATASET, metric=metric, unit=unit, direction=found.direction)
        )
    return entries
