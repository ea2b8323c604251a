"""Read one dictionary of a huge pickle entry by entry, with the memory of one entry.

``pickle.load`` builds the whole object: for NAS-Bench-201's archive that takes about 28 GB. This module reads the bytes
twice. The first pass builds nothing: it finds where each entry begins and ends, and which objects of other entries it
refers to. A pickle numbers its objects as it writes them (the *memo*), and later entries refer to earlier objects:
mostly the texts of dictionary keys. Only the whole file shows which ones; keeping every text would take as much memory
as loading everything. The second pass hands the bytes of one entry, with renumbered memo, to the restricted unpickler.

One regular expression skips most bytes, so that the first pass is as fast as a disk. Opcodes are those of Python's
``pickletools``. The module reads protocols 2 (which torch writes) and 3; it refuses later ones, whose memo numbers are
implicit.
"""

import io
import pickletools
import re
import struct
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from nasbench.errors import SourceError
from nasbench.importers._torch_archive import Storages, Where
from nasbench.importers._unpickle import load_torch_pickle

_CHUNK = 4 << 20  # bytes read at a time
_MARGIN = 512  # longer than any token that the expressions match
_MOST = 64 << 20  # largest text, head and entry, in bytes; genuine entries have 0.4 MB

# Length of the argument of an opcode: fixed, or given by an integer of this many bytes.
_FIXED = dict.fromkeys(b"(.01N\x88\x89])}tRbaesuQ\x85\x86\x87", 0) | {
    ord("G"): 8, ord("K"): 1, ord("M"): 2, ord("J"): 4, ord("q"): 1, ord("r"): 4, ord("h"): 1, ord("j"): 4, 0x80: 1,
}  # fmt: skip
_PREFIXED = {ord("X"): 4, ord("B"): 4, ord("C"): 1, 0x8A: 1}
_EFFECT = dict.fromkeys(b"GKMJXBC\x8aN\x88\x89])}hjc", 1) | dict.fromkeys(b"Rba0\x86", -1) | {ord("s"): -2, 0x87: -2}
_INTEGERS = {ord("K"): "<B", ord("M"): "<H", ord("J"): "<i"}
_NUMBER = {ord("q"): "<B", ord("h"): "<B", ord("r"): "<I", ord("j"): "<I"}
_PUT = struct.Struct("<cI")
_PUTS, _GETS, _CLOSES = b"qr", b"hj", b"ue1t"

# Short texts; the most frequent lengths of these archives come first.
_TEXTS = b"|".join(b"\\x%02x\\0{3}.{%d}" % (n, n) for n in (*range(8, 16), *range(8), *range(16, 128)))
_INNER = rb"G.{8}|X(?:" + _TEXTS + rb")|K.|M..|J.{4}|[N\x88\x89\])}sabRQ0\x85\x86\x87]|c[^\n]{1,99}\n[^\n]{1,99}\n"
_NO_MARKS = re.compile(rb"(?:" + _INNER + rb"|q.|r.{4})*+", re.DOTALL)
_NO_STOP = re.compile(rb"(?:" + _INNER + rb"|q.|r.{4}|h.|j.{4}|[(uet1])*+", re.DOTALL)
_TO_MEMO = re.compile(rb"((?:" + _INNER + rb"|[(uet1])*+)(q.|r.{4}|h.|j.{4})?+", re.DOTALL)


class PickleEntry(NamedTuple):
    """The position of one entry of the dictionary.

    Attributes:
        key: the key of the entry.
        start: offset of the first byte of its value, from the start of the pickle.
        end: offset of the first byte after its value.
        base: the first memo number of its own objects.
        needs: memo numbers of the objects of other entries that it refers to.
    """

    key: int
    start: int
    end: int
    base: int
    needs: frozenset[int]


class Index(NamedTuple):
    """All entries in the order of the file, and the objects that they share, by memo number."""

    entries: list[PickleEntry]
    shared: dict[int, Any]


