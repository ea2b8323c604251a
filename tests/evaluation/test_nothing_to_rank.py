"""Records in which nothing can be ranked, drawn or tested are shown as what they are, and metrics keep their range."""

import json
from typing import ClassVar

import numpy as np
import pytest

import nasbench
from nasbench.errors import PredictorError
from nasbench.evaluation import PredictionRecord
from nasbench.evaluation.analysis import analyse
from nasbench.evaluation.intervals import compute_mean_interval
from nasbench.evaluation.leaderboard import leaderboard
from nasbench.evaluation.plots import write_plots
from nasbench.evaluation.protocols import pool_of
from nasbench.surrogates._predictor import CheckedPredictor
from nasbench.table import Measurement, TableBuilder, write_table

pytestmark = pytest.mark.filterwarnings("ignore::nasbench.errors.GapsWarning")

TASK = "nb201-cifar10"


class Digit(CheckedPredictor):
    """Answers with the first decision, whatever it was taught; even where there is nothing to learn."""

    min_points: ClassVar[int] = 0

    def fit(self, batch, score, rng):
        self._target = self._target_class(np.array([0.0, 1.0]))

    def predict(self, batch):
        return nasbench.Prediction(batch.archs[:, 0].astype(float))

    def _fit(self, batch, value, rng): ...

    def _predict(self, batch): ...


class Other(Digit): ...


class Fails(Digit):
    def fit(self, batch, score, rng):
        raise PredictorError("never")


class FailsToo(Fails): ...


