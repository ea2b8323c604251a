"""Find decreases in curves that must never decrease, such as the total seconds of a training run."""

from typing import NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats


class Fall(NamedTuple):
    """A decrease of a curve.

    Attributes:
        row: row of the architecture.
        seed: position on the seed axis.
        before: position of the epoch with the largest earlier value.
        after: position of the epoch with a smaller value.
        n: number of curves that decrease.
    """

    row: int
    seed: int
    before: int
    after: int
    n: int


def find_first_fall(values: Floats) -> Fall | None:
    """Return the first decrease in the curves [n, s, t], nan where missing; None if no curve decreases."""
    reached = np.fmax.accumulate(values, axis=2)
    falls: Bools = values[..., 1:] < reached[..., :-1]
    if not falls.any():
        return None
    row, seed, place = np.argwhere(falls)[0].tolist()
    before = int(np.nanargmax(values[row, seed, : place + 1]))
    return Fall(row, seed, before, place + 1, int(falls.any(axis=2).sum()))
