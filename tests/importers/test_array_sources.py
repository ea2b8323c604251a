"""Arrays beside a list of architectures: the axes are declared, nothing is unpickled, headers cannot ask for memory."""

import json
import struct
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers import _arrays, import_source
from nasbench.importers._arrays import read_arrays
from nasbench.importers.table import AnyTable
from nasbench.spaces.nb201 import NASBench201
from nasbench.spaces.spikenas import SpikeNAS

SPACE, SPIKENAS = NASBench201(), SpikeNAS()
ARCHS = SPACE.sample(5, np.random.default_rng(3))
SCORES = np.round(np.random.default_rng(0).random((5, 2, 3)), 4)
HEAD = 'citation = "mine"\nlicence = "MIT"\nsource = "a test"\n'
MAPPING = (
    HEAD
    + """
[arrays]
architectures = "archs.txt"
axes = ["architecture", "seed", "epoch"]
[architecture]
space = "nb201"
column = "architecture"
[[measurement]]
column = "scores.seed{seed}.epoch{epoch}"
epoch_offset = 1
dataset = "data"
recipe = "epochs3"
split = "valid"
metric = "accuracy"
unit = "fraction"
"""
)


def _import(folder: Path, source: str, mapping: str) -> Any:
    (folder / "m.toml").write_text(mapping)
    return import_source(AnyTable(map=str(folder / "m.toml"), name="t"), folder / source, folder / "t.h5", replace=True)


def _check(table: Any, scores: np.ndarray = SCORES) -> None:
    rows = table.index(ARCHS)
    for seed in range(scores.shape[1]):
        found = table.curves(rows, dataset="data", recipe="epochs3", split="valid", metric="accuracy", seed=seed)
        np.testing.assert_array_equal(found, scores[:, seed])


