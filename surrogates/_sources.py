"""Other data sets as sources: results that are known before the first training run on a new data set."""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import PredictorError
from nasbench.spaces import Party, SearchSpace, refuse_other_codes
from nasbench.tasks import TableTask, load_task

_MATCHES = 1e-9  # scores closer than this are the same measurement


def list_sources(source: str) -> list[str]:
    """Return the names of the tasks in ``source``, joined by ``+``."""
    return [name.strip() for name in source.split("+") if name.strip()]


def open_sources(source: str, space: SearchSpace) -> list[TableTask]:
    """Return the tasks that ``source`` names.

    Raises:
        InvalidOption: a task belongs to another space.
        UnknownName: a task does not exist.
    """
    return [_open_task(name, space) for name in list_sources(source)]


def _open_task(name: str, space: SearchSpace) -> TableTask:
    task = load_task(name).require_table(f"source '{name}'")
    source, searched = Party(f"source '{name}'", task.space), Party("the searched task", space)
    refuse_other_codes(source, searched, "choose another source")
    return task


def draw_known_results(task: TableTask, n: int, rng: np.random.Generator) -> tuple[Archs, Floats]:
    """Return up to ``n`` random measured architectures of a task and their observed scores (never a test split)."""
    archs = task.table.architectures[rng.permutation(task.rows)]
    score = task.query(archs, task.observed.split)
    rows = np.flatnonzero(np.isfinite(score))[:n]
    return archs[rows], score[rows]


def refuse_target_as_source(task: TableTask, archs: Archs, score: Floats) -> None:
    """Reject a source that contains the scores to be predicted, because it would leak the target's results.

    Raises:
        PredictorError: more than half of the ``score`` [n] of ``archs`` [n, d] are measurements of the source.
    """
    at = task.table.index(archs)
    rows = np.flatnonzero(at >= 0)
    if not len(rows):
        return
    asked = (archs[rows], task.observed.split)
    columns = [task.query(*asked), *(task.query(*asked, seed=seed) for seed in task.observed.axes["seeds"])]
    gap = np.fmin.reduce([np.abs(column - score[rows]) for column in columns])  # not every seed was measured
    if (gap < _MATCHES).mean() > 0.5:
        raise PredictorError(f"source '{task.name}' holds the very scores to be predicted; choose another data set")
