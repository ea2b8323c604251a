"""Read pickled batches of small images with an unpickler that builds only containers, text, numbers and uint8 arrays.

CIFAR's "python version" and downsampled ImageNet are dictionaries with ``data``, uint8 [n, 3 * side * side], and
``labels``. Importers turn arrays into lists, which suits a few numbers but not 180 million pixels; here, arrays stay
arrays.
"""

import io
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Bits, Ints
from nasbench.errors import SourceError
from nasbench.file_contents import check_content
from nasbench.unpickling import EncodeLatin, PlainFunction, RestrictedUnpickler, read_array_state, stand_for_numpy


class _Pixels:
    """Replaces an array; checks its state before reading it."""

    values: Any = None

    def __setstate__(self, state: Any) -> None:
        self.values = read_array_state(state)


class _MakePixels(PlainFunction):
    """Replaces the function that makes empty arrays; ignores the type and shape."""

    __slots__ = ()

    def __call__(self, *_: Any) -> _Pixels:
        return _Pixels()


_ALLOWED = stand_for_numpy(_MakePixels()) | {("_codecs", "encode"): EncodeLatin()}


def read_pickle(path: Path) -> dict[str, Any]:
    """Return the dictionary in a batch file, with its keys as text.

    Raises:
        SourceError: the file is missing, truncated, not a pickle, or refers to anything other than plain data.
    """
    check_content(path, "pickle")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    loaded = RestrictedUnpickler(io.BytesIO(data), _ALLOWED, encoding="bytes").load_plain(str(path))
    if not isinstance(loaded, dict):
        raise SourceError(f"{path} holds {type(loaded).__name__}; expected a dictionary")
    return {key.decode() if isinstance(key, bytes) else str(key): value for key, value in loaded.items()}


def read_batch(path: Path, key: str, side: int) -> tuple[Bits, Ints]:
    """Return the images [n, 3, side, side] and labels [n] of one batch.

    Args:
        path: the file.
        key: the key of the labels in the file.
        side: side of an image in pixels.

    Raises:
        SourceError: the file cannot be read, or holds other images.
    """
    batch = read_pickle(path)
    if missing := [name for name in ("data", key) if name not in batch]:
        raise SourceError(f"{path} has no '{missing[0]}'; found {sorted(batch)}")
    pixels, labels = getattr(batch["data"], "values", None), np.asarray(batch[key])
    numbers = 3 * side * side
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != numbers:
        seen = "not an array" if pixels is None else f"{pixels.dtype} {pixels.shape}"
        raise SourceError(f"{path}: data is {seen}; expected uint8 [n, {numbers}]")
    if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu":
        raise SourceError(f"{path}: {labels.size} labels for {len(pixels)} images; expected one integer per image")
    return pixels.reshape(-1, 3, side, side), labels.astype(np.int64)
