"""The input of acquisition functions, and their base class."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nasbench.arrays import Floats


@dataclass(frozen=True, slots=True)
class Posterior:
    """The prediction for m candidates, with everything else that an acquisition function needs.

    Attributes:
        mean: [m] expected score.
        std: [m] standard deviation around it; zeros where the predictor has none.
        best: score to improve on.
        kappa: exploration weight: standard deviations that a confidence bound adds to the mean.
        rng: draws for acquisition functions that sample.
    """

    mean: Floats
    std: Floats
    best: float
    kappa: float
    rng: np.random.Generator

    @property
    def z(self) -> Floats:
        """[m] standard deviations by which the mean exceeds the best."""
        return (self.mean - self.best) / self.std


class Acquisition:
    """Base class of all acquisition functions; larger values are better.

    Attributes:
        needs_std: whether it uses the standard deviation.
        drawn_anew: whether it is recomputed, with new draws, for each member of a batch.
        values: kind of its values: the ``logarithm`` of something positive, ``positive`` numbers, or any ``real`` ones.
    """

    needs_std: ClassVar[bool] = True
    drawn_anew: ClassVar[bool] = False
    values: ClassVar[Literal["logarithm", "positive", "real"]] = "real"

    def __call__(self, posterior: Posterior) -> Floats:
        """Return the acquisition value of each of m candidates; ``[m]``."""
        raise NotImplementedError
