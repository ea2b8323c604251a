"""A search of Syne Tune, from its folder: ``results.csv.zip`` and ``metadata.json``.

Source: Salinas, Seeger, Klein, Perrone, Wistuba & Archambeau 2022, "Syne Tune: A Library for Large Scale
Hyperparameter Tuning and Reproducible Research" (AutoML); the files are those of Syne Tune 0.4 to 0.16. Syne Tune is
not needed to read them.

Each trial reports its metrics after each epoch: a learning curve, with the worker's seconds. A trial that the scheduler
stopped has the first part of its curve. A trial that failed before its first report is not in the files. Syne Tune
stores its search space in a pickle, which is not read. Add it to the metadata of your tuner,
``metadata={"config_space": config_space_to_json_dict(space)}``, or give the option ``space=FILE``; otherwise the
importer infers it from the configurations. If a search had several metrics, the first one in the metadata is observed.
"""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import SourceError
from nasbench.importers._histories import HistoryImporter, ToolHistory
from nasbench.importers._history_columns import COMPLETE, FAILED, STOPPED, Goal, ToolRun
from nasbench.importers._history_spaces import guess_value
from nasbench.importers._json import load_object
from nasbench.importers._separated import read_text
from nasbench.spaces import DeclaredSpace, declare_integer, declare_real

_PREFIX = "config_"
_RESOURCES = ("epoch", "epochs", "step", "iteration", "training_iteration", "st_worker_iter")


class SyneTune(HistoryImporter):
    """Reads the folder of one search."""

    table: ClassVar[str] = ""
    where: ClassVar[str] = "the folder of your search: ~/syne-tune/NAME, with results.csv.zip and metadata.json"

    def _read_history(self, source: Path) -> ToolHistory:
        folder = source if source.is_dir() else source.parent
        about = load_object(folder / "metadata.json", self.where)
        rows = _read_rows(folder, self.where)
        goals = _read_goals(about)
        space, constants = _read_space(about)
        resource = _find_resource(about, rows[0])
        trials: dict[str, list[dict[str, str]]] = {}
        for row in rows:
            trials.setdefault(row["trial_id"], []).append(row)
        last = max(int(float(row[resource])) for row in rows)
        runs = [_read_run(own, goals, resource, last, constants) for own in trials.values()]
        return ToolHistory("Syne Tune", folder.resolve().name, goals, runs, space)


def _read_rows(folder: Path, where: str) -> list[dict[str, str]]:
    """Return the reports of all trials, in order."""
    found = [folder / name for name in ("results.csv.zip", "results.csv") if (folder / name).is_file()]
    if not found:
        raise SourceError(f"{folder} holds no results.csv.zip; {where}")
    rows = list(csv.DictReader(io.StringIO(read_text(found[0]))))
    if not rows:
        raise SourceError(f"{found[0]} holds no results; {where}")
    return rows


def _read_goals(about: Mapping[str, Any]) -> list[Goal]:
    """Return the metrics and their directions; one ``metric_mode`` may be that of all."""
    names = about["metric_names"]
    modes = about.get("metric_mode", "min")
    modes = [modes] * len(names) if isinstance(modes, str) else modes
    directions = {"min": "minimize", "max": "maximize"}
    return [Goal(str(name), directions[mode]) for name, mode in zip(names, modes, strict=True)]


def _find_resource(about: Mapping[str, Any], row: Mapping[str, str]) -> str:
    """Return the column that counts epochs."""
    given = about.get("scheduler_kwargs", {}).get("time_attr") or about.get("resource_attr")
    return next(str(name) for name in (given, *_RESOURCES) if name in row)


def _read_space(about: Mapping[str, Any]) -> tuple[DeclaredSpace, set[str]]:
    """Return the space in the metadata, if any, and the names of constants, which are settings of the training."""
    written = about.get("config_space")
    domains = json.loads(written) if isinstance(written, str) else written
    if not isinstance(domains, Mapping):
        given = about.get("scheduler_kwargs", {}).get("config_space", {})
        return DeclaredSpace({}, [], []), {name for name, value in given.items() if value is not None}
    decisions = {name: _declare(name, own) for name, own in domains.items() if isinstance(own, Mapping)}
    return DeclaredSpace(decisions, [], []), set(domains) - set(decisions)


def _declare(name: str, domain: Mapping[str, Any]) -> dict[str, Any]:
    """Declare one decision from the JSON form of its domain."""
    kind, about, sampler = domain["domain_cls"], domain["domain_kwargs"], str(domain.get("sampler_cls"))
    log = "Log" in sampler
    if kind in ("Categorical", "Ordinal", "OrdinalNearestNeighbor"):
        return {"categorical" if kind == "Categorical" else "ordinal": list(about["categories"])}
    if kind == "FiniteRange":
        return {"ordinal": _list_finite(about)}
    if kind == "Integer":
        return declare_integer(about["lower"], about["upper"], log=log)
    if kind == "Float":
        return declare_real(about["lower"], about["upper"], log=log)
    raise ValueError(f"'{name}' has the unknown domain {kind}")


def _list_finite(about: Mapping[str, Any]) -> list[float]:
    """Return the values of a ``finrange`` or ``logfinrange``."""
    low, high, n = float(about["lower"]), float(about["upper"]), int(about["size"])
    if n == 1:
        return [low]
    shares = [i / (n - 1) for i in range(n)]
    if about.get("log_scale"):
        values = [math.exp(math.log(low) + share * (math.log(high) - math.log(low))) for share in shares]
    else:
        values = [low + share * (high - low) for share in shares]
    return [float(round(value)) if about.get("cast_int") else value for value in values]


def _read_run(
    rows: Sequence[Mapping[str, str]], goals: Sequence[Goal], resource: str, last: int, constants: set[str]
) -> ToolRun:
    """Return a trial as a training run.

    Args:
        rows: its reports.
        goals: the metrics.
        resource: the column that counts epochs.
        last: the largest epoch of all trials: a complete training run.
        constants: settings that are not decisions.
    """
    offset = 1 if resource == "st_worker_iter" else 0
    epochs = [int(float(row[resource])) + offset for row in rows]
    curve = {epoch: _read(row[goals[0].metric]) for epoch, row in zip(epochs, rows, strict=True)}
    seconds = {epoch: _read(row.get("st_worker_time", "")) for epoch, row in zip(epochs, rows, strict=True)}
    done = epochs[-1] == last + offset
    values = tuple(_read(rows[-1][goal.metric]) if done else math.nan for goal in goals)
    state = COMPLETE if done else FAILED if rows[-1].get("st_status") == "Failed" else STOPPED
    return ToolRun(_read_config(rows[0], constants), state, values, curve=curve, seconds_at=seconds)


def _read(text: str) -> float:
    return float(text) if text else math.nan


def _read_config(row: Mapping[str, str], constants: set[str]) -> dict[str, Any]:
    """Return the configuration of a trial; an empty cell is an inactive decision."""
    cells = {name.removeprefix(_PREFIX): text for name, text in row.items() if name.startswith(_PREFIX)}
    return {name: guess_value(text) for name, text in cells.items() if text and name not in constants}
