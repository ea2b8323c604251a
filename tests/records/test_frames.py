"""Logs that processes append to: what stands before a cut or damage, and behind it, is read."""

import struct
import zlib

import pytest

from nasbench.errors import RecordError
from nasbench.records.frames import MARK, append_frame, read_extents, scan_frames

PAYLOADS = [b"first", b"", bytes(range(256)) * 9, b"fourth"]


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log"
    for payload in PAYLOADS:
        append_frame(path, payload)
    return path


def payloads(path):
    return read_extents(path, scan_frames(path))


def test_frames_have_the_documented_form(log):
    expected = b"".join(
        b"\x89RUN\r\n\x1a\n" + struct.pack("<QI", len(payload), zlib.crc32(payload)) + payload for payload in PAYLOADS
    )
    assert log.read_bytes() == expected
    assert payloads(log) == PAYLOADS


def test_a_log_cut_at_any_byte_keeps_all_whole_frames(log):
    whole = log.read_bytes()
    ends = [end for _, end in scan_frames(log)]
    for cut in range(len(whole)):
        log.write_bytes(whole[:cut])
        assert payloads(log) == PAYLOADS[: sum(end <= cut for end in ends)]


def test_what_is_appended_behind_a_cut_is_read(log):
    log.write_bytes(log.read_bytes()[:-3])
    append_frame(log, b"later")
    assert payloads(log) == [*PAYLOADS[:-1], b"later"]


def test_a_damaged_byte_costs_its_own_frame_alone(log):
    whole = bytearray(log.read_bytes())
    starts = [0, *(end for _, end in scan_frames(log))]
    for at in range(0, len(whole), 7):
        whole[at] ^= 0x55
        log.write_bytes(whole)
        whole[at] ^= 0x55
        hit = sum(start <= at for start in starts) - 1
        assert payloads(log) == PAYLOADS[:hit] + PAYLOADS[hit + 1 :]


def test_a_log_of_nothing_but_false_marks_is_given_up(tmp_path):
    """Each false mark asks for a look at all that follows: the time must not grow with the square of the length."""
    path = tmp_path / "log"
    head = MARK + struct.pack("<QI", 40_000, 0)
    path.write_bytes(head * 10_000)
    with pytest.raises(RecordError, match="damaged in more than 64 places: restore it from a copy, or delete it"):
        scan_frames(path)
