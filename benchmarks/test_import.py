"""Importing a table of one's own: 100,000 and a million rows of 12 columns, against pandas reading the same file."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from nasbench.importers import import_source
from nasbench.importers.table import AnyTable

SIZES = (100_000, 1_000_000)
MAPPING = """
citation = "a benchmark"
licence = "none"
source = "random numbers"
[architecture]
space = "hyper"
columns = ["lr", "optimizer", "activation", "depth", "width", "kernel", "dropout"]
[architecture.space_options.decisions]
lr = { LR }
optimizer = { categorical = ["sgd", "adam", "adamw"] }
activation = { categorical = ["relu", "gelu", "silu", "tanh"] }
depth = { integer = [1, 20] }
width = { integer = [8, 128], step = 8 }
kernel = { integer = [1, 8] }
dropout = { ordinal = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5] }
[defaults]
dataset = "d"
recipe = "r"
seed = { column = "seed" }
epoch = 1
[[measurement]]
column = "val_acc"
split = "valid"
metric = "accuracy"
unit = "fraction"
[[measurement]]
column = "test_acc"
split = "test"
metric = "accuracy"
unit = "fraction"
[[measurement]]
column = "train_s"
split = "train"
metric = "train_s"
unit = "s"
per = "total"
"""
LISTED, REAL = "ordinal = [0.001, 0.01, 0.1]", "real = [0.0001, 1.0], log = true"


def write_trainings(path, n, lr):
    """Write ``n`` trainings, three of each architecture, all of whose results are numbers of 16 digits."""
    rng = np.random.default_rng(0)
    shape = (3, 3, 4, 20, 16, 8, 6)
    digits = np.unravel_index(rng.permutation(np.prod(shape))[np.arange(n) // 3 % np.prod(shape)], shape)
    listed = np.array([0.001, 0.01, 0.1])[digits[0]]
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "lr": listed if lr == LISTED else np.repeat(10 ** rng.uniform(-4, 0, -(-n // 3)), 3)[:n],
            "optimizer": np.array(["sgd", "adam", "adamw"])[digits[1]],
            "activation": np.array(["relu", "gelu", "silu", "tanh"])[digits[2]],
            "depth": digits[3] + 1,
            "width": 8 * (digits[4] + 1),
            "kernel": digits[5] + 1,
            "dropout": digits[6] / 10,
            "seed": np.arange(n) % 3 + 3 * (np.arange(n) // 3 // np.prod(shape)),
            "val_acc": rng.uniform(0.5, 0.9, n),
            "test_acc": rng.uniform(0.5, 0.9, n),
            "train_s": rng.uniform(10.0, 100.0, n),
        }
    )
    frame.to_csv(path, index=False)


@pytest.fixture(scope="session", params=[(n, lr) for n in SIZES for lr in (LISTED, REAL)], ids=str)
def trainings(request, tmp_path_factory):
    n, lr = request.param
    folder = tmp_path_factory.mktemp("import")
    write_trainings(folder / "mine.csv", n, lr)
    (folder / "map.toml").write_text(MAPPING.replace("LR", lr))
    return folder, f"{n:,} rows, {'real' if lr == REAL else 'listed'} learning rates"


@pytest.fixture
def group(benchmark, trainings):
    benchmark.group = f"import {trainings[1]}"
    return benchmark


def test_import(group, trainings):
    folder, _ = trainings
    reader = AnyTable(map=str(folder / "map.toml"))

    def run():
        import_source(reader, folder / "mine.csv", folder / "out.h5", n_jobs=1, replace=True, on_progress=None)

    group.pedantic(run, rounds=3)


def test_pandas_reads_the_file(group, trainings):
    group.pedantic(pd.read_csv, (trainings[0] / "mine.csv",), {"float_precision": "round_trip"}, rounds=3)


def test_memory(trainings, capsys):
    """Print the peak of a process of its own, which starts at about 120 MiB."""
    folder, title = trainings
    code = (
        "import resource, sys; from pathlib import Path; from nasbench.importers import import_source;"
        "from nasbench.importers.table import AnyTable; folder = Path(sys.argv[1]);"
        "import_source(AnyTable(map=str(folder / 'map.toml')), folder / 'mine.csv', folder / 'out.h5', n_jobs=1,"
        " replace=True, on_progress=None);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, sum(resource.getrusage(resource.RUSAGE_SELF)[:2]))"
    )
    told = subprocess.run([sys.executable, "-c", code, folder], check=True, capture_output=True, text=True).stdout
    kib, seconds = map(float, told.split())
    with capsys.disabled():
        print(f"\n{title}: {seconds:.1f} s of the processor, {kib / 1024:,.0f} MiB at most")
