"""The genuine files of the NATS-Bench release, every number of them against the raw pickles."""

import bz2
import pickle
import shutil
import sys
from collections import OrderedDict
from functools import partial
from types import ModuleType

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import FileLocked, SourceError
from nasbench.files import exclusive_lock
from nasbench.importers import _nats_bench as nats
from nasbench.importers import import_source
from nasbench.importers._unpickle import load_plain
from nasbench.importers.nats_bench_sss import NATSBenchSizeImporter
from nasbench.importers.nats_bench_tss import NATSBenchTopology

SPLITS = {
    ("cifar10-valid", "x-valid"): "valid",
    ("cifar10-valid", "ori-test"): "test",
    ("cifar10", "ori-test"): "test",
    **{(data, name): split for data in ("cifar100", "ImageNet16-120")
       for name, split in (("x-valid", "valid"), ("x-test", "test"), ("ori-test", "valid+test"))},
}  # fmt: skip


@pytest.fixture(
    params=[(NATSBenchTopology, "NATS-tss-v1_0-3ffb9-simple"), (NATSBenchSizeImporter, "NATS-sss-v1_0-50262-simple")],
    ids=["topology", "size"],
)
def imported(request, shared, tmp_path):
    """An importer, its genuine folder, and the table made of it."""
    importer, name = request.param
    folder = shared / "nats-bench-sample" / name
    return importer, folder, import_source(importer(), folder, tmp_path / "table.h5")


def test_every_number_of_every_file_is_in_the_table(imported):
    _, folder, table = imported
    index = np.arange(len(table))
    official = table.static(index, dataset="all", metric="official_index").astype(int)
    compared = 0
    for row, number in enumerate(official):
        raw = pickle.loads(bz2.decompress((folder / f"{number:06d}.pickle.pbz2").read_bytes()))
        for recipe, entry in raw.items():
            for (dataset, seed), result in entry["all_results"].items():
                where = partial(
                    table.curves, index[row : row + 1], dataset=dataset, recipe=f"epochs{int(recipe)}", seed=seed
                )
                sources = {
                    ("train", "accuracy"): (result["train_acc1es"], 100),
                    ("train", "loss"): (result["train_losses"], 1),
                }
                for name in result["eval_names"]:
                    for source, metric, scale in (("eval_acc1es", "accuracy", 100), ("eval_losses", "loss", 1)):
                        curve = {int(k.split("@")[1]): v for k, v in result[source].items() if k.startswith(name + "@")}
                        sources[SPLITS[dataset, name], metric] = (curve, scale)
                for (split, metric), (curve, scale) in sources.items():
                    column = table.describe(dataset, f"epochs{int(recipe)}", split, metric)
                    stored = where(split=split, metric=metric)[0]
                    expected = np.array([curve.get(epoch - 1, np.nan) for epoch in column["epochs"]]) / scale
                    assert len(curve) == np.isfinite(expected).sum()
                    np.testing.assert_allclose(stored, expected, rtol=1.2e-7, atol=1e-9)  # float32
                    compared += len(curve)
                total = where(split="train", metric="train_s")[0, -1]
                assert total == pytest.approx(sum(result["train_times"].values()), rel=1e-6)
                for metric, value in (("n_params", result["params"] * 1e6), ("flops", result["flop"] * 1e6)):
                    assert table.static(index, dataset=dataset, metric=metric)[row] == pytest.approx(value)
    assert compared > 3_000


def test_what_the_authors_print_of_architecture_0(shared, tmp_path):
    folder = shared / "nats-bench-sample/NATS-tss-v1_0-3ffb9-simple"
    table = import_source(NATSBenchTopology(), folder, tmp_path / "table.h5")
    first = table.index(np.array([[4, 2, 1, 2, 1, 1]]))
    where = {"dataset": "cifar10", "recipe": "epochs200"}
    # NATS-Bench README: mean test accuracy 85.863 %, 14.442 training seconds an epoch
    assert round(100 * table.query(first, **where, split="test", metric="accuracy")[0], 3) == 85.863
    assert round(table.query(first, **where, split="train", metric="train_s")[0] / 200, 3) == 14.442
    assert table.describe("cifar10-valid", "epochs12", "valid", "accuracy")["seeds"] == [111, 777]
    assert table.describe("cifar10", "epochs200", "test", "accuracy")["seeds"] == [777, 888, 999]


