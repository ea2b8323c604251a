"""Run an evaluation: in parallel processes, resumable, with the same bits for any number of jobs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from nasbench.evaluation.display import PredictionRecord
from nasbench.evaluation.evaluation import Evaluation
from nasbench.evaluation.running import append_run
from nasbench.records.contestants import Contestants, Tasks
from nasbench.records.filling import fill_record


def evaluate(
    tasks: Tasks,
    predictors: Contestants,
    *,
    train_sizes: int | Sequence[int] = (10, 50, 100, 250, 1000),
    n_jobs: int = 1,
    out: Path | str | None = None,
    beside: bool = False,
    retry_failed: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> PredictionRecord:
    """Evaluate predictors on tasks and record every metric.

    Args:
        tasks: names, as ``nasbench list`` shows them, or tasks that are already open.
        predictors: labels ``NAME[@PRESET][,option=value]``, or your own classes; a dictionary gives them names of
            your own, and so does ``nasbench.named``.
        train_sizes: numbers of training architectures.
        n_jobs: number of processes; -1 for one per core. Only measured seconds and memory depend on it.
        out: folder of the record; runs that it already holds are not repeated. None for a temporary folder, which is
            deleted when the record is no longer used.
        beside: if ``out`` holds another experiment, write into ``out-2``, ``out-3`` and so on.
        retry_failed: run failed runs again.
        on_progress: called with (finished runs, total runs).
        **options: ``runs``, ``seed``, ``protocols``, ``test_size``, ``labels``, ``proxies`` and ``cutoffs`` of
            ``Evaluation``.

    Warns:
        FailedRunsWarning: runs failed, now or in an earlier call that this one continues.

    Returns:
        The record; ``print`` shows its leaderboard.

    Raises:
        NasbenchError: names or options are invalid; raised before anything runs.
        OSError: the record cannot be written; finished runs are kept.
    """
    evaluation = Evaluation.of(tasks, predictors, train_sizes, **options)
    keys = {(task, choice.label): evaluation.keys for task in evaluation.tasks for choice in evaluation.predictors}
    return fill_record(
        PredictionRecord,
        evaluation,
        keys,
        append_run,
        n_jobs=n_jobs,
        out=out,
        beside=beside,
        retry_failed=retry_failed,
        on_progress=on_progress,
    )
