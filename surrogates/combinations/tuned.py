"""Any predictor with its options tuned by cross-validation.

Sources: random search, Bergstra & Bengio 2012, "Random Search for Hyper-Parameter Optimization"; White et al. 2021
(arXiv 2104.01177) tune all their predictors this way, within a time limit. The ranges are those that a predictor's
class declares in ``ranges``, option by option; for the trees they are those of White et al.

The value of a configuration is its mean Kendall tau over the folds. The first configuration is the predictor as given,
so tuning rarely makes it worse; ties keep the earlier configuration. Differences: the default limit is a number of
configurations, because a limit in seconds makes a run depend on the machine. A limit in seconds can be set in
addition; ``n_tried`` and ``seconds_spent`` report what was used. The state holds the chosen options and the trained
predictor, so restoring it does not depend on the clock.
"""

import json
import time
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.stats import kendalltau

from nasbench.arrays import Floats, Ints
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import State
from nasbench.surrogates._ranges import draw_options
from nasbench.surrogates.combinations._members import (
    PredictorOfPredictors,
    deal_folds,
    make_member,
    prefix_state,
    restore_member,
    spawn_generator,
)


class Tuned(PredictorOfPredictors):
    """The best of several configurations of one predictor.

    Args:
        space: the search space of the architectures.
        member: label of the predictor; options set in the label are not tuned.
        n_configs: number of configurations to compare, at least 1; the first is the member as given.
        n_folds: folds of the cross-validation, at least 2.
        seconds: time limit after which no further configuration is tried; None for no limit. The first configuration
            is always tried.

    Raises:
        InvalidOption: the member declares no ranges, or a number is too small.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        member: str = "xgboost",
        n_configs: int = 20,
        n_folds: int = 3,
        seconds: float | None = None,
    ) -> None:
        if n_configs < 1 or n_folds < 2 or (seconds is not None and not seconds > 0):
            raise InvalidOption(
                f"n_configs={n_configs}, n_folds={n_folds}, seconds={seconds}; expected n_configs from 1, "
                "n_folds from 2 and positive seconds"
            )
        self._choice = Choice.parse(member)
        cls, _ = self._choice.resolve(PREDICTORS)
        declared = getattr(cls, "ranges", {})
        if not declared:
            raise InvalidOption(f"'{self._choice.name}' declares no ranges to tune in; choose another member")
        self._ranges = {name: span for name, span in declared.items() if name not in self._choice.options}
        self._n_configs, self._n_folds, self._seconds = n_configs, n_folds, seconds
        super().__init__(space, [self._choice], min_points=4)

    @property
    def chosen(self) -> dict[str, Any]:
        """Options that tuning chose, in addition to those of the member's label; available after fitting."""
        return dict(self._chosen)

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        started = time.perf_counter()
        parts, seed = deal_folds(self._space, batch, self._n_folds, rng), spawn_generator(rng)
        self._chosen: dict[str, Any] = {}
        best, self.n_tried = -np.inf, 0
        for options in self._draw_configurations(spawn_generator(rng)):
            worth = self._evaluate_options(options, batch, value, parts, spawn_generator(seed))
            self._chosen, best = (options, worth) if worth > best else (self._chosen, best)
            self.n_tried += 1
            self.seconds_spent = time.perf_counter() - started
            if self._seconds is not None and self.seconds_spent >= self._seconds:
                break
        self._member = self._make_predictor(self._chosen)
        self._member.fit(batch, value, spawn_generator(rng))

    def _draw_configurations(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        return [{}, *(draw_options(self._ranges, rng) for _ in range(self._n_configs - 1))]

    def _make_predictor(self, options: dict[str, Any]) -> Any:
        return make_member(self._space, replace(self._choice, options={**self._choice.options, **options}))

    def _evaluate_options(
        self, options: dict[str, Any], batch: Batch, score: Floats, parts: list[Ints], rng: np.random.Generator
    ) -> float:
        """Return the mean Kendall tau over the folds that can be evaluated; 0 if it is undefined, as for constants."""
        taus = []
        for rows in parts:
            rest = np.setdiff1d(np.arange(len(score)), rows)
            if len(rest) < self.min_points or np.ptp(score[rest]) == 0 or np.ptp(score[rows]) == 0:
                continue
            member = self._make_predictor(options)
            member.fit(batch.take(rest), score[rest], spawn_generator(rng))
            mean = member.predict(batch.take(rows)).mean
            taus.append(0.0 if np.ptp(mean) == 0 else float(kendalltau(mean, score[rows])[0]))
        return float(np.mean(taus)) if taus else 0.0

    def _predict(self, batch: Batch) -> tuple[Floats, Floats | None]:
        mean, std = self._member.predict(batch)
        return mean, std

    def _state(self) -> State:
        spent = {"n_tried": np.array(self.n_tried), "seconds_spent": np.array(self.seconds_spent)}
        return prefix_state("member", self._member) | spent | {"chosen": np.array(json.dumps(self._chosen))}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        del batch, value
        self._chosen = json.loads(str(state["chosen"]))
        self.n_tried, self.seconds_spent = int(state["n_tried"]), float(state["seconds_spent"])
        self._member = self._make_predictor(self._chosen)
        restore_member("member", self._member, state)
