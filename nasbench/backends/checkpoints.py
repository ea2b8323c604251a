"""What it takes to go on with a trial that was paused: nothing, some seconds, or its whole training again."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.errors import InvalidOption
from nasbench.trials import Backend, Results, Trials


@dataclass(frozen=True, slots=True)
class Checkpoints:
    """Whether and at what price trainings can be interrupted.

    A trial that is asked again as soon as it is told goes on where it is, without a checkpoint. Any other is paused.

    Attributes:
        restart_s: seconds that going on with a paused trial takes, besides its training.
        kept: False where nothing is kept: a paused trial pays for its training from epoch 1 again.

    Raises:
        InvalidOption: no number of seconds.
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
    """A backend in which pauses cost what ``Checkpoints`` say.

    Args:
        backend: answers; asked under ids of its own where it must begin again.
        checkpoints: the price.
    """

    def __init__(self, backend: Backend, checkpoints: Checkpoints) -> None:
        self._backend, self._checkpoints = backend, checkpoints
        self._ids: dict[int, int] = {}  # of trials -> as the backend knows them
        self._n_begun = 0

    def advance(self, trials: Trials, loaded: int | None = None) -> Results:
        """Answer as the backend does, and add what pauses cost.

        Args:
            trials: to train.
            loaded: the trial that a worker has just finished, and goes on with unpaused; None for no such trial.
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
