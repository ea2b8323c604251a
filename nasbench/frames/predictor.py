"""Predictors for data frames: architectures and scores as a user has them, predictions in the same unit and direction.

>>> import nasbench
>>> predictor = nasbench.make_predictor(nasbench.load_task("nb201-cifar10"), "bayesian_linear_regression")
>>> predictor.label
'bayesian_linear_regression'
"""

from collections.abc import Mapping
from typing import Any, Self, overload

import numpy as np
import pandas as pd

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, PredictorError, SourceError
from nasbench.importers import convert_to_pandas, find_misfit_value, find_unit, widen_column
from nasbench.predictions import Batch, Prediction, Predictor
from nasbench.predictions import make_predictor as make_for_space
from nasbench.registry import PREDICTORS
from nasbench.spaces import SearchSpace
from nasbench.tasks import Task, is_task

AUTO = "auto"
"""The label of the best predictor that the installed extras allow."""
_BEST = ("gp_and_trees", "functional_gp", "xgboost", "random_forest", "bayesian_linear_regression")
_TEXTS = ("architecture", "arch")  # names of a column of texts


def choose_predictor() -> str:
    """Return the label of the best predictor that the installed extras allow."""
    return next(name for name in _BEST if PREDICTORS.missing_extra(name) is None)


@overload
def make_predictor(given: SearchSpace, label: str | type | Choice = ...) -> Predictor: ...


@overload
def make_predictor(given: Task, label: str | type | Choice = ...) -> "TaskPredictor": ...


def make_predictor(given: SearchSpace | Task, label: str | type | Choice = AUTO) -> "Predictor | TaskPredictor":
    """Return a predictor of the architectures of a space, or of a task.

    Args:
        given: a space, for arrays; or a task, for data frames beside arrays.
        label: ``NAME[@PRESET][,option=value]``, ``module:Class`` or a class. ``auto`` is ``gp_and_trees``, or the best
            that the installed extras allow; ``label`` of the predictor of a task says which.

    Raises:
        UnknownName: there is no such predictor, preset or option.
        MissingExtra: the predictor needs a package that is not installed.
    """
    chosen = choose_predictor() if label == AUTO else label
    if isinstance(given, SearchSpace):
        return make_for_space(given, chosen)
    if not is_task(given):
        raise InvalidOption(f"{given!r} is neither a task nor a space; expected what nasbench.load_task returns")
    return TaskPredictor(given, chosen)


