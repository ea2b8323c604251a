"""Predictors of a task: data frames in, data frames out, beside arrays."""

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.errors import InvalidArchitecture, InvalidOption, PredictorError, SourceError
from nasbench.frames.predictor import TaskPredictor, choose_predictor
from nasbench.registry import PREDICTORS

LABEL = "bayesian_linear_regression"  # needs no extra


@pytest.fixture
def frame(rng):
    made = pd.DataFrame({"depth": rng.choice([2, 4, 6, 8], 80), "lr": 10 ** rng.uniform(-4, -1, 80)})
    return made.assign(err=30 - made.depth + rng.normal(0, 0.1, 80)).round({"lr": 6})


@pytest.fixture
def task(frame):
    return nasbench.task_from_frame(frame[:40], decisions=["depth", "lr"], score="err", quiet=True)


def test_frames_keep_unit_direction_and_index(task, frame):
    predicted = nasbench.make_predictor(task, LABEL).fit(frame).predict(frame[40:])  # also of what is not in the table
    assert predicted.index.equals(frame.index[40:])
    assert abs(predicted["mean"] - frame.err[40:]).median() < 0.3  # an error in percent: small is good, and stays so
    assert (predicted["std"] > 0).all()
    assert predicted["std"].max() < 5


def test_arrays_go_in_and_out_as_for_a_space(task, frame):
    own, plain = nasbench.make_predictor(task, LABEL), nasbench.make_predictor(task.whole, LABEL)
    batch, score = nasbench.Batch(task.table.architectures), -task.query(task.table.architectures)
    own.fit(batch, score, np.random.default_rng(1))
    plain.fit(batch, score, np.random.default_rng(1))
    assert own.predict(batch).mean.tolist() == plain.predict(batch).mean.tolist()
    assert not isinstance(plain, TaskPredictor)


def test_rows_without_a_score_are_left_out(task, frame):
    made = frame.copy()
    made.loc[:9, "err"] = [np.nan] * 5 + [np.inf] * 5
    assert nasbench.make_predictor(task, LABEL).fit(made).n_left_out == 10
    with pytest.raises(PredictorError, match="no row of the frame has a score"):
        nasbench.make_predictor(task, LABEL).fit(made[:10])


def test_errors_name_the_column(task, frame):
    predictor = nasbench.make_predictor(task, LABEL)
    with pytest.raises(SourceError, match="lacks the column of the score 'err'"):
        predictor.fit(frame.drop(columns="err"))
    with pytest.raises(SourceError, match="column 'err' of the frame does not hold numbers"):
        predictor.fit(frame.assign(err="x"))
    with pytest.raises(InvalidOption, match="outside"):
        predictor.fit(frame.assign(err=1000.0 + frame.err))
    with pytest.raises(PredictorError, match="fit"):
        predictor.predict(frame)
    predictor.fit(frame)
    with pytest.raises(SourceError, match="lacks the column of the decision 'lr'; it has 'depth', 'err'"):
        predictor.predict(frame.drop(columns="lr"))
    with pytest.raises(InvalidArchitecture, match="lr"):
        predictor.predict(frame.assign(lr=5.0))
    assert predictor.predict(frame[:0]).empty
    with pytest.raises(InvalidOption, match="neither a task nor a space"):
        nasbench.make_predictor("nb201-cifar10", LABEL)


def test_a_task_of_the_suite_reads_texts_or_decisions(cifar10):
    rows = cifar10.space.rows[:60]
    made = pd.DataFrame({"architecture": cifar10.space.format(rows), "score": cifar10.query(rows)})
    predicted = nasbench.make_predictor(cifar10, LABEL).fit(made).predict(made)
    assert np.corrcoef(predicted["mean"], made.score)[0, 1] > 0.5
    with pytest.raises(InvalidOption, match="percentages"):
        nasbench.make_predictor(cifar10, LABEL).fit(made.assign(score=100 * made.score))


def test_auto_is_the_best_that_is_installed(task, monkeypatch):
    missing = {"gp_and_trees": "gp", "functional_gp": "gp"}
    monkeypatch.setattr(type(PREDICTORS), "missing_extra", lambda _, name: missing.get(name))
    assert choose_predictor() == "xgboost"
    missing |= {"xgboost": "trees", "random_forest": "trees"}
    assert choose_predictor() == LABEL
    predictor = nasbench.make_predictor(task, "auto")
    assert predictor.label == LABEL
    assert "'gp_and_trees' needs pip install 'nasbench-suite[trees,gp]'" in repr(predictor)
