"""What a candidate is worth, given what a predictor expects of it: larger is better.

Sources: probability of improvement (Kushner 1964), expected improvement (Mockus 1978; Jones, Schonlau &
Welch 1998), its logarithm in the stable form of Ament et al. 2023 (arXiv 2310.20708, section 4.1), upper
confidence bound (Cox & John 1992; Srinivas et al. 2010, arXiv 0912.3995), Thompson sampling (Thompson
1933), here from the candidates' marginal distributions as in White et al. 2019 (BANANAS, arXiv
1910.11858), who draw once for all that is asked together: independent Thompson sampling (``its``). ``drawn_ucb`` draws
the number of deviations from an exponential distribution each time (Hutter, Hoos & Leyton-Brown 2012, "Parallel
Algorithm Configuration"): most choices trust the mean, a few explore, and no one number has to suit every task.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import erfcx, log_ndtr, ndtr

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption, unknown_name
from nasbench.predictions import Prediction

_LOG_ROOT_2PI = np.log(2 * np.pi) / 2
_FAR = -1e3  # below it, 1 - sqrt(pi / 2) |z| erfcx(|z| / sqrt 2) loses its digits; it is 1 / z^2 - 3 / z^4 there


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known when candidates are weighed.

    Attributes:
        mean: [m] expected score.
        std: [m] standard deviation around it; zeros where the predictor has none.
        best: score to improve on.
        kappa: standard deviations that ``ucb`` adds to the mean, and ``drawn_ucb`` on average.
        rng: draws for the sampling acquisitions.
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


Acquisition = Callable[[Outlook], Floats]


def log_h(z: Floats) -> Floats:
    """Return the logarithm of ``phi(z) + z Phi(z)`` [m], exact to rounding for any ``z``."""
    near = np.maximum(z, -1.0)
    far = np.minimum(z, -1.0)
    direct: Floats = np.log(np.exp(-(near**2) / 2 - _LOG_ROOT_2PI) + near * ndtr(near))
    middle, beyond = np.maximum(far, _FAR), np.minimum(far, _FAR)  # each branch where it is exact
    close = np.log1p(np.sqrt(np.pi / 2) * erfcx(-middle / np.sqrt(2)) * middle)
    tail = np.where(far > _FAR, close, np.log1p(-3 / beyond**2) - 2 * np.log(-beyond))
    return np.where(z > -1.0, direct, -(far**2) / 2 - _LOG_ROOT_2PI + tail)


def expected_improvement(outlook: Outlook) -> Floats:
    """Return the mean of how far a score exceeds the best, zero where it does not; ``[m]``."""
    return np.exp(log_expected_improvement(outlook))


def log_expected_improvement(outlook: Outlook) -> Floats:
    """Return the logarithm of the expected improvement, which still orders where that is zero; ``[m]``."""
    return log_h(outlook.z) + np.log(outlook.std)


def probability_of_improvement(outlook: Outlook) -> Floats:
    """Return the logarithm of the chance that a score exceeds the best; ``[m]``."""
    chance: Floats = log_ndtr(outlook.z)
    return chance


def upper_confidence_bound(outlook: Outlook) -> Floats:
    """Return the mean plus ``kappa`` standard deviations; ``[m]``."""
    return outlook.mean + outlook.kappa * outlook.std


def drawn_confidence_bound(outlook: Outlook) -> Floats:
    """Return the mean plus so many standard deviations as are drawn, one number for all; ``[m]``."""
    return outlook.mean + outlook.rng.exponential(outlook.kappa) * outlook.std


def exploit(outlook: Outlook) -> Floats:
    """Return the mean; ``[m]``."""
    return outlook.mean


def marginal_draw(outlook: Outlook) -> Floats:
    """Draw one score of each candidate, independently; ``[m]``."""
    return outlook.mean + outlook.std * outlook.rng.standard_normal(len(outlook.mean))


ACQUISITIONS: Mapping[str, Acquisition] = {
    "ei": expected_improvement,
    "log_ei": log_expected_improvement,
    "pi": probability_of_improvement,
    "ucb": upper_confidence_bound,
    "drawn_ucb": drawn_confidence_bound,
    "thompson": marginal_draw,
    "its": marginal_draw,
    "exploit": exploit,
}
LOGARITHMS = frozenset({"log_ei", "pi"})
"""Acquisitions whose values are logarithms already."""
DRAWN_ANEW = frozenset({"thompson", "drawn_ucb"})
"""Acquisitions that are computed again for each candidate of a batch."""
_WITHOUT_STD = frozenset({"exploit"})


def check_acquisition(name: str) -> str:
    """Return ``name`` if it is an acquisition.

    Raises:
        UnknownName: it is none.
    """
    if name not in ACQUISITIONS:
        raise unknown_name("acquisition", name, ACQUISITIONS)
    return name


def weigh(name: str, prediction: Prediction, *, best: float, kappa: float, rng: np.random.Generator) -> Floats:
    """Return what each of m candidates is worth; ``[m]``.

    Raises:
        InvalidOption: the acquisition needs a standard deviation, and the predictor has none.
    """
    std = prediction.std
    if std is None:
        if name not in _WITHOUT_STD and len(prediction.mean):
            raise InvalidOption(
                f"acquisition '{name}' needs a standard deviation, which this predictor does not give; "
                "choose acquisition=exploit, or another predictor"
            )
        std = np.zeros(len(prediction.mean))
    return ACQUISITIONS[name](Outlook(prediction.mean, std, best, kappa, rng))


def log_positive(name: str, worth: Floats) -> Floats:
    """Return the logarithm of an acquisition made positive, where it is not, by a soft plus; ``[m]``."""
    if name in LOGARITHMS:
        return worth
    if name == "ei":
        return np.log(np.maximum(worth, np.finfo(np.float64).tiny))
    softened: Floats = np.log(np.logaddexp(0, (worth - worth.mean()) / max(float(worth.std()), 1e-12)))
    return softened


def log_local_penalty(distance: Floats, *, steepness: float, lead: Floats, std: Floats) -> Floats:
    """Return the logarithm of how far m candidates may be explored beside p pending ones; ``[m]``.

    Gonzalez, Dai, Hennig & Lawrence 2016 (arXiv 1505.08052), equation 9: the chance that a candidate lies outside the
    ball around a pending architecture in which the optimum cannot be.

    Args:
        distance: [m, p] decisions in which candidate and pending architecture differ.
        steepness: largest change of the score with a decision (their Lipschitz constant).
        lead: [p] the best score minus what is expected of the pending one.
        std: [p] standard deviation of the pending one.
    """
    penalty: Floats = log_ndtr((steepness * distance - lead) / std).sum(axis=1)
    return penalty
