"""One run of an evaluation: a predictor on a task, in whatever process, with the same bits."""

import json
import traceback
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.choices import Choice
from nasbench.errors import PredictorError, RecordError
from nasbench.evaluation.curves import count_seen_epochs, cut_curves, measure_curves, select_examples
from nasbench.evaluation.evaluation import Evaluation, Key, require_trained
from nasbench.evaluation.metrics import STEP, compute_reliability, measure_prediction
from nasbench.evaluation.protocols import Pool, Split, draw_training_scores, pool_of, split_pool
from nasbench.evaluation.record import Measured, Outcome, OutcomeRecord
from nasbench.measuring import PeakMemory, Stopwatch
from nasbench.predictions import Batch, Prediction, Predictor, make_predictor
from nasbench.records.opening import recorded_entries
from nasbench.records.stored_run import Pair
from nasbench.registry import PREDICTORS
from nasbench.table import find_content, list_tables
from nasbench.tasks import TableTask
from nasbench.tasks.recorded import as_recorded, open_recorded
from nasbench.threads import limit_to_one_thread

_CHUNK = 50_000
"""Number of architectures predicted at a time, which limits the memory of their features."""


@lru_cache(maxsize=4)
def _open_task(name: str, entry: str, proxies: str, curves: bool) -> tuple[TableTask, Pool]:
    task = require_trained(open_recorded(name, entry))
    return task, pool_of(task, proxies, curves=curves)


def run_once(evaluation: Evaluation, opened: tuple[TableTask, Pool], choice: Choice, key: Key) -> Outcome:
    """Fit and test a predictor once; if it raises, the outcome counts as failed and no error is raised."""
    (task, pool), (size, run) = opened, key
    own, data, noise = evaluation.streams(task.name, choice.label, key)
    parts = split_pool(pool, size, data, protocols=evaluation.protocols, test_size=evaluation.test_size)
    score = draw_training_scores(task, pool, parts.train, evaluation.labels, noise)
    error, measured, m = "", Measured(), len(parts.asked)
    same_for_all = np.full(m, score.mean())  # computed first: a predictor may overwrite its scores and then fail
    asked = _collect_questions(evaluation, pool, parts.asked)
    try:
        choice.resolve(PREDICTORS)  # imports what it needs before threads are limited and seconds counted
        with limit_to_one_thread():
            predictor = make_predictor(task.space, choice)
            predictions, measured = _time_predictor(predictor, pool.batch(parts.train), score, asked, own)
    except (Exception, SystemExit):
        # An error of a predictor affects only its own run; the other runs continue.
        predictions, error = [Prediction(same_for_all)] * len(asked), traceback.format_exc()
    with limit_to_one_thread():
        tests = _test_predictions(evaluation, pool, parts, predictions, _step(task, pool))
        if run == 0 and pool.curves is not None:
            _keep_examples(evaluation, pool.curves.scores[parts.asked], predictions, tests, pool.sign)
    return Outcome(size, run, tests, m, error, measured)


def _collect_questions(evaluation: Evaluation, pool: Pool, rows: Ints) -> list[Batch]:
    """Return the batches to predict: one, or one for each cutoff with curves cut there."""
    whole = pool.batch(rows)
    if pool.curves is None:
        return [whole]
    return [
        cut_curves(whole, length)
        for length in count_seen_epochs(tuple(sorted(evaluation.cutoffs)), pool.curves.scores.shape[1])
    ]


def _time_predictor(
    predictor: Predictor, train: Batch, score: np.ndarray[Any, Any], asked: list[Batch], rng: np.random.Generator
) -> tuple[list[Prediction], Measured]:
    """Fit, predict each batch, and measure the cost."""
    memory, watch = PeakMemory(), Stopwatch()
    predictor.fit(train, score, rng)
    fit_s = watch.measure_lap()
    predictions = [_predict_checked(predictor, batch) for batch in asked]
    return predictions, Measured(fit_s, watch.measure_lap(), memory.mb())


def _predict_checked(predictor: Predictor, asked: Batch) -> Prediction:
    chunks = []
    for i in range(0, len(asked), _CHUNK):
        told = predictor.predict(asked.take(np.arange(i, min(i + _CHUNK, len(asked)))))
        # Copied, because a predictor may reuse its arrays.
        chunks.append(Prediction(np.array(told.mean), None if told.std is None else np.array(told.std)))
    mean = np.concatenate([chunk.mean for chunk in chunks])
    std = None if chunks[0].std is None else np.concatenate([chunk.std for chunk in chunks])
    return _check_prediction(Prediction(mean, std), len(asked))


