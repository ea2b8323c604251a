"""What a user tells: rows of a data frame, dictionaries, or a file, read into results of known types.

A row names its training by the ``id`` of a suggestion, or by its architecture: as text, or one value for each decision.
An empty score means that the training is not finished yet: such a row is skipped. A failed training says so.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.campaigns.settings import ARCHITECTURE, COST, EPOCH, FAILED, ID, SCORE
from nasbench.errors import InvalidArchitecture, InvalidOption, NasbenchError, SourceError
from nasbench.importers import read_own_cells
from nasbench.spaces import SearchSpace
from nasbench.units import UNITS, Objective

_TRUE, _FALSE = {"true", "yes", "1", "1.0"}, {"false", "no", "0", "0.0"}
_PERCENT = 100.0
_LARGEST = 1e100  # squares of larger scores overflow in the models of strategies
_FILES = ".csv, .tsv, .json, .jsonl or .parquet"


@dataclass(frozen=True)
class TrainingRow:
    """One row.

    Attributes:
        place: how errors call it.
        id: of the suggestion; None if the row names its architecture only.
        arch: [d] the architecture; None if the row has an id only.
        epoch: last finished epoch; None if the row does not say it.
        score: in the metric's own unit and direction; nan for a failed training.
        cost_s: seconds of this answer; nan if unknown.
    """

    place: str
    id: int | None
    arch: Archs | None
    epoch: int | None
    score: float
    cost_s: float


@dataclass(frozen=True)
class ReadRows:
    """The rows that hold a result, and what was left out.

    Attributes:
        rows: those with a score, or marked as failed.
        n_unfilled: number of rows without a score.
        ignored: names of columns that mean nothing here.
    """

    rows: tuple[TrainingRow, ...]
    n_unfilled: int
    ignored: tuple[str, ...]


def read_rows(given: Any, space: SearchSpace, objective: Objective, *, by_id: bool = True) -> ReadRows:
    """Read results.

    Args:
        given: a data frame; a dictionary, or a list of them; or the path of a CSV, TSV, JSON, JSON lines or Parquet
            file.
        space: the space of the architectures.
        objective: what the scores are.
        by_id: whether a column ``id`` holds ids of suggestions; otherwise it is ignored.

    Raises:
        SourceError: the file cannot be read.
        InvalidOption: columns are missing, or a value is not what its column means; the message names the row.
        InvalidArchitecture: an architecture is not in the space.
    """
    records, columns = _list_records(given)
    name = f"{Path(given).name}, row" if isinstance(given, str | Path) else "row"
    reader = _RowReader(space, objective, columns, name, by_id)
    rows = [row for number, record in enumerate(records, start=1) if (row := reader.read(record, number)) is not None]
    return ReadRows(tuple(rows), len(records) - len(rows), tuple(reader.ignored))


_Records = tuple[list[dict[str, Any]], list[str]]  # one dictionary for each row, without empty cells; all columns


def _list_records(given: Any) -> _Records:
    if isinstance(given, str | Path):
        return _read_file(Path(given).expanduser())
    if hasattr(given, "to_dict") and hasattr(given, "columns"):  # a data frame, whose empty cells are nan
        records = given.to_dict("records")
        filled = [{str(k): v for k, v in record.items() if not _is_missing(v)} for record in records]
        return filled, list(map(str, given.columns))
    items = [given] if isinstance(given, Mapping) else given
    if not isinstance(items, Sequence) or not all(isinstance(item, Mapping) for item in items):
        raise InvalidOption(
            f"{type(given).__name__} is not what a campaign reads as results; pass a data frame, a dictionary such as "
            f"{{'id': 0, 'score': 0.9}}, a list of them, or the path of a file ({_FILES})"
        )
    columns = list(dict.fromkeys(str(key) for item in items for key in item))
    return [{str(k): v for k, v in item.items() if v is not None} for item in items], columns


def _read_file(path: Path) -> _Records:
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".tsv", ".json", ".jsonl", ".parquet"):
        raise SourceError(f"{path}: the name of a file of results must end with {_FILES}")
    try:
        if suffix == ".parquet":
            import pandas as pd

            return _list_records(pd.read_parquet(path))
        if suffix in (".csv", ".tsv"):
            return _read_separated(path)
        text = path.read_text(encoding="utf-8-sig")
        loaded = json.loads(text) if suffix == ".json" else [json.loads(line) for line in text.splitlines() if line]
        return _list_records([loaded] if isinstance(loaded, str) else loaded)
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, NasbenchError):
            raise
        raise SourceError(f"{path} cannot be read: {error}") from None


def _read_separated(path: Path) -> _Records:
    """Read a CSV or TSV file with the separator and the decimal point that it has."""
    cells = read_own_cells(path)
    columns = {name: cells.texts(name) for name in cells.columns}
    records = [
        {name: text for name, texts in columns.items() if (text := texts[i]) is not None} for i in range(len(cells))
    ]
    return records, list(columns)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value)) or repr(value) == "<NA>"


class _RowReader:
    """Reads the rows of one source, whose columns are known."""

    def __init__(self, space: SearchSpace, objective: Objective, columns: list[str], name: str, by_id: bool) -> None:
        self._space, self._objective, self._name = space, objective, name
        self._by_id = by_id and ID in columns
        self._score = objective.name if objective.name in columns else SCORE
        self._named = ARCHITECTURE in columns
        self._decisions = [decision for decision in space.decisions if decision in columns]
        if self._score not in columns and FAILED not in columns and columns:
            raise InvalidOption(
                f"no column of scores: expected '{objective.name}'"
                f"{'' if objective.name == SCORE else f' or {SCORE!r}'}; found {', '.join(columns)}"
            )
        if columns and not (self._by_id or self._named or self._decisions):
            ids = f"'{ID}', " if by_id else ""
            raise InvalidOption(
                f"no column says what was trained: expected {ids}'{ARCHITECTURE}', or the decisions "
                f"{', '.join(space.decisions[:8])}; found {', '.join(columns)}"
            )
        known = {self._score, COST, EPOCH, FAILED, ARCHITECTURE, *self._decisions} | ({ID} if self._by_id else set())
        self.ignored = [column for column in columns if column not in known]

    def read(self, record: Mapping[str, Any], number: int) -> TrainingRow | None:
        """Return a row; None if its training has no result yet."""
        place = f"{self._name} {number}"
        record = {name: value for name, value in record.items() if name == self._score or not _is_missing(value)}
        failed = self._read_flag(record.get(FAILED), place)
        given = record.get(self._score)
        if given is None and not failed:
            return None
        if given is not None and failed:
            raise InvalidOption(f"{place}: a failed training has no score; found {given!r}: leave one of both out")
        return TrainingRow(
            place,
            self._read_whole(record.get(ID), ID, place) if self._by_id else None,
            self._read_arch(record, place),
            self._read_whole(record.get(EPOCH), EPOCH, place),
            math.nan if failed else self._read_score(given, place),
            self._read_cost(record.get(COST), place),
        )

    def _read_arch(self, record: Mapping[str, Any], place: str) -> Archs | None:
        item: Any = record.get(ARCHITECTURE) if self._named else None
        if item is None and self._decisions:
            item = {decision: record[decision] for decision in self._decisions if decision in record} or None
        if item is None:
            if self._by_id and ID in record:
                return None
            raise InvalidOption(f"{place} names neither an id nor an architecture")
        try:
            row: Archs = self._space.checked(self._space.read([item]))[0]
            return row
        except InvalidArchitecture as error:
            raise InvalidArchitecture(f"{place}: {error}") from None

    def _read_score(self, given: Any, place: str) -> float:
        value, name, unit = _to_float(given), self._objective.name, self._objective.unit
        if value is None:
            raise InvalidOption(f"{place}: {name} is {given!r}; expected a number")
        if math.isnan(value):
            raise InvalidOption(
                f"{place}: {name} is nan; if the training failed, say so: a column '{FAILED}' with true, or --failed; "
                "if it is not finished, leave the score empty"
            )
        low, high = UNITS[unit]
        if math.isinf(value) or not low <= value <= high:
            hint = ""
            if unit == "fraction" and 1 < value <= _PERCENT:
                hint = f": is it in percent? Then tell {value / _PERCENT:g}"
            raise InvalidOption(
                f"{place}: {name} is {value:g}; its unit is '{unit}', from {low:g} to {high:g}{hint}"
                if math.isfinite(value)
                else f"{place}: {name} is {value:g}; expected a finite number, or '{FAILED}'"
            )
        if abs(value) > _LARGEST:
            raise InvalidOption(
                f"{place}: {name} is {value:g}; expected at most {_LARGEST:g} in size. If the training diverged, say "
                f"so: a column '{FAILED}' with true, or --failed"
            )
        return value

    @staticmethod
    def _read_cost(given: Any, place: str) -> float:
        if given is None:
            return math.nan
        value = _to_float(given)
        if value is None or not 0 <= value < math.inf:
            raise InvalidOption(f"{place}: {COST} is {given!r}; expected seconds, from 0")
        return value

    @staticmethod
    def _read_whole(given: Any, name: str, place: str) -> int | None:
        if given is None:
            return None
        value = _to_float(given)
        if value is None or not value.is_integer() or value < 0:
            raise InvalidOption(f"{place}: {name} is {given!r}; expected a whole number")
        return int(value)

    @staticmethod
    def _read_flag(given: Any, place: str) -> bool:
        text = "" if given is None else str(given).strip().lower()
        if text in _TRUE:
            return True
        if text in _FALSE or not text:
            return False
        raise InvalidOption(f"{place}: {FAILED} is {given!r}; expected true or false")


def _to_float(given: Any) -> float | None:
    """Return a number, also from text; None if it is none."""
    if isinstance(given, bool | np.bool_):
        return None
    try:
        return float(given)
    except (TypeError, ValueError):
        return None