def index_entries(file: BinaryIO, where: Where, field: str, path: Path) -> Index:
    """Find the entries of the dictionary under the key ``field`` of the pickled dictionary.

    Args:
        file: the opened archive.
        where: the position of its pickle.
        field: the key of the dictionary, whose own keys must be integers.
        path: the path of the archive, for error messages.

    Raises:
        SourceError: the file is truncated, has no such dictionary, repeats a key, or no pickler could have written it.
    """
    walk = _Walk(file, where, path)
    head = walk.go_to_field(field.encode())
    entries = list(walk.iterate_entries())
    file.seek(where.start + walk.walk_to_stop())
    if not where.is_zip:  # the keys of the storages are the last part that can be checked without reading every tensor
        load_torch_pickle(file, str(path))
    ((key, times),) = Counter(entry.key for entry in entries).most_common(1) or [(0, 0)]
    if times > 1:
        raise SourceError(f"{path} holds entry {key} of '{field}' {times} times, expected once")
    if any(a.base >= b.base for a, b in pairwise(entries)):
        raise SourceError(f"{path} numbers its objects out of order, which no pickler does")
    return Index(entries, _load_shared(file, where, head, entries, path))


def read_entry(file: BinaryIO, where: Where, entry: PickleEntry, shared: Mapping[int, Any], path: Path) -> Any:
    """Return the value of one entry, with None for each tensor.

    Args:
        file: the opened archive.
        where: the position of its pickle.
        entry: the entry to read.
        shared: at least the objects that the entry ``needs``.
        path: the path of the archive, for error messages.

    Raises:
        SourceError: the entry holds anything other than plain data and tensors, or breaks the format.
    """
    return _load(_read_bytes(file, where, entry.start, entry.end, path), (), entry.base, shared, path)


def _load_shared(file: BinaryIO, where: Where, head: int, entries: list[PickleEntry], path: Path) -> dict[int, Any]:
    """Load the objects that entries refer to outside themselves, each from the part that defines it."""
    bases = [entry.base for entry in entries]
    wanted: dict[int, set[int]] = defaultdict(set)
    for number in set().union(*(entry.needs for entry in entries)):
        wanted[bisect_right(bases, number)].add(number)
    shared: dict[int, Any] = {}
    for part in sorted(wanted):  # part 0 is everything before the first entry
        start, end, base = (0, head, 0) if part == 0 else entries[part - 1][1:4]
        numbers = sorted(wanted[part])
        values = _load(_read_bytes(file, where, start, end, path), numbers, base, shared, path)
        shared.update(zip(numbers, values, strict=True))
    return shared


def _read_bytes(file: BinaryIO, where: Where, start: int, end: int, path: Path) -> bytes:
    if end - start > _MOST:
        raise SourceError(
            f"{path}: an entry or the head of the pickle has {end - start} bytes; expected at most {_MOST}"
        )
    file.seek(where.start + start)
    return file.read(end - start)


def _load(data: bytes, wanted: Any, base: int, shared: Mapping[int, Any], path: Path) -> Any:
    """Unpickle a part of a pickle; return its value, or a tuple of the objects with the memo numbers ``wanted``."""
    storages = Storages(path)

    def stored(pid: Any) -> Any:
        return shared[pid] if isinstance(pid, int) else storages.add(pid)

    renumbered = _renumber(data, wanted, base, path)
    return load_torch_pickle(io.BytesIO(renumbered), str(path), stored)


def _renumber(data: bytes, wanted: Any, base: int, path: Path) -> bytes:
    """Turn a part into a complete pickle.

    Memo numbers start at 0, objects of other entries become persistent ones, and unused objects get no number.
    """
    steps = _split_steps(data, path)
    ops = {op for _, op in steps}  # whole opcodes: renumbering 10,000 of them is faster as bytes than as numbers
    named = {_number(op) for op in ops if op[:1] in (b"h", b"j")} | set(wanted)
    own = {number: new for new, number in enumerate(sorted(n for n in named if n >= base))}
    new = {b"": b""}
    for number in named - own.keys():
        if not ops.isdisjoint(_find_short_form(b"qr", number)):
            raise SourceError(f"{path} numbers its objects out of order, which no pickler does")
        new |= dict.fromkeys(_find_short_form(b"hj", number), struct.pack("<cic", b"J", number, b"Q"))
    for number, short in own.items():
        new |= dict.fromkeys(_find_short_form(b"qr", number), _PUT.pack(b"r", short))
        new |= dict.fromkeys(_find_short_form(b"hj", number), _PUT.pack(b"j", short))
    tail = [b"(", *(_PUT.pack(b"j", own[number]) for number in wanted), b"t"] if wanted else []
    return b"".join([piece for before, op in steps for piece in (before, new.get(op, b""))] + tail) + b"."


