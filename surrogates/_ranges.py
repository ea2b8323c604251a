"""Ranges in which hyperparameters are tuned: ``ranges`` of a predictor's class, by option name."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np


class Range(NamedTuple):
    """An interval that includes both ends; it holds integers if ``low`` is an integer.

    Attributes:
        low: smallest value.
        high: largest value.
        log: draw the logarithm uniformly.
    """

    low: float
    high: float
    log: bool = False

    def draw(self, rng: np.random.Generator) -> float:
        """Return one value."""
        whole = isinstance(self.low, int)
        if whole and not self.log:
            return int(rng.integers(int(self.low), int(self.high), endpoint=True))
        ends = np.log([self.low, self.high]) if self.log else (self.low, self.high)
        value = float(rng.uniform(*ends))
        value = float(np.exp(value)) if self.log else value
        return round(value) if whole else value


def draw_options(ranges: Mapping[str, Range], rng: np.random.Generator) -> dict[str, Any]:
    """Return one value for each option."""
    return {name: ranges[name].draw(rng) for name in sorted(ranges)}
