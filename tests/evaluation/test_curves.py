"""Learning curves in evaluations: what predictors are given, what is measured, and what is refused."""

import numpy as np
import pytest

import nasbench
from nasbench.cli.predict import _installed, _share
from nasbench.errors import InvalidOption, SourceError
from nasbench.evaluation import CurveTable, Evaluation, extrapolate_curves, read_curve_table
from nasbench.evaluation.analysis import analyse
from nasbench.evaluation.curve_plots import draw_cutoffs, draw_forecasts
from nasbench.evaluation.curves import count_seen_epochs, cut_curves, measure_curves, read_curves
from nasbench.evaluation.leaderboard import leaderboard
from nasbench.evaluation.verify import verify
from nasbench.predictions import Batch, Prediction
from nasbench.surrogates._curves import CurvePredictor, find_last_values
from nasbench.surrogates._curves import require_curves as given_curves
from nasbench.table import Measurement, Static, TableBuilder, write_table
from nasbench.tasks import load_table_task

pytestmark = pytest.mark.filterwarnings("ignore::nasbench.errors.GapsWarning")  # its tables are samples

SEEN: list[tuple[np.ndarray, np.ndarray | None]] = []
EPOCHS = np.array([1, 2, 3, 4, 5, 6, 7, 8, 10])  # the ninth was not measured

TASK = """
title = "curves made by a test"
version = 1
space = "nb201"
table = "curves"
recipe = "made"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = "train_s"
budget_s = 100

[tasks.all]
dataset = "cifar10-valid"
"""


class Noted(CurvePredictor):
    """The last value, with a constant uncertainty; notes what it is asked."""

    def _learn(self, batch, value, rng):
        SEEN.append((given_curves(batch).copy(), batch.losses))

    def _extrapolate(self, batch):
        SEEN.append((given_curves(batch).copy(), batch.losses))
        return find_last_values(given_curves(batch)), np.full(len(batch), 0.05)


@pytest.fixture
def task(home, rng, tmp_path):
    """Two seeds of 200 cells over ten epochs, training losses of one."""
    space = load_table_task("nb201-cifar10").space
    archs = space.rows[np.sort(rng.permutation(len(space.rows))[:200])]
    end = rng.uniform(0.6, 0.9, (200, 2, 1))
    values = end * (1 - 0.6 / EPOCHS) + 0.01 * rng.standard_normal((200, 2, len(EPOCHS)))
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    where = {"dataset": "cifar10-valid", "recipe": "made"}
    accuracy = {"metric": "accuracy", "unit": "fraction", "direction": "maximize"}
    loss = {"metric": "loss", "unit": "nats", "direction": "minimize"}
    columns = [
        Measurement(**where, split="valid", **accuracy, seeds=np.array([1, 2]), epochs=EPOCHS, values=values),
        Measurement(**where, split="train", **loss, seeds=np.array([1]), epochs=EPOCHS, values=1 - values[:, :1]),
    ]
    cost = Static(dataset="cifar10-valid", metric="train_s", unit="s", direction="minimize", values=np.full(200, 10.0))
    draft = TableBuilder(
        name="curves",
        space="nb201",
        **texts,
        architectures=archs,
        cardinality=space.cardinality,
        measurements=columns,
        statics=[cost],
    )
    write_table(draft, home / "tables" / "curves.h5")
    path = tmp_path / "curves.toml"
    path.write_text(TASK)
    return f"{path}:all"


def test_curves_are_means_over_seeds_with_gaps_left(task):
    opened = load_table_task(task)
    curves = read_curves(opened, opened.rows)
    assert curves.scores.shape == (200, 10)
    assert np.isnan(curves.scores[:, 8]).all()
    assert not np.isnan(curves.scores[:, [0, 7, 9]]).any()
    np.testing.assert_allclose(curves.scores[:, 9], opened.query(opened.table.rows(opened.rows)), atol=1e-12)
    assert np.isnan(curves.losses[:, :, 1]).all()
    assert not np.isnan(curves.losses[:, 7, 0]).any()
    np.testing.assert_array_equal(curves.cost_s, 10.0)


