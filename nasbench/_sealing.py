"""Sealing of trials and results: the simulation keeps them in the documented types, in arrays that cannot change."""

import math
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from nasbench.arrays import Floats, Ints, freeze_array, is_frozen
from nasbench.errors import StrategyError
from nasbench.trials import FULL_TRAINING, Results, Trials

_INT64 = np.dtype(np.int64)
AskedTrial = tuple[int, float, int, Results]
"""Row among all asked trials, seconds, epochs, and the results that the strategy will get."""


def is_final(array: Any, dtype: np.dtype[Any]) -> bool:
    """Return whether an array has the documented type and can never be changed, so that it needs no copy."""
    return isinstance(array, np.ndarray) and array.dtype == dtype and is_frozen(array)


def seal(results: Results, trials: Trials) -> Results:
    """Return results that nothing can change, including the strategy that gets them."""
    score, cost_s = cast(Any, results.score), cast(Any, results.cost_s)
    if type(score.base) is type(cost_s.base) is bytes and results.id is trials.id and is_frozen(results.epoch):
        return results  # most calls
    return Results(freeze_array(results.id), freeze_array(results.epoch), freeze_array(score), freeze_array(cost_s))


def runs_forward(cost_s: Floats, costs: list[float]) -> bool:
    """Return whether all costs are positive and finite; ``costs`` holds the numbers of ``cost_s`` [n] as a list."""
    if len(costs) == 1:
        return 0 < costs[0] < math.inf
    return costs[cost_s.argmin()] > 0 and costs[cost_s.argmax()] < math.inf  # both find a nan if there is one


def are_complete(epochs: Ints) -> bool:
    """Return whether all of ``epochs`` [n] are ``FULL_TRAINING``; a single number avoids a slower array call."""
    return bool(epochs.item() == FULL_TRAINING if len(epochs) == 1 else (epochs == FULL_TRAINING).all())


def own_labels(labels: Any) -> Ints:
    """Return ids or epochs as frozen int64, a copy unless they are frozen already."""
    if isinstance(labels, np.ndarray) and labels.dtype == _INT64 and labels.ndim == 1:
        return freeze_array(labels)
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.ndim != 1 or (array > np.iinfo(np.int64).max).any():
        raise StrategyError(f"ask returned ids or epochs of type {array.dtype} {array.shape}; expected int64 [n]")
    return freeze_array(array.astype(np.int64))


def cut_apart(row: int, results: Results, epochs: list[int], *, alone: bool) -> Iterator[AskedTrial]:
    """Cut a batch into single trials, each of which ends on its own.

    Args:
        row: row of the first trial.
        results: results of the batch, frozen.
        epochs: [n] new epochs of each trial.
        alone: give each trial memory of its own. A part of an array gives access to the whole array, so a strategy
            that asks while other trials are running could see how these end. With one worker all results are told
            before it asks again.
    """
    # Iterating over arrays with one more axis gives rows of length one, in two thirds of the time of slices.
    ids, reached, score, cost_s = (column[:, None] for column in results)
    seen = (map(_copy_apart, score), map(_copy_apart, cost_s)) if alone else (score, cost_s)
    pieces = map(Results._make, zip(ids, reached, *seen, strict=True))
    costs = results.cost_s.tolist()
    return zip(range(row, row + len(costs)), costs, epochs, pieces, strict=True)


def _copy_apart(part: Floats) -> Floats:
    """Return a frozen copy with memory of its own."""
    return np.ndarray(part.shape, part.dtype, part.tobytes())
