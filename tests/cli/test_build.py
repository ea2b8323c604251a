"""A space, or a sample of it, is trained into a table; killed anywhere, the same command goes on."""

import json

import h5py
import numpy as np
import pytest
import torch

from nasbench.cli import main
from nasbench.importers import _run
from nasbench.registry import SPACES
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Table
from nasbench.training import Build, draw_classes
from nasbench.training import build as building

SIGNALS = [
    *("nb201,simplified=True", "--data", "mnist1d,n_train=60,n_valid=50,n_test=40", "--recipe", "small-4,epochs=2"),
    *("--network", "nb201,channels=4,n_cells=1,stages=1", "--sample", "7", "--seeds", "2", "--repeated", "3"),
]
WHERE = {"dataset": "mnist1d", "recipe": "small-4,epochs=2+nb201,channels=4,n_cells=1,stages=1"}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build(*arguments):
    return main(["build", *map(str, arguments)])


def values(path):
    """Every column but the seconds."""
    columns = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: columns.update({name: item[()]} if hasattr(item, "shape") else {}))
    return {name: column for name, column in columns.items() if not name.endswith("train_s")}


def assert_same_values(one, other):
    one, other = values(one), values(other)
    assert one.keys() == other.keys()
    for name, column in one.items():
        np.testing.assert_array_equal(column, other[name], err_msg=name)


