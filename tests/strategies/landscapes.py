"""Learning curves from formulae, for the mechanics of partial training; and who asked for what."""

import numpy as np

from nasbench.errors import SearchFinished
from nasbench.registry import SPACES
from nasbench.trials import FULL_TRAINING, Results

SPACE = SPACES.load("nb201")()


class Curves:
    """A backend: every architecture's score rises towards an end of its own; it costs its own seconds an epoch.

    Some curves cross. ``crashes`` is the share of architectures whose training crashes at its second answer.
    """

    def __init__(self, last, *, seed=0, crashes=0.0):
        self.last, self.crashes = last, crashes
        rng = np.random.default_rng(seed)
        self.end, self.rate, self.cost, self.fate = rng.random((4, len(SPACE.rows)))
        self.reached = {}

    def score(self, archs, epochs):
        rows = SPACE.index(archs)
        return self.end[rows] * (1 - np.exp(-(0.2 + self.rate[rows]) * epochs / self.last * 4))

    def advance(self, trials):
        epochs = np.where(trials.epoch == FULL_TRAINING, self.last, trials.epoch)
        ids = trials.id.tolist()
        before = np.array([self.reached.get(trial, 0) for trial in ids])
        assert (epochs > before).all(), "an epoch that is over is asked for"
        self.reached.update(zip(ids, epochs.tolist(), strict=True))
        rows = SPACE.index(trials.arch)
        score = np.where((self.fate[rows] < self.crashes) & (before > 0), np.nan, self.score(trials.arch, epochs))
        return Results(trials.id, epochs, score[:, None], (0.5 + self.cost[rows]) * (epochs - before))


class Watched:
    """A strategy that notes what another asks and is told: lists of (id, epoch) and of (id, epoch, score)."""

    def __init__(self, strategy):
        self.strategy, self.events = strategy, []

    def ask(self, n):
        try:
            trials = self.strategy.ask(n)
        except SearchFinished:
            self.events.append(("finished", n))
            raise
        self.events.append(("ask", n, list(zip(trials.id.tolist(), trials.epoch.tolist(), strict=True))))
        return trials

    def tell(self, results):
        rows = zip(results.id.tolist(), results.epoch.tolist(), results.score[:, 0].tolist(), strict=True)
        self.events.append(("tell", list(rows)))
        self.strategy.tell(results)
