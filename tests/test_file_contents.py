"""Stand-ins and other formats are named by what they are, in every reader that opens a user's file."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from nasbench.datasets import load_images
from nasbench.errors import RecordError, SourceError, TableError
from nasbench.evaluation.extrapolation import read_curve_table
from nasbench.file_contents import check_content, explain_content, identify_format, refuse_stand_in
from nasbench.importers import import_source
from nasbench.importers._source import Importer
from nasbench.importers.hw_nas_bench import HWNASBench
from nasbench.importers.nasbench101 import NASBench101Records
from nasbench.importers.nb201_extract import NB201Extract
from nasbench.importers.spikenas import SpikeNASBench
from nasbench.importers.table import AnyTable
from nasbench.table import Table
from nasbench.tasks import load_task

# The format of https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 134217728\n"
)
PAGE = "\n<!DOCTYPE html>\n<html><head><title>\n Page not found\n</title></head><body>404</body></html>"
S3 = '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'
ANNEX = "/annex/objects/SHA256E-s1048576--4d7a21.h5\n"
STAND_INS = {
    POINTER: r"Git LFS pointer of a file of 134 MB.*git lfs pull",
    PAGE: r"web page \('Page not found'\).*download it again",
    S3: r"server's error message \('AccessDenied'\)",
    ANNEX: r"git-annex pointer.*git annex get",
}


def _npy() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.csv", "a,b\n1,2\n")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [("gzip", gzip.compress(b"a", mtime=0)), ("bzip2", bz2.compress(b"a")), ("xz", lzma.compress(b"a")),
     ("zip", _zip()), ("npy", _npy()), ("", b"a,b\n1,2\n"), ("", b"")],
)  # fmt: skip
def test_formats_are_known_by_their_first_bytes(name: str, content: bytes) -> None:
    assert identify_format(content) == name


def test_hdf5_is_known_by_its_first_bytes(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.csv", "w") as file:
        file["x"] = [1]
    assert explain_content(tmp_path / "a.csv", "HDF5") == ""
    assert explain_content(tmp_path / "a.csv") == "is a HDF5 file, not a file of the expected format"


@pytest.mark.parametrize("text", STAND_INS)
def test_stand_ins_are_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "results.csv"
    path.write_text(text)
    with pytest.raises(SourceError, match=STAND_INS[text]):
        refuse_stand_in(path)
    with pytest.raises(TableError, match=r"results\.csv " + ".*" + STAND_INS[text]):
        check_content(path, "HDF5", error=TableError)


@pytest.mark.parametrize("content", [b"", b"version 1\n", b"<", b"arch,acc\n<html>,1\n", b"\xff\xfe\x00", b"size 12\n"])
def test_other_files_pass(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    check_content(tmp_path / "a")
    check_content(tmp_path / "absent")


@pytest.mark.parametrize("text", STAND_INS)
@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.parquet", "a.csv.gz", "a.h5"])
def test_any_table_names_stand_ins(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(SourceError, match=STAND_INS[text]):
        import_source(AnyTable(map="nb201_epochs12"), path, tmp_path / "out.h5")
    with pytest.raises(SourceError, match=STAND_INS[text]):
        AnyTable().guess(path)


def test_a_compressed_file_with_a_plain_name_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(gzip.compress(b"a,b\n1,2\n"))
    with pytest.raises(SourceError, match=r"compressed by gzip.*rename it to \*\.gz"):
        AnyTable().guess(tmp_path / "a.csv")


@pytest.mark.parametrize("importer", [HWNASBench, NASBench101Records, NB201Extract, SpikeNASBench])
def test_importers_name_pointers(tmp_path: Path, importer: Callable[[], Importer]) -> None:
    path = tmp_path / "file.pickle"
    path.write_text(POINTER)
    with pytest.raises(SourceError, match=STAND_INS[POINTER]):
        importer().read(path)


def test_tables_surrogates_data_sets_and_curves_name_pointers(tmp_path: Path) -> None:
    for name in ("a.h5", "a.surrogate", "a.npz", "a.csv"):
        (tmp_path / name).write_text(POINTER)
    readers = {
        TableError: [lambda: Table(tmp_path / "a.h5"), lambda: load_task(str(tmp_path / "a.surrogate"))],
        SourceError: [
            lambda: load_images(f"arrays,path={tmp_path / 'a.npz'}", np.random.default_rng(0)),
            lambda: read_curve_table(tmp_path / "a.csv"),
        ],
    }
    for error, calls in readers.items():
        for call in calls:
            with pytest.raises(error, match=STAND_INS[POINTER]):
                call()


def test_trained_models_name_pointers(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from nasbench.training import read_model

    for name in ("model.json", "model.pt"):
        (tmp_path / name).write_text(POINTER)
    with pytest.raises(RecordError, match=STAND_INS[POINTER]):
        read_model(tmp_path)
