"""NAS-Bench-101's own file format, written here byte by byte, and the training runs that EC-NAS publishes."""

import base64
import csv
import json
import struct
import zipfile

import numpy as np
import pytest

from nasbench.errors import SourceError
from nasbench.importers._model_metrics import parse_model_metrics
from nasbench.importers._tfrecord import compute_crc32c, mask_checksums, read_records
from nasbench.importers.nasbench101 import NASBench101Records
from nasbench.importers.nasbench101_runs import NASBench101Runs
from nasbench.spaces.nb101 import NASBench101
from nasbench.table import Table, write_table

SPACE = NASBench101()

# Three cells with the hashes of the authors' generate_graphs.py (…4V9E.json), and the first of the official file.
CELLS = {
    "043721b9c7fe8c5fad811d47d83132ec": ("0100", "input,output"),
    "09fc2d10bdd6225e167a6f81a22a3f06": ("011001000", "input,conv1x1-bn-relu,output"),
    "08677281806ea9c8ea2451ce3093e9c3": ("0110000100010000", "input,maxpool3x3,maxpool3x3,output"),
    "00005c142e6f48ac74fdcf73e3439874": (
        "0100110" + "0010000" + "0001001" + "0000010" + "0000010" + "0000001" + "0000000",
        "input,conv3x3-bn-relu,maxpool3x3,conv3x3-bn-relu,conv3x3-bn-relu,conv1x1-bn-relu,output",
    ),
}