def _check_prediction(prediction: Prediction, m: int) -> Prediction:
    for name, values in zip(Prediction._fields, prediction, strict=True):
        if values is None:
            continue
        if values.shape != (m,) or not np.isfinite(values).all():
            bad = int((~np.isfinite(values)).sum())
            raise PredictorError(f"{name} of {m} architectures has shape {values.shape} and {bad} values not finite")
    if prediction.std is not None and not (prediction.std > 0).all():
        raise PredictorError(f"the smallest std is {prediction.std.min()}; expected positive numbers, or None for all")
    return prediction


def _step(task: TableTask, pool: Pool) -> float:
    """Return the negligible difference of predictions."""
    return STEP if task.scale.is_fraction else STEP * (float(np.ptp(pool.score)) or 1.0)


def _test_predictions(
    evaluation: Evaluation, pool: Pool, parts: Split, predictions: list[Prediction], step: float
) -> dict[str, dict[str, Any]]:
    """Compute every metric of each test."""
    cutoffs: list[float | None] = [*sorted(evaluation.cutoffs)] or [None]
    tests, of_cutoff = {}, dict(zip(cutoffs, predictions, strict=True))
    for name, (protocol, cutoff) in evaluation.tests.items():
        positions, prediction = parts.tests[protocol], of_cutoff[cutoff]
        true = pool.score[parts.asked[positions]]
        mean = prediction.mean[positions]
        std = None if prediction.std is None else prediction.std[positions]
        shares = None if std is None else compute_reliability(true, mean, std).tolist()
        tests[name] = {
            "n_test": len(true),
            **measure_prediction(true, Prediction(mean, std), step=step),
            "reliability": shares,
        }
        if pool.curves is not None and cutoff is not None:
            cost_s, best = pool.curves.cost_s[parts.asked[positions]], float(pool.score[parts.train].max())
            tests[name] |= measure_curves(true, Prediction(mean, std), cost_s, best, cutoff)
    return tests


def _keep_examples(
    evaluation: Evaluation,
    curves: Floats,
    predictions: list[Prediction],
    tests: dict[str, dict[str, Any]],
    sign: float,
) -> None:
    """Add the first curves and their predictions, in the metric's sign, to the first protocol's tests."""
    for cutoff, prediction in zip(sorted(evaluation.cutoffs), predictions, strict=True):
        tests[f"{evaluation.protocols[0]}@{cutoff:g}"]["examples"] = select_examples(curves, prediction, sign)


def open_recorded_pool(record: OutcomeRecord, name: str) -> tuple[TableTask, Pool]:
    """Open a task of a record with its measured architectures.

    Raises:
        RecordError: its declaration or a table has changed since.
    """
    proxies = find_recorded_proxies(record)
    entry = json.dumps(record.spec["tasks"][name])
    return _open_task(name, entry, proxies, "cutoffs" in record.spec)


def find_recorded_proxies(record: OutcomeRecord) -> str:
    """Find the file of a record's table of proxies by its content; empty if the record uses none.

    Raises:
        RecordError: the file is missing.
    """
    for name, checksum in record.spec.get("proxies", {}).items():
        named = [Path(name)] if name.endswith(".h5") else [list_tables().get(name, Path(name))]
        path = find_content(checksum, named)
        if path is None:
            raise RecordError(f"the proxies of {record.path}, table '{name}' with checksum {checksum}, are not here")
        return str(path)
    return ""


def append_run(record: OutcomeRecord, evaluation: Evaluation, pair: Pair, key: Key) -> None:
    """Do one run in this process and write it immediately."""
    task, label = pair
    choice = next(choice for choice in evaluation.predictors if choice.label == label)
    record.append(task, label, rerun(record, evaluation, task, choice, key))


def rerun(record: OutcomeRecord, evaluation: Evaluation, task: str, choice: Choice, key: Key) -> Outcome:
    """Fit and test once on a task as the record declares it, including the tasks that the predictor learns from."""
    with as_recorded(recorded_entries(record)):
        return run_once(evaluation, open_recorded_pool(record, task), choice, key)
