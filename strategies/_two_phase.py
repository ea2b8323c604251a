"""One search after another: the second continues with all results of the first.

A strategy with a method ``warm_start(archs, scores)`` learns the first phase's results at once and starts from them.
Any other strategy asks for them again: the first architectures that its space draws are those of the first phase, best
first. When it asks for one of them, it gets the known answer at once, at no charge. A strategy that draws its start in
another way (from a policy, say) benefits only from those that it happens to ask.

The second phase begins when every trial of the first has been answered; until then, free workers wait.
"""

import copy
import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from nasbench.arrays import Archs, Floats, freeze_array
from nasbench.choices import Choice, refuse_process
from nasbench.errors import InvalidOption, SearchFinished
from nasbench.registry import STRATEGIES, with_target
from nasbench.spaces import SearchSpace, space_with_initial_samples
from nasbench.trials import FULL_TRAINING, Results, Strategy, Trials, capabilities_of, full_trainings


class Design:
    """Asks for given architectures, and then ends.

    Args:
        archs: [m, d] to train, in this order.
    """

    def __init__(self, archs: Archs) -> None:
        self._archs, self._n_asked = freeze_array(archs), 0

    @property
    def n_prefetchable(self) -> int:
        """Number of architectures that are left."""
        return len(self._archs) - self._n_asked

    def ask(self, n: int) -> Trials:
        """Return the next ``n``.

        Raises:
            SearchFinished: all were asked.
        """
        if not self.n_prefetchable:
            raise SearchFinished(f"all {len(self._archs)} architectures of the design were asked")
        first = self._n_asked
        self._n_asked = min(first + n, len(self._archs))
        return full_trainings(first, self._archs[first : self._n_asked])

    def tell(self, results: Results) -> None:
        """Learn nothing."""


@dataclass(frozen=True)
class StrategyFactory:
    """A strategy that is not constructed yet.

    Attributes:
        component: class of the strategy.
        options: its keyword arguments.
    """

    component: type
    options: dict[str, Any]

    @classmethod
    def of(cls, label: "str | type | Choice", target: str) -> Self:
        """Return the factory of ``label``, with ``target`` among the options if the strategy takes it.

        Raises:
            UnknownName: no such strategy, preset or option.
            InvalidOption: the label has another target, or the strategy requires fidelities or is a process.
        """
        refuse_process(choice := Choice.parse(label))
        component, options = choice.resolve(STRATEGIES)
        if capabilities_of(component).requires_fidelities:
            raise InvalidOption(f"{label!r} stops training runs early; a phase of a search trains completely")
        return cls(component, with_target(component, options, target) if target else options)

    def make(self, space: SearchSpace, rng: np.random.Generator) -> Strategy:
        """Return a new search."""
        made: Strategy = self.component(space, rng, **self.options)
        return made


