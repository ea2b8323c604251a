"""Running an evaluation: in parallel over processes, resumable, the same bits for any number of jobs."""

import json
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import PredictorError, RecordError
from nasbench.evaluation.curves import curve_metrics, cut, examples_of, lengths_of
from nasbench.evaluation.evaluation import Evaluation, Key, trained_task
from nasbench.evaluation.metrics import STEP, measure, reliability
from nasbench.evaluation.protocols import Pool, Split, pool_of, split, training_scores
from nasbench.evaluation.record import Measured, Outcome, PredictionRecord
from nasbench.files import exclusive_lock
from nasbench.jobs import check_jobs
from nasbench.measuring import PeakMemory, Stopwatch
from nasbench.predictions import Batch, Prediction, Predictor, make_predictor
from nasbench.records.contestants import Contestants, Tasks
from nasbench.records.opening import recorded_entries
from nasbench.records.provenance import warn_of_gaps
from nasbench.records.run_missing import run_missing
from nasbench.records.store import make_folder
from nasbench.records.stored_run import Pair
from nasbench.registry import PREDICTORS, Choice
from nasbench.table import find_content, table_names
from nasbench.tasks import Task
from nasbench.tasks.recorded import as_recorded, open_recorded
from nasbench.threads import one_thread

_CHUNK = 50_000
"""Architectures asked at once, which bounds the memory of their features."""


@lru_cache(maxsize=4)
def _opened(name: str, entry: str, proxies: str, curves: bool) -> tuple[Task, Pool]:
    task = trained_task(open_recorded(name, entry))
    return task, pool_of(task, proxies, curves=curves)


def one_run(evaluation: Evaluation, opened: tuple[Task, Pool], choice: Choice, key: Key) -> Outcome:
    """Fit and test one predictor once; one that raises gives a failed outcome, not an error."""
    (task, pool), (size, run) = opened, key
    own, data, noise = evaluation.streams(task.name, choice.label, key)
    parts = split(pool, size, data, protocols=evaluation.protocols, test_size=evaluation.test_size)
    score = training_scores(task, pool, parts.train, evaluation.labels, noise)
    error, measured, m = "", Measured(), len(parts.asked)
    same_for_all = np.full(m, score.mean())  # now: a predictor may write over what it learns from, and then fail
    asked = _asked(evaluation, pool, parts.asked)
    try:
        choice.resolve(PREDICTORS)  # imports what it needs before threads are limited and seconds counted
        with one_thread():
            predictor = make_predictor(task.space, choice)
            predictions, measured = _timed(predictor, pool.batch(parts.train), score, asked, own)
    except (Exception, SystemExit):
        # Whatever a predictor does wrong belongs to its run; the other runs go on.
        predictions, error = [Prediction(same_for_all)] * len(asked), traceback.format_exc()
    with one_thread():
        tests = _tested(evaluation, pool, parts, predictions, _step(task, pool))
        if run == 0 and pool.curves is not None:
            _keep_examples(evaluation, pool.curves.scores[parts.asked], predictions, tests, pool.sign)
    return Outcome(size, run, tests, m, error, measured)


def _asked(evaluation: Evaluation, pool: Pool, rows: Ints) -> list[Batch]:
    """Return what is asked about architectures: once, or with their curves cut at each cutoff."""
    whole = pool.batch(rows)
    if pool.curves is None:
        return [whole]
    return [cut(whole, length) for length in lengths_of(tuple(sorted(evaluation.cutoffs)), pool.curves.scores.shape[1])]


def _timed(
    predictor: Predictor, train: Batch, score: np.ndarray[Any, Any], asked: list[Batch], rng: np.random.Generator
) -> tuple[list[Prediction], Measured]:
    """Fit and predict each batch, and measure what it costs."""
    memory, watch = PeakMemory(), Stopwatch()
    predictor.fit(train, score, rng)
    fit_s = watch.lap()
    predictions = [_predicted(predictor, batch) for batch in asked]
    return predictions, Measured(fit_s, watch.lap(), memory.mb())


def _predicted(predictor: Predictor, asked: Batch) -> Prediction:
    chunks = []
    for i in range(0, len(asked), _CHUNK):
        told = predictor.predict(asked.take(np.arange(i, min(i + _CHUNK, len(asked)))))
        # Copies: a predictor may fill its arrays again.
        chunks.append(Prediction(np.array(told.mean), None if told.std is None else np.array(told.std)))
    mean = np.concatenate([chunk.mean for chunk in chunks])
    std = None if chunks[0].std is None else np.concatenate([chunk.std for chunk in chunks])
    return _checked(Prediction(mean, std), len(asked))


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


def _step(task: Task, pool: Pool) -> float:
    """Return what differences of predictions are too small to matter."""
    return STEP if task.scale.is_fraction else STEP * (float(np.ptp(pool.score)) or 1.0)