def crc_by_bits(data):
    """CRC-32C one bit at a time, as RFC 3720 defines it."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def checksum(data):
    crc = crc_by_bits(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def framed(payload):
    length = struct.pack("<Q", len(payload))
    return length + checksum(length) + payload + checksum(payload)


def varint(value):
    octets = []
    while value > 0x7F:
        octets.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*octets, value])


def message(evaluations, n_params, path=b""):
    """A serialized ModelMetrics; every evaluation with a checkpoint path, as field 6, if one is given."""
    data = b""
    for numbers in evaluations:
        inner = b"".join(bytes([i << 3 | 1]) + struct.pack("<d", x) for i, x in enumerate(numbers, start=1))
        if path:
            inner += bytes([6 << 3 | 2]) + varint(len(path)) + path
        data += bytes([1 << 3 | 2]) + varint(len(inner)) + inner
    return data + bytes([2 << 3]) + varint(n_params) + bytes([3 << 3 | 1]) + struct.pack("<d", 99.0)


def numbers_of(cell, epochs, repeat):
    """Three evaluations (epoch, seconds, three accuracies) that differ for every training."""
    base = (cell * 7 + epochs + repeat * 0.25) / 1000
    final = (float(epochs), 10.0 * epochs + repeat, 0.9 + base / 2, 0.8 + base, 0.7 + base)
    half = (epochs / 2, 5.0 * epochs + repeat, 0.6 + base, 0.5 + base, 0.4 + base)
    return [(0.0, 0.0, 0.1, 0.1, 0.1), half, final]


def record(cell, epochs, repeat, /, **changes):
    official = list(CELLS)[cell]
    adjacency, operations = CELLS[official]
    item = {
        "hash": official,
        "epochs": epochs,
        "adjacency": adjacency,
        "operations": operations,
        "evaluations": numbers_of(cell, epochs, repeat),
        "n_params": 1_000_000 + cell,
    } | changes
    metrics = item.get("metrics")
    if metrics is None:
        metrics = base64.b64encode(message(item["evaluations"], item["n_params"], b"/x" * repeat)).decode()
    return json.dumps([*(item[key] for key in ("hash", "epochs", "adjacency", "operations")), metrics]).encode()


@pytest.fixture
def full(tmp_path):
    """Four cells, four recipes, three repeats, repeats of a cell far apart; the last cell lacks one training."""
    records = [record(cell, epochs, repeat) for repeat in range(3) for epochs in (108, 4, 36, 12) for cell in range(4)]
    path = tmp_path / "nasbench_full.tfrecord"
    path.write_bytes(b"".join(map(framed, records[:-1])))
    return path


def test_checksums_are_those_of_the_standard():
    """RFC 3720, appendix B.4; and "123456789", the check value of CRC-32C."""
    ascending = bytes(range(32))
    known = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, ascending: 0x46DD794E, b"123456789": 0xE3069283}
    data = np.frombuffer(b"".join(known), dtype=np.uint8)
    lengths = np.array([len(text) for text in known])
    assert compute_crc32c(data, np.cumsum(lengths) - lengths, lengths).tolist() == list(known.values())


def test_checksums_of_any_length_agree_with_one_bit_at_a_time(rng):
    lengths = np.array([1, 2, 3, 4, 5, 8, 399, 1000])
    data = rng.integers(0, 256, lengths.sum(), dtype=np.uint8)
    starts = np.cumsum(lengths) - lengths
    expected = [crc_by_bits(data[i : i + n].tobytes()) for i, n in zip(starts, lengths, strict=True)]
    assert compute_crc32c(data, starts, lengths).tolist() == expected


def test_a_header_that_tensorflow_wrote_fits():
    """Every TensorBoard event file starts with these bytes: a record of 24 bytes, ``brain.Event:2``."""
    length = np.frombuffer(struct.pack("<Q", 24), dtype=np.uint8)
    assert (
        mask_checksums(compute_crc32c(length, np.array([0]), np.array([8]))).astype("<u4").tobytes() == b"\xa3\x7fK\x22"
    )


def test_the_file_is_read_back_exactly(full, tmp_path):
    draft = NASBench101Records().read(full)
    write_table(draft, tmp_path / "nb101.h5")
    table = Table(tmp_path / "nb101.h5")
    assert SPACE.hashes(draft.architectures) == list(CELLS)
    assert (SPACE.canonicalize(draft.architectures) == draft.architectures).all()
    rows = table.index(draft.architectures)
    for epochs in (4, 12, 36, 108):
        for repeat in range(3):
            for column, (split, metric) in enumerate(
                [("train", "train_s"), ("train", "accuracy"), ("valid", "accuracy"), ("test", "accuracy")]
            ):
                where = {"dataset": "cifar10", "recipe": f"epochs{epochs}", "split": split, "metric": metric}
                for at, epoch in ((1, epochs // 2), (2, epochs)):
                    found = table.query(rows, **where, epoch=epoch, seed=repeat)
                    expected = [numbers_of(cell, epochs, repeat)[at][column + 1] for cell in range(4)]
                    if (epochs, repeat) == (12, 2):
                        expected[3] = np.nan
                    np.testing.assert_array_equal(found, expected)
    assert table.static(rows, dataset="cifar10", metric="n_params").tolist() == [1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3]
    assert "4 of the benchmark's 423,624 cells" in draft.notes
    assert "fewer than 3 repeats: 1 after 12 epochs" in draft.notes


def test_the_smaller_file_has_one_recipe(tmp_path):
    path = tmp_path / "nasbench_only108.tfrecord"
    path.write_bytes(b"".join(framed(record(cell, 108, repeat)) for cell in range(2) for repeat in range(3)))
    for source in (path, tmp_path):
        draft = NASBench101Records().read(source)
        assert {measurement.recipe for measurement in draft.measurements} == {"epochs108"}
        assert draft.notes.endswith("none.")


def test_many_records_pass_through_small_pieces(tmp_path, rng):
    payloads = [rng.bytes(n) for n in rng.integers(1, 900, size=6000)]
    path = tmp_path / "many.tfrecord"
    lengths = np.array([len(payload) for payload in payloads])
    data = np.frombuffer(b"".join(payloads), dtype=np.uint8)
    sums = mask_checksums(compute_crc32c(data, np.cumsum(lengths) - lengths, lengths))
    with path.open("wb") as file:
        for payload, own in zip(payloads, sums.tolist(), strict=True):
            length = struct.pack("<Q", len(payload))
            file.write(length + checksum(length) + payload + struct.pack("<I", own))
    assert path.stat().st_size > 2 * 2**20
    found = list(read_records(path))
    assert [payload for _, payload in found] == payloads
    assert [offset for offset, _ in found] == (np.cumsum(lengths + 16) - lengths - 16).tolist()


def test_a_truncated_file_is_refused_with_the_offset(full):
    data = full.read_bytes()
    starts = [offset for offset, _ in read_records(full)]
    for keep in (starts[7] + 1, starts[7] + 11, starts[7] + 40, starts[8] - 1):
        full.write_bytes(data[:keep])
        with pytest.raises(SourceError, match=rf"truncated.*byte {starts[7]}\b"):
            NASBench101Records().read(full)


@pytest.mark.parametrize("place", ["length", "length checksum", "payload", "payload checksum"])
def test_a_corrupt_record_is_refused_with_the_offset(full, place):
    data = bytearray(full.read_bytes())
    starts = [offset for offset, _ in read_records(full)]
    at = {"length": 0, "length checksum": 9, "payload": 100, "payload checksum": starts[6] - starts[5] - 2}[place]
    for flip in (1, 0x80):
        damaged = data.copy()
        damaged[starts[5] + at] ^= flip
        full.write_bytes(damaged)
        with pytest.raises(SourceError, match=rf"corrupt.*byte {starts[5]}\b"):
            NASBench101Records().read(full)


def test_a_length_of_terabytes_is_not_believed(full):
    length = struct.pack("<Q", 2**45)
    start = full.stat().st_size
    with full.open("ab") as file:
        file.write(length + checksum(length) + b"x" * 100)
    with pytest.raises(SourceError, match=rf"byte {start}: this benchmark has no record of {2**45} bytes"):
        NASBench101Records().read(full)


def test_another_file_is_refused(tmp_path):
    with pytest.raises(SourceError, match="does not exist; get it from"):
        NASBench101Records().read(tmp_path / "absent.tfrecord")
    with pytest.raises(SourceError, match="holds 0 of nasbench_full"):
        NASBench101Records().read(tmp_path)
    (tmp_path / "empty.tfrecord").write_bytes(b"")
    with pytest.raises(SourceError, match="holds no record"):
        NASBench101Records().read(tmp_path / "empty.tfrecord")
    (tmp_path / "text.tfrecord").write_text("module_hash,epochs,accuracy\n" * 20)
    with pytest.raises(SourceError, match=r"not a TFRecord, or corrupt.*byte 0"):
        NASBench101Records().read(tmp_path / "text.tfrecord")


EVALUATIONS = numbers_of(0, 4, 0)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"nonsense", "not a list of five items"),
        (b"\xff\xfe", "not a list of five items"),
        (b"[1, 2, 3]", "not a list of five items"),
        (b'[1, 4, "0100", "input,output", ""]', "as texts"),
        (record(0, 200, 0), "200 epochs"),
        (record(0, 4, 0, epochs=True), "True epochs"),
        (record(0, 4, 0, metrics="%%%"), "metrics cannot be read"),
        (record(0, 4, 0, metrics="CQ=="), "ends inside field 1"),
        (record(0, 4, 0, hash="0" * 32), "is not the cell's"),
        (record(0, 4, 0, adjacency="010"), "does not belong to 2 operations"),
        (record(0, 4, 0, adjacency="0200"), "does not belong to 2 operations"),
        (record(0, 4, 0, adjacency="0000"), "not an architecture of space"),
        (record(0, 4, 0, operations="input,input"), "expected input"),
        (record(0, 4, 0, n_params=0), "not a number of parameters"),
        (record(0, 4, 0, evaluations=EVALUATIONS[:2]), "2 evaluations"),
        (record(0, 4, 0, evaluations=[*EVALUATIONS[:2], (4.0, 40.0, 90.0, 80.0, 70.0)]), "expected seconds and frac"),
        (record(0, 4, 0, evaluations=[*EVALUATIONS[:2], (4.0, 40.0, 0.9, 0.8)]), "expected seconds and fractions"),
        (record(0, 4, 0, evaluations=[*EVALUATIONS[:2], (4.0, -1.0, 0.9, 0.8, 0.7)]), "expected seconds and fractions"),
        (record(0, 4, 0, evaluations=[*EVALUATIONS[:2], (3.0, 40.0, 0.9, 0.8, 0.7)]), "after epoch 3.0, expected 4"),
        (record(0, 4, 0, evaluations=[*EVALUATIONS[:2], (4.0, 19.0, 0.9, 0.8, 0.7)]), "half-way exceeds the total"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_the_offset(tmp_path, payload, says):
    first = framed(record(1, 4, 0))
    path = tmp_path / "x.tfrecord"
    path.write_bytes(first + framed(payload))
    with pytest.raises(SourceError, match=says) as error:
        NASBench101Records().read(path)
    assert f"x.tfrecord: the record at byte {len(first)}:" in str(error.value)


def test_a_fourth_repeat_and_another_graph_of_a_hash_are_refused(tmp_path):
    path = tmp_path / "x.tfrecord"
    for last, says in (
        (record(0, 4, 3), "more than 3 repeats"),
        (record(0, 4, 2, adjacency=CELLS[list(CELLS)[1]][0]), "another graph or size"),
        (record(0, 4, 2, n_params=5), "another graph or size"),
    ):
        path.write_bytes(b"".join(framed(record(0, 4, repeat)) for repeat in range(3)) + framed(last))
        with pytest.raises(SourceError, match=says):
            NASBench101Records().read(path)


def test_unknown_fields_of_a_message_are_skipped_and_damage_is_named():
    known = message(EVALUATIONS, 300)
    unknown = bytes([9 << 3 | 5]) + b"abcd" + bytes([10 << 3 | 2, 2]) + b"xy" + bytes([11 << 3]) + varint(2**60)
    assert parse_model_metrics(unknown + known) == (EVALUATIONS, 300)
    for damaged, says in (
        (bytes([1 << 3 | 3]), "wire type 3"),
        (b"\x80", "ends inside a number"),
        (b"\x80" * 11, "more than ten bytes"),
        (bytes([1 << 3, 5]), "field 1 is not an evaluation"),
        (bytes([2 << 3 | 2, 1, 0]), "field 2 is not a number"),
        (bytes([1 << 3 | 2, 2, 8, 1]), "not a double"),
        (known[:-1], "ends inside field 3"),
    ):
        with pytest.raises(ValueError, match=says):
            parse_model_metrics(damaged)


# ---- the training runs of EC-NAS


HEADER = "space budget hash repeat params epoch train_time train_acc val_acc test_acc energy_kwh pred_energy_kwh gpu"
EDGE, TRIANGLE, *_ = CELLS
GRAPHS = {EDGE: [[[0, 1], [0, 0]], [-1, -2]], TRIANGLE: [[[0, 1, 1], [0, 0, 1], [0, 0, 0]], [-1, 1, -2]]}


def runs(tmp_path, rows, graphs=GRAPHS, header=HEADER):
    with (tmp_path / "ecnas_runs.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header.split(), *rows])
    (tmp_path / "generated_graphs_5V9E.json").write_text(graphs if isinstance(graphs, str) else json.dumps(graphs))
    return tmp_path


def training(space="4V9E", budget=4, official=EDGE, repeat=1, last=("80.0", "0.4", "0.3", "0.2", "0.01"), params=10):
    start = [space, budget, official, repeat, params]
    return [
        [*start, "0.0", "0.0", "0.1", "0.1", "0.1", "0.0001", "", "x"],
        [*start, "1.0", "20.0", "0.2", "0.2", "0.2", "0.0025", "", "x"],
        [*start, budget, *last, "", "x"],
    ]


UNFINISHED = ("20.0", "0.2", "0.2", "0.2", "")


def test_published_trainings_are_read(shared, tmp_path):
    """Counts and range as the folder's README and the raw file give them; values compared with the raw rows."""
    draft = NASBench101Runs().read(shared / "nb101")
    assert len(draft.architectures) == 772  # 91 + 700 cells, 19 of them in both spaces
    assert "3 of space 3V9E, 2,464 of space 7V9E" in draft.notes
    assert "19 cells were" in draft.notes
    write_table(draft, tmp_path / "runs.h5")
    table = Table(tmp_path / "runs.h5")
    place = dict(zip(SPACE.hashes(draft.architectures), range(772), strict=True))
    columns = {m.path: m for m in draft.measurements}
    valid = columns["measurements/cifar10/epochs108/valid/accuracy"].values
    assert (~np.isnan(valid[..., 1])).sum() == 791 * 3
    assert (~np.isnan(columns["measurements/cifar10/epochs12/valid/accuracy"].values[..., 1])).sum() == 91 * 3
    assert round(np.nanmin(valid[..., 1]), 3) == 0.732
    assert round(np.nanmax(valid[..., 1]), 3) == 0.947
    with (shared / "nb101" / "ecnas_runs.csv").open() as file:
        raw = [row for row in csv.DictReader(file) if row["space"] in ("4V9E", "5V9E") and float(row["epoch"]) > 0]
    met = {(row["hash"], row["budget"]) for row in raw if row["space"] == "4V9E"}
    for row in raw[::37]:
        again = row["space"] == "5V9E" and (row["hash"], row["budget"]) in met
        where = {"dataset": "cifar10", "recipe": f"epochs{row['budget']}", "epoch": int(float(row["epoch"]))}
        where |= {"seed": int(row["repeat"]) + 3 * again}
        index = np.array([place[row["hash"]]])
        for split, metric, own in (
            ("train", "train_s", float(row["train_time"])),
            ("valid", "accuracy", float(row["val_acc"])),
            ("test", "accuracy", float(row["test_acc"])),
            ("train", "energy_j", float(row["energy_kwh"]) * 3.6e6),
        ):
            assert table.query(index, split=split, metric=metric, **where).tolist() == [own]
        assert table.static(index, dataset="cifar10", metric="n_params").tolist() == [float(row["params"])]


