"""A search of SMAC3, from its output folder: ``runhistory.json`` with ``configspace.json`` and ``scenario.json``.

Source: Lindauer, Eggensperger, Feurer et al. 2022, "SMAC3: A Versatile Bayesian Optimization Package for
Hyperparameter Optimization" (JMLR 23); the files are those of SMAC3 2.x. SMAC3 is not needed to read them.

SMAC3 minimises; the metric has the name in the scenario, ``cost`` unless the user chose another. Each pair of instance
and seed is a repetition. A training run that crashed, timed out or ran out of memory has its seconds, but not the cost
that SMAC3 gives to failures. Budgets are training runs of their own (``budget3``), since SMAC3 starts each anew.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import SourceError
from nasbench.importers._histories import HistoryImporter, ToolHistory
from nasbench.importers._history_columns import COMPLETE, FAILED, Goal, ToolRun
from nasbench.importers._history_spaces import read_configspace_json
from nasbench.importers._json import load_object
from nasbench.spaces import DeclaredSpace

_RUNNING, _SUCCESS = 0, 1
_NAMED = {"SUCCESS": _SUCCESS, "RUNNING": _RUNNING}  # some releases write the status as a text


class SMAC3(HistoryImporter):
    """Reads the output folder of one search, or its ``runhistory.json``."""

    table: ClassVar[str] = ""
    where: ClassVar[str] = "the output folder of your search: smac3_output/NAME/SEED, with runhistory.json"

    def _read_history(self, source: Path) -> ToolHistory:
        folder = _find_folder(source, self.where)
        history = load_object(folder / "runhistory.json", self.where)
        scenario = _load_optional(folder / "scenario.json")
        named = scenario.get("objectives", "cost")
        goals = [Goal(str(name), "minimize") for name in ([named] if isinstance(named, str) else named)]
        entries = [entry for entry in history["data"] if _read_status(entry) != _RUNNING]
        runs = [_read_run(entry, history["configs"], len(goals)) for entry in entries]
        declared = _load_optional(folder / "configspace.json")
        space = read_configspace_json(declared) if declared else DeclaredSpace({}, [], [])
        left = len(history["data"]) - len(entries)
        remarks = [f"{left} training runs that had not ended are left out"] if left else []
        return ToolHistory("SMAC3", str(scenario.get("name") or folder.name), goals, runs, space, remarks)


def _find_folder(source: Path, where: str) -> Path:
    """Return the folder that holds the run history.

    Raises:
        SourceError: there is none below ``source``, or several.
    """
    if source.is_file():
        return source.parent
    found = sorted(source.rglob("runhistory.json")) if source.is_dir() else []
    if len(found) != 1:
        raise SourceError(f"{source} holds {len(found)} files runhistory.json, expected one; {where}")
    return found[0].parent


def _load_optional(path: Path) -> dict[str, Any]:
    return load_object(path, "it belongs to the output of SMAC3") if path.is_file() else {}


def _read_status(entry: Mapping[str, Any]) -> int:
    status = entry["status"]
    return _NAMED.get(status, -1) if isinstance(status, str) else int(status)


def _read_run(entry: Mapping[str, Any], configs: Mapping[str, Mapping[str, Any]], n: int) -> ToolRun:
    """Return one training run; ``n`` is the number of objectives."""
    done = _read_status(entry) == _SUCCESS
    costs = entry["cost"] if isinstance(entry["cost"], list) else [entry["cost"]]
    if len(costs) != n:
        raise ValueError(f"{len(costs)} costs for {n} objectives")
    budget = entry.get("budget")
    return ToolRun(
        configs[str(entry["config_id"])],
        COMPLETE if done else FAILED,
        tuple(float(cost) if done else math.nan for cost in costs),
        _read_seconds(entry),
        budget=float(budget) if budget else None,
        repeat=(entry.get("instance"), entry.get("seed")),
    )


def _read_seconds(entry: Mapping[str, Any]) -> float:
    """Return the time that SMAC3 measured, or that between start and end where it could not measure (a crash)."""
    seconds = float(entry["time"])
    if seconds > 0 or "starttime" not in entry or "endtime" not in entry:
        return seconds
    return max(0.0, float(entry["endtime"]) - float(entry["starttime"]))
