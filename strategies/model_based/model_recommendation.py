"""Any search, its winner named by a model: what it hands over need not be what scored best in one noisy training.

The search is the inner strategy's, untouched. Beside it three Gaussian processes learn the scores, and of the ten best
observed they name the one whose mean score they expect to be the largest (``strategies/_winner.py``: best linear
prediction; Henderson 1975, "Best Linear Unbiased Estimation and Prediction under a Selection Model"; Robinson 1991,
"That BLUP is a good thing"). Of a search that trains partially, trainings to the largest epoch so far are compared.

Where the task knows of no noise (exact answers, means over seeds), the best observed is handed over as by the inner
strategy alone. ``auto`` does all this by itself.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import Choice, refuse_process
from nasbench.errors import InvalidOption
from nasbench.options import NotNegative, Text
from nasbench.registry import STRATEGIES, sources_of, with_epochs, with_target
from nasbench.spaces import SearchSpace
from nasbench.strategies._winner import WinnerModel
from nasbench.trials import Results, Strategy, Trials, capabilities_of

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_SEARCH = "regularized_evolution@nb201"


class ModelRecommendation:
    """A strategy whose winner is named by a model.

    Args:
        space: where to search.
        rng: of the inner strategy.
        search: label of the inner strategy.
        observation_noise: standard deviation of one training around the mean of its architecture, as a score; a
            comparison fills in what the task knows. None or 0: the inner strategy alone.
        epochs: that a trial may be trained to; a comparison fills them in.
        target: name of the task that is searched; a comparison fills it in, for a search that learns from other tasks.

    Attributes:
        deterministic: whether the inner strategy draws no random numbers.
        recommend: names the winner; only where there is noise.

    Raises:
        UnknownName: no such strategy.
        InvalidOption: negative noise, a process as the search, or one that stops trainings early where there are
            complete ones only.
    """

    recommend: Callable[[], Archs]

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        search: "str | type | Choice" = _SEARCH,
        observation_noise: NotNegative | None = None,
        epochs: Sequence[int] = (),
        target: Text = "",
    ) -> None:
        refuse_process(choice := Choice.parse(search))
        component, options = choice.resolve(STRATEGIES)
        if capabilities_of(component).requires_fidelities and len(epochs) < 2:
            raise InvalidOption(f"{search!r} stops trainings early, but the task answers complete ones only")
        options = with_target(component, options, target) if target else options
        options = with_epochs(component, options, epochs) if epochs else options
        self._inner: Strategy = component(space, rng, **options)
        offers = capabilities_of(self._inner)
        self.deterministic, self._n_prefetchable = offers.deterministic, offers.n_prefetchable
        self._space, self._noise = space, observation_noise or 0.0
        self._asked: dict[int, Archs] = {}
        self._largest = 0  # epoch that a training has shown a score at
        self._winner = WinnerModel(space, self._noise)
        if self._noise:
            self.recommend = self._name_winner

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the other tasks that the inner strategy learns from when ``task`` is searched."""
        return sources_of(Choice.parse(options.get("search", _SEARCH)), STRATEGIES, task)

    @property
    def n_prefetchable(self) -> float:
        """Trials that the inner strategy has decided."""
        return self._n_prefetchable() if self._n_prefetchable else 0

    def ask(self, n: int) -> Trials:
        """Return what the inner strategy asks.

        Raises:
            SearchFinished: it has finished.
        """
        trials = self._inner.ask(n)
        if self._noise:
            self._asked.update(zip(trials.id.tolist(), np.array(trials.arch), strict=True))
        return trials

    def tell(self, results: Results) -> None:
        """Tell the inner strategy, and learn from what was trained furthest."""
        if self._noise:
            self._learn(results)
        self._inner.tell(results)

    def _learn(self, results: Results) -> None:
        finished = np.isfinite(results.score[:, 0])
        largest = int(results.epoch[finished].max(initial=self._largest))
        if largest > self._largest > 0:
            self._winner = WinnerModel(self._space, self._noise)  # what was stopped earlier is no longer compared
        self._largest = largest
        compared = results.epoch >= largest
        archs = np.array([self._asked[trial] for trial in results.id[compared].tolist()], dtype=self._space.dtype)
        if len(archs):
            self._winner.tell(archs, results.score[compared])

    def _name_winner(self) -> Archs:
        return self._winner.recommend()
