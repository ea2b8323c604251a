"""Make genuine files of SMAC3 2.4.1: ``runhistory.json``, ``configspace.json``, ``scenario.json``, ``expected.json``.

Run in an environment with ``smac==2.4.1`` and ``ConfigSpace==1.2.2``: ``python make.py``. The search is multi-fidelity:
each budget is a training run from scratch.
"""

import json
import math
import shutil
import sys
from pathlib import Path

import ConfigSpace as CS
from smac import MultiFidelityFacade, Scenario
from smac.runhistory import StatusType

FOLDER = Path(__file__).parent


def make_space():
    space = CS.ConfigurationSpace(seed=3)
    optimizer = CS.CategoricalHyperparameter("optimizer", ["sgd", "adam"])
    momentum = CS.UniformFloatHyperparameter("momentum", 0.0, 0.99)
    space.add(
        optimizer,
        momentum,
        CS.UniformFloatHyperparameter("lr", 1e-4, 1e-1, log=True),
        CS.UniformIntegerHyperparameter("depth", 1, 3),
        CS.UniformIntegerHyperparameter("width", 8, 256, log=True),
        CS.OrdinalHyperparameter("batch", [16, 32, 64]),
        CS.Constant("schedule", "cosine"),
    )
    space.add(CS.EqualsCondition(momentum, optimizer, "sgd"))
    return space


def train(config, seed, budget):
    if config["depth"] == 3 and config["optimizer"] == "adam":
        raise ValueError("out of memory")
    loss = 0.1 + 0.02 * abs(config["depth"] - 2) + 3 * abs(config["lr"] - 0.01) + 0.0001 * config["batch"]
    loss += 0.001 * abs(config["width"] - 64) ** 0.5
    if config["optimizer"] == "sgd":
        loss -= 0.02 * config["momentum"]
    return float(loss + 0.3 / budget + 1e-9 * seed)


def main():
    work = FOLDER / "work"
    shutil.rmtree(work, ignore_errors=True)
    scenario = Scenario(
        make_space(), name="toy", output_directory=work, n_trials=40, min_budget=1, max_budget=9, deterministic=True,
        seed=3, crash_cost=10.0,
    )  # fmt: skip
    search = MultiFidelityFacade(scenario, train, overwrite=True, logging_level=40)
    incumbent = search.optimize()
    history = search.runhistory
    runs = dict(history.items())
    failed = [run for run in runs.values() if run.status != StatusType.SUCCESS]
    at_end = [run for key, run in runs.items() if history.get_config(key.config_id) == incumbent and key.budget == 9]
    expected = {
        "n_trials": len(runs),
        "n_failed": len(failed),
        "n_configurations": len(history.get_configs()),
        "budgets": sorted({key.budget for key in runs}),
        "best": dict(incumbent),
        "best_value": at_end[0].cost,
        "direction": "minimize",
        "total_s": math.fsum(run.time for run in runs.values()),
    }
    for path in sorted(work.rglob("*.json")):
        if path.name in ("runhistory.json", "configspace.json", "scenario.json"):
            shutil.copy(path, FOLDER / path.name)
    shutil.rmtree(work)
    for path in (FOLDER / "scenario.json", FOLDER / "runhistory.json"):  # they name this machine's folders
        path.write_text(path.read_text().replace(f"{FOLDER}/", "").replace(f"{sys.prefix}/", ""))
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1, default=lambda value: value.item()) + "\n")


if __name__ == "__main__":
    main()
