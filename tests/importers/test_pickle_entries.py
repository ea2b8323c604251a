"""Entries of a pickled dictionary, one at a time: the same as torch and pickle give at once, in flat memory."""

import os
import pickle
import tracemalloc
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from nasbench.errors import SourceError
from nasbench.importers import _pickle_entries
from nasbench.importers._pickle_entries import index_entries, read_entry
from nasbench.importers._torch_archive import locate_pickle, open_source


def _write(path, content, protocol=2):
    """Write what ``torch.save`` writes of an object without tensors."""
    data = content if isinstance(content, bytes) else pickle.dumps(content, protocol)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", data)
    return path


def _entries(path, field="infos"):
    with open_source(path) as file:
        where = locate_pickle(file, path)
        index = index_entries(file, where, field, path)
        for entry in index.entries:
            yield entry.key, read_entry(file, where, entry, index.shared, path)


SHARED = ("a key", OrderedDict(x=1), "ü" * 200)
CONTENTS = {
    "one": {7: {"a": 1}},
    "two": {7: {"a": 1}, 300: {5: {"b": SHARED[0]}, "c": [SHARED]}},
    "the last of a batch alone": {i: {"a": [i]} for i in range(1001)},
    "batches": {i - 1500: {"a": {"x": float(i)}, SHARED[0]: SHARED} for i in range(2500)},
    "ordered, numpy": {i: OrderedDict([("t", np.float64(i)), ("u", "x" * 300_000), ("v", {})]) for i in range(20)},
    "tuples and ints": {i: {"a": (1, 2, 3, 4), "b": (i,), "c": {i: i, 2**40: None}, "d": ()} for i in range(5)},
    "deep": {1: {"a": [[[{"b": ((1, (2, (3, 4, 5, 6))),)}]]]}},
    "large": {i: {"a": list(np.linspace(i, i + 1, 60_000).tolist())} for i in range(9)},
    "none": {},
}  # fmt: skip


@pytest.mark.parametrize("name", CONTENTS)
@pytest.mark.parametrize("outer", [{"names": [SHARED[0], "b"], "n": 2}, {"names": {"".join("infos"): {3: {}}, "x": 1}}])
def test_the_entries_are_those_of_the_whole_pickle(name, outer, tmp_path):
    infos = CONTENTS[name]
    path = _write(tmp_path / "a.pth", outer | {"infos": infos, "after": {1, 2}, "last": [SHARED] * 3})
    if name == "none":
        assert list(_entries(path)) == []
        return
    assert list(_entries(path)) == list(infos.items())


@pytest.mark.parametrize("is_zip", [True, False])
def test_what_torch_saved_comes_out_without_tensors(is_zip, tmp_path):
    torch = pytest.importorskip("torch")
    infos = {i: {"state": {"w": torch.full((3,), float(i))}, "x": [i, 0.5]} for i in range(1500)}
    content = {"first": torch.ones(2), "infos": infos, "last": torch.ones(4)}
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=is_zip)
    assert dict(_entries(tmp_path / "a.pth")) == {
        i: {"state": {"w": None}, "x": entry["x"]} for i, entry in infos.items()
    }


def test_memory_does_not_grow_with_the_number_of_entries(tmp_path, monkeypatch):
    monkeypatch.setattr(_pickle_entries, "_CHUNK", 1 << 16)
    rng = np.random.default_rng(0)
    peaks = []
    for n in (100, 1_000):  # 1 and 9.5 MB
        infos = {i: {"a": {f"x@{j}": v for j, v in enumerate(rng.random(400).tolist())}} for i in range(n)}
        path = _write(tmp_path / "a.pth", {"names": [], "infos": infos})
        del infos
        tracemalloc.start()
        assert sum(1 for _ in _entries(path)) == n
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 900 * 1_000, "what is kept of an entry takes less than 1 kB, its bytes 9.5 kB"


class _Evil:
    def __reduce__(self):
        return os.system, ("touch nasbench-was-here",)


