"""AnalogNAS-Bench: every number of the package, and the proof of how its keys are read."""

import importlib.util
import itertools
import pickle
import sys
import types
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

import nasbench
from nasbench.cli import main
from nasbench.errors import NasbenchError
from nasbench.importers import import_source
from nasbench.importers.analog_nasbench import AnalogNASBench
from nasbench.importers.table import AnyTable
from nasbench.testing import check_task

WHERE = {"dataset": "cifar10", "split": "test"}
DIGITS = {"skip_connect": 0, "none": 1, "nor_conv_3x3": 2, "nor_conv_1x1": 3, "avg_pool_3x3": 4}
NAMES = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]


@pytest.fixture(scope="module")
def package():
    spec = importlib.util.find_spec("analognasbench")
    if spec is None:
        pytest.skip("the package analog-nasbench, which states no licence, is not installed")
    return Path(spec.submodule_search_locations[0])


@pytest.fixture
def table(package, tmp_path):
    return import_source(AnalogNASBench(), package, tmp_path / "analog.h5")


class Plain(pickle.Unpickler):
    """Reads the package's objects as empty classes with attributes, without any of the importer's code."""

    def find_class(self, module, name):
        assert module == "analognasbench.data"
        return type(name, (), {})


def test_every_number_of_the_package_is_in_the_table(package, table):
    with open(package / "data.anb", "rb") as file:
        raw = Plain(file).load()
    keys = {
        tuple(DIGITS[table_ops[edge]] for edge in EDGES): row
        for row, table_ops in enumerate(
            dict(zip([(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)], map(NAMES.__getitem__, arch), strict=True))
            for arch in table.architectures.tolist()
        )
    }
    assert keys.keys() == raw.keys()
    assert len(raw) == 15_625
    rows = np.array([keys[key] for key in raw])
    columns = {
        ("digital", "accuracy"): lambda cell: cell.baseline_accuracy,
        ("digital", "accuracy_quantized"): lambda cell: cell.ptq_accuracy,
        ("digital", "accuracy_noisy"): lambda cell: cell.noisy_accuracy,
        ("quantized", "accuracy"): lambda cell: cell.qat_accuracy,
        ("analog", "accuracy"): lambda cell: cell.analog_accuracy,
    }
    for recipe, prefix in (("digital", "baseline"), ("analog", "analog")):
        for seconds in (60, 3600, 86400, 2592000):
            name = f"{prefix}_drift_{seconds}"
            columns[recipe, f"accuracy_drift_{seconds}s"] = lambda cell, name=name: getattr(cell, name).value
            columns[recipe, f"accuracy_drift_{seconds}s_spread"] = lambda cell, name=name: (
                getattr(cell, name).uncertainty
            )
    for (recipe, metric), of in columns.items():
        expected = np.array([of(cell) for cell in raw.values()])
        np.testing.assert_allclose(100 * table.query(rows, **WHERE, recipe=recipe, metric=metric), expected, rtol=1e-12)
    assert len(columns) == 21


def test_keys_are_read_in_the_way_that_agrees_with_the_published_accuracy(table, shared, tmp_path):
    """Against every order of edges, and against every order of operations."""
    importer = AnyTable(map="nb201_test_epochs200", name="public")
    public = import_source(importer, shared / "nb201/test_accuracy_epoch200.csv", tmp_path / "public.h5")
    archs = table.architectures
    published = np.empty((5,) * 6)
    rows = public.query(public.index(archs), dataset="cifar10", recipe="epochs200", split="test", metric="accuracy")
    published[tuple(archs.T)] = rankdata(rows)
    own = rankdata(table.query(np.arange(len(table)), **WHERE, recipe="digital", metric="accuracy"))

    def agreement(cells):
        return np.corrcoef(own, published[tuple(cells.T)])[0, 1]

    edges = {order: agreement(archs[:, order]) for order in itertools.permutations(range(6))}
    operations = {order: agreement(np.array(order)[archs]) for order in itertools.permutations(range(5))}
    by_edges, by_operations = (sorted(found, key=found.get) for found in (edges, operations))
    assert by_edges[-1] == tuple(range(6))
    assert by_operations[-1] == tuple(range(5))
    assert round(edges[by_edges[-1]], 3) == 0.991
    assert round(edges[by_edges[-2]], 3) == 0.969  # the cell from output to input
    assert operations[by_operations[-2]] < 0.969


