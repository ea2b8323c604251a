"""An experiment of Ax, from a JSON snapshot, or from the CSV of its data frame.

Source: Bakshy, Dworkin, Karrer, Kashin, Letham, Murthy & Singh 2018, "AE: A domain-agnostic platform for adaptive
experimentation"; the files are those of ``Client.save_to_json_file``, ``AxClient.save_to_json_file`` and
``save_experiment`` of Ax 0.3 to 1.3. Ax is not needed to read them. The snapshot rounds results to about ten digits.

A snapshot holds the search space with its dependent parameters, the objectives and the times. A trial that failed or
was abandoned has its seconds, but no score. The CSV of ``Client.summarize()`` or ``exp_to_df`` holds neither space nor
direction: name the metric, with a minus if less is better, ``nasbench import 'ax,objective=-loss' trials.csv``.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers._histories import HistoryImporter, ToolHistory
from nasbench.importers._history_columns import COMPLETE, FAILED, STOPPED, Goal, ToolRun
from nasbench.importers._history_spaces import guess_value, read_json_text
from nasbench.importers._json import load_object
from nasbench.importers._separated import read_text
from nasbench.spaces import DeclaredSpace, declare_integer, declare_real

_STATES = {"COMPLETED": COMPLETE, "EARLY_STOPPED": STOPPED, "FAILED": FAILED, "ABANDONED": FAILED}
_ABOUT_TRIAL = ("trial_index", "arm_name", "trial_status", "generation_node", "generation_method", "reason")
_TERM = re.compile(r"\s*(-?)\s*(?:1(?:\.0)?\s*\*\s*)?([A-Za-z_][\w.:/ ]*?)\s*")


class Ax(HistoryImporter):
    """Reads one experiment.

    Args:
        objective: the metric to observe, with a minus if it is minimised; needed for a CSV.
    """

    table: ClassVar[str] = ""
    where: ClassVar[str] = "a JSON file of client.save_to_json_file or save_experiment, or summarize().to_csv"

    def __init__(self, *, objective: str = "", name: str = "", space: str = "", unit: str = "") -> None:
        super().__init__(name=name, space=space, unit=unit)
        self._objective = objective

    def _read_history(self, source: Path) -> ToolHistory:
        if source.suffix == ".csv":
            return self._read_frame(source)
        if source.suffix != ".json":
            raise SourceError(f"{source} is neither a .json nor a .csv file; expected {self.where}")
        loaded = load_object(source, self.where)
        experiment = loaded.get("experiment", loaded)
        if not isinstance(experiment, dict) or not {"search_space", "trials"} <= experiment.keys():
            raise SourceError(f"{source} is not an experiment of Ax; expected {self.where}")
        goals = self._read_goals() or _read_objective(experiment.get("optimization_config"))
        space = _read_space(experiment["search_space"])
        trials = sorted(experiment["trials"].items(), key=lambda item: int(item[0]))
        results = {index: _read_data(experiment.get("data_by_trial", {}).get(index, {})) for index, _ in trials}
        runs = [run for index, trial in trials for run in _read_trial(trial, results[index], goals, space)]
        left = sum(trial["status"]["name"] not in _STATES for _, trial in trials)
        remarks = [f"{left} trials that had not ended are left out"] if left else []
        return ToolHistory("Ax", str(experiment.get("name") or source.stem), goals, runs, space, remarks)

    def _read_goals(self) -> list[Goal]:
        return _parse_objective(self._objective) if self._objective else []

    def _read_frame(self, source: Path) -> ToolHistory:
        """Read a data frame of trials."""
        goals = self._read_goals()
        if not goals:
            raise InvalidOption(
                "the CSV does not name its objective: say 'ax,objective=METRIC', or -METRIC to minimise"
            )
        rows = list(csv.DictReader(io.StringIO(read_text(source))))
        if not rows or not {"trial_index", "trial_status", *(goal.metric for goal in goals)} <= set(rows[0]):
            raise SourceError(f"{source} lacks trial_index, trial_status or the objective; expected {self.where}")
        ended = [row for row in rows if row["trial_status"] in _STATES]
        named = _find_decisions(ended, goals)
        runs = []
        for row in ended:
            config = {name: guess_value(row[name]) for name in named if row[name]}
            state = _STATES[row["trial_status"]]
            texts = [row[goal.metric] if state == COMPLETE else "" for goal in goals]
            runs.append(ToolRun(config, state, tuple(float(text) if text else math.nan for text in texts)))
        remarks = [f"{len(rows) - len(ended)} trials that had not ended are left out"] if len(ended) < len(rows) else []
        return ToolHistory("Ax", source.stem, goals, runs, DeclaredSpace({}, [], []), remarks)


def _find_decisions(rows: Sequence[Mapping[str, str]], goals: Sequence[Goal]) -> list[str]:
    """Return the columns of decisions: not those about the trial, nor metrics, which trials without result lack."""
    known = {*_ABOUT_TRIAL, *(goal.metric for goal in goals)}
    failed = [row for row in rows if _STATES[row["trial_status"]] == FAILED]
    left = [name for name in (rows[0] if rows else ()) if name not in known]
    metrics = {
        name
        for name in left
        if failed and not any(row[name] for row in failed) and all(r[name] for r in rows if r not in failed)
    }
    return [name for name in left if name not in metrics]


def _read_objective(config: Mapping[str, Any] | None) -> list[Goal]:
    """Return the objectives of an optimization config, in the form of any release.

    Raises:
        InvalidOption: the experiment has none.
    """
    if not config:
        raise InvalidOption("the experiment has no objective: say 'ax,objective=METRIC', or -METRIC to minimise")
    objective = config["objective"]
    if "expression" in objective:
        return _parse_objective(str(objective["expression"]))
    found = []
    for own in objective.get("objectives", [objective]):
        name, minimize = own["metric"]["name"], own.get("minimize", own["metric"].get("lower_is_better"))
        found.append(Goal(str(name), "minimize" if minimize else "maximize"))
    return found


def _parse_objective(text: str) -> list[Goal]:
    """Parse ``accuracy, -latency``.

    Raises:
        InvalidOption: a term is a sum or a product of metrics.
    """
    found = []
    for term in text.split(","):
        match = _TERM.fullmatch(term)
        if not match:
            raise InvalidOption(f"objective {term!r} is not one metric; choose one: 'ax,objective=METRIC' or -METRIC")
        found.append(Goal(match[2], "minimize" if match[1] else "maximize"))
    return found


def _read_space(space: Mapping[str, Any]) -> DeclaredSpace:
    """Return the declaration of a search space with its dependent parameters."""
    decisions, conditions = {}, []
    for own in space["parameters"]:
        decisions[str(own["name"])] = _declare(own)
        parents: dict[str, list[Any]] = {}
        for value, children in (own.get("dependents") or {}).items():
            for child in children:
                parents.setdefault(str(child), []).append(_find_value(decisions[str(own["name"])], value))
        conditions += [{"decision": child, "when": own["name"], "is": values} for child, values in parents.items()]
    n = len(space.get("parameter_constraints") or ())
    return DeclaredSpace(decisions, conditions, [f"the space does not hold its {n} parameter constraints"] if n else [])


def _declare(own: Mapping[str, Any]) -> dict[str, Any]:
    """Declare one parameter."""
    if own["__type"] == "FixedParameter":
        return {"categorical": [own["value"]]}
    if own["__type"] == "ChoiceParameter":
        ordered = own.get("is_ordered") and own["parameter_type"]["name"] in ("INT", "FLOAT")
        return {"ordinal" if ordered else "categorical": list(own["values"])}
    if own["__type"] == "RangeParameter":
        declare = declare_integer if own["parameter_type"]["name"] == "INT" else declare_real
        return declare(own["lower"], own["upper"], log=bool(own.get("log_scale")))
    raise SourceError(f"parameter '{own.get('name')}' has the unknown type {own['__type']!r}")


def _find_value(item: Mapping[str, Any], key: Any) -> Any:
    """Return the value that a key of ``dependents`` means: JSON writes keys as texts."""
    listed = next(iter(item.values()))
    return next((value for value in listed if value == key or str(value).lower() == str(key).lower()), key)


def _read_data(stored: Any) -> list[dict[str, Any]]:
    """Return the rows of a trial's data, as dictionaries; later ones replace earlier ones."""
    entries = stored.get("value", []) if isinstance(stored, Mapping) else []
    rows: list[dict[str, Any]] = []
    for _, data in sorted(entries, key=lambda item: int(item[0])):
        frame = data.get("df", {})
        columns = read_json_text(frame["value"], "the data of a trial") if "value" in frame else {}
        keys = list(next(iter(columns.values()), {}))
        rows += [{name: cells.get(key) for name, cells in columns.items()} for key in keys]
    return rows


