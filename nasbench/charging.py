"""The charged clock: a strategy's own seconds pass on the simulated clock, besides those of the trials.

Without it, a strategy thinks for free, as in most published simulations. With it, every call of ``ask``, ``tell`` and
``recommend`` takes simulated seconds as long as its real ones. The strategy does one thing after the other: it receives
a result when it ends, or when the calls before have returned. A trial starts when a worker is free and the ``ask`` that
returned it is over; running trials go on meanwhile. A trial that was decided ahead starts without waiting.

Measured seconds are not reproducible. They are recorded call by call, and a run with given seconds is the same run.
"""

import heapq
from collections import deque
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import Any

from nasbench._sealing import AskedTrial
from nasbench.arrays import Archs
from nasbench.backends.checkpoints import FREE, Checkpoints
from nasbench.simulation import Budget, Simulation
from nasbench.spaces import SearchSpace
from nasbench.trials import Backend, Results, Strategy, Trials, capabilities_of

_Running = list[tuple[float, int, AskedTrial]]


class TimedStrategy:
    """A strategy whose calls take simulated seconds.

    Args:
        strategy: the strategy.
        charges: seconds of each call, as recorded; None to measure them. Calls beyond them take no time.

    Attributes:
        charges: seconds of each call so far.
        now: simulated time of the latest event; whoever simulates sets it.
        ready: simulated time at which the strategy has finished its latest call.
    """

    def __init__(self, strategy: Strategy, charges: Iterable[float] | None = None) -> None:
        self._strategy, self._given = strategy, None if charges is None else iter(charges)
        self.charges: list[float] = []
        self.now = self.ready = 0.0
        if (recommend := capabilities_of(strategy).recommend) is not None:
            self.recommend: Callable[[], Archs] = lambda: self._call(recommend)

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the strategy: its capabilities."""
        if name in ("_strategy", "recommend"):
            raise AttributeError(name)
        return getattr(self._strategy, name)

    def ask(self, n: int) -> Trials:
        """Ask the strategy."""
        asked: Trials = self._call(self._strategy.ask, n)
        return asked

    def tell(self, results: Results) -> None:
        """Tell the strategy."""
        self._call(self._strategy.tell, results)

    def _call(self, method: Callable[..., Any], *arguments: Any) -> Any:
        begin = perf_counter()
        try:
            return method(*arguments)
        finally:
            seconds = perf_counter() - begin if self._given is None else next(self._given, 0.0)
            self.charges.append(seconds)
            self.ready = max(self.ready, self.now) + seconds


class ChargedSimulation(Simulation):
    """One run of one strategy whose own seconds count.

    Args:
        strategy: asks for trials.
        backend: answers them.
        space: the search space of both.
        budget: limits of the run.
        n_workers: number of trials that run at the same time.
        checkpoints: cost of resuming a paused trial.
        charges: seconds of each call of the strategy, to repeat a recorded run; None to measure them.
    """

    def __init__(
        self,
        strategy: Strategy,
        backend: Backend,
        space: SearchSpace,
        *,
        budget: Budget,
        n_workers: int = 1,
        checkpoints: Checkpoints = FREE,
        charges: Iterable[float] | None = None,
    ) -> None:
        self._timed = TimedStrategy(strategy, charges)
        self._asked_s: list[float] = []  # simulated time at which each trial was asked for
        super().__init__(self._timed, backend, space, budget=budget, n_workers=n_workers, checkpoints=checkpoints)

    @property
    def charges(self) -> list[float]:
        """Seconds of each call of the strategy so far, in order."""
        return self._timed.charges

    def _ask(self, line: "deque[AskedTrial]", free: int, left: float) -> bool:
        goes_on = super()._ask(line, free, left)
        self._asked_s += [self._timed.ready] * (len(self._ids) - len(self._asked_s))
        return goes_on

    def _push(self, running: _Running, started: tuple[float, int, AskedTrial]) -> None:  # type: ignore[override]
        _, number, trial = started
        row, cost_s, *_ = trial
        heapq.heappush(running, (max(self._timed.now, self._asked_s[row]) + cost_s, number, trial))

    def _pop(self, running: _Running) -> tuple[float, int, AskedTrial]:  # type: ignore[override]
        ended = heapq.heappop(running)
        self._timed.now = ended[0]
        return ended

    def _note_recommendation(self, recommend: Callable[[], Archs], clock: float) -> None:
        n_before = len(self.recommendations)
        super()._note_recommendation(recommend, clock)
        if len(self.recommendations) > n_before:
            made = self.recommendations.pop()
            if self._timed.ready <= self._budget.seconds:
                self.recommendations.append(made._replace(time_s=self._timed.ready))
