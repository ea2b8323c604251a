"""Read the storages of Optuna without Optuna: the SQLite file of an RDB storage, or a journal."""

import json
import math
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from nasbench.errors import SourceError
from nasbench.importers._json import parse_json

WHERE = "the file of a storage: FILE of sqlite:///FILE, or the log of a JournalFileBackend"

_SQLITE = b"SQLite format 3\0"
_MOST_ROWS = 10_000_000
_MOST_BYTES = 10_000_000  # of one cell
_CREATE_STUDY, _DELETE_STUDY, _SET_STUDY_SYSTEM, _CREATE_TRIAL, _SET_PARAM, _SET_STATE, _SET_STEP = 0, 1, 3, 4, 5, 6, 7
_STATE_NAMES = ("RUNNING", "COMPLETE", "PRUNED", "FAIL", "WAITING")
_DIRECTIONS: dict[Any, str] = {"MINIMIZE": "minimize", "MAXIMIZE": "maximize", 1: "minimize", 2: "maximize"}
_METRIC_NAMES = "study:metric_names"
_INFINITE = {"INF_POS": math.inf, "INF_NEG": -math.inf}


@dataclass
class StoredTrial:
    """A trial as it is stored.

    Attributes:
        state: ``COMPLETE``, ``PRUNED``, ``FAIL``, or another text while it is unfinished.
        params: name -> value in the storage's numbers, and its distribution as JSON text.
        values: the values of the objectives, by position.
        steps: step -> intermediate value.
        start, end: times in ISO format; None if unknown.
    """

    state: str = "RUNNING"
    params: dict[str, tuple[float, str]] = field(default_factory=dict)
    values: dict[int, float] = field(default_factory=dict)
    steps: dict[int, float] = field(default_factory=dict)
    start: str | None = None
    end: str | None = None

    @property
    def seconds(self) -> float:
        """Seconds between start and end; nan if unknown."""
        if not (self.start and self.end):
            return math.nan
        return (datetime.fromisoformat(self.end) - datetime.fromisoformat(self.start)).total_seconds()


@dataclass
class StoredStudy:
    """A study as it is stored: its name, directions, the names of its metrics, and its trials in order."""

    name: str
    directions: list[str]
    metric_names: list[str] = field(default_factory=list)
    trials: list[StoredTrial] = field(default_factory=list)