def _read_trial(
    trial: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], goals: Sequence[Goal], space: DeclaredSpace
) -> Iterator[ToolRun]:
    """Yield one training run for each arm of a trial that has ended."""
    state = _STATES.get(trial["status"]["name"])
    if state is None:
        return
    seconds = _read_seconds(trial)
    arms = list(_list_arms(trial))
    for arm in arms:
        own = [row for row in rows if row.get("arm_name") == arm["name"]]
        results = [
            {_read_step(row): float(row["mean"]) for row in own if row["metric_name"] == g.metric} for g in goals
        ]
        values = tuple(result[max(result)] if result and state == COMPLETE else math.nan for result in results)
        curve = {step: value for step, value in results[0].items() if step > 0}
        config = _drop_inactive(dict(arm["parameters"]), space)
        yield ToolRun(config, state, values, seconds if len(arms) == 1 else math.nan, curve)


def _read_step(row: Mapping[str, Any]) -> int:
    """Return the step of a result: 0 for a result of the whole training run."""
    step = row.get("step")
    return int(step) if isinstance(step, int | float) and step == int(step) else 0


def _read_seconds(trial: Mapping[str, Any]) -> float:
    ends = [(trial.get(key) or {}).get("value") for key in ("time_run_started", "time_completed")]
    if not all(ends):
        return math.nan
    start, end = (datetime.fromisoformat(str(text)) for text in ends)
    return (end - start).total_seconds()


def _list_arms(trial: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the arms of a trial, or of a batch."""
    structs = trial.get("generator_run_structs")
    runs = [own["generator_run"] for own in structs] if structs else [trial["generator_run"]]
    for run in runs:
        yield from run["arms"]


def _drop_inactive(config: dict[str, Any], space: DeclaredSpace) -> dict[str, Any]:
    """Remove decisions that are inactive: some releases fill them in."""
    for _ in space.conditions:
        for own in space.conditions:
            if config.get(own["when"]) not in own["is"]:
                config.pop(own["decision"], None)
    return config
