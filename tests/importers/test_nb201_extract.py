"""The JSON extract of NAS-Bench-201 against the genuine files, and against two other extracts."""

import json

import numpy as np
import pytest
from scipy import stats

from nasbench.errors import NasbenchError
from nasbench.importers import import_source
from nasbench.importers.nats_bench_tss import NATSBenchTopology
from nasbench.importers.nb201_extract import NB201Extract
from nasbench.importers.table import AnyTable

DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
VALUES = [("train", "loss"), ("train", "accuracy"), ("train", "train_s"), ("test", "accuracy"), ("test", "eval_s")]


@pytest.fixture
def source(shared):
    return shared / "nb201/nats_tss_first1000_epochs12_200.json"


@pytest.fixture
def extract(source, tmp_path):
    return import_source(NB201Extract(), source, tmp_path / "extract.h5")


def public(shared, file, mapping, folder):
    return import_source(AnyTable(map=mapping, name=mapping), shared / "nb201" / file, folder / f"{mapping}.h5")


def test_it_holds_the_first_thousand_official_cells(extract, cifar10):
    index = cifar10.table.index(extract.architectures)
    official = cifar10.table.static(index, dataset="all", metric="official_index")
    assert sorted(official) == list(range(1000))
    assert len(extract) == 1000


def test_every_entry_is_one_training_of_the_genuine_files(extract, shared, tmp_path):
    """All five numbers of an entry are those of one seed, in what are three cells of each data set and schedule."""
    folder = shared / "nats-bench-sample/NATS-tss-v1_0-3ffb9-simple"
    genuine = import_source(NATSBenchTopology(), folder, tmp_path / "genuine.h5")
    for row, own in enumerate(extract.index(genuine.architectures)):
        assert own >= 0
        for dataset in DATASETS:
            for recipe in ("epochs12", "epochs200"):
                where = {"dataset": dataset, "recipe": recipe}
                entry = [extract.query(np.array([own]), **where, split=s, metric=m)[0] for s, m in VALUES]
                seeds = genuine.describe(dataset, recipe, "test", "accuracy")["seeds"]
                trainings = np.array(
                    [
                        [genuine.query(np.array([row]), **where, split=s, metric=m, seed=seed)[0] for s, m in VALUES]
                        for seed in seeds
                    ]
                )
                same = np.isclose(trainings, entry, rtol=1e-6, atol=0).all(axis=1)
                assert same.any(), (dataset, recipe, entry, trainings)


@pytest.mark.parametrize("dataset", DATASETS)
def test_twelve_epochs_agree_with_another_extract_and_200_with_the_mean_of_seeds(extract, shared, tmp_path, dataset):
    short = public(shared, "accuracy_epoch12.csv", "nb201_epochs12", tmp_path)
    long = public(shared, "test_accuracy_epoch200.csv", "nb201_test_epochs200", tmp_path)
    own = np.arange(len(extract))
    archs = extract.architectures
    where = {"dataset": dataset, "split": "test", "metric": "accuracy"}
    # one image more or less would be 1e-4 at least
    np.testing.assert_allclose(
        extract.query(own, **where, recipe="epochs12"),
        short.query(short.index(archs), **where, recipe="epochs12"),
        rtol=0,
        atol=1e-6,
    )
    one, mean = (table.query(table.index(archs), **where, recipe="epochs200") for table in (extract, long))
    assert np.corrcoef(one, mean)[0, 1] > 0.997
    assert abs((one - mean).mean()) < 5e-4  # a seed drawn at random is not a better than the mean


@pytest.mark.parametrize(
    ("valid", "test", "spearman"),
    [
        # measured from the two public files alone
        ("cifar10-valid", "cifar10", 0.772),
        ("cifar100", "cifar100", 0.825),
        ("ImageNet16-120", "ImageNet16-120", 0.818),
    ],
)
def test_twelve_epochs_rank_the_cells_as_known(shared, tmp_path, valid, test, spearman):
    short = public(shared, "accuracy_epoch12.csv", "nb201_epochs12", tmp_path)
    long = public(shared, "test_accuracy_epoch200.csv", "nb201_test_epochs200", tmp_path)
    index = np.arange(len(short))
    seen = short.query(index, dataset=valid, recipe="epochs12", split="valid", metric="accuracy")
    true = long.query(
        long.index(short.architectures), dataset=test, recipe="epochs200", split="test", metric="accuracy"
    )
    assert round(stats.spearmanr(seen, true).statistic, 3) == spearman


def _first(loaded):
    return next(iter(loaded.values()))["cifar100"]["200"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda d: next(iter(d.values())).pop("cifar100"), r"cifar100, 12 epochs: no such entry"),
        (lambda d: _first(d).pop(), r"cifar100, 200 epochs: expected a list of 6 numbers"),
        (lambda d: _first(d).__setitem__(0, "1.0"), "expected a list of 6 numbers"),
        (lambda d: _first(d).__setitem__(3, 1.25), "number 4 is 1.25; expected .* the same as number 3"),
        (lambda d: _first(d).__setitem__(4, 101.0), r"200 epochs, number 5: 101 is outside"),
        (lambda d: _first(d).__setitem__(0, -1.0), r"200 epochs, number 1: -1 is outside"),
        (lambda d: _first(d).__setitem__(4, 50.013), "not a whole number"),
        (lambda d: d.update({"|skip~0|": next(iter(d.values()))}), "cannot read"),
        (lambda d: d.clear(), "expected a dictionary"),
    ],
)
def test_a_broken_entry_is_named(source, tmp_path, change, says):
    loaded = json.loads(source.read_text())
    change(loaded)
    (tmp_path / "broken.json").write_text(json.dumps(loaded))
    with pytest.raises(NasbenchError, match=says):
        import_source(NB201Extract(), tmp_path / "broken.json", tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_another_file_says_where_to_get_one(source, tmp_path):
    (tmp_path / "cut.json").write_bytes(source.read_bytes()[:1000])
    for path in (tmp_path / "absent.json", tmp_path, tmp_path / "cut.json"):
        with pytest.raises(NasbenchError, match="NATS-Bench-extractor"):
            NB201Extract().read(path)
