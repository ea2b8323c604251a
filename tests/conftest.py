"""Fixtures that several rooms use."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # tests run side by side; must stand before numpy and torch

from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.table import Measurement, Static, TableBuilder, write_table

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the long run of every strategy in every space be asked for."""
    parser.addoption("--everywhere", action="store_true", help="check model-based strategies in every space")


@pytest.fixture
def shared() -> Path:
    """The folder of outside measurements beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"the outside measurements are absent: {SHARED} does not exist")
    return SHARED


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20200117)


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """No test reads or writes the user's own tables."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("NASBENCH_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def cifar10():
    return nasbench.load_task("nb201-cifar10")


@pytest.fixture
def draft() -> TableBuilder:
    """A small table with two seeds, three epochs and gaps."""
    rows = np.indices((3, 2, 2), dtype=np.int8).reshape(3, -1).T.copy()
    values = np.linspace(0.1, 0.9, len(rows) * 6).reshape(len(rows), 2, 3)
    values[4, 1, 2] = np.nan
    values[5, :, 2] = np.nan
    return TableBuilder(
        name="small",
        title="A small table",
        space="nb201",
        citation="nobody",
        licence="MIT",
        source="made by a test",
        notes="none",
        architectures=rows,
        cardinality=np.array([3, 2, 2]),
        measurements=[
            Measurement(
                dataset="data",
                recipe="epochs30",
                split="valid",
                metric="accuracy",
                unit="fraction",
                direction="maximize",
                values=values,
                seeds=np.array([777, 888]),
                epochs=np.array([10, 20, 30]),
            )
        ],
        statics=[
            Static(dataset="data", metric="train_s", unit="s", direction="minimize", values=np.arange(1.0, 13.0)),
            Static(dataset="all", metric="n_params", unit="count", direction="minimize", values=np.full((12, 2), 5.0)),
        ],
    )


@pytest.fixture
def proxies(home, cifar10):
    """A table ``mine`` with what may be a proxy, of half of the cells of NAS-Bench-201, and what may be an accuracy."""
    return proxy_table(home, cifar10, "mine", cifar10.space.rows[::2])


@pytest.fixture
def few(home, cifar10):
    """The same of 3 % of the cells, ``few``."""
    rows = np.sort(np.random.default_rng(5).permutation(len(cifar10.space.rows))[:469])
    return proxy_table(home, cifar10, "few", cifar10.space.rows[rows])


def proxy_table(home, cifar10, table, archs):
    score = cifar10.query(archs)
    columns = {"ours": ("none", score**2), "accuracy": ("fraction", score)}
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    statics = [
        Static(dataset="cifar10", metric=name, unit=unit, direction="maximize", values=values)
        for name, (unit, values) in columns.items()
    ]
    draft = TableBuilder(
        name=table, space="nb201", **texts, architectures=archs, cardinality=cifar10.space.cardinality, statics=statics
    )
    write_table(draft, home / "tables" / f"{table}.h5")
    return table
