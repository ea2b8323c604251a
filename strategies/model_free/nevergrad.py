"""Nevergrad: any of its optimisers, by ask and tell.

Source: Rapin & Teytaud 2018, "Nevergrad: A gradient-free optimization platform"; Bennet, Doerr, Moreau, Rapin, Teytaud
& Teytaud 2021, "Nevergrad: black-box optimization platform". Decisions are ``Choice`` parameters; those with the same
number of choices form one repeated parameter. The optimiser is any name of Nevergrad's registry. The default,
``DiscreteOnePlusOne``, is a (1+1) evolution for discrete variables, which needs no budget; those that depend on the
budget (``NGOpt``) take ``budget``.

Differences from using it by hand: if a combination is not a valid architecture, the optimiser gets the worst loss so
far for it, at no charge, and is asked for another. After 20 in a row a random architecture is trained, whose result the
optimiser does not learn. Where fewer than one combination in fifty is valid (``nb101``, ``nbnlp``), all architectures
are random. A crashed training run also counts as the worst loss. An architecture may be asked again and is trained
again. Some optimisers draw from numpy's global generator: they get a state of their own there, and the global one is
restored.
"""

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import nevergrad as outside
import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import make_unknown_name
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least
from nasbench.strategies._combinations import count_tries
from nasbench.trials import Results, Trials, full_trainings

REQUIRES = {"nevergrad": "nevergrad"}


class NevergradOptimizer:
    """An optimiser of Nevergrad.

    Args:
        space: where to search.
        rng: seeds the optimiser, and draws architectures where it finds no valid one.
        optimizer: name in Nevergrad's registry.
        budget: trials that the optimiser may plan for; None for optimisers that do not need it.

    Raises:
        UnknownName: no such optimiser.
        InvalidOption: a budget below 1.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        optimizer: str = "DiscreteOnePlusOne",
        budget: int | None = None,
    ) -> None:
        if optimizer not in outside.optimizers.registry:
            raise make_unknown_name("optimiser of Nevergrad", optimizer, outside.optimizers.registry.keys())
        if budget is not None:
            check_at_least(1, budget=budget)
        self._space, self._rng, self._tries = space, rng, count_tries(space)
        # one parameter for all decisions with the same number of choices: each costs Nevergrad milliseconds
        space.require_choices("nevergrad")
        self._groups = [np.flatnonzero(space.cardinality == k) for k in np.unique(space.cardinality)]
        sizes = [int(space.cardinality[places[0]]) for places in self._groups]
        repeated = zip(sizes, self._groups, strict=True)
        parameters = outside.p.Tuple(*(outside.p.Choice(range(k), repetitions=len(places)) for k, places in repeated))
        # the type that Nevergrad uses, which would otherwise seed one from numpy's global state
        parameters.random_state = np.random.RandomState(int(rng.integers(2**31)))
        self._global = np.random.RandomState(int(rng.integers(2**31))).get_state()
        self._optimizer: Any = self._run_apart(
            lambda: outside.optimizers.registry[optimizer](parameters, budget=budget)
        )
        self._n_asked, self._worst = 0, 0.0  # an invalid combination may be told before any score
        self._first: float | None = None  # score
        self._is_fraction: bool | None = None
        self._open: dict[int, Any] = {}  # trial -> its candidate; None for a random architecture

    def _run_apart(self, work: Callable[[], Any]) -> Any:
        """Do ``work`` with numpy's global generator in this search's own state, and restore it afterwards."""
        others = np.random.get_state()  # noqa: NPY002
        np.random.set_state(self._global)  # noqa: NPY002
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # advice on settings, for people who use it by hand
                return work()
        finally:
            self._global = np.random.get_state()  # noqa: NPY002
            np.random.set_state(others)  # noqa: NPY002

    def ask(self, n: int) -> Trials:
        """Return the optimiser's next ``n`` architectures."""
        archs = np.array([self._next(self._n_asked + i) for i in range(n)], dtype=np.int8)
        self._n_asked += n
        return full_trainings(self._n_asked - n, archs.reshape(n, len(self._space.decisions)))

    def _next(self, trial: int) -> Archs:
        for _ in range(self._tries):
            candidate = self._run_apart(self._optimizer.ask)
            arch = np.empty((1, len(self._space.decisions)), dtype=np.int8)
            for places, digits in zip(self._groups, candidate.value, strict=True):
                arch[0, places] = digits
            if self._space.is_valid(arch)[0]:
                self._open[trial] = candidate
                return np.asarray(arch[0])
            self._run_apart(partial(self._optimizer.tell, candidate, self._worst))
        self._open[trial] = None
        (arch,) = self._space.sample(1, self._rng)
        return np.asarray(arch)

    def tell(self, results: Results) -> None:
        """Tell the optimiser the losses; a crash counts as the worst so far."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            loss = self._worst if np.isnan(score) else self._compute_loss(score)
            self._worst = max(self._worst, loss)
            if (candidate := self._open.pop(trial)) is not None:
                self._run_apart(partial(self._optimizer.tell, candidate, loss))

    def _compute_loss(self, score: float) -> float:
        """Return the negated fraction; for other metrics a number between -1 and 0 that falls as the score rises."""
        if self._is_fraction is None:
            self._is_fraction, self._first = 0 <= score <= 1, score
        if self._is_fraction:
            return -score
        assert self._first is not None
        far = (score - self._first) / (abs(self._first) or 1.0)
        return -(0.5 + 0.5 * far / (1 + abs(far)))