def test_hardware_changes_what_it_should(table):
    def mean(recipe, metric):
        return table.query(np.arange(len(table)), **WHERE, recipe=recipe, metric=metric).mean()

    assert mean("digital", "accuracy_noisy") < mean("analog", "accuracy") < mean("digital", "accuracy")
    for recipe in ("digital", "analog"):
        drift = [mean(recipe, f"accuracy_drift_{seconds}s") for seconds in (60, 3600, 86400, 2592000)]
        assert drift == sorted(drift, reverse=True)


def test_the_imported_table_serves_its_tasks(package, home, rng):
    assert main(["import", "analog_nasbench", str(package)]) == 0
    for member in ("noisy", "analog", "month"):
        task = nasbench.load_task(f"analog201-{member}")
        task.check()
        check_task(task, rng)
        assert len(task.rows) == 15_625


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """Writes a package of two cells, changed."""
    module = types.ModuleType("analognasbench.data")

    class Architecture:
        pass

    class DriftMeasurement:
        pass

    for made in (Architecture, DriftMeasurement):
        made.__module__, made.__qualname__ = module.__name__, made.__name__
        setattr(module, made.__name__, made)
    monkeypatch.setitem(sys.modules, "analognasbench", types.ModuleType("analognasbench"))
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def cell():
        entry = Architecture()
        for name in ("baseline", "ptq", "qat", "noisy", "analog"):
            setattr(entry, f"{name}_accuracy", 50.0)
        for name, seconds in itertools.product(("baseline", "analog"), (60, 3600, 86400, 2592000)):
            drift = DriftMeasurement()
            drift.value, drift.uncertainty = 40.0, 1.5
            setattr(entry, f"{name}_drift_{seconds}", drift)
        return entry

    def write(change):
        cells = {(0, 1, 2, 3, 4, 0): cell(), (1, 1, 1, 1, 1, 1): cell()}
        cells = change(cells) or cells
        (tmp_path / "data.anb").write_bytes(pickle.dumps(cells))
        return tmp_path / "data.anb"

    return write


def test_a_key_is_read_edge_by_edge(fake, tmp_path):
    table = import_source(AnalogNASBench(), fake(lambda cells: None).parent, tmp_path / "table.h5")
    # edges 0-1 skip, 0-2 none, 0-3 3x3, 1-2 1x1, 1-3 pool, 2-3 skip
    assert table.index(np.array([[1, 0, 2, 3, 4, 1]])) == [0]
    assert table.query(np.array([0]), **WHERE, recipe="analog", metric="accuracy_drift_60s_spread") == [0.015]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda cells: [1], "holds list, expected a dictionary"),
        (lambda cells: cells.update({(0, 1, 2, 3, 4, 5): 1}), r"key \(0, 1, 2, 3, 4, 5\) is not a cell"),
        (lambda cells: cells.update({"012340": 1}), r"key '012340' is not a cell"),
        (lambda cells: cells.update({(0,) * 6: 1}), r"baseline_accuracy of cell \(0, 0, .* is None"),
        (lambda cells: setattr(cells[(1,) * 6], "qat_accuracy", 101.0), r"qat_accuracy .*1, 1\): 101 is outside"),
        (lambda cells: setattr(cells[(1,) * 6].analog_drift_60, "value", "40"), r"analog_drift_60.value of cell"),
        (lambda cells: cells.update(other=Path), "expected plain data only"),
        (
            lambda cells: [setattr(cell, "noisy_accuracy", 0.5) for cell in cells.values()] and None,
            r"noisy_accuracy .*these are fractions",
        ),
    ],
)  # fmt: skip
def test_a_broken_package_is_refused(fake, tmp_path, change, says):
    source = fake(change).parent
    with pytest.raises(NasbenchError, match=says):
        import_source(AnalogNASBench(), source, tmp_path / "table.h5")
    assert not (tmp_path / "table.h5").exists()


def test_another_folder_says_where_to_get_the_package(tmp_path):
    with pytest.raises(NasbenchError, match="pip download --no-deps analog-nasbench"):
        AnalogNASBench().read(tmp_path)
