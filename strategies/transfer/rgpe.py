"""RGPE: an ensemble of one model per data set, weighted by how well each ranks the trials so far.

Source: Feurer, Letham, Hutter & Bakshy 2018/2022, "Practical Transfer Learning for Bayesian Optimization" (arXiv
1802.02219; first "Scalable Meta-Learning for Bayesian Optimization using Ranking-Weighted Gaussian Process Ensembles").
A model of every source is fitted once. All models rank bootstrap samples of the target's observations; for the target's
own model, its cross-validated prediction of a held-out point is compared with the scores of the others. A model's
weight is the share of samples in which it misranks the fewest pairs. A model whose median loss exceeds the 95th
percentile of the target's gets no weight, so that many bad sources do not dilute the weights. Mean and variance are the
weighted sums, and the acquisition is the logarithm of expected improvement, over all architectures that were not
trained.

Sources are named as in ``warm_start``: ``others`` by default, ``none`` for a cold start. Of each source, the observed
scores of ``n_source`` random architectures are known. Any predictor with a standard deviation can replace the Gaussian
process: ``rgpe,predictor="bayesian_linear_regression"``.

Differences: data sets are made comparable by their quantiles (normal scores, which the authors' later code also
offers), not by mean and deviation, since the worst architectures of a table are far from the rest. The weight guard,
and the rule that the target wins ties, are those of the first version; the last one drops models at random, ever more
of them as the budget is used up, which we do not know, and lets models share ties. Weights are relearnt every five
results. With more than ten results a tenth of them is held out at a time, by a process that keeps its hyperparameters,
and not each one alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nasbench.choices import Choice
from nasbench.options import Count, FromTwo
from nasbench.strategies._configured import Label
from nasbench.strategies._ranking_ensemble import RankingEnsemble, SourceModel
from nasbench.strategies._smbo import Batching, Incumbent, ModelBasedSearch
from nasbench.strategies._sources import OTHERS, draw_known, list_sources

REQUIRES = {"gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class RankingWeightedEnsemble(ModelBasedSearch):
    """Bayesian optimisation with models of other data sets; ``rng`` draws the known architectures of these.

    Attributes:
        source: ``others``, ``none``, or tasks and folders of records joined by ``+``.
        n_source: number of architectures whose scores are known for each source.
        predictor: label of the model of each data set.
        target: name of the task that is searched; a comparison fills it in.

    Raises:
        InvalidOption: a source that does not fit.
    """

    source: str = OTHERS
    n_source: FromTwo = 100
    predictor: Label = "functional_gp"
    acquisition: str = "log_ei"
    pool: str = "whole"
    pool_size: Count = 400
    n_init: Count = 5
    target: str = ""
    batching: Batching = field(default="believer", init=False)
    refit_every: Count = field(default=5, init=False)
    incumbent: Incumbent = field(default="expected", init=False)

    def _choose_predictor(self) -> Choice:
        known = draw_known(self.source, self.target, self._space, self.n_source, self._rng)
        models = [SourceModel(self._space, self.predictor, item, self._rng) for item in known]
        return Choice("ranking_ensemble", "", {"predictor": self.predictor, "sources": models}, RankingEnsemble)

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the sources that a search of ``task`` learns from, besides its own trials."""
        return list_sources(options.get("source", OTHERS), task) + ModelBasedSearch.sources(task, options)
