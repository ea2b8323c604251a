"""A study of Optuna, from its storage: the SQLite file of an RDB storage, or the file of a journal storage.

Source: Akiba, Sano, Yanase, Ohta & Koyama 2019 (arXiv 1907.10902); the files are those of Optuna 2 to 5. Optuna is not
needed to read them. If a storage holds several studies, choose one: ``nasbench import 'optuna_study,study=NAME' FILE``.

The storage holds the distribution of each parameter, but not when it is suggested: the importer finds in the trials
which decision's value makes a parameter appear. Intermediate values are a learning curve if the result of each trial is
its last one, and a column ``METRIC_by_epoch`` otherwise; step 0 is epoch 1. A trial that was pruned or that failed has
its seconds, but no score. A failed trial that had not yet been given all of its parameters is left out.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import InvalidOption, SourceError, make_unknown_name
from nasbench.importers._histories import HistoryImporter, ToolHistory
from nasbench.importers._history_columns import COMPLETE, FAILED, STOPPED, Goal, ToolRun
from nasbench.importers._history_spaces import read_json_text
from nasbench.importers._optuna_storage import StoredTrial, read_storage
from nasbench.spaces import DeclaredSpace, complete_space, declare_distributions, explains_all

_STATES = {"COMPLETE": COMPLETE, "PRUNED": STOPPED, "FAIL": FAILED}


class OptunaHistory(HistoryImporter):
    """Reads one study of a storage.

    Args:
        study: name of the study; needed only if the storage holds several.
    """

    table: ClassVar[str] = ""
    where: ClassVar[str] = "the file of your storage: FILE of sqlite:///FILE, or the log of a JournalFileBackend"

    def __init__(self, *, study: str = "", name: str = "", space: str = "", unit: str = "") -> None:
        super().__init__(name=name, space=space, unit=unit)
        self._study = study

    def _read_history(self, source: Path) -> ToolHistory:
        studies = read_storage(source)
        study = studies[self._choose(list(studies), source)]
        finished = [trial for trial in study.trials if trial.state in _STATES]
        n = len(study.directions)
        names = study.metric_names or (["value"] if n == 1 else [f"values_{i}" for i in range(n)])
        domains = [_read_domains(trial) for trial in finished]
        chosen = {frozenset(trial.params) for trial in finished if trial.state != "FAIL"}
        runs = [_read_run(trial, own, chosen, n) for trial, own in zip(finished, domains, strict=True)]
        decisions = declare_distributions([own for own, run in zip(domains, runs, strict=True) if run.config])
        runs = _drop_incomplete(runs, decisions)
        left = len(study.trials) - len(finished)
        return ToolHistory(
            "Optuna",
            study.name,
            [Goal(name, direction) for name, direction in zip(names, study.directions, strict=True)],
            runs,
            DeclaredSpace(decisions, [], []),
            [f"{left} trials that had not ended are left out"] if left else [],
        )

    def _choose(self, names: list[str], source: Path) -> str:
        """Return the name of the study to read."""
        if self._study:
            if self._study not in names:
                raise make_unknown_name(f"study in {source.name}", self._study, names)
            return self._study
        if len(names) != 1:
            listed = ", ".join(map(repr, names[:12])) or "none"
            raise InvalidOption(f"{source} holds {len(names)} studies: {listed}; choose one: 'optuna_study,study=NAME'")
        return names[0]


def _read_domains(trial: StoredTrial) -> dict[str, Mapping[str, Any]]:
    """Return the distribution of each parameter of a trial."""
    return {name: read_json_text(text, f"the distribution of '{name}'") for name, (_, text) in trial.params.items()}


def _read_run(
    trial: StoredTrial, domains: Mapping[str, Mapping[str, Any]], chosen: Collection[frozenset[str]], n: int
) -> ToolRun:
    """Return a trial as a training run; without configuration if it failed before it had all parameters.

    Args:
        trial: a finished trial.
        domains: its distributions.
        chosen: the sets of parameters of the trials that did not fail.
        n: number of objectives.
    """
    config = {name: _read_value(name, value, domains[name]) for name, (value, _) in trial.params.items()}
    whole = trial.state != "FAIL" or frozenset(config) in chosen
    done = trial.state == "COMPLETE"
    values = tuple(trial.values.get(i, math.nan) if done else math.nan for i in range(n))
    curve = {step + 1: value for step, value in trial.steps.items() if step >= 0}
    return ToolRun(config if whole else {}, _STATES[trial.state], values, trial.seconds, curve)


def _drop_incomplete(runs: Sequence[ToolRun], decisions: dict[str, dict[str, Any]]) -> list[ToolRun]:
    """Empty the configurations of failed trials that lack parameters, by the conditions of all other trials."""
    sure = [dict(run.config) for run in runs if run.state != FAILED]
    space, _ = complete_space(DeclaredSpace(decisions, [], []), sure)
    conditions = [own for own in space.conditions if own["when"] in decisions]
    return [
        run if run.state != FAILED or explains_all(conditions, run.config) else run._replace(config={}) for run in runs
    ]


def _read_value(name: str, stored: float, domain: Mapping[str, Any]) -> Any:
    """Return the value of a parameter from the number that the storage holds."""
    kind, about = domain["name"], domain["attributes"]
    if kind == "CategoricalDistribution":
        choices = about["choices"]
        if not 0 <= stored < len(choices):
            raise SourceError(f"parameter '{name}' is choice {stored} of {len(choices)}")
        return choices[int(stored)]
    return int(stored) if kind.startswith("Int") else stored
