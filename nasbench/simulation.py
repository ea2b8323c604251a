"""Simulated workers and their clock: the only search loop of the project.

A trial starts when a worker is free and ends ``cost_s`` simulated seconds later. The strategy gets its result at that
moment and not before. The time that the strategy itself takes is measured on a real clock and recorded separately.
"""

import heapq
import math
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from nasbench._sealing import AskedTrial, are_complete, cut_apart, is_final, own_labels, runs_forward, seal
from nasbench.arrays import Archs, Bools, Floats, Ints, as_archs, freeze_array
from nasbench.backends.checkpoints import FREE, Checkpoints, Pausing
from nasbench.errors import BackendError, InvalidOption, SearchFinished, StrategyError
from nasbench.spaces import SearchSpace
from nasbench.trials import Backend, Recommendation, Results, Strategy, Trials, capabilities_of

LOOK_AHEAD = 64
"""Maximum number of decided trials that are asked at once."""
_INT64 = np.dtype(np.int64)  # comparing a dtype with it is ten times faster


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of a run, which ends at the first one that is reached.

    Attributes:
        seconds: simulated seconds; a trial that would end later is not finished, and the strategy gets no result.
        trials: number of trials started or resumed.
        epochs: total training epochs of all trials; no trial starts once they are spent. A resumed trial spends its
            new epochs only, even if it must repeat others for lack of a checkpoint.
    """

    seconds: float = math.inf
    trials: float = math.inf
    epochs: float = math.inf

    def __post_init__(self) -> None:
        """Check that limits are positive numbers, and that there is at least one."""
        for name in ("seconds", "trials", "epochs"):
            value = getattr(self, name)
            if not value > 0:
                raise InvalidOption(f"budget of {value} {name}; expected a positive number")
            if name != "seconds" and math.isfinite(value) and value != int(value):
                raise InvalidOption(f"budget of {value} {name}; expected a whole number")
        if math.isinf(min(self.seconds, self.trials, self.epochs)):
            raise InvalidOption("the budget has no limit, so the run would never end; limit seconds, trials or epochs")


class History(NamedTuple):
    """Every finished trial of a run, in the order in which the strategy got the results.

    Attributes:
        id: [n] trial.
        arch: [n, d] architecture.
        epoch: [n] last finished epoch.
        score: [n, objectives] observed scores, as in ``Results``; nan where missing, in all columns if the crash left
            no score at all.
        cost_s: [n] simulated seconds of this answer.
        finish_s: [n] simulated time of the answer.
        crashed: [n] whether the training run crashed: its first objective is missing.
    """

    id: Ints
    arch: Archs
    epoch: Ints
    score: Floats
    cost_s: Floats
    finish_s: Floats
    crashed: Bools


def no_history(space: SearchSpace) -> History:
    """Return the history of a run in which no trial finished."""
    ints, floats = np.empty(0, dtype=np.int64), np.empty(0)
    return History(ints, space.no_archs, ints, np.empty((0, 1)), floats, floats, np.empty(0, dtype=np.bool_))


class Simulation:
    """One run of one strategy. Iterate to follow it, or call ``run``.

    Args:
        strategy: asks for trials.
        backend: answers them.
        space: the search space of both.
        budget: limits of the run.
        n_workers: number of trials that run at the same time.
        checkpoints: cost of resuming a paused trial.

    Attributes:
        recommendations: what a strategy with a method ``recommend`` recommended, each time that it changed.
        overhead_s: real seconds spent inside the strategy so far.

    Raises:
        InvalidOption: fewer than one worker.
    """

    # how trials start and end; ``nasbench.charging`` starts them later
    _push = staticmethod(heapq.heappush)
    _pop = staticmethod(heapq.heappop)

    def __init__(
        self,
        strategy: Strategy,
        backend: Backend,
        space: SearchSpace,
        *,
        budget: Budget,
        n_workers: int = 1,
        checkpoints: Checkpoints = FREE,
    ) -> None:
        if n_workers < 1:
            raise InvalidOption(f"{n_workers} workers; expected at least 1")
        self._pauses_cost = not checkpoints.free
        self._loaded: int | None = None  # the trial that a worker has just finished, until the next ask
        self._strategy, self._backend = strategy, backend
        self._advance = backend.advance
        if self._pauses_cost:
            self._advance = partial(self._advance_pausing, Pausing(backend, checkpoints))
        offers = capabilities_of(strategy)
        self._n_prefetchable, self._recommend = offers.n_prefetchable, offers.recommend
        self._space = space
        self._n_decisions, self._dtype = len(space.decisions), space.dtype
        self._bytes_are_names = space.dtype.kind != "f"  # real numbers need one zero and one nan first
        self._budget, self._n_workers = budget, n_workers
        # Trials and answers in the order asked, in memory that neither strategy nor backend can reach.
        self._ids, self._epochs = array("q"), array("q")
        self._scores, self._cost_s = array("d"), array("d")  # the objectives of a trial one after the other
        self._n_objectives = -1  # known with the first answer
        self._archs: list[bytes] = []
        self._told: list[int] = []  # rows of the above, in the order of the answers
        self._finish_s: list[float] = []
        self._reached: dict[int, int] = {}  # epoch that each trial was asked to reach; used once a trial is partial
        self._running: set[int] = set()  # trials without a result yet; also used once a trial is partial
        self._partial = False
        self._loop = self._answers()
        self.recommendations: list[Recommendation] = []
        self.overhead_s = 0.0

    def run(self) -> History:
        """Run to the end of the budget, or until the strategy has finished, and return the history.

        Raises:
            StrategyError: the strategy broke the contract (see there); ``history`` has the results until then.
            BackendError: the backend broke its contract; likewise.
            InvalidArchitecture: the strategy asked for something outside the space.
        """
        for _ in self:
            pass
        return self.history

    def __iter__(self) -> Iterator[Results]:
        """Yield each answer after the strategy got it; iterating again continues from there."""
        return self._loop

    def _answers(self) -> Iterator[Results]:
        # Looked up once: this loop is the hot path of every comparison.
        seconds, trials, epochs = self._budget.seconds, self._budget.trials, self._budget.epochs
        n_workers, tell, push, pop = self._n_workers, self._strategy.tell, self._push, self._pop
        pauses_cost, recommend = self._pauses_cost, self._recommend
        line: deque[AskedTrial] = deque()  # asked, and waiting for a worker
        running: list[tuple[float, int, AskedTrial]] = []  # a heap by end, then by start
        clock, started, trained, finished = 0.0, 0, 0, False
        while True:
            while len(running) < n_workers and started < trials and trained < epochs:
                if not line and not finished:
                    finished = not self._ask(line, n_workers - len(running), trials - started)
                if not line:
                    break
                trial = line.popleft()
                push(running, (clock + trial[1], started, trial))
                started += 1
                trained += trial[2]
            if not running:
                if started < trials and trained < epochs and not finished:
                    raise StrategyError(
                        f"after {started} trials the strategy asks for no trial while none is running, so it would "
                        "wait forever; raise SearchFinished to end the search"
                    )
                return
            clock, _, (row, _, _, result) = pop(running)
            if clock > seconds:
                return
            self._told.append(row)
            self._finish_s.append(clock)
            if self._partial:
                self._running.discard(result.id.item())
            if pauses_cost:
                self._loaded = result.id.item()
            begin = perf_counter()
            tell(result)
            self.overhead_s += perf_counter() - begin
            if recommend is not None:
                self._note_recommendation(recommend, clock)
            yield result

    def _ask(self, line: "deque[AskedTrial]", free: int, left: float) -> bool:
        """Append new trials to ``line``; return False when the strategy has none left, now or later."""
        strategy = self._strategy
        # Trials that are decided already are asked at once: the same trials, for a fraction of the calls.
        wanted = free
        if self._n_prefetchable is not None and (decided := self._n_prefetchable()) > free:
            wanted = max(free, int(min(decided, LOOK_AHEAD)))
        if wanted > left:
            wanted = int(left)
        begin = perf_counter()
        try:
            trials = strategy.ask(wanted)
        except SearchFinished:
            return False
        finally:
            self.overhead_s += perf_counter() - begin
        trials = self._checked(trials, wanted)
        n = len(trials.id)
        if n:
            if self._partial or not are_complete(trials.epoch):
                self._check_idle(trials)
            results = seal(self._advance(trials), trials)
            row, costs, epochs = len(self._ids), results.cost_s.tolist(), results.epoch.tolist()
            if not (len(costs) == len(epochs) == n and runs_forward(results.cost_s, costs)):
                self._check_answer(trials, results)
            if results.score.size != n * self._n_objectives:
                self._settle_objectives(n, results)
            new = self._new_epochs(trials.id.tolist(), epochs) if self._partial else epochs
            self._archs.append(trials.arch.tobytes())
            if n == 1:
                self._ids.append(trials.id.item())
                self._epochs.append(epochs[0])
                if self._n_objectives == 1:
                    self._scores.append(results.score.item())
                else:
                    self._scores.extend(results.score.ravel().tolist())
                self._cost_s.append(costs[0])
                line.append((row, costs[0], new[0], results))
            else:
                self._note(trials.id, results)
                # Trials decided ahead do not depend on results, so seeing these early would not help the strategy.
                line.extend(cut_apart(row, results, new, alone=self._n_workers > 1 and n <= free))
        return True

    def _advance_pausing(self, backend: Pausing, trials: Trials) -> Results:
        """Answer trials, and tell the backend which trial a worker may continue without a pause."""
        loaded, self._loaded = self._loaded, None
        return backend.advance(trials, loaded)

    def _note_recommendation(self, recommend: Callable[[], Archs], clock: float) -> None:
        """Ask the strategy for its recommendation, and keep it if it has changed.

        Raises:
            StrategyError: the recommendation is empty, or not an array of architectures.
            InvalidArchitecture: an architecture is not in the space.
        """
        begin = perf_counter()
        archs = recommend()
        self.overhead_s += perf_counter() - begin
        if not isinstance(archs, np.ndarray) or archs.ndim != 2 or not len(archs):
            shown = f"an array of shape {archs.shape}" if isinstance(archs, np.ndarray) else type(archs).__name__
            raise StrategyError(
                f"recommend returned {shown}; expected architectures [k, {self._n_decisions}], at least one"
            )
        last = self.recommendations[-1].archs if self.recommendations else archs[:0]
        if not np.array_equal(archs, last):
            self.recommendations.append(Recommendation(clock, freeze_array(self._space.checked(archs))))

    def _note(self, ids: Ints, results: Results) -> None:
        """Store the numbers of a batch."""
        self._ids.frombytes(ids.tobytes())
        self._epochs.frombytes(results.epoch.astype(_INT64, copy=False).tobytes())
        self._scores.frombytes(results.score.astype(np.float64, copy=False).tobytes())
        self._cost_s.frombytes(results.cost_s.astype(np.float64, copy=False).tobytes())

    def _settle_objectives(self, n: int, results: Results) -> None:
        """Set the number of objectives by the first answer, and check that later answers have the same number.

        Raises:
            BackendError: scores are not ``[n, objectives]``, or the number of objectives has changed.
        """
        shape, known = np.shape(results.score), self._n_objectives
        if len(shape) != 2 or shape[0] != n or not shape[1] or known not in {-1, shape[1]}:
            raise BackendError(
                f"{type(self._backend).__name__} answered {n} trials with scores of shape {shape}; expected "
                f"[n, {'objectives' if known < 0 else known}], the same number of objectives in every answer"
            )
        self._n_objectives = shape[1]

    def _check_answer(self, trials: Trials, results: Results) -> None:
        """Raise an error for an answer after which the clock would stand still or run backwards.

        Raises:
            BackendError: rows are missing, seconds are negative, nan or infinite, or a new trial takes no time: a
                search with a budget of seconds would then never end.
        """
        name, costs = type(self._backend).__name__, np.asarray(results.cost_s)
        n = len(trials.id)
        if costs.shape != (n,) or results.epoch.shape != (n,) or results.score.shape[:1] != (n,):
            raise BackendError(f"{name} answered {n} trials with {[column.shape for column in results]}; expected [n]")
        going_on = np.array([trial in self._reached for trial in trials.id.tolist()], dtype=np.bool_)
        bad = np.flatnonzero(~(((costs > 0) | ((costs == 0) & going_on)) & (costs < math.inf)))
        if len(bad):
            raise BackendError(
                f"{name} charges {costs[bad[0]]} seconds for trial {trials.id[bad[0]]} ({len(bad)} of {n} such); the "
                "clock needs a positive finite number (or 0 for a resumed trial): correct the costs of the backend"
            )

    def _check_idle(self, trials: Trials) -> None:
        """Check that no trial is resumed while it is running.

        Raises:
            StrategyError: a running trial was asked.
        """
        if not self._partial:  # until now every trial was asked once, up to the last epoch
            self._partial = True
            told = set(self._told)
            self._running = {trial for row, trial in enumerate(self._ids) if row not in told}
        ids = set(trials.id.tolist())
        if len(ids) < len(trials.id) or not self._running.isdisjoint(ids):
            twice = sorted(self._running & ids) or sorted(ids)
            raise StrategyError(f"trials {twice[:8]} are asked again while they are running; wait for their results")
        self._running |= ids

    def _new_epochs(self, ids: list[int], epochs: list[int]) -> list[int]:
        """Return the number of epochs of each trial that were not asked for before."""
        new = [epoch - self._reached.get(trial, 0) for trial, epoch in zip(ids, epochs, strict=True)]
        self._reached.update(zip(ids, epochs, strict=True))
        return new

    def _checked(self, trials: Any, free: int) -> Trials:
        """Return the trials as frozen arrays of the documented types; copies unless they are so already.

        Raises:
            StrategyError: the trials are not ``Trials``, have other shapes, or are more than were wanted.
        """
        if not isinstance(trials, Trials):
            raise StrategyError(f"ask returned {type(trials).__name__}; expected nasbench.Trials")
        n = len(trials.id)
        shape = getattr(trials.arch, "shape", None)
        if shape != (n, self._n_decisions) or len(trials.epoch) != n:
            raise StrategyError(
                f"ask returned {n} ids, architectures of shape {shape} and {len(trials.epoch)} epochs; "
                f"expected [n], [n, {self._n_decisions}] and [n]"
            )
        if n > free:
            raise StrategyError(f"ask({free}) returned {n} trials; expected at most {free}")
        if (
            self._bytes_are_names
            and is_final(trials.arch, self._dtype)
            and is_final(trials.id, _INT64)
            and is_final(trials.epoch, _INT64)
        ):
            return trials
        archs = trials.arch
        if archs.dtype != self._dtype or not self._bytes_are_names:
            archs = as_archs(archs, self._n_decisions, self._dtype)
        return Trials(own_labels(trials.id), freeze_array(archs), own_labels(trials.epoch))

    @property
    def history(self) -> History:
        """All results that the strategy has got so far."""
        if not self._told:
            return no_history(self._space)
        order = np.array(self._told)
        archs = np.frombuffer(b"".join(self._archs), dtype=self._dtype).reshape(-1, self._n_decisions)
        score = np.frombuffer(self._scores)
        if self._n_objectives == 1:  # taking single numbers is twice as fast as taking rows
            score = score.take(order)[:, None]
        else:
            score = score.reshape(-1, self._n_objectives).take(order, axis=0)
        return History(
            np.frombuffer(self._ids, dtype=_INT64).take(order),
            archs.take(order, axis=0),
            np.frombuffer(self._epochs, dtype=_INT64).take(order),
            score,
            np.frombuffer(self._cost_s).take(order),
            np.array(self._finish_s),
            np.isnan(score[:, 0]),
        )