def test_whole_curves_are_learnt_and_cut_ones_asked(task):
    SEEN.clear()
    evaluation = Evaluation.of(task, Noted, 20, runs=1, test_size=30, protocols=("random",), cutoffs=(0.5, 0.2))
    record = nasbench.evaluate(
        task, Noted, train_sizes=20, runs=1, test_size=30, protocols=("random",), cutoffs=(0.5, 0.2)
    )
    assert list(evaluation.tests) == ["random@0.2", "random@0.5"]
    learnt, early, late = SEEN
    assert not np.isnan(learnt[0][:, 9]).any()
    for (curves, losses), length in ((early, 2), (late, 5)):
        assert not np.isnan(curves[:, :length]).any()
        assert np.isnan(curves[:, length:]).all()
        assert np.isnan(losses[:, length:]).all()
    (run,) = record.runs(task, next(iter(record.predictors)))
    assert run.tests.keys() == {"random@0.2", "random@0.5"}
    assert run.tests["random@0.5"]["rmse"] < run.tests["random@0.2"]["rmse"]
    example = run.tests["random@0.2"]["examples"]
    assert np.array(example["curves"], dtype=float).shape == (3, 10)
    assert example["mean"] == pytest.approx([curve[1] for curve in example["curves"]])


def test_a_record_of_curves_is_ranked_drawn_and_verified(task, tmp_path):
    options = {"train_sizes": [20, 40], "runs": 2, "test_size": 60, "protocols": ("random",), "cutoffs": (0.2, 0.8)}
    record = nasbench.evaluate(task, ["last_value", "curve_fit", Noted], **options, out=tmp_path / "record")
    analysis = analyse(record)
    board = leaderboard(analysis)
    shown = board.render("text")
    assert "random@0.2" in shown
    assert "time_saved" in shown
    assert {row["metric"] for row in board.cutoffs} >= {"rmse", "spearman", "coverage_90"}
    assert next(row for row in board.cutoffs if row["metric"] == "rmse")["by_cutoff"].keys() == {"0.2", "0.8"}
    assert len(draw_cutoffs(analysis).axes) == 3
    assert len(draw_forecasts(analysis).axes) == 9
    assert verify(record, sample=1, rng=np.random.default_rng(0)).matches
    with pytest.raises(nasbench.errors.RecordError, match="cutoffs"):
        nasbench.evaluate(task, "last_value", **options | {"cutoffs": (0.5,)}, out=tmp_path / "record")


def test_the_stopping_rule_by_hand():
    """Best so far .70: the first is stopped, the second becomes the best, the third is hopeless, the fourth not."""
    true = np.array([0.60, 0.80, 0.75, 0.90])
    mean, std = np.array([0.60, 0.78, 0.72, 0.79]), np.full(4, 0.01)
    cost = np.array([10.0, 10.0, 30.0, 50.0])
    found = measure_curves(true, Prediction(mean, std), cost, 0.70, 0.25)
    assert found["time_saved"] == pytest.approx(0.75 * 40 / 100)
    assert found["stopping_regret"] == 0
    assert found["coverage_90"] == 0.25
    assert found["rmse"] == pytest.approx(np.sqrt((0.02**2 + 0.03**2 + 0.11**2) / 4))
    certain = measure_curves(true, Prediction(mean), cost, 0.70, 0.25)
    assert certain["stopping_regret"] == pytest.approx(0.10)  # the fourth is predicted below the second
    assert np.isnan(certain["coverage_90"])


