"""Uniform random numbers drawn in blocks: a call to the generator costs as much as a hundred of its numbers."""

import numpy as np

_BLOCK = 512


class Uniforms:
    """Hands out numbers in [0, 1) a few at a time.

    The sequence of numbers does not depend on how many are taken at a time, so a search does not depend on how many
    trials are asked at a time.

    Args:
        rng: draws the blocks.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng, self._at = rng, 0
        self._block: list[float] = []

    def take(self, n: int) -> list[float]:
        """Return the next ``n`` numbers."""
        at, end = self._at, self._at + n
        if end > len(self._block):
            self._block = self._rng.random(max(_BLOCK, n)).tolist()
            at, end = 0, n
        self._at = end
        return self._block[at:end]
