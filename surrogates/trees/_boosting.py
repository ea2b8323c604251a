"""Boosted trees with a standard deviation: from the spread of several models, or from quantiles.

A boosted model predicts one number. There are two ways to a standard deviation. *Bagging* (Breiman 1996, "Bagging
Predictors") trains members on random parts of the training data. Their variance is the uncertainty due to limited
data, and the squared error on points that a member did not see, beyond that variance, is noise. *Quantiles* trains two
more models, on the quantiles of a normal distribution one standard deviation from its centre (pinball loss, Koenker &
Bassett 1978).
"""

from abc import abstractmethod
from typing import Any, Literal

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import State
from nasbench.surrogates._tabular import TabularPredictor, draw_library_seed

Uncertainty = Literal["bagging", "quantile", "none"]
_UNCERTAINTIES = ("bagging", "quantile", "none")
_ONE_STD = 0.15865525393145707  # share of a normal distribution below its centre minus one standard deviation
_LEAST_STD = 1e-3  # in units of the transformed target: members that agree are not certain
_SHARE = 0.8  # of the training points that a member sees


class BoostedTrees(TabularPredictor):
    """Several boosted models. Subclasses train, query, write and read one model.

    Args:
        space: the search space of the architectures.
        encoding: features, see ``nasbench.encodings``.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        uncertainty: ``bagging``, ``quantile`` or ``none``.
        n_members: number of models for ``bagging``.
    """

    def __init__(
        self, space: SearchSpace, *, encoding: str, target: str, uncertainty: Uncertainty, n_members: int
    ) -> None:
        super().__init__(space, encoding=encoding, target=target)
        if uncertainty not in _UNCERTAINTIES:
            raise InvalidOption(f"uncertainty={uncertainty!r}; expected one of {', '.join(_UNCERTAINTIES)}")
        if n_members < 2 and uncertainty == "bagging":
            raise InvalidOption(f"n_members={n_members}; bagging needs at least 2 (uncertainty=none trains one)")
        self._uncertainty, self._n_members = uncertainty, n_members

    @abstractmethod
    def _grow(self, features: Floats, value: Floats, seed: int, quantile: float | None = None) -> Any:
        """Return a model trained on the mean of ``value`` [n], or on one of its quantiles."""

    @abstractmethod
    def _ask(self, model: Any, features: Floats) -> Floats:
        """Return a model's predictions [m]."""

    @abstractmethod
    def _write(self, model: Any) -> bytes:
        """Return a model in the library's own format."""

    @abstractmethod
    def _read(self, stored: bytes) -> Any:
        """Return the model from the bytes that ``_write`` returned."""

    def _fit_line(self, answer: Floats, value: Floats) -> tuple[float, float]:
        """Return slope and intercept from a model's predictions [n] to values; by default, the identity."""
        del answer, value
        return 1.0, 0.0

    def _learn(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        self._noise = 0.0
        if self._uncertainty == "bagging":
            self._learn_members(features, value, rng)
            return
        quantiles = (None, _ONE_STD, 1 - _ONE_STD) if self._uncertainty == "quantile" else (None,)
        self._models = [self._grow(features, value, draw_library_seed(rng), quantile) for quantile in quantiles]
        self._set_lines(features, value)

    def _learn_members(self, features: Floats, value: Floats, rng: np.random.Generator) -> None:
        n, k = len(value), self._n_members
        seen = np.zeros((k, n), dtype=bool)
        for row in seen:
            row[rng.permutation(n)[: max(2, round(_SHARE * n))]] = True
        self._models = [self._grow(features[row], value[row], draw_library_seed(rng)) for row in seen]
        self._set_lines(features, value)
        self._noise = _estimate_noise(self._compute_answers(features), value, ~seen)

    def _set_lines(self, features: Floats, value: Floats) -> None:
        self._lines = np.array([self._fit_line(self._ask(model, features), value) for model in self._models])

    def _compute_answers(self, features: Floats) -> Floats:
        """Return ``[models, m]``."""
        asked = np.array([self._ask(model, features) for model in self._models], dtype=np.float64)
        values: Floats = asked * self._lines[:, :1] + self._lines[:, 1:]
        return values

    def _answer(self, features: Floats) -> tuple[Floats, Floats | None]:
        answers = self._compute_answers(features)
        if self._uncertainty == "none":
            return answers[0], None
        if self._uncertainty == "quantile":
            return answers[0], np.maximum((answers[2] - answers[1]) / 2, _LEAST_STD)
        return answers.mean(axis=0), np.sqrt(answers.var(axis=0, ddof=1) + self._noise + _LEAST_STD**2)

    def _state(self) -> State:
        stored = [np.frombuffer(self._write(model), dtype=np.uint8) for model in self._models]
        models: State = {f"model{i}": model for i, model in enumerate(stored)}
        return models | {"noise": np.array(self._noise), "lines": self._lines}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        del value
        self._learn_columns(batch)
        self._noise, self._lines = float(state["noise"]), state["lines"]
        self._models = [self._read(state[f"model{i}"].tobytes()) for i in range(len(self._lines))]


def _estimate_noise(answers: Floats, value: Floats, unseen: Bools) -> float:
    """Return the variance of values [n] that the members' spread does not explain, on points they did not see.

    Args:
        answers: [k, n] predictions of each member.
        value: [n] true values.
        unseen: [k, n] points that a member was not trained on.
    """
    times = unseen.sum(axis=0)
    known = times > 0
    if not known.any():  # two or three points, which all members saw
        return float(value.var())
    mean = np.where(unseen, answers, 0).sum(axis=0)[known] / times[known]
    # a mean of few members differs from the mean of all by chance
    chance = answers.var(axis=0, ddof=1)[known] * (1 + 1 / times[known])
    return max(float((np.square(mean - value[known]) - chance).mean()), 0.0)
