"""How far one query lies from what is reported of its architecture: what a task tells strategies about its noise.

Bad architectures are noisier than good ones, some of their trainings diverge, and a search names its winner among the
good: these alone are looked at.
"""

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Floats

_BEST = 0.1
"""Share of the architectures among which a winner is named."""


def estimate_observation_noise(scores: Floats, n_seeds: npt.NDArray[np.uint16]) -> float:
    """Return the standard deviation of a repetition around the mean of its architecture's, over the best tenth.

    The repetition is one of those that the mean is taken of, as a query is of what is reported. The result is 0 where
    fewer than half of the architectures were trained twice: what is shown of the others is what is reported of them,
    whether it is exact, a mean over seeds already, or one training whose luck nobody can tell.

    Args:
        scores: [n, s] of each repetition, those that may be shown first; nan for a training that crashed.
        n_seeds: [n] how many of them may be shown.
    """
    if not len(scores) or np.median(n_seeds) < 2:
        return 0.0
    shown = np.where(np.arange(scores.shape[1]) < n_seeds[:, None], scores, np.nan)
    shown = shown[(~np.isnan(shown)).sum(axis=1) > 1]
    return average_among_best(np.nanmean(shown, axis=1), np.nanstd(shown, axis=1)) if len(shown) else 0.0


def average_among_best(score: Floats, std: Floats) -> float:
    """Return the root of the mean square of standard deviations [n], over the tenth with the best scores [n]."""
    best = np.argsort(-score, kind="stable")[: max(1, round(_BEST * len(score)))]
    return float(np.sqrt(np.square(std[best]).mean()))
