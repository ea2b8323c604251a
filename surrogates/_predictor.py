"""What all predictors share: checks of their input, the target transformation, and a serialisable state."""

import json
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Bools, Floats
from nasbench.errors import PredictorError
from nasbench.predictions import Batch, Prediction
from nasbench.spaces import SearchSpace
from nasbench.surrogates._targets import Target, find_target

State = dict[str, npt.NDArray[Any]]
"""A fitted predictor as arrays by name; bytes as uint8, text as unicode; no objects."""


class CheckedPredictor(ABC):
    """A predictor that checks its input and transforms its target in one place.

    Subclasses implement ``_fit`` and ``_predict``, which work on the transformed target: about zero mean and unit
    variance, larger is better. A state consists of the training data and the random state, and restoring it fits
    again, with identical bits. Subclasses whose fit is expensive override ``_state`` and ``_restore``.

    Args:
        space: the search space of the architectures.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    learns_from_partial_curves: ClassVar[bool] = False
    min_points: ClassVar[int] = 2

    def __init__(self, space: SearchSpace, *, target: str = "score") -> None:
        self._space = space
        self._target_class = find_target(target)
        self._target: Target | None = None

    def fit(self, batch: Batch, score: Floats, rng: np.random.Generator) -> None:
        """Learn from architectures and their scores.

        Args:
            batch: n architectures; several rows may repeat one architecture that was measured more than once.
            score: [n] scores, larger is better. A score may be nan for a training run in progress if the method
                ``learns_from_partial_curves``.
            rng: decides every random choice.

        Raises:
            PredictorError: there are fewer architectures than the method needs; scores are nan, beyond 1e100, or all
                equal (also after the target transformation); the numbers of scores and architectures differ; or a part
                of the batch that the method ``needs`` is missing.
            InvalidArchitecture: a row is not in the space.
        """
        batch = self._check_batch(batch)
        score = _check_scores(score, len(batch), self.min_points, self._find_unfinished(batch))
        if not isinstance(rng, np.random.Generator):
            raise PredictorError(f"rng is {rng!r}; expected a generator: np.random.default_rng(0)")
        self._target = None
        with np.errstate(divide="ignore", invalid="ignore"):  # rejected just below
            target = self._target_class(score)
            value = target.forward(score)
        if np.isinf(value).any() or (np.isnan(value) & ~np.isnan(score)).any():
            raise PredictorError(
                f"the {len(score)} training scores, {np.nanmin(score):g} to {np.nanmax(score):g}, are all the same to "
                f"the target that {type(self).__name__} learns; choose another target, such as rank"
            )
        self._train, self._train_score, self._rng_state = batch, score, rng.bit_generator.state
        self._fit(batch, value, rng)
        self._target = target

    def predict(self, batch: Batch) -> Prediction:
        """Return predictions for m architectures.

        Raises:
            PredictorError: the predictor is not fitted, a part of the batch is missing, or a prediction is not finite.
            InvalidArchitecture: a row is not in the space.
        """
        target = self._must_be_fitted()
        batch = self._check_batch(batch)
        for name in _PARTS:
            seen, asked = getattr(self._train, name), getattr(batch, name)
            if seen is not None and asked is not None and seen.shape[1:] != asked.shape[1:]:
                advice = (
                    ": keep the recipe's width, and write nan where an epoch is unknown" if name == "curves" else ""
                )
                raise PredictorError(f"{name} have shape {asked.shape}; those learnt from had {seen.shape}{advice}")
        if not len(batch):
            return Prediction(np.empty(0), None)
        answer = target.make_prediction(*self._predict(batch))
        for name, values in zip(Prediction._fields, answer, strict=True):
            if values is not None and not np.isfinite(values).all():
                bad = int((~np.isfinite(values)).sum())
                raise PredictorError(
                    f"{type(self).__name__} returned a non-finite {name} for {bad} of {len(batch)} architectures; "
                    "choose another target, or another predictor"
                )
        return answer

    def _must_be_fitted(self) -> Target:
        if self._target is None:
            raise PredictorError(f"{type(self).__name__} is not fitted; call fit first")
        return self._target

    @abstractmethod
    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        """Learn the transformed target [n]."""

    @abstractmethod
    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        """Return mean and standard deviation of the transformed target, [m] each."""

    def _extend_training(self, batch: Batch, score: Floats) -> tuple[Batch, Floats]:
        """Add observations to the training data; return all data, with values of the target fitted to all of it."""
        self._must_be_fitted()
        batch = self._check_batch(batch)
        score = _check_scores(score, len(batch), 0, self._find_unfinished(batch))
        self._train = self._train.joined(batch)
        self._train_score = np.concatenate([self._train_score, score])
        self._target = self._target_class(self._train_score)
        return self._train, self._target.forward(self._train_score)

    def state(self) -> State:
        """Return the arrays that ``restore`` needs.

        Raises:
            PredictorError: the predictor is not fitted.
        """
        self._must_be_fitted()
        parts = {name: getattr(self._train, name) for name in _PARTS}
        given = {f"train/{name}": part for name, part in parts.items() if part is not None}
        shared: State = {"train/archs": self._train.archs, "train/score": self._train_score, **given}
        return shared | {f"own/{name}": array for name, array in self._state().items()}

    def restore(self, state: State) -> None:
        """Restore the predictor that ``state`` was taken from; space and options must be the same."""
        batch = Batch(state["train/archs"], **{name: state.get(f"train/{name}") for name in _PARTS})
        batch, score = self._check_batch(batch), state["train/score"]
        self._train, self._train_score = batch, score
        target = self._target_class(score)
        own = {name.removeprefix("own/"): array for name, array in state.items() if name.startswith("own/")}
        self._restore(own, batch, target.forward(score))
        self._target = target

    def _state(self) -> State:
        return {"rng": np.array(json.dumps(self._rng_state, default=_make_list))}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._rng_state = json.loads(str(state["rng"]))
        rng = np.random.Generator(getattr(np.random, _BIT_GENERATORS[self._rng_state["bit_generator"]])())
        rng.bit_generator.state = self._rng_state
        self._fit(batch, value, rng)

    def _check_batch(self, batch: Batch) -> Batch:
        if not isinstance(batch, Batch):
            raise PredictorError(f"received a {type(batch).__name__}; expected a batch: nasbench.Batch(archs)")
        missing = sorted(need for need in self.needs if getattr(batch, need) is None)
        if missing:
            raise PredictorError(
                f"{type(self).__name__} needs {' and '.join(missing)} with the architectures; "
                "choose a task that provides them, or another predictor"
            )
        archs, known = self._space.checked(batch.archs), {}
        for name, axes in _PARTS.items():
            if getattr(batch, name) is None:
                continue
            known[name] = part = _convert_to_floats(name, getattr(batch, name))
            if part.ndim != len(axes) + 1 or len(part) != len(archs):
                raise PredictorError(f"{name} have shape {part.shape}; expected [{len(archs)}, {', '.join(axes)}]")
        return replace(batch, archs=archs, **known)

    def _find_unfinished(self, batch: Batch) -> Bools:
        """Return [n] whether a row's score may be unknown because the seen part of its curve is used instead."""
        if not self.learns_from_partial_curves or batch.curves is None:
            return np.zeros(len(batch), dtype=bool)
        return np.asarray((~np.isnan(batch.curves)).any(axis=1))


