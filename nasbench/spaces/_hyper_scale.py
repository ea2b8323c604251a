"""The scale of a decision that is one number: real, or whole with too many values to list."""

import math

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.spaces._hyper_declared import Decision

N_PARTS = 16
"""Equal parts of a scale, by which graphs describe a number."""


class NumberScale:
    """Translates between the codes of a decision and positions from 0 to 1 on its scale.

    The code of a real number is the number itself; that of a whole number counts the values of its range from 0.

    Args:
        decision: a decision with ``is_number``.
    """

    def __init__(self, decision: Decision) -> None:
        self._log, self._values = decision.log, decision.values
        self.is_real = decision.kind == "real"
        self.low, self.high = (
            (decision.low, decision.high) if self.is_real else (0.0, float(len(decision.values) - 1))
        )  # of codes
        first = 0.0 if self.is_real or not self._log else float(decision.values[0])
        self._first = first  # a log scale needs the values themselves

    def _bend(self, codes: Floats) -> Floats:
        return np.log(codes + self._first) if self._log else codes

    def _find_ends(self) -> list[float]:
        """Return both ends of the scale, for whole numbers half a number before and after the range."""
        around = 0.0 if self.is_real else 0.5
        ends: list[float] = self._bend(np.array([self.low - around, self.high + around])).tolist()
        return ends

    def measure(self, codes: Floats) -> Floats:
        """Return the position of each code, from 0 to 1, from which ``place`` returns the code; ``[n]``."""
        if self.high <= self.low:
            return np.zeros(len(codes))
        low, high = self._find_ends()
        return np.asarray(np.clip((self._bend(codes) - low) / (high - low), 0.0, 1.0))

    def place(self, positions: Floats) -> Floats:
        """Return the code at each position, positions beyond the ends being the ends; ``[n]``.

        Each whole number gets its share of the scale, which begins and ends half a number before and after the range.
        """
        low, high = self._find_ends()
        codes = low + np.clip(positions, 0.0, 1.0) * (high - low)
        codes = np.exp(codes) - self._first if self._log else codes
        return np.clip(codes if self.is_real else np.rint(codes), self.low, self.high) + 0.0

    @property
    def middle(self) -> float:
        """The code in the middle of the scale."""
        return float(self.place(np.array([0.5]))[0])

    def name_part(self, part: int) -> str:
        """Return the bounds of one of ``N_PARTS`` equal parts as text."""
        ends = [self._show(float(self.place(np.array([at / N_PARTS]))[0])) for at in (part, part + 1)]
        return "..".join(ends)

    def _show(self, code: float) -> str:
        return f"{code:.3g}" if self.is_real else str(self._values[int(code)])

    def is_valid(self, codes: Floats) -> Bools:
        """Return whether each code is inside the range, and whole where the number is whole; ``[n]``."""
        inside = (codes >= self.low) & (codes <= self.high)
        return np.asarray(inside if self.is_real else inside & (codes == np.floor(codes)))

    def read(self, value: float) -> float:
        """Return the code of a number; nan if it is outside the range."""
        if self.is_real:
            return value + 0.0 if self.low <= value <= self.high else math.nan
        known = value.is_integer() and int(value) in self._values
        return float(self._values.index(int(value))) if known else math.nan

    def write(self, code: float) -> str:
        """Return the number of a code as text, from which ``read`` gives the same code."""
        return repr(float(code)) if self.is_real else str(self._values[int(code)])
