"""Architectures in the containers that people hold: arrays, lists, columns of a data frame."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import InvalidArchitecture
from nasbench.spaces import SearchSpace


def archs_in(space: SearchSpace, given: "Archs | Iterable[Any]") -> Archs:
    """Return architectures given as an array [n, d], or as texts in the space's own form in any container.

    Raises:
        InvalidArchitecture: a single text, or no architectures at all.
    """
    if isinstance(given, str):
        raise InvalidArchitecture("pass a list of strings, one per architecture; for a single one [text]")
    if hasattr(given, "to_numpy"):  # a column or a frame of pandas, and those like it
        given = given.to_numpy()
    if isinstance(given, np.ndarray) and given.dtype.kind not in "OSU":
        return given
    try:
        items = given.ravel().tolist() if isinstance(given, np.ndarray) and given.ndim < 2 else list(given)
    except TypeError:
        raise InvalidArchitecture(f"{given!r} are no architectures; expected an array [n, d] or n strings") from None
    texts: list[Any] = [item.decode() if isinstance(item, bytes) else item for item in items]
    return space.parse(texts)
