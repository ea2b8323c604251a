"""Ranking transfer: rankings of architectures on other data sets, and a predictor of the residual.

Architectures that do well on one data set mostly do well on another of the same space (Dong & Yang 2020,
NAS-Bench-201, arXiv 2001.00326, figure 5). Existing results on other data sets are therefore useful. Related: Feurer
et al. 2015, "Initializing Bayesian Hyperparameter Optimization via Meta-Learning", for warm starts of searches, and
Bardenet et al. 2013, "Collaborative Hyperparameter Tuning", who transfer rankings instead of scores.

Our own design, based on these: ``source_member`` learns the scores of each source, and its predictions become
features. A Bayesian linear regression on these features (see ``bayesian_linear_regression``: few points give small
weights) explains the ranks of the target's training points. ``member`` learns the residual. If the sources carry no
information about the target, their weights go to zero and only the residual model remains.

Sources are task names joined by ``+``. The observed scores of ``n_source`` random architectures of each (validation,
means over seeds; never a test split) are known before the first fit. Their training runs are not charged. A source
that contains the scores to be predicted is an error. Without a source, the predictor is ``member`` alone: a cold
start.
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
from nasbench.surrogates._sources import draw_known_results, list_sources, open_sources, refuse_target_as_source
from nasbench.surrogates._standard import Standard
from nasbench.surrogates._targets import find_target
from nasbench.surrogates.combinations._members import (
    PredictorOfPredictors,
    make_member,
    prefix_state,
    restore_member,
    spawn_generator,
)
from nasbench.tasks import TableTask


class RankingTransfer(PredictorOfPredictors):
    """A predictor that starts from the rankings of other data sets.

    Args:
        space: the search space of the architectures.
        source: names of tasks of the same space, joined by ``+``; empty for a cold start.
        n_source: number of known architectures of each source.
        member: label of the predictor of the residual.
        source_member: label of the predictor of a source's ranks.

    Raises:
        InvalidOption: a source belongs to another space, or ``n_source`` is below 2.
        UnknownName: a task or member does not exist.
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
        make_member(space, self._source_choice)  # created again for each source; here only to report errors before fit
        self._tasks = open_sources(source, space)
        self._n_source = n_source

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the tasks that it learns from, for any ``task`` to be predicted."""
        del task
        return list_sources(options.get("source", ""))

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        for task in self._tasks:
            refuse_target_as_source(task, batch.archs, value)
        self._sources = [self._train_source(task, spawn_generator(rng)) for task in self._tasks]
        self._learn_weights(batch, value)
        self._member = make_member(self._space, self._member_choice)
        rest = self._rank.forward(value) - self._explain(batch)[0] if self._sources else value
        self._member.fit(batch, rest, spawn_generator(rng))

    def _train_source(self, task: TableTask, rng: np.random.Generator) -> Any:
        """Return a predictor of a source, trained on random architectures of this source."""
        archs, score = draw_known_results(task, self._n_source, rng)
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
        """Return the predictions of each source's predictor; ``[m, sources]``."""
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
            restore_member(f"source{i}", source, state)
        self._learn_weights(batch, value)
        self._member = make_member(self._space, self._member_choice)
        restore_member("member", self._member, state)
