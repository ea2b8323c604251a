"""Text tables as people have them: cut, from spreadsheets, with gaps and words among numbers."""

import bz2
import gzip
import json
import lzma

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import InvalidOption, NasbenchError, SourceError
from nasbench.importers._directions import find_direction
from nasbench.importers._json import load_object
from nasbench.importers._reading import read_cells
from nasbench.importers.table import AnyTable

MAPPING = """citation = "me"
licence = "MIT"
source = "here"
[architecture]
space = "hyper"
columns = ["a", "b"]
[architecture.space_options.decisions]
a = { integer = [0, 1] }
b = { integer = [0, 1] }
[defaults]
dataset = "d"
recipe = "epochs1"
split = "valid"
epoch = 1
[[measurement]]
column = "acc"
metric = "accuracy"
unit = "percent"
"""
CSV = "a,b,acc,note\n0,0,50,x\n0,1,60,x\n1,0,70,x\n1,1,80,y\n"
EXPECTED = [0.5, 0.6, 0.7, 0.8]


@pytest.fixture
def read(tmp_path):
    """Read a file by the mapping; return the reader and its only measured column [n], sorted by architecture."""

    def run(data, mapping=MAPPING, name="x.csv"):
        (tmp_path / "m.toml").write_text(mapping)
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        reader = AnyTable(map=str(tmp_path / "m.toml"), name="mine")
        return reader, reader.read(tmp_path / name).measurements[0].values.squeeze(2)

    return run


# --- what is cut


@pytest.mark.parametrize("lost", range(3, 9))
def test_a_row_that_was_cut_is_refused_with_its_line(read, lost):
    with pytest.raises(SourceError, match=r"line 5: \d fields, but the header has 4; if the file is truncated"):
        read(CSV[:-lost])


def test_a_row_with_too_many_fields_is_refused_with_its_line(read):
    with pytest.raises(SourceError, match="line 4: 5 fields, but the header has 4"):
        read(CSV.replace("70,x", "70,x,z"))


def test_lines_count_though_empty_ones_hold_no_row(read):
    with pytest.raises(SourceError, match="line 7: 3 fields"):
        read(CSV.replace("0,1,60", "\n,,,\n0,1,60")[:-4])
    with pytest.raises(SourceError, match=r"row 2 \(line 5\), column 'acc': 6000"):
        read(CSV.replace("0,1,60", "\n\n0,1,6000"))


def test_a_file_that_may_be_cut_in_its_last_field_is_read_with_a_remark(read, tmp_path, home, monkeypatch, capsys):
    reader, values = read("a,b,acc\n0,0,50\n1,1,8")
    assert values.ravel().tolist() == [0.5, 0.08]
    assert "'1,1,8' is complete" in reader.remarks[0]
    assert read(CSV)[0].remarks == []
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.csv").write_text(CSV[:-1])
    assert main(["import", "table", "x.csv", "--map", "m.toml", "--name", "mine"]) == 0
    assert "note: x.csv: its last line does not end with a newline" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (lzma.compress, ".xz"), (bytes, ".zip")]
)
def test_a_compressed_file_that_was_cut_is_refused(read, pack, suffix):
    packed = pack((CSV * 50).encode())
    with pytest.raises(SourceError, match="cannot be read as csv"):
        read(packed[: len(packed) - 12], name=f"x.csv{suffix}")


@pytest.mark.parametrize("name", ["x.json", "x.jsonl", "x.json.gz"])
def test_json_is_read_whole_or_not_at_all(read, name):
    records = [dict(zip("ab", row.split(","), strict=False)) | {"acc": row.split(",")[2]} for row in CSV.split()[1:]]
    text = "\n".join(map(json.dumps, records)) if name == "x.jsonl" else json.dumps(records)
    pack = gzip.compress if name.endswith("gz") else bytes
    assert read(pack(text.encode()), name=name)[1].ravel().tolist() == EXPECTED
    for lost in (1, 2, 5, 9):
        with pytest.raises(SourceError, match="cannot be read as json"):
            read(pack(text[:-lost].encode()), name=name)


def test_json_of_columns_is_lists_of_one_length(read):
    columns = {"a": [0, 1], "b": [0, 1], "acc": [50, 80], "more": [[1, 2], [3, 4]]}
    assert read(json.dumps(columns), name="x.json")[1].ravel().tolist() == [0.5, 0.8]
    for wrong in ([50], 50, {"0": 50, "1": 80}):  # one value would stand for all rows
        with pytest.raises(SourceError, match=r"expected records, or columns as lists of the same length; .*'acc': "):
            read(json.dumps(columns | {"acc": wrong}), name="x.json")


def test_a_key_that_stands_twice_hides_no_value(read, tmp_path):
    with pytest.raises(SourceError, match="the key '0' appears twice in an object"):
        read('{"0": {"a": 0, "b": 0, "acc": 50}, "0": {"a": 1, "b": 0, "acc": 60}}', name="x.json")
    with pytest.raises(SourceError, match=r"two fields get the name 'v\.acc'"):
        read('[{"a": 0, "b": 0, "acc": 50, "v.acc": 1, "v": {"acc": 2}}]', name="x.json")
    with pytest.raises(SourceError, match="'one' has a field 'key', a name that is reserved"):
        read('{"one": {"a": 0, "b": 0, "acc": 50, "key": 3}}', name="x.json")
    (tmp_path / "official.json").write_text('{"00000000": 1, "00000000": 2}')
    with pytest.raises(SourceError, match="appears twice in an object"):
        load_object(tmp_path / "official.json", "")