def test_what_cannot_be_cut_is_refused(task):
    with pytest.raises(InvalidOption, match=r"cutoffs \(1\.2,\); expected shares"):
        Evaluation.of(task, "last_value", 20, cutoffs=(1.2,))
    with pytest.raises(InvalidOption, match=r"after 0 of 10 epochs; expected between 0\.1 and 0\.9"):
        Evaluation.of(task, "last_value", 20, cutoffs=(0.02,)).spec()
    with pytest.raises(InvalidOption, match="curves are means over seeds"):
        Evaluation.of(task, "last_value", 20, cutoffs=(0.5,), labels="seed")
    with pytest.raises(InvalidOption, match=r"observes one epoch .* tasks with curves: curves201-mnist1d"):
        Evaluation.of("nb201-cifar10", "last_value", 20, cutoffs=(0.5,)).spec()
    assert count_seen_epochs((0.05, 0.5), 100) == [5, 50]


def test_a_batch_without_curves_is_cut_to_itself():
    batch = Batch(np.zeros((2, 6), dtype=np.int8))
    assert cut_curves(batch, 3).curves is None


CSV = """net,lr,depth,width,acc_1,acc_2,acc_3
"[C(64,1,1), SM(10)]",0.1,3,8,0.1,0.2,0.3
"[C(32,1,1), SM(10)]",0.0001,4,8,0.2,,0.5
"[C(16,1,1), SM(10)]",0.01,5,8,0.3,0.4,
"""


def test_a_file_of_curves_is_read_with_its_numbers_as_features(tmp_path):
    path = tmp_path / "curves.csv"
    path.write_text(CSV)
    features, curves = read_curve_table(path)
    np.testing.assert_array_equal(curves, [[0.1, 0.2, 0.3], [0.2, np.nan, 0.5]])
    np.testing.assert_allclose(features, [[np.log(0.1), 3], [np.log(0.0001), 4]])
    path.write_text(CSV.replace("acc_", "ep_"))
    assert read_curve_table(path).curves[0].tolist() == [-0.1, -0.2, -0.3]
    for text, complaint in (
        ("a,b\n1,2\n", "0 columns"),
        (CSV.replace("0.2,,", "good,,"), "could not convert"),
        (CSV[:-6], "line 4: 5 fields, but the header has 7"),
        (CSV.replace("0.1,3,", "0.1,3,3,"), "line 2: 8 fields"),
    ):
        path.write_text(text)
        with pytest.raises(SourceError, match=complaint):
            read_curve_table(path)


def test_extrapolation_is_judged_on_what_was_not_learnt(rng):
    end = rng.uniform(0.5, 0.9, 60)
    table = CurveTable(end[:, None], end[:, None] * (1 - 0.5 / np.arange(1, 21)))
    found = extrapolate_curves(table, ["last_value", "curve_fit"], n_train=20, runs=2)
    assert found["curve_fit"].shape == (2,)
    assert (found["curve_fit"] > found["last_value"]).all()
    with pytest.raises(InvalidOption, match="n_train=59 of 60 curves"):
        extrapolate_curves(table, ["last_value"], n_train=59)


@pytest.mark.parametrize("name", ["metaqnn_cifar10", "metaqnn_svhn", "deep_resnets_cifar10"])
def test_support_vectors_beat_extrapolation_on_bakers_curves(shared, name):
    """The claim of Baker et al. 2017, 100 training curves and a quarter of each other one; few configurations here."""
    pytest.importorskip("sklearn")
    table = read_curve_table(shared / "curves" / "baker2017" / f"{name}.csv")
    found = extrapolate_curves(table, ["curve_svr,encoding=,configurations=40", "curve_fit", "last_value"], runs=1)
    svr, *others = (float(values.mean()) for values in found.values())
    assert svr > max(others) + 0.2


def test_only_predictors_that_get_what_they_need_are_compared_by_default():
    assert {"last_value", "sotl", "omni"}.isdisjoint(_installed(set()))
    assert {"last_value", "domhan", "functional_gp"} <= set(_installed({"curves"}))
    assert "sotl" not in _installed({"curves"})
    with pytest.raises(InvalidOption, match="--cutoff: 'half' is not a number"):
        _share("half")
