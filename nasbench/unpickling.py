"""Reading pickles from other sources without running any code in them.

A pickle is a program: it names functions and classes, and an ordinary unpickler imports and calls them. Here every name
is looked up in a table of stand-ins instead, which build containers, text and numbers; any other name is an error.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nasbench.errors import SourceError

StandIns = Mapping[tuple[str, str], Any]
"""Stand-ins for functions and classes, by the names of module and object in a pickle."""

_NUMBERS: dict[str, np.dtype[Any]] = {code: np.dtype(f"<{code}") for code in ("u1", "f4", "f8", "i8")}
_ORDERS = ("<", b"<")
_ORDERS_OF_BYTES = ("|", b"|")


class PickleRefused(Exception):
    """The pickle contains something that is not plain data."""


class NumberKind:
    """Stand-in for ``numpy.dtype`` of a plain number; it checks the state that numpy wrote and does not use it."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("latin1") if isinstance(code, bytes) else code
        if code not in _NUMBERS:
            raise PickleRefused(f"numpy type {code!r}")
        self.dtype: np.dtype[Any] = _NUMBERS[code]

    def __reduce__(self) -> tuple[Any, ...]:
        return NumberKind, (self.dtype.str[1:],)  # for transfer between our own processes

    def __setstate__(self, state: Any) -> None:
        allowed = _ORDERS_OF_BYTES if self.dtype.itemsize == 1 else _ORDERS
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] in allowed):
            raise PickleRefused(f"byte order {state!r}")


class PlainFunction:
    """Base of stand-ins for functions: they can be called, and nothing can be stored in them."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function would return."""
        raise NotImplementedError

    def __setstate__(self, state: Any) -> None:
        raise PickleRefused(f"a function with state {state!r}")


class MakeScalar(PlainFunction):
    """Stand-in for the function that makes numpy scalars; it returns floats."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> float:
        """Return the number of ``(kind, bytes)``."""
        kind, data = arguments
        return float(np.frombuffer(data, dtype=kind.dtype, count=1)[0])


class EncodeLatin(PlainFunction):
    """Stand-in for ``codecs.encode``, by which pickles before protocol 3 store bytes; it knows only Latin-1."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> bytes:
        """Return the bytes of ``(text, encoding)``."""
        text, encoding = arguments
        if encoding not in ("latin1", b"latin1"):
            raise PickleRefused(f"encoding {encoding!r}")
        return text if isinstance(text, bytes) else str(text).encode("latin1")


def read_array_state(state: Any) -> npt.NDArray[Any]:
    """Return the array of plain numbers that numpy wrote as ``state``, after checking each part of it."""
    _, shape, kind, by_columns, data = state
    data = data.encode("latin1") if isinstance(data, str) else data
    if not isinstance(kind, NumberKind) or not isinstance(data, bytes) or by_columns not in (False, True):
        raise PickleRefused("an array of anything but numbers")
    values: npt.NDArray[Any] = np.frombuffer(data, dtype=kind.dtype).reshape(shape, order="F" if by_columns else "C")
    return values


def stand_for_numpy(make_array: PlainFunction) -> dict[tuple[str, str], Any]:
    """Return the stand-ins for the names by which numpy pickles arrays and scalars.

    Args:
        make_array: makes an empty array, which then receives the state that ``read_array_state`` reads.
    """
    functions = {"_reconstruct": make_array, "scalar": MakeScalar()}
    return {
        ("numpy", "ndarray"): "numpy.ndarray",  # only an argument of the function that makes arrays; not callable
        ("numpy", "dtype"): NumberKind,
        **{(f"numpy.{room}.multiarray", name): one for room in ("core", "_core") for name, one in functions.items()},
    }


class RestrictedUnpickler(pickle.Unpickler):
    """An unpickler that knows only the stand-ins; every other name is an error.

    Args:
        file: read from its current position to the end of the pickle.
        allowed: the stand-ins.
        persistent: called with the id of each persistent object; returns its stand-in. If None, they are an error.
        encoding: encoding of the text of Python 2; ``bytes`` leaves it as bytes.
    """

    def __init__(
        self,
        file: BinaryIO,
        allowed: StandIns,
        *,
        persistent: Callable[[Any], Any] | None = None,
        encoding: str = "ASCII",
    ) -> None:
        super().__init__(file, encoding=encoding)
        self._allowed, self._persistent = allowed, persistent

    def find_class(self, module: str, name: str) -> Any:
        """Return the stand-in of a name."""
        if (module, name) not in self._allowed:
            raise PickleRefused(f"{module}.{name}")
        return self._allowed[module, name]

    def persistent_load(self, pid: Any) -> Any:
        """Return the stand-in of a persistent object."""
        if self._persistent is None:
            raise PickleRefused(f"persistent object {pid!r}")
        return self._persistent(pid)

    def load_plain(self, name: str) -> Any:
        """Return the containers and numbers of the pickle; errors call it ``name``.

        Raises:
            SourceError: the pickle is truncated, is not a pickle, or names something that is not allowed.
        """
        try:
            return self.load()
        except PickleRefused as error:
            raise SourceError(f"{name} refused: its pickle contains '{error}'; expected plain data only") from error
        except SourceError:
            raise
        except Exception as error:  # a damaged pickle can raise nearly anything
            raise SourceError(f"{name} is truncated or not a pickle ({type(error).__name__}: {error})") from error