# --- how spreadsheets and others write


@pytest.mark.parametrize(
    "data",
    [
        CSV.replace("\n", "\r\n"),
        CSV.replace("\n", "\r"),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.encode("utf-16"),
        CSV.replace("\n", ",\n"),  # a separator at the end of every line
        "".join(f"{row - 1 if row else ''},{line}\n" for row, line in enumerate(CSV.split())),  # pandas' index
        CSV.replace(",", ";"),
        CSV.replace(",", "\t"),
        "sep=;\n" + CSV.replace(",", ";"),
        CSV.replace("0,1,60", "\n0,1,60") + ",,,\n\n",
        CSV.replace("0,1,60", "00,1.0, 060.0 "),
    ],
)
def test_the_same_table_however_it_is_written(read, data):
    reader, values = read(data)
    assert values.ravel().tolist() == EXPECTED
    assert reader.remarks == []


def test_another_encoding_is_named_with_its_line(read):
    with pytest.raises(SourceError, match=r"line 3: byte 0xe9 is not valid UTF-8; save the file as UTF-8"):
        read(CSV.replace("60,x", "60,é").encode("latin-1"))


def test_decimal_commas_are_read_where_the_mapping_says_so(read):
    data = CSV.replace(",", ";").replace("50", "50,25")
    with pytest.raises(SourceError, match=r"row 1, column 'acc': '50,25' has a comma.*decimal = ','"):
        read(data)
    assert read(data, 'decimal = ","\n' + MAPPING)[1].ravel().tolist() == [0.5025, 0.6, 0.7, 0.8]
    with pytest.raises(SourceError, match=r"row 2, column 'acc': '60\.5' has a point in a file with decimal commas"):
        read(data.replace("60", "60.5"), 'decimal = ","\n' + MAPPING)
    with pytest.raises(InvalidOption, match="expected decimal"):
        read(data, 'decimal = ";"\n' + MAPPING)


@pytest.mark.parametrize(
    "cell", ["5_0", "٥٠", "True", "true", "None", "-", "n/a", '"1,050"', "1 050", "2020-01-31", "50%", "0x32", "inf"]
)
def test_what_is_no_number_is_none(read, cell):
    with pytest.raises(SourceError, match="row 1, column 'acc'"):
        read(CSV.replace("50", cell))


@pytest.mark.parametrize("cell", ["", "nan", "NaN"])
def test_an_empty_cell_is_a_missing_value(read, cell):
    np.testing.assert_array_equal(read(CSV.replace("50", cell))[1].ravel(), [np.nan, *EXPECTED[1:]])
    for sentinel in ("None", "-", "inf"):
        mapping = MAPPING.replace('unit = "percent"', f'unit = "percent"\nmissing = "{sentinel}"')
        np.testing.assert_array_equal(read(CSV.replace("50", sentinel), mapping)[1].ravel(), [np.nan, *EXPECTED[1:]])


def test_truth_values_are_no_numbers(read):
    with pytest.raises(SourceError, match="True is a truth value, not a number"):
        read('[{"a": 0, "b": 0, "acc": true}]', name="x.json")


def test_durations_are_read_as_seconds(read):
    mapping = MAPPING.replace('"accuracy"', '"train_s"').replace('"percent"', '"duration"')
    data = CSV.replace("50", "0 days 00:01:30.5").replace("60", "1 days 01:00:01").replace("70", "2:00:00")
    np.testing.assert_array_equal(
        read(data.replace("80", ""), mapping)[1].ravel(), [90.5, 25 * 3600 + 1, 7200.0, np.nan]
    )
    for wrong in ("1:75:00", "30", "soon"):  # 30 may be minutes
        with pytest.raises(SourceError, match="row 4, column 'acc': not a duration such as"):
            read(data.replace("80", wrong), mapping)


