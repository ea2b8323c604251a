"""Weights of models by how well they rank the observations: the mathematics of RGPE (arXiv 1802.02219, section 4)."""

import numpy as np

from nasbench.arrays import Floats

_GUARD = 95  # percentile of the target's own losses that a model's median must not exceed


def count_misranked(predicted: Floats, observed: Floats) -> Floats:
    """Return for each pair whether a model orders it differently from the observations.

    Args:
        predicted: [models, n] expected scores.
        observed: [n] scores.

    Returns:
        ``[models, n, n]`` of zeros and ones (equation 5).
    """
    wrong: Floats = ((predicted[:, :, None] < predicted[:, None, :]) ^ (observed[:, None] < observed[None, :])).astype(
        np.float64
    )
    return wrong


def count_misranked_held_out(expected: Floats, observed: Floats) -> Floats:
    """Return for each pair whether the held-out prediction of one lies on the wrong side of the other's score.

    Two held-out predictions cannot be compared, since each comes from a model of its own, and those are biased against
    the scores: a model without the best point predicts less for it than the model without the worst predicts for the
    worst. So a prediction is compared with the observed scores of the others, as the authors' code does, and not with
    its own.

    Args:
        expected: [n] prediction of each point by a model without it.
        observed: [n] scores.

    Returns:
        ``[n, n]`` of zeros and ones; the first axis is the point that was held out.
    """
    wrong = (expected[:, None] < observed[None, :]) ^ (observed[:, None] < observed[None, :])
    np.fill_diagonal(wrong, val=False)
    return wrong.astype(np.float64)


def bootstrap_losses(wrong: Floats, n_samples: int, rng: np.random.Generator) -> Floats:
    """Count misranked pairs of observations drawn with replacement, the same draw for all models.

    Args:
        wrong: [models, n, n] as returned by ``count_misranked``.
        n_samples: number of bootstrap samples.
        rng: draws the samples.

    Returns:
        ``[models, n_samples]`` losses.
    """
    n = wrong.shape[1]
    counts = rng.multinomial(n, np.full(n, 1 / n), size=n_samples).astype(np.float64)
    losses: Floats = np.einsum("sj,mjs->ms", counts, wrong @ counts.T, optimize=True)
    return losses


def compute_ranking_weights(losses: Floats) -> Floats:
    """Return the share of samples in which each model has the smallest loss; the last model is the target's own.

    A model whose median loss exceeds the 95th percentile of the target's gets no weight: many bad models would
    otherwise win by chance now and then, and dilute the weight of the good ones. The target wins ties that include it;
    other ties are shared.

    Args:
        losses: [models, samples].

    Returns:
        ``[models]`` weights that sum to 1.
    """
    guarded = losses.copy()
    guarded[np.median(losses, axis=1) > np.percentile(losses[-1], _GUARD)] = np.inf
    guarded[-1] = losses[-1]
    best = guarded == guarded.min(axis=0)
    best[:-1, best[-1]] = False
    weights: Floats = (best / best.sum(axis=0)).mean(axis=1)
    return weights
