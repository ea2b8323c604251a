"""MOBSTER: ASHA whose new architectures are proposed by Bayesian optimisation.

Source: Klein, Tiao, Lienart, Archambeau & Seeger 2020, "Model-based Asynchronous Hyperparameter and Neural Architecture
Search" (arXiv 2003.10865). Promotions or stopping are those of ``asha``, with ``eta`` 3 as in Syne Tune, its authors'
library; a new trial is the one of a pool with the largest expected improvement at the highest rung that has enough
results, as in their rule ``bohb``; before, it is random.

Differences: the paper's process is joint in architecture and epoch; here each rung has a predictor of its own, any that
needs architectures only, as in their variant of independent processes (``gp_independent``). Trials that are running are
not imagined as finished: what was drawn is not drawn again, which keeps workers apart. On a task of complete trainings
alone it is Bayesian optimisation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from nasbench.choices import Choice
from nasbench.spaces import SearchSpace
from nasbench.strategies.multi_fidelity._model_based_halving import ModelBasedHalving, Proposing
from nasbench.strategies.multi_fidelity._rungs import Ladder

REQUIRES = {"gpytorch": "gp"}


class MOBSTER(ModelBasedHalving):
    """ASHA with a model.

    Args:
        space: where to search.
        rng: decides everything.
        epochs: that the task answers; filled in by a comparison.
        eta: the best of as many go on, to as many times the epochs.
        min_epoch: the first rung.
        max_epoch: the last one; None for the task's last epoch.
        kind: ``promotion`` of paused trials, or ``stopping`` of running ones.
        predictor: label of a predictor with a standard deviation.
        acquisition: as in ``bayesian_optimization``.
        pool: as there.
        pool_size: candidates in a pool, unless it is the whole space.
        n_init: results that a rung must have before it is learnt from.
        refit_every: results between two fits.

    Raises:
        InvalidOption: numbers outside their range, or epochs that do not fit each other.
        UnknownName: no such kind, predictor, acquisition or pool.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"stopping": {"kind": "stopping"}}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: Sequence[int] = (),
        eta: float = 3,
        min_epoch: int = 1,
        max_epoch: int | None = None,
        kind: str = "promotion",
        predictor: "str | type | Choice" = "functional_gp",
        acquisition: str = "log_ei",
        pool: str = "half",
        pool_size: int = 200,
        n_init: int = 6,
        refit_every: int = 5,
    ) -> None:
        rungs = Ladder(epochs, eta=eta, min_epoch=min_epoch, max_epoch=max_epoch).upwards()
        proposing = Proposing(
            predictor=predictor,
            acquisition=acquisition,
            pool=pool,
            pool_size=pool_size,
            n_init=n_init,
            refit_every=refit_every,
        )
        super().__init__(space, rng, brackets=[rungs], shares=[1], eta=eta, kind=kind, proposing=proposing)
