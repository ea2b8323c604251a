"""A predictor made of one model for each source and one for the target, weighted by how well they rank the target."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.predictions import Batch, Prediction, make_predictor, predictor_capabilities_of
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.strategies._ranking_weights import (
    bootstrap_losses,
    compute_ranking_weights,
    count_misranked,
    count_misranked_held_out,
)
from nasbench.strategies._sources import Known
from nasbench.surrogates import Target, find_target

_FOLDS = 10
_SAMPLES = 1000  # of the bootstrap


class SourceModel:
    """A model of one source that predicts normal scores: 0 is the median, 1 one standard deviation above it.

    Args:
        space: the searched space.
        predictor: label of the model.
        known: known results of the source.
        rng: draws for the fit of the model.
    """

    def __init__(
        self, space: SearchSpace, predictor: "str | type | Choice", known: Known, rng: np.random.Generator
    ) -> None:
        self._model: Any = make_predictor(space, predictor)
        self._model.fit(Batch(known.archs), find_target("rank")(known.scores).forward(known.scores), rng)
        self._space = space if isinstance(space, EnumeratedSpace) else None
        n = len(space.rows) if isinstance(space, EnumeratedSpace) else 0
        self._cached = np.full((2, n), np.nan)  # cached: searches predict the whole space repeatedly

    def predict(self, archs: Archs) -> tuple[Floats, Floats | None]:
        """Return means and standard deviations [m] of architectures [m, d]; None where the model has no deviation."""
        if self._space is None:
            found = self._model.predict(Batch(archs))
            return found.mean, found.std
        rows = self._space.index(archs)
        if len(new := np.unique(rows[np.isnan(self._cached[0, rows])])):
            found = self._model.predict(Batch(self._space.rows[new]))
            self._cached[0, new], self._cached[1, new] = found.mean, np.inf if found.std is None else found.std
        mean, std = self._cached[:, rows]
        return mean, None if np.isinf(std).any() else std


class RankingEnsemble:
    """A predictor: models of the sources and of the target, weighted by how they rank the target's observations.

    Args:
        space: the searched space.
        predictor: label of the target's model.
        sources: models of the sources, shared by all copies.
    """

    needs: ClassVar[frozenset[str]] = frozenset()

    def __init__(
        self,
        space: SearchSpace,
        *,
        predictor: "str | type | Choice" = "functional_gp",
        sources: Sequence[SourceModel] = (),
    ) -> None:
        self._space, self._label, self._sources = space, predictor, sources
        self._model: Any = make_predictor(space, predictor)
        self.needs = self._model.needs  # type: ignore[misc]
        offered = predictor_capabilities_of(self._model)
        self.min_points = max(3, offered.min_points)
        if offered.condition is not None:
            self.condition, self.state, self.restore = self._condition, self._state, self._restore

    def fit(self, batch: Batch, score: Floats, rng: np.random.Generator) -> None:
        """Fit the target's model to scores [n], and compute the weights of all models."""
        self._model.fit(batch, score, rng)
        self._learn_scale(score)
        predicted = [source.predict(batch.archs)[0] for source in self._sources]
        own = predict_held_out(self._space, self._label, self._model, batch, score, rng)
        sources = count_misranked(np.reshape(predicted, (-1, len(score))), score)
        wrong = np.concatenate([sources, count_misranked_held_out(own, score)[None]])
        self.weights = compute_ranking_weights(bootstrap_losses(wrong, _SAMPLES, rng))

    def _learn_scale(self, score: Floats) -> None:
        self._score, self._scale = score, find_target("rank")(score)

    def predict(self, batch: Batch) -> Prediction:
        """Return the weighted mean of all models, on the scale of the target's scores (equation 4)."""
        own = self._model.predict(batch)
        mean, variance = self.weights[-1] * own.mean, None if own.std is None else (self.weights[-1] * own.std) ** 2
        for weight, source in zip(self.weights, self._sources, strict=False):
            if weight > 0:
                scaled = self._predict_scaled(source, batch.archs)
                mean = mean + weight * scaled.mean
                variance = None if variance is None or scaled.std is None else variance + (weight * scaled.std) ** 2
        return Prediction(mean, None if variance is None else np.sqrt(np.maximum(variance, 1e-18)))

    def _predict_scaled(self, source: SourceModel, archs: Archs) -> Prediction:
        """Return a source's prediction on the target's scale: its normal scores become the target's quantiles."""
        scale: Target = self._scale
        return scale.make_prediction(*source.predict(archs))

    def _condition(self, batch: Batch, score: Floats) -> None:
        """Add observations to the target's model; the weights stay."""
        self._model.condition(batch, score)
        self._learn_scale(np.concatenate([self._score, score]))

    def _state(self) -> dict[str, Any]:
        return {**self._model.state(), "ensemble/weights": self.weights}

    def _restore(self, state: dict[str, Any]) -> None:
        self._model.restore({name: array for name, array in state.items() if not name.startswith("ensemble/")})
        self.weights = state["ensemble/weights"]
        self._learn_scale(state["train/score"])


def predict_held_out(
    space: SearchSpace,
    label: "str | type | Choice",
    model: Any,
    batch: Batch,
    score: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Return the cross-validated prediction of the target's model for each of its own training points; ``[n]``.

    With up to ten points each is held out alone; with more, a tenth at a time. A Gaussian process keeps its
    hyperparameters; any other predictor is refitted.
    """
    n = len(batch)
    fold = rng.permutation(np.arange(n) % min(_FOLDS, n))
    twin: Any = make_predictor(space, label)
    state = model.state() if predictor_capabilities_of(model).can_believe else {}
    expected = np.full(n, score.mean())
    for held in range(int(fold.max()) + 1):
        out, rest = np.flatnonzero(fold == held), np.flatnonzero(fold != held)
        if len(rest) < 2 or (score[rest] == score[rest[0]]).all():
            continue  # nothing to learn from
        if state:
            twin.restore(state | {"train/archs": batch.archs[rest], "train/score": score[rest]})
        else:
            twin.fit(batch.take(rest), score[rest], rng)
        expected[out] = twin.predict(batch.take(out)).mean
    return expected
