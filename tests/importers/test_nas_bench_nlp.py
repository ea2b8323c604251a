"""NAS-Bench-NLP: logs written here as main_one_model_train.py writes them."""

import json
import math

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import NasbenchError, SourceError
from nasbench.importers import import_source
from nasbench.importers.nas_bench_nlp import NASBenchNLPLogs
from nasbench.spaces.nbnlp import NASBenchNLP


def node(op, *inputs):
    return {"op": op, "input": list(inputs)}


RNN = {"f": node("linear", "x", "h_prev_0"), "h_new_0": node("activation_tanh", "f")}
SUM = {"f": node("linear", "x", "h_prev_0"), "h_new_0": node("elementwise_sum", "f", "x")}
# Losses of the benchmark's best cell after its first two epochs and its last, and the perplexity of the last, as
# reproduce_model.ipynb prints them.
TRAIN = [5.530839014845893, 5.0933747344145015, 3.0601817999973107]
VALID = [5.564831170550847, 5.190218154131356, 4.41530952065678]
TEST = [5.528548453618022, 5.150762169106493, 4.368057399120145]
PERPLEXITY = 78.89023051795395
SECONDS = [237.8071584701538, 237.24799275398254, 233.26800107955933]


def log(recipe=RNN, **changes):
    """One log; the settings are those of the same notebook, but for the number of epochs."""
    return {
        "data": "data/ptb",
        "recepie_id": 17,
        "recepies_list_path": "data/models_recepies.json",
        "cuda": True,
        "batch_size": 20,
        "model": "CustomRNN",
        "emsize": 400,
        "nhid": 600,
        "nlayers": 3,
        "dropout": 0.1,
        "dropouth": 0.25,
        "dropouti": 0.4,
        "dropoute": 0.0,
        "wdrop": 0.1,
        "tied": True,
        "bptt": 70,
        "lr": 0.001,
        "wdecay": 1.2e-06,
        "epochs": 3,
        "alpha": 2,
        "beta": 1,
        "log_interval": 200,
        "clip": 0.25,
        "eval_batch_size": 50,
        "recepie": json.dumps(recipe),
        "experiment_id": 999949254,
        "init_time": "2020-04-19_08-20-59",
        "num_params": 10896400,
        "wall_times": SECONDS,
        "train_losses": TRAIN,
        "val_losses": VALID,
        "test_losses": TEST,
        "status": "OK",
    } | changes


def written(folder, *logs):
    for i, content in enumerate(logs):
        path = folder / f"log_stats_model_{i}_2020-04-19_08-20-59_99994925{i}.json"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def imported(folder, *logs):
    table = import_source(NASBenchNLPLogs(), written(folder, *logs), folder / "table.h5")
    (recipe,) = {column[1] for column in table.measurements}
    return table, {"dataset": "ptb", "recipe": recipe}


def index(table, recipe):
    return table.index(NASBenchNLP().parse([json.dumps(recipe)]))


def test_every_number_comes_out_again(tmp_path):
    table, where = imported(tmp_path, log())
    row = index(table, RNN)
    for split, losses in (("train", TRAIN), ("valid", VALID), ("test", TEST)):
        assert table.curves(row, **where, split=split, metric="loss", seed=0)[0] == pytest.approx(losses, rel=1e-6)
        axes = table.describe("ptb", where["recipe"], split, "loss")
        assert (axes["unit"], axes["direction"]) == ("nats", "minimize")
    last = table.query(row, **where, split="test", metric="loss")[0]
    assert math.exp(last) == pytest.approx(PERPLEXITY, rel=1e-5)
    seconds = table.curves(row, **where, split="train", metric="train_s", seed=0)[0]
    assert seconds == pytest.approx(np.cumsum(SECONDS), rel=1e-6)
    assert table.query(row, **where, split="train", metric="n_params") == [10_896_400]
    assert table.static(row, dataset="all", metric="official_id") == [17]


