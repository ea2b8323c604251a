"""The store: what goes in comes out, and a damaged file never answers."""

import pickle

import h5py
import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture, InvalidOption, MissingMeasurement, TableError, UnknownName
from nasbench.table import Table, TableBuilder, write_table
from nasbench.table import column as _column

WHERE = {"dataset": "data", "recipe": "epochs30", "split": "valid", "metric": "accuracy"}


@pytest.fixture
def path(draft, tmp_path):
    write_table(draft, tmp_path / "small.h5")
    return tmp_path / "small.h5"


def test_what_was_written_is_read(draft, path):
    table = Table(path)
    index = np.arange(12)
    values = draft.measurements[0].values
    assert (table.architectures == draft.architectures).all()
    for s, seed in enumerate((777, 888)):
        for t, epoch in enumerate((10, 20, 30)):
            np.testing.assert_array_equal(table.query(index, **WHERE, seed=seed, epoch=epoch), values[:, s, t])
        np.testing.assert_array_equal(table.curves(index, **WHERE, seed=seed), values[:, s])
    np.testing.assert_array_equal(table.static(index, dataset="data", metric="train_s"), np.arange(1.0, 13.0))
    assert table.describe(**WHERE)["unit"] == "fraction"
    assert (table.title, table.licence) == ("A small table", "MIT")


def test_the_mean_is_over_the_seeds_that_were_measured(draft, path):
    values = draft.measurements[0].values[:, :, 2]
    mean = Table(path).query(np.arange(12), **WHERE)
    assert mean[4] == values[4, 0]
    assert np.isnan(mean[5])
    np.testing.assert_allclose(mean[:4], values[:4].mean(axis=1), rtol=1e-15)


def test_missing_stays_missing_or_is_an_error(path):
    table = Table(path)
    assert np.isnan(table.query(np.array([4]), **WHERE, seed=888)[0])
    with pytest.raises(MissingMeasurement, match="row 5"):
        table.query(np.array([0, 5]), **WHERE, missing="error")
    with pytest.raises(InvalidOption, match="'nan' or 'error'"):
        table.query(np.array([0]), **WHERE, missing="nearest")


def test_index_finds_rows_and_says_which_it_lacks(draft, path):
    table = Table(path)
    shuffled = np.random.default_rng(0).permutation(12)
    assert (table.index(draft.architectures[shuffled]) == shuffled).all()
    assert table.index(np.array([[0, 0, 0], [3, 0, 0], [0, 0, -1]], dtype=np.int8)).tolist() == [0, -1, -1]
    assert table.index(np.array([[0, 2, 0]], dtype=np.int8)).tolist() == [-1]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"dataset": "dato"}, UnknownName, "did you mean 'data'"),
        ({"recipe": "epochs3"}, UnknownName, "epochs30"),
        ({"split": "test"}, UnknownName, "known: valid|did you mean|valid"),
        ({"split": "holdout"}, UnknownName, "split"),
        ({"metric": "acuracy"}, UnknownName, "accuracy"),
        ({"epoch": 11}, InvalidOption, "10, 20, 30"),
        ({"seed": 999}, InvalidOption, "777, 888"),
    ],
)
def test_unknown_names_say_what_is_known(path, change, error, says):
    with pytest.raises(error, match=says):
        Table(path).query(np.array([0]), **WHERE | change)


@pytest.mark.parametrize("index", [[-1], [12], [0, 1, 99]])
def test_rows_outside_the_table_are_refused(path, index):
    with pytest.raises(InvalidArchitecture, match="outside table 'small'"):
        Table(path).query(np.array(index), **WHERE)


def test_the_checksum_is_of_the_content_alone(draft, tmp_path):
    first = write_table(draft, tmp_path / "a.h5")
    again = write_table(draft, tmp_path / "b.h5")
    assert first == again == Table(tmp_path / "a.h5").checksum
    draft.statics[0].values[3] += 1e-9
    assert write_table(draft, tmp_path / "c.h5") != first


def test_a_table_travels_to_other_processes_as_its_path(path):
    table = pickle.loads(pickle.dumps(Table(path)))
    assert table.query(np.array([0]), **WHERE).shape == (1,)


def test_a_column_larger_than_memory_answers_the_same(draft, path, monkeypatch):
    """Every column is declared too large, so that all answers come from chunks on disk."""
    whole = Table(path)
    index = np.array([7, 0, 7, 11, 3])
    expected = [whole.query(index, **WHERE, seed=seed, epoch=epoch) for seed in (777, "mean") for epoch in (10, None)]
    curves = whole.curves(index, **WHERE, seed=888)
    static = whole.static(index, dataset="all", metric="n_params")
    monkeypatch.setattr(_column, "IN_MEMORY_BYTES", 0)
    lazy = Table(path)
    answers = [lazy.query(index, **WHERE, seed=seed, epoch=epoch) for seed in (777, "mean") for epoch in (10, None)]
    for answer, known in zip(answers, expected, strict=True):
        np.testing.assert_array_equal(answer, known)
    np.testing.assert_array_equal(lazy.curves(index, **WHERE, seed=888), curves)
    np.testing.assert_array_equal(lazy.static(index, dataset="all", metric="n_params"), static)
    assert lazy.columns["static/all/n_params"]._loaded is None