def test_lists_and_an_index_in_parquet_are_columns(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    frame = pd.DataFrame({"cell": ["p", "q"], "curve": [[0.1, 0.2], [0.3, 0.4]], "n": [1, 2]})
    frame.set_index("cell").to_parquet(tmp_path / "x.parquet")
    cells = read_cells(tmp_path / "x.parquet")
    assert list(cells.columns) == ["cell", "curve.0", "curve.1", "n"]
    assert cells.read_numbers("curve.1").tolist() == [0.2, 0.4]


# --- rows


def test_values_that_contradict_are_told_apart(read):
    with pytest.raises(SourceError, match=r"0\.942100001 contradicts 0\.9421 in row 1.*seed = 'rows'"):
        read("a,b,acc\n0,0,94.21\n0,0,94.2100001\n")
    with pytest.raises(SourceError, match=r"0\.9421000000000002 contradicts 0\.9421 in row 1"):
        read("a,b,acc\n0,0,0.9421\n0,0,0.9421000000000002\n", MAPPING.replace("percent", "fraction"))


def test_repeated_rows_are_trainings_where_the_mapping_says_so(read):
    data = "a,b,acc,state\n0,0,50,ok\n1,0,70,ok\n0,0,51,bad\n0,0,52,ok\n1,1,,ok\n1,1,80,ok\n"
    mapping = MAPPING.replace('split = "valid"', 'split = "valid"\nseed = "rows"\nwhere = { state = "ok" }')
    expected = [[0.5, 0.52], [0.7, np.nan], [np.nan, 0.8]]
    np.testing.assert_array_equal(read(data, mapping)[1], expected)


def test_a_where_at_the_top_leaves_rows_out_whole(read):
    data = "a,b,acc,state\n0,0,50,COMPLETE\n,,9999,FAIL\n1,1,80,COMPLETE\n1,0,x,COMPLETE\n"
    mapping = 'where = { state = "COMPLETE" }\n' + MAPPING
    with pytest.raises(SourceError, match="row 4, column 'acc': 'x'"):
        read(data, mapping)
    assert read(data.replace("x", "70"), mapping)[1].ravel().tolist() == [0.5, 0.7, 0.8]
    with pytest.raises(SourceError, match=r"no row matches .*'state' holds 'COMPLETE', 'FAIL'"):
        read(data, mapping.replace('"COMPLETE"', '"complete"'))
    bools = "where = { state = true }\n" + MAPPING
    assert read("a,b,acc,state\n0,0,50,true\n0,1,9999,false\n", bools)[1].ravel().tolist() == [0.5]


def test_percentages_of_one_epoch_may_all_be_small(read, tmp_path):
    wide = MAPPING.replace('"acc"', '"acc_{epoch}"').replace("epoch = 1\n", "")
    (tmp_path / "m.toml").write_text(wide)
    reader = AnyTable(map=str(tmp_path / "m.toml"))
    (tmp_path / "x.csv").write_text("a,b,acc_1,acc_2\n0,0,0.5,20\n1,0,1,30\n")
    assert reader.read(tmp_path / "x.csv").measurements[0].values.tolist() == [[[0.005, 0.2]], [[0.01, 0.3]]]
    (tmp_path / "x.csv").write_text("a,b,acc_1,acc_2\n0,0,0.5,0.6\n1,0,0.7,0.65\n")
    with pytest.raises(SourceError, match=r"row 2, column 'acc_1': the largest value is 0\.7, so these are fractions"):
        reader.read(tmp_path / "x.csv")


@pytest.mark.parametrize(
    ("metric", "unit", "direction"),
    [
        ("accuracy", "fraction", "maximize"),
        ("valF1", "fraction", "maximize"),
        ("roc_auc", "fraction", "maximize"),
        ("mAP", "fraction", "maximize"),
        ("bleu", "none", "maximize"),
        ("top-1", "fraction", "maximize"),
        ("episode_reward_mean", "none", "maximize"),
        ("valid_rmse", "none", "minimize"),
        ("perplexity", "none", "minimize"),
        ("error_rate", "fraction", "minimize"),
        ("wer", "fraction", "minimize"),
        ("n_params", "count", "minimize"),
        ("anything", "s", "minimize"),
        ("loss", "nats", "minimize"),
        ("elbo", "nats", "maximize"),
        ("cross_entropy", "nats", "minimize"),
        ("score", "none", ""),
        ("value", "fraction", ""),
        ("neg_mean_squared_error", "none", ""),
        ("1-accuracy", "fraction", ""),
        ("accuracy_error", "fraction", ""),
        ("depth", "count", ""),
    ],
)
def test_a_direction_is_what_the_name_says_or_is_asked(read, tmp_path, metric, unit, direction):
    assert find_direction(metric, unit, static=False) == direction
    mapping = MAPPING.replace('metric = "accuracy"\nunit = "percent"', f'metric = "{metric}"\nunit = "{unit}"')
    data = CSV.replace("50", "0.5").replace("60", "0.6").replace("70", "0.7").replace("80", "0.8")
    from_column = mapping.replace(f'metric = "{metric}"', 'metric = { column = "note" }')
    named = data.replace(",x", f",{metric}").replace(",y", f",{metric}")
    if direction:
        for text, own in ((mapping, data), (from_column, named)):
            assert read(own, text)[0].read(tmp_path / "x.csv").measurements[0].direction == direction
        return
    for text, own in ((mapping, data), (from_column, named)):
        with pytest.raises(
            NasbenchError, match=f"the name '{metric}' does not tell whether higher or lower is better.*say direction"
        ):
            read(own, text)


def test_a_static_without_unit_needs_no_direction(read):
    assert find_direction("synflow", "none", static=True) == "none"
    assert find_direction("depth", "count", static=True) == ""


def test_what_is_undecided_is_asked(read):
    with pytest.raises(InvalidOption, match=r"undecided \(2\): which split\?; answer it"):
        read(CSV, 'undecided = ["which split?", "which unit?"]\n' + MAPPING)
