"""Pickled batches of small images, read by an unpickler that can build only containers, text, numbers and uint8 arrays.

CIFAR's "python version" and downsampled ImageNet are dictionaries with ``data``, uint8 [n, 3 * side * side], and
``labels``. The importers' unpickler turns arrays into lists, which is right for a few numbers and too much for
180 million pixels; here an array stays the bytes it is.
"""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Bits, Ints
from nasbench.errors import SourceError


class _Refused(Exception):
    """The pickle asks for something that is no plain data."""


class _Kind:
    """Stands for ``numpy.dtype`` of a byte or a number; believes nothing of the state that follows."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("latin1") if isinstance(code, bytes) else code
        if code not in ("u1", "f4", "f8", "i8"):
            raise _Refused(f"numpy type {code!r}")
        self.dtype: np.dtype[Any] = np.dtype(f"<{code}")

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] in ("|", b"|", "<", b"<")):
            raise _Refused("numbers of another byte order")


class _Pixels:
    """Stands for an array; its state is checked before it is believed."""

    values: Any = None

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, data = state
        data = data.encode("latin1") if isinstance(data, str) else data
        if not isinstance(kind, _Kind) or not isinstance(data, bytes):
            raise _Refused("an array of anything but numbers")
        self.values = np.frombuffer(data, dtype=kind.dtype).reshape(shape, order="F" if by_columns else "C")


class _Make:
    """Stands for a function; nothing can be stored in it."""

    __slots__ = ("_call",)

    def __init__(self, call: Any) -> None:
        self._call = call

    def __call__(self, *arguments: Any) -> Any:
        return self._call(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise _Refused("a function with a state")


def _bytes_of(text: Any, encoding: Any) -> bytes:
    if encoding not in ("latin1", b"latin1"):
        raise _Refused(f"encoding {encoding!r}")
    return text if isinstance(text, bytes) else str(text).encode("latin1")


def _scalar(kind: _Kind, data: Any) -> float:
    return float(np.frombuffer(data, dtype=kind.dtype, count=1)[0])


_ALLOWED: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): "numpy.ndarray",  # only named to the function that makes arrays
    ("numpy", "dtype"): _Kind,
    ("_codecs", "encode"): _Make(_bytes_of),
    **{
        (f"numpy.{room}.multiarray", name): _Make(call)
        for room in ("core", "_core")
        for name, call in (("_reconstruct", lambda *_: _Pixels()), ("scalar", _scalar))
    },
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise _Refused(f"{module}.{name}")
        return _ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Any:
        raise _Refused(f"persistent object {pid!r}")


def read_pickle(path: Path) -> dict[str, Any]:
    """Return the dictionary that a batch file holds, its keys as text.

    Raises:
        SourceError: no such file, truncated, no pickle, or one that asks for anything but plain data.
    """
    try:
        loaded = _Unpickler(io.BytesIO(path.read_bytes()), encoding="bytes").load()
    except _Refused as error:
        raise SourceError(f"{path} refused: its pickle asks for '{error}', only plain data is read") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise SourceError(f"{path} is truncated or no pickle ({type(error).__name__}: {error})") from error
    if not isinstance(loaded, dict):
        raise SourceError(f"{path} holds {type(loaded).__name__}; expected a dictionary")
    return {key.decode() if isinstance(key, bytes) else str(key): value for key, value in loaded.items()}


def read_batch(path: Path, key: str, side: int) -> tuple[Bits, Ints]:
    """Return the images [n, 3, side, side] and labels [n] of one batch.

    Args:
        path: the file.
        key: what the labels are called in it.
        side: pixels on a side.

    Raises:
        SourceError: it cannot be read, or holds other images.
    """
    batch = read_pickle(path)
    if missing := [name for name in ("data", key) if name not in batch]:
        raise SourceError(f"{path} has no '{missing[0]}'; found {sorted(batch)}")
    pixels, labels = getattr(batch["data"], "values", None), np.asarray(batch[key])
    numbers = 3 * side * side
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 2 or pixels.shape[1] != numbers:
        seen = "no array" if pixels is None else f"{pixels.dtype} {pixels.shape}"
        raise SourceError(f"{path}: data is {seen}; expected uint8 [n, {numbers}]")
    if labels.shape != (len(pixels),) or labels.dtype.kind not in "iu":
        raise SourceError(f"{path}: {labels.size} labels for {len(pixels)} images; expected a whole number each")
    return pixels.reshape(-1, 3, side, side), labels.astype(np.int64)
