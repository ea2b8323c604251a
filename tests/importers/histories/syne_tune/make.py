"""Make genuine files of Syne Tune 0.16.0: ``results.csv.zip``, ``metadata.json`` and ``expected.json``.

Run in an environment with ``syne-tune==0.16.0``: ``python make.py``. Syne Tune stores its search space only in a
pickle, unless the user adds it to the metadata, as this script does.
"""

import json
import shutil
from pathlib import Path

from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import choice, config_space_to_json_dict, lograndint, loguniform, randint, uniform
from syne_tune.experiments import load_experiment
from syne_tune.optimizer.baselines import ASHA

FOLDER = Path(__file__).parent
SPACE = {
    "optimizer": choice(["sgd", "adam"]),
    "lr": loguniform(1e-4, 1e-1),
    "momentum": uniform(0.0, 0.99),
    "depth": randint(1, 3),
    "width": lograndint(8, 256),
    "epochs": 4,
}


def main():
    tuner = Tuner(
        trial_backend=LocalBackend(str(FOLDER / "train.py")),
        scheduler=ASHA(
            SPACE, metric="accuracy", do_minimize=False, time_attr="epoch", max_t=4, grace_period=1, random_seed=3
        ),
        stop_criterion=StoppingCriterion(max_num_trials_finished=12),
        n_workers=2,
        max_failures=20,
        sleep_time=0.1,
        results_update_interval=1.0,
        tuner_name="toy",
        save_tuner=False,
        metadata={"config_space": config_space_to_json_dict(SPACE)},
    )
    tuner.run()
    for name in ("results.csv.zip", "metadata.json"):
        shutil.copy(tuner.tuner_path / name, FOLDER / name)
    experiment = load_experiment(tuner.name)
    frame = experiment.results
    best = experiment.best_config()
    expected = {
        "n_trials": int(frame["trial_id"].nunique()),
        "best": {key.removeprefix("config_"): value for key, value in best.items() if key.startswith("config_")},
        "best_value": float(frame["accuracy"].max()),
        "direction": experiment.metric_mode(),
        "total_s": float(frame.groupby("trial_id")["st_worker_time"].max().sum()),
    }
    (FOLDER / "std.out").unlink(missing_ok=True)
    shutil.rmtree(tuner.tuner_path)
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=1, default=lambda value: value.item()) + "\n")


if __name__ == "__main__":
    main()