_PARTS = {"curves": ("epochs",), "proxies": ("columns",), "losses": ("epochs", "2")}
"""What a batch may hold besides the architectures, and the axes of each part after the first."""

_LARGEST = 1e100
"""Beyond this size squares may overflow; differences below its inverse vanish in squares."""

_BIT_GENERATORS = {name: name for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")}


def _make_list(value: Any) -> Any:
    return value.tolist()


def _convert_to_floats(what: str, given: Any) -> Floats:
    array = np.asarray(given)
    if array.dtype.kind not in "iufb":
        raise PredictorError(f"{what} have dtype {array.dtype}; expected numbers (float64)")
    return array.astype(np.float64, copy=False)


def _check_scores(score: Floats, n: int, least: int, unfinished: Bools) -> Floats:
    score = _convert_to_floats("scores", score)
    if score.shape != (n,):
        raise PredictorError(f"scores have shape {score.shape}; expected [{n}], one for each architecture")
    bad: Bools = ~np.isfinite(score) & ~(np.isnan(score) & unfinished)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise PredictorError(
            f"score {first} is {score[first]} ({int(bad.sum())} such of {n}); leave out crashed training runs"
        )
    if (np.abs(score) > _LARGEST).any():
        raise PredictorError(
            f"a score is {score[np.nanargmax(np.abs(score))]:g}; expected absolute values up to {_LARGEST:g}"
        )
    if n < least:
        raise PredictorError(f"{n} training architecture(s); this method needs at least {least}")
    if least and ((score == score[0]).all() or np.ptp(score) < 1 / _LARGEST):
        raise PredictorError(f"all {n} training scores are {score[0]:g}: nothing can be learnt from them")
    return score