def test_every_epoch_of_every_training_is_in_the_table(tmp_path, capsys):
    out = tmp_path / "mine.h5"
    assert build(*SIGNALS, "--stack", 4, "--out", out, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    table = Table(out)
    assert shown["content_sha256"] == table.checksum
    assert shown["bytes"] == out.stat().st_size
    assert len(table) == 7
    for split in ("train", "valid", "test"):
        curves = [table.curves(np.arange(7), **WHERE, split=split, metric="accuracy", seed=seed) for seed in (0, 1)]
        assert np.isfinite(curves[0]).all()
        assert np.isfinite(curves[1]).all(axis=1).sum() == 3
    assert "7 architectures" in table.title
    assert [*tmp_path.iterdir()] == [out]


def test_one_at_a_time_gives_the_same_up_to_rounding(tmp_path):
    stacked, alone = tmp_path / "a" / "t.h5", tmp_path / "b" / "t.h5"
    assert build(*SIGNALS, "--out", stacked) == 0
    assert build(*SIGNALS, "--stack", 1, "--out", alone) == 0
    tables = [Table(path) for path in (stacked, alone)]
    rows = [table.index(tables[0].architectures) for table in tables]
    losses = [
        table.curves(row, **WHERE, split="valid", metric="loss", seed=0)
        for table, row in zip(tables, rows, strict=True)
    ]
    np.testing.assert_allclose(*losses, rtol=1e-3)


def test_killed_it_goes_on_where_it_was(tmp_path, monkeypatch):
    """Killed while a part is written, and again before the parts are joined."""
    whole, out = tmp_path / "whole" / "t.h5", tmp_path / "t.h5"
    arguments = [*SIGNALS, "--stack", 4]
    assert build(*arguments, "--out", whole) == 0
    kept, write, trained = Build.read, _run.write_table, list[int]()
    monkeypatch.setattr(Build, "read", lambda self, part: trained.append(len(part)) or kept(self, part))

    def dies(draft, path):
        if path.name == "000001.h5":
            raise KeyboardInterrupt
        return write(draft, path)

    monkeypatch.setattr(_run, "write_table", dies)
    assert build(*arguments, "--out", out) == 130
    monkeypatch.setattr(_run, "write_table", write)
    monkeypatch.setattr(_run, "merge_tables", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert build(*arguments, "--out", out) == 130
    monkeypatch.undo()
    assert trained == [4, 4, 4, 2]  # the second part, which was not written, twice
    assert build(*arguments, "--out", out) == 0
    assert_same_values(out, whole)


def test_a_table_that_is_there_is_refused_before_anything_is_trained(tmp_path, monkeypatch, capsys):
    out = tmp_path / "t.h5"
    assert build(*SIGNALS, "--out", out) == 0
    before, trained, kept = out.read_bytes(), list[int](), Build.read
    monkeypatch.setattr(Build, "read", lambda self, part: trained.append(len(part)) or kept(self, part))
    assert build(*SIGNALS, "--out", out) == 1
    assert "--replace" in capsys.readouterr().err
    assert not trained
    assert out.read_bytes() == before
    assert build(*SIGNALS, "--out", out, "--replace") == 0
    assert sum(trained) == 10
    assert [*tmp_path.iterdir()] == [out]


def test_a_part_in_which_all_fail_leaves_the_others(tmp_path, monkeypatch):
    calls = []
    real = building.train_stack

    def diverges(networks, *arguments, **options):
        calls.append(len(networks))
        if len(calls) == 1:
            for network in networks:
                torch.nn.init.constant_(network.classifier.weight, torch.nan)
        return real(networks, *arguments, **options)

    monkeypatch.setattr(building, "train_stack", diverges)
    out = tmp_path / "t.h5"
    assert build(*SIGNALS, "--stack", 5, "--out", out) == 0
    table = Table(out)
    accuracy = table.curves(np.arange(len(table)), **WHERE, split="valid", metric="accuracy", seed=0)
    assert 0 < np.isnan(accuracy).all(axis=1).sum() < len(table) == 7


def test_a_table_in_which_all_diverged_holds_what_there_is(tmp_path, capsys):
    """One step an epoch: the first loss is right, and nan is all that is seen behind it."""
    out = tmp_path / "t.h5"
    lost = [part.replace("epochs=2", "epochs=2,lr=1e30") for part in SIGNALS]
    assert build(*lost, "--out", out, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["trainings"], shown["diverged"]) == (10, 10)
    table = Table(out)
    assert {(split, metric) for _, _, split, metric in table.measurements} == {
        ("train", name) for name in ("accuracy", "loss", "train_s")
    }
    where = {"dataset": "mnist1d", "recipe": WHERE["recipe"].replace("epochs=2", "epochs=2,lr=1e30"), "split": "train"}
    cost = table.curves(np.arange(7), **where, metric="train_s", seed=0)
    assert (cost[:, 0] > 0).all()
    assert (cost[:, 1] > cost[:, 0]).all()
    accuracy = table.curves(np.arange(7), **where, metric="accuracy", seed=0)
    assert (np.isfinite(accuracy) == [True, False]).all()


def test_a_loss_beyond_single_precision_is_missing(tmp_path, capsys):
    out = tmp_path / "t.h5"
    lost = [part.replace("epochs=2", "epochs=3,lr=1e5") for part in SIGNALS]
    assert build(*lost, "--out", out) == 0
    assert "training runs diverged" in capsys.readouterr().out
    table = Table(out)
    recipe = table.measurements[0][1]
    losses = table.curves(np.arange(7), dataset="mnist1d", recipe=recipe, split="valid", metric="loss", seed=0)
    assert not np.isinf(losses).any()
    assert np.nanmax(losses) > 1e30


def test_any_space_and_data_set_is_trained_one_by_one(tmp_path, capsys):
    out = tmp_path / "digits.h5"
    arguments = ["--network", "macro,channels=4", "--data", "digits", "--recipe", "small-4,epochs=1", "--sample", 2]
    assert build("macro", *arguments, "--out", out) == 0
    assert "one by one (a stack takes only networks of signals" in capsys.readouterr().out
    assert np.isfinite(
        Table(out).curves(
            np.arange(2),
            dataset="digits",
            recipe="small-4,epochs=1+macro,channels=4",
            split="test",
            metric="accuracy",
            seed=0,
        )
    ).all()
    assert [*tmp_path.iterdir()] == [out]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nb201", "--sample", "3", "--all-classes"], "either --sample N or --all-classes"),
        (["nb201"], "either --sample N or --all-classes"),
        (["nb201", "--sample", "0"], "expected at least 1"),
        (["nb201", "--sample", "6467"], "has 6466 different ones"),
        (["darts", "--sample", "-1"], "expected at least 1"),
        (["nb201", "--sample", "3", "--device", "tpu"], "tpu"),
        (["nb201", "--sample", "3", "--seeds", "0"], "at least one"),
        (["nb201", "--sample", "3", "--stack", "0"], "at least one"),
        (["nb202", "--sample", "3"], "did you mean 'nb201'"),
        (["darts", "--all-classes"], "cannot be enumerated"),
        (["nb201", "--sample", "3", "--recipe", "small-5"], "small-4"),
        (["nb201", "--sample", "3", "--data", "mnist1d,n_valid=-1"], "n_valid=-1"),
    ],
)
def test_what_cannot_be_built_is_refused_before_anything_is_trained(tmp_path, capsys, arguments, says):
    assert build(*arguments, "--out", tmp_path / "t.h5") == 1
    assert says in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_a_table_needs_its_ending(tmp_path, capsys):
    assert build("nb201", "--sample", 2, "--out", tmp_path / "table") == 1
    assert "ends with .h5" in capsys.readouterr().err


def test_a_draw_begins_like_a_larger_one():
    space = NASBench201()
    small, large = (draw_classes(space, n, np.random.default_rng(4)) for n in (50, 200))
    assert (large[:50] == small).all()
    assert len(np.unique(space.canonicalize(large), axis=0)) == 200


def test_a_space_that_is_not_listed_gives_different_architectures():
    space = SPACES.load("darts")()
    archs = draw_classes(space, 30, np.random.default_rng(0))
    assert len(np.unique(archs, axis=0)) == 30
    assert space.is_valid(archs).all()