def test_unfinished_trainings_are_left_out_and_named(tmp_path):
    rows = training() + training("7V9E", 108, "f" * 32, last=UNFINISHED)
    draft = NASBench101Runs().read(runs(tmp_path, rows))
    assert SPACE.hashes(draft.architectures) == [EDGE]
    assert "1 of space 7V9E" in draft.notes


def test_a_zip_is_read_too(tmp_path):
    folder = runs(tmp_path, training())
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as archive:
        for name in ("ecnas_runs.csv", "generated_graphs_5V9E.json"):
            archive.write(folder / name, f"nb101/{name}")
    assert len(NASBench101Runs().read(tmp_path / "runs.zip").architectures) == 1


def test_missing_energy_stays_missing(tmp_path):
    rows = training(last=("80.0", "0.4", "0.3", "0.2", "")) + training(official=TRIANGLE)
    columns = {m.metric: m.values for m in NASBench101Runs().read(runs(tmp_path, rows)).measurements}
    np.testing.assert_array_equal(columns["energy_j"][:, 0], [[9000.0, np.nan], [9000.0, 36000.0]])


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (training(last=("80.0", "40", "30", "20", "0.01")), r"line 4: accuracies .* not fractions"),
        (training(last=("80.0", "nan", "0.3", "0.2", "0.01")), r"line 4: accuracies"),
        (training(last=("80.0", "0.4", "0.3", "0.2", "36000")), r"line 4: .* is a power of"),
        (training(last=("-80.0", "0.4", "0.3", "0.2", "0.01")), r"line 4: .* seconds"),
        (training(last=("eighty", "0.4", "0.3", "0.2", "0.01")), r"line 4: could not convert"),
        (training(budget=5), r"line 2: budget 5"),
        (training(repeat=4), r"line 2: .*repeat 4"),
        (training(params=0), r"line 2: 0 parameters"),
        (training() + training(), r"line 5: .* contradicts line 2"),
        (training()[:2], r"line 2: training .* lacks epoch 1 or 4"),
        (training() + training(repeat=2, params=11), r"line 5: 11 parameters, 10 elsewhere"),
        (training(official="f" * 32), r"line 2: .* no graph of ffff"),
        ([["4V9E", "4"]], r"line 2: "),
        (training(last=UNFINISHED), "every training run repeats its first epoch"),
    ],
)
def test_rows_that_break_a_rule_are_refused_with_the_line(tmp_path, rows, says):
    with pytest.raises(SourceError, match=says):
        NASBench101Runs().read(runs(tmp_path, rows))


