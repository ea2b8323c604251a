"""Archive of a plain description and named arrays in one file: a zip of JSON and ``.npy`` with checksums, no pickle.

Entries are stored uncompressed, so that reading one needs no more memory than the file is long, and with
a fixed date, so that the same content gives the same file. ``describe`` needs the standard library only.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import TableError
from nasbench.file_contents import explain_content
from nasbench.files import replace_atomically

FORMAT, VERSION = "nasbench-surrogate", 1
_SPEC, _DIGEST, _ARRAYS = "spec.json", "sha256", "arrays/"
_LONGEST_SPEC = 2**24
_UNREADABLE = (OSError, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError, zipfile.BadZipFile)


def write_archive(path: Path, spec: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """Write a file atomically and return the checksum of its content.

    Raises:
        ValueError: an array of objects, or a description that is not plain data.
    """
    import numpy as np

    entries: dict[str, bytes] = {}
    for name, array in sorted(arrays.items()):
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.asanyarray(array), allow_pickle=False)
        entries[f"{_ARRAYS}{name}.npy"] = buffer.getvalue()
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in entries.items()}
    header = {"format": FORMAT, "format_version": VERSION, **spec, "arrays": digests}
    text = json.dumps(header, allow_nan=False, sort_keys=True, indent=1).encode()
    checksum = hashlib.sha256(text).hexdigest()
    with replace_atomically(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as file:
        for name, data in {_SPEC: text, _DIGEST: checksum.encode(), **entries}.items():
            file.writestr(zipfile.ZipInfo(name), data)
    return checksum


def describe(path: Path) -> tuple[dict[str, Any], str]:
    """Return the description and the checksum of a file without reading arrays.

    Raises:
        FileNotFoundError: no such file.
        TableError: a truncated, foreign or changed file, or another version of the format.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no surrogate at {path}")
    try:
        with zipfile.ZipFile(path) as file:
            text, stored = _entry(file, _SPEC), _entry(file, _DIGEST).decode()
        spec = json.loads(text)
    except _UNREADABLE as error:
        why = explain_content(path, "zip") or f"is not a readable surrogate (truncated or foreign): {error}"
        raise TableError(f"{path} {why}") from None
    if not isinstance(spec, dict) or spec.get("format") != FORMAT:
        raise TableError(f"{path} is a zip file but not a {FORMAT}; make one with 'nasbench fit-surrogate'")
    if spec.get("format_version") != VERSION:
        raise TableError(
            f"{path} has format version {spec.get('format_version')}; this release reads {VERSION}: "
            "fit the surrogate again, or install the release that wrote it"
        )
    if hashlib.sha256(text).hexdigest() != stored:
        raise TableError(f"{path} does not match its checksum: it was changed or is damaged")
    return spec, stored


def read_arrays(path: Path, spec: Mapping[str, Any], below: str = "") -> dict[str, Any]:
    """Return the arrays whose names begin with ``below``, after comparing each with its checksum.

    Raises:
        TableError: an array that is missing, damaged, changed or made of objects.
    """
    import numpy as np

    arrays = {}
    try:
        with zipfile.ZipFile(path) as file:
            for name, digest in spec["arrays"].items():
                if not name.startswith(_ARRAYS + below):
                    continue
                data = _entry(file, name)
                if hashlib.sha256(data).hexdigest() != digest:
                    raise TableError(f"{path}: {name} does not match its checksum: it was changed or is damaged")
                array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
                arrays[name.removeprefix(_ARRAYS).removesuffix(".npy")] = array
    except TableError:
        raise
    except _UNREADABLE as error:
        raise TableError(f"{path} holds an array that cannot be read: {error}") from None
    return arrays


def _entry(file: zipfile.ZipFile, name: str) -> bytes:
    """Return one entry; refuse a compressed one, which could expand without bound and is never written here."""
    about = file.getinfo(name)
    if about.compress_type != zipfile.ZIP_STORED or (name == _SPEC and about.file_size > _LONGEST_SPEC):
        raise ValueError(f"entry {name} is compressed or too long")
    return file.read(name)
