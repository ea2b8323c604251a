"""A folder or an archive of one file per training run: nested, with curves, and names that say which run it is."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import InvalidOption, SourceError
from nasbench.importers import _folders, _members, import_source
from nasbench.importers._folders import read_folder
from nasbench.importers.table import AnyTable
from nasbench.spaces.nb201 import NASBench201
from nasbench.tasks import load_task

MAPPING = """
citation = "mine"
licence = "MIT"
source = "a test"
file_names = "{data}/arch_{number}_seed{seed}.json"

[architecture]
space = "nb201"
column = "number"
form = "index"

[defaults]
dataset = { column = "data" }
recipe = "epochs3"
seed = { column = "seed" }
epoch_offset = 1

[[measurement]]
column = "result.valid.accuracy.{epoch}"
split = "valid"
metric = "accuracy"
unit = "percent"

[[measurement]]
column = "history.{epoch}.seconds"
split = "train"
metric = "train_s"
unit = "s"
per = "epoch"
"""
CURVES = {("a", 0, 3): [10.0, 20.0, 30.0], ("a", 0, 4): [11.0, 21.0], ("a", 7, 3): [5.0, 6.0, 7.5]}


def _files() -> dict[str, bytes]:
    """Return one nested JSON file per training run, and files that are none."""
    made = {}
    for (data, number, seed), curve in CURVES.items():
        run = {"result": {"valid": {"accuracy": curve}}, "history": [{"seconds": 2.0 + i} for i in range(len(curve))]}
        made[f"runs/{data}/arch_{number}_seed{seed}.json"] = json.dumps(run).encode()
    return made | {
        "runs/readme.txt": b"hello",
        "runs/a/config.json": b'{"x": 1}',
        "runs/.cache/arch_9_seed1.json": b"broken",
        "__MACOSX/runs/a/._arch_0_seed3.json": b"\x00",
    }


def _write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return path


def _write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def _write_tar(path: Path, files: dict[str, bytes], mode: str) -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return path


@pytest.fixture(params=["folder", "zip", "tar", "tar.gz", "tgz", "tar.xz"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Return the same files as a folder and as archives."""
    if request.param == "folder":
        return _write_folder(tmp_path / "mine", {k: v for k, v in _files().items() if "MACOSX" not in k})
    path = tmp_path / f"mine.{request.param}"
    modes = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.xz": "w:xz"}
    return _write_zip(path, _files()) if request.param == "zip" else _write_tar(path, _files(), modes[request.param])


def test_curves_of_all_runs_become_a_table(source: Path, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    reader = AnyTable(map=str(tmp_path / "m.toml"))
    table = import_source(reader, source, tmp_path / "out.h5")
    assert table.name == "mine"
    assert len(table) == 2
    space = NASBench201()
    row = table.index(space.read([0, 7], form="index"))
    where = {"dataset": "a", "recipe": "epochs3"}
    accuracy = table.curves(row, **where, split="valid", metric="accuracy", seed=3)
    np.testing.assert_allclose(accuracy, [[0.1, 0.2, 0.3], [0.05, 0.06, 0.075]])
    short = table.curves(row, **where, split="valid", metric="accuracy", seed=4)
    np.testing.assert_allclose(short, [[0.11, 0.21, np.nan], [np.nan] * 3])
    seconds = table.curves(row, **where, split="train", metric="train_s", seed=4)
    np.testing.assert_allclose(seconds[0], [2.0, 5.0, np.nan])
    assert "3 files read; not read: " in reader.remarks[0]
    assert "config.json" in reader.remarks[0]


def test_a_folder_and_its_archives_hold_the_same_cells(tmp_path: Path) -> None:
    files = {"a/x.json": b'{"acc": 1, "nested": {"lr": [0.1, 0.2]}}', "a/y.json.gz": gzip.compress(b'{"acc": 2}')}
    found = [
        read_folder(path, "", ".")
        for path in (
            _write_folder(tmp_path / "f", files), _write_zip(tmp_path / "f.zip", files),
            _write_tar(tmp_path / "f.tar", files, "w"),
        )
    ]  # fmt: skip
    for cells in found:
        assert {name: list(column) for name, column in cells.columns.items()} == {
            "file": ["a/x", "a/y"], "acc": [1, 2], "nested.lr.0": [0.1, None], "nested.lr.1": [0.2, None]
        }  # fmt: skip
        assert cells.place(1) == "2 (a/y.json.gz)"


def test_lines_and_separated_values_give_several_rows(tmp_path: Path) -> None:
    files = {
        "x.jsonl": b'{"e": 1, "acc": 3}\n\n{"e": 2, "acc": 4}\n',
        "y.csv": b"e,acc\n1,5\n2,\n",
        "z.tsv": b"e\tacc\n1\t7\n",
    }
    cells = read_folder(_write_folder(tmp_path / "f", files), "{run}", ".")
    assert list(cells.columns["acc"]) == [3, 4, "5", None, "7"]
    assert list(cells.columns["run"]) == ["x.jsonl", "x.jsonl", "y.csv", "y.csv", "z.tsv"]


def test_an_archive_with_one_table_is_that_table(tmp_path: Path) -> None:
    text = b"net,acc\n0,1\n1,2\n"
    assert list(read_folder(_write_zip(tmp_path / "a.zip", {"t/data.csv": text}), "", ".").columns) == [
        "file",
        "net",
        "acc",
    ]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "a/x.json is truncated or not JSON"),
        (b"", "a/x.json is truncated or not JSON"),
        (b"[1, 2]", "it holds 1; expected one object"),
        (b'{"a": 1, "a": 2}', "the key 'a' appears twice"),
        (b'{"a": {"b": 1}, "a.b": 2}', "two fields get the name 'a.b'"),
        (b"[" * 100_000, "a/x.json is truncated or not JSON"),
        (b'{"a": ' * 50 + b"1" + b"}" * 50, "nested more than 32 deep"),
        (b"\xff\xfe\xfa", "a/x.json is truncated or not JSON"),
        (b"[]", "hold no records"),
        (
            b"version https://git-lfs.github.com/spec/v1\nsize 2000000\n",
            "x.json is a Git LFS pointer of a file of 2 MB",
        ),
        (b"<!DOCTYPE html><title>404</title>", r"x.json is a web page \('404'\)"),
    ],
)
@pytest.mark.parametrize("kind", ["folder", "zip", "tar"])
def test_a_bad_file_is_named(tmp_path: Path, kind: str, content: bytes, why: str) -> None:
    files = {"a/x.json": content}
    path = tmp_path / f"f.{kind}"
    made = {"folder": _write_folder, "zip": _write_zip}.get(kind, lambda p, f: _write_tar(p, f, "w"))(path, files)
    with pytest.raises(SourceError, match=why):
        read_folder(made, "", ".")