class TaskPredictor:
    """A predictor that learns from data frames and answers them; arrays go to and fro as for any predictor.

    A frame has the decisions of the task as columns. For a task that ``task_from_frame`` made, these are the columns of
    that frame; for another one, the names of the space's decisions, or one column ``architecture`` of texts.

    Args:
        task: the task; its own unit and direction, or those of the frame that it was made from, are those of frames.
        label: of the predictor.

    Attributes:
        label: of the predictor.
        predictor: the predictor of arrays.
        n_left_out: number of rows without a score that the last ``fit`` left out.
    """

    def __init__(self, task: Task, label: str | type | Choice) -> None:
        self.label = Choice.parse(label).label
        self._task = task
        self._space: SearchSpace = getattr(task, "whole", task.space)  # architectures to predict need no measurement
        self.predictor = make_for_space(self._space, label)
        self.needs = self.predictor.needs
        self.n_left_out = 0
        self._fitted_on = 0

    def __repr__(self) -> str:
        """Return the predictor, the task, and what it learnt from."""
        learnt = f"fitted on {self._fitted_on:,} trainings" if self._fitted_on else "not fitted"
        better = (
            ""
            if self.label != choose_predictor() or self.label == _BEST[0]
            else (f"; the best of what is installed, '{_BEST[0]}' needs pip install 'nasbench-suite[trees,gp]'")
        )
        return f"<{self.label} for task {self._task.name}, {learnt}{better}>"

    @property
    def _columns(self) -> Mapping[str, Any]:
        """What the task's declaration says of the user's own columns."""
        found: Mapping[str, Any] = getattr(self._task, "declaration", {}).get("columns", {})
        return found

    def fit(self, known: Any, score: Any = None, rng: np.random.Generator | None = None) -> Self:
        """Learn from a data frame with a score, or from a ``Batch`` and scores.

        Args:
            known: a data frame, or a ``Batch``.
            score: for a frame, the name of the column, by default the task's; for a batch, [n] scores to maximise.
            rng: random generator; None for one with seed 0.

        Returns:
            The predictor itself.

        Raises:
            SourceError: a column is missing, or a cell is not a number.
            PredictorError: there is too little to learn from.
            InvalidArchitecture: a row is no architecture of the space.
        """
        rng = np.random.default_rng(0) if rng is None else rng
        if isinstance(known, Batch):
            self.predictor.fit(known, score, rng)
            self._fitted_on, self.n_left_out = len(known), 0
            return self
        frame = convert_to_pandas(known)
        values = self._read_scores(frame, score)
        kept = np.isfinite(values)
        if not kept.any():
            raise PredictorError(f"no row of the frame has a score: {len(frame)} rows are empty")
        archs = self.read(frame[kept])
        self.predictor.fit(Batch(archs), values[kept], rng)
        self._fitted_on, self.n_left_out = int(kept.sum()), int((~kept).sum())
        return self

    def predict(self, known: Any) -> Any:
        """Return predictions of a data frame as a data frame, or of a ``Batch`` as a ``Prediction``.

        Returns:
            For a frame, one with the same index and the columns ``mean`` and ``std`` in the unit of the scores that it
            learnt from; ``std`` is nan for a predictor that has none.

        Raises:
            SourceError: a column is missing.
            PredictorError: the predictor is not fitted.
            InvalidArchitecture: a row is no architecture of the space.
        """
        if isinstance(known, Batch):
            answer: Prediction = self.predictor.predict(known)
            return answer
        frame = convert_to_pandas(known)
        mean, std = self.predictor.predict(Batch(self.read(frame)))
        unit = find_unit(self._unit)
        spread = np.full(len(frame), np.nan) if std is None else std
        columns = {"mean": self._task.sign * mean, "std": spread}
        return pd.DataFrame({name: unit.revert(own) for name, own in columns.items()}, index=frame.index)

    @property
    def _unit(self) -> str:
        return str(self._columns.get("unit", self._task.unit))

    def read(self, known: Any) -> Archs:
        """Return the architectures [n, d] of a data frame.

        Raises:
            SourceError: a column is missing.
            InvalidArchitecture: a row is no architecture of the space.
        """
        frame = convert_to_pandas(known)
        decisions = self._find_decisions(frame)
        if missing := [column for column in decisions.values() if column not in frame]:
            raise _make_missing(f"decision '{missing[0]}'", frame)
        if "" in decisions:
            return self._space.read(frame[decisions[""]].astype(str).tolist())
        chosen = pd.DataFrame({name: widen_column(frame[column]) for name, column in decisions.items()})
        return self._space.read(chosen) if len(chosen) else self._space.no_archs

    def _find_decisions(self, frame: Any) -> dict[str, str]:
        """Return decision -> column; for a column of texts, the empty name -> column."""
        if declared := self._columns.get("decisions"):
            return dict(declared)
        texts = [name for name in _TEXTS if name in frame]
        if texts and not set(self._space.decisions) <= set(frame.columns):
            return {"": texts[0]}
        return {name: name for name in self._space.decisions}

    def _read_scores(self, frame: Any, column: str | None) -> Floats:
        """Return the scores of a frame [n], larger is better, nan where there is none."""
        candidates = [column] if column else [self._columns.get("score"), self._task.objectives[0].name, "score"]
        name = next((one for one in candidates if one in frame), None)
        if name is None:
            raise _make_missing(
                f"score '{next(filter(None, candidates))}' (another name: fit(frame, score=...))", frame
            )
        try:
            values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        except (TypeError, ValueError) as error:
            raise SourceError(f"column '{name}' of the frame does not hold numbers: {error}") from None
        values = np.where(np.isinf(values), np.nan, values)
        if misfit := find_misfit_value(values, self._unit):
            raise InvalidOption(f"column '{name}', row {frame.index[misfit[0]]}: {misfit[1]}")
        return self._task.sign * find_unit(self._unit).convert(values)


def _make_missing(what: str, frame: Any) -> SourceError:
    shown = ", ".join(map(repr, list(frame.columns)[:12]))
    return SourceError(f"the frame lacks the column of the {what}; it has {shown}")
