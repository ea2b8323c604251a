"""Archives that torch itself wrote, in both of its formats, read without it; and archives nobody should trust."""

import io
import os
import pickle
import subprocess
import sys
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from nasbench.errors import SourceError
from nasbench.importers._torch_archive import load_torch

PLAIN = {
    "text": ["a", "ü" * 300, ""],
    "numbers": (1, -5, 2**40, 0.1, float("inf"), True, None),
    "numpy": [np.float64(0.25), np.float32(0.5), np.int64(7)],
    "array": np.arange(6.0).reshape(2, 3),
    "sets": {1, 2},
    "bytes": bytes(range(256)),
    "ordered": OrderedDict([(("cifar10", 777), {0: 1.5})]),
}


@pytest.fixture(params=[True, False], ids=["zip", "legacy"])
def save(request, tmp_path):
    """Write with torch and return the file."""
    torch = pytest.importorskip("torch")

    def write(content, **options):
        torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=request.param, **options)
        return tmp_path / "a.pth"

    write.is_zip, write.torch = request.param, torch
    return write


def test_what_torch_saved_is_read(save):
    expected = PLAIN | {"numpy": [0.25, 0.5, 7.0], "array": [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]}
    assert load_torch(save(PLAIN)) == expected
    assert save.torch.load(save(PLAIN), weights_only=False).keys() == expected.keys()


def test_tensors_are_left_out_whatever_they_are(save):
    torch = save.torch
    weights = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()
    tensors = {"half": torch.zeros(3, dtype=torch.float16), "view": torch.arange(10)[2:5], "parameter": None}
    tensors["parameter"] = torch.nn.Parameter(torch.zeros(2))
    loaded = load_torch(save({"state": weights, "tensors": tensors, "x": 1}))
    assert loaded == {"state": dict.fromkeys(weights), "tensors": dict.fromkeys(tensors), "x": 1}


def test_a_truncated_archive_is_refused(save):
    path = save({"x": [0.5] * 50, "w": save.torch.arange(100.0)})
    data = path.read_bytes()
    for cut in (0, 1, 20, 150, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(SourceError, match=r"a\.pth.*(truncated|not a torch archive)"):
            load_torch(path)


def test_torch_is_not_imported(save):
    code = "import sys; from nasbench.importers._torch_archive import load_torch; from pathlib import Path\n"
    code += "print(load_torch(Path(sys.argv[1])), 'torch' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code, save({"x": save.torch.ones(2)})], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split("\n")[0] == "{'x': None} False"


class _Evil:
    def __reduce__(self):
        return os.system, ("touch nasbench-was-here",)


def test_an_archive_that_would_run_something_is_refused_by_name(save, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"its pickle contains '(posix|nt)\.system'"):
        load_torch(save({"x": _Evil()}))
    assert not (tmp_path / "nasbench-was-here").exists()


@pytest.mark.parametrize("content", [print, {"x": np.dtype("O")}, {"x": bytearray(3)}])
def test_what_is_neither_plain_nor_a_tensor_is_refused(save, content):
    with pytest.raises(SourceError, match="refused"):
        load_torch(save(content))


def _zip(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


class _Storages(pickle.Pickler):
    """Writes what torch does for a storage, or anything else, as a persistent object."""

    def persistent_id(self, value):
        return value["pid"] if isinstance(value, dict) and "pid" in value else None


def _pickled(pid):
    file = io.BytesIO()
    _Storages(file, 2).dump({"x": {"pid": pid}})
    return file.getvalue()


@pytest.mark.parametrize(
    ("members", "compression", "says"),
    [
        ({"a/version": b"3"}, zipfile.ZIP_STORED, "0 members data.pkl"),
        ({"a/data.pkl": b"", "b/data.pkl": b""}, zipfile.ZIP_STORED, "2 members data.pkl"),
        ({"a/data.pkl": pickle.dumps("x" * 10**6, 2)}, zipfile.ZIP_DEFLATED, "is compressed"),
        ({"a/data.pkl": b"no pickle"}, zipfile.ZIP_STORED, "truncated or not a pickle"),
        ({"a/data.pkl": _pickled("anything")}, zipfile.ZIP_STORED, "persistent object 'anything'"),
        ({"a/data.pkl": _pickled(("storage", 3, "0", "cpu", 5))}, zipfile.ZIP_STORED, "persistent object"),
    ],
)  # fmt: skip
def test_a_zip_of_anything_else_says_what_is_wrong(tmp_path, members, compression, says):
    with pytest.raises(SourceError, match=says):
        load_torch(_zip(tmp_path / "a.pth", members, compression))


def test_missing_storages_are_named(save):
    path = save({"w": save.torch.arange(100.0)})
    if save.is_zip:
        with zipfile.ZipFile(path) as archive:
            kept = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/data/0")}
        _zip(path, kept)
    else:
        path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(SourceError, match=r"tensor storage \d+ should have 400 bytes and has none"):
        load_torch(path)


@pytest.mark.parametrize(
    ("pickles", "says"),
    [
        ([0x1234], "magic number"),
        ([0x1950A86A20F9469CFC6C, 1002], "protocol 1002"),
        ([0x1950A86A20F9469CFC6C, 1001, {"little_endian": False}], "little-endian"),
        ([0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, {}, ["1"]], "does not refer to"),
    ],
)
def test_another_legacy_file_says_what_is_wrong(tmp_path, pickles, says):
    (tmp_path / "a.pth").write_bytes(b"".join(pickle.dumps(value, 2) for value in pickles))
    with pytest.raises(SourceError, match=says):
        load_torch(tmp_path / "a.pth")


def test_no_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="cannot be read"):
        load_torch(tmp_path / "absent.pth")
