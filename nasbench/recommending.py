"""The default recommendation of a search: the one place where "the best of a run" is defined.

It is the best observed at the largest fidelity reached so far: among the trials that ended at the latest epoch at which
any has shown a score, the one with the best score. A score after three epochs says little beside one after thirty, so
the first trial that gets further replaces all that were stopped earlier, whatever its score. Ties go to the first
trial, and crashed trials are never recommended. If a task has several objectives, the recommendation is the
non-dominated set: every such trial for which no other trial is at least as good in all objectives.
"""

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.simulation import History
from nasbench.trials import Recommendation


def recommend_by_default(history: History) -> list[Recommendation]:
    """Return the default recommendation each time that it changes, in the order of time.

    The architectures of a set are in the order of their trials. Before the first score there is no recommendation.
    """
    if history.score.shape[1] > 1:
        return _recommend_sets(history)
    at = find_incumbents(history.epoch, history.score[:, 0], history.crashed)
    archs = history.arch.take(at, axis=0)[:, None]
    return list(map(Recommendation, history.finish_s[at].tolist(), archs))


def find_incumbents(epoch: Ints, score: Floats, crashed: Bools, run: Ints | None = None) -> Ints:
    """Return the successive incumbents: trials that were the best at the largest fidelity so far; ``[k]`` positions.

    Args:
        epoch: [n] last finished epoch of each trial, in the order of the answers.
        score: [n] scores that decide which is the best.
        crashed: [n] whether the training run crashed.
        run: [n] number of the run of each trial, rising, if several runs are concatenated; None for one run.
    """
    at = np.flatnonzero(~crashed & (score > -np.inf))
    epoch, score = epoch[at], score[at]
    keys: list[Floats | Ints] = [score, epoch] if run is None else [score, epoch, run[at]]
    if run is None and len(at) and (epoch == epoch[0]).all():
        rank: Floats | Ints = score  # most searches use complete training runs only
    else:
        rank = _rank_together(keys)
    before = np.maximum.accumulate(rank)
    is_new = np.ones(len(at), dtype=np.bool_)
    is_new[1:] = rank[1:] > before[:-1]
    found: Ints = at[is_new]
    return found


def _rank_together(keys: list[Floats | Ints]) -> Ints:
    """Return the rank of each row by several keys [n], of which the last is primary; equal rows have equal ranks."""
    order = np.lexsort(keys)
    differs = np.zeros(len(order), dtype=np.bool_)
    for key in keys:
        differs[1:] |= np.diff(key[order]) != 0
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.cumsum(differs)
    return rank


def find_comparable(history: History) -> Bools:
    """Return for each trial whether it has a score at the largest fidelity of the whole history; ``[n]``."""
    seen = ~history.crashed
    at_largest: Bools = history.epoch == history.epoch[seen].max(initial=0)
    return seen & at_largest


def find_non_dominated(scores: Floats) -> Ints:
    """Return the non-dominated rows of ``scores`` [n, objectives]; ``[k]`` positions.

    All objectives are maximised; a missing score, nan, is worse than any. Of equal rows only the first one counts.
    """
    front = np.empty(0, dtype=np.int64)
    shown = np.where(np.isnan(scores), -np.inf, scores)
    for i in range(len(shown)):
        front = _extend_front(front, shown, i)
    return front


def _extend_front(front: Ints, shown: Floats, i: int) -> Ints:
    """Return the non-dominated rows among ``front`` and row ``i``; the same object if row ``i`` adds nothing."""
    if (shown[front] >= shown[i]).all(axis=1).any():
        return front
    kept = ~(shown[i] >= shown[front]).all(axis=1)
    return np.append(front[kept], i)


def _recommend_sets(history: History) -> list[Recommendation]:
    """Return the non-dominated sets at the largest fidelity so far, each time that they change."""
    shown = np.where(np.isnan(history.score), -np.inf, history.score)
    found: list[Recommendation] = []
    front, reached = np.empty(0, dtype=np.int64), -1
    for i in np.flatnonzero(~history.crashed).tolist():
        epoch = history.epoch.item(i)
        if epoch < reached:
            continue
        before = front if epoch == reached else front[:0]
        reached, front = epoch, _extend_front(before, shown, i)
        if front is not before:
            archs: Archs = history.arch.take(front, axis=0)
            found.append(Recommendation(history.finish_s.item(i), archs))
    return found
