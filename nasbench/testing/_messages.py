"""Checks that a caller who overwrites returned arrays changes nothing for other callers."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from nasbench.arrays import is_frozen
from nasbench.spaces import Graphs, SearchSpace


def arrays_in(answer: Any) -> list[np.ndarray[Any, Any]]:
    """Return the arrays that an answer consists of."""
    if isinstance(answer, np.ndarray):
        return [answer]
    if isinstance(answer, Graphs):
        return [answer.adjacency, answer.operations]
    return [array for part in answer for array in arrays_in(part)] if isinstance(answer, tuple) else []


def write_over(arrays: Iterable[np.ndarray[Any, Any]]) -> int:
    """Overwrite arrays, and the memory that they are views of, wherever numpy allows it.

    Returns:
        Number of arrays that could be overwritten.
    """
    n_written = 0
    for array in arrays:
        memory: Any = array
        while isinstance(memory, np.ndarray):
            try:
                memory.flags.writeable = True
                memory[...] = 1 - memory
                n_written += 1
            except (ValueError, TypeError):
                pass
            memory = memory.base
    return n_written


def check_nothing_shared(space: SearchSpace, archs: np.ndarray[Any, Any]) -> None:
    """Check that overwriting the arrays that a space returned does not change the space.

    Args:
        space: space to check.
        archs: [n, d] some of its architectures.
    """
    for name, value in vars(space).items():
        if not (name.startswith("_") or not isinstance(value, np.ndarray) or is_frozen(value)):
            raise AssertionError(f"{name} can be changed")
    for few in (archs, archs[:1]):
        for name, call in _calls(space, few).items():
            first = call()
            told = [array.copy() for array in arrays_in(first)]
            write_over(arrays_in(first))
            again = arrays_in(call())
            same = all(np.array_equal(a, b) for a, b in zip(told, again, strict=True))
            if not same:
                raise AssertionError(f"overwriting the answer of {name} changes it for other callers; return a copy")


def _calls(space: SearchSpace, archs: np.ndarray[Any, Any]) -> dict[str, Callable[[], Any]]:
    """Return calls of the methods of ``space`` for ``archs``, each of which always gives the same answer."""
    n = len(archs)

    def seeded(name: str, *args: Any) -> Callable[[], Any]:
        return lambda: getattr(space, name)(*args, np.random.default_rng(0))

    def plain(name: str, *args: Any) -> Callable[[], Any]:
        return lambda: getattr(space, name)(*(given.copy() for given in args))

    calls = {name: plain(name, archs) for name in ("neighbors", "is_valid", "canonicalize", "graphs")}
    calls |= {name: seeded(name, n) for name in ("sample", "sample_as_published")}
    calls |= {name: seeded(name, archs) for name in ("mutate", "mutate_as_published")}
    calls |= {f"encode '{name}'": lambda name=name: space.encode(archs.copy(), name) for name in space.encodings}  # type: ignore[misc]
    if hasattr(space, "index"):
        calls |= {"index": plain("index", archs), "rows": lambda: space.rows}  # type: ignore[attr-defined]
    return calls | {"cardinality": lambda: space.cardinality}
