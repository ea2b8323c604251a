"""Where curves fall that never should, such as the seconds of a training so far."""

from typing import NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats


class Fall(NamedTuple):
    """Where a curve falls.

    Attributes:
        row: of the architecture.
        seed: place of its repetition.
        before: place of the epoch of the largest value before.
        after: place of the epoch at which the value is smaller.
        n: curves that fall.
    """

    row: int
    seed: int
    before: int
    after: int
    n: int


def find_first_fall(values: Floats) -> Fall | None:
    """Return where the curves [n, s, t], nan where missing, fall first; None if none does."""
    reached = np.fmax.accumulate(values, axis=2)
    falls: Bools = values[..., 1:] < reached[..., :-1]
    if not falls.any():
        return None
    row, seed, place = np.argwhere(falls)[0].tolist()
    before = int(np.nanargmax(values[row, seed, : place + 1]))
    return Fall(row, seed, before, place + 1, int(falls.any(axis=2).sum()))
