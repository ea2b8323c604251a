"""Seconds and energy with several epochs: what a column counts is said or seen, never guessed against the data."""

import numpy as np
import pytest

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers.table import AnyTable
from nasbench.table import Table, write_table

MAP = """
citation = "nobody"
licence = "MIT"
source = "a test"
[architecture]
space = "hyper"
columns = ["a"]
[architecture.space_options.decisions]
a = {{ integer = [0, 3] }}
[defaults]
dataset = "d"
recipe = "epochs3"
epoch = {{ column = "epoch" }}
[[measurement]]
column = "acc"
split = "valid"
metric = "accuracy"
unit = "fraction"
[[measurement]]
column = "spent"
split = "train"
metric = "spent"
direction = "minimize"
unit = "{unit}"
{per}
"""


@pytest.fixture
def imported(tmp_path):
    """A function from what three epochs of each architecture show to the column ``[n, 1, t]`` of the table."""

    def run(curves, per="", unit="s", epochs=(1, 2, 3)):
        lines = [
            f"{a},{epoch},0.5,{'' if value is None else value}"
            for a, curve in enumerate(curves)
            for epoch, value in zip(epochs, curve, strict=True)
        ]
        (tmp_path / "x.csv").write_text("a,epoch,acc,spent\n" + "\n".join(lines) + "\n")
        (tmp_path / "m.toml").write_text(MAP.format(unit=unit, per=per and f'per = "{per}"'))
        path = tmp_path / "x.h5"
        write_table(AnyTable(map=str(tmp_path / "m.toml"), name="x").read(tmp_path / "x.csv"), path)
        table = Table(path)
        where = {"dataset": "d", "recipe": "epochs3", "split": "train", "metric": "spent"}
        return table.curves(np.arange(len(table)), **where, seed=0).tolist()

    return run


@pytest.mark.parametrize(("unit", "factor"), [("s", 1.0), ("min", 60.0), ("kJ", 1000.0)])
def test_what_each_epoch_took_is_summed_up(imported, unit, factor):
    summed = [[3.0 * factor, 5.0 * factor, 6.0 * factor], [1.0 * factor, 3.0 * factor, 6.0 * factor]]
    assert imported([[3, 2, 1], [1, 2, 3]], "epoch", unit) == summed


@pytest.mark.parametrize("per", ["", "total"])
def test_what_was_spent_so_far_is_kept(imported, per):
    assert imported([[1, 2, 2], [2, 4, 6]], per) == [[1, 2, 2], [2, 4, 6]]


@pytest.mark.parametrize("per", ["", "total"])
def test_what_was_spent_so_far_cannot_fall(imported, per):
    with pytest.raises(SourceError) as caught:
        imported([[1, 2, 3], [14.5, None, 11.25], [3, 1, 2]], per)
    for part in ("row 6, column 'spent'", "11.25 at epoch 3", "14.5 at epoch 1", "row 4", "2 such", "per = 'epoch'"):
        assert part in str(caught.value), part


def test_what_hardly_grows_is_asked_about(imported):
    """Twelve seconds an epoch, rounded, never fall; as seconds so far, three epochs would cost what one does."""
    for curves in ([[12, 12, 12], [13, 13, 13]], [[12.0, 12.1, 12.3], [9.0, None, 9.2]]):
        with pytest.raises(SourceError, match=r"hardly grows: .* Say per = 'epoch' or per = 'total'"):
            imported(curves)
        imported(curves, "total")
        assert imported(curves, "epoch")[0][1] == pytest.approx(curves[0][0] + curves[0][1])
    imported([[20, 25, 30], [10, 15, 20]])  # a first epoch that takes longer than the others


def test_after_a_gap_nobody_knows_the_sum(imported):
    curves = imported([[3, None, 1], [3, 2, 1]], "epoch")
    np.testing.assert_array_equal(curves, [[3, np.nan, np.nan], [3, 5, 6]])


def test_epochs_that_are_left_out_cannot_be_summed(imported):
    with pytest.raises(SourceError, match=r"'spent' has per = 'epoch', but holds only epochs 5, 10, 15"):
        imported([[3, 2, 1]], "epoch", epochs=(5, 10, 15))


def test_seconds_of_answers_stay_as_they_are(imported):
    assert imported([[3, 1, 2]], "answer") == [[3, 1, 2]]


@pytest.mark.parametrize(("per", "unit"), [("epochs", "s"), ("epoch", "count"), ("total", "percent")])
def test_per_is_for_what_is_spent(imported, per, unit):
    with pytest.raises(InvalidOption, match=f"per = '{per}'; seconds and energy take one of total, epoch, answer"):
        imported([[3, 2, 1]], per, unit)


def test_other_units_may_fall(imported):
    assert imported([[3, 2, 1]], unit="count") == [[3, 2, 1]]
