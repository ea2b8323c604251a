"""Make genuine files of Optuna 5.0.0: ``study.db`` (SQLite), ``journal.log`` and ``expected.json``.

Run in an environment with ``optuna==5.0.0`` and ``sqlalchemy``: ``python make.py``. The study has two uncommon parts on
purpose: a configuration that is trained twice, and a training run that raises an exception.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

FOLDER = Path(__file__).parent
STEPS = 4


def objective(trial):
    optimizer = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    lr = trial.suggest_float("lr", 1e-4, 1e-1, log=True)
    dropout = trial.suggest_float("dropout", 0.0, 0.5)
    depth = trial.suggest_int("depth", 1, 3)
    width = trial.suggest_int("width", 8, 256, log=True)
    quality = 0.9 - 0.02 * abs(depth - 2) - 0.1 * dropout - 0.001 * abs(width - 64) ** 0.5
    quality -= 3 * abs(lr - 0.01)
    if optimizer == "sgd":
        quality += 0.02 * trial.suggest_float("momentum", 0.0, 0.99)
    if depth > 1:
        quality += 0.01 * trial.suggest_categorical("skip", [True, False])
    if depth == 3 and optimizer == "adam":
        raise ValueError("out of memory")
    for step in range(STEPS):
        accuracy = quality * (1 - 0.5 ** (step + 1))
        trial.report(accuracy, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    return accuracy


def run(storage):
    study = optuna.create_study(
        study_name="toy",
        storage=storage,
        direction="maximize",
        sampler=optuna.samplers.RandomSampler(seed=2),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
    )
    study.set_metric_names(["accuracy"])
    study.optimize(objective, n_trials=16, catch=(ValueError,))
    study.enqueue_trial(study.best_params)  # the best configuration once more: a repetition
    study.optimize(objective, n_trials=1, catch=(ValueError,))
    return study


def write_expected(study, path):
    trials = study.trials
    states = [trial.state.name for trial in trials]
    complete = [trial for trial in trials if trial.state.name == "COMPLETE"]
    path.write_text(
        json.dumps(
            {
                "n_trials": len(trials),
                "n_complete": states.count("COMPLETE"),
                "n_pruned": states.count("PRUNED"),
                "n_failed": states.count("FAIL"),
                "n_configurations": len({tuple(sorted(trial.params.items())) for trial in trials}),
                "best": study.best_params,
                "best_value": study.best_value,
                "direction": study.direction.name.lower(),
                "total_s": sum(trial.duration.total_seconds() for trial in trials),
                "complete_s": sum(trial.duration.total_seconds() for trial in complete),
            },
            indent=1,
        )
        + "\n"
    )


if __name__ == "__main__":
    for old in (FOLDER / "study.db", FOLDER / "journal.log"):
        old.unlink(missing_ok=True)
    write_expected(run(f"sqlite:///{FOLDER / 'study.db'}"), FOLDER / "study.expected.json")
    with closing(sqlite3.connect(FOLDER / "study.db")) as database:  # smaller pages, or each empty table takes 4 kB
        database.execute("PRAGMA page_size = 512")
        database.execute("VACUUM")
    write_expected(
        run(JournalStorage(JournalFileBackend(str(FOLDER / "journal.log")))), FOLDER / "journal.expected.json"
    )
