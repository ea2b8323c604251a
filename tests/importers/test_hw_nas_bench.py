"""HW-NAS-Bench: the genuine numbers of a public copy, put back into the layout of the official pickle here."""

import ast
import csv
import os
import pickle

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import SourceError
from nasbench.importers import import_source
from nasbench.importers.hw_nas_bench import HWNASBench
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Table, find_table

DATASETS = {"cifar10": 10, "cifar100": 100, "ImageNet16-120": 120}
OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
# What the README of the official repository prints of architecture 0 on CIFAR-10.
FIRST = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
PRINTED = {
    "edgegpu_latency": 5.807418537139893, "edgegpu_energy": 24.226614330768584,
    "raspi4_latency": 10.481976820010459, "edgetpu_latency": 0.9571811309997429,
    "pixel3_latency": 3.6058499999999998, "eyeriss_latency": 3.645620000000001,
    "eyeriss_energy": 0.6872827644999999, "fpga_latency": 2.57296, "fpga_energy": 18.01072,
}  # fmt: skip


def text_of(key):
    """Write the key of the copy as an official string: its edges are ordered by where they start."""
    a, b, c, d, e, f = (OPERATIONS[digit] for digit in ast.literal_eval(key))
    return f"|{a}~0|+|{b}~0|{d}~1|+|{c}~0|{e}~1|{f}~2|"


def official(folder, n, make):
    """Return the contents of the official pickle for the first ``n`` architectures."""
    content = {}
    for dataset, n_classes in DATASETS.items():
        with (folder / f"nb201/hw_{dataset}.csv").open() as file:
            rows = [row for row, _ in zip(csv.DictReader(file), range(n), strict=False)]
        metrics = {name: make([float(row[name]) for row in rows]) for name in rows[0] if name != "net"}
        metrics["config"] = [
            {"name": "infer.tiny", "C": 16, "N": 5, "arch_str": text_of(row["net"]), "num_classes": n_classes}
            for row in rows
        ]
        content[dataset] = metrics
    return {"nasbench201": content, "fbnet": {"edgegpu_latency": {"FC_Cin1504_Cout100": 0.1}}}


def written(folder, content):
    path = folder / "HW-NAS-Bench-v1_0.pickle"
    path.write_bytes(pickle.dumps(content, protocol=3))
    return path


@pytest.mark.parametrize(
    "make", [list, np.array, lambda values: [np.float64(v) for v in values]], ids=["list", "array", "scalars"]
)
def test_every_number_comes_out_in_seconds_and_joules(shared, tmp_path, make):
    content = official(shared, 300, make)
    table = import_source(HWNASBench(), written(tmp_path, content), tmp_path / "hw.h5")
    compared = 0
    for dataset, metrics in content["nasbench201"].items():
        index = table.index(NASBench201().parse([config["arch_str"] for config in metrics.pop("config")]))
        for name, values in metrics.items():
            unit = "_s" if name.endswith("latency") else "_J" if name.endswith("energy") else ""
            stored = table.static(index, dataset=dataset, metric=name + unit)
            expected = np.array([np.nan if value == -1 else value for value in values]) / (1000 if unit else 1)
            np.testing.assert_array_equal(stored, expected)
            compared += np.isfinite(stored).sum()
    assert 300 * 27 < compared < 300 * 30  # the edge TPU cannot run some


def test_what_the_authors_print_of_architecture_0(shared, tmp_path):
    table = import_source(HWNASBench(), written(tmp_path, official(shared, 3, list)), tmp_path / "hw.h5")
    index = table.index(NASBench201().parse([FIRST]))
    assert table.static(index, dataset="all", metric="official_index") == [0]
    for name, value in PRINTED.items():
        metric = f"{name}_s" if name.endswith("latency") else f"{name}_J"
        assert table.static(index, dataset="cifar10", metric=metric)[0] == value / 1000


def test_the_command_reads_the_checkout(shared, tmp_path, home):
    written(tmp_path, official(shared, 3, list))
    assert main(["import", "hw_nas_bench", str(tmp_path)]) == 0
    assert len(Table(find_table("hw_nas_bench"))) == 3


def _edit(change):
    def apply(content):
        change(content["nasbench201"]["cifar100"])
        return content

    return apply


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/nasbench-was-here",)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda content: [content], "does not have the format of HW-NAS-Bench-v1_0.pickle"),
        (lambda content: content["nasbench201"], "does not have the format of HW-NAS-Bench-v1_0.pickle.*github"),
        (lambda content: content | {"more": Evil()}, r"(posix|nt)\.system"),
        (_edit(lambda data: data.pop("config")), "KeyError.'config'"),
        (_edit(lambda data: data["config"].reverse()), "architectures of cifar100 differ from those of cifar10"),
        (_edit(lambda data: data.pop("fpga_energy")), "fpga_energy of cifar100"),
        (_edit(lambda data: data["fpga_energy"].pop()), r"fpga_energy of cifar100 has shape \(19,\)"),
        (_edit(lambda data: data.update(fpga_energy="much")), "fpga_energy of cifar100 is not a list"),
        (_edit(lambda data: data["fpga_energy"].__setitem__(7, -2.0)), "fpga_energy of cifar100, place 7: -2.0"),
        (_edit(lambda data: data["fpga_energy"].__setitem__(7, 5e6)), "place 7"),
        (_edit(lambda data: data["fpga_energy"].__setitem__(7, np.inf)), "place 7"),
        (_edit(lambda data: data.update(pixel3_latency=[v / 1000 for v in data["pixel3_latency"]])), "not in ms or mJ"),
    ],
)
def test_what_breaks_the_format_is_named(shared, tmp_path, change, says):
    with pytest.raises(SourceError, match=says):
        HWNASBench().read(written(tmp_path, change(official(shared, 20, list))))


def test_where_to_get_it(tmp_path):
    for source in (tmp_path, tmp_path / "absent.pickle"):
        with pytest.raises(SourceError, match=r"github\.com/GATECH-EIC/HW-NAS-Bench"):
            HWNASBench().read(source)
