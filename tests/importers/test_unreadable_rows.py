"""What people have: unreadable rows, durations, static metrics that vary, sizes beyond the limits."""

import gzip
import re
import tracemalloc
from datetime import timedelta

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import InvalidOption, SourceError
from nasbench.importers import _points, _reading
from nasbench.importers._durations import parse_duration
from nasbench.importers.table import AnyTable
from nasbench.table import Table, find_table

MAPPING = """citation = "me"
licence = "MIT"
source = "here"
[architecture]
space = "hyper"
columns = ["lr", "depth"]
[architecture.space_options.decisions]
lr = { real = [0.0001, 1], log = true }
depth = { integer = [1, 9] }
[[measurement]]
column = "acc"
dataset = "d"
recipe = "r"
split = "valid"
seed = { column = "seed" }
epoch = 1
metric = "accuracy"
unit = "percent"
"""
STATIC = '[[static]]\ncolumn = "ms"\ndataset = "d"\nmetric = "latency_s"\nunit = "ms"\n'
CSV = """lr,depth,seed,acc,ms
0.1,1,0,50,2
0.1,1,1,51,4
0.02,2,0,52,6
0.003,3,0,53,8
1e-4,4,0,54,10
0.5,5,0,55,12
"""


@pytest.fixture
def read(tmp_path):
    def run(data, mapping=MAPPING, name="x.csv", **options):
        (tmp_path / "m.toml").write_text(mapping)
        (tmp_path / name).write_bytes(data if isinstance(data, bytes) else data.encode())
        reader = AnyTable(map=str(tmp_path / "m.toml"), name="mine", **options)
        return reader, reader.read(tmp_path / name)

    return run


def scores(draft):
    """Return (learning rate, depth) -> values by seed."""
    values = draft.measurements[0].values[:, :, 0]
    return {tuple(arch): own[~np.isnan(own)].tolist() for arch, own in zip(draft.architectures, values, strict=True)}


EXPECTED = {(0.1, 0): [0.5, 0.51], (0.02, 1): [0.52], (0.003, 2): [0.53], (0.0001, 3): [0.54], (0.5, 4): [0.55]}


def test_real_decisions_are_read_to_the_bit(read):
    assert scores(read(CSV)[1]) == EXPECTED


@pytest.mark.parametrize(
    ("old", "new", "lost", "says"),
    [
        ("0.02,2,0,52", "0.02,2,0,OOM", (0.02, 1), "row 3, column 'acc': 'OOM' is not a number"),
        ("0.02,2,0,52", "0.02,2,0,520", (0.02, 1), r"row 3, column 'acc': 520 is outside \[0, 100\]"),
        ("0.02,2,0,52", "0.02,2,x,52", (0.02, 1), "row 3, column 'seed': 'x' is not a number"),
        ("0.02,2,0,52", "0.02,2,,52", (0.02, 1), "row 3, column 'seed': None is not an integer"),
        ("0.02,2,0,52", "7,2,0,52", (0.02, 1), "row 3, column 'lr, depth': .*value '7.0' of 'lr' is not a number from"),
        ("0.02,2,0,52", "fast,2,0,52", (0.02, 1), "row 3, column 'lr, depth': .*value 'fast' of 'lr'"),
        ("0.02,2,0,52", "0.02,,0,52", (0.02, 1), "row 3, column 'lr, depth': .*'depth' is missing"),
        ("0.02,2,0,52", "0.02,2,52", (0.02, 1), "line 4: 4 fields, but the header has 5"),
        ("0.02,2,0,52", "0.02,2,0,5,2", (0.02, 1), "line 4: 6 fields, but the header has 5"),
    ],
)
def test_rows_that_cannot_be_read_are_skipped_only_on_request(read, old, new, lost, says):
    data = CSV.replace(old, new)
    with pytest.raises(SourceError, match=says):
        read(data)
    reader, draft = read(data, skip_unreadable=True)
    assert scores(draft) == {arch: own for arch, own in EXPECTED.items() if arch != lost}
    assert reader.remarks[0] == "1 of 6 rows cannot be read and are left out"
    assert re.search(says, reader.remarks[1])
    assert "Unreadable rows of the file, left out: 1." in draft.notes


def test_all_kinds_of_unreadable_rows_are_counted(read):
    data = (
        CSV.replace("0,52", "0,OOM").replace("0.003,3", "0.003,30")
        + "0.9,9,0\n"
        + "".join(f"0.{i:04d},1,0,{i},1\n" for i in range(11, 31))
    )
    reader, draft = read(data, skip_unreadable=True)
    assert reader.remarks[0] == "3 of 27 rows cannot be read and are left out"
    assert len(reader.remarks) == 4
    assert len(scores(draft)) == 23


def test_a_mapping_that_fits_no_row_is_not_skipped(read):
    with pytest.raises(SourceError, match="6 of 6 rows cannot be read, more than half: check the mapping"):
        read(CSV.replace(",5", ",high"), skip_unreadable=True)


