"""NAS-Bench-301: the numbers of the one genuine file in its repository, and invented curves in the same layout.

The genuine one, written out again by hand, is
``nasbench301/surrogate_models/test/results_fidelity_0/results_0.json`` of automl/nasbench301.
"""

import copy
import json

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import SourceError
from nasbench.importers import import_source
from nasbench.importers import nasbench301_runs as module
from nasbench.importers.nasbench301_runs import NASBench301Runs
from nasbench.spaces.darts import DARTS

DARTS_KEY = "NetworkSelectorDatasetInfo:darts:"
EPOCHS = "SimpleLearningrateSchedulerSelector:cosine_annealing:T_max"
CELLS = {
    "normal": ({0: "skip_connect", 1: "sep_conv_3x3", 2: "sep_conv_3x3", 3: "skip_connect", 5: "dil_conv_3x3",
                7: "dil_conv_5x5", 10: "sep_conv_3x3", 11: "skip_connect"}, {3: "0_1", 4: "0_2", 5: "1_2"}),
    "reduce": ({0: "max_pool_3x3", 1: "avg_pool_3x3", 2: "skip_connect", 3: "dil_conv_5x5", 6: "sep_conv_3x3",
                7: "sep_conv_5x5", 11: "sep_conv_3x3", 12: "dil_conv_3x3"}, {3: "0_1", 4: "1_2", 5: "2_3"}),
}  # fmt: skip


def genuine():
    """Return the contents of the genuine file, without the hyperparameters that are the same everywhere."""
    configuration = {
        f"{DARTS_KEY}layers": 20,
        f"{DARTS_KEY}init_channels": 50,
        EPOCHS: 1500,
        "CreateImageDataLoader:batch_size": 96,
        "OptimizerSelector:sgd:learning_rate": 0.02920949203420479,
        "OptimizerSelector:sgd:weight_decay": 0.0003974557149504894,
    }
    for cell, (edges, inputs) in CELLS.items():
        configuration |= {f"{DARTS_KEY}edge_{cell}_{number}": operation for number, operation in edges.items()}
        configuration |= {f"{DARTS_KEY}inputs_node_{cell}_{node}": pair for node, pair in inputs.items()}
    return {
        "final_metric_score": -97.68,
        "optimized_hyperparamater_config": configuration,
        "budget": 1500,
        "info": [
            {
                "train_loss": 0.6592820829957724,
                "train_accuracy": 86.63792774960372,
                "train_cross_entropy": 1.5774877621033327,
                "val_accuracy": 97.68,
                "val_cross_entropy": 0.11181110654650256,
                "epochs": 1488,
                "model_parameters": 6369358,
                "train_datapoints": 40000,
                "val_datapoints": 10000,
            }
        ],
        "test_accuracy": 97.54,
        "runtime": 365136,
    }


def with_curves(operation="sep_conv_3x3", accuracy=90.0, **changes):
    """Return an invented run of 98 of 100 epochs."""
    run = genuine()
    run["optimized_hyperparamater_config"] |= {f"{DARTS_KEY}layers": 8, f"{DARTS_KEY}init_channels": 32, EPOCHS: 100}
    run["optimized_hyperparamater_config"][f"{DARTS_KEY}edge_normal_0"] = operation
    run["info"][0] |= {"epochs": 98, "val_accuracy": accuracy}
    run["learning_curves"] = {
        "Train/val_accuracy": np.linspace(40, accuracy, 98).round(2).tolist(),
        "Train/train_accuracy": np.linspace(30, 80, 98).tolist(),
        "Train/train_loss": np.linspace(2, 0.5, 98).tolist(),
        "Train/lr": np.linspace(0.03, 0, 98).tolist(),
    }
    return run | {"budget": 100, "test_accuracy": accuracy - 0.5, "runtime": 5000.0} | changes


def written(folder, runs):
    for name, run in runs.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(run if isinstance(run, str) else json.dumps(run))
    return folder


def one_recipe(table):
    return next(iter(sorted({recipe for _, recipe, *_ in table.measurements})))


def test_the_genuine_run(tmp_path):
    folder = written(tmp_path / "source", {"results_fidelity_0/results_0.json": genuine()})
    table = import_source(NASBench301Runs(), folder, tmp_path / "runs.h5", n_jobs=1)
    index = table.index(DARTS().parse_configurations([genuine()["optimized_hyperparamater_config"]]))
    recipe = one_recipe(table)
    assert recipe.startswith("epochs1500_channels50_layers20-")
    info = genuine()["info"][0]
    for split, metric, value in (
        ("valid", "accuracy", 0.9768),
        ("valid", "loss", info["val_cross_entropy"]),
        ("test", "accuracy", 0.9754),
        ("train", "accuracy", 0.8663792774960372),
        ("train", "loss", info["train_loss"]),
        ("train", "train_s", 365136),
        ("train", "n_params", 6369358),
    ):
        assert table.query(index, dataset="cifar10", recipe=recipe, split=split, metric=metric)[0] == pytest.approx(
            value
        )
        assert table.describe("cifar10", recipe, split, metric)["epochs"] == [1488]


