"""What an acquisition function is given, and what it declares."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from nasbench.arrays import Floats


@dataclass(frozen=True, slots=True)
class Posterior:
    """What is known of m candidates when they are weighed.

    Attributes:
        mean: [m] expected score.
        std: [m] standard deviation around it; zeros where the predictor has none.
        best: score to improve on.
        kappa: exploration weight: standard deviations that a confidence bound adds to the mean.
        rng: draws for acquisitions that sample.
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
    """Base of all acquisition functions; larger values are better.

    Attributes:
        needs_std: whether it uses the standard deviation.
        drawn_anew: whether it is computed again, with new draws, for each member of a batch.
        values: ``logarithm`` of something positive, ``positive`` numbers, or any ``real`` ones.
    """

    needs_std: ClassVar[bool] = True
    drawn_anew: ClassVar[bool] = False
    values: ClassVar[Literal["logarithm", "positive", "real"]] = "real"

    def __call__(self, posterior: Posterior) -> Floats:
        """Return what each of m candidates is worth; ``[m]``."""
        raise NotImplementedError