def test_a_list_of_texts_beside_an_array(tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", SCORES)
    (tmp_path / "archs.txt").write_text("\n".join(SPACE.format(ARCHS)) + "\n")
    _check(_import(tmp_path, "scores.npy", MAPPING))


def test_lists_in_other_forms(tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", SCORES)
    texts = SPACE.format(ARCHS)
    (tmp_path / "archs.json").write_text(json.dumps(texts))
    _check(_import(tmp_path, "scores.npy", MAPPING.replace("archs.txt", "archs.json")))
    (tmp_path / "digits.json").write_text(json.dumps(ARCHS.tolist()))
    np.save(tmp_path / "digits.npy", ARCHS)
    names = json.dumps(list(SPACE.operations))
    for name in ("digits.json", "digits.npy"):
        mapping = MAPPING.replace("archs.txt", name).replace(
            '"architecture"\n[[', f'"architecture"\ndigits = {names}\n[['
        )
        _check(_import(tmp_path, "scores.npy", mapping))
    (tmp_path / "archs.csv").write_text("cell,params\n" + "".join(f'"{text}",1\n' for text in texts))
    _check(
        _import(
            tmp_path,
            "scores.npy",
            MAPPING.replace("archs.txt", "archs.csv").replace('column = "architecture"', 'column = "cell"'),
        )
    )
    np.savez_compressed(
        tmp_path / "all.npz", scores=SCORES, archs=np.array(texts), ignored=np.zeros((5, 9, 9))[..., 0, 0]
    )
    _check(_import(tmp_path, "all.npz", MAPPING.replace("archs.txt", "archs")))


def test_axes_in_another_order(tmp_path: Path) -> None:
    (tmp_path / "archs.txt").write_text("\r\n".join(SPACE.format(ARCHS)))
    np.save(tmp_path / "scores.npy", np.asfortranarray(SCORES.transpose(1, 0, 2)))
    _check(_import(tmp_path, "scores.npy", MAPPING.replace('["architecture", "seed"', '["seed", "architecture"')))


def test_the_official_order_needs_no_list(tmp_path: Path) -> None:
    """One score for each official number, as in ``index`` 0 to 15,624."""
    scores = np.arange(15625) / 15625
    np.save(tmp_path / "scores.npy", scores)
    mapping = HEAD + '[architecture]\nspace = "nb201"\ncolumn = "row"\nform = "index"\n'
    mapping += '[[static]]\ncolumn = "scores"\nunit = "none"\n'
    table = _import(tmp_path, "scores.npy", mapping)
    rows = table.index(SPACE.read([0, 15624, 77], form="index"))
    np.testing.assert_array_equal(table.static(rows, dataset="all", metric="scores"), scores[[0, 15624, 77]])


def test_missing_values_stay_missing(tmp_path: Path) -> None:
    scores = SCORES.copy()
    scores[1, 1, :] = np.nan
    (tmp_path / "archs.txt").write_text("\n".join(SPACE.format(ARCHS)))
    np.save(tmp_path / "scores.npy", scores)
    _check(_import(tmp_path, "scores.npy", MAPPING), scores)


@pytest.mark.parametrize(
    ("axes", "why"),
    [
        (None, r"shape \(5, 2, 3\); say what its axes are"),
        ([], "expected 3 different names"),
        (["architecture", "seed"], "expected 3 different names"),
        (["architecture", "seed", "seed"], "expected 3 different names"),
        (["cell", "seed", "epoch"], "one of them 'architecture'"),
        ([1, 2, 3], "say what its axes are"),
        ({"other": ["architecture"]}, "say what its axes are"),
        (["seed", "architecture", "epoch"], r"numbers of architectures differ \(archs.txt: 5, scores: 2\)"),
    ],
)
def test_axes_are_never_guessed(tmp_path: Path, axes: Any, why: str) -> None:
    np.save(tmp_path / "scores.npy", SCORES)
    (tmp_path / "archs.txt").write_text("a\nb\nc\nd\ne\n")
    with pytest.raises((InvalidOption, SourceError), match=why):
        read_arrays(tmp_path / "scores.npy", {"architectures": "archs.txt"} | ({} if axes is None else {"axes": axes}))


def _header(shape: tuple[int, ...], descr: str = "<f8") -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (_header((10,)) + b"\x00" * 79, "the file is truncated"),
        (_header((10,)) + b"\x00" * 81, "the file is truncated"),
        (_header((10**12,)), "1,000,000,000,000 values; expected at most"),
        (_header((10**7,)), "the file is truncated"),
        (_header((-1,)), "a.np[yz]"),
        (_header((2,), "|O") + b"\x00" * 16, "Python objects"),
        (_header((2,), "<c16") + b"\x00" * 32, "not plain numbers"),
        (b"\x93NUMPY\x09\x00", "a.np[yz]"),
        (b"\x93NUMPY\x01\x00\xff\xffgarbage", "a.np[yz]"),
        (b"\x93NUM", "a.np[yz]"),
        (b"", "a.np[yz]"),
        (b"hello", "a.np[yz]"),
    ],
)
@pytest.mark.parametrize("ending", ["npy", "npz"])
def test_damaged_arrays_are_refused(tmp_path: Path, ending: str, content: bytes, why: str) -> None:
    path = tmp_path / f"a.{ending}"
    if ending == "npy":
        path.write_bytes(content)
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", content)
    with pytest.raises(SourceError, match=why):
        read_arrays(path, {})


def test_pickled_objects_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(SourceError, match=r"Python objects would have to be unpickled.*dtype=float"):
        read_arrays(tmp_path / "a.npy", {})


def test_bad_lists_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "s.npy", np.zeros(3))
    for name, content, why in [
        ("l.txt", b"a\n\nc\n", "architecture 2 is empty"),
        ("l.txt", b"\xff\xff\n", "l.txt cannot be read"),
        ("l.txt", b"a\nb\n", r"differ \(l.txt: 2, s: 3\)"),
        ("l.json", b"[1,", "l.json cannot be read"),
        ("l.json", b'"text"', "l.json"),
        ("absent.txt", b"", "neither a file beside"),
    ]:
        if content:
            (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=why):
            read_arrays(tmp_path / "s.npy", {"architectures": name})
    monkeypatch.setattr(_arrays, "MOST_VALUES", 2)
    with pytest.raises(SourceError, match="3 values; expected at most 2"):
        read_arrays(tmp_path / "s.npy", {})


