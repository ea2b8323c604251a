"""A strategy that sees an opaque space, and trials that a task can answer."""

from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces import OpaqueSpace, reveal_architectures
from nasbench.trials import Results, Strategy, Trials, capabilities_of


class TranslatedStrategy:
    """Translates the architectures of a strategy from an opaque space into the true one.

    Args:
        strategy: searches ``space``.
        space: the opaque space.
    """

    def __init__(self, strategy: Strategy, space: OpaqueSpace) -> None:
        self._strategy, self._space = strategy, space
        if (recommend := capabilities_of(strategy).recommend) is not None:
            self.recommend: Callable[[], Archs] = lambda: self._translate(recommend())

    def __getattr__(self, name: str) -> Any:
        """Return any other attribute of the strategy: its capabilities."""
        if name in ("_strategy", "recommend"):
            raise AttributeError(name)
        return getattr(self._strategy, name)

    def ask(self, n: int) -> Trials:
        """Ask the strategy, and translate.

        Raises:
            InvalidArchitecture: an architecture is not in the opaque space; the message uses its names.
        """
        trials = self._strategy.ask(n)
        return trials._replace(arch=self._translate(trials.arch)) if isinstance(trials, Trials) else trials

    def tell(self, results: Results) -> None:
        """Tell the strategy; results name no architecture."""
        self._strategy.tell(results)

    def _translate(self, archs: Any) -> Any:
        """Return architectures in the true space; anything of another shape as it is, for others to complain about."""
        fits = isinstance(archs, np.ndarray) and archs.ndim == 2 and archs.shape[1] == self._space.width
        return reveal_architectures(self._space, archs) if fits else archs