@pytest.fixture
def own_task(home, tmp_path, cifar10):
    """A function that makes a task of 40 cells, whose scores [40] and what they are it is given."""

    def make(values, *, metric="accuracy", unit="fraction", direction="maximize"):
        archs = cifar10.space.rows[:: len(cifar10.space.rows) // 40][: len(values)]
        texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
        column = Measurement(
            dataset="data",
            recipe="epochs1",
            split="valid",
            metric=metric,
            unit=unit,
            direction=direction,
            values=np.asarray(values, dtype=np.float64)[:, None, None],
            seeds=np.array([0]),
            epochs=np.array([1]),
        )
        write_table(
            TableBuilder(
                name="own",
                space="nb201",
                **texts,
                architectures=archs,
                cardinality=cifar10.space.cardinality,
                measurements=[column],
            ),
            home / "tables" / "own.h5",
        )
        (tmp_path / "own.toml").write_text(
            'title = "t"\nversion = 1\nspace = "nb201"\ntable = "own"\ndataset = "data"\nrecipe = "epochs1"\n'
            f'metric = "{metric}"\nobserved = "valid"\nreported = ["valid"]\ncost = 1.0\nbudget_s = 20\n[tasks.t]\n'
        )
        return f"{tmp_path / 'own.toml'}:t"

    return make


def shown(record, folder):
    """Everything that a record is shown as."""
    analysis = analyse(PredictionRecord(record.path))
    assert write_plots(analysis, folder)
    board = leaderboard(analysis)
    return board, "".join(board.render(kind) for kind in ("text", "markdown", "latex", "csv", "json"))


@pytest.mark.parametrize("runs", [1, 2])
@pytest.mark.parametrize("predictors", [[Fails], [Fails, FailsToo]], ids=["one", "two"])
def test_a_record_in_which_all_runs_failed_is_shown(tmp_path, predictors, runs):
    out = tmp_path / "record"
    record = nasbench.evaluate(TASK, predictors, train_sizes=20, runs=runs, test_size=50, out=out)
    board, _ = shown(record, tmp_path / "plots")
    assert [row["kendall"] for row in board.overall] == [0.0] * (2 * len(predictors))
    assert [row["failed"] for row in board.overall] == [runs] * (2 * len(predictors))


def test_a_record_in_which_all_runs_with_curves_failed_is_shown(tmp_path):
    options = {"train_sizes": 20, "runs": 2, "test_size": 50, "cutoffs": (0.2, 0.5), "out": tmp_path / "record"}
    board, _ = shown(nasbench.evaluate("curves201-mnist1d", [Fails, FailsToo], **options), tmp_path / "plots")
    assert {row["kendall"] for row in board.overall} == {0.0}


@pytest.mark.parametrize("predictors", [[Digit], [Digit, Other], [Digit, Other, Fails]], ids=["one", "two", "three"])
@pytest.mark.parametrize("runs", [1, 3])
def test_scores_that_are_all_the_same_rank_nobody(tmp_path, own_task, predictors, runs):
    """Kendall's tau has a zero for its denominator: undefined, not 0 and no traceback."""
    task = own_task(np.full(40, 0.5))
    out = tmp_path / "record"
    board, text = shown(nasbench.evaluate(task, predictors, train_sizes=10, runs=runs, out=out), tmp_path / "plots")
    assert np.isnan([row["kendall"] for row in board.overall]).all()
    assert np.isnan([row["average_rank"] for row in board.overall]).all()
    assert [(row["first_on"], row["n_tasks"]) for row in board.overall] == [(0, 0)] * 2 * len(predictors)
    assert "nan" not in text
    assert "all true scores are equal" in text


def test_predictors_that_agree_are_not_told_apart(tmp_path):
    board, _ = shown(
        nasbench.evaluate(TASK, [Digit, Other], train_sizes=[10, 20], runs=3, test_size=100, out=tmp_path / "record"),
        tmp_path / "plots",
    )
    assert {row["average_rank"] for row in board.overall} == {1.5}
    assert {row["p_against_best"] for row in board.overall} == {None}, "one task: nothing is claimed over tasks"
    assert {row["p_to_best"] for row in board.details} == {None, 1.0}
    assert all(row["mean_tau"]["leads"] for row in board.sizes)


def test_the_commands_end_as_they_should_where_all_failed(tmp_path, capsys):
    from nasbench.cli import main

    out = str(tmp_path / "record")
    options = ["--train-sizes", "20", "--runs", "1", "--test-size", "50", "--jobs", "1", "--out", out]
    assert main(["predict", "--task", TASK, "--predictor", f"{__name__}:Fails", *options]) == 1
    assert "1 of 1 runs of" in capsys.readouterr().err
    assert main(["leaderboard", out]) == 1


@pytest.mark.parametrize(
    ("metric", "values", "low", "high"),
    [
        ("kendall", [0.99, 0.2, 0.99], -0.4064, 1.0),  # mean .7267, 4.3027 standard errors of .26333
        ("calibration_error", [0.0, 0.01, 0.0], 0.0, 0.0177),
        ("precision_5_percent", [0.1, 0.2, 0.9], 0.0, 1.0),
        ("regret_1", [0.0, 0.01, 0.0], np.nan, np.nan),  # skewed: Student's t does not cover
        ("r2", [0.9, 0.99, -0.5], np.nan, np.nan),
        ("kendall", [0.0, 0.0, 0.0], np.nan, np.nan),  # three failures do not show that all runs would fail
    ],
)
def test_an_interval_stays_within_what_its_metric_can_be(metric, values, low, high):
    mean, *bounds = compute_mean_interval(metric, np.array(values))
    assert mean == pytest.approx(np.mean(values))
    assert bounds == pytest.approx([low, high], abs=2e-3, nan_ok=True)


def test_two_runs_have_no_interval(tmp_path):
    """Student's t of two runs spans 12.7 standard errors: it was printed as tau 0.667 [-3.569, 4.902]."""
    assert np.isnan(compute_mean_interval("kendall", np.array([1.0, 1 / 3]))[1:]).all()
    record = nasbench.evaluate(TASK, Digit, train_sizes=20, runs=2, test_size=30, out=tmp_path / "record")
    board, _ = shown(record, tmp_path / "plots")
    assert "[" not in next(line for line in board.render("text").split("\n\n")[1].splitlines() if TASK in line)
    (row, _) = json.loads(board.render("json"))["details"]
    assert row["kendall"]["low"] is None
    assert row["kendall"]["mean"] is not None


def test_the_best_of_a_metric_to_be_minimised_is_the_smallest(own_task, tmp_path):
    """The first decision of every cell orders the losses, and ``Digit`` knows it: the largest digit, the least loss."""
    probe = nasbench.load_task(own_task(np.full(40, 1.0), metric="loss", unit="nats", direction="minimize"))
    archs = probe.table.architectures
    loss = 9.0 - archs[:, 0] + np.arange(40) * 1e-3
    task = own_task(loss, metric="loss", unit="nats", direction="minimize")
    pool = pool_of(nasbench.load_task(task))
    np.testing.assert_allclose(-pool.score, loss)
    record = nasbench.evaluate(task, Digit, train_sizes=5, runs=2, protocols=("random",), out=tmp_path / "record")
    for run in record.runs(task, f"{__name__}:Digit"):
        test = run.tests["random"]
        assert test["kendall"] > 0.8
        assert 0 <= test["regret_1"] < 0.05  # by nats: all of the largest digit lie within .04


def test_a_loss_of_the_shipped_table_is_minimised(tmp_path):
    """The empty cell has the loss of guessing among ten classes, ln 10; the best cell .165."""
    (tmp_path / "loss.toml").write_text(
        '[tasks.loss]\ntitle = "x"\nversion = 1\nspace = "nb201"\nspace_options = { simplified = true }\n'
        'table = "curves201"\ndataset = "mnist1d"\nrecipe = "curves-30+nb201,channels=8,n_cells=1,stages=1"\n'
        'metric = "loss"\nobserved = "valid"\nreported = ["valid", "test"]\n'
        'cost = [{ split = "train", metric = "train_s" }]\nbudget_s = 55\n'
    )
    pool = pool_of(nasbench.load_task(f"{tmp_path / 'loss.toml'}:loss"), curves=True)
    best, worst = pool.score.argmax(), pool.score.argmin()
    assert pool.sign == -1
    assert -pool.score[best] == pytest.approx(0.165, abs=1e-3)
    assert -pool.score[worst] > 2.3
    np.testing.assert_allclose(pool.curves.scores[:, -1], pool.score, atol=1e-6)
