"""NAS-HPO-Bench-II: pickles written here in the layout that nashpobench2api reads; the numbers are invented."""

import json
import pickle
from itertools import product

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import NasbenchError, SourceError
from nasbench.importers import import_source
from nasbench.importers.nas_hpo_bench_ii import DECISIONS, NASHPOBenchII
from nasbench.spaces.hyper import HyperSpace
from nasbench.tasks.declarations import read_declaration

# README and training script of the benchmark
RATES = [0.003125, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4]
BATCHES = [16, 32, 64, 128, 256, 512]
SEEDS = [222, 555, 888]
# Two cells of one class: nothing arrives at the output of either.
HASHES = {"0|10|210": "a3f", "0|33|333": "77c", "1|33|333": "77c"}
TRAINED = {"train": 25_000, "valid": 25_000, "test": 10_000}


def content():
    """All three dictionaries, every number another one."""
    rng = np.random.default_rng(1)
    keys = list(product(dict.fromkeys(HASHES.values()), RATES, BATCHES, SEEDS))
    bench = {name: {key: key[i] for key in keys} for i, name in ((1, "lr"), (2, "batch_size"), (3, "seed"))}
    for split, images in TRAINED.items():
        for epoch in range(12):
            # the expression of train_model.py: correct / total * 100
            correct = rng.integers(images // 10, images, len(keys)).tolist()
            bench[f"{split}_acc_{epoch}"] = {key: n / images * 100 for key, n in zip(keys, correct, strict=True)}
            seconds = rng.integers(1000, 20_000, len(keys)) / 1000
            bench[f"{split}_time_{epoch}"] = dict(zip(keys, seconds.tolist(), strict=True))
    bench["total_trainval_time"] = {
        key: sum(bench[f"{split}_time_{epoch}"][key] for split in ("train", "valid") for epoch in range(12))
        for key in keys
    }
    predicted = {key[:3]: float(rng.uniform(80, 95)) for key in keys}
    return {"bench12": bench, "cellinfo": {"hash": HASHES}, "avgaccs200": {"avg_acc": predicted}}


def written(folder, changed):
    folder.mkdir(exist_ok=True)
    for name, columns in changed.items():
        (folder / f"{name}.pkl").write_bytes(columns if isinstance(columns, bytes) else pickle.dumps(columns))
    return folder


def text(code, lr, batch):
    names = ("conv_3x3", "avg_pool_3x3", "skip", "zero")
    edges = zip(("0_1", "0_2", "1_2", "0_3", "1_3", "2_3"), code.replace("|", ""), strict=True)
    return ",".join(f"edge_{edge}={names[int(digit)]}" for edge, digit in edges) + f",lr={lr},batch_size={batch}"


@pytest.fixture(scope="module")
def source():
    return content()


@pytest.fixture(scope="module")
def table(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nashpo2")
    return import_source(NASHPOBenchII(), written(folder / "data", source), folder / "nashpo2.h5")


@pytest.mark.parametrize("code", HASHES)
def test_every_number_comes_out_again(table, source, code):
    bench, where = source["bench12"], {"dataset": "cifar10-valid", "recipe": "epochs12"}
    space = HyperSpace(DECISIONS)
    settings = list(product(RATES, BATCHES))
    index = table.index(space.parse([text(code, *setting) for setting in settings]))
    for seed, split in product(SEEDS, TRAINED):
        stored = table.curves(index, **where, split=split, metric="accuracy", seed=seed)
        spent = table.curves(index, **where, split=split, metric="train_s" if split == "train" else "eval_s", seed=seed)
        for row, setting in enumerate(settings):
            key = (HASHES[code], *setting, seed)
            curve = [bench[f"{split}_acc_{epoch}"][key] for epoch in range(12)]
            assert 100 * stored[row] == pytest.approx(curve, abs=1e-9)
            seconds = np.cumsum([bench[f"{split}_time_{epoch}"][key] for epoch in range(12)])
            assert spent[row] == pytest.approx(seconds, rel=1e-6)
    for row, setting in enumerate(settings):
        known = table.query(
            index[[row]], dataset="cifar10-valid", recipe="epochs200_predicted", split="test", metric="accuracy"
        )
        assert known[0] == pytest.approx(source["avgaccs200"]["avg_acc"][HASHES[code], *setting] / 100)


def test_a_search_pays_the_official_seconds_and_never_sees_the_test(tmp_path, home, source, rng):
    assert main(["import", "nas_hpo_bench_ii", str(written(tmp_path, source))]) == 0
    task = nasbench.load_task("nashpo2-cifar10")
    task.check()
    arch = task.archs([text("0|10|210", 0.1, 256)])
    result = task.backend(rng).advance(nasbench.full_trainings(0, arch))
    keys = [("a3f", 0.1, 256, seed) for seed in SEEDS]
    bench = source["bench12"]
    assert any(result.score[0, 0] == pytest.approx(bench["valid_acc_11"][key] / 100) for key in keys)
    assert result.cost_s[0] == pytest.approx(np.mean([bench["total_trainval_time"][key] for key in keys]), rel=1e-6)
    assert task.reported == ("valid", "test")
    assert task.observed.split == "valid"


def test_the_task_declares_the_importer_s_space(tmp_path, home, source):
    main(["import", "nas_hpo_bench_ii", str(written(tmp_path, source))])
    assert read_declaration("nashpo2-cifar10")["space_options"] == {"decisions": DECISIONS}
    assert json.dumps(nasbench.load_task("nashpo2-cifar10").table.space_options) == json.dumps({"decisions": DECISIONS})
    assert HyperSpace(DECISIONS).size == 4096 * 48  # README: 192K


def test_a_missing_training_stays_missing(tmp_path, source):
    key = ("a3f", 0.4, 16, 555)
    kept = {name: {k: v for k, v in column.items() if k != key} for name, column in source["bench12"].items()}
    table = import_source(NASHPOBenchII(), written(tmp_path, source | {"bench12": kept}), tmp_path / "table.h5")
    index = table.index(HyperSpace(DECISIONS).parse([text("0|10|210", 0.4, 16)]))
    where = {"dataset": "cifar10-valid", "recipe": "epochs12", "split": "valid", "metric": "accuracy"}
    assert [bool(np.isnan(table.query(index, **where, seed=seed)[0])) for seed in SEEDS] == [False, True, False]


def one(source, name, value, key=("a3f", 0.1, 64, 222)):
    column = source["bench12"][name] | {key: value}
    return {"bench12": source["bench12"] | {name: column}}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda s: one(s, "valid_acc_3", 9_000.0), r"column 'valid_acc_3', \('a3f', 0.1, 64, 222\): 9000 is outside"),
        (lambda s: one(s, "valid_acc_3", 50.0013), "not a whole number"),
        (lambda s: one(s, "test_time_3", -1.0), "'test_time_3'.* -1 is outside"),
        (lambda s: one(s, "train_acc_0", "50"), "'50' at .* is not a number"),
        (lambda s: one(s, "valid_acc_3", 50.0, ("zzz", 0.1, 64, 222)), "zzz.* is not a known cell and setting"),
        (lambda s: one(s, "valid_acc_3", 50.0, ("a3f", 0.3, 64, 222)), "0.3.* is not a known cell and setting"),
        (lambda s: one(s, "valid_acc_11", 50.0, "a3f"), "'a3f' is not a key"),
        (lambda s: {"bench12": {}}, "bench12.pkl has no column 'valid_acc_11'"),
        (lambda s: {"bench12": []}, "expected a dictionary of columns"),
        (lambda s: {"bench12": pickle.dumps(print)}, "refused"),
        (lambda s: {"bench12": pickle.dumps(s["bench12"])[:-100]}, "truncated"),
        (lambda s: {"cellinfo": {"hash": HASHES | {"0|10|214": "x"}}}, "'0|10|214' is not a cell code"),
        (lambda s: {"cellinfo": {"hash": {}}}, "lists no cell"),
        (lambda s: {"avgaccs200": {"avg_acc": {("a3f", 0.1, 64): 0.9}}}, "these are fractions"),
    ],
)
def test_what_breaks_the_format_is_named_and_no_table_is_written(tmp_path, source, change, says):
    with pytest.raises(NasbenchError, match=says):
        import_source(NASHPOBenchII(), written(tmp_path, source | change(source)), tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_where_to_get_it(tmp_path):
    for place in (tmp_path, tmp_path / "absent"):
        with pytest.raises(SourceError, match=r"github\.com/yoichii/nashpobench2api"):
            NASHPOBenchII().read(place)
