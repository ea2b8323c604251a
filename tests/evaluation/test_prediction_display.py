"""Records of predictors as objects for people."""

import numpy as np
import pytest

import nasbench


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    out = tmp_path_factory.mktemp("display") / "record"
    options = {"train_sizes": [10, 20], "runs": 2, "test_size": 50}
    return nasbench.evaluate("nb201-cifar10", ["wl_gp", "bayesian_linear_regression"], **options, out=out)


def test_printing_summarises(record):
    assert "2 predictors x 1 task x 4 runs" in str(record)
    assert "8 of 8 done" in str(record)
    assert "wl_gp" in record._repr_html_()


def test_the_leaderboard_prints_and_becomes_data(record):
    board = record.leaderboard()
    assert isinstance(board, nasbench.PredictionLeaderboard)
    assert "tau at 20" in str(board)
    assert "<td>wl_gp" in board._repr_html_()
    assert len(board.to_pandas("details")) == 2 * 2 * 2


def test_runs_become_a_data_frame(record):
    frame = record.to_pandas()
    assert len(frame) == 2 * 2 * 2 * 2
    (run,) = [run for run in record.runs("nb201-cifar10", "wl_gp") if run.key == (20, 1)]
    row = frame.query("predictor == 'wl_gp' and train_size == 20 and run == 1 and protocol == 'random'")
    assert row.kendall.tolist() == [run.tests["random"]["kendall"]]
    assert np.isfinite(frame.fit_s).all()


def test_it_is_drawn_and_verified(record, tmp_path):
    assert record.plot(tmp_path).files
    assert nasbench.verify(record.path, sample=1).matches
    assert isinstance(nasbench.open_record(record.path), nasbench.PredictionRecord)
