"""The strategy of a campaign: made anew in each process, and brought up to date by the events of the file."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.campaigns.log import GIVE, SUGGEST
from nasbench.campaigns.settings import Settings
from nasbench.campaigns.state import parse_architectures
from nasbench.errors import InvalidOption, RecordError, SearchFinished, StrategyError
from nasbench.registry import STRATEGIES
from nasbench.threads import limit_to_one_thread
from nasbench.trials import FULL_TRAINING, Results, Trials, capabilities_of

_FIRST_EPOCH = 1  # what results say where all trainings are complete


class Proposed(NamedTuple):
    """What a strategy asks for: ids [n], architectures [n, d], epochs [n]; and whether it has nothing left, ever."""

    ids: list[int]
    archs: Archs
    epochs: list[int]
    finished: bool


class Player:
    """Plays events to a strategy, and asks it for more.

    Args:
        settings: of the campaign.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings, self._space = settings, settings.space
        self._strategy = settings.make_strategy()

    def play(self, event: Mapping[str, Any]) -> None:
        """Repeat an event.

        Raises:
            RecordError: the strategy suggests something else than is written in the file.
        """
        if event["event"] == GIVE:
            scores = [self._make_score(training) for training in event["trainings"]]
            self.warm_start(parse_architectures(self._space, event["trainings"]), np.array(scores))
        elif event["event"] == SUGGEST:
            self._repeat(event)
        else:
            self._tell(event["results"])

    def ask(self, n: int, *, n_pending: int) -> Proposed:
        """Return up to ``n`` trainings.

        Raises:
            StrategyError: the strategy breaks its contract.
        """
        with limit_to_one_thread():
            try:
                trials = self._strategy.ask(n)
            except SearchFinished:
                return Proposed([], self._space.no_archs, [], True)
        if not isinstance(trials, Trials) or len(trials.id) > n or len(trials.arch) != len(trials.id):
            raise StrategyError(f"'{self._settings.strategy}' was asked for {n} trials and returned {trials!r}")
        if not len(trials.id) and not n_pending:
            raise StrategyError(
                f"'{self._settings.strategy}' suggests nothing while no result is pending, so it would wait forever"
            )
        archs = self._space.checked(trials.arch).copy()
        last = self._settings.epochs[-1] if self._settings.epochs else FULL_TRAINING
        epochs = [last if epoch == FULL_TRAINING else epoch for epoch in trials.epoch.tolist()]
        return Proposed(trials.id.tolist(), archs, epochs, False)

    def warm_start(self, archs: Archs, scores: Floats) -> None:
        """Let the strategy learn from architectures [m, d] and scores [m] to maximise, nan for a crash."""
        with limit_to_one_thread():
            self._strategy.warm_start(archs, scores)

    def _tell(self, results: Sequence[Mapping[str, Any]]) -> None:
        told = Results(
            np.array([result["id"] for result in results], dtype=np.int64),
            np.array([result.get("epoch", _FIRST_EPOCH) for result in results], dtype=np.int64),
            np.array([[self._make_score(result)] for result in results]),
            np.array([result.get("cost_s", np.nan) for result in results], dtype=np.float64),
        )
        with limit_to_one_thread():
            self._strategy.tell(told)

    def _make_score(self, item: Mapping[str, Any]) -> float:
        """Return the score to maximise; nan for a failed training."""
        return float("nan") if item["score"] is None else self._settings.objective.sign * float(item["score"])

    def _repeat(self, event: Mapping[str, Any]) -> None:
        now, trials = self.ask(event["n"], n_pending=1), event["trials"]
        archs = parse_architectures(self._space, trials)
        same = now.ids == [trial["id"] for trial in trials] and np.array_equal(now.archs, archs)
        partial = [trial["epoch"] for trial in trials] if self._settings.epochs else now.epochs
        if not (same and now.epochs == partial and now.finished == event["finished"]):
            raise RecordError(
                f"'{self._settings.strategy}' would now suggest other architectures than it did: the file was edited, "
                "or another release, machine or version of a library wrote it. No result is lost: begin another "
                "campaign from them, with the option --from of 'nasbench suggest'"
            )


def require_warm_start(settings: Settings) -> None:
    """Refuse trainings of the user's own for a strategy that cannot learn from them.

    Raises:
        InvalidOption: the strategy has no ``warm_start``; the message names those that have it.
    """
    component, _ = settings.choice.resolve(STRATEGIES)
    if capabilities_of(component).warm_start is None:
        names = [name for name in STRATEGIES.names() if STRATEGIES.missing_extra(name) is None]
        able = [name for name in names if capabilities_of(STRATEGIES.load(name)).warm_start is not None]
        raise InvalidOption(
            f"'{settings.strategy}' learns only from what it suggested, not from given trainings; strategies that take "
            f"them: {', '.join(able)}"
        )
