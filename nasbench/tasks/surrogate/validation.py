"""Validation of a surrogate: its predictions for held-out architectures against their measurements."""

from typing import Any

import numpy as np
from scipy import stats

from nasbench.arrays import Floats, Ints
from nasbench.tasks.surrogate.model import COST, NOISE, OBSERVED, Surrogate
from nasbench.tasks.surrogate.sample import MeasuredSample
from nasbench.tasks.surrogate.seed_noise import compute_seed_variances

_MOST_JUDGED = 10_000


def validate_surrogate(
    surrogate: Surrogate, learnt: MeasuredSample, held_out: MeasuredSample, rng: np.random.Generator
) -> dict[str, Any]:
    """Return the validation figures of a surrogate as plain data; None where a figure is not defined.

    ``tau`` is computed over the held-out architectures; ``tau_without_twins`` over those that are not isomorphic to
    a training architecture, since a look-up would predict the others equally well.
    """
    if len(held_out) > _MOST_JUDGED:
        held_out = held_out.take(np.sort(rng.permutation(len(held_out))[:_MOST_JUDGED]))
    truth, mean = held_out.mean, surrogate.predict(OBSERVED, held_out.archs)
    new = _without_twins(learnt, held_out)
    top = np.flatnonzero(truth >= np.quantile(truth, 0.9))
    return {
        "protocol": "random split of the measured architectures",
        "n_learnt": len(learnt),
        "n_held_out": len(held_out),
        "tau": _tau(truth, mean),
        "tau_without_twins": _tau(truth[new], mean[new]),
        "tau_top_tenth": _tau(truth[top], mean[top]),
        "tau_of_two_seeds": _tau(*held_out.scores[:, :2].T) if held_out.scores.shape[1] > 1 else None,
        "r2": _r2(truth, mean),
        "mean_absolute_error": float(np.abs(truth - mean).mean()),
        "cost": _cost(surrogate, held_out),
        "noise": _noise(surrogate, held_out),
        "reported": _reported(surrogate, held_out),
    }


def _without_twins(learnt: MeasuredSample, held_out: MeasuredSample) -> Ints:
    space = learnt.space
    known = {arch.tobytes() for arch in space.canonicalize(learnt.archs)}
    return np.flatnonzero([arch.tobytes() not in known for arch in space.canonicalize(held_out.archs)])


def _tau(truth: Floats, predicted: Floats) -> float | None:
    both = ~np.isnan(truth) & ~np.isnan(predicted)
    truth, predicted = truth[both], predicted[both]
    if len(truth) < 3 or np.ptp(truth) == 0 or np.ptp(predicted) == 0:
        return None
    return float(stats.kendalltau(truth, predicted).statistic)


def _r2(truth: Floats, predicted: Floats) -> float | None:
    variance = float(truth.var())
    return 1 - float(((truth - predicted) ** 2).mean()) / variance if variance else None


def _cost(surrogate: Surrogate, held_out: MeasuredSample) -> dict[str, float | None]:
    """Return how well seconds are predicted: R2 of their logs, and the ratio of their sums, which budgets depend on."""
    truth, predicted = held_out.cost_s, surrogate.predict(COST, held_out.archs)
    return {"r2_of_log": _r2(np.log(truth), np.log(predicted)), "sum_ratio": float(predicted.sum() / truth.sum())}


def _noise(surrogate: Surrogate, held_out: MeasuredSample) -> dict[str, float | None] | None:
    """Return how well the spread of held-out seeds is predicted: its ranks, and the share below the 90 % quantile."""
    found, std = compute_seed_variances(held_out.scores), surrogate.predict(NOISE, held_out.archs)
    seen = np.flatnonzero((found.freedom > 0) & (std > 0))
    if not len(seen):
        return None
    squares = found.variance[seen] * found.freedom[seen] / std[seen] ** 2
    inside = squares < stats.chi2.ppf(0.9, found.freedom[seen])
    return {"tau_of_spreads": _tau(found.variance[seen], std[seen]), "within_90": float(inside.mean())}


def _reported(surrogate: Surrogate, held_out: MeasuredSample) -> dict[str, float | None]:
    return {
        label: _tau(truth, surrogate.predict(f"report/{label}", held_out.archs))
        for label, truth in held_out.reported.items()
    }