def test_an_entry_that_would_run_something_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = _write(tmp_path / "a.pth", {"infos": {0: {"a": 1}, 1: {"a": _Evil()}}})
    with pytest.raises(SourceError, match=r"its pickle contains '(posix|nt)\.system'"):
        list(_entries(path))
    shared = _Evil()
    path = _write(tmp_path / "a.pth", {"x": shared, "infos": {0: {"a": 1}, 1: {"a": shared}}})
    with pytest.raises(SourceError, match=r"its pickle contains '(posix|nt)\.system'"):
        list(_entries(path))
    assert not (tmp_path / "nasbench-was-here").exists()


# Entries as a pickler writes them, put together by hand: `X a`, a dictionary numbered 5 or 6, with one item.
_HEAD = b"\x80\x02}q\x00(X\x05\0\0\0infosq\x01}q\x02("
_ONE = b"K\x01}q\x05X\x01\0\0\0aq\x06K\x07s"
_TWO = b"K\x02}q\x09h\x06K\x08s"


def test_the_handmade_pickle_is_read(tmp_path):
    data = _HEAD + _ONE + _TWO + b"uu."
    assert pickle.loads(data) == {"infos": {1: {"a": 7}, 2: {"a": 8}}}
    assert list(_entries(_write(tmp_path / "a.pth", data))) == [(1, {"a": 7}), (2, {"a": 8})]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (_HEAD + _ONE + _ONE + b"uu.", "entry 1 of 'infos' 2 times"),
        (_HEAD + _TWO + _ONE + b"uu.", "out of order"),
        (_HEAD + _ONE + _TWO.replace(b"K\x08s", b"]q\x06s") + b"uu.", "out of order"),
        (_HEAD + _ONE + _TWO.replace(b"h\x06", b"h\x07") + b"uu.", "truncated or not a pickle"),
        (_HEAD + _ONE + _TWO + b"u", "truncated: its pickle has no end"),
        (_HEAD + _ONE + _TWO[:-4], "truncated: its pickle ends inside a value"),
        (_HEAD + _ONE + b"X\xff\xff\xff\xffabc", "more than 67108864 bytes"),
        (_HEAD + _ONE + b"X\xff\xff\0\0abc", "truncated: its pickle ends inside a value"),
        (_HEAD + b"X\x01\0\0\0b}q\x09uu.", "a key is not a whole number"),
        (_HEAD + b"K\x01K\x02uu.", "entry 1 is not a container"),
        (_HEAD + b"K\x01uu.", "ends before its value does"),
        (_HEAD + b"K\x01}q\x050uu.", "ends before its value does"),
        (_HEAD + b"K\x01}q\x05(.", "ends inside entry 1"),
        (_HEAD + b"K\x01}q\x05\xffuu.", "its pickle has byte 0xff"),
        ({"infos": [1, 2]}, "holds no dictionary 'infos'"),
        ({"info": {1: {}}}, "holds no dictionary 'infos'"),
        ([{"infos": {1: {}}}], "inside another one"),
        ({"x": {"infos": {1: {}}}, "y": 1}, "inside another one"),
        ({"x": {"infos": {1: {}}}}, "inside another one"),
        (b"", "truncated"),
    ],
)  # fmt: skip
def test_a_damaged_pickle_says_what_is_wrong(content, says, tmp_path):
    with pytest.raises(SourceError, match=says):
        list(_entries(_write(tmp_path / "a.pth", content)))


def test_newer_protocols_are_refused(tmp_path):
    with pytest.raises(SourceError, match="protocols 2 and 3"):
        list(_entries(_write(tmp_path / "a.pth", {"infos": {1: {}}}, protocol=4)))


def test_a_cut_archive_of_the_older_format_is_refused(tmp_path):
    torch = pytest.importorskip("torch")
    path = tmp_path / "a.pth"
    torch.save({"infos": {i: {"a": [i] * 50} for i in range(50)}}, path, _use_new_zipfile_serialization=False)
    data = path.read_bytes()
    for cut in (200, len(data) // 2, len(data) - 8, len(data) - 1):
        path.write_bytes(data[:cut])
        with pytest.raises(SourceError, match="truncated"):
            list(_entries(path))
