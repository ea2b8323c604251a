"""SpikeNAS-Bench: every number of the file, and what is known of its curves."""

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.cli import main
from nasbench.errors import NasbenchError
from nasbench.importers import import_source
from nasbench.importers.spikenas import SpikeNASBench
from nasbench.testing import check_task

RUNS = {
    "CIFAR10_100": ("cifar10-valid", 100, 14_935),
    "CIFAR10_200": ("cifar10-valid", 200, 690),
    "CIFAR100_100": ("cifar100-valid", 100, 276),
    "TinyImagenet_100": ("tiny-imagenet", 100, 195),
}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    from tests.conftest import SHARED

    if not SHARED.is_dir():
        pytest.skip(f"the outside measurements are absent: {SHARED} does not exist")
    path = tmp_path_factory.mktemp("spikenas") / "table.h5"
    return import_source(SpikeNASBench(), SHARED / "curves/spikenas.npz", path)


@pytest.fixture
def arrays(shared):
    with np.load(shared / "curves/spikenas.npz", allow_pickle=False) as loaded:
        return dict(loaded)


def digits(official):
    """Cells by the coding of the source, for edges (0,1) (0,2) (1,2) (0,3) (1,3) (2,3)."""
    return (np.asarray(official)[:, None] // 5 ** np.array([0, 1, 3, 2, 4, 5]) % 5).astype(np.int8)


@pytest.mark.parametrize("run", RUNS)
def test_every_number_of_the_file_is_in_the_table(table, arrays, run):
    dataset, epochs, n = RUNS[run]
    rows = table.index(digits(arrays[f"{run}_id"]))
    where = {"dataset": dataset, "recipe": f"epochs{epochs}", "seed": 0}
    curves = arrays[f"{run}_curves"]
    if curves.shape[2] == 6:
        curves = curves[:, :, [0, 2, 3, 5]]
    assert curves.shape == (n, epochs, 4)
    for i, (split, metric) in enumerate(
        [("train", "accuracy"), ("train", "loss"), ("valid", "accuracy"), ("valid", "loss")]
    ):
        assert table.describe(dataset, f"epochs{epochs}", split, metric)["epochs"] == list(range(1, epochs + 1))
        stored = table.curves(rows, **where, split=split, metric=metric)
        np.testing.assert_allclose(stored * (100 if metric == "accuracy" else 1), curves[:, :, i], rtol=0, atol=1e-5)
    seconds = table.query(rows, **where, split="train", metric="train_s")
    np.testing.assert_allclose(seconds, arrays[f"{run}_time"])
    params = table.static(rows, dataset=dataset, metric="n_params")
    assert (params == arrays[f"{run}_params"]).all()
    if run != "TinyImagenet_100":
        test = table.query(rows, **where, split="test", metric="accuracy")
        np.testing.assert_allclose(100 * test, arrays[f"{run}_test"], rtol=0, atol=1e-9)
    others = np.setdiff1d(np.arange(len(table)), rows)
    assert np.isnan(table.query(others, **where, split="valid", metric="accuracy")).all()


def test_tiny_imagenet_has_no_test(table):
    with pytest.raises(NasbenchError):
        table.describe("tiny-imagenet", "epochs100", "test", "accuracy")


@pytest.mark.parametrize(("epoch", "spearman"), [(10, 0.67), (25, 0.81), (50, 0.93)])
def test_early_validation_ranks_the_cells_as_known(table, epoch, spearman):
    where = {"dataset": "cifar10-valid", "recipe": "epochs100", "metric": "accuracy"}
    every = np.arange(len(table))
    test = table.query(every, **where, split="test")
    measured = ~np.isnan(test)
    assert measured.sum() == 14_935
    early = table.curves(every[measured], **where, split="valid", seed=0)[:, epoch - 1]
    assert round(stats.spearmanr(early, test[measured]).statistic, 2) == spearman


def test_the_cell_that_the_authors_print(table):
    # README of SpikeNAS-Bench, log of its search: architecture 14862, 21607908 parameters, 88.640, 88.500
    row, where = table.index(digits([14_862])), {"dataset": "cifar10-valid", "metric": "accuracy"}
    for recipe in ("epochs100", "released"):
        assert table.query(row, **where, recipe=recipe, split="valid")[0] == pytest.approx(0.8864)
        assert table.query(row, **where, recipe=recipe, split="test")[0] == pytest.approx(0.885)
    assert table.static(row, dataset="cifar10-valid", metric="n_params") == [21_607_908]


def test_the_imported_table_serves_its_task(shared, home, rng):
    assert main(["import", "spikenas", str(shared / "curves/spikenas.npz")]) == 0
    task = nasbench.load_task("spikenas-cifar10")
    task.check()
    check_task(task, rng)
    assert len(task.rows) == 15_625
    longer = task.table.query(task.rows, dataset="cifar10-valid", recipe="epochs200", split="valid", metric="accuracy")
    seen = task.query(task.table.architectures[task.rows], "valid")
    assert (seen == longer).sum() == 690


def small(arrays):
    """The first three cells of every run."""
    return {name: array[:3].copy() for name, array in arrays.items()}


def test_few_cells_make_a_small_table(arrays, tmp_path):
    np.savez(tmp_path / "small.npz", **small(arrays))
    assert len(import_source(SpikeNASBench(), tmp_path / "small.npz", tmp_path / "table.h5")) == 12


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: a.pop("CIFAR10_200_time"), "CIFAR10_200_time"),
        (lambda a: a["CIFAR10_200_id"].__setitem__(1, 15_625), "array CIFAR10_200_id: cannot read '15625'"),
        (lambda a: a["CIFAR10_200_id"].__setitem__(1, a["CIFAR10_200_id"][0]), "appears twice"),
        (lambda a: a["CIFAR10_100_curves"].__setitem__((1, 4, 2), 101), r"row 1, column 4: 101 is outside"),
        (lambda a: a["CIFAR10_100_curves"].__setitem__((2, 0, 1), -1), r"CIFAR10_100_curves, curve 1, row 2, column 0"),
        (lambda a: a["CIFAR10_100_curves"].__setitem__((2, 0, 0), 50.0021), "not a whole number"),
        (lambda a: a["CIFAR100_100_time"].__setitem__(0, -5.0), "CIFAR100_100_time, row 0"),
        (lambda a: a.update(CIFAR10_100_test=a["CIFAR10_100_test"][:2]), "array CIFAR10_100_test"),
        (lambda a: a.update(CIFAR10_100_test=a["CIFAR10_100_test"].astype(str)), "array CIFAR10_100_test"),
        (lambda a: a.update(CIFAR10_100_curves=a["CIFAR10_100_curves"][:, :99]), "array CIFAR10_100_curves"),
        (lambda a: a.update(CIFAR10_100_test=a["CIFAR10_100_test"].astype(object)), "not an .npz file of plain arrays"),
    ],
)
def test_a_broken_array_is_named(arrays, tmp_path, change, says):
    changed = small(arrays)
    change(changed)
    np.savez(tmp_path / "broken.npz", **changed)
    with pytest.raises(NasbenchError, match=says):
        import_source(SpikeNASBench(), tmp_path / "broken.npz", tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_another_file_says_where_to_get_one(tmp_path, shared):
    data = (shared / "curves/spikenas.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(data[:10_000])
    (tmp_path / "text.npz").write_text("id")
    np.save(tmp_path / "one.npy", np.arange(3))
    damaged = bytearray(data)
    damaged[60_000:60_100] = bytes(100)
    (tmp_path / "damaged.npz").write_bytes(damaged)
    for path in (
        tmp_path / "damaged.npz",
        tmp_path / "absent.npz",
        tmp_path,
        tmp_path / "cut.npz",
        tmp_path / "text.npz",
        tmp_path / "one.npy",
    ):
        with pytest.raises(NasbenchError, match="tju-sun-lab"):
            SpikeNASBench().read(path)