def test_other_sources_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no visible file"):
        read_folder(tmp_path / "empty", "", ".")
    with pytest.raises(SourceError, match=r"match file_names = '\{a\}_\{b\}.json'; it holds a/x.json"):
        read_folder(_write_folder(tmp_path / "f", {"a/x.json": b"{}"}), "{a}_{b}.json", ".")
    for name, content in (
        ("a.zip", b"PK\x03\x04 broken"),
        ("a.tar", b"no tar"),
        ("a.tar.gz", gzip.compress(b"no tar")),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(SourceError, match=f"{name} is damaged, or not an archive"):
            AnyTable().guess(tmp_path / name)
    for pattern in ("x.json", "{a}_{a}.json", "{file}.json"):
        with pytest.raises(InvalidOption, match="distinct placeholders"):
            read_folder(tmp_path / "f", pattern, ".")
    with pytest.raises(SourceError, match="has a field 'x' of its own"):
        read_folder(_write_folder(tmp_path / "g", {"a.json": b'{"x": 1}'}), "{x}.json", ".")


def test_file_names_belong_to_folders(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    (tmp_path / "a.csv").write_text("number\n1\n")
    with pytest.raises(InvalidOption, match=r"file_names.*neither a folder nor an archive"):
        AnyTable(map=str(tmp_path / "m.toml")).read(tmp_path / "a.csv")


def test_archives_are_never_extracted(tmp_path: Path) -> None:
    """Paths that lead outside, links and devices: nothing is written, and a link's target is not read."""
    (tmp_path / "secret.json").write_text('{"secret": 1}')
    path = tmp_path / "in" / "evil.tar"
    path.parent.mkdir()
    with tarfile.open(path, "w") as archive:
        for name in ("../../outside.json", "/absolute.json"):
            item = tarfile.TarInfo(name)
            item.size = len(b'{"a": 1}')
            archive.addfile(item, io.BytesIO(b'{"a": 1}'))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            item = tarfile.TarInfo(f"link{int(kind)}.json")
            item.type, item.linkname = kind, str(tmp_path / "secret.json")
            archive.addfile(item)
    before = sorted(tmp_path.rglob("*"))
    cells = read_folder(path, "", ".")
    assert list(cells.columns) == ["file", "a"]
    assert len(cells) == 2
    assert sorted(tmp_path.rglob("*")) == before


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {f"{i}.json": b'{"a": "' + b"x" * 1000 + b'"}' for i in range(4)}
    path = _write_zip(tmp_path / "f.zip", files)
    packed = _write_folder(tmp_path / "g", {"bomb.json.gz": gzip.compress(b" " * 5000)})
    monkeypatch.setattr(_members, "MOST_BYTES", 500)
    with pytest.raises(SourceError, match=r"0.json has 1,009 bytes; expected at most 500"):
        read_folder(path, "", ".")
    with pytest.raises(SourceError, match=r"more than 500 bytes after decompression"):
        read_folder(packed, "", ".")
    monkeypatch.setattr(_members, "MOST_BYTES", 2000)
    monkeypatch.setattr(_members, "MOST_BYTES_TOGETHER", 3000)
    with pytest.raises(SourceError, match="have more than"):
        read_folder(path, "", ".")
    monkeypatch.setattr(_members, "MOST_BYTES_TOGETHER", 10_000)
    monkeypatch.setattr(_folders, "MOST_CELLS", 5)
    with pytest.raises(SourceError, match=r"3 rows with 2 different fields are more than 5 cells.*2.json"):
        read_folder(path, "", ".")
    monkeypatch.setattr(_members, "MOST_FILES", 3)
    with pytest.raises(SourceError, match="more than 3 files"):
        read_folder(path, "", ".")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "f.zip", "w") as archive:
        archive.writestr("a.json", "{}")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.json", "{}")
    with pytest.raises(SourceError, match=r"two files named a\.json"):
        read_folder(tmp_path / "f.zip", "", ".")


def test_a_folder_is_guessed(tmp_path: Path) -> None:
    text = NASBench201().format(NASBench201().sample(3, np.random.default_rng(0)))
    files = {
        f"{i}.json": json.dumps({"arch": arch, "valid_accuracy": list(np.linspace(10, 60 + i, 9))}).encode()
        for i, arch in enumerate(text)
    }
    drafted, preview = AnyTable(name="mine").guess(_write_folder(tmp_path / "f", files))
    assert "column 'arch' reads as space nb201" in preview
    assert "valid_accuracy.{epoch}" in drafted
    assert "left out: file" in preview


def test_real_results_split_into_one_file_each_give_the_same_numbers(shared: Path, tmp_path: Path) -> None:
    some = dict(list(json.loads((shared / "nb201" / "nats_tss_first1000_epochs12_200.json").read_text()).items())[:40])
    files = {
        f"cell{i}.json": json.dumps({"cell": text, "results": entry}).encode()
        for i, (text, entry) in enumerate(some.items())
    }
    source = _write_zip(tmp_path / "runs.zip", files)
    (tmp_path / "m.toml").write_text(
        'citation = "NATS-Bench"\nlicence = "none stated"\nsource = "extract"\n[architecture]\nspace = "nb201"\n'
        'column = "cell"\n[[measurement]]\ncolumn = "results.{dataset}.200.4"\nrecipe = "epochs200"\nepoch = 200\n'
        'split = "test"\nmetric = "accuracy"\nunit = "percent"\n'
    )
    table = import_source(AnyTable(map=str(tmp_path / "m.toml")), source, tmp_path / "out.h5")
    row = table.index(NASBench201().parse(list(some)))
    for dataset in ("cifar10", "ImageNet16-120"):
        found = table.query(row, dataset=dataset, recipe="epochs200", split="test", metric="accuracy")
        expected = [entry[dataset]["200"][4] / 100 for entry in some.values()]
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_damaged_files_are_left_out_on_request_and_counted(tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text(MAPPING)
    files = _files() | {"runs/a/arch_8_seed1.json": b'{"result": '}
    source = _write_zip(tmp_path / "mine.zip", files)
    with pytest.raises(SourceError, match=r"arch_8_seed1\.json is truncated"):
        AnyTable(map=str(tmp_path / "m.toml")).read(source)
    reader = AnyTable(map=str(tmp_path / "m.toml"), skip_unreadable=True)
    assert len(reader.read(source).architectures) == 2
    assert "1 of 4 rows cannot be read and are left out" in "\n".join(reader.remarks)
    broken = {f"a/arch_{i}_seed1.json": b"{" for i in range(5)} | {"a/arch_0_seed1.json": b"{}"}
    with pytest.raises(SourceError, match="its files hold 1 records; 4 cannot be read, the first"):
        AnyTable(map=str(tmp_path / "m.toml"), skip_unreadable=True).read(_write_zip(tmp_path / "b.zip", broken))


def test_one_command_makes_a_table_and_a_task_of_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Files without open questions need no mapping; the current folder has the name of its path."""
    texts = NASBench201().format(NASBench201().rows[:12])
    rng = np.random.default_rng(0)
    scores = rng.random(12).round(4).tolist()
    files = {
        f"{i}.json": json.dumps({"arch": text, "valid_acc": score, "train_s": 30.0 + i}).encode()
        for i, (text, score) in enumerate(zip(texts, scores, strict=True))
    }
    monkeypatch.chdir(_write_folder(tmp_path / "runs", files))
    assert main(["import", "table", "."]) == 0, capsys.readouterr().err
    task = load_task("runs")
    np.testing.assert_array_equal(task.query(NASBench201().parse(texts)), scores)
