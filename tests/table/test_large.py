"""Tables larger than memory: written in parts, found and read from disk."""

import json
import subprocess
import sys

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture, TableError
from nasbench.table import Measurement, Static, Table, TableBuilder, write_parts, write_table
from nasbench.table import column as _column
from nasbench.table import disk_index as _disk_index

LARGE = """
import json, sys, time
from pathlib import Path
import numpy as np
from nasbench.table import TableBuilder, Measurement, Table, write_parts

N, PART, PATH = 10**7, 1 << 18, Path(sys.argv[2])
WHERE = dict(dataset="data", recipe="epochs1", split="valid")

def archs(row):  # in an order that is not sorted
    row = row * 7_654_321 % 10**8
    return np.stack([row // 10**k % 10 for k in range(8)], axis=1).astype(np.int8)

def part(start):
    row = np.arange(start, min(start + PART, N))
    shared = dict(**WHERE, seeds=np.array([0]), epochs=np.array([1]))
    counts, loss = (row * 31 % 10_000 / 10_000)[:, None, None], (row % 1000 / 100).astype(np.float32)[:, None, None]
    return TableBuilder(
        name="large", title="t", space="s", citation="c", licence="l", source="s", notes="n",
        architectures=archs(row), cardinality=np.full(8, 10),
        measurements=[
            Measurement(**shared, metric="accuracy", unit="fraction", direction="maximize", values=counts,
                        denominator=10_000),
            Measurement(**shared, metric="loss", unit="nats", direction="minimize", values=loss),
        ],
    )

start = time.perf_counter()
if sys.argv[1] == "write":
    write_parts((part(start) for start in range(0, N, PART)), PATH)
else:
    table = Table(PATH)
    asked = np.random.default_rng(0).integers(0, N, size=1000)
    assert (table.index(archs(asked)) == asked).all()
    assert table.index(archs(np.array([N, N + 1]))).tolist() == [-1, -1]
    assert table.index(archs(asked[:1]))[0] == asked[0]
    assert (table.rows(asked) == archs(asked)).all()
    np.testing.assert_array_equal(table.query(asked, **WHERE, metric="accuracy"), asked * 31 % 10_000 / 10_000)
    np.testing.assert_array_equal(table.query(asked, **WHERE, metric="accuracy", seed=0),
                                  asked * 31 % 10_000 / 10_000)
    np.testing.assert_allclose(table.query(asked, **WHERE, metric="loss"), asked % 1000 / 100, rtol=1e-6)
    assert table.curves(asked[:3], **WHERE, metric="loss", seed=0).shape == (3, 1)
seconds = time.perf_counter() - start
# VmHWM starts anew with the program; ru_maxrss would hold what the process that started it had used
(peak,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(json.dumps({"mb": int(peak.split()[1]) / 1024, "seconds": seconds}))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_ten_million_rows_are_written_and_read_in_less_than_200_mb(tmp_path):
    for what in ("write", "read"):
        command = [sys.executable, "-c", LARGE, what, str(tmp_path / "large.h5")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        used = json.loads(done.stdout)
        print(what, used)
        assert used["mb"] < 200


def cut(draft: TableBuilder, rows) -> TableBuilder:
    fields = {name: getattr(draft, name) for name in TableBuilder.__dataclass_fields__}
    measurements = [Measurement(**m.__dict__ | {"values": m.values[rows]}) for m in draft.measurements]
    statics = [Static(**s.__dict__ | {"values": s.values[rows]}) for s in draft.statics]
    own = {"architectures": draft.architectures[rows], "measurements": measurements, "statics": statics}
    return TableBuilder(**fields | own)


def test_parts_give_the_checksum_of_the_whole(draft, tmp_path):
    parts = [cut(draft, rows) for rows in ([0, 1, 2, 3, 4], [5, 6, 7], [8, 9, 10, 11])]
    assert write_parts(iter(parts), tmp_path / "parts.h5") == write_table(draft, tmp_path / "whole.h5")
    table = Table(tmp_path / "parts.h5")
    assert (table.architectures == draft.architectures).all()
    assert table.static(np.array([11]), dataset="data", metric="train_s") == 12.0


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        (lambda d: [], "at least one part"),
        (lambda d: [cut(d, [0, 1]), cut(d, [2, 1])], "rows 1 and 3 are the same architecture"),
        (
            lambda d: [d, TableBuilder(**cut(d, [1]).__dict__ | {"title": "other"})],
            "part 1 differs .* title: 'A small table'",
        ),
        (
            lambda d: [d, TableBuilder(**cut(d, [1]).__dict__ | {"statics": []})],
            "part 1 differs .* static/all/n_params",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(draft, tmp_path, parts, says):
    with pytest.raises(TableError, match=says):
        write_parts(parts(draft), tmp_path / "parts.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def on_disk(draft, tmp_path, monkeypatch):
    monkeypatch.setattr(_column, "IN_MEMORY_ROWS", 0)
    write_table(draft, tmp_path / "small.h5")
    return tmp_path / "small.h5"


@pytest.mark.parametrize("colliding", [False, True])
def test_rows_on_disk_are_found_even_if_all_hashes_are_alike(draft, on_disk, monkeypatch, colliding):
    if colliding:
        monkeypatch.setattr(_disk_index, "_compute_hashes", lambda archs: np.zeros(len(archs), dtype=np.uint64))
    table = Table(on_disk)
    shuffled = np.random.default_rng(0).permutation(12)
    assert (table.index(draft.architectures[shuffled]) == shuffled).all()
    assert table.index(np.array([[0, 0, 0], [3, 0, 0], [0, 0, -1]])).tolist() == [0, -1, -1]
    assert table.index(np.empty((0, 3), dtype=np.int8)).shape == (0,)
    assert (table.rows(shuffled) == draft.architectures[shuffled]).all()
    assert table.columns["architectures"]._loaded is None
    with pytest.raises(InvalidArchitecture, match="outside table"):
        table.rows(np.array([12]))
    with pytest.raises(InvalidArchitecture, match="shape"):
        table.index(np.zeros((1, 4), dtype=np.int8))


def test_a_changed_architecture_on_disk_is_noticed(on_disk):
    import h5py

    with h5py.File(on_disk, "r+") as file:
        file["architectures"][3, 0] = 2
    with pytest.raises(TableError, match="does not match its checksum"):
        Table(on_disk).index(np.zeros((1, 3), dtype=np.int8))
