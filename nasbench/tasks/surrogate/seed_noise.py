"""Seed noise: deviation of one training run from its architecture's mean, learnt from repeated seeds.

The expected log of a sample variance v with k degrees of freedom is the log of the true variance plus
``digamma(k / 2) - log(k / 2)`` (v k / sigma^2 is chi-squared). This bias is removed before logs are learnt.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import digamma
from scipy.stats import chi2

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption, PredictorError
from nasbench.tasks.surrogate.ensemble import ModelEnsemble, learn_plain_scores
from nasbench.tasks.surrogate.quantities import ConstantQuantity, LearntQuantity, Quantity, SpreadQuantity
from nasbench.tasks.surrogate.sample import MeasuredSample

_SIGNIFICANT = 0.01
MODELS = ("auto", "seeds", "constant", "spread", "none")


class SeedVariances(NamedTuple):
    """Sample variances of repeated training runs.

    Attributes:
        variance: [n] sample variance, nan where an architecture was trained once.
        freedom: [n] degrees of freedom: repetitions minus one.
    """

    variance: Floats
    freedom: Floats


def compute_seed_variances(scores: Floats) -> SeedVariances:
    """Return the sample variances over seeds of scores [n, s], nan where missing."""
    n_seeds = (~np.isnan(scores)).sum(axis=1)
    freedom = (n_seeds - 1).clip(min=0).astype(np.float64)
    filled = np.where(np.isnan(scores), 0.0, scores)
    mean = filled.sum(axis=1) / n_seeds.clip(min=1)
    squares = np.where(np.isnan(scores), 0.0, (filled - mean[:, None]) ** 2).sum(axis=1)
    return SeedVariances(np.divide(squares, freedom, out=np.full(len(scores), np.nan), where=freedom > 0), freedom)


def compute_noise_level(found: SeedVariances, std: Floats) -> float:
    """Return the factor of standard deviations [n] for which half of the sample variances lie below expectation.

    The few training runs that diverge would dominate a mean; the median is right for the others.
    """
    seen = found.freedom > 0
    freedom = found.freedom[seen]
    expected = std[seen] ** 2 * chi2.ppf(0.5, freedom) / freedom
    return float(np.sqrt(np.median(found.variance[seen] / expected)))


def fit_noise(sample: MeasuredSample, observed: LearntQuantity, model: str, rng: np.random.Generator) -> Quantity:
    """Return the noise model of a sample.

    ``auto`` learns the noise of each architecture if the learnt model ranks the spreads of unseen architectures
    (Kendall's test, p < 0.01); otherwise it uses a constant.

    Args:
        sample: architectures to learn from.
        observed: the fitted model of the mean.
        model: one of ``MODELS``; ``spread`` uses the uncertainty of the mean's ensemble as noise.
        rng: generator for the fits.

    Raises:
        InvalidOption: noise would be learnt from repeated seeds, and there are none.
    """
    found = compute_seed_variances(sample.scores)
    total = found.freedom.sum()
    if model in ("seeds", "constant") and not total:
        raise InvalidOption(f"noise '{model}' is learnt from repeated seeds, but no architecture has two; use 'spread'")
    if model == "spread":
        return SpreadQuantity(observed)
    if model == "none" or not total or not np.nansum(found.variance):
        return ConstantQuantity(0.0)
    constant = ConstantQuantity(compute_noise_level(found, np.ones(len(sample))))
    if model == "constant":
        return constant
    learnt, significant = _learnt(sample, found, observed, rng)
    return learnt if learnt is not None and (model == "seeds" or significant) else constant


def _learnt(
    sample: MeasuredSample, found: SeedVariances, observed: LearntQuantity, rng: np.random.Generator
) -> tuple[LearntQuantity | None, bool]:
    """Return a model of the log standard deviation, and whether it ranks unseen architectures significantly."""
    seen = np.flatnonzero(found.freedom > 0)
    # the log of a zero variance is infinite: equal seeds count as half the smallest observed spread
    smallest = found.variance[found.variance > 0].min() / 4
    half = found.freedom[seen] / 2
    log_variance = np.log(np.maximum(found.variance[seen], smallest)) - digamma(half) + np.log(half)
    ensemble = ModelEnsemble(sample.space, learn_plain_scores(observed.ensemble.predictor), observed.n_members)
    try:
        log_std = ensemble.fit(sample.archs[seen], log_variance / 2, rng)
    except PredictorError:
        return None, False  # too few repeated seeds, or all spreads equal
    unseen = np.full(len(sample), np.nan)
    unseen[seen] = np.exp(log_std)
    test = stats.kendalltau(log_std, log_variance, alternative="greater")
    return LearntQuantity(ensemble, observed.n_members, log_scale=compute_noise_level(found, unseen)), bool(
        test.pvalue < _SIGNIFICANT
    )