def _find_short_form(ops: bytes, number: int) -> list[bytes]:
    """Return the short form of an opcode with a memo number, if it exists, and the long form."""
    short = [bytes((ops[0], number))] if number < 256 else []
    return [*short, _PUT.pack(ops[1:], number)]


def _number(op: bytes) -> int:
    return int.from_bytes(op[1:], "little")


def _split_steps(data: bytes, path: Path) -> list[tuple[bytes, bytes]]:
    """Split a pickle after each opcode that writes or reads the memo; return (bytes before it, opcode) pairs."""
    steps: list[tuple[bytes, bytes]] = []
    at = 0
    while at < len(data):
        end = _end(_NO_STOP, data, at)
        steps += _TO_MEMO.findall(data, at, end)
        at = end
        if at < len(data):
            end = _find_token_end(data, at, path)
            steps.append((data[at:end], b""))
            at = end
    return steps


def _end(pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
    """Return the end of the tokens that a pattern matches; a pattern may match no bytes."""
    match = pattern.match(data, at)
    return match.end() if match else at


def _find_token_end(data: bytes, at: int, path: Path) -> int:
    """Return the end of the token at ``at``; it lies beyond ``data`` if the token is not read completely."""
    op = data[at]
    if op in _FIXED:
        return at + 1 + _FIXED[op]
    if op in _PREFIXED:
        content = at + 1 + _PREFIXED[op]
        return content + int.from_bytes(data[at + 1 : content], "little") if content <= len(data) else content
    if op == ord("c"):
        end = data.find(b"\n", data.find(b"\n", at) + 1) + 1
        if 0 < end <= at + _MARGIN:
            return end
    name = next((code.name for code in pickletools.opcodes if code.code == chr(op)), f"byte {op:#x}")
    raise SourceError(f"{path} refused: its pickle has {name}; the importer reads plain data of protocols 2 and 3")


class _Walk:
    """The first pass over the bytes; offsets count from the start of the pickle."""

    def __init__(self, file: BinaryIO, where: Where, path: Path) -> None:
        self._file, self._path, self._left = file, path, where.end - where.start
        file.seek(where.start)
        self._data, self._at, self._offset = b"", 0, 0
        self._alone = False

    def go_to_field(self, field: bytes) -> int:
        """Go to the dictionary under the key ``field``, and return the offset of its first entry."""
        depth, key = 0, False
        while True:
            if depth > 1:
                self._skip(_NO_MARKS)
            op, argument, offset = self._pass_token()
            if op == ord(".") or depth < 0:
                raise SourceError(f"{self._path} holds no dictionary '{field.decode()}' with integers as keys")
            if key and op == ord("}") and depth <= 1:
                self._alone = depth == 0  # the only item of its dictionary: the pickler wrote no mark
                break
            depth += (op == ord("(")) - (op in _CLOSES)
            key = argument[4:] == field if op == ord("X") else key and op in _PUTS
            self._limit(offset)
        if self._peek() in _PUTS:
            self._pass_token()
        return self._offset + self._at

    def iterate_entries(self) -> Iterator[PickleEntry]:
        """Yield the entries; a pickler writes them in batches, of which the last may be one entry without a mark."""
        while (op := self._peek()) == ord("(") or op in _INTEGERS:
            if op == ord("("):
                self._pass_token()
            yield from self._iterate_batch(ord("u") if op == ord("(") else ord("s"))

    def walk_to_stop(self) -> int:
        """Read to the end and return the offset after it."""
        # A dictionary of one item has no mark, so its key looks like a key of the outermost one until it is closed.
        op, _, offset = self._pass_token()
        if (op == ord("s")) != self._alone or (self._alone and self._peek() != ord(".")):
            raise SourceError(
                f"{self._path}: the dictionary lies inside another one; expected it in the outermost dictionary"
            )
        while op != ord("."):
            self._skip(_NO_STOP)
            op, _, offset = self._pass_token()
        return offset + 1

    def _iterate_batch(self, closes: int) -> Iterator[PickleEntry]:
        """Yield entries up to the opcode that puts them into the dictionary."""
        entry: _Open | None = None
        while True:
            op, argument, offset = self._pass_token()
            if entry is None or entry.height == 2:  # the stack holds the key and one value: the entry is complete
                if entry and (op in _INTEGERS or op == closes):
                    yield entry.close_entry(offset, self._path)
                if op == closes:
                    return
                if op in _INTEGERS:
                    (key,) = struct.unpack(_INTEGERS[op], argument)
                    entry = _Open(key, offset + 1 + len(argument))
                    continue
            if entry is None:
                raise SourceError(f"{self._path}: a key is not a whole number, at byte {offset} of the pickle")
            if op == ord("("):
                self._walk_to_mark(entry)
            else:
                entry.take(op, argument, self._path)

    def _walk_to_mark(self, entry: "_Open") -> None:
        """Read from a mark to the opcode that closes it; the content leaves nothing, or one tuple, on the stack."""
        depth, op = 1, 0
        while depth:
            self._skip(_NO_MARKS)
            op, argument, offset = self._pass_token()
            depth += (op == ord("(")) - (op in _CLOSES)
            if op in _GETS:
                entry.get(_number(bytes([op]) + argument))
            elif op == ord("."):
                raise SourceError(f"{self._path} is damaged: its pickle ends inside entry {entry.key}")
            if offset - entry.start > _MOST:
                self._limit(offset - entry.start)
        entry.height += op == ord("t")

    def _limit(self, n_bytes: int) -> None:
        if n_bytes > _MOST:
            raise SourceError(f"{self._path}: an entry or the head of the pickle has more than {_MOST} bytes")

    def _skip(self, pattern: re.Pattern[bytes]) -> None:
        """Skip all tokens that a pattern matches."""
        while True:
            self._at = _end(pattern, self._data, self._at)
            if len(self._data) - self._at >= _MARGIN or not self._refill():
                return

    def _pass_token(self) -> tuple[int, bytes, int]:
        """Read one token, and return its opcode, its argument, and its offset."""
        if len(self._data) - self._at < _MARGIN:
            self._refill()
        op, at = self._peek(), self._at
        end = _find_token_end(self._data, at, self._path)
        while end > len(self._data):
            self._limit(end - at)
            if not self._refill():
                raise SourceError(f"{self._path} is truncated: its pickle ends inside a value")
            at = self._at
            end = _find_token_end(self._data, at, self._path)
        self._at = end
        return op, self._data[at + 1 : end], self._offset + at

    def _peek(self) -> int:
        if self._at == len(self._data) and not self._refill():
            raise SourceError(f"{self._path} is truncated: its pickle has no end")
        return self._data[self._at]

    def _refill(self) -> bool:
        """Read the next chunk and drop the bytes already processed; return False at the end."""
        more = self._file.read(min(_CHUNK, self._left))
        self._left -= len(more)
        self._offset += self._at
        self._data, self._at = self._data[self._at :] + more, 0
        return bool(more)


class _Open:
    """The entry that the first pass is reading."""

    __slots__ = ("base", "height", "key", "needs", "start")

    def __init__(self, key: int, start: int) -> None:
        self.key, self.start, self.base = key, start, -1
        self.height = 1  # number of objects on an unpickler's stack, from the entry's key on
        self.needs: set[int] = set()

    def get(self, number: int) -> None:
        """Record a reference to an object."""
        if self.base < 0 or number < self.base:
            self.needs.add(number)

    def take(self, op: int, argument: bytes, path: Path) -> None:
        """Process one opcode outside of all marks."""
        if op in _NUMBER:
            number = _number(bytes([op]) + argument)
            if op in _GETS:
                self.get(number)
            elif self.base < 0:
                self.base = number
        self.height += _EFFECT.get(op, 0)
        if self.height < 2 or op in b".uet1":
            raise SourceError(f"{path} is damaged: entry {self.key} ends before its value does")

    def close_entry(self, end: int, path: Path) -> PickleEntry:
        """Return the finished entry."""
        if self.base < 0:
            raise SourceError(f"{path}: entry {self.key} is not a container, expected the results of an architecture")
        return PickleEntry(self.key, self.start, end, self.base, frozenset(self.needs))
