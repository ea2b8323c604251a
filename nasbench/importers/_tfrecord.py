"""Read TFRecord files without TensorFlow.

A record is the length of its payload (8 bytes, little-endian), the checksum of those 8 bytes (4), the
payload, and the checksum of the payload (4). Checksums are CRC-32C, rotated and offset by a constant, so that
data that contain checksums do not confuse the check (TensorFlow, ``tsl/lib/io/record_writer.h``). CRC-32C is linear
over bits, so checking a batch of records takes one table look-up per byte, combined by exclusive-or.
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Bits, Ints
from nasbench.errors import SourceError
from nasbench.file_contents import refuse_stand_in

_POLYNOMIAL, _ONES, _MASK_DELTA = 0x82F63B78, 0xFFFFFFFF, 0xA282EAD8
_HEADER, _FRAME = 12, 16  # bytes before the payload, and in all around it
_LARGEST = 1 << 14  # bytes in a payload; the benchmark's records have about 400
_CHUNK = 1 << 20

Words = npt.NDArray[np.uint32]


@cache
def _build_table() -> Words:
    """Return [k, 256] the contribution of a byte to the checksum when ``k`` bytes follow it."""
    one = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        one = np.where(one & 1, one >> 1 ^ _POLYNOMIAL, one >> 1).astype(np.uint32)
    rows = np.empty((_LARGEST, 256), dtype=np.uint32)
    rows[0] = one
    for k in range(1, _LARGEST):
        rows[k] = rows[k - 1] >> 8 ^ one[rows[k - 1] & 0xFF]
    return rows


def compute_crc32c(octets: Bits, starts: Ints, lengths: Ints) -> Words:
    """Return the CRC-32C ``[n]`` of ``lengths`` [n] bytes from each of ``starts`` [n].

    Args:
        octets: the bytes of a file.
        starts: positions in ``octets``.
        lengths: 1 to 16,384 bytes each.
    """
    before = np.cumsum(lengths) - lengths
    within = np.arange(lengths.sum()) - np.repeat(before, lengths)
    taken = octets[np.repeat(starts, lengths) + within]
    taken[within < 4] ^= 0xFF  # the register starts with ones, which affect the first four bytes
    terms = _build_table()[np.repeat(lengths, lengths) - 1 - within, taken]
    started = np.uint32(_ONES) >> (8 * np.minimum(lengths, 3)).astype(np.uint32)
    crc = np.bitwise_xor.reduceat(terms, before) ^ np.where(lengths < 4, started, 0).astype(np.uint32)
    return np.asarray(crc ^ np.uint32(_ONES), dtype=np.uint32)


def mask_checksums(crc: Words) -> Words:
    """Return checksums ``[n]`` in the masked form that a TFRecord stores."""
    rotated = crc >> np.uint32(15) | crc << np.uint32(17)
    return rotated + np.uint32(_MASK_DELTA)


def read_records(path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the byte offset and the payload of every record, with a few megabytes in memory at a time.

    Raises:
        SourceError: the file is truncated, has a wrong checksum, or is not a TFRecord; names the offset.
    """
    refuse_stand_in(path)
    with path.open("rb") as file:
        base, rest = 0, b""
        while chunk := file.read(_CHUNK):
            data = rest + chunk
            starts, lengths, end = _scan(data)
            _check(data, starts, lengths, base, path)
            _check_length(data, end, base, path)
            for start, length in zip(starts, lengths, strict=True):
                yield base + start, data[start + _HEADER : start + _HEADER + length]
            base, rest = base + end, data[end:]
    if rest:
        raise SourceError(f"{path}: truncated: the record at byte {base} has only {len(rest)} bytes; download it again")


def _scan(data: bytes) -> tuple[list[int], list[int], int]:
    """Return the starts of complete records, the lengths of their payloads, and the position where the scan ended."""
    starts, lengths, at = [], [], 0
    while at + _HEADER <= len(data):
        length = int.from_bytes(data[at : at + 8], "little")
        if not 0 < length <= _LARGEST or at + length + _FRAME > len(data):
            break
        starts.append(at)
        lengths.append(length)
        at += length + _FRAME
    return starts, lengths, at


def _check(data: bytes, starts: list[int], lengths: list[int], base: int, path: Path) -> None:
    if not starts:
        return
    octets, at, size = np.frombuffer(data, dtype=np.uint8), np.array(starts), np.array(lengths)
    for what, start, length in (("length", at, np.full_like(size, 8)), ("content", at + _HEADER, size)):
        stored = octets[(start + length)[:, None] + np.arange(4)].view("<u4")[:, 0]
        bad = np.flatnonzero(mask_checksums(compute_crc32c(octets, start, length)) != stored)
        if len(bad):
            raise SourceError(
                f"{path}: corrupt: the checksum of the {what} of the record at byte {base + starts[bad[0]]} "
                f"is wrong ({len(bad)} such nearby); download it again"
            )


def _check_length(data: bytes, at: int, base: int, path: Path) -> None:
    """Refuse an impossible length, which would otherwise look like a truncated file."""
    if at + _HEADER > len(data):
        return
    octets, length = np.frombuffer(data, dtype=np.uint8), int.from_bytes(data[at : at + 8], "little")
    stored = int.from_bytes(data[at + 8 : at + _HEADER], "little")
    fits = mask_checksums(compute_crc32c(octets, np.array([at]), np.array([8])))[0] == stored
    if not fits or not 0 < length <= _LARGEST:
        why = f"this benchmark has no record of {length} bytes" if fits else "the checksum is wrong"
        raise SourceError(
            f"{path}: not a TFRecord, or corrupt: the length of the record at byte {base + at}: {why} "
            f"(expected 1 to {_LARGEST} bytes)"
        )
