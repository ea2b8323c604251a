"""Running an evaluation: in parallel over processes, resumable, the same bits for any number of jobs."""

import json
import tempfile
import traceback
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.errors import PredictorError
from nasbench.evaluation._evaluation import Evaluation, Key, trained_task
from nasbench.evaluation._measure import PeakMemory, Stopwatch
from nasbench.evaluation._metrics import measure, reliability
from nasbench.evaluation._protocols import Pool, Split, pool_of, split, training_scores
from nasbench.evaluation._record import Measured, Outcome, PredictionRecord
from nasbench.experiment._compare import open_task
from nasbench.experiment._fill import Pair, check_jobs, fill
from nasbench.files import alone
from nasbench.predictions import Batch, Prediction, Predictor, make_predictor
from nasbench.registry import PREDICTORS, Choice
from nasbench.tasks import Task
from nasbench.threads import one_thread

_CHUNK = 50_000
"""Architectures asked at once, which bounds the memory of their features."""


@lru_cache(maxsize=4)
def _opened(name: str, entry: str, proxies: str) -> tuple[Task, Pool]:
    task = trained_task(open_task(name, entry))
    return task, pool_of(task, proxies)


def one_run(evaluation: Evaluation, opened: tuple[Task, Pool], choice: Choice, key: Key) -> Outcome:
    """Fit and test one predictor once; one that raises gives a failed outcome, not an error."""
    (task, pool), (size, run) = opened, key
    own, data, noise = evaluation.streams(task.name, choice.label, key)
    parts = split(pool, size, data, protocols=evaluation.protocols, test_size=evaluation.test_size)
    score = training_scores(task, pool, parts.train, evaluation.labels, noise)
    error, measured, m = "", Measured(), len(parts.asked)
    try:
        choice.resolve(PREDICTORS)  # imports what it needs before threads are limited and seconds counted
        with one_thread():
            predictor = make_predictor(task.space, choice)
            prediction, measured = _timed(predictor, pool.batch(parts.train), score, pool.batch(parts.asked), own)
    except (Exception, SystemExit):
        # Whatever a predictor does wrong belongs to its run; the other runs go on.
        prediction, error = Prediction(np.full(m, score.mean())), traceback.format_exc()
    with one_thread():
        tests = _tested(pool, parts, prediction)
    return Outcome(size, run, tests, m, error, measured)


def _timed(
    predictor: Predictor, train: Batch, score: np.ndarray[Any, Any], asked: Batch, rng: np.random.Generator
) -> tuple[Prediction, Measured]:
    """Fit and predict, and measure what it costs."""
    memory, watch = PeakMemory(), Stopwatch()
    predictor.fit(train, score, rng)
    fit_s = watch.lap()
    chunks = [
        predictor.predict(asked.take(np.arange(i, min(i + _CHUNK, len(asked))))) for i in range(0, len(asked), _CHUNK)
    ]
    measured = Measured(fit_s, watch.lap(), memory.mb())
    mean = np.concatenate([chunk.mean for chunk in chunks])
    std = None if chunks[0].std is None else np.concatenate([chunk.std for chunk in chunks])
    return _checked(Prediction(mean, std), len(asked)), measured


def _checked(prediction: Prediction, m: int) -> Prediction:
    for name, values in zip(Prediction._fields, prediction, strict=True):
        if values is None:
            continue
        if values.shape != (m,) or not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).sum())
            raise PredictorError(f"{name} of {m} architectures has shape {values.shape} and {bad} values not finite")
    if prediction.std is not None and not (prediction.std > 0).all():
        raise PredictorError(f"the smallest std is {prediction.std.min()}; expected positive numbers, or None for all")
    return prediction


def _tested(pool: Pool, parts: Split, prediction: Prediction) -> dict[str, dict[str, Any]]:
    """Return every metric by protocol."""
    tests = {}
    for protocol, positions in parts.tests.items():
        true = pool.score[parts.asked[positions]]
        mean = prediction.mean[positions]
        std = None if prediction.std is None else prediction.std[positions]
        shares = None if std is None else reliability(true, mean, std).tolist()
        tests[protocol] = {"n_test": len(true), **measure(true, Prediction(mean, std)), "reliability": shares}
    return tests


def opened_of(record: PredictionRecord, name: str) -> tuple[Task, Pool]:
    """Open a task of a record with its measured architectures.

    Raises:
        RecordError: its declaration or a table has changed since.
    """
    proxies = next(iter(record.spec.get("proxies", {})), "")
    return _opened(name, json.dumps(record.spec["tasks"][name], sort_keys=True), proxies)


def _recorded(record: PredictionRecord, evaluation: Evaluation, pair: Pair, key: Key) -> Pair:
    """Do one run in this process and write it at once."""
    task, label = pair
    choice = next(choice for choice in evaluation.predictors if choice.label == label)
    record.append(task, label, one_run(evaluation, opened_of(record, task), choice, key))
    return pair


def evaluate(
    tasks: "str | Task | Sequence[str | Task]",
    predictors: "str | type | Choice | Sequence[str | type | Choice]",
    *,
    train_sizes: int | Sequence[int] = (10, 50, 100, 250, 1000),
    n_jobs: int = 1,
    out: Path | str | None = None,
    retry_failed: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> PredictionRecord:
    """Evaluate predictors on tasks and record every metric.

    Args:
        tasks: names, as ``nasbench list`` shows them, or tasks.
        predictors: labels ``NAME[@PRESET][,option=value]``, or classes of your own.
        train_sizes: numbers of training architectures.
        n_jobs: processes; -1 for one per core. Only measured seconds and memory depend on it.
        out: where to write; what is already there is not done again. None for a temporary folder.
        retry_failed: do failed runs again.
        on_progress: called with (runs done, runs in all).
        **options: ``runs``, ``seed``, ``protocols``, ``test_size``, ``labels`` and ``proxies`` of ``Evaluation``.

    Returns:
        The record; ``print`` shows its leaderboard.

    Raises:
        NasbenchError: bad names or options, before anything runs.
        OSError: the record cannot be written; what was finished stays.
    """
    evaluation = Evaluation.of(tasks, predictors, train_sizes, **options)
    check_jobs(n_jobs)
    spec = evaluation.spec()
    path = Path(out) if out is not None else Path(tempfile.mkdtemp(prefix="nasbench-"))
    with alone(path / "spec.json"):
        record = PredictionRecord.open_for(path, spec)
        keys = {(task, choice.label): evaluation.keys for task in evaluation.tasks for choice in evaluation.predictors}
        do = partial(_recorded, record, evaluation)
        fill(record, keys, do, n_jobs=n_jobs, retry_failed=retry_failed, on_progress=on_progress)
    return record
