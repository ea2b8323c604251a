"""Where architectures lie: active decisions, positions from 0 to 1, distances, and numbers on a scale."""

from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.errors import InvalidOption

_MOST_CHOICES = 127  # of a decision, for components that count choices in int8


class Positions:
    """The part of a search space that places its architectures in the unit cube."""

    name: str
    decisions: tuple[str, ...]
    cardinality: Ints
    dtype: np.dtype[Any]

    @property
    def is_number(self) -> Bools:
        """[d] whether a decision is one number on a scale, and not a choice among listed values."""
        return np.zeros(len(self.decisions), dtype=np.bool_)

    @property
    def ordered(self) -> Bools:
        """[d] whether the choices of a decision are ordered, so that two may be several steps apart."""
        return np.zeros(len(self.decisions), dtype=np.bool_)

    def require_choices(self, what: str) -> None:
        """Refuse a space with numbers on a scale, or with more choices than int8 counts.

        Args:
            what: what an error message calls the component that needs listed values.

        Raises:
            InvalidOption: a decision is a number on a scale, or has too many values.
        """
        many = (self.cardinality > _MOST_CHOICES) & (self.dtype != np.int8)
        of_numbers = bool(self.is_number.any())
        marked = (self.is_number if of_numbers else many).tolist()
        names = [name for name, is_marked in zip(self.decisions, marked, strict=True) if is_marked]
        if not names:
            return
        if of_numbers:
            chooses, found = "", f"{'are numbers' if len(names) > 1 else 'is a number'} on a scale; list values"
        else:
            chooses = f"at most {_MOST_CHOICES} "
            found = f"{'have' if len(names) > 1 else 'has'} more than {_MOST_CHOICES} values; list fewer"
        raise InvalidOption(
            f"{what} chooses among {chooses}listed values, but {', '.join(names)} of space '{self.name}' {found} "
            "(ordinal = [...]), or choose another one, such as auto, tpe, smac, local_search or random_search"
        )

    def find_active(self, archs: Archs) -> Bools:
        """Return [n, d] which decisions of valid architectures matter, given the others."""
        return np.ones(archs.shape, dtype=np.bool_)

    def measure(self, archs: Archs) -> Floats:
        """Return [n, d] the position of each decision from 0 to 1: the digit, or a number on its scale."""
        positions: Floats = archs / np.maximum(self.cardinality - 1, 1)
        return positions

    def place(self, positions: Floats) -> Archs:
        """Return the architectures [n, d] at positions in the unit cube: k choices are k equal parts of a side.

        The inverse of ``measure`` for numbers on a scale. Not every combination of choices need be valid.
        """
        # (k - 1 + u) / k may round to 1
        archs: Archs = np.minimum(positions * self.cardinality, self.cardinality - 1).astype(self.dtype)
        return archs