class TwoPhaseSearch:
    """Two phases of one search. Sub-classes are strategies.

    Args:
        space: where to search.
        rng: draws for both phases.
        first: strategy of the first phase; it asks until ``n_first`` trials were asked or it has finished.
        n_first: number of trials of the first phase.
        then: makes the strategy of the second phase.
    """

    def __init__(
        self, space: SearchSpace, rng: np.random.Generator, *, first: Strategy, n_first: int, then: StrategyFactory
    ) -> None:
        self._space, self._rng, self._then = space, rng, then
        self._then.make(space, copy.deepcopy(rng))  # raises errors in its options now, not in the middle of a search
        self._now = first
        self._n_prefetchable = capabilities_of(first).n_prefetchable
        self._left: float = n_first
        self._in_first = True
        self._n_asked = 0
        self._ids: dict[int, int] = {}  # id of a trial within its phase -> id in the whole search
        self._open: dict[int, tuple[int, Archs]] = {}  # id in the whole search -> id within the phase, and architecture
        self._told: dict[bytes, tuple[Archs, Floats, int]] = {}  # of the first phase: architecture, scores, epoch
        self._memory: dict[bytes, tuple[Archs, Floats, int]] = {}  # its part that the second phase has not asked yet

    @property
    def n_prefetchable(self) -> float:
        """Number of trials that the phase has decided, up to its end."""
        return min(self._n_prefetchable(), self._left) if self._n_prefetchable and not self._memory else 0

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` trials of the phase; none while the last trials of the first phase are running.

        Raises:
            SearchFinished: the second phase has finished.
        """
        if self._in_first:
            asked = self._ask_first(n)
            if len(asked.id) or self._open:
                return asked
            self._begin_second()
        return self._ask_second(n)

    def _ask_first(self, n: int) -> Trials:
        wanted = int(min(n, self._left))
        try:
            asked = self._now.ask(wanted) if wanted else self._nothing
        except SearchFinished:
            asked, self._left = self._nothing, 0
        self._left -= len(asked.id)
        return self._renumber(asked)

    @property
    def _nothing(self) -> Trials:
        return full_trainings(0, self._space.no_archs)

    def _begin_second(self) -> None:
        self._in_first, self._left, self._ids = False, math.inf, {}
        told = sorted(self._told.values(), key=lambda item: -np.nan_to_num(item[1][0], nan=-np.inf))
        archs = np.concatenate([self._nothing.arch, *(arch[None] for arch, _, _ in told)])
        goes_on = capabilities_of(self._then.component).warm_start is not None
        space = self._space if goes_on else space_with_initial_samples(self._space, archs)
        self._now = self._then.make(space, self._rng)
        offers = capabilities_of(self._now)
        self._n_prefetchable = offers.n_prefetchable
        if offers.warm_start:
            offers.warm_start(archs, np.array([score[0] for _, score, _ in told]))
        else:
            self._memory = dict(self._told)

    def _ask_second(self, n: int) -> Trials:
        """Ask until there are ``n`` new trials, answering the others from memory."""
        parts = [self._nothing]
        while (missing := n - sum(len(part.id) for part in parts)) > 0:
            try:
                asked = self._now.ask(missing)
            except SearchFinished:
                if sum(len(part.id) for part in parts):
                    break
                raise
            new = [row for row in range(len(asked.id)) if not self._answer_from_memory(asked, row)]
            parts.append(self._renumber(Trials(asked.id[new], asked.arch[new], asked.epoch[new])))
            if len(new) == len(asked.id):
                break
        return parts[-1] if len(parts) == 2 else Trials(*map(np.concatenate, zip(*parts, strict=True)))

    def _answer_from_memory(self, asked: Trials, row: int) -> bool:
        """Answer a trial from memory, each architecture only once: a repeated one is trained again."""
        key = asked.arch[row].tobytes()
        if key not in self._memory or asked.epoch[row] not in (FULL_TRAINING, self._memory[key][2]):
            return False
        _, scores, epoch = self._memory.pop(key)
        self._now.tell(Results(asked.id[row : row + 1], np.array([epoch]), scores[None], np.zeros(1)))
        return True

    def _renumber(self, asked: Trials) -> Trials:
        """Give trials ids of the whole search; a resumed trial keeps its id."""
        asked = asked._replace(arch=freeze_array(asked.arch))  # the phase may reuse its array
        for own, arch in zip(asked.id.tolist(), asked.arch, strict=True):
            if own not in self._ids:
                self._ids[own] = self._n_asked
                self._n_asked += 1
            self._open[self._ids[own]] = own, arch
        return Trials(np.array([self._ids[own] for own in asked.id.tolist()], dtype=np.int64), asked.arch, asked.epoch)

    def tell(self, results: Results) -> None:
        """Pass results on to the phase, and remember those of the first."""
        own = np.empty(len(results.id), dtype=np.int64)
        for i, trial in enumerate(results.id.tolist()):
            own[i], arch = self._open.pop(trial)
            if self._in_first:
                self._told[arch.tobytes()] = arch, results.score[i], int(results.epoch[i])
        self._now.tell(results._replace(id=own))
