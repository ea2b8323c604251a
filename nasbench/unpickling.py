"""Reading other people's pickles without running anything that they say.

A pickle is a program: it names functions and classes, and an ordinary unpickler imports and calls them. Here every name
is looked up in a table of stand-ins instead, which build containers, text and numbers; any other name is refused.
"""

import pickle
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from nasbench.errors import SourceError

StandIns = Mapping[tuple[str, str], Any]
"""What stands for a module's function or class, by the names that a pickle gives."""

_NUMBERS: dict[str, np.dtype[Any]] = {code: np.dtype(f"<{code}") for code in ("u1", "f4", "f8", "i8")}
_ORDERS = ("<", b"<")
_ORDERS_OF_BYTES = ("|", b"|")


class PickleRefused(Exception):
    """The pickle asks for something that is not plain data."""


class NumberKind:
    """Stands for ``numpy.dtype`` of a plain number; takes the state numpy writes and believes none of it."""

    def __init__(self, code: Any, *_: Any) -> None:
        code = code.decode("latin1") if isinstance(code, bytes) else code
        if code not in _NUMBERS:
            raise PickleRefused(f"numpy type {code!r}")
        self.dtype: np.dtype[Any] = _NUMBERS[code]

    def __reduce__(self) -> tuple[Any, ...]:
        return NumberKind, (self.dtype.str[1:],)  # our own workers pass it on

    def __setstate__(self, state: Any) -> None:
        allowed = _ORDERS_OF_BYTES if self.dtype.itemsize == 1 else _ORDERS
        if not (isinstance(state, tuple) and len(state) > 1 and state[1] in allowed):
            raise PickleRefused(f"byte order {state!r}")


class PlainFunction:
    """Base of what stands for a function: it is called, and nothing can be stored in it."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> Any:
        """Return what the function would return."""
        raise NotImplementedError

    def __setstate__(self, state: Any) -> None:
        raise PickleRefused(f"a function with state {state!r}")


class MakeScalar(PlainFunction):
    """Stands for the function that makes numpy scalars; makes floats."""

    __slots__ = ()

    def __call__(self, *arguments: Any) -> float:
        """Return the number of ``(kind, bytes)``."""
        kind, data = arguments
        return float(np.frombuffer(data, dtype=kind.dtype, count=1)[0])


class EncodeLatin(PlainFunction):
    """Stands for ``codecs.encode``, by which pickles older than protocol 3 write bytes; knows Latin-1 alone."""

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
    """Return what stands for the names by which numpy pickles arrays and scalars.

    Args:
        make_array: makes an empty array; what it returns takes the state that ``read_array_state`` reads.
    """
    functions = {"_reconstruct": make_array, "scalar": MakeScalar()}
    return {
        ("numpy", "ndarray"): "numpy.ndarray",  # only named to the function that makes arrays; nothing can be called
        ("numpy", "dtype"): NumberKind,
        **{(f"numpy.{room}.multiarray", name): one for room in ("core", "_core") for name, one in functions.items()},
    }


class RestrictedUnpickler(pickle.Unpickler):
    """Builds what the stand-ins build; refuses every other name.

    Args:
        file: read from where it stands to the end of the pickle.
        allowed: the stand-ins.
        persistent: told what the pickle says of each persistent object; its answer stands for it. None refuses them.
        encoding: of the text of Python 2; ``bytes`` leaves it as bytes.
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
        """Return what stands for a persistent object."""
        if self._persistent is None:
            raise PickleRefused(f"persistent object {pid!r}")
        return self._persistent(pid)

    def load_plain(self, name: str) -> Any:
        """Return the containers and numbers of the pickle, which errors call ``name``.

        Raises:
            SourceError: it is truncated, not a pickle, or asks for anything but what is allowed.
        """
        try:
            return self.load()
        except PickleRefused as error:
            raise SourceError(f"{name} refused: its pickle asks for '{error}', only plain data is read") from error
        except SourceError:
            raise
        except Exception as error:  # a damaged pickle can raise nearly anything
            raise SourceError(f"{name} is truncated or no pickle ({type(error).__name__}: {error})") from error