def test_arrays_belong_to_array_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("architecture\n1\n")
    with pytest.raises(InvalidOption, match=r"\[arrays\].*not a file .npy or .npz"):
        _import(tmp_path, "a.csv", MAPPING)


def test_real_curves(shared: Path, tmp_path: Path) -> None:
    """SpikeNAS-Bench's gathered curves: the validation accuracy of 195 cells on TinyImageNet."""
    with np.load(shared / "curves" / "spikenas.npz") as stored:
        prefix = next(
            name[: -len("_curves")] for name in stored if name.endswith("_curves") and len(stored[name]) == 195
        )
        curves, ids = stored[f"{prefix}_curves"][..., 2], stored[f"{prefix}_id"]
    np.savez(tmp_path / "own.npz", acc=curves, id=ids)
    mapping = (
        MAPPING.replace('"archs.txt"', '"id"').replace(', "seed", "epoch"', ', "epoch"').replace("nb201", "spikenas")
    )
    mapping = mapping.replace('column = "architecture"', 'column = "architecture"\nform = "index"').replace(
        "scores.seed{seed}.", "acc."
    )
    mapping = mapping.replace('"fraction"', f'"{"percent" if np.nanmax(curves) > 1 else "fraction"}"')
    table = _import(tmp_path, "own.npz", mapping)
    assert len(table) == 195
    place = table.index(SPIKENAS.read(ids, form="index"))
    found = table.curves(place, dataset="data", recipe="epochs3", split="valid", metric="accuracy", seed=0)
    np.testing.assert_allclose(found, curves / (100 if np.nanmax(curves) > 1 else 1), atol=1e-7)


def test_a_draft_asks_for_the_axes_and_finds_the_list(tmp_path: Path) -> None:
    np.save(tmp_path / "scores.npy", SCORES)
    (tmp_path / "archs.txt").write_text("\n".join(SPACE.format(ARCHS)))
    (tmp_path / "other.txt").write_text("a\nb\n")
    text, preview = AnyTable(name="t").guess(tmp_path / "scores.npy")
    assert "scores: float64, shape (5, 2, 3)" in preview
    assert "column 'architecture' reads as space nb201" in preview
    drafted = tomllib.loads(text)
    assert drafted["arrays"] == {"architectures": "archs.txt", "axes": ["?", "?", "?"]}
    assert drafted["architecture"] == {"space": "nb201", "column": "architecture"}
    assert "axes of scores (5, 2, 3)" in drafted["undecided"][0]
    answered = text.replace('"?", "?", "?"', '"architecture", "seed", "epoch"').replace(
        text[text.index("undecided") : text.index("]\n", text.index("undecided")) + 2], ""
    )
    for key, value in [("citation", "me"), ("licence", "MIT"), ("source", "x"), ("split", "valid")]:
        answered = answered.replace(f'{key} = ""', f'{key} = "{value}"')
    answered = answered.replace('metric = ""', 'metric = "accuracy"').replace('unit = ""', 'unit = "fraction"')
    _check(_import(tmp_path, "scores.npy", answered.replace('recipe = "training"', 'recipe = "epochs3"')))


def test_a_draft_without_a_list_proposes_the_official_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", acc=np.zeros(7), curve=np.zeros((7, 3)))
    drafted = tomllib.loads(AnyTable().guess(tmp_path / "a.npz")[0])
    assert drafted["architecture"] == {"space": "", "column": "row", "form": "index"}
    assert [entry["column"] for entry in drafted["measurement"]] == ["acc", "curve.seed{seed}"]
