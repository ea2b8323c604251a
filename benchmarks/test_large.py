"""A table as large as NAS-Bench-101: 423,624 cells of 26 decisions, four recipes, three seeds."""

import numpy as np
import pytest

from nasbench.table import Measurement, Table, TableBuilder, write_table

N, N_QUERIES = 423_624, 100_000
RECIPES = ("epochs4", "epochs12", "epochs36", "epochs108")
WHERE = {"dataset": "cifar10", "split": "valid", "metric": "accuracy"}


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Return the file, and architectures and rows to query."""
    rng = np.random.default_rng(0)
    archs = rng.integers(0, 3, size=(N, 26), dtype=np.int8)
    archs[:, :13] = np.arange(N)[:, None] // 3 ** np.arange(13) % 3  # all distinct
    columns = [
        Measurement(
            **WHERE,
            recipe=recipe,
            unit="fraction",
            direction="maximize",
            values=rng.integers(0, 10_001, size=(N, 3, 1)) / 10_000,
            seeds=np.arange(3),
            epochs=np.array([1]),
            denominator=10_000,
        )
        for recipe in RECIPES
    ]
    path = tmp_path_factory.mktemp("large") / "large.h5"
    texts = dict.fromkeys(("title", "space", "citation", "licence", "source", "notes"), "synthetic")
    write_table(
        TableBuilder(name="large", **texts, architectures=archs, cardinality=np.full(26, 3), measurements=columns), path
    )
    asked = rng.integers(0, N, size=N_QUERIES)
    return path, archs[asked], asked


@pytest.mark.benchmark(group="a table of 423,624 architectures")
def test_open(benchmark, large):
    benchmark(lambda: Table(large[0]))


@pytest.mark.benchmark(group="a table of 423,624 architectures")
def test_open_and_first_query_by_row(benchmark, large):
    path, _, asked = large
    benchmark.pedantic(lambda: Table(path).query(asked, **WHERE, recipe="epochs108"), rounds=5)


@pytest.mark.benchmark(group="a table of 423,624 architectures")
def test_open_and_first_query_by_architecture(benchmark, large):
    path, archs, _ = large

    def first():
        table = Table(path)
        return table.query(table.index(archs), **WHERE, recipe="epochs108")

    benchmark.pedantic(first, rounds=5)


@pytest.mark.benchmark(group="a table of 423,624 architectures")
def test_open_and_first_query_of_one(benchmark, large):
    path, archs, _ = large

    def first():
        table = Table(path)
        return table.query(table.index(archs[:1]), **WHERE, recipe="epochs108")

    benchmark.pedantic(first, rounds=5)


@pytest.mark.benchmark(group="100,000 random queries of 423,624 architectures")
def test_query_floor_gather(benchmark, large):
    path, _, asked = large
    column = Table(path).query(np.arange(N), **WHERE, recipe="epochs108")
    benchmark(lambda: column[asked])


@pytest.mark.benchmark(group="100,000 random queries of 423,624 architectures")
def test_query_by_row(benchmark, large):
    path, _, asked = large
    table = Table(path)
    benchmark(lambda: table.query(asked, **WHERE, recipe="epochs108"))


@pytest.mark.benchmark(group="100,000 random queries of 423,624 architectures")
def test_query_by_architecture(benchmark, large):
    path, archs, asked = large
    table = Table(path)
    assert (table.index(archs) == asked).all()
    benchmark(lambda: table.query(table.index(archs), **WHERE, recipe="epochs108"))
