"""Scores as rewards between 0 and 1, for strategies whose settings are in units of an accuracy."""

from bisect import bisect_left, bisect_right, insort


class Rewards:
    """Return fractions unchanged; once a score was not a fraction, return the rank of each score among those so far.

    A first value of 0.5, a baseline of 0.4 or an exploration of 2 suit accuracies. A loss, a latency or a throughput
    has another size and sign, and no bounds; only its order is known. A rank is the share of scores so far that are
    lower; equal ones, itself included, count half.
    """

    def __init__(self) -> None:
        self._scores: list[float] = []
        self._are_fractions = True

    def __call__(self, score: float) -> float:
        """Return the reward of a finished training run."""
        if self._are_fractions and 0 <= score <= 1:
            self._scores.append(score)
            return score
        if self._are_fractions:
            self._are_fractions = False
            self._scores.sort()
        insort(self._scores, score)
        return (bisect_left(self._scores, score) + bisect_right(self._scores, score)) / (2 * len(self._scores))
