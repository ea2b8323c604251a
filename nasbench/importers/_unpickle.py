"""Reading other people's pickles without running anything that they say."""

import io
import pickle
from collections.abc import Callable, Collection, Mapping
from typing import Any, BinaryIO

import numpy as np

from nasbench.errors import SourceError

_NUMBERS: dict[str, np.dtype[Any]] = {"f8": np.dtype("<f8"), "f4": np.dtype("<f4"), "i8": np.dtype("<i8")}


class _Refused(Exception):
    """The pickle asks for something that is no plain data."""


class _Kind:
    """Stands for ``numpy.dtype`` of a plain number; takes the state numpy writes and believes none of it."""

    def __init__(self, code: str, *_: Any) -> None:
        if code not in _NUMBERS:
            raise _Refused(f"numpy type {code!r}")
        self.dtype: np.dtype[Any] = _NUMBERS[code]

    def __reduce__(self) -> tuple[Any, ...]:
        return _Kind, (self.dtype.str[1:],)  # our own workers pass it on

    def __setstate__(self, state: Any) -> None:
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] == "<"):
            raise _Refused(f"byte order {state!r}")


class _Scalar:
    """Stands for the function that makes numpy scalars; nothing can be stored in it."""

    __slots__ = ()

    def __call__(self, kind: _Kind, data: bytes) -> float:
        return float(np.frombuffer(data, dtype=kind.dtype, count=1)[0])

    def __setstate__(self, state: Any) -> None:
        raise _Refused(f"a function with state {state!r}")


class _Array(list[Any]):
    """Stands for an array of plain numbers, as the nested lists of its rows; its state is checked before it is read."""

    def __setstate__(self, state: Any) -> None:
        _, shape, kind, by_columns, data = state
        if not isinstance(kind, _Kind) or not isinstance(data, bytes) or by_columns not in (False, True):
            raise _Refused("an array of anything but numbers")
        values = np.frombuffer(data, dtype=kind.dtype).reshape(shape, order="F" if by_columns else "C")
        self[:] = values.tolist()


class _MakeArray:
    """Stands for the function that makes empty arrays, whatever type and shape it is asked for."""

    __slots__ = ()

    def __call__(self, *_: Any) -> _Array:
        return _Array()

    def __setstate__(self, state: Any) -> None:
        raise _Refused(f"a function with state {state!r}")