@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize(
    "given",
    [
        np.zeros((2, 3), dtype=np.int8),  # architectures, of which each digit is a row's number too
        np.array([0, 1, 1], dtype=np.int8),  # one of them
        [[0, 1, 1], [2, 0, 0]],
        ["0", "1"],
        [0.0, 1.0],
        [True, False],
        3,
    ],
)
def test_only_rows_are_rows(path, monkeypatch, given, lazy):
    if lazy:
        monkeypatch.setattr(_column, "IN_MEMORY_BYTES", 0)
    table = Table(path)
    calls = [
        lambda: table.query(given, **WHERE),
        lambda: table.static(given, dataset="data", metric="train_s"),
        lambda: table.curves(given, **WHERE, seed=777),
        lambda: table.rows(given),
    ]
    for call in calls:
        with pytest.raises(InvalidArchitecture, match=r"table\.index\(archs\); task\.query"):
            call()


def test_rows_may_be_a_list_or_empty(path):
    table = Table(path)
    assert table.query([1, 0], **WHERE).tolist() == table.query(np.array([1, 0]), **WHERE).tolist()
    assert table.query([], **WHERE).shape == (0,)
    assert table.rows(np.array([2], dtype=np.uint16)).shape == (1, 3)


def test_chunks_are_read_whatever_the_order(tmp_path, monkeypatch):
    n = 5000
    rows = np.stack(np.unravel_index(np.arange(n), (100, 100)), axis=1).astype(np.int8)
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.create_dataset("x", data=np.arange(n * 2.0).reshape(n, 2), chunks=(7, 2))
        column = _column.Column(file["x"], "x", "x.h5")
        index = np.random.default_rng(0).integers(0, n, size=999)
        np.testing.assert_array_equal(column.gather(index, 1, None), index * 2.0 + 1)
        np.testing.assert_array_equal(column.gather(index, None, None)[:, 0], index * 2.0)
        assert column.gather(index[:0], 0, None).shape == (0,)
    assert rows.shape == (n, 2)


def test_a_truncated_file_is_refused(path):
    data = path.read_bytes()
    for size in (0, 100, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(TableError, match=r"truncated or foreign|damaged"):
            Table(path)


def test_a_foreign_file_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5")
    with pytest.raises(TableError, match="not a readable HDF5"):
        Table(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["data"] = [1, 2, 3]
    with pytest.raises(TableError, match="nasbench import"):
        Table(tmp_path / "other.h5")
    with pytest.raises(FileNotFoundError, match="no table at"):
        Table(tmp_path / "absent.h5")


def test_another_version_is_refused(path):
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = 2
    with pytest.raises(TableError, match="version 2; this release reads 1"):
        Table(path)


def test_a_changed_attribute_is_noticed_on_opening(path):
    with h5py.File(path, "r+") as file:
        file["measurements/data/epochs30/valid/accuracy"].attrs["unit"] = "none"
    with pytest.raises(TableError, match="content checksum"):
        Table(path)


def test_a_changed_value_is_noticed_before_it_is_used(path):
    with h5py.File(path, "r+") as file:
        file["measurements/data/epochs30/valid/accuracy"][3, 0, 0] = 0.5
    table = Table(path)
    with pytest.raises(TableError, match="does not match its checksum"):
        table.query(np.array([0]), **WHERE)
    assert table.static(np.array([0]), dataset="data", metric="train_s")[0] == 1.0


def test_an_added_column_is_noticed(path):
    with h5py.File(path, "r+") as file:
        file["static/data/extra"] = np.zeros(12)
    with pytest.raises(TableError, match="content checksum"):
        Table(path)


def _changed(draft: TableBuilder, **fields) -> TableBuilder:
    return TableBuilder(**{name: getattr(draft, name) for name in TableBuilder.__dataclass_fields__} | fields)


def _measurement(draft: TableBuilder, **fields):
    column = draft.measurements[0]
    return _changed(draft, measurements=[type(column)(**column.__dict__ | fields)])


@pytest.mark.parametrize(
    ("break_it", "says"),
    [
        (lambda d: _changed(d, citation=""), "no citation"),
        (lambda d: _changed(d, architectures=d.architectures[[0, *range(11)]]), "several rows"),
        (lambda d: _changed(d, cardinality=np.array([2, 2, 2])), "out of range"),
        (lambda d: _changed(d, measurements=d.measurements * 2), "appears twice"),
        (lambda d: _measurement(d, split="holdout"), "split 'holdout'"),
        (lambda d: _measurement(d, unit="percent"), "unit 'percent'"),
        (lambda d: _measurement(d, epochs=np.array([0, 1, 2])), "positive and rising"),
        (lambda d: _measurement(d, seeds=np.array([1])), r"expected \[n, seeds, epochs\]"),
        (lambda d: _measurement(d, values=d.measurements[0].values * 100), "percentages"),
        (lambda d: _measurement(d, values=np.full((12, 2, 3), np.nan)), "holds no measurement"),
        (lambda d: _measurement(d, values=np.full((12, 2, 3), np.inf)), "outside"),
    ],
)
def test_the_schema_is_enforced_on_writing(draft, tmp_path, break_it, says):
    with pytest.raises(TableError, match=says):
        write_table(break_it(draft), tmp_path / "broken.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_table(draft, path, monkeypatch):
    before = path.read_bytes()

    def full(*_args, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(h5py.Group, "create_dataset", full)
    with pytest.raises(OSError, match="No space left"):
        write_table(draft, path)
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["small.h5"]
