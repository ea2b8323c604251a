"""Joining tables: unions of rows, seeds and epochs, and no number is ever overwritten."""

import numpy as np
import pytest

from nasbench.errors import TableError
from nasbench.table import Measurement, Table, TableBuilder, merge_tables, write_table
from nasbench.table import merge as _merge

WHERE = {"dataset": "data", "recipe": "epochs30", "split": "valid", "metric": "accuracy"}


def part(draft: TableBuilder, rows, seeds=(0, 1), epochs=(0, 1, 2), **changes) -> TableBuilder:
    """Cut rows, seeds and epochs out of a draft."""
    column = draft.measurements[0]
    values = column.values[np.ix_(rows, seeds, epochs)] + changes.pop("shift", 0.0)
    cut = Measurement(
        **column.__dict__
        | {"values": values, "seeds": column.seeds[list(seeds)], "epochs": column.epochs[list(epochs)]}
        | changes
    )
    fields = {name: getattr(draft, name) for name in TableBuilder.__dataclass_fields__}
    statics = [type(s)(**s.__dict__ | {"values": s.values[rows]}) for s in draft.statics]
    return TableBuilder(
        **fields | {"architectures": draft.architectures[rows], "measurements": [cut], "statics": statics}
    )


def written(tmp_path, *drafts) -> list[Table]:
    for i, draft in enumerate(drafts):
        write_table(draft, tmp_path / f"{i}.h5")
    return [Table(tmp_path / f"{i}.h5") for i in range(len(drafts))]


def test_parts_of_a_table_make_the_table(draft, tmp_path, monkeypatch):
    monkeypatch.setattr(_merge, "_BLOCK_BYTES", 100)  # so that every block is a few rows
    whole = write_table(draft, tmp_path / "whole.h5")
    tables = written(tmp_path, part(draft, [0, 1, 2, 3, 4]), part(draft, [5, 6]), part(draft, [7, 8, 9, 10, 11]))
    assert merge_tables(tables, tmp_path / "merged.h5") == whole
    np.testing.assert_array_equal(
        Table(tmp_path / "merged.h5").curves(np.arange(12), **WHERE, seed=888), draft.measurements[0].values[:, 1]
    )


def test_seeds_and_epochs_are_united_and_gaps_stay_missing(draft, tmp_path):
    tables = written(
        tmp_path, part(draft, [3, 0], seeds=[0], epochs=[1, 2]), part(draft, [0, 1], seeds=[1], epochs=[0])
    )
    merge_tables(tables, tmp_path / "merged.h5", name="both")
    merged = Table(tmp_path / "merged.h5")
    assert merged.name == "both"
    assert merged.describe(**WHERE)["seeds"] == [777, 888]
    assert merged.describe(**WHERE)["epochs"] == [10, 20, 30]
    assert (merged.architectures == draft.architectures[[3, 0, 1]]).all()
    values = draft.measurements[0].values
    np.testing.assert_array_equal(
        merged.curves(np.arange(3), **WHERE, seed=777)[:, 1:], [*values[[3, 0], 0, 1:], [np.nan] * 2]
    )
    np.testing.assert_array_equal(merged.curves(np.arange(3), **WHERE, seed=888)[:, 0], [np.nan, *values[[0, 1], 1, 0]])


def test_the_same_measurement_twice_is_fine_and_another_value_is_not(draft, tmp_path):
    same, other = part(draft, [0, 1]), part(draft, [1, 2], shift=0.001)
    assert merge_tables(written(tmp_path, same, same), tmp_path / "merged.h5")
    before = (tmp_path / "merged.h5").read_bytes()
    with pytest.raises(TableError, match="measured row 1 differently"):
        merge_tables(written(tmp_path, same, other), tmp_path / "merged.h5")
    assert (tmp_path / "merged.h5").read_bytes() == before


def test_other_units_and_spaces_are_refused(draft, tmp_path):
    first, other = written(tmp_path, part(draft, [0]), part(draft, [1], unit="none"))
    with pytest.raises(TableError, match="differ in unit"):
        merge_tables([first, other], tmp_path / "merged.h5")
    fields = {name: getattr(draft, name) for name in TableBuilder.__dataclass_fields__}
    (elsewhere,) = written(tmp_path / "x", TableBuilder(**fields | {"space": "other"}))
    with pytest.raises(TableError, match="has space 'other'"):
        merge_tables([first, elsewhere], tmp_path / "merged.h5")


def test_counts_are_exact_and_smaller(draft, tmp_path):
    rng = np.random.default_rng(0)
    values = rng.integers(0, 25_001, size=(12, 2, 3)) / 25_000
    values[3, 1, 0] = np.nan
    plain, counted = (part(draft, list(range(12)), values=values, denominator=n) for n in (0, 25_000))
    tables = written(tmp_path, plain, counted)
    for seed in (777, 888):
        np.testing.assert_array_equal(*(table.curves(np.arange(12), **WHERE, seed=seed) for table in tables))
    np.testing.assert_array_equal(*(table.query(np.arange(12), **WHERE) for table in tables))
    assert tables[1].columns["measurements/data/epochs30/valid/accuracy"].dtype == np.uint16
    merge_tables(written(tmp_path, part(counted, [0, 1]), part(counted, [3])), tmp_path / "merged.h5")
    np.testing.assert_array_equal(
        Table(tmp_path / "merged.h5").curves(np.arange(3), **WHERE, seed=888), values[[0, 1, 3], 1]
    )
    with pytest.raises(TableError, match="not a whole number of 7 samples"):
        write_table(part(draft, [0], denominator=7), tmp_path / "x.h5")