class _Ordered(dict[Any, Any]):
    """Stands for ``OrderedDict``; attributes, as a network's state carries them, are dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        del state


class _Dropped:
    """Stands for a function that makes tensors: takes their bytes, reads none, and gives None."""

    __slots__ = ()

    def __call__(self, *_: Any) -> None:
        return None

    def __setstate__(self, state: Any) -> None:
        raise _Refused(f"a function with state {state!r}")


class _Latin:
    """Stands for ``codecs.encode``, by which pickles older than protocol 3 write bytes; knows Latin-1 alone."""

    __slots__ = ()

    def __call__(self, text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise _Refused(f"encoding {encoding!r}")
        return text.encode("latin1")

    def __setstate__(self, state: Any) -> None:
        raise _Refused(f"a function with state {state!r}")


class _MakeSet:
    """Stands for ``set``, which pickles older than protocol 4 call."""

    __slots__ = ()

    def __call__(self, members: Any = ()) -> set[Any]:
        return set(members)

    def __setstate__(self, state: Any) -> None:
        raise _Refused(f"a function with state {state!r}")


class StorageKind:
    """Stands for a class of torch storages; only named to the function that makes tensors."""

    __slots__ = ("itemsize",)

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize

    def __reduce__(self) -> tuple[Any, ...]:
        return StorageKind, (self.itemsize,)

    def __setstate__(self, state: Any) -> None:
        raise _Refused(f"a class with state {state!r}")


class _Record(dict[str, Any]):
    """Stands for a class that only holds named values; keeps them as a dictionary."""

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise _Refused(f"a record with state {type(state).__name__}")
        self.update(state)


_ALLOWED = {
    ("numpy", "ndarray"): "numpy.ndarray",  # only named to the function that makes arrays; nothing can be called
    ("numpy.core.multiarray", "_reconstruct"): _MakeArray(),
    ("numpy._core.multiarray", "_reconstruct"): _MakeArray(),
    ("collections", "OrderedDict"): _Ordered,
    ("numpy", "dtype"): _Kind,
    ("numpy.core.multiarray", "scalar"): _Scalar(),
    ("numpy._core.multiarray", "scalar"): _Scalar(),
}
_TENSORS = {
    ("torch._utils", "_rebuild_tensor_v2"): _Dropped(),
    ("torch._utils", "_rebuild_parameter"): _Dropped(),
    ("torch.storage", "_load_from_bytes"): _Dropped(),
}
# What torch.save writes besides tensors: its default is protocol 2, which has no opcode for bytes or sets.
_TORCH = _TENSORS | {
    ("_codecs", "encode"): _Latin(),
    ("__builtin__", "set"): _MakeSet(),
    ("builtins", "set"): _MakeSet(),
    **{
        ("torch", f"{name}Storage"): StorageKind(itemsize)
        for itemsize, names in {
            1: ("Bool", "Byte", "Char"),
            2: ("Half", "BFloat16", "Short"),
            4: ("Float", "Int"),
            8: ("Double", "Long", "ComplexFloat"),
            16: ("ComplexDouble",),
        }.items()
        for name in names
    },
}


class _PlainUnpickler(pickle.Unpickler):
    """Builds containers, text and numbers; numpy scalars become floats, arrays lists; all else is refused by name."""

    def __init__(
        self, file: BinaryIO, allowed: Mapping[tuple[str, str], Any], persistent: Callable[[Any], Any] | None
    ) -> None:
        super().__init__(file)
        self._allowed, self._persistent = allowed, persistent

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self._allowed:
            raise _Refused(f"{module}.{name}")
        return self._allowed[module, name]

    def persistent_load(self, pid: Any) -> Any:
        if self._persistent is None:
            raise _Refused(f"persistent object {pid!r}")
        return self._persistent(pid)


def load_plain(data: bytes, name: str, *, drop_tensors: bool = False, records: Collection[tuple[str, str]] = ()) -> Any:
    """Return the containers and numbers of a pickle.

    Args:
        data: the pickle.
        name: what to call it in an error.
        drop_tensors: put None where a torch tensor stands, which is refused otherwise; torch is not needed.
        records: modules and names of classes whose objects are read as dictionaries of their attributes;
            the classes themselves are neither imported nor called.

    Raises:
        SourceError: it is truncated, no pickle, or asks for anything but plain data.
    """
    allowed = _ALLOWED | (_TENSORS if drop_tensors else {}) | dict.fromkeys(records, _Record)
    return _load(_PlainUnpickler(io.BytesIO(data), allowed, None), name)


def load_torch_pickle(file: BinaryIO, name: str, persistent: Callable[[Any], Any] | None = None) -> Any:
    """Return the containers and numbers of the next pickle in a torch archive, with None for each tensor.

    Args:
        file: read from where it stands to the end of the pickle.
        name: what to call it in an error.
        persistent: told what the pickle says of each storage; its answer stands for what was stored there.

    Raises:
        SourceError: it is truncated, no pickle, or asks for anything but plain data and tensors.
    """
    return _load(_PlainUnpickler(file, _ALLOWED | _TORCH, persistent), name)


def _load(unpickler: _PlainUnpickler, name: str) -> Any:
    try:
        return unpickler.load()
    except _Refused as error:
        raise SourceError(f"{name} refused: its pickle asks for '{error}', only plain data is read") from error
    except SourceError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise SourceError(f"{name} is truncated or no pickle ({type(error).__name__}: {error})") from error
