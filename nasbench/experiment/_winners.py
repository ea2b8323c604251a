"""The architectures that a search found best, by what it observed."""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidOption, unknown_name
from nasbench.experiment._compare import recorded_task
from nasbench.experiment._record import Record


def winners(record: Record, task: str, top: int) -> tuple[Archs, Floats]:
    """Return the best ``top`` architectures of all finished runs on a task, the best first.

    Isomorphic architectures count as one, as the one of them that was met first. Its score is the mean
    of what runs observed of it: nobody's best seed alone. Scores of trials that were not trained to the
    last epoch seen are left out.

    Args:
        record: a comparison.
        task: one of its tasks.
        top: how many; fewer if the runs met fewer.

    Returns:
        ``[k, d]`` architectures and ``[k]`` their mean observed score.

    Raises:
        UnknownName: a task that is not in the record.
        InvalidOption: less than one, or a record without a finished trial.
    """
    if top < 1:
        raise InvalidOption(f"top={top}; expected at least 1")
    if task not in record.tasks:
        raise unknown_name("task of the record", task, record.tasks)
    histories = [
        run.history
        for label in record.strategies
        for run in record.runs(task, label)
        if not run.failed and len(run.history.id)
    ]
    if not histories:
        raise InvalidOption(f"record {record.path} has no finished trial of task {task}; run the comparison first")
    archs, score, epoch = (np.concatenate([getattr(h, name) for h in histories]) for name in ("arch", "score", "epoch"))
    kept = (epoch == epoch.max()) & ~np.isnan(score)
    return _best(archs[kept], recorded_task(record, task).space.canonical(archs[kept]), score[kept], top)


def _best(archs: Archs, classes: Archs, score: Floats, top: int) -> tuple[Archs, Floats]:
    _, first, inverse = np.unique(classes, axis=0, return_index=True, return_inverse=True)
    inverse = inverse.ravel()
    mean = np.bincount(inverse, weights=score) / np.bincount(inverse)
    order = np.argsort(-mean, kind="stable")[:top]
    return archs[first[order]], mean[order]
