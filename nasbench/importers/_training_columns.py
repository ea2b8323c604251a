"""Which columns of a user's own trainings hold what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Said = list[tuple[str, str]]
"""(column, what was made of it), in the order of a summary."""


@dataclass(frozen=True, kw_only=True)
class TrainingColumns:
    """Which columns hold what.

    Attributes:
        decisions: column -> its declaration as the space ``hyper`` takes it, the name of a kind, or None to guess.
        score: the column that a search observes.
        seed: labels of repeated trainings; empty to number them in the order of the rows.
        cost: seconds of a training: a column, or one number for all.
        cost_per: whether a column of costs holds the seconds of each ``epoch``, or the ``total`` since the start; empty
            to guess it.
        test: a column that is reported and that no search sees.
        epoch: the last finished epoch of each row; empty if a row is a complete training.
        objectives: further columns to optimise -> direction, empty to derive it from the name.
        direction: of the score; empty to derive it from the name.
        conditions: conditions of decisions, as the space ``hyper`` takes them; None to guess them from gaps.
    """

    decisions: Mapping[str, Any]
    score: str
    seed: str = ""
    cost: str | float = 1.0
    cost_per: str = ""
    test: str = ""
    epoch: str = ""
    objectives: Mapping[str, str] = field(default_factory=dict)
    direction: str = ""
    conditions: Sequence[Mapping[str, Any]] | None = None

    @property
    def used(self) -> list[str]:
        """All named columns."""
        cost = [self.cost] if isinstance(self.cost, str) else []
        named = [*self.decisions, self.score, self.seed, *cost, self.test, self.epoch, *self.objectives]
        return [column for column in named if column]


def count_nouns(n: int, noun: str) -> str:
    """Return a number and its noun: ``1 row``, ``2 rows``."""
    return f"{n:,} {noun}{'s' if n > 1 else ''}"
