"""SpikeNAS-Bench from its logs: text files written here as Train_all_networks/utils.py writes them."""

import numpy as np
import pytest

from nasbench.errors import NasbenchError
from nasbench.importers import import_source
from nasbench.importers.spikenas import SpikeNASBench
from nasbench.spaces.spikenas import SpikeNAS

NAMES = "epoch, train_acc, train_loss, val_acc, val_loss"
NAMES_TOP5 = "epoch, train_acc,train_top5, train_loss, val_acc, val_top5, val_loss"
RATES = "firing rate of layers: " + ", ".join(["-1.000"] * 12 + ["0.098", "0.075", "0.158", "0.091"])


def log(cell, rows, *, params=17179620, test="test accuracy: 81.530", time="1.0hour24.0minute53.1second"):
    names = NAMES if len(rows[0]) == 5 else NAMES_TOP5
    lines = [f"architecture id: {cell}", f"model parameters: {params}", names]
    lines += [", ".join(f"{value:.3f}" for value in row) for row in rows]
    return "\r\n".join([*lines, test, RATES, f"Elapsed time: {time}", ""])


def put(folder, dataset, cell, text):
    path = folder / dataset / str(cell) / "train_process.txt"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, newline="")


def rows_of(epochs):
    """Invented curves, whole numbers of the 25,000 images."""
    return [(epoch, 10 + epoch * 0.004, 2.303, 20 + epoch * 0.008, 2.1) for epoch in range(epochs)]


def clock(seconds):
    return f"{seconds // 3600:.1f}hour{seconds % 3600 // 60:.1f}minute{seconds % 60:.1f}second"


def test_the_logs_of_the_gathered_cells_make_the_same_table(shared, tmp_path):
    with np.load(shared / "curves/spikenas.npz", allow_pickle=False) as loaded:
        few = {name: array[:4] for name, array in loaded.items()}
    np.savez(tmp_path / "few.npz", **few)
    for run in ("CIFAR10_100", "CIFAR10_200", "CIFAR100_100", "TinyImagenet_100"):
        for i, cell in enumerate(few[f"{run}_id"]):
            rows = [(epoch, *curve) for epoch, curve in enumerate(few[f"{run}_curves"][i])]
            test = few[f"{run}_test"][i]
            line = "test top1: 50.750, test tpo5: 74.3" if np.isnan(test) else f"test accuracy: {test:.3f}"
            text = log(cell, rows, params=few[f"{run}_params"][i], test=line, time=clock(few[f"{run}_time"][i]))
            put(tmp_path / "data", run.partition("_")[0], cell, text)
    gathered = import_source(SpikeNASBench(), tmp_path / "few.npz", tmp_path / "gathered.h5")
    from_logs = import_source(SpikeNASBench(), tmp_path / "data", tmp_path / "logs.h5")
    assert from_logs.checksum == gathered.checksum


def test_a_log_of_the_last_epoch_alone_leaves_the_others_missing(tmp_path):
    # Line of cell 12142 on TinyImageNet as published
    row = (99, 99.911, 99.998, 0.011, 50.380, 74.150, 2.672)
    text = log(12142, [row], params=75196008, test="test top1: 50.380, test tpo5: 74.2")
    put(tmp_path, "TinyImagenet", 12142, text)
    table = import_source(SpikeNASBench(), tmp_path, tmp_path / "table.h5")
    index = table.index(SpikeNAS().parse(["12142"]))
    where = {"dataset": "tiny-imagenet", "recipe": "epochs100", "metric": "accuracy", "seed": 0}
    curve = table.curves(index, **where, split="valid")[0]
    assert curve[-1] == pytest.approx(0.5038)
    assert np.isnan(curve[:-1]).all()
    assert {column[2] for column in table.measurements} == {"train", "valid"}


def test_one_data_set_is_enough(tmp_path):
    put(tmp_path, "CIFAR10", 7, log(7, rows_of(100)))
    put(tmp_path, "CIFAR10", 3276, log(3276, rows_of(200)))
    table = import_source(SpikeNASBench(), tmp_path, tmp_path / "table.h5")
    index = table.index(SpikeNAS().parse(["7", "3276"]))
    where = {"dataset": "cifar10-valid", "recipe": "released"}
    assert table.query(index, **where, split="valid", metric="accuracy") == pytest.approx([0.20792, 0.21592])
    assert table.query(index, **where, split="train", metric="train_s") == pytest.approx([5093.1, 5093.1])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (log(7, rows_of(57)), "ends after 57 epochs"),
        (log(8, rows_of(100)), "of cell 8, expected the cell of its folder"),
        (log(7, rows_of(100)).partition("test accuracy")[0], "is truncated"),
        (log(7, rows_of(100)).replace("val_acc", "accuracy"), "'val_acc' is not in list"),
        (log(7, rows_of(100)).replace("2.303, ", ""), "is truncated, or not a log"),
        (log(7, [*rows_of(100), (99, 10, 2, 20, 2)]), "do not rise"),
        (log(7, [(99, 10, 2, 9_000, 2)]), r"9000 is outside"),
        (log(7, [(99, 10.0013, 2, 20, 2)]), "not a whole number"),
        ("", "is truncated, or not a log"),
    ],
)
def test_a_broken_log_is_named(tmp_path, text, says):
    put(tmp_path, "CIFAR10", 7, text)
    with pytest.raises(NasbenchError, match=says):
        import_source(SpikeNASBench(), tmp_path, tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_another_folder_says_which_runs_are_known(tmp_path):
    put(tmp_path, "ImageNet", 7, log(7, rows_of(100)))
    with pytest.raises(NasbenchError, match="expected one of CIFAR10_100, CIFAR10_200"):
        SpikeNASBench().read(tmp_path)
