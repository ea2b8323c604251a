"""The best architectures of a search by observed score, and a predictor's opinion of them."""

from typing import NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.comparison.record import SearchRecord
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.predictions import Batch, make_predictor
from nasbench.recommending import find_comparable
from nasbench.records.opening import recorded_task
from nasbench.simulation import History
from nasbench.threads import limit_to_one_thread

_FEWEST, _MOST = 2, 500  # size of the predictor's training set


def find_top_architectures(record: SearchRecord, task: str, top: int) -> tuple[Archs, Floats]:
    """Return the best ``top`` architectures of all finished runs on a task, best first.

    Isomorphic architectures count as one, represented by the one that occurred first. Its score is the mean of what
    all runs observed, not the best seed. Scores of trials that were not trained to the last epoch seen are left out.

    Args:
        record: record of a comparison.
        task: one of its tasks.
        top: number of architectures; fewer if the runs evaluated fewer.

    Returns:
        ``[k, d]`` architectures and ``[k]`` their mean observed score, in the metric's unit and sign.

    Raises:
        UnknownName: the task is not in the record.
        InvalidOption: ``top`` is below 1, or the record has no finished trial.
    """
    if top < 1:
        raise InvalidOption(f"top={top}; expected at least 1")
    met = _pool_observations(record, task)
    order = np.argsort(-met.score, kind="stable")[:top]
    return met.archs[order], recorded_task(record, task).sign * met.score[order]


def predict_held_out(record: SearchRecord, task: str, archs: Archs, label: str, rng: np.random.Generator) -> Floats:
    """Predict the metric of architectures [k, d] from all other architectures that a search evaluated; ``[k]``.

    The predictor does not learn from these architectures or from isomorphic ones: its prediction is a third opinion
    beside the search's observation and the training result.

    Args:
        record: record of a comparison.
        task: one of its tasks.
        archs: architectures to predict, such as the winners.
        label: label of the predictor.
        rng: draws the 500 training architectures if there are more, and the predictor's own randomness.

    Raises:
        InvalidOption: there are fewer than two other architectures to learn from.
    """
    met, opened = _pool_observations(record, task), recorded_task(record, task)
    space = opened.space
    known = {one.tobytes() for one in space.canonicalize(archs)}
    others = np.array([one.tobytes() not in known for one in met.classes])
    rows = np.flatnonzero(others)
    if len(rows) < _FEWEST:
        raise InvalidOption(f"record {record.path} has {len(rows)} other architectures; {label} cannot learn from them")
    rows = np.sort(rng.permutation(rows)[:_MOST])
    predictor = make_predictor(space, label)
    with limit_to_one_thread():
        predictor.fit(Batch(met.archs[rows]), met.score[rows], rng)
        return opened.sign * predictor.predict(Batch(archs)).mean


class _Pooled(NamedTuple):
    """Classes of isomorphic architectures: the one that occurred first, its canonical form, and the mean score."""

    archs: Archs
    classes: Archs
    score: Floats


def _pool_observations(record: SearchRecord, task: str) -> _Pooled:
    """Pool the observations of all finished runs on a task; raises the errors of ``winners``."""
    if task not in record.tasks:
        raise make_unknown_name("task of the record", task, record.tasks)
    histories = [
        run.history
        for label in record.strategies
        for run in record.runs(task, label)
        if not run.failed and len(run.history.id)
    ]
    if not histories:
        raise InvalidOption(f"record {record.path} has no finished trial of task {task}; run the comparison first")
    pooled = History(*map(np.concatenate, zip(*histories, strict=True)))
    kept = find_comparable(pooled)
    archs, score = pooled.arch[kept], pooled.score[kept, 0]
    canonical = recorded_task(record, task).space.canonicalize(archs)
    classes, first, inverse = np.unique(canonical, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    return _Pooled(archs[first], classes, np.bincount(inverse, weights=score) / np.bincount(inverse))