class _FakeTensor:
    """Pickles as a torch tensor does: a function of ``torch._utils``, its storage as the bytes of another pickle."""

    def __init__(self, torch):
        self.torch = torch

    def __reduce__(self):
        storage = _FakeStorage(self.torch)
        return self.torch._utils._rebuild_tensor_v2, (storage, 0, (2, 2), (2, 1), False, OrderedDict())


class _FakeStorage(_FakeTensor):
    def __reduce__(self):
        return self.torch.storage._load_from_bytes, (b"never loaded",)


@pytest.fixture
def torch(monkeypatch):
    """What pickle needs of torch to write a reference to its functions."""
    torch, utils, storage = (ModuleType(name) for name in ("torch", "torch._utils", "torch.storage"))
    for module, name in ((utils, "_rebuild_tensor_v2"), (storage, "_load_from_bytes")):
        exec(f"def {name}(*_): raise AssertionError", vars(module))
    torch._utils, torch.storage = utils, storage
    for module in (torch, utils, storage):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    return torch


def test_files_with_trained_weights_make_the_same_table(imported, tmp_path, torch):
    """The layout of the '-full' folders: weights in net_state_dict, an OrderedDict with an attribute."""
    importer, folder, table = imported
    (tmp_path / folder.name).mkdir()
    for path in folder.glob("0*.pickle.pbz2"):
        loaded = pickle.loads(bz2.decompress(path.read_bytes()))
        for entry in loaded.values():
            for result in entry["all_results"].values():
                assert result["net_state_dict"] is None
                weights = OrderedDict({"stem.0.weight": _FakeTensor(torch)})
                weights._metadata = OrderedDict({"": {"version": 1}})
                result["net_state_dict"] = weights
        (tmp_path / folder.name / path.name).write_bytes(bz2.compress(pickle.dumps(loaded, protocol=4)))
    assert import_source(importer(), tmp_path / folder.name, tmp_path / "full.h5").checksum == table.checksum


def test_tensors_are_refused_where_nobody_expects_them(torch):
    with pytest.raises(SourceError, match=r"its pickle contains 'torch\.storage\._load_from_bytes'|_rebuild_tensor_v2"):
        load_plain(pickle.dumps({"x": _FakeTensor(torch)}), "a pickle")
    assert load_plain(pickle.dumps({"x": _FakeTensor(torch)}), "a pickle", drop_tensors=True) == {"x": None}


def test_importing_again_and_in_other_parts_gives_the_same_checksum(imported, tmp_path, monkeypatch):
    importer, folder, table = imported
    monkeypatch.setattr(nats, "_PART", 1)
    assert import_source(importer(), folder, tmp_path / "again.h5", n_jobs=2).checksum == table.checksum
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.h5", "table.h5"]


