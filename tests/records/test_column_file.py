"""The file of columns: the same bytes for the same content, and nothing but plain numbers that are there is read."""

import h5py
import numpy as np
import pytest

from nasbench.errors import RecordError
from nasbench.records.column_file import ColumnFile, write_columns

PAIRS = [
    ("task/a", {"number": np.arange(3, dtype=np.uint8), "arch": np.ones((5, 6), dtype=np.int8), "inner/x": np.ones(2)}),
    ("task/b", {"number": np.arange(2, dtype=np.uint8), "crashed": np.array([True, False])}),
]


@pytest.fixture
def file(tmp_path):
    write_columns(tmp_path / "x.h5", '{"seed":0}', PAIRS)
    return ColumnFile(tmp_path / "x.h5")


def test_what_was_written_is_read(file):
    assert file.read_spec() == '{"seed":0}'
    assert file.read_names() == ["task/a", "task/b"]
    for name, columns in PAIRS:
        told = file.read(name)
        assert told.keys() == columns.keys()
        for place, column in columns.items():
            np.testing.assert_array_equal(told[place], column)
            assert told[place].dtype == column.dtype
            assert not told[place].flags.writeable
    assert file.read("task/c") == {}


def test_the_same_content_is_the_same_bytes_and_another_is_not(file, tmp_path):
    write_columns(tmp_path / "y.h5", '{"seed":0}', PAIRS)
    assert (tmp_path / "y.h5").read_bytes() == file.path.read_bytes()
    assert ColumnFile(tmp_path / "y.h5").read_checksum() == file.read_checksum()
    write_columns(tmp_path / "y.h5", '{"seed":0}', PAIRS[:1])
    assert ColumnFile(tmp_path / "y.h5").read_checksum() != file.read_checksum()


def test_a_file_that_does_not_exist_holds_nothing(tmp_path):
    absent = ColumnFile(tmp_path / "x.h5")
    assert (absent.read_spec(), absent.read_names(), absent.read("task/a")) == ("", [], {})


def giant(group):
    group.create_dataset("number", shape=(2**40,), dtype=np.int64)  # HDF5 would fill it with zeros


def bomb(group):
    group.create_dataset("number", data=np.zeros(2**20), compression="gzip", chunks=(2**20,))


def elsewhere(group):
    group.create_dataset("number", shape=(4,), dtype=np.int8, external=[("other.bin", 0, 4)])


def text(group):
    group["number"] = "text"


def linked_often(group):
    group["number"] = np.arange(1000)
    for i in range(50):
        group[f"again{i}"] = group["number"]


def a_type(group):
    group["number"] = np.dtype("f8")


@pytest.mark.parametrize("hostile", [giant, bomb, elsewhere, text, linked_often, a_type])
def test_what_is_no_plain_column_is_refused(file, hostile):
    with h5py.File(file.path, "a") as opened:
        del opened["task/a"]
        hostile(opened.create_group("task/a"))
    with pytest.raises(RecordError, match=r"x\.h5 is damaged .* restore it from a copy, or delete it"):
        file.read("task/a")
    assert file.read("task/b").keys() == {"number", "crashed"}


def test_a_group_that_holds_itself_ends(file):
    with h5py.File(file.path, "a") as opened:
        opened["task/a/loop"] = opened["task"]
    with pytest.raises(RecordError, match="damaged"):
        file.read("task/a")


def test_a_changed_byte_is_an_error_or_changes_nothing(file):
    whole = file.path.read_bytes()
    before = [{place: column.tolist() for place, column in file.read(name).items()} for name, _ in PAIRS]
    noticed = 0
    for at in range(0, len(whole), 37):
        file.path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x21]) + whole[at + 1 :])
        try:
            told = [{place: column.tolist() for place, column in file.read(name).items()} for name, _ in PAIRS]
            assert told == before or {} in told  # a name that changed is a pair that is not there
        except RecordError:
            noticed += 1
    assert noticed


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_cut_file_is_damaged(file, share):
    whole = file.path.read_bytes()
    file.path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(RecordError, match="damaged"):
        file.read("task/a")