@pytest.mark.parametrize(
    ("graphs", "says"),
    [
        ("{", "is no JSON"),
        ([], "holds list"),
        ({EDGE: GRAPHS[TRIANGLE]}, "is not the hash of its graph"),
        ({EDGE: [[[0, 1], [0, 0]], [-1, 0]]}, "labels start with -1 and end with 0"),
        ({EDGE: [[[0, 1, 1], [0, 0, 1], [0, 0, 0]], [-1, 7, -2]]}, EDGE),
        ({EDGE: 5}, EDGE),
        ({EDGE: [[[0, 0], [0, 0]], [-1, -2]]}, "not an architecture of space"),
    ],
)
def test_a_wrong_graph_is_refused_with_its_hash(tmp_path, graphs, says):
    with pytest.raises(SourceError, match=says) as error:
        NASBench101Runs().read(runs(tmp_path, training(), graphs))
    assert "generated_graphs_5V9E.json" in str(error.value)


def test_a_file_without_the_columns_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"line 1: the column\(s\) energy_kwh are missing"):
        NASBench101Runs().read(runs(tmp_path, [], header=HEADER.replace(" energy_kwh", "")))
    with pytest.raises(SourceError, match="does not exist; get a folder or zip"):
        NASBench101Runs().read(tmp_path / "absent")
