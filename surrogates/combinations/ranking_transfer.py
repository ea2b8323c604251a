"""Ranking transfer: what other data sets' trainings say of a space's architectures, and a predictor of the rest.

Architectures that do well on one data set mostly do so on another of the same space (Dong & Yang 2020, NAS-Bench-201,
arXiv 2001.00326, figure 5). Trainings that somebody already has are therefore worth more than none: so that
searches start warm, Feurer et al. 2015, "Initializing Bayesian Hyperparameter Optimization via Meta-Learning"; that it
is rankings which carry over and not scores, Bardenet et al. 2013, "Collaborative Hyperparameter Tuning".

Own design after these: each source's scores are learnt by ``source_member``, whose predictions become features. A
Bayesian linear regression on them (see ``bayesian_linear_regression``: few points give small weights) explains
the ranks of the target's training points; ``member`` learns what it leaves unexplained. Where the sources say
nothing of the target, their weights go to zero and the rest is all there is.

Sources are tasks by name, joined by ``+``, of which ``n_source`` random architectures' observed scores (validation,
means over seeds; never a test split) are known before the first fit. Their trainings are not charged. A source
whose scores are those to be predicted is refused. Without a source it is ``member`` alone: a cold start.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._blr import LinearPosterior
from nasbench.surrogates._predictor import State
from nasbench.surrogates._sources import draw_known_trainings, list_sources, open_sources, refuse_itself
from nasbench.surrogates._standard import Standard
from nasbench.surrogates._targets import find_target
from nasbench.surrogates.combinations._members import (
    PredictorOfPredictors,
    make_member,
    prefix_state,
    put_back,
    spawn_generator,
)
from nasbench.tasks import TableTask


class RankingTransfer(PredictorOfPredictors):
    """A predictor that starts from other data sets' rankings.

    Args:
        space: where the architectures are from.
        source: names of tasks of the same space, joined by ``+``; empty for a cold start.
        n_source: architectures known of each source.
        member: label of the predictor of what the sources leave unexplained.
        source_member: label of the predictor of a source's ranks.

    Raises:
        InvalidOption: a source of another space, or a number of points below 2.
        UnknownName: a task or member that does not exist.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        source: str = "",
        n_source: int = 500,
        member: str = "functional_gp",
        source_member: str = "functional_gp",
    ) -> None:
        self._member_choice, self._source_choice = Choice.parse(member), Choice.parse(source_member)
        super().__init__(space, [self._member_choice], min_points=4)
        if n_source < 2:
            raise InvalidOption(f"n_source={n_source}; expected at least 2")
        make_member(space, self._source_choice)  # made anew for each source: refused here rather than in fit
        self._tasks = open_sources(source, space)
        self._n_source = n_source

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the tasks that it learns from, whichever ``task`` is to be predicted."""
        del task
        return list_sources(options.get("source", ""))

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        for task in self._tasks:
            refuse_itself(task, batch.archs, value)
        self._sources = [self._train_source(task, spawn_generator(rng)) for task in self._tasks]
        self._learn_weights(batch, value)
        self._member = make_member(self._space, self._member_choice)
        rest = self._rank.forward(value) - self._explain(batch)[0] if self._sources else value
        self._member.fit(batch, rest, spawn_generator(rng))

    def _train_source(self, task: TableTask, rng: np.random.Generator) -> Any:
        """Return a predictor of a source, trained on random architectures of it."""
        archs, score = draw_known_trainings(task, self._n_source, rng)
        member = make_member(self._space, self._source_choice)
        member.fit(Batch(archs), score, rng)
        return member

    def _learn_weights(self, batch: Batch, value: Floats) -> None:
        self._rank = find_target("rank")(value)
        if self._sources:
            raw = self._predict_by_source(batch)
            self._standard = Standard(raw)
            self._line = LinearPosterior(self._standard(raw), self._rank.forward(value))
            self._precisions = self._line.find_most_likely()

    def _predict_by_source(self, batch: Batch) -> Floats:
        """Return what each source's predictor says; ``[m, sources]``."""
        return np.column_stack([source.predict(Batch(batch.archs)).mean for source in self._sources])

    def _explain(self, batch: Batch) -> tuple[Floats, Floats]:
        return self._line.predict(self._standard(self._predict_by_source(batch)), self._precisions)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        mean, std = self._member.predict(batch)
        if not self._sources:
            return mean, std
        answer = self._rank.make_prediction(mean + self._explain(batch)[0], std)
        return answer.mean, answer.std

    def _state(self) -> State:
        states = [prefix_state(f"source{i}", source) for i, source in enumerate(self._sources)]
        return {name: array for state in states for name, array in state.items()} | prefix_state("member", self._member)

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._sources = [make_member(self._space, self._source_choice) for _ in self._tasks]
        for i, source in enumerate(self._sources):
            put_back(f"source{i}", source, state)
        self._learn_weights(batch, value)
        self._member = make_member(self._space, self._member_choice)
        put_back("member", self._member, state)
