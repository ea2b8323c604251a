"""The layouts of NAS-Bench-201's own archives, written by torch from genuine results of NATS-Bench."""

import bz2
import pickle

import numpy as np
import pytest

from nasbench.errors import NasbenchError, SourceError
from nasbench.importers import _nats_bench as nats
from nasbench.importers import import_source
from nasbench.importers.nats_bench_tss import NATSBenchTopology

torch = pytest.importorskip("torch")
NUMBERS = (0, 11, 284)


@pytest.fixture
def folder(shared):
    """The genuine folder."""
    return shared / "nats-bench-sample/NATS-tss-v1_0-3ffb9-simple"


@pytest.fixture
def results(folder):
    """What NAS-Bench-201 keeps of an architecture, by its number."""
    raw = {n: pickle.loads(bz2.decompress((folder / f"{n:06d}.pickle.pbz2").read_bytes())) for n in NUMBERS}
    return {n: {"full": recipes["200"], "less": recipes["12"]} for n, recipes in raw.items()}


@pytest.fixture
def meta(folder):
    """What stands beside the results in the single archive; its ``arch_str`` objects are those of the results."""
    loaded = pickle.loads(bz2.decompress((folder / "meta.pickle.pbz2").read_bytes()))
    return {"meta_archs": loaded["meta_archs"], "total_archs": 15625}


def _single(path, meta, results, *, is_zip=True):
    for number, recipes in results.items():
        for state in recipes.values():
            state["arch_str"] = meta["meta_archs"][number]
    content = meta | {"arch2infos": results, "evaluated_indexes": set(results)}
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    return path


def _columns(table):
    """Return every number of a table, by name."""
    rows = np.arange(len(table))
    columns = {"archs": table.architectures}
    for key in table.measurements:
        for seed in table.describe(*key)["seeds"]:
            where = dict(zip(("dataset", "recipe", "split", "metric"), key, strict=True))
            columns[*key, seed] = table.curves(rows, **where, seed=seed)
    for dataset, metric in table.statics:
        columns[dataset, metric] = table.static(rows, dataset=dataset, metric=metric)
    return columns


def _assert_same(table, expected):
    seen, known = _columns(table), _columns(expected)
    assert seen.keys() == known.keys()
    assert len(seen) > 60
    for key, values in known.items():
        np.testing.assert_array_equal(seen[key], values, err_msg=str(key))


@pytest.mark.parametrize("is_zip", [True, False])
def test_the_single_archive_makes_the_same_table(is_zip, folder, meta, results, tmp_path, monkeypatch):
    path = _single(tmp_path / "NAS-Bench-201-v1_1-096897.pth", meta, results, is_zip=is_zip)
    table = import_source(NATSBenchTopology(), path, tmp_path / "archive.h5")
    _assert_same(table, import_source(NATSBenchTopology(), folder, tmp_path / "folder.h5"))
    assert "2001.00326" in table.citation
    assert table.source == "NAS-Bench-201 release, file NAS-Bench-201-v1_1-096897.pth"
    monkeypatch.setattr(nats, "_PART", 1)
    again = import_source(NATSBenchTopology(), path, tmp_path / "again.h5", n_jobs=2)
    assert again.checksum == table.checksum


def test_a_killed_import_of_the_archive_goes_on(meta, results, tmp_path, monkeypatch):
    path = _single(tmp_path / "a.pth", meta, results)
    expected = import_source(NATSBenchTopology(), path, tmp_path / "whole.h5").checksum
    monkeypatch.setattr(nats, "_PART", 1)
    read, n_read = NATSBenchTopology.read, []

    def interrupted(self, part):
        if len(n_read) == 2:
            raise KeyboardInterrupt
        n_read.append(part)
        return read(self, part)

    monkeypatch.setattr(NATSBenchTopology, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_source(NATSBenchTopology(), path, tmp_path / "again.h5")
    monkeypatch.setattr(NATSBenchTopology, "read", lambda self, part: n_read.append(part) or read(self, part))
    assert import_source(NATSBenchTopology(), path, tmp_path / "again.h5").checksum == expected
    assert len(n_read) == 3


@pytest.mark.parametrize(("kind", "is_zip"), [("FULL", True), ("FULL", False), ("SIMPLE", True)])
def test_the_archive_folder_makes_the_same_table(kind, is_zip, folder, results, tmp_path):
    (tmp_path / "archive").mkdir()
    for number, recipes in results.items():
        if kind == "FULL":
            for result in recipes["full"]["all_results"].values():
                result["net_state_dict"] = torch.nn.Linear(3, 2).state_dict()
        else:
            (tmp_path / f"archive/{number:06d}-FULL.pth").write_bytes(b"not looked at beside the same without weights")
        path = tmp_path / f"archive/{number:06d}-{kind}.pth"
        torch.save(recipes, path, _use_new_zipfile_serialization=is_zip)
    table = import_source(NATSBenchTopology(), tmp_path / "archive", tmp_path / "archive.h5")
    _assert_same(table, import_source(NATSBenchTopology(), folder, tmp_path / "folder.h5"))


def test_what_older_archives_lack_stays_missing(meta, results, tmp_path):
    """``ResultsCount`` starts without times and latency (nas_201_api 2.1); not every architecture was given them."""
    older = results[11]["full"]["all_results"]
    for result in older.values():
        result |= {"train_times": None, "eval_times": {}, "latency": None}
    del results[11]["less"]["all_results"]["cifar100", 111]
    path = _single(tmp_path / "NAS-Bench-201-v1_0-e61699.pth", meta, results)
    table = import_source(NATSBenchTopology(), path, tmp_path / "archive.h5")
    rows = np.arange(3)
    for dataset, split in (("cifar10", "test"), ("cifar100", "valid")):
        where = {"dataset": dataset, "recipe": "epochs200", "seed": 777}
        for part, metric in (("train", "train_s"), (split, "eval_s")):
            seconds = table.curves(rows, **where, split=part, metric=metric)
            assert np.isnan(seconds).all(axis=1).tolist() == [False, True, False]
        assert np.isfinite(table.curves(rows, **where, split=split, metric="accuracy")[:, -1]).all()
    where = {"dataset": "cifar100", "recipe": "epochs12", "split": "valid", "metric": "accuracy"}
    assert np.isnan(table.curves(rows, **where, seed=111)).all(axis=1).tolist() == [False, True, False]


def test_an_archive_of_anything_else_says_so(meta, results, tmp_path):
    wrong = _single(tmp_path / "wrong.pth", meta, {0: results[11]})
    torch.save({"state_dict": {"w": torch.ones(2)}}, tmp_path / "weights.pth")
    results[11]["less"]["all_results"]["cifar100", 111] = {"epochs": 12}
    broken = _single(tmp_path / "broken.pth", meta, results)
    for path, says in (
        (wrong, "entry 0 holds architectures .* expected the one of its number"),
        (broken, "entry 11: results of cifar100, seed 111, epochs12 break the format"),
        (tmp_path / "weights.pth", "holds no dictionary 'arch2infos'"),
    ):
        with pytest.raises(NasbenchError, match=says):
            import_source(NATSBenchTopology(), path, tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(SourceError, match=r"neither a folder nor a \.pth file; get"):
        import_source(NATSBenchTopology(), tmp_path / "a.tar", tmp_path / "table.h5")
