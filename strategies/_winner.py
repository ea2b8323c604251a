"""Naming the winner: which of the architectures that were trained is the best, where one training shows a noisy score.

The best observed score belongs to an architecture that is good, or lucky. What alike architectures scored tells the two
apart, in part. A score is taken for the sum of three things:

    score = f(architecture) + what the architecture deviates from f + noise of one training

f is a Gaussian process. Its hyperparameters and the variance of the last two together are fitted to the scores. The
variance of the noise is what the task says (``observation_noise``), so that the rest is the architecture's own. The
estimate of an architecture's mean score is the best linear prediction of the first two: the score, less the share of
its residual that is noise. It lies between the score (no noise) and the process alone (nothing but noise). Henderson
1975, "Best Linear Unbiased Estimation and Prediction under a Selection Model"; Robinson 1991, "That BLUP is a good
thing". Estimates are means over three processes, which see architectures differently (``MODELS``), and the winner is
the one of the ten best observed with the largest estimate.

The three processes, the ten and the rest were chosen on NAS-Bench-201's three tasks; ``docs/naming_the_winner.md`` says
what it brings.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import PredictorError
from nasbench.predictions import Batch, make_predictor
from nasbench.recommending import find_non_dominated
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import check_at_least

MODELS = ("functional_gp,target=score", "one_hot_gp,target=score", "one_hot_gp@hamming,target=score")
"""Labels of the Gaussian processes: what architectures compute, and two that compare decision by decision."""
SHORTLIST = 10
"""Best observed architectures, of which one is named."""
_LEAST = 10  # results before which the best observed is named
_EVERY = 10  # results after which the winner is looked for again, unless a new best score is told before
_GROWTH = 1.5  # results, relative to the last fit, at which hyperparameters are fitted again


class WinnerModel:
    """Follows a search and names its winner. It draws nothing from the search's random numbers.

    Args:
        space: where the search looks.
        noise: standard deviation of one training around the mean of its architecture, as a score; 0 names the best
            observed.
        models: labels of Gaussian processes that learn the score.

    Raises:
        InvalidOption: negative noise.
    """

    def __init__(self, space: SearchSpace, noise: float, *, models: Sequence[str] = MODELS) -> None:
        check_at_least(0, observation_noise=noise)
        self._noise = noise
        self._models: list[Any] = [make_predictor(space, label) for label in models]
        self._first: Archs = space.no_archs
        self._archs: list[Archs] = []
        self._seen: list[list[Floats]] = []  # by architecture: different scores [objectives] that it showed
        self._means: list[Floats] = []  # of them
        self._places: dict[bytes, int] = {}
        self._n_fitted = self._n_learnt = (
            0  # architectures that hyperparameters were fitted to, or that are conditioned on
        )
        self._best = self._winner = -1

    def tell(self, archs: Archs, scores: Floats) -> None:
        """Learn from complete trainings.

        Args:
            archs: [n, d] their architectures.
            scores: [n, objectives] as they were observed; nan in the first column for a crash.
        """
        if not len(self._first):
            self._first = archs[:1].copy()
        for arch, score in zip(archs, scores, strict=True):
            if not np.isfinite(score[0]):
                continue
            place = self._places.setdefault(arch.tobytes(), len(self._archs))
            if place == len(self._archs):
                self._archs.append(arch.copy())
                self._seen.append([score.copy()])
                self._means.append(self._seen[-1][0])
            elif not any(np.array_equal(score, shown) for shown in self._seen[place]):
                self._seen[place].append(score.copy())  # trained anew, not the same training shown again
                self._means[place] = np.mean(self._seen[place], axis=0)
                self._n_fitted = 0

    def recommend(self) -> Archs:
        """Return the winner [1, d]; the non-dominated set of what was observed where there are several objectives.

        Before anything finished it is the first architecture that was trained.
        """
        if not self._archs:
            return self._first
        scores = np.array(self._means)
        if scores.shape[1] > 1:
            return np.array([self._archs[row] for row in find_non_dominated(scores)])
        best = int(scores[:, 0].argmax())
        if best != self._best or len(scores) - self._n_learnt >= _EVERY or not self._n_fitted:
            self._best, self._winner = best, self._find_winner(scores[:, 0])
        return self._archs[self._winner][None]

    def _find_winner(self, scores: Floats) -> int:
        """Return the place of the winner; that of the best observed where nothing can be learnt."""
        best = int(scores.argmax())
        if len(scores) < _LEAST or not self._noise:
            return best
        try:
            self._learn(np.array(self._archs), scores)
            noise = self._noise / np.sqrt([len(shown) for shown in self._seen])
            estimates = np.mean([model.estimate_means(noise) for model in self._models], axis=0)
        except PredictorError:  # all scores are equal, say
            self._n_fitted = self._n_learnt = 0
            return best
        shortlist = np.argsort(-scores, kind="stable")[:SHORTLIST]
        return int(shortlist[estimates[shortlist].argmax()])

    def _learn(self, archs: Archs, scores: Floats) -> None:
        n, known = len(scores), self._n_learnt
        if n >= _GROWTH * self._n_fitted:
            rng = np.random.default_rng(0)  # draws training points for the hyperparameters, where there are many
            for model in self._models:
                model.fit(Batch(archs), scores.copy(), rng)
            self._n_fitted = n
        elif n > known:
            for model in self._models:
                model.condition(Batch(archs[known:]), scores[known:])
        self._n_learnt = n
