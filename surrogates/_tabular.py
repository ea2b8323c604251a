"""Predictors that see an architecture as one row of features."""

from abc import abstractmethod

import numpy as np

from nasbench.arrays import Floats
from nasbench.encodings import make_encoding
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import CheckedPredictor

FUNCTIONAL = "functional_path+path_bag+path_statistics+live_operations+canonical"
"""What an architecture computes, from fine to coarse, and where in the graph."""

BY_DECISION = "decisions"
"""The encoding that shows numbers on a scale as they are."""
_CHUNK = 4096  # architectures encoded at once, because features need much memory


def choose_encoding(space: SearchSpace, encoding: str) -> str:
    """Return ``encoding``; in a space with rows of floats, ``decisions`` instead of the functional views.

    A graph shows a number as the sixteenth of its scale only, which is too coarse to learn from; and the labels of long
    lists are too many.
    """
    return BY_DECISION if space.dtype.kind == "f" and encoding.startswith(FUNCTIONAL) else encoding


class TabularPredictor(CheckedPredictor):
    """A predictor on the features of an encoding. Subclasses implement ``_learn`` and ``_answer``.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``; several joined by ``+``.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
    """

    def __init__(self, space: SearchSpace, *, encoding: str, target: str) -> None:
        super().__init__(space, target=target)
        self._encoding = make_encoding(space, choose_encoding(space, encoding))

    @abstractmethod
    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        """Learn the transformed target [n] from features [n, f]."""

    @abstractmethod
    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        """Return mean and standard deviation of the transformed target for features [m, f]; [m] each."""

    def _learn_columns(self, batch: Batch) -> None:
        """Learn the columns from the training architectures."""
        self._encoding.fit(batch.archs)

    def _compute_features(self, batch: Batch) -> Floats:
        """Return the features ``[n, f]``."""
        return self._encoding.encode(batch.archs)

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._learn_columns(batch)
        self._learn(self._compute_features(batch), value, rng)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        pieces = [np.arange(i, min(i + _CHUNK, len(batch))) for i in range(0, len(batch), _CHUNK)]
        answers = [self._answer(self._compute_features(batch.take(rows))) for rows in pieces]
        stds = [std for _, std in answers if std is not None]
        return np.concatenate([mean for mean, _ in answers]), np.concatenate(stds) if stds else None


def draw_library_seed(rng: np.random.Generator) -> int:
    """Draw a 31-bit seed for a library."""
    return int(rng.integers(2**31 - 1))
