"""The exports of hyperparameter tuners and experiment trackers: which columns are decisions, scores and costs.

Known are Optuna's ``Study.trials_dataframe()``, Ray Tune's ``ResultGrid.get_dataframe()`` and ``progress.csv``, the
runs that Weights & Biases exports, MLflow's ``search_runs()``, and scikit-learn's ``cv_results_``.
"""

import re
from collections.abc import Collection
from typing import NamedTuple


class Tuner(NamedTuple):
    """The columns of one program's export. Each pattern matches a whole column name.

    Attributes:
        name: the name of the export, for messages.
        needs: columns that together identify the export.
        decision: pattern whose first group is the decision's name; empty if decisions have no common prefix.
        score: pattern whose first group, or whole match, is the metric's name; empty if scores have no common form.
        cost: columns with the time of a whole trial, and their units; the most suitable one first.
        ignored: columns about neither the architecture nor its quality.
        where: column and text that mark successful trials; None if all trials count.
        epoch: column of the epochs; empty if a trial is one row.
        direction: direction of all scores; empty if the export does not say.
    """

    name: str
    needs: frozenset[str]
    decision: str
    score: str
    cost: tuple[tuple[str, str], ...]
    ignored: str
    where: tuple[str, str] | None = None
    epoch: str = ""
    direction: str = ""

    def find_decision(self, column: str) -> str:
        """Return the name of the decision in a column; empty if it holds none."""
        match = re.fullmatch(self.decision, column) if self.decision else None
        return match[1] if match else ""

    def score_of(self, column: str) -> str:
        """Return the name of the metric in a column of scores; empty if it holds none."""
        match = re.fullmatch(self.score, column) if self.score else None
        return next((group for group in (*match.groups(), match[0]) if group), "") if match else ""

    def ignores(self, column: str) -> bool:
        """Return whether a column is neither a decision nor a result."""
        return re.fullmatch(self.ignored, column) is not None


_TUNERS = (
    Tuner(
        "Optuna's frame of trials",
        frozenset(("number", "state")),
        decision=r"params_(.+)",
        score=r"value|values_.+",
        cost=(("duration", "duration"),),
        ignored=r"number|state|datetime_\w+|(?:user|system)_attrs_.*",
        where=("state", "COMPLETE"),
    ),
    Tuner(
        "Ray Tune's frame of results",
        frozenset(("training_iteration", "trial_id")),
        decision=r"config/(.+)",
        score="",
        cost=(("time_total_s", "s"),),
        ignored=(
            r"done|trial_id|date|timestamp|pid|hostname|node_ip|time_this_iter_s|time_since_restore|logdir|"
            r"iterations_since_restore|timesteps_\w+|episodes_total|experiment_\w+|trial_log_path|should_checkpoint|"
            r"checkpoint_dir_name|warmup_time"
        ),
        epoch="training_iteration",
    ),
    Tuner(
        "the runs of Weights & Biases",
        frozenset(("Name", "State")),
        decision=r"config\.(.+)",
        score=r"summary\.(.+)",
        cost=(("_runtime", "s"), ("summary._runtime", "s"), ("Runtime", "s")),
        ignored=(
            r"Name|State|Notes|User|Tags|Created|Updated|End Time|Runtime|Sweep|ID|Group|Job Type|Host|Hostname|Commit|"
            r"Description|Agent|GPU.*|(?:summary\.)?_(?:step|runtime|timestamp|wandb.*)"
        ),
        where=("State", "finished"),
    ),
    Tuner(
        "MLflow's frame of runs",
        frozenset(("run_id", "status", "artifact_uri")),
        decision=r"params\.(.+)",
        score=r"metrics\.(.+)",
        cost=(),
        ignored=r"run_id|experiment_id|status|artifact_uri|start_time|end_time|user_id|lifecycle_stage|tags\..*",
        where=("status", "FINISHED"),
    ),
    Tuner(
        "scikit-learn's cv_results_",
        frozenset(("params", "mean_fit_time")),
        decision=r"param_(.+)",
        score=r"mean_test_(.+)",
        cost=(("mean_fit_time", "s"),),
        ignored=r"params|std_.*|rank_.*|split\d+_.*|mean_score_time|mean_train_.*",
        direction="maximize",
    ),
)
_INDEX = re.compile(r"|unnamed: \d+|index|level_0", re.IGNORECASE)


def find_tuner(columns: Collection[str]) -> Tuner | None:
    """Return the program that writes such columns; None if it is unknown."""
    return next(
        (
            tuner
            for tuner in _TUNERS
            if tuner.needs <= set(columns)
            and (tuner.needs == {"Name", "State"} or any(map(tuner.find_decision, columns)))
        ),
        None,
    )


def is_index(column: str) -> bool:
    """Return whether a column has one of pandas' names for row numbers."""
    return _INDEX.fullmatch(column) is not None