def _tested(
    evaluation: Evaluation, pool: Pool, parts: Split, predictions: list[Prediction], step: float
) -> dict[str, dict[str, Any]]:
    """Return every metric by test."""
    cutoffs: list[float | None] = [*sorted(evaluation.cutoffs)] or [None]
    tests, of_cutoff = {}, dict(zip(cutoffs, predictions, strict=True))
    for name, (protocol, cutoff) in evaluation.tests.items():
        positions, prediction = parts.tests[protocol], of_cutoff[cutoff]
        true = pool.score[parts.asked[positions]]
        mean = prediction.mean[positions]
        std = None if prediction.std is None else prediction.std[positions]
        shares = None if std is None else reliability(true, mean, std).tolist()
        tests[name] = {"n_test": len(true), **measure(true, Prediction(mean, std), step=step), "reliability": shares}
        if pool.curves is not None and cutoff is not None:
            cost_s, best = pool.curves.cost_s[parts.asked[positions]], float(pool.score[parts.train].max())
            tests[name] |= curve_metrics(true, Prediction(mean, std), cost_s, best, cutoff)
    return tests


def _keep_examples(
    evaluation: Evaluation,
    curves: Floats,
    predictions: list[Prediction],
    tests: dict[str, dict[str, Any]],
    sign: float,
) -> None:
    """Put the first curves and what is predicted of them, in the metric's sign, into the first protocol's tests."""
    for cutoff, prediction in zip(sorted(evaluation.cutoffs), predictions, strict=True):
        tests[f"{evaluation.protocols[0]}@{cutoff:g}"]["examples"] = examples_of(curves, prediction, sign)


def opened_of(record: PredictionRecord, name: str) -> tuple[Task, Pool]:
    """Open a task of a record with its measured architectures.

    Raises:
        RecordError: its declaration or a table has changed since.
    """
    proxies = proxies_of(record)
    entry = json.dumps(record.spec["tasks"][name])
    return _opened(name, entry, proxies, "cutoffs" in record.spec)


def proxies_of(record: PredictionRecord) -> str:
    """Return the file of the table of proxies that a record was made with, found by its content; empty without one.

    Raises:
        RecordError: it is not here.
    """
    for name, checksum in record.spec.get("proxies", {}).items():
        named = [Path(name)] if name.endswith(".h5") else [table_names().get(name, Path(name))]
        path = find_content(checksum, named)
        if path is None:
            raise RecordError(f"the proxies of {record.path}, table '{name}' with checksum {checksum}, are not here")
        return str(path)
    return ""


def _append_run(record: PredictionRecord, evaluation: Evaluation, pair: Pair, key: Key) -> None:
    """Do one run in this process and write it at once."""
    task, label = pair
    choice = next(choice for choice in evaluation.predictors if choice.label == label)
    record.append(task, label, recorded_run(record, evaluation, task, choice, key))


def recorded_run(record: PredictionRecord, evaluation: Evaluation, task: str, choice: Choice, key: Key) -> Outcome:
    """Fit and test once on a task of a record, which is what all are told of it and of what they learn from."""
    with as_recorded(recorded_entries(record)):
        return one_run(evaluation, opened_of(record, task), choice, key)


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
        tasks: names, as ``nasbench list`` shows them, or tasks.
        predictors: labels ``NAME[@PRESET][,option=value]``, or classes of your own.
        train_sizes: numbers of training architectures.
        n_jobs: processes; -1 for one per core. Only measured seconds and memory depend on it.
        out: where to write; what is already there is not done again. None for a temporary folder, which goes when
            the record is no longer used.
        beside: where another experiment lies in ``out``, write into ``out-2``, ``out-3`` and so on.
        retry_failed: do failed runs again.
        on_progress: called with (runs done, runs in all).
        **options: ``runs``, ``seed``, ``protocols``, ``test_size``, ``labels``, ``proxies`` and ``cutoffs`` of
            ``Evaluation``.

    Returns:
        The record; ``print`` shows its leaderboard.

    Raises:
        NasbenchError: bad names or options, before anything runs.
        OSError: the record cannot be written; what was finished stays.
    """
    evaluation = Evaluation.of(tasks, predictors, train_sizes, **options)
    check_jobs(n_jobs)
    spec = evaluation.spec()
    warn_of_gaps(spec)
    path = make_folder(out)
    if beside:
        path = PredictionRecord.find_place(path, spec)
    with exclusive_lock(path / "spec.json"):
        record = PredictionRecord.open_or_create(path, spec)
        if out is None:
            record.remove_when_unused()
        keys = {(task, choice.label): evaluation.keys for task in evaluation.tasks for choice in evaluation.predictors}
        # each process opens the tasks by itself, from the record
        run_one = partial(_append_run, record, replace(evaluation, given={}))
        run_missing(record, keys, run_one, n_jobs=n_jobs, retry_failed=retry_failed, on_progress=on_progress)
    return record
