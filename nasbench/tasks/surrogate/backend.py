"""The backend of surrogate tasks: it predicts the answers of trials, for every architecture of the space."""

from collections import Counter
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.backends.table import refused_request
from nasbench.tasks.surrogate.model import COST, NOISE, OBSERVED, Surrogate
from nasbench.trials import FULL_TRAINING, Results, Trials


class SurrogateBackend:
    """Answers trials with the predicted score, by default plus the noise of one trained seed.

    An architecture's noise is drawn once per run, from the run's generator and the architecture alone: every trial of
    the architecture shows the same score, and all strategies meet the same noise in the same run. With ``fresh``, the
    noise also depends on how often the architecture was asked for before, under other ids.

    Args:
        surrogate: the model.
        rng: draws the noise.
        noisy: whether to add noise; without it, the answer is the expected score.
        fresh: whether a new trial of an architecture shows new noise.
    """

    def __init__(
        self, surrogate: Surrogate, rng: np.random.Generator, *, noisy: bool = True, fresh: bool = False
    ) -> None:
        self._surrogate, self._noisy, self._fresh = surrogate, noisy, fresh
        n = len(surrogate.space.decisions) + 1
        self._key = rng.integers(0, 2**64, size=n, dtype=np.uint64) | np.uint64(1)
        self._last_epoch = int(surrogate.spec["observed"]["last_epoch"])
        self._asked: set[int] = set()
        self._begun: Counter[bytes] = Counter()  # trials of each architecture, if fresh
        # For spaces that cannot be enumerated; kept per run, so that a replay predicts the same batches to the bit.
        self._answers: dict[bytes, tuple[float, float]] = {}

    def advance(self, trials: Trials) -> Results:
        """Answer complete training runs, one row per trial in the order asked.

        Raises:
            InvalidArchitecture: an architecture outside the space.
            StrategyError: an id used before, or an epoch other than the last.
        """
        ids, epochs = trials.id.tolist(), trials.epoch.tolist()
        new, allowed = set(ids), {FULL_TRAINING, self._last_epoch}
        if len(new) < len(ids) or not self._asked.isdisjoint(new) or not allowed.issuperset(epochs):
            raise refused_request(ids, epochs, self._last_epoch)
        score, cost_s = self._answer(trials.arch)
        self._asked |= new
        return Results(trials.id, np.full(len(ids), self._last_epoch), score[:, None], cost_s)

    def _answer(self, archs: Archs) -> tuple[Floats, Floats]:
        """Return score and seconds of architectures [n, d]; ``[n]`` each."""
        surrogate = self._surrogate
        if surrogate.known and not self._fresh:
            return self.predict(archs)
        archs = surrogate.representative(archs)
        keys = [arch.tobytes() for arch in archs]
        if self._fresh:
            return self.predict(archs, np.array([self._count(key) for key in keys], dtype=np.int64))
        rows = {key: row for row, key in enumerate(keys) if key not in self._answers}
        if rows:
            score, cost_s = self.predict(archs[list(rows.values())])
            self._answers |= dict(zip(rows, zip(score.tolist(), cost_s.tolist(), strict=True), strict=True))
        answers = np.array([self._answers[key] for key in keys]).reshape(-1, 2)
        return answers[:, 0].copy(), answers[:, 1].copy()

    def _count(self, key: bytes) -> int:
        """Count one more trial of an architecture and return how many there were before."""
        self._begun[key] += 1
        return self._begun[key] - 1

    def predict(self, archs: Archs, repetition: Ints | None = None) -> tuple[Floats, Floats]:
        """Return scores and seconds of architectures [n, d]; ``[n]`` each.

        Args:
            archs: representatives of their classes.
            repetition: [n] how often each was asked for before; None for 0.
        """
        surrogate = self._surrogate
        score = surrogate.predict(OBSERVED, archs)
        if self._noisy:
            score = score + surrogate.predict(NOISE, archs) * self._draw_noise(archs, repetition)
        return score.clip(*surrogate.scale.bounds), surrogate.predict(COST, archs)

    def _draw_noise(self, archs: Archs, repetition: Ints | None) -> Floats:
        """Return a standard normal number for each architecture [n, d] and repetition; ``[n]``."""
        noise = self._surrogate.draw_noise(archs, self._key)
        if repetition is None:
            return noise
        for again in np.unique(repetition[repetition > 0]).tolist():
            at = np.flatnonzero(repetition == again)
            noise[at] = self._surrogate.draw_noise(archs[at], self._key_of(again))
        return noise

    def _key_of(self, repetition: int) -> Any:
        """Return the key of the noise of architectures that are asked for again; ``[d + 1]`` odd numbers."""
        drawn = np.random.default_rng([*self._key.tolist(), repetition])
        return drawn.integers(0, 2**64, size=len(self._key), dtype=np.uint64) | np.uint64(1)
