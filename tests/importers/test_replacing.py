"""A table that is there is not replaced by another one unless that was asked for, and never lost."""

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import InvalidOption
from nasbench.importers import import_source
from nasbench.table import Measurement, Table, TableBuilder, write_table

MAP = """
citation = "me"
licence = "MIT"
source = "here"
[architecture]
space = "hyper"
columns = ["a"]
[architecture.space_options.decisions]
a = { integer = [0, 2] }
[[measurement]]
column = "acc"
dataset = "d"
recipe = "epochs1"
split = "valid"
metric = "accuracy"
unit = "percent"
epoch = 1
"""
HEADER = "a,acc\n"


@pytest.fixture
def source(tmp_path, home):
    """A CSV and its mapping, imported as ``mine``."""
    (tmp_path / "m.toml").write_text(MAP)
    (tmp_path / "x.csv").write_text(f"{HEADER}0,50\n1,60\n")
    assert imported(tmp_path) == 0
    return tmp_path


def imported(folder, *more, name=("--name", "mine")):
    return main(["import", "table", f"{folder}/x.csv", "--map", f"{folder}/m.toml", *name, *more])


def test_the_same_content_is_no_replacement(source, home):
    before = (home / "tables" / "mine.h5").stat()
    assert imported(source) == 0
    assert (home / "tables" / "mine.h5").stat() == before


@pytest.mark.parametrize("change", ["values", "space", "text"])
def test_another_table_of_the_name_is_refused(source, home, capsys, change):
    path = home / "tables" / "mine.h5"
    before = path.read_bytes()
    if change == "values":
        (source / "x.csv").write_text(f"{HEADER}0,51\n1,60\n")
    elif change == "space":
        (source / "m.toml").write_text(MAP.replace("[0, 2]", "[0, 3]"))
    else:
        (source / "m.toml").write_text(MAP.replace('"me"', '"others"'))
    capsys.readouterr()
    assert imported(source) == 1
    told = capsys.readouterr().err
    assert f"{path} exists" in told
    assert "--replace" in told
    assert path.read_bytes() == before
    assert imported(source, "--replace") == 0
    assert path.read_bytes() != before
    assert [item.name for item in path.parent.iterdir()] == ["mine.h5"]


def test_what_differs_in_the_mapping_is_told_before_the_file_is_read(source, capsys):
    (source / "m.toml").write_text(MAP.replace("[0, 2]", "[0, 3]"))
    (source / "x.csv").write_text("no,table\n")
    assert imported(source) == 1
    assert "another space_options" in capsys.readouterr().err


def test_out_is_no_other(source, tmp_path, capsys):
    out = tmp_path / "other.h5"
    assert imported(source, "--out", str(out)) == 0
    assert imported(source, "--out", str(out), name=("--name", "else")) == 1
    assert "another name" in capsys.readouterr().err
    out.write_text("a letter")
    assert imported(source, "--out", str(out)) == 1
    assert "not a table that can be compared" in capsys.readouterr().err
    assert out.read_text() == "a letter"


class InParts:
    """An importer of six cells in three parts, which counts what it reads."""

    table = "parts"

    def __init__(self, source="here", first=0.5):
        self.read_parts, self.source, self.first = [], source, first

    def parts(self, source):
        return [[Item(n)] for n in range(3)]

    def read(self, part):
        self.read_parts.append(part[0].n)
        values = np.array([self.first + 0.1 * part[0].n, 0.9]).reshape(2, 1, 1)
        rows = np.array([[part[0].n, 0], [part[0].n, 1]], dtype=np.int8)
        column = {"dataset": "d", "recipe": "r", "split": "valid", "metric": "accuracy"}
        texts = dict.fromkeys(("title", "citation", "licence", "notes"), "made up")
        made = Measurement(
            **column,
            unit="fraction",
            direction="maximize",
            values=values,
            seeds=np.array([0]),
            epochs=np.array([1]),
        )
        return TableBuilder(
            name="parts",
            space="toy",
            source=self.source,
            **texts,
            architectures=rows,
            cardinality=np.array([3, 2]),
            measurements=[made],
        )


class Item:
    def __init__(self, n):
        self.n = n

    def identity(self):
        return (self.n,)


def test_of_many_parts_the_first_one_tells(tmp_path, home):
    path = home / "tables" / "parts.h5"
    kept = import_source(InParts(), tmp_path).checksum
    other = InParts(source="elsewhere")
    with pytest.raises(InvalidOption, match="another source"):
        import_source(other, tmp_path)
    assert other.read_parts == [0]
    assert [item.name for item in path.parent.iterdir()] == ["parts.h5"]
    assert import_source(InParts(), tmp_path).checksum == kept


def test_parts_of_a_refused_import_are_kept(tmp_path, home):
    path = home / "tables" / "parts.h5"
    kept = import_source(InParts(), tmp_path).checksum
    other = InParts(first=0.4)
    with pytest.raises(InvalidOption, match="holds other content"):
        import_source(other, tmp_path)
    assert Table(path).checksum == kept
    again = InParts(first=0.4)
    assert import_source(again, tmp_path, replace=True).checksum != kept
    assert again.read_parts == []  # what was read is not read again
    assert [item.name for item in path.parent.iterdir()] == ["parts.h5"]


def test_what_is_measured_anew_is_refused_before_it_is_measured(tmp_path, home):
    import_source(InParts(), tmp_path)
    other = InParts()
    other.measures = True
    with pytest.raises(InvalidOption, match="repeated training run"):
        import_source(other, tmp_path)
    assert other.read_parts == []
    assert import_source(other, tmp_path, replace=True)


def test_a_table_of_train_is_not_lost_to_an_import(source, home, draft):
    path = home / "tables" / "trained.h5"
    trained = write_table(draft, path)
    assert imported(source, name=("--name", "trained")) == 1
    assert Table(path).checksum == trained
