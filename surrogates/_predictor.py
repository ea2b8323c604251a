"""What all predictors share: their input checked once, their target, and a state that can be kept."""

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
    """A predictor whose input is checked, and whose target is transformed, in one place.

    Sub-classes write ``_fit`` and ``_predict``, which speak of the transformed target: about zero mean and
    unit variance, larger is better. A state is the training data and the random state, and restoring one
    fits again: the same bits. Where fitting is expensive, sub-classes override ``_state`` and ``_restore``.

    Args:
        space: where the architectures are from.
        target: what is learnt, ``score``, ``rank`` or ``log_error``.
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
            batch: n architectures; several rows may be one architecture, measured more than once.
            score: [n] scores, larger is better; nan of a training that still goes on, for a method that
                ``learns_from_partial_curves``.
            rng: decides every random choice.

        Raises:
            PredictorError: fewer architectures than the method needs, scores that are nan, beyond 1e100, or all equal
                (to the target: it may not tell them apart), another number of scores than of architectures, or a part
                of the batch missing that the method ``needs``.
            InvalidArchitecture: a row that is not in the space.
        """
        batch = self._check_batch(batch)
        score = _check_scores(score, len(batch), self.min_points, self._find_unfinished(batch))
        if not isinstance(rng, np.random.Generator):
            raise PredictorError(f"rng is {rng!r}; expected a generator: np.random.default_rng(0)")
        self._target = None
        with np.errstate(divide="ignore", invalid="ignore"):  # refused just below
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
        """Return what is expected of m architectures.

        Raises:
            PredictorError: not fitted yet, a part of the batch missing, or an answer that is no finite number.
            InvalidArchitecture: a row that is not in the space.
        """
        target = self._must_be_fitted()
        batch = self._check_batch(batch)
        for name in _PARTS:
            seen, asked = getattr(self._train, name), getattr(batch, name)
            if seen is not None and asked is not None and seen.shape[1:] != asked.shape[1:]:
                advice = (
                    ": keep the recipe's width, and write nan where an epoch was not seen" if name == "curves" else ""
                )
                raise PredictorError(f"{name} have shape {asked.shape}; those learnt from had {seen.shape}{advice}")
        if not len(batch):
            return Prediction(np.empty(0), None)
        answer = target.make_prediction(*self._predict(batch))
        for name, values in zip(Prediction._fields, answer, strict=True):
            if values is not None and not np.isfinite(values).all():
                bad = int((~np.isfinite(values)).sum())
                raise PredictorError(
                    f"{type(self).__name__} has no finite {name} of {bad} of {len(batch)} architectures; "
                    "choose another target, or another predictor"
                )
        return answer

    def _must_be_fitted(self) -> Target:
        if self._target is None:
            raise PredictorError(f"{type(self).__name__} was asked before it was fitted; call fit first")
        return self._target

    @abstractmethod
    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        """Learn the transformed target [n]."""

    @abstractmethod
    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        """Return mean and standard deviation of the transformed target, [m] each."""

    def _extend_training(self, batch: Batch, score: Floats) -> tuple[Batch, Floats]:
        """Add observations to the training data; return all of it, with the values of the target learnt anew."""
        self._must_be_fitted()
        batch = self._check_batch(batch)
        score = _check_scores(score, len(batch), 0, self._find_unfinished(batch))
        self._train = self._train.joined(batch)
        self._train_score = np.concatenate([self._train_score, score])
        self._target = self._target_class(self._train_score)
        return self._train, self._target.forward(self._train_score)

    def state(self) -> State:
        """Return what ``restore`` needs, as arrays.

        Raises:
            PredictorError: not fitted yet.
        """
        self._must_be_fitted()
        parts = {name: getattr(self._train, name) for name in _PARTS}
        given = {f"train/{name}": part for name, part in parts.items() if part is not None}
        shared: State = {"train/archs": self._train.archs, "train/score": self._train_score, **given}
        return shared | {f"own/{name}": array for name, array in self._state().items()}

    def restore(self, state: State) -> None:
        """Become the predictor that ``state`` was taken from; space and options must be the same."""
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
            raise PredictorError(f"a {type(batch).__name__} was given; expected a batch: nasbench.Batch(archs)")
        missing = sorted(need for need in self.needs if getattr(batch, need) is None)
        if missing:
            raise PredictorError(
                f"{type(self).__name__} needs {' and '.join(missing)} with the architectures; "
                "choose a task that has them, or another predictor"
            )
        archs, known = self._space.checked(batch.archs), {}
        for name, axes in _PARTS.items():
            if getattr(batch, name) is None:
                continue
            known[name] = part = _as_numbers(name, getattr(batch, name))
            if part.ndim != len(axes) + 1 or len(part) != len(archs):
                raise PredictorError(f"{name} have shape {part.shape}; expected [{len(archs)}, {', '.join(axes)}]")
        return replace(batch, archs=archs, **known)

    def _find_unfinished(self, batch: Batch) -> Bools:
        """Return [n] whose score may be unknown: what was seen of their curve is learnt from."""
        if not self.learns_from_partial_curves or batch.curves is None:
            return np.zeros(len(batch), dtype=bool)
        return np.asarray((~np.isnan(batch.curves)).any(axis=1))


_PARTS = {"curves": ("epochs",), "proxies": ("columns",), "losses": ("epochs", "2")}
"""What a batch may hold besides the architectures, and its axes after the first."""

_LARGEST = 1e100
"""Size beyond which squares may overflow, and below whose inverse differences vanish in them."""

_BIT_GENERATORS = {name: name for name in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64")}


def _make_list(value: Any) -> Any:
    return value.tolist()


def _as_numbers(what: str, given: Any) -> Floats:
    array = np.asarray(given)
    if array.dtype.kind not in "iufb":
        raise PredictorError(f"{what} have dtype {array.dtype}; expected numbers (float64)")
    return array.astype(np.float64, copy=False)


def _check_scores(score: Floats, n: int, least: int, going_on: Bools) -> Floats:
    score = _as_numbers("scores", score)
    if score.shape != (n,):
        raise PredictorError(f"scores have shape {score.shape}; expected [{n}], one for each architecture")
    bad: Bools = ~np.isfinite(score) & ~(np.isnan(score) & going_on)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise PredictorError(
            f"score {first} is {score[first]} ({int(bad.sum())} such of {n}); leave crashed trainings out"
        )
    if (np.abs(score) > _LARGEST).any():
        raise PredictorError(f"a score is {score[np.nanargmax(np.abs(score))]:g}; expected none beyond {_LARGEST:g}")
    if n < least:
        raise PredictorError(f"{n} training architecture(s); this method needs at least {least}")
    if least and ((score == score[0]).all() or np.ptp(score) < 1 / _LARGEST):
        raise PredictorError(f"all {n} training scores are {score[0]:g}: nothing can be learnt from them")
    return score
