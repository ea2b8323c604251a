"""Appending: nothing is overwritten, and every column says where its values come from."""

import json

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import FileLocked, InvalidOption, TableError
from nasbench.files import exclusive_lock
from nasbench.table import Measurement, Static, Table, TableBuilder, append_measurements, find_table, write_table

WHERE = {"dataset": "data", "recipe": "epochs30", "split": "valid", "metric": "accuracy"}
PLACE = "measurements/data/epochs30/valid/accuracy"


def of_a_colleague(draft: TableBuilder, rows, seeds, values, **changes) -> TableBuilder:
    """Return a draft of the same space: rows of the fixture (from 12 on: new ones) and other seeds."""
    fields = {name: getattr(draft, name) for name in TableBuilder.__dataclass_fields__}
    column = draft.measurements[0].__dict__ | {"values": values, "seeds": np.array(seeds)} | changes
    own = {"name": "theirs", "source": "a colleague's cluster", "citation": "Colleague 2026", "statics": []}
    return TableBuilder(
        **fields | own | {"architectures": draft.architectures[rows], "measurements": [Measurement(**column)]}
    )


@pytest.fixture
def path(draft, tmp_path):
    """A table of the first nine architectures."""
    column = draft.measurements[0]
    statics = [Static(**s.__dict__ | {"values": s.values[:9]}) for s in draft.statics]
    fields = {name: getattr(draft, name) for name in TableBuilder.__dataclass_fields__}
    cut = Measurement(**column.__dict__ | {"values": column.values[:9]})
    changed = {"architectures": draft.architectures[:9], "measurements": [cut], "statics": statics}
    write_table(TableBuilder(**fields | changed), tmp_path / "small.h5")
    return tmp_path / "small.h5"


@pytest.fixture
def theirs(draft):
    """Two new seeds of four architectures, of which two are new."""
    values = np.linspace(0.2, 0.3, 4 * 2 * 3).reshape(4, 2, 3)
    values[0, 1, 0] = np.nan
    return of_a_colleague(draft, [10, 2, 11, 0], [1, 2], values)


def test_new_seeds_and_architectures_stand_beside_the_old_numbers(draft, path, theirs):
    table = append_measurements(path, theirs)
    assert (table.architectures == draft.architectures[[*range(9), 10, 11]]).all()
    assert table.describe(**WHERE)["seeds"] == [1, 2, 777, 888]
    for s, seed in enumerate((777, 888)):
        np.testing.assert_array_equal(
            table.curves(np.arange(9), **WHERE, seed=seed), draft.measurements[0].values[:9, s]
        )
        assert np.isnan(table.curves(np.array([9, 10]), **WHERE, seed=seed)).all()
    for s, seed in enumerate((1, 2)):
        np.testing.assert_array_equal(
            table.curves(np.array([9, 2, 10, 0]), **WHERE, seed=seed), theirs.measurements[0].values[:, s]
        )
    assert (table.name, table.source) == ("small", "made by a test")


def test_every_column_says_where_its_values_come_from(path, theirs):
    own, checksum = Table(path), Table(path).checksum
    assert all("sources" not in column.attributes for column in own.columns.values())
    table = append_measurements(path, theirs)
    first, second = table.describe(**WHERE)["sources"]
    assert first == f"made by a test (nobody; MIT), table small sha256 {checksum}: 51 values of 9 architectures, " + (
        "seeds 777, 888"
    )
    assert second.startswith("a colleague's cluster (Colleague 2026; MIT), table theirs sha256 ")
    assert second.endswith(": 23 values of 4 architectures, seeds 1, 2")
    assert [place for place, column in table.columns.items() if "sources" in column.attributes] == [PLACE]


def test_sources_add_up_and_are_kept_within_sources(draft, path, theirs, tmp_path):
    first = append_measurements(path, theirs)
    third = of_a_colleague(draft, [3], [5], np.full((1, 1, 3), 0.5))
    known = first.describe(**WHERE)["sources"]
    again = append_measurements(path, third).describe(**WHERE)["sources"]
    assert again[:2] == known
    assert len(again) == 3
    write_table(of_a_colleague(draft, [4], [6], np.full((1, 1, 3), 0.5)), tmp_path / "other.h5")
    (_, last) = append_measurements(tmp_path / "other.h5", Table(path)).describe(**WHERE)["sources"]
    assert "[itself made of: " in last
    assert all(text in last for text in again)


def test_a_new_column_names_its_only_source(draft, path):
    added = of_a_colleague(draft, [1], [7], np.full((1, 1, 3), 0.5), metric="roc_auc")
    table = append_measurements(path, added)
    (source,) = table.describe(**WHERE | {"metric": "roc_auc"})["sources"]
    assert "Colleague 2026" in source
    assert "sources" not in table.describe(**WHERE)


