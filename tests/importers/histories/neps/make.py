"""Make genuine folders of NePS 0.17.0: ``searched`` (complete training runs) and ``rungs`` (several fidelities).

Run in an environment with ``neural-pipeline-search==0.17.0``: ``python make.py``. Pickles and locks are left out of the
folders, since the importer never reads them.
"""

import json
import math
import random
import shutil
import sys
from pathlib import Path

import neps
import numpy as np
import torch
from neps.state.neps_state import NePSState

FOLDER = Path(__file__).parent


class Space(neps.PipelineSpace):
    optimizer = neps.Categorical(("sgd", "adam"))
    lr = neps.Float(1e-4, 1e-1, log=True)
    dropout = neps.Float(0.0, 0.5)
    depth = neps.Integer(1, 3)
    width = neps.Integer(8, 256, log=True)


class Rungs(neps.PipelineSpace):
    optimizer = neps.Categorical(("sgd", "adam"))
    lr = neps.Float(1e-4, 1e-1, log=True)
    dropout = neps.Float(0.0, 0.5)
    depth = neps.Integer(1, 3)
    width = neps.Integer(8, 256, log=True)
    epochs = neps.IntegerFidelity(1, 9)


def train(optimizer, lr, dropout, depth, width, epochs=9):
    if depth == 3 and optimizer == "adam":
        raise ValueError("out of memory")
    loss = 0.1 + 0.02 * abs(depth - 2) + 3 * abs(lr - 0.01) + 0.001 * abs(width - 64) ** 0.5 + 0.05 * dropout
    return {"objective_to_minimize": loss + 0.3 / epochs, "cost": float(epochs * depth)}


def run(name, space, optimizer, n):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    neps.run(train, space, root_directory=folder, optimizer=optimizer, total_evaluations_to_spend=n, ignore_errors=True)
    reports = [trial.report for trial in read_trials(folder)]
    done = [report for report in reports if report.reported_as == "success"]
    best = min(read_done(folder), key=lambda trial: trial.report.objective_to_minimize)
    expected = {
        "n_trials": len(reports),
        "n_failed": len(reports) - len(done),
        "best": read_config(best, space),
        "best_value": best.report.objective_to_minimize,
        "direction": "minimize",
        "total_s": math.fsum(report.evaluation_duration for report in reports),
    }
    (FOLDER / f"{name}.expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    clean(folder)


def read_config(trial, space):
    """Return a configuration by the names in the space; NePS's own reader wants its long names."""
    if "optimizer" in trial.config:
        return dict(trial.config)
    return dict(neps.load_config(space, dict(trial.config)))


def read_trials(folder):
    state = NePSState.create_or_load(folder, load_only=True)
    return [trial for trial in state.lock_and_read_trials().values() if trial.report is not None]


def read_done(folder):
    """Return the successful trials of the largest fidelity."""
    done = [trial for trial in read_trials(folder) if trial.report.reported_as == "success"]
    fidelity = "ENVIRONMENT__epochs"
    most = max(trial.config.get(fidelity, 0) for trial in done)
    return [trial for trial in done if trial.config.get(fidelity, 0) == most]


def clean(folder):
    """Remove pickles, locks and plots, which no importer reads, and this machine's folders."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".pkl", ".lock", ".jsonl", ".txt") or path.parent.name == "summary":
            path.unlink()
        elif path.is_file():
            path.write_text(path.read_text().replace(f"{FOLDER}/", "").replace(f"{sys.prefix}/", ""))
    (folder / "summary").rmdir()


if __name__ == "__main__":
    for seed in (np.random.seed, random.seed, torch.manual_seed):
        seed(3)
    run("searched", Space(), "random_search", 10)
    run("rungs", Rungs(), "neps_hyperband", 14)