def test_a_killed_import_goes_on_with_the_parts_it_has(imported, tmp_path, monkeypatch):
    importer, folder, table = imported
    monkeypatch.setattr(nats, "_PART", 1)
    read, n_read = importer.read, []

    def interrupted(self, part):
        if len(n_read) == 2:
            raise KeyboardInterrupt
        n_read.append(part)
        return read(self, part)

    monkeypatch.setattr(importer, "read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_source(importer(), folder, tmp_path / "again.h5")
    assert not (tmp_path / "again.h5").exists()
    monkeypatch.setattr(importer, "read", lambda self, part: n_read.append(part) or read(self, part))
    assert import_source(importer(), folder, tmp_path / "again.h5").checksum == table.checksum
    assert len(n_read) == 3


def test_two_imports_at_once_do_not_mix(imported, tmp_path):
    importer, folder, _ = imported
    with exclusive_lock(tmp_path / "again.h5"), pytest.raises(FileLocked, match="is writing"):
        import_source(importer(), folder, tmp_path / "again.h5")
    assert import_source(importer(), folder, tmp_path / "again.h5")


def _copy(folder, target, change):
    shutil.copytree(folder, target)
    path = target / "000011.pickle.pbz2"
    path.chmod(0o644)
    change(path)
    return target


def _with(change):
    def apply(path):
        loaded = pickle.loads(bz2.decompress(path.read_bytes()))
        change(loaded)
        path.write_bytes(bz2.compress(pickle.dumps(loaded)))

    return apply


def _last(loaded):
    return next(reversed(loaded["12"]["all_results"].values()))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:5000]), "truncated or not compressed"),
        (lambda path: path.write_bytes(b"PK no bzip2"), "truncated or not compressed"),
        (lambda path: path.write_bytes(bz2.compress(b"no pickle")), "truncated or not a pickle"),
        (lambda path: path.write_bytes(bz2.compress(pickle.dumps([1]))), "not a file of a NATS-Bench"),
        (
            lambda path: path.write_bytes(bz2.compress(pickle.dumps({"12": {"x": shutil.rmtree}}))),
            "its pickle contains .shutil.rmtree.",
        ),
        (_with(lambda loaded: loaded["12"].update(arch_index=12)), "expected the one of its number"),
        (_with(lambda loaded: _last(loaded).pop("train_losses")), "break the format"),
        (_with(lambda loaded: _last(loaded)["eval_acc1es"].update({"y-valid@0": 1.0})), "split y-valid"),
        (_with(lambda loaded: _last(loaded)["train_acc1es"].update({0: 9000.0})), "outside"),
        (_with(lambda loaded: _last(loaded)["train_acc1es"].update({0: 50.00123})), "not a whole number"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_named_and_no_table_is_written(shared, tmp_path, change, says):
    from nasbench.errors import NasbenchError

    folder = _copy(shared / "nats-bench-sample/NATS-tss-v1_0-3ffb9-simple", tmp_path / "source", change)
    with pytest.raises(NasbenchError, match=says):
        import_source(NATSBenchTopology(), folder, tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_another_folder_says_where_to_get_the_right_one(shared, tmp_path):
    for source in (tmp_path / "absent", tmp_path):
        with pytest.raises(SourceError, match=r"github\.com/D-X-Y/NATS-Bench"):
            import_source(NATSBenchTopology(), source, tmp_path / "table.h5")
    folder = shared / "nats-bench-sample/NATS-sss-v1_0-50262-simple"
    with pytest.raises(SourceError, match="the other NATS-Bench space"):
        import_source(NATSBenchTopology(), folder, tmp_path / "table.h5")


def test_the_imported_table_serves_its_tasks(imported, home, rng):
    """From one command to a task: observe 12 epochs, report the full training, charge training and validation."""
    importer, folder, _ = imported
    assert main(["import", importer.__module__.rpartition(".")[2], str(folder), "--jobs", "1"]) == 0
    for member in ("cifar10", "cifar100", "imagenet16"):
        task = nasbench.load_task(f"{importer.table.replace('_', '-')}-{member}")
        archs = task.table.architectures
        answer = task.backend(rng).advance(nasbench.full_trainings(0, archs))
        assert (answer.epoch == 12).all()
        assert np.isfinite(answer.score).all()
        data = task.observed.dataset
        where = {"dataset": data, "recipe": "epochs12"}
        rows = np.arange(len(archs))
        train_s = task.table.query(rows, **where, split="train", metric="train_s")
        eval_s = task.table.query(rows, **where, split="valid", metric="eval_s")
        np.testing.assert_allclose(answer.cost_s, train_s + eval_s)
        assert set(task.report(rows)) == {"valid", "test"}
        assert (task.report(rows)["test"] > answer.score[:, 0]).all()  # longer training is better for these
