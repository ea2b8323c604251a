"""How far a trained seed lies from the mean of its architecture: learnt where seeds were repeated.

Of a sample variance v with k degrees of freedom, the expected log is that of the true variance plus
``digamma(k / 2) - log(k / 2)`` (v k / sigma^2 is chi-squared). Logarithms are learnt without that bias.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import digamma

from nasbench.arrays import Floats
from nasbench.backends._ensemble import Ensemble, on_scores
from nasbench.backends._quantities import Constant, Learnt, Quantity, Spread
from nasbench.errors import InvalidOption, PredictorError
from nasbench.tasks._sample import Sample

MODELS = ("auto", "seeds", "constant", "spread", "none")


class Spreads(NamedTuple):
    """Sample variances of repeated trainings.

    Attributes:
        variance: [n] nan where an architecture was trained once.
        freedom: [n] degrees of freedom, repetitions less one.
    """

    variance: Floats
    freedom: Floats


def spreads(scores: Floats) -> Spreads:
    """Return the spread of seeds [n, s], nan where missing."""
    n_seeds = (~np.isnan(scores)).sum(axis=1)
    freedom = (n_seeds - 1).clip(min=0).astype(np.float64)
    filled = np.where(np.isnan(scores), 0.0, scores)
    mean = filled.sum(axis=1) / n_seeds.clip(min=1)
    squares = np.where(np.isnan(scores), 0.0, (filled - mean[:, None]) ** 2).sum(axis=1)
    return Spreads(np.divide(squares, freedom, out=np.full(len(scores), np.nan), where=freedom > 0), freedom)


def log_likelihood(found: Spreads, std: Floats) -> float:
    """Return the mean log-likelihood of the variances under standard deviations [n], up to a constant.

    Per degree of freedom, of a normal distribution; larger is better.
    """
    seen = found.freedom > 0
    variance = np.maximum(std[seen] ** 2, np.finfo(float).tiny)
    terms = -0.5 * found.freedom[seen] * (np.log(variance) + found.variance[seen] / variance)
    return float(terms.sum() / found.freedom[seen].sum())


def fit_noise(sample: Sample, observed: Learnt, model: str, rng: np.random.Generator) -> Quantity:
    """Return the noise model of a sample, ``auto`` being the likelier of a constant and a learnt one.

    Args:
        sample: what to learn from.
        observed: the fitted mean.
        model: one of ``MODELS``; ``spread`` takes the uncertainty of the mean's ensemble for noise.
        rng: for the fits.

    Raises:
        InvalidOption: noise to be learnt from seeds where none was repeated.
    """
    found = spreads(sample.scores)
    total = found.freedom.sum()
    if model in ("seeds", "constant") and not total:
        raise InvalidOption(f"noise '{model}' is learnt from repeated seeds, and no architecture has two; use 'spread'")
    if model == "spread":
        return Spread(observed)
    if model == "none" or not total or not np.nansum(found.variance):
        return Constant(0.0)
    pooled = Constant(float(np.sqrt(np.nansum(found.variance * found.freedom) / total)))
    if model == "constant":
        return pooled
    learnt, unseen = _learnt(sample, found, observed, rng)
    if learnt is None:
        return pooled
    better = log_likelihood(found, unseen) > log_likelihood(found, np.full(len(unseen), pooled.value))
    return learnt if model == "seeds" or better else pooled


def _learnt(sample: Sample, found: Spreads, observed: Learnt, rng: np.random.Generator) -> tuple[Learnt | None, Floats]:
    """Return a model of the log standard deviation, and what it says of architectures it has not seen [n]."""
    seen = np.flatnonzero(found.freedom > 0)
    # equal seeds have no logarithm: they count as half the smallest spread that was seen
    smallest = found.variance[found.variance > 0].min() / 4
    half = found.freedom[seen] / 2
    log_variance = np.log(np.maximum(found.variance[seen], smallest)) - digamma(half) + np.log(half)
    ensemble = Ensemble(sample.space, on_scores(observed.ensemble.predictor), observed.n_members)
    try:
        log_std = ensemble.fit(sample.archs[seen], log_variance / 2, rng)
    except PredictorError:
        return None, np.empty(0)  # too few repeated seeds, or all spreads equal
    # a predictor's mean of logs is too low where errors of the fit are large: what was seen sets the level
    level = np.sqrt(np.average(found.variance[seen] / np.exp(2 * log_std), weights=found.freedom[seen]))
    unseen = np.full(len(sample.archs), np.nan)
    unseen[seen] = np.exp(log_std) * level
    return Learnt(ensemble, observed.n_members, log_scale=float(level)), unseen
