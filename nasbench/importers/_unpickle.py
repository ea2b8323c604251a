"""Pickles of benchmarks: arrays become lists of numbers, tensors None."""

import io
from collections.abc import Callable, Collection
from typing import Any, BinaryIO

from nasbench.unpickling import (
    EncodeLatin,
    PickleRefused,
    PlainFunction,
    RestrictedUnpickler,
    read_array_state,
    stand_for_numpy,
)


class _Array(list[Any]):
    """Stands for an array of plain numbers, as the nested lists of its rows; its state is checked before it is read."""

    def __setstate__(self, state: Any) -> None:
        self[:] = read_array_state(state).tolist()


class _MakeArray(PlainFunction):
    """Stands for the function that makes empty arrays, whatever type and shape it is asked for."""

    __slots__ = ()

    def __call__(self, *_: Any) -> _Array:
        return _Array()


class _Ordered(dict[Any, Any]):
    """Stands for ``OrderedDict``; attributes, as a network's state carries them, are dropped."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        del state


class _Dropped(PlainFunction):
    """Stands for a function that makes tensors: takes their bytes, reads none, and gives None."""

    __slots__ = ()

    def __call__(self, *_: Any) -> None:
        return None


class _MakeSet(PlainFunction):
    """Stands for ``set``, which pickles older than protocol 4 call."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> set[Any]:
        return set(*arguments)


class StorageKind:
    """Stands for a class of torch storages; only named to the function that makes tensors."""

    __slots__ = ("itemsize",)

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize

    def __reduce__(self) -> tuple[Any, ...]:
        return StorageKind, (self.itemsize,)

    def __setstate__(self, state: Any) -> None:
        raise PickleRefused(f"a class with state {state!r}")


class _Record(dict[str, Any]):
    """Stands for a class that only holds named values; keeps them as a dictionary."""

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, dict):
            raise PickleRefused(f"a record with state {type(state).__name__}")
        self.update(state)


_ALLOWED = stand_for_numpy(_MakeArray()) | {("collections", "OrderedDict"): _Ordered}
_TENSORS = {
    ("torch._utils", "_rebuild_tensor_v2"): _Dropped(),
    ("torch._utils", "_rebuild_parameter"): _Dropped(),
    ("torch.storage", "_load_from_bytes"): _Dropped(),
}
# What torch.save writes besides tensors: its default is protocol 2, which has no opcode for bytes or sets.
_TORCH = _TENSORS | {
    ("_codecs", "encode"): EncodeLatin(),
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
    return RestrictedUnpickler(io.BytesIO(data), allowed).load_plain(name)


def load_torch_pickle(file: BinaryIO, name: str, persistent: Callable[[Any], Any] | None = None) -> Any:
    """Return the containers and numbers of the next pickle in a torch archive, with None for each tensor.

    Args:
        file: read from where it stands to the end of the pickle.
        name: what to call it in an error.
        persistent: told what the pickle says of each storage; its answer stands for what was stored there.

    Raises:
        SourceError: it is truncated, no pickle, or asks for anything but plain data and tensors.
    """
    return RestrictedUnpickler(file, _ALLOWED | _TORCH, persistent=persistent).load_plain(name)
