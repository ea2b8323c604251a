"""Read pickles of benchmarks safely: arrays become lists of numbers, and tensors become None."""

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
    """Replaces an array of plain numbers by the nested lists of its rows; checks the state before reading it."""

    def __setstate__(self, state: Any) -> None:
        self[:] = read_array_state(state).tolist()


class _MakeArray(PlainFunction):
    """Replaces the function that makes empty arrays; ignores the type and shape."""

    __slots__ = ()

    def __call__(self, *_: Any) -> _Array:
        return _Array()


class _Ordered(dict[Any, Any]):
    """Replaces ``OrderedDict``; drops attributes, which a network's state carries."""

    __slots__ = ()

    def __setstate__(self, state: Any) -> None:
        del state


class _Dropped(PlainFunction):
    """Replaces a function that makes tensors: ignores their bytes and returns None."""

    __slots__ = ()

    def __call__(self, *_: Any) -> None:
        return None


class _MakeSet(PlainFunction):
    """Replaces ``set``, which pickles before protocol 4 call."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> set[Any]:
        return set(*arguments)


class StorageKind:
    """Replaces a class of torch storages, which a pickle only passes to the function that makes tensors."""

    __slots__ = ("itemsize",)

    def __init__(self, itemsize: int) -> None:
        self.itemsize = itemsize

    def __reduce__(self) -> tuple[Any, ...]:
        return StorageKind, (self.itemsize,)

    def __setstate__(self, state: Any) -> None:
        raise PickleRefused(f"a class with state {state!r}")


class _Record(dict[str, Any]):
    """Replaces a class that only holds attributes; keeps them as a dictionary."""

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
# Functions that torch.save uses besides tensors: its default is protocol 2, which has no opcode for bytes or sets.
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
        name: its name in error messages.
        drop_tensors: whether to replace torch tensors by None; otherwise they are refused. Torch is not needed.
        records: (module, class name) of classes whose objects are read as dictionaries of their attributes;
            the classes are neither imported nor called.

    Raises:
        SourceError: the data are truncated, not a pickle, or refer to anything other than plain data.
    """
    allowed = _ALLOWED | (_TENSORS if drop_tensors else {}) | dict.fromkeys(records, _Record)
    return RestrictedUnpickler(io.BytesIO(data), allowed).load_plain(name)


def load_torch_pickle(file: BinaryIO, name: str, persistent: Callable[[Any], Any] | None = None) -> Any:
    """Return the containers and numbers of the next pickle in a torch archive, with None for each tensor.

    Args:
        file: read from the current position to the end of the pickle.
        name: its name in error messages.
        persistent: called with the pickle's description of each storage; its result replaces the storage.

    Raises:
        SourceError: the data are truncated, not a pickle, or refer to anything other than plain data and tensors.
    """
    return RestrictedUnpickler(file, _ALLOWED | _TORCH, persistent=persistent).load_plain(name)