def test_appending_again_changes_nothing(path, theirs):
    once = append_measurements(path, theirs).checksum
    assert append_measurements(path, theirs).checksum == once


def test_the_sources_are_covered_by_the_checksum(path, theirs):
    import h5py

    append_measurements(path, theirs)
    with h5py.File(path, "r+") as file:
        file[PLACE].attrs["sources"] = ["somebody else"]
    with pytest.raises(TableError, match="content checksum"):
        Table(path)


def test_another_value_under_the_same_seed_is_refused_and_can_be_relabelled(draft, path):
    values = np.full((2, 2, 3), 0.25)
    added = of_a_colleague(draft, [0, 11], [777, 888], values)
    before = path.read_bytes()
    with pytest.raises(TableError, match=r"row 0 differently, seed 777.*seed_offset=112 ") as refused:
        append_measurements(path, added)
    assert "--seed-offset 112" in str(refused.value)
    assert path.read_bytes() == before
    assert [item.name for item in path.parent.iterdir()] == ["small.h5"]
    with pytest.raises(TableError, match="seed_offset=112 "):
        append_measurements(path, added, seed_offset=111)
    table = append_measurements(path, added, seed_offset=112)
    assert table.describe(**WHERE)["seeds"] == [777, 888, 889, 1000]
    assert table.describe(**WHERE)["sources"][1].endswith("seeds 889, 1000")
    assert "seed labels raised by 112" in table.describe(**WHERE)["sources"][1]
    np.testing.assert_array_equal(table.curves(np.array([0, 9]), **WHERE, seed=889), values[:, 0])


def test_another_static_value_says_what_to_do(draft, path, theirs):
    fields = {name: getattr(theirs, name) for name in TableBuilder.__dataclass_fields__}
    other = Static(**draft.statics[0].__dict__ | {"values": np.full(4, 77.0)})
    with pytest.raises(TableError, match=r"train_s: two sources .* remove that column"):
        append_measurements(path, TableBuilder(**fields | {"statics": [other]}))


def test_another_kind_of_values_is_told_apart(draft, path):
    counted = of_a_colleague(draft, [0], [1], np.full((1, 1, 3), 0.25), denominator=4)
    with pytest.raises(TableError, match=r"denominator None and 4; type float64 and uint16"):
        append_measurements(path, counted)
    per_seed = Static(**draft.statics[1].__dict__ | {"values": np.full((1, 3), 5.0)})
    fields = {name: getattr(counted, name) for name in TableBuilder.__dataclass_fields__}
    with pytest.raises(TableError, match=r"n_params: .*axes \(2,\) and \(3,\)"):
        append_measurements(path, TableBuilder(**fields | {"measurements": [], "statics": [per_seed]}))


def test_one_writer_at_a_time(path, theirs):
    with exclusive_lock(path), pytest.raises(FileLocked, match="is writing"):
        append_measurements(path, theirs)


def test_a_shipped_table_is_copied_and_never_changed(home):
    shipped = find_table("nb201")
    checksum = Table(shipped).checksum
    with pytest.raises(InvalidOption, match=r"nb201.h5 ships with the suite.*--name NAME"):
        append_measurements(shipped, Table(shipped))
    with pytest.raises(InvalidOption, match="not a plain file name"):
        append_measurements(shipped, Table(shipped), name="../nb201")
    copy = append_measurements(shipped, Table(shipped), name="mine")
    assert copy.path == home / "tables" / "mine.h5"
    assert copy.name == "mine"
    with pytest.raises(InvalidOption, match="exists and is not overwritten"):
        append_measurements(shipped, Table(shipped), name="mine")
    assert Table(shipped).checksum == checksum


def test_the_command_line_appends(path, theirs, tmp_path, capsys):
    write_table(theirs, tmp_path / "theirs.h5")
    assert main(["append", str(path), str(tmp_path / "theirs.h5")]) == 0
    out = capsys.readouterr().out
    assert "2 new architectures, 11 in total" in out
    assert "Colleague 2026" in out
    assert main(["append", str(path), str(tmp_path / "theirs.h5")]) == 0
    assert "nothing changed" in capsys.readouterr().out
    assert main(["append", str(path), str(tmp_path / "theirs.h5"), "--seed-offset", "10", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["new_architectures"] == 0
    assert len(told["sources"][PLACE]) == 3
    assert main(["append", "smal", str(tmp_path / "theirs.h5")]) == 1
    assert "unknown table" in capsys.readouterr().err