def test_the_command_says_what_it_skipped(tmp_path, monkeypatch, home, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.toml").write_text(MAPPING)
    (tmp_path / "x.csv").write_text(CSV.replace("0,52", "0,OOM"))
    command = ["import", "table", "x.csv", "--map", "m.toml", "--name", "mine"]
    assert main(command) != 0
    assert "To leave out this row of 6, say --skip-unreadable" in capsys.readouterr().err.replace("\n", " ")
    for _ in range(2):  # the same table again is no other table
        assert main([*command, "--skip-unreadable"]) == 0
        assert "1 of 6 rows cannot be read and are left out" in capsys.readouterr().err
    assert len(Table(find_table("mine"))) == 4


# --- durations


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1:30:00", 5400.0),
        ("100:00:01", 360001.0),
        ("90:30", 5430.0),
        ("0 days 00:01:30.5", 90.5),
        ("1 days 01:00:01", 90001.0),
        ("1 day, 2:03:04", 93784.0),
        ("PT1H30M", 5400.0),
        ("P1DT2H", 93600.0),
        ("PT0.25S", 0.25),
        *((text, None) for text in ("30", "1:75:00", "1:75", "soon", "-1:00:00", "P", "PT", "1h", "")),
    ],
)
def test_durations(text, seconds):
    assert parse_duration(text) == seconds


def test_python_s_own_durations_are_read():
    for seconds in (0, 59, 3600, 86400 + 7384, 30 * 86400):
        assert parse_duration(str(timedelta(seconds=seconds))) == seconds


# --- static metrics


def test_a_static_that_varies_is_refused_kept_by_seed_or_averaged(read):
    with pytest.raises(SourceError, match=r"row 2, column 'ms': 0.004 contradicts 0.002.*average = true"):
        read(CSV, MAPPING + STATIC)
    draft = read(CSV, MAPPING + STATIC + 'seed = { column = "seed" }\n')[1]
    at = draft.architectures[:, 0].tolist().index(0.1)
    np.testing.assert_array_equal(draft.statics[0].values[at], [0.002, 0.004])
    assert draft.statics[0].values.shape == (5, 2)
    draft = read(CSV, MAPPING + STATIC + "average = true\n")[1]
    assert draft.statics[0].values.shape == (5,)
    assert draft.statics[0].values[at] == pytest.approx(0.003, rel=1e-15)
    assert draft.statics[0].values[(at + 1) % 5] == pytest.approx(0.012)
    with pytest.raises(InvalidOption, match="average = true takes the mean over all rows"):
        read(CSV, MAPPING + STATIC + 'average = true\nseed = { column = "seed" }\n')


def test_a_static_without_a_seed_ignores_that_of_the_defaults(read):
    mapping = MAPPING.replace("[[measurement]]", '[defaults]\nseed = { column = "seed" }\n[[measurement]]', 1)
    mapping = mapping.replace('seed = { column = "seed" }\nepoch', "epoch") + STATIC
    draft = read(CSV.replace("51,4", "51,2"), mapping)[1]
    assert draft.statics[0].values.shape == (5,)


# --- limits


def test_seeds_that_number_the_rows_are_refused_before_memory_ends(read, monkeypatch):
    monkeypatch.setattr(_points, "_MOST_CELLS", 20)
    with pytest.raises(SourceError, match=r"column 'acc' has 6 seeds and 1 epochs for 5 architectures"):
        read("lr,depth,seed,acc,ms\n" + "\n".join(f"{line}" for line in renumbered()) + "\n")


def renumbered():
    for number, line in enumerate(CSV.splitlines()[1:]):
        lr, depth, _, acc, ms = line.split(",")
        yield ",".join((lr, depth, str(number), acc, ms))


def test_a_text_beyond_the_limit_is_refused_however_small_its_archive(read, monkeypatch):
    monkeypatch.setattr(_reading, "MOST_BYTES", 2**20)
    bomb = gzip.compress(CSV.encode() + b"\n" * 2**21)
    assert len(bomb) < 10_000
    with pytest.raises(SourceError, match="holds more than 1 MiB of text, the limit of this format: split it by rows"):
        read(bomb, name="x.csv.gz")


def test_a_large_file_takes_a_few_bytes_a_cell(tmp_path):
    """The reader holds the text, the places of its fields and little more."""
    rng = np.random.default_rng(0)
    path = tmp_path / "x.csv"
    body = "\n".join(",".join(map(repr, row)) for row in rng.random((20_000, 12)).tolist())
    path.write_text(",".join(f"c{i}" for i in range(12)) + "\n" + body + "\n")
    tracemalloc.start()
    cells = _reading.read_cells(path)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = path.stat().st_size
    assert len(cells) == 20_000
    assert held < 2 * size
    assert peak < 6 * size
