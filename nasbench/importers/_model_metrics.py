"""Read the protobuf message in which NAS-Bench-101 stores one training run, from its wire format.

Fields, from the authors' ``model_metrics.proto``: ModelMetrics has evaluation_data = 1 (repeated),
trainable_parameters = 2 (int32), total_time = 3 (double). EvaluationData has current_epoch = 1,
training_time = 2, train_accuracy = 3, validation_accuracy = 4, test_accuracy = 5 (doubles), and
checkpoint_path = 6 (string). The reader skips fields with other numbers, as protobuf prescribes.
"""

import struct
from collections.abc import Iterator

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DOUBLE = struct.Struct("<d")
_N_NUMBERS = 5
_PLAIN, _PLAIN_TAGS = struct.Struct("<" + "Bd" * _N_NUMBERS), tuple(i << 3 | _FIXED64 for i in range(1, _N_NUMBERS + 1))

Evaluation = tuple[float, ...]
"""epoch, training seconds, then accuracy on the train, validation and test split; nan where absent."""


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if at == len(data):
            raise ValueError("the message ends inside a number")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise ValueError("a number has more than ten bytes")


def _read_fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield the number and the content of each field: an integer, or bytes for all other types."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        kind = tag & 7
        if kind == _VARINT:
            value, at = _read_varint(data, at)
            yield tag >> 3, value
            continue
        if kind == _BYTES:
            size, at = _read_varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {kind} of field {tag >> 3} is unknown")
        if at + size > len(data):
            raise ValueError(f"the message ends inside field {tag >> 3}")
        yield tag >> 3, data[at : at + size]
        at += size


def _read_evaluation(data: bytes) -> Evaluation:
    if len(data) == _PLAIN.size:  # the usual case, five doubles in order: takes a third of the time
        plain = _PLAIN.unpack(data)
        if plain[::2] == _PLAIN_TAGS:
            return plain[1::2]
    numbers = [float("nan")] * _N_NUMBERS
    for number, content in _read_fields(data):
        if 1 <= number <= _N_NUMBERS:
            if not isinstance(content, bytes) or len(content) != _DOUBLE.size:
                raise ValueError(f"field {number} of an evaluation is not a double")
            (numbers[number - 1],) = _DOUBLE.unpack(content)
    return tuple(numbers)


def parse_model_metrics(data: bytes) -> tuple[list[Evaluation], int]:
    """Return the evaluations of one training run, and its number of parameters (0 if absent).

    Raises:
        ValueError: the bytes are not such a message.
    """
    evaluations, n_parameters = [], 0
    for number, content in _read_fields(data):
        if number == 1:
            if not isinstance(content, bytes):
                raise ValueError("field 1 is not an evaluation")
            evaluations.append(_read_evaluation(content))
        elif number == 2:
            if not isinstance(content, int):
                raise ValueError("field 2 is not a number of parameters")
            n_parameters = content
    return evaluations, n_parameters
