"""Multi-task Gaussian process: results on other data sets and the few on this one, in one process.

Source: Bonilla, Chai & Williams 2007, "Multi-task Gaussian Process Prediction" (NIPS); for search, Swersky, Snoek &
Adams 2013, "Multi-Task Bayesian Optimization". The covariance of two architectures on two data sets is the product of
the similarity of the architectures (the kernel of ``functional_gp``) and the similarity of the data sets, a matrix of
correlations. Both are found by the marginal likelihood of all training runs together. A data set without information
about this one gets a correlation near zero.

Differences: the ranks of every data set are taken among its own training runs, because scores of different data sets
have no common scale. The variances are then one, and only correlations remain to be found. All data sets share one
noise variance, because twenty points are too few to estimate their own.

Sources are task names joined by ``+``. The observed scores of ``n_source`` random architectures of each (validation,
means over seeds; never a test split) are known before the first fit. Their training runs are not charged. A source
that contains the scores to be predicted is an error. Without a source, the predictor equals ``functional_gp``.

The cost is that of one process with all points together. ``condition`` adds observations of this data set in O(n^2).
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.options import FromTwo
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import multi_task as between_tasks
from nasbench.surrogates._gp.exact import (
    ENOUGH,
    LEAST_NOISE,
    NegativeLogLikelihood,
    PosteriorModel,
    compute_minus_log_prior,
)
from nasbench.surrogates._gp.lbfgs import minimize_lbfgs
from nasbench.surrogates._predictor import State
from nasbench.surrogates._sources import draw_known_results, list_sources, open_sources, refuse_target_as_source
from nasbench.surrogates.kernel_methods.functional_gp import FunctionalGP

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class MultiTaskGP(FunctionalGP):
    """``functional_gp`` times correlations between data sets; the target is fitted to each data set separately.

    Args:
        source: names of tasks of the same space, joined by ``+``; empty for none.
        n_source: number of known architectures of each source.
        hyper_points: points that the hyperparameters are fitted to: at most this many of this data set, and as many of
            all sources together.

    Raises:
        InvalidOption: a source belongs to another space.
        UnknownName: a task does not exist.
    """

    source: str = ""
    n_source: FromTwo = 200

    def __post_init__(self, space: SearchSpace) -> None:
        """Open the sources."""
        super().__post_init__(space)
        self._sources = open_sources(self.source, space)

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the tasks that it learns from, for any ``task`` to be predicted."""
        del task
        return list_sources(options.get("source", ""))

    @property
    def correlations(self) -> Floats:
        """[t, t] correlations of data sets: first the sources, last the predicted one; available after fitting."""
        found: Floats = between_tasks.compute_correlations(torch.from_numpy(self._loadings), self._n_tasks).numpy()
        return found

    @property
    def _n_tasks(self) -> int:
        return len(self._sources) + 1

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        for task in self._sources:
            refuse_target_as_source(task, batch.archs, self._train_score)
        self._rank_sources([draw_known_results(task, self.n_source, rng) for task in self._sources])
        self._loadings = np.empty(0)
        if not self._sources:
            super()._fit(batch, value, rng)
            return
        archs = self._prepend_sources(batch.archs)
        self._learn_columns(archs)
        self._units = np.ones(self._encoding.n_groups)
        self._units = self._compute_lengths(self._compute_features(archs).toarray(), self._groups)
        rows = self._draw_rows(len(value), rng)
        together = np.concatenate([self._source_values, value])[rows]
        x = torch.from_numpy(self._compute_features(archs[rows]).toarray())
        self._learn(x, torch.from_numpy(together), self._number_tasks(len(archs))[rows])
        self._fit_posterior(batch.archs, value)

    def _rank_sources(self, trainings: list[tuple[Archs, Floats]]) -> None:
        """Store the training runs of each source, as ranks within the source."""
        self._counts = np.array([len(score) for _, score in trainings], dtype=np.int64)
        self._source_archs: Archs = np.concatenate([self._space.no_archs, *(archs for archs, _ in trainings)])
        values = [self._target_class(score).forward(score) for _, score in trainings]
        self._source_values = np.concatenate([np.empty(0), *values])

    def _prepend_sources(self, archs: Archs) -> Archs:
        """Return the sources' architectures followed by ``archs``, so that later additions come last."""
        return np.concatenate([self._source_archs, archs])

    def _number_tasks(self, n: int) -> Tensor:
        """Return the data set number of each of the first ``n`` points."""
        tasks = np.repeat(np.arange(self._n_tasks), [*self._counts, n - self._counts.sum()])
        return torch.from_numpy(tasks)

    def _draw_rows(self, n: int, rng: np.random.Generator) -> Tensor:
        """Draw rows of the sources and of this data set with its ``n`` points, at most ``hyper_points`` of each."""
        known = int(self._counts.sum())
        drawn = [rng.permutation(known)[: self.hyper_points], known + rng.permutation(n)[: self.hyper_points]]
        return torch.from_numpy(np.sort(np.concatenate(drawn)))

    def _learn(self, x: Tensor, y: Tensor, tasks: Tensor) -> None:
        """Find hyperparameters and correlations that maximise the posterior, from features [n, f], values [n]."""
        known, start = self._module.compute_by_group(x), self._make_start()
        k = len(start)

        def loss(given: Tensor) -> Tensor:
            between = between_tasks.compute_correlations(given[k:], self._n_tasks)
            kernel = self._module.compute_from_groups(known, given[: k - 2]) * between[tasks][:, tasks]
            signal, noise = torch.exp(given[k - 2]), torch.exp(given[k - 1]) + LEAST_NOISE
            value: Tensor = NegativeLogLikelihood.apply(kernel, signal, noise, y)
            return value + compute_minus_log_prior(given[:k]) + between_tasks.compute_loadings_penalty(given[k:])

        start = np.concatenate([start, between_tasks.make_starting_loadings(self._n_tasks)])
        found = minimize_lbfgs(loss, start, self.max_iterations, gain=ENOUGH)
        self._hyperparameters, self._loadings = found[:k], found[k:]

    def _compute_training_covariance(self) -> Tensor:
        covariance = super()._compute_training_covariance()
        tasks = self._number_tasks(len(covariance))
        return covariance * torch.from_numpy(self.correlations)[tasks][:, tasks]

    def _compute_cross_covariance(self, query: Any) -> tuple[Tensor, Tensor]:
        covariance, variance = super()._compute_cross_covariance(query)
        likeness = torch.from_numpy(self.correlations)[-1]
        return covariance * likeness[self._number_tasks(covariance.shape[1])], variance

    def _set_architectures(self, archs: Archs) -> None:
        super()._set_architectures(self._prepend_sources(archs))

    def _compute_weights(self, value: Floats) -> None:
        super()._compute_weights(np.concatenate([self._source_values, value]))

    def features(self, archs: Archs) -> Tensor:
        """Return the inputs of ``model`` for architectures [n, d] on this data set; the last column is its number."""
        features = super().features(archs)
        if not self._sources:
            return features
        return torch.cat([features, torch.full((len(archs), 1), float(self._n_tasks - 1), dtype=torch.float64)], dim=1)

    def model(self) -> PosteriorModel:
        """Return the fitted process as a GPyTorch model of ``features``, in the units of the target.

        Raises:
            PredictorError: the predictor is not fitted.
        """
        self._must_be_fitted()
        if not self._sources:
            return super().model()
        x = self.features(self._prepend_sources(self._train.archs))
        x[:, -1] = self._number_tasks(len(x)).double()
        kernel = between_tasks.add_task_column(deepcopy(self._module), torch.from_numpy(self.correlations))
        return PosteriorModel(x, self._value, kernel, signal=self._signal, noise=self._noise)

    def _state(self) -> State:
        sources = {"archs": self._source_archs, "values": self._source_values, "counts": self._counts}
        known: State = {f"source/{name}": array for name, array in sources.items()}
        return super()._state() | known | {"loadings": self._loadings}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._source_archs, self._source_values = state["source/archs"], state["source/values"]
        self._counts, self._loadings = state["source/counts"], state["loadings"]
        super()._restore(state, batch, value)
