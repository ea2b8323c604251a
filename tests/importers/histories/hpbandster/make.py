"""Make genuine files of HpBandSter 0.7.4: ``results.json``, ``configs.json``, ``configspace.json``, ``expected.json``.

Run in an environment with ``hpbandster==0.7.4`` and ``ConfigSpace==1.2.2``: ``python make.py``. HpBandSter does not
store the search space; the script writes it beside the results with ConfigSpace.
"""

import json
import shutil
import sys
from pathlib import Path

import ConfigSpace as CS
import hpbandster.core.nameserver as hpns
import hpbandster.core.result as hpres
import numpy as np
import serpent
from hpbandster.core.worker import Worker
from hpbandster.optimizers import HyperBand

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
    )
    space.add(CS.EqualsCondition(momentum, optimizer, "sgd"))
    return space


class Toy(Worker):
    """Trains nothing: a formula of the configuration and the budget."""

    def compute(self, config_id, config, budget, working_directory):
        if config["depth"] == 3 and config["optimizer"] == "adam":
            raise ValueError("out of memory")
        loss = 0.1 + 0.02 * abs(config["depth"] - 2) + 3 * abs(config["lr"] - 0.01)
        loss += 0.001 * abs(config["width"] - 64) ** 0.5 - 0.02 * config.get("momentum", 0.0)
        return {"loss": float(loss + 0.3 / budget), "info": {"budget": budget}}


def main():
    for kind, plain in ((np.str_, str), (np.int64, int), (np.float64, float)):  # ConfigSpace's values, on the wire
        serpent.register_class(
            kind, lambda value, own, out, level, plain=plain: own._serialize(plain(value), out, level)
        )
    space = make_space()
    for name in ("results.json", "configs.json"):
        (FOLDER / name).unlink(missing_ok=True)
    server = hpns.NameServer(run_id="toy", host="127.0.0.1", port=None, working_directory=str(FOLDER / "pyro"))
    host, port = server.start()
    worker = Toy(nameserver=host, nameserver_port=port, run_id="toy")
    worker.run(background=True)
    search = HyperBand(
        configspace=space,
        run_id="toy",
        nameserver=host,
        nameserver_port=port,
        min_budget=1,
        max_budget=9,
        eta=3,
        result_logger=hpres.json_result_logger(directory=str(FOLDER), overwrite=True),
    )
    search.run(n_iterations=3)
    search.shutdown(shutdown_workers=True)
    server.shutdown()
    shutil.rmtree(FOLDER / "pyro", ignore_errors=True)
    space.to_json(FOLDER / "configspace.json")
    write_expected()
    results = FOLDER / "results.json"  # tracebacks name this machine's folders
    results.write_text(results.read_text().replace(f"{FOLDER}/", "").replace(f"{sys.prefix}/", ""))


def write_expected():
    result = hpres.logged_results_to_HBS_result(str(FOLDER))
    best = result.get_incumbent_id()
    runs = result.get_all_runs()
    full = [run for run in runs if run.config_id == best and run.budget == 9]
    expected = {
        "n_trials": len(runs),
        "n_failed": sum(run.loss is None for run in runs),
        "n_configurations": len({json.dumps(item["config"]) for item in result.get_id2config_mapping().values()}),
        "budgets": sorted({run.budget for run in runs}),
        "best": result.get_id2config_mapping()[best]["config"],
        "best_value": full[0].loss,
        "direction": "minimize",
        "total_s": sum(run.time_stamps["finished"] - run.time_stamps["started"] for run in runs),
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
