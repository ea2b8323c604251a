"""Read files of ``torch.save`` without torch: the containers and numbers, and None for each tensor.

Two formats exist (torch 2.13, ``torch/serialization.py``). Since torch 1.6 a file is a zip, uncompressed:
``ROOT/data.pkl`` and one member ``ROOT/data/KEY`` for each storage. Before, it is a sequence of pickles: a magic
number, the protocol 1001, facts about the machine, the object, and the keys of its storages; then follow the length
(int64) and the bytes of each storage.

The reader never loads the bytes of tensors but checks that they exist: an archive that lacks some is truncated.
"""

import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from nasbench.errors import SourceError
from nasbench.file_contents import check_content
from nasbench.importers._unpickle import StorageKind, load_torch_pickle

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001
_LOCAL_HEADER = struct.Struct("<4s22xHH")  # of a zip member: signature, lengths of its name and extra field


class Where(NamedTuple):
    """The range of bytes that holds the pickle of the object: from ``start`` to at most ``end``."""

    start: int
    end: int
    is_zip: bool


def load_torch(path: Path) -> Any:
    """Return the object that ``torch.save`` saved, with None for each tensor.

    Args:
        path: a file of either format. Its tensors are not read, however large they are.

    Raises:
        SourceError: the file is not such an archive, is truncated, or holds anything other than plain data and
            tensors.
    """
    storages = Storages(path)
    with open_source(path) as file:
        where = locate_pickle(file, path)
        file.seek(where.start)
        loaded = load_torch_pickle(file, str(path), storages.add)
        storages.check(file, where)
    return loaded


@contextmanager
def open_source(path: Path) -> Iterator[BinaryIO]:
    """Open a file; raise ``SourceError`` if it cannot be read."""
    check_content(path, "zip", "pickle")
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error


def locate_pickle(file: BinaryIO, path: Path) -> Where:
    """Find the pickle of the object.

    Args:
        file: the opened archive.
        path: the path of the archive, for error messages.

    Raises:
        SourceError: the file is neither a zip with one stored ``data.pkl`` nor an older archive.
    """
    file.seek(0)
    begin = file.read(2)
    file.seek(0)
    if begin == b"PK":
        return _locate_in_zip(file, path)
    if begin[:1] != b"\x80" or load_torch_pickle(file, str(path)) != _MAGIC:
        raise SourceError(
            f"{path} is not a torch archive: it is not a zip and does not start with the magic number of older archives"
        )
    if (protocol := load_torch_pickle(file, str(path))) != _PROTOCOL:
        raise SourceError(f"{path} is a torch archive of protocol {protocol!r}, expected {_PROTOCOL}")
    machine = load_torch_pickle(file, str(path))
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise SourceError(f"{path} was not written on a little-endian machine: {machine!r}")
    return Where(file.tell(), file.seek(0, 2), is_zip=False)


def _locate_in_zip(file: BinaryIO, path: Path) -> Where:
    members = _list_members(file, path)
    found = [member for name, member in members.items() if name.rpartition("/")[2] == "data.pkl"]
    if len(found) != 1:
        raise SourceError(f"{path} is a zip with {len(found)} members data.pkl; a torch archive has one")
    (member,) = found
    # torch never compresses. This check also protects against archives that unpack to huge sizes.
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        raise SourceError(f"{path}: {member.filename} is compressed or encrypted; torch stores it uncompressed")
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER.size)
    if len(header) < _LOCAL_HEADER.size or header[:4] != b"PK\x03\x04":
        raise SourceError(f"{path} is a damaged zip: no member at byte {member.header_offset}")
    _, name, extra = _LOCAL_HEADER.unpack(header)
    start = member.header_offset + _LOCAL_HEADER.size + name + extra
    return Where(start, start + member.file_size, is_zip=True)


def _list_members(file: BinaryIO, path: Path) -> dict[str, zipfile.ZipInfo]:
    try:
        with zipfile.ZipFile(file) as archive:
            return {member.filename: member for member in archive.infolist()}
    except zipfile.BadZipFile as error:
        raise SourceError(f"{path} is a truncated or damaged zip: {error}") from error


class Storages:
    """The tensor storages that a pickle refers to, to check that its archive holds them.

    Args:
        path: the path of the archive, for error messages.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_bytes: dict[str, int] = {}

    def add(self, pid: Any) -> None:
        """Record one storage: ``("storage", kind, key, device, number of elements, ...)``."""
        match pid:
            case ("storage", StorageKind() as kind, str() as key, str(), int() as length, *_) if length >= 0:
                self._n_bytes[key] = length * kind.itemsize
            case _:
                raise SourceError(f"{self._path} refused: its pickle asks for the persistent object {pid!r}")

    def check(self, file: BinaryIO, where: Where) -> None:
        """Check that the archive holds every storage.

        Args:
            file: the opened archive; in the older format, positioned after the pickle of its object.
            where: the position of the pickle.

        Raises:
            SourceError: a storage is missing, or has another length.
        """
        held = (
            _read_lengths_in_zip(_list_members(file, self._path)) if where.is_zip else self._read_lengths_in_file(file)
        )
        for key, n_bytes in self._n_bytes.items():
            if held.get(key) != n_bytes:
                raise SourceError(
                    f"{self._path} is truncated: tensor storage {key} should have {n_bytes} bytes and has "
                    f"{held.get(key, 'none')}"
                )

    def _read_lengths_in_file(self, file: BinaryIO) -> dict[str, int]:
        """Return the lengths of the complete storages after the object of an older archive."""
        keys = load_torch_pickle(file, str(self._path))
        if not isinstance(keys, list) or any(str(key) not in self._n_bytes for key in keys):
            raise SourceError(f"{self._path} lists storages that its pickle does not refer to")
        held = {}
        at, end = file.tell(), file.seek(0, 2)
        for key in keys:
            at += 8 + self._n_bytes[key]
            if at > end:
                break
            held[key] = self._n_bytes[key]
        return held


def _read_lengths_in_zip(members: dict[str, zipfile.ZipInfo]) -> dict[str, int]:
    """Return the lengths of the storages in a zip, by key."""
    split = ((name.rsplit("/", 2), member.file_size) for name, member in members.items())
    return {parts[-1]: size for parts, size in split if len(parts) > 1 and parts[-2] == "data"}
