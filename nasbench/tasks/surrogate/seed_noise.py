"""How far a trained seed lies from the mean of its architecture: learnt where seeds were repeated.

Of a sample variance v with k degrees of freedom, the expected log is that of the true variance plus
``digamma(k / 2) - log(k / 2)`` (v k / sigma^2 is chi-squared). Logarithms are learnt without that bias.
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
    """Sample variances of repeated trainings.

    Attributes:
        variance: [n] nan where an architecture was trained once.
        freedom: [n] degrees of freedom, repetitions less one.
    """

    variance: Floats
    freedom: Floats


def compute_seed_variances(scores: Floats) -> SeedVariances:
    """Return the spread of seeds [n, s], nan where missing."""
    n_seeds = (~np.isnan(scores)).sum(axis=1)
    freedom = (n_seeds - 1).clip(min=0).astype(np.float64)
    filled = np.where(np.isnan(scores), 0.0, scores)
    mean = filled.sum(axis=1) / n_seeds.clip(min=1)
    squares = np.where(np.isnan(scores), 0.0, (filled - mean[:, None]) ** 2).sum(axis=1)
    return SeedVariances(np.divide(squares, freedom, out=np.full(len(scores), np.nan), where=freedom > 0), freedom)


def compute_noise_level(found: SeedVariances, std: Floats) -> float:
    """Return what standard deviations [n] are to be multiplied by so that half of the variances lie below.

    A mean would be decided by the few trainings that diverge; a median is right for the others.
    """
    seen = found.freedom > 0
    freedom = found.freedom[seen]
    expected = std[seen] ** 2 * chi2.ppf(0.5, freedom) / freedom
    return float(np.sqrt(np.median(found.variance[seen] / expected)))


def fit_noise(sample: MeasuredSample, observed: LearntQuantity, model: str, rng: np.random.Generator) -> Quantity:
    """Return the noise model of a sample.

    ``auto`` learns the noise of each architecture if what is learnt orders the spreads of unseen ones (Kendall's
    test, p < 0.01), and takes a constant otherwise.

    Args:
        sample: what to learn from.
        observed: the fitted mean.
        model: one of ``MODELS``; ``spread`` takes the uncertainty of the mean's ensemble for noise.
        rng: for the fits.

    Raises:
        InvalidOption: noise to be learnt from seeds where none was repeated.
    """
    found = compute_seed_variances(sample.scores)
    total = found.freedom.sum()
    if model in ("seeds", "constant") and not total:
        raise InvalidOption(f"noise '{model}' is learnt from repeated seeds, and no architecture has two; use 'spread'")
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
    """Return a model of the log standard deviation, and whether it orders architectures it has not seen."""
    seen = np.flatnonzero(found.freedom > 0)
    # equal seeds have no logarithm: they count as half the smallest spread that was seen
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
