"""An ensemble of any predictors: their mean, or a mean with weights found by cross-validation.

Sources: for the mean with the variance of an equal mixture, Lakshminarayanan et al. 2017, "Simple and Scalable
Predictive Uncertainty Estimation using Deep Ensembles" (arXiv 1612.01474). For the weights, stacking: Wolpert 1992,
"Stacked Generalization", and Breiman 1996, "Stacked Regressions", that is, non-negative least squares on predictions
of points that the members had not seen.

Members are given by their labels, options included, joined by ``+``. A plus inside an option stands in quotes:
``members="functional_gp+xgboost,encoding='path_bag+canonical'"``. Each member keeps its own target.

Differences: weights sum to one and are fitted to normal scores of ranks, because a table's few very bad architectures
would otherwise dominate them. If no member has any predictive value, the weights stay equal. A member without a
standard deviation contributes only to the spread of the means. An ensemble of one member is allowed.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from scipy.optimize import nnls

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, Prediction
from nasbench.registry import PREDICTORS, sources_of
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import State
from nasbench.surrogates._targets import find_target
from nasbench.surrogates.combinations._members import (
    PredictorOfPredictors,
    deal_folds,
    make_member,
    parse_members,
    prefix_state,
    restore_member,
    spawn_generator,
)

_LEAST_STD = 1e-9


class Ensemble(PredictorOfPredictors):
    """The weighted mean of several predictors, and the standard deviation of their mixture.

    Args:
        space: the search space of the architectures.
        members: labels joined by ``+``.
        weights: ``equal``, or ``stacked`` for weights by cross-validation.
        n_folds: folds of the cross-validation, at least 2.

    Raises:
        InvalidOption: the weights are unknown, or there are fewer than two folds.
        UnknownName: a member does not exist.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"stacked": {"weights": "stacked"}}

    def __init__(
        self,
        space: SearchSpace,
        *,
        members: str = "functional_gp+xgboost",
        weights: Literal["equal", "stacked"] = "equal",
        n_folds: int = 5,
    ) -> None:
        if weights not in ("equal", "stacked"):
            raise InvalidOption(f"weights={weights!r}; expected equal or stacked")
        if n_folds < 2:
            raise InvalidOption(f"n_folds={n_folds}; expected at least 2")
        self._choices, self._how, self._n_folds = parse_members(members), weights, n_folds
        super().__init__(space, self._choices, min_points=4 if weights == "stacked" else 2)

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the other tasks from which any member learns to predict ``task``."""
        choices = parse_members(options["members"]) if "members" in options else []
        return [name for choice in choices for name in sources_of(choice, PREDICTORS, task)]

    @property
    def weights(self) -> Floats:
        """[members] weight of each member, in the order of the labels; available after fitting."""
        return self._weights.copy()

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        k = len(self._choices)
        self._weights = np.full(k, 1 / k) if self._how == "equal" or k == 1 else self._stack_weights(batch, value, rng)
        self._members = self._train_members(batch, value, rng)

    def _train_members(self, batch: Batch, score: Floats, rng: np.random.Generator) -> list[Any]:
        members = [make_member(self._space, choice) for choice in self._choices]
        for member in members:
            member.fit(batch, score, spawn_generator(rng))
        return members

    def _stack_weights(self, batch: Batch, score: Floats, rng: np.random.Generator) -> Floats:
        """Return the weights whose mixture of held-out predictions is closest to the scores, both as ranks."""
        unseen = np.full((len(self._choices), len(score)), np.nan)
        for rows in deal_folds(self._space, batch, self._n_folds, rng):
            rest = np.setdiff1d(np.arange(len(score)), rows)
            if len(rest) < self.min_points or np.ptp(score[rest]) == 0:
                continue
            members = self._train_members(batch.take(rest), score[rest], rng)
            unseen[:, rows] = [member.predict(batch.take(rows)).mean for member in members]
        asked = ~np.isnan(unseen[0])
        rank = find_target("rank")(score).forward
        found = nnls(rank(unseen[:, asked]).T, rank(score[asked]))[0] if asked.any() else np.zeros(len(unseen))
        return found / found.sum() if found.sum() > 0 else np.full(len(unseen), 1 / len(unseen))

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        return mix_predictions([member.predict(batch) for member in self._members], self._weights)

    def _state(self) -> State:
        members = [prefix_state(f"member{i}", member) for i, member in enumerate(self._members)]
        return {name: array for state in members for name, array in state.items()} | {"weights": self._weights}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        del batch, value
        self._weights = state["weights"]
        self._members = [make_member(self._space, choice) for choice in self._choices]
        for i, member in enumerate(self._members):
            restore_member(f"member{i}", member, state)


def mix_predictions(answers: list[Prediction], weights: Floats) -> tuple[Floats, Floats | None]:
    """Return mean and standard deviation of a mixture; the latter is None if no member has one.

    Args:
        answers: predictions of the members.
        weights: [members] weights that sum to one.
    """
    means = np.array([answer.mean for answer in answers])
    mean = weights @ means
    known = [(weight, answer.std) for weight, answer in zip(weights, answers, strict=True) if answer.std is not None]
    share = sum(weight for weight, _ in known)
    if not share:
        return mean, None
    inside = np.sum([weight * np.square(std) for weight, std in known], axis=0) / share
    between = weights @ np.square(means - mean)
    return mean, np.sqrt(np.maximum(inside + between, _LEAST_STD**2))
