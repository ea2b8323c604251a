"""The price of resuming a paused trial: nothing, some seconds, or its whole training again."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.errors import InvalidOption
from nasbench.trials import Backend, Results, Trials


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Whether training runs can be paused, and the price of resuming them.

    A trial that a strategy asks for again as soon as it receives the result continues without a checkpoint. Any other
    trial is paused.

    Attributes:
        restart_s: seconds that it takes to resume a paused trial, besides its training.
        kept: whether checkpoints are kept; otherwise a paused trial pays for its training from epoch 1 again.

    Raises:
        InvalidOption: ``restart_s`` is negative, infinite or nan.
    """

    restart_s: float = 0.0
    kept: bool = True

    def __post_init__(self) -> None:
        """Refuse negative and infinite seconds."""
        if not 0 <= self.restart_s < np.inf:
            raise InvalidOption(f"restart_s={self.restart_s}; expected 0 or more seconds")

    @property
    def free(self) -> bool:
        """Whether pausing costs nothing."""
        return self.kept and not self.restart_s


FREE = Checkpoints()
"""Pausing costs nothing."""


class Pausing:
    """A backend that charges pauses as ``Checkpoints`` say.

    Args:
        backend: answers the trials; a trial that must begin again gets a new id there.
        checkpoints: the price of pauses.
    """

    def __init__(self, backend: Backend, checkpoints: Checkpoints) -> None:
        self._backend, self._checkpoints = backend, checkpoints
        self._ids: dict[int, int] = {}  # id of a trial -> its id in the backend
        self._n_begun = 0

    def advance(self, trials: Trials, loaded: int | None = None) -> Results:
        """Answer as the backend does, and add the cost of pauses.

        Args:
            trials: trials to train.
            loaded: trial that a worker has just finished and continues without a pause; None if there is none.
        """
        ids = trials.id.tolist()
        paused = np.array([trial in self._ids and trial != loaded for trial in ids], dtype=np.bool_)
        own = np.array(list(map(self._named, ids, paused.tolist())), dtype=np.int64)
        answer = self._backend.advance(trials._replace(id=own))
        return answer._replace(id=trials.id, cost_s=answer.cost_s + paused * self._checkpoints.restart_s)

    def _named(self, trial: int, paused: Any) -> int:
        if trial not in self._ids or (paused and not self._checkpoints.kept):
            self._ids[trial] = self._n_begun
            self._n_begun += 1
        return self._ids[trial]