def test_a_training_that_diverged_stays_missing(tmp_path):
    nan = [5.5, math.nan]
    broken = log(SUM, train_losses=nan, val_losses=nan, test_losses=nan, wall_times=[2.0, 2.0], status="loss is nan!")
    never = {"train_losses": [], "val_losses": [], "test_losses": [], "wall_times": [], "status": "Exception: memory"}
    gru = {"g": node("linear", "x"), "h_new_0": node("blend", "g", "x", "h_prev_0")}
    table, where = imported(tmp_path, log(), broken, log(gru, **never))
    curve = table.curves(index(table, SUM), **where, split="valid", metric="loss", seed=0)[0]
    assert np.isnan(curve).tolist() == [False, True, True]
    assert np.isnan(table.curves(index(table, gru), **where, split="valid", metric="loss", seed=0)).all()
    assert len(table) == 3


def test_runs_of_one_recipe_are_its_seeds_and_a_copy_is_no_run(tmp_path):
    renamed = {"a": RNN["f"], "h_new_0": node("activation_tanh", "a")}
    again = log(renamed, val_losses=[5.4, 5.0, 4.2], recepie_id=12)
    table, where = imported(tmp_path, log(), again, log())
    values = [table.query(index(table, RNN), **where, split="valid", metric="loss", seed=seed)[0] for seed in (0, 1)]
    assert values == pytest.approx([VALID[-1], 4.2], rel=1e-6)
    assert len(table.describe("ptb", where["recipe"], "valid", "loss")["seeds"]) == 2
    assert table.static(index(table, RNN), dataset="all", metric="official_id") == [12]


def test_other_settings_are_another_recipe_and_other_texts_another_data_set(tmp_path):
    files = written(tmp_path, log(), log(dropout=0.4), log(data="data/wikitext-2"))
    table = import_source(NASBenchNLPLogs(), files, tmp_path / "table.h5")
    places = {column[:2] for column in table.measurements}
    assert len(places) == 3
    assert {place[0] for place in places} == {"ptb", "wikitext-2"}
    assert len({place[1] for place in places}) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "truncated or not JSON"),
        ("[]", "expected an object"),
        (log({"h_new_0": node("relu", "x")}), "log_stats_model_0.*cannot read"),
        (log(val_losses=[5.0, 4.0]), r"lists of \[2, 3\] values"),
        (log(epochs=2), "in a training run of 2 epochs"),
        (log(val_losses=[5.0, -4.0, 3.0]), "-4 is below 0"),
        (log(val_losses=[5.0, "4", 3.0]), "'4' is not a number"),
        (log(val_losses=5.0), "expected a list"),
        (log(val_losses=[261.0, 180.0, 82.7]), "smallest valid loss on ptb is 82.7: these are perplexities"),
        (log(num_params=10.9), "num_params is 10.9"),
        ({key: value for key, value in log().items() if key != "recepie"}, "'recepie'"),
        ({key: value for key, value in log().items() if key != "wdrop"}, "'wdrop'"),
    ],
)
def test_what_breaks_the_format_is_named_and_no_table_is_written(tmp_path, content, says):
    with pytest.raises(NasbenchError, match=says):
        import_source(NASBenchNLPLogs(), written(tmp_path, content), tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_where_to_get_it(tmp_path):
    for source in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(SourceError, match="fmsnew/nas-bench-nlp-release"):
            NASBenchNLPLogs().read(source)


def test_the_tasks_are_those_of_the_published_settings(tmp_path, home):
    # The settings of the published logs are those of the notebook, with 50 epochs.
    long = {"train_losses": [6.0] * 50, "test_losses": [5.0] * 50, "wall_times": [230.0] * 50, "epochs": 50}
    for i, recipe in enumerate((RNN, SUM)):
        losses = {"val_losses": [5.5 - i / 10] * 50}
        for name in ("ptb", "wikitext-2"):
            content = log(recipe, data=f"data/{name}", recepie_id=i, **long, **losses)
            (tmp_path / f"log_stats_model_{i}_{name}.json").write_text(json.dumps(content))
    assert main(["import", "nas_bench_nlp", str(tmp_path)]) == 0
    for name in ("nbnlp-ptb", "nbnlp-wikitext2"):
        task = nasbench.load_task(name)
        assert task.table.licence == "Apache-2.0"
        assert task.query([json.dumps(RNN), json.dumps(SUM)]) == pytest.approx([5.5, 5.4], rel=1e-7)
        assert task.epochs == tuple(range(1, 51))
        assert len(task.rows) == 2