def read_storage(source: Path) -> dict[str, StoredStudy]:
    """Read all studies of a storage by name."""
    if not source.is_file():
        raise SourceError(f"{source} is not a file; expected {WHERE}")
    with source.open("rb") as file:
        is_database = file.read(len(_SQLITE)) == _SQLITE
    try:
        return _read_database(source) if is_database else _read_journal(source)
    except (sqlite3.Error, ValueError, LookupError, TypeError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{source} is not a storage of Optuna ({error!r}); expected {WHERE}") from error


def _read_database(source: Path) -> dict[str, StoredStudy]:
    """Read an SQLite file, without writing to it."""
    uri = f"{source.resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MOST_BYTES)
        database.execute("PRAGMA trusted_schema = OFF")
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if not {"studies", "trials", "trial_params", "trial_values", "study_directions"} <= tables:
            raise SourceError(f"{source} is an SQLite file without Optuna's tables; expected {WHERE}")
        studies = {
            key: StoredStudy(str(name), []) for key, name in _select(database, "studies", "study_id, study_name")
        }
        for key, direction, _ in _select(database, "study_directions", "study_id, direction, objective", "objective"):
            studies[key].directions.append(_DIRECTIONS[direction])
        if "study_system_attributes" in tables:
            for key, name, text in _select(database, "study_system_attributes", "study_id, key, value_json"):
                if name == _METRIC_NAMES:
                    studies[key].metric_names = list(map(str, json.loads(text)))
        _read_trials(database, studies, tables)
    return {study.name: study for study in studies.values()}


def _read_trials(database: sqlite3.Connection, studies: Mapping[int, StoredStudy], tables: set[str]) -> None:
    trials: dict[int, StoredTrial] = {}
    columns = "trial_id, study_id, state, datetime_start, datetime_complete"
    for key, study, state, start, end in _select(database, "trials", columns, "trial_id"):
        trials[key] = StoredTrial(str(state), start=start, end=end)
        studies[study].trials.append(trials[key])
    columns = "trial_id, param_name, param_value, distribution_json"
    for key, name, value, text in _select(database, "trial_params", columns, "param_id"):
        trials[key].params[str(name)] = (float(value), text)
    for key, objective, value, kind in _select_values(database, "trial_values", "objective", "value"):
        trials[key].values[int(objective)] = _read_stored(value, kind)
    if "trial_intermediate_values" in tables:
        name = "intermediate_value"
        for key, step, value, kind in _select_values(database, "trial_intermediate_values", "step", name):
            trials[key].steps[int(step)] = _read_stored(value, kind)


def _select(database: sqlite3.Connection, table: str, columns: str, order: str = "1") -> Iterator[Any]:
    """Yield the rows of a table.

    Raises:
        SourceError: there are too many.
    """
    for count, row in enumerate(database.execute(f"SELECT {columns} FROM {table} ORDER BY {order}")):
        if count >= _MOST_ROWS:
            raise SourceError(f"table '{table}' holds more than {_MOST_ROWS:,} rows")
        yield row


def _select_values(database: sqlite3.Connection, table: str, place: str, value: str) -> Iterator[Any]:
    """Yield trial, place, value and the kind of value, which Optuna 2 did not store."""
    columns = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
    kind = f"{value}_type" if f"{value}_type" in columns else "NULL"
    return _select(database, table, f"trial_id, {place}, {value}, {kind}")


def _read_stored(value: float | None, kind: str | None) -> float:
    return _INFINITE.get(str(kind), math.nan if value is None else float(value))


class _Journal:
    """Replays the entries of a journal, with Optuna's own rules for the numbers of studies and trials."""

    def __init__(self) -> None:
        self.studies: dict[int, StoredStudy] = {}
        self._trials: list[StoredTrial] = []
        self._n_created = 0

    def apply(self, entry: Mapping[str, Any]) -> None:
        """Apply one entry; those that change nothing here (user attributes, for example) are skipped."""
        code = entry["op_code"]
        if code == _CREATE_STUDY:
            if entry["study_name"] not in [study.name for study in self.studies.values()]:
                directions = [_DIRECTIONS[own] for own in entry["directions"]]
                self.studies[self._n_created] = StoredStudy(str(entry["study_name"]), directions)
                self._n_created += 1
        elif code == _DELETE_STUDY:
            self.studies.pop(entry["study_id"], None)
        elif code == _SET_STUDY_SYSTEM and _METRIC_NAMES in entry["system_attr"]:
            self.studies[entry["study_id"]].metric_names = list(map(str, entry["system_attr"][_METRIC_NAMES]))
        elif code == _CREATE_TRIAL and entry["study_id"] in self.studies:
            self._trials.append(_create_trial(entry))
            self.studies[entry["study_id"]].trials.append(self._trials[-1])
        elif code in (_SET_PARAM, _SET_STATE, _SET_STEP):
            trial = self._trials[entry["trial_id"]]
            if trial.state in ("RUNNING", "WAITING"):
                _update_trial(trial, code, entry)


def _create_trial(entry: Mapping[str, Any]) -> StoredTrial:
    values = entry.get("values") or ([] if entry.get("value") is None else [entry["value"]])
    return StoredTrial(
        _STATE_NAMES[entry.get("state", 0)],
        {name: (float(value), entry["distributions"][name]) for name, value in entry.get("params", {}).items()},
        dict(enumerate(map(float, values))),
        {int(step): _read_stored(value, None) for step, value in entry.get("intermediate_values", {}).items()},
        entry.get("datetime_start"),
        entry.get("datetime_complete"),
    )


def _update_trial(trial: StoredTrial, code: int, entry: Mapping[str, Any]) -> None:
    if code == _SET_PARAM:
        trial.params[str(entry["param_name"])] = (float(entry["param_value_internal"]), entry["distribution"])
    elif code == _SET_STEP:
        trial.steps[int(entry["step"])] = _read_stored(entry["intermediate_value"], None)
    else:
        trial.state = _STATE_NAMES[entry["state"]]
        trial.values = dict(enumerate(map(float, entry["values"] or ())))
        trial.start = entry.get("datetime_start", trial.start)
        trial.end = entry.get("datetime_complete", trial.end)


def _read_journal(source: Path) -> dict[str, StoredStudy]:
    """Replay a journal: one JSON object a line, of which the last may be incomplete."""
    journal = _Journal()
    with source.open(encoding="utf-8") as file:
        for line in file:
            try:
                entry = parse_json(line)
            except ValueError:
                if journal.studies and not line.endswith("\n"):
                    break  # the process was killed while it wrote
                raise
            journal.apply(entry)
    if not journal.studies:
        raise SourceError(f"{source} holds no study; expected {WHERE}")
    return {study.name: study for study in journal.studies.values()}