RUNS = {
    "rs/results_0.json": with_curves(),
    "rs/results_1.json": with_curves("max_pool_3x3", 85.0),
    "rs/results_10.json": with_curves(accuracy=91.0),  # a second run of the first
    "tpe/results_3.json": with_curves(),  # the first file again
    "tpe/results_7.json": genuine(),  # another recipe
}


def test_every_epoch_of_every_run(tmp_path):
    table = import_source(NASBench301Runs(), written(tmp_path / "source", RUNS), tmp_path / "runs.h5", n_jobs=1)
    assert len(table) == 3
    for name, seed in (("rs/results_0.json", 0), ("rs/results_1.json", 0), ("rs/results_10.json", 1)):
        run = RUNS[name]
        index = table.index(DARTS().parse_configurations([run["optimized_hyperparamater_config"]]))
        where = {
            "dataset": "cifar10",
            "recipe": module._name_recipe(run["optimized_hyperparamater_config"]),
            "seed": seed,
        }
        for split, metric, key, scale in (
            ("valid", "accuracy", "Train/val_accuracy", 100),
            ("train", "accuracy", "Train/train_accuracy", 100),
            ("train", "loss", "Train/train_loss", 1),
        ):
            stored = table.curves(index, **where, split=split, metric=metric)[0]
            np.testing.assert_allclose(stored, np.array(run["learning_curves"][key]) / scale, rtol=1e-14)
        test = table.query(index, **where, split="test", metric="accuracy")[0]
        assert test == pytest.approx(run["test_accuracy"] / 100)
    assert table.describe("cifar10", where["recipe"], "valid", "accuracy")["seeds"] == [0, 1]


def test_parts_do_not_change_the_table(tmp_path, monkeypatch):
    folder = written(tmp_path / "source", RUNS)
    whole = import_source(NASBench301Runs(), folder, tmp_path / "whole.h5", n_jobs=1)
    monkeypatch.setattr(module, "_PART", 1)
    assert len(NASBench301Runs().parts(folder)) == 3
    assert import_source(NASBench301Runs(), folder, tmp_path / "parts.h5", n_jobs=1).checksum == whole.checksum


def test_a_recipe_is_all_that_is_not_about_the_cells():
    base = with_curves()["optimized_hyperparamater_config"]
    other = base | {"OptimizerSelector:sgd:learning_rate": 0.1}
    assert module._name_recipe(base) == module._name_recipe(
        with_curves("avg_pool_3x3")["optimized_hyperparamater_config"]
    )
    assert module._name_recipe(base) != module._name_recipe(other)


def test_the_command_reads_one_file(tmp_path, home):
    written(tmp_path, {"results_0.json": genuine()})
    assert main(["import", "nasbench301_runs", str(tmp_path / "results_0.json"), "--jobs", "1"]) == 0


def _edit(change):
    run = copy.deepcopy(with_curves())
    change(run)
    return run


def _info(**values):
    return _edit(lambda run: run["info"][0].update(values))


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("{", "truncated or not JSON"),
        ({}, "no object 'optimized_hyperparamater_config'"),
        (_edit(lambda run: run["optimized_hyperparamater_config"].pop(f"{DARTS_KEY}edge_normal_0")), "edge_normal_0"),
        (_edit(lambda run: run["optimized_hyperparamater_config"].pop(EPOCHS)), "breaks the format.*T_max"),
        (_edit(lambda run: run.pop("info")), "breaks the format: KeyError.'info'"),
        (_edit(lambda run: run.update(info=[])), "breaks the format"),
        (_edit(lambda run: run.pop("test_accuracy")), "'test_accuracy'"),
        (_edit(lambda run: run.update(runtime="long")), "'long' is not a number"),
        (_edit(lambda run: run.update(runtime=-1)), "train_s -1 is out of range"),
        (_edit(lambda run: run.update(test_accuracy=975.4)), "test accuracy 975.4 is out of range"),
        (_edit(lambda run: run["learning_curves"]["Train/val_accuracy"].append(90.0)), "99 epochs of valid accuracy"),
        (_edit(lambda run: run["learning_curves"].update({"Train/val_accuracy": [0.9] * 98})), "not percentages"),
        (_edit(lambda run: run["learning_curves"].update({"Train/val_accuracy": [None] * 98})), "None is not a number"),
        (_info(epochs=0), "0 epochs"),
        (_info(model_parameters=6.37), "expected a plain number"),
    ],
)
def test_what_breaks_the_format_is_named(tmp_path, run, says):
    folder = written(tmp_path / "source", {"results_0.json": run})
    with pytest.raises(SourceError, match=says) as caught:
        import_source(NASBench301Runs(), folder, tmp_path / "runs.h5", n_jobs=1)
    assert "results_0.json" in str(caught.value)
    assert not (tmp_path / "runs.h5").exists()


def test_where_to_get_it(tmp_path):
    for source in (tmp_path, tmp_path / "absent"):
        with pytest.raises(SourceError, match=r"github\.com/automl/nasbench301"):
            NASBench301Runs().parts(source)
