"""Make genuine files of Ax 1.3.1: ``experiment.json`` (a snapshot), ``trials.csv`` and ``expected.json``.

Run in an environment with ``ax-platform==1.3.1``: ``python make.py``.
"""

import json
import time
from pathlib import Path

from ax.api.client import Client
from ax.api.configs import ChoiceParameterConfig, RangeParameterConfig
from ax.storage.json_store.save import save_experiment

FOLDER = Path(__file__).parent


def train(parameters):
    loss = 0.1 + 0.02 * abs(parameters["depth"] - 2) + 3 * abs(parameters.get("lr", 0.03) - 0.01)
    loss += 0.001 * abs(parameters["width"] - 64) ** 0.5 - 0.02 * parameters.get("momentum", 0.0)
    time.sleep(0.01)
    return loss


def main():
    client = Client(random_seed=3)
    client.configure_experiment(
        name="toy",
        parameters=[
            ChoiceParameterConfig(
                name="optimizer",
                parameter_type="str",
                values=["sgd", "adam"],
                is_ordered=False,
                dependent_parameters={"sgd": ["momentum"], "adam": ["lr"]},
            ),
            RangeParameterConfig(name="lr", parameter_type="float", bounds=(1e-4, 1e-1), scaling="log"),
            RangeParameterConfig(name="momentum", parameter_type="float", bounds=(0.0, 0.99)),
            RangeParameterConfig(name="depth", parameter_type="int", bounds=(1, 3)),
            RangeParameterConfig(name="width", parameter_type="int", bounds=(8, 256), scaling="log"),
            ChoiceParameterConfig(name="batch", parameter_type="int", values=[16, 32, 64], is_ordered=True),
        ],
    )
    client.configure_optimization(objective="-loss")
    client.configure_generation_strategy(method="random_search")
    first = {}
    for number in range(9):
        ((trial, parameters),) = client.get_next_trials(max_trials=1).items()
        first = first or parameters
        if parameters["depth"] == 3 and parameters["optimizer"] == "adam":
            client.mark_trial_failed(trial)
        elif number == 5:
            client.mark_trial_abandoned(trial)
        else:
            client.complete_trial(trial, raw_data={"loss": (train(parameters), 0.0)})
    again = client.attach_trial(first)  # the first configuration once more
    client.complete_trial(again, raw_data={"loss": (train(first) + 0.001, 0.0)})
    save_experiment(
        client._experiment, str(FOLDER / "experiment.json")
    )  # the client's own file is larger: it adds its models
    frame = client.summarize()
    frame.to_csv(FOLDER / "trials.csv", index=False)
    complete = frame[frame["trial_status"] == "COMPLETED"]
    best, *_ = client.get_best_parameterization(use_model_predictions=False)
    expected = {
        "n_trials": len(frame),
        "n_complete": len(complete),
        "n_failed": int((frame["trial_status"] == "FAILED").sum()),
        "best": dict(best),
        "best_value": float(complete["loss"].min()),
        "direction": "minimize",
    }
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()
