"""Trials and results as the simulation keeps them: of the documented types, and never changed by who has them."""

import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from nasbench.arrays import Floats, Ints, freeze_array, is_frozen
from nasbench.errors import StrategyError
from nasbench.trials import FULL_TRAINING, Results, Trials

_INT64 = np.dtype(np.int64)
AskedTrial = tuple[int, float, int, Results]
"""Row among all that were asked, seconds, epochs, and what the strategy will be told."""


def is_final(array: Any, dtype: np.dtype[Any]) -> bool:
    """Whether an array has the documented type and nobody can ever write to it: then it needs no copy."""
    return isinstance(array, np.ndarray) and array.dtype == dtype and is_frozen(array)


def seal(results: Results, trials: Trials) -> Results:
    """Return results that nobody can write to, the strategy that gets them included."""
    score, cost_s = cast(Any, results.score), cast(Any, results.cost_s)
    if type(score.base) is type(cost_s.base) is bytes and results.id is trials.id and is_frozen(results.epoch):
        return results  # most calls
    return Results(freeze_array(results.id), freeze_array(results.epoch), freeze_array(score), freeze_array(cost_s))


def runs_forward(cost_s: Floats, costs: list[float]) -> bool:
    """Whether all of ``cost_s`` [n], which ``costs`` lists, are positive and finite."""
    if len(costs) == 1:
        return 0 < costs[0] < math.inf
    return costs[cost_s.argmin()] > 0 and costs[cost_s.argmax()] < math.inf  # nan counts as either


def are_complete(epochs: Ints) -> bool:
    """Whether all of ``epochs`` [n] are the last one; an array call costs ten times the look at a single number."""
    return bool(epochs.item() == FULL_TRAINING if len(epochs) == 1 else (epochs == FULL_TRAINING).all())


def own_labels(labels: Any) -> Ints:
    """Return ids or epochs as int64, a copy unless nobody can ever write to them."""
    if isinstance(labels, np.ndarray) and labels.dtype == _INT64 and labels.ndim == 1:
        return freeze_array(labels)
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.ndim != 1 or (array > np.iinfo(np.int64).max).any():
        raise StrategyError(f"ask returned ids or epochs of type {array.dtype} {array.shape}; expected int64 [n]")
    return freeze_array(array.astype(np.int64))


def cut_apart(row: int, results: Results, epochs: list[int], *, alone: bool) -> Iterator[AskedTrial]:
    """Cut a batch into trials that end each on its own, after so many ``epochs``.

    Args:
        row: of the first.
        results: of the batch, frozen.
        epochs: [n] new ones of each.
        alone: give each trial memory of its own. Parts of one array lead to the whole of it, and a strategy that asks
            while others are running would see how these end. With one worker all are told before it asks again.
    """
    # Iterating over arrays with one axis more gives rows of length one, in two thirds of the time of slices.
    ids, reached, score, cost_s = (column[:, None] for column in results)
    seen = (map(_alone, score), map(_alone, cost_s)) if alone else (score, cost_s)
    pieces = map(Results._make, zip(ids, reached, *seen, strict=True))
    costs = results.cost_s.tolist()
    return zip(range(row, row + len(costs)), costs, epochs, pieces, strict=True)


def _alone(part: Floats) -> Floats:
    """Return a copy that is frozen and leads to nothing else."""
    return np.ndarray(part.shape, part.dtype, part.tobytes())
