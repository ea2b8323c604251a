"""NAS-Bench-Macro: files written here by hand in the layout of the repository's collect_benchmark.py."""

import json

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import NasbenchError, SourceError
from nasbench.importers import import_source
from nasbench.importers.nas_bench_macro import NASBenchMacroJSON
from nasbench.spaces.macro import NASBenchMacro

# Single precision, as ``.cpu().tolist()`` of the authors' code writes it; the numbers are invented.
ACCURACIES = {
    "00000000": [float(np.float32(x)) for x in (83.61, 83.7, 83.55)],
    "01210021": [float(np.float32(x)) for x in (91.02, 90.87, 91.33)],
    "22222222": [float(np.float32(x)) for x in (93.13, 92.8)],
}


def entry(accuracies, **changes):
    return {
        "test_acc": accuracies,
        "mean_acc": float(np.mean(accuracies)),
        "std": float(np.std(accuracies)),
        "params": 1_563_802,
        "flops": 85_000_128,
    } | changes


def written(folder, content):
    path = folder / "nas-bench-macro_cifar10.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_every_number_comes_out_again(tmp_path):
    path = written(tmp_path, {key: entry(values) for key, values in ACCURACIES.items()})
    table = import_source(NASBenchMacroJSON(), path, tmp_path / "macro.h5")
    index = table.index(NASBenchMacro().parse(list(ACCURACIES)))
    where = {"dataset": "cifar10", "recipe": "epochs50_best", "metric": "accuracy"}
    for row, values in zip(index, ACCURACIES.values(), strict=True):
        for seed, value in enumerate(values):
            stored = table.query(np.array([row]), **where, split="test" if seed else "valid", seed=seed)[0]
            assert stored == pytest.approx(value / 100, abs=1e-6)  # a whole number of images
    assert np.isnan(table.query(index, **where, split="test", seed=2)).tolist() == [False, False, True]
    assert table.static(index, dataset="cifar10", metric="n_params").tolist() == [1_563_802] * 3
    assert table.static(index, dataset="cifar10", metric="macs").tolist() == [85_000_128] * 3


def test_no_training_is_both_seen_and_reported(tmp_path, home):
    path = written(tmp_path, {key: entry(values) for key, values in ACCURACIES.items()})
    assert main(["import", "nas_bench_macro", str(path)]) == 0
    task = nasbench.load_task("macro-cifar10")
    seeds = {column[2]: task.table.describe(*column)["seeds"] for column in task.table.measurements}
    assert seeds == {"valid": [0], "test": [1, 2]}
    assert task.query(list(ACCURACIES)) == pytest.approx([0.8361, 0.9102, 0.9313], abs=1e-6)
    # By the first training the third is best by far; what is reported are the means of the others.
    reported = task.reported_of(task.archs(list(ACCURACIES)))
    assert list(reported) == ["test"]
    assert reported["test"] == pytest.approx([(0.837 + 0.8355) / 2, (0.9087 + 0.9133) / 2, 0.928], abs=1e-6)
    assert task.optimum.score == pytest.approx(0.928, abs=1e-6)


def test_it_is_searched(tmp_path, home):
    keys = NASBenchMacro().format(NASBenchMacro().rows)
    path = written(tmp_path, {key: entry([80.0 + i % 10, 81.0 + i % 10, 82.0]) for i, key in enumerate(keys)})
    import_source(NASBenchMacroJSON(), path, home / "tables/macro.h5")
    task = nasbench.load_task("macro-cifar10")
    task.check()
    backend = task.backend(np.random.default_rng(0))
    results = backend.advance(nasbench.full_trainings(0, task.archs(keys[:10])))
    assert results.score[:, 0] == pytest.approx(0.8 + np.arange(10) / 100)
    assert results.cost_s.tolist() == [1.0] * 10


def test_the_command_reads_the_folder(tmp_path, home):
    (tmp_path / "data").mkdir()
    written(tmp_path / "data", {"00000000": entry(ACCURACIES["00000000"])})
    assert main(["import", "nas_bench_macro", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "truncated or not JSON"),
        ([1], "expected an object"),
        ({}, "not percentages"),
        ({"0000000": entry([50.0])}, "eight digits"),
        ({"00000003": entry([50.0])}, "eight digits"),
        ({"00000000": {"test_acc": [50.0]}}, "entry 00000000 .*'mean_acc'"),
        ({"00000000": 3}, "entry 00000000"),
        ({"00000000": entry([50.0], params="many")}, "'many' is not a number"),
        ({"00000000": entry([50.0], test_acc=[])}, "expected 1 to 3 percentages"),
        ({"00000000": entry([50.0] * 4)}, "expected 1 to 3 percentages"),
        ({"00000000": entry([500.0])}, "expected 1 to 3 percentages"),
        ({"00000000": entry([0.5])}, "not percentages"),
        ({"00000000": entry([50.0], mean_acc=51.0)}, "the mean of its test_acc is 50"),
        ({"00000000": entry([50.0], params=1.56)}, "plain numbers"),
        ({"00000000": entry([50.00123])}, "not a whole number"),
    ],
)
def test_what_breaks_the_format_is_named_and_no_table_is_written(tmp_path, content, says):
    with pytest.raises(NasbenchError, match=says):
        import_source(NASBenchMacroJSON(), written(tmp_path, content), tmp_path / "macro.h5")
    assert not (tmp_path / "macro.h5").exists()


def test_where_to_get_it(tmp_path):
    for source in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(SourceError, match=r"github\.com/xiusu/NAS-Bench-Macro"):
            NASBenchMacroJSON().read(source)
