"""Evaluations: the same bits whatever the circumstances, honest splits, and failures that do not pay."""

import json
import sys
from typing import ClassVar

import numpy as np
import pytest
import sklearn

import nasbench
from nasbench.errors import InvalidOption, PredictorError, RecordError, UnknownName
from nasbench.evaluation import Evaluation, Outcome, PredictionRecord
from nasbench.evaluation.analysis import analyse
from nasbench.evaluation.leaderboard import leaderboard
from nasbench.evaluation.plots import find_front, write_plots
from nasbench.evaluation.protocols import draw_training_scores, pool_of, split_pool
from nasbench.evaluation.verify import verify
from nasbench.predictions import Prediction
from nasbench.surrogates._predictor import CheckedPredictor

TASK = "nb201-cifar10"
SEEN: list[tuple[bytes, bytes]] = []


class Ridge(CheckedPredictor):
    """A linear model of the one-hot encoding."""

    presets: ClassVar = {"ranks": {"target": "rank"}}

    def _fit(self, batch, value, rng):
        features = self._compute_features(batch)
        self._weights = np.linalg.solve(features.T @ features + np.eye(features.shape[1]), features.T @ value)
        self._std = float((value - features @ self._weights).std())

    def _predict(self, batch):
        mean = self._compute_features(batch) @ self._weights
        return mean, np.full(len(mean), self._std)

    def _compute_features(self, batch):
        return self._space.encode(batch.archs, "one_hot").astype(float)


class Noted(Ridge):
    def fit(self, batch, score, rng):
        SEEN.append((batch.archs.tobytes(), score.tobytes()))
        super().fit(batch, score, rng)


class NotedToo(Noted): ...


class Guess(CheckedPredictor):
    """Draws its answers, and has no uncertainty."""

    def _fit(self, batch, value, rng):
        self._weights = rng.standard_normal((int(self._space.cardinality.max()), batch.archs.shape[1]))

    def _predict(self, batch):
        return self._weights[batch.archs, np.arange(batch.archs.shape[1])].sum(axis=1), None


class Unlucky(Ridge):
    def _fit(self, batch, value, rng):
        if len(batch) < 50:
            raise PredictorError("too little")
        super()._fit(batch, value, rng)


class Nan(Ridge):
    def predict(self, batch):
        return Prediction(np.full(len(batch), np.nan))


OPTIONS = {"train_sizes": [20, 60], "runs": 3, "test_size": 800}
PREDICTORS = [Ridge, Guess, Unlucky]


def files(record):
    """Everything in a record that a seed decides."""
    return {
        path.relative_to(record).as_posix(): path.read_bytes()
        for path in sorted(record.glob("outcomes/**/*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return nasbench.evaluate(TASK, PREDICTORS, out=tmp_path_factory.mktemp("reference") / "record", **OPTIONS)


def test_the_number_of_jobs_changes_no_bit(reference, tmp_path):
    nasbench.evaluate(TASK, PREDICTORS, out=tmp_path / "two", n_jobs=2, **OPTIONS)
    assert files(tmp_path / "two") == files(reference.path)
    assert len(files(reference.path)) == 3


def test_a_record_grows_in_every_direction_without_doing_anything_twice(reference, tmp_path):
    out, progress = tmp_path / "record", []
    nasbench.evaluate(TASK, Ridge, train_sizes=60, runs=1, test_size=800, out=out)
    nasbench.evaluate(
        TASK, PREDICTORS, out=out, on_progress=lambda done, total: progress.append((done, total)), **OPTIONS
    )
    assert files(out) == files(reference.path)
    assert (progress[0], progress[-1]) == ((1, 18), (18, 18))


def test_records_of_several_machines_are_one(reference, tmp_path):
    sizes = [
        nasbench.evaluate(TASK, PREDICTORS, out=tmp_path / str(size), **OPTIONS | {"train_sizes": size})
        for size in OPTIONS["train_sizes"]
    ]
    joined = PredictionRecord.join(sizes, tmp_path / "joined")
    assert files(joined.path) == files(reference.path)
    assert joined.spec == reference.spec


@pytest.mark.parametrize("change", [{"seed": 3}, {"labels": "seed"}, {"protocols": ("random",)}, {"test_size": None}])
def test_a_record_of_another_evaluation_is_refused(reference, change):
    with pytest.raises(RecordError, match="choose another --out"):
        nasbench.evaluate(TASK, PREDICTORS, out=reference.path, **OPTIONS | change)


def test_a_cut_line_is_done_again(reference, tmp_path):
    out = tmp_path / "record"
    nasbench.evaluate(TASK, Ridge, out=out, **OPTIONS)
    (path,) = (out / "outcomes").glob("*/*.jsonl")
    text = path.read_text()
    path.with_name(f"{path.stem}.1-a.part").write_text(text[:-300])
    path.unlink()
    nasbench.evaluate(TASK, Ridge, out=out, **OPTIONS)
    assert path.read_text() == text


def test_verify_replays_and_finds_a_changed_digit(reference, tmp_path):
    out = tmp_path / "record"
    nasbench.evaluate(TASK, [Ridge, Unlucky], out=out, **OPTIONS)
    assert verify(PredictionRecord(out), rng=np.random.default_rng(0)).matches
    path = next((out / "outcomes").glob("*/*Ridge*.jsonl"))
    run, *others = path.read_text().splitlines()
    entry = json.loads(run)
    entry["tests"]["disjoint"]["spearman"] += 1e-15
    path.write_text("\n".join([json.dumps(entry), *others[:-1]]) + "\n")
    verdict = verify(PredictionRecord(out), sample=None, rng=np.random.default_rng(0))
    label = f"{__name__}:Ridge"
    assert (verdict.differing, verdict.missing) == ([(TASK, label, (20, 0))], [(TASK, label, (60, 2))])


def test_other_versions_of_a_library_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "REQUIRES", {"sklearn": "trees"}, raising=False)
    record = nasbench.evaluate(TASK, Ridge, train_sizes=20, runs=1, test_size=50, out=tmp_path / "record")
    (entry,) = record.spec["predictors"].values()
    assert entry["libraries"] == {"sklearn": sklearn.__version__}
    assert verify(record, rng=np.random.default_rng(0)).changed == []
    monkeypatch.setattr(sklearn, "__version__", "0.1")
    (told,) = verify(record, rng=np.random.default_rng(0)).changed
    assert told.startswith("the libraries of")


def test_the_protocols_are_what_they_are_called(cifar10, rng):
    pool = pool_of(cifar10)
    assert len(pool) == 15625
    # 10,509 of the 15,625 cells have a twin, an architecture that is isomorphic: 6,466 classes
    assert (np.unique(pool.kind, return_counts=True)[1][pool.kind] > 1).sum() == 10509
    for size in (10, 500):
        parts = split_pool(pool, size, rng, protocols=("random", "disjoint"), test_size=None)
        asked = {name: parts.asked[positions] for name, positions in parts.tests.items()}
        assert len(parts.train) == size
        assert sorted([*parts.train, *asked["random"]]) == list(range(15625))
        canonical = {row.tobytes() for row in cifar10.space.canonicalize(pool.archs[parts.train])}
        twin = [row.tobytes() in canonical for row in cifar10.space.canonicalize(pool.archs[asked["random"]])]
        assert any(twin)
        assert sorted(asked["random"][~np.array(twin)]) == sorted(asked["disjoint"])


def test_a_test_size_draws_from_what_the_protocol_leaves(cifar10):
    pool = pool_of(cifar10)
    whole, drawn = (
        split_pool(pool, 100, np.random.default_rng(1), protocols=("random", "disjoint"), test_size=size)
        for size in (None, 300)
    )
    assert (whole.train == drawn.train).all()
    for protocol, positions in drawn.tests.items():
        assert len(positions) == 300
        assert set(drawn.asked[positions]) <= set(whole.asked[whole.tests[protocol]])


def test_what_is_learnt_and_tested_is_validation(cifar10, rng):
    """The mean over seeds, or one seed that was measured; the test split is another column."""
    task = nasbench.load_task("nbgraph-cora")
    pool = pool_of(task)
    np.testing.assert_array_equal(pool.score, task.query(pool.archs, "valid"))
    assert (pool.score != task.query(pool.archs, "test")).any()
    pool, rows = pool_of(cifar10), np.arange(500)
    np.testing.assert_array_equal(
        draw_training_scores(cifar10, pool, rows, "mean", rng), cifar10.query(pool.archs[rows])
    )
    drawn = draw_training_scores(cifar10, pool, rows, "seed", rng)
    seeds = np.stack([cifar10.query(pool.archs[rows], seed=seed) for seed in cifar10.observed.axes["seeds"]])
    which = [np.flatnonzero(seeds[:, i] == drawn[i]) for i in rows]
    assert all(map(len, which))
    assert len(np.unique([seed[0] for seed in which])) > 1


@pytest.mark.parametrize("labels", ["mean", "seed"])
def test_all_predictors_meet_the_same_training_sets(labels):
    SEEN.clear()
    options = {"train_sizes": [30], "runs": 3, "test_size": 50, "labels": labels}
    nasbench.evaluate(TASK, [Noted, NotedToo], **options)
    assert SEEN[:3] == SEEN[3:]
    assert len(set(SEEN)) == 3


def test_other_seeds_sizes_and_labels_draw_other_numbers():
    evaluation = Evaluation.of(TASK, "a", [10, 20])
    drawn = [
        stream.random()
        for task in ("x", "y")
        for label in ("a", "b")
        for key in ((10, 0), (10, 1), (20, 0))
        for stream in evaluation.streams(task, label, key)
    ]
    # own streams differ everywhere; data and noise are shared by the two labels
    assert len(set(drawn)) == 12 + 6 + 6


def test_a_failed_run_is_recorded_and_does_not_pay(reference):
    runs = reference.runs(TASK, f"{__name__}:Unlucky")
    assert [run.failed for run in runs] == [True] * 3 + [False] * 3
    assert "too little" in runs[0].error
    assert runs[0].tests["random"]["kendall"] == 0
    assert runs[0].tests["random"]["r2"] <= 0
    assert runs[0].tests["random"]["regret_1"] > 0
    board = leaderboard(analyse(reference))
    assert [row["failed"] for row in board.overall if row["predictor"].endswith("Unlucky")] == [3, 3]


def test_answers_that_are_none_fail():
    (run, *_) = nasbench.evaluate(TASK, Nan, train_sizes=20, runs=1, test_size=50).runs(TASK, f"{__name__}:Nan")
    assert "values not finite" in run.error


def test_failed_runs_are_done_again_on_demand(tmp_path, monkeypatch):
    options = {"train_sizes": 20, "runs": 2, "test_size": 50, "out": tmp_path / "record"}
    nasbench.evaluate(TASK, Unlucky, **options)
    monkeypatch.setattr(Unlucky, "_fit", Ridge._fit)
    assert all(run.failed for run in nasbench.evaluate(TASK, Unlucky, **options).runs(TASK, f"{__name__}:Unlucky"))
    record = nasbench.evaluate(TASK, Unlucky, retry_failed=True, **options)
    assert not any(run.failed for run in record.runs(TASK, f"{__name__}:Unlucky"))


def test_learning_is_better_than_guessing_in_every_run(reference):
    """p = 2^-12 if learning and guessing were alike: a sign test over 2 sizes, 3 runs and 2 protocols."""
    analysis = analyse(reference)
    for test in analysis.tests:
        learnt, guessed, _ = test.metrics["kendall"]
        assert (learnt > guessed).all()


def test_the_leaderboard_shows_what_the_runs_hold(reference):
    board = leaderboard(analyse(reference))
    runs = [run for run in reference.runs(TASK, f"{__name__}:Ridge") if run.size == 60]
    (row,) = (
        r
        for r in board.details
        if r["predictor"].endswith("Ridge") and r["train_size"] == 60 and r["protocol"] == "disjoint"
    )
    for metric in ("kendall", "regret_10", "calibration_error"):
        values = [run.tests["disjoint"][metric] for run in runs]
        assert row[metric]["mean"] == pytest.approx(np.mean(values))
        assert row[metric]["std"] == pytest.approx(np.std(values, ddof=1))
        if metric == "regret_10":  # skewed: an interval would not cover
            assert np.isnan([row[metric]["low"], row[metric]["high"]]).all()
            continue
        # Student's t with two degrees of freedom: 4.303 (any table)
        half = 4.303 * np.std(values, ddof=1) / np.sqrt(3)
        assert row[metric]["high"] - row[metric]["mean"] == pytest.approx(half, rel=1e-3)
    assert row["fit_s"] == np.median([run.measured.fit_s for run in runs])
    assert board.overall[0]["predictor"].endswith("Ridge")
    assert (board.overall[0]["first_on"], board.overall[0]["n_tasks"]) == (1, 1)
    text = str(reference.leaderboard())
    assert text.count("disjoint") > 3
    assert "the test split is never used" in text
    for kind in ("text", "markdown", "latex", "csv", "json"):
        assert "disjoint" in board.render(kind)
    assert json.loads(board.render("json"))["details"][-1]["log_likelihood"]["mean"] is not None


def test_what_was_measured_is_recorded_apart(reference):
    run = reference.runs(TASK, f"{__name__}:Ridge")[0]
    assert run.measured.fit_s > 0
    assert run.measured.predict_s > 0
    assert run.measured.peak_mb >= 0 or sys.platform != "linux"
    assert not any(b"fit_s" in content for content in files(reference.path).values())
    assert Outcome.from_bytes(run.to_bytes()).to_bytes() == run.to_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_memory_is_that_of_the_work():
    from nasbench.measuring import PeakMemory

    memory = PeakMemory()
    np.ones(30_000_000).sum()
    assert 200 < memory.mb() < 300
    assert PeakMemory().mb() < 50


def test_pictures_are_drawn(reference, tmp_path):
    written = write_plots(analyse(reference), tmp_path)
    names = {path.name for path in written}
    assert names == {f"{name}.{ending}" for name in ("train_size", "cost", "reliability") for ending in ("png", "svg")}
    assert all(path.stat().st_size > 5000 for path in written)


def test_the_front_holds_what_nothing_beats():
    cost, value = find_front(np.array([3.0, 1.0, 2.0, 2.0, np.nan]), np.array([0.5, 0.2, 0.6, 0.1, 1.0]))
    assert (cost.tolist(), value.tolist()) == ([1.0, 2.0], [0.2, 0.6])


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"train_sizes": [0]}, InvalidOption, "train_sizes=0; expected a whole number, at least 1"),
        ({"train_sizes": []}, InvalidOption, "no train size given"),
        ({"train_sizes": [5, 5]}, InvalidOption, "train size '5' is given twice"),
        ({"train_sizes": 15624}, InvalidOption, "leaves too few of nb201-cifar10's 15625"),
        ({"runs": 0}, InvalidOption, "runs=0"),
        ({"test_size": 1}, InvalidOption, "test_size=1; expected a whole number, at least 2"),
        ({"protocols": ("randon",)}, UnknownName, "did you mean 'random'"),
        ({"labels": "test"}, UnknownName, "unknown labels 'test'"),
        ({"predictors": []}, InvalidOption, "no predictor given"),
        ({"predictors": "no_such"}, UnknownName, "unknown predictor"),
        ({"n_jobs": 0}, InvalidOption, "0 jobs"),
    ],
)
def test_bad_options_are_refused_before_anything_runs(options, error, says):
    with pytest.raises(error, match=says):
        nasbench.evaluate(TASK, options.pop("predictors", Ridge), **{"train_sizes": 20} | options)


def test_a_protocol_without_test_architectures_is_refused(cifar10):
    pool = pool_of(cifar10)
    twins = pool.__class__(pool.archs[:30], pool.score[:30], np.zeros(30, dtype=np.int64))
    with pytest.raises(InvalidOption, match="leave 0 to test by protocol 'disjoint'"):
        split_pool(twins, 10, np.random.default_rng(0), protocols=("random", "disjoint"), test_size=None)


def test_one_predictor_by_hand(cifar10):
    predictor = nasbench.make_predictor(cifar10.space, f"{__name__}:Ridge@ranks")
    archs = cifar10.space.rows
    predictor.fit(nasbench.Batch(archs[::20]), cifar10.query(archs[::20]), np.random.default_rng(0))
    mean, std = predictor.predict(nasbench.Batch(archs))
    assert mean.shape == std.shape == (15625,)


def test_the_commands(tmp_path, capsys):
    from nasbench.cli import main

    out = tmp_path / "record"
    options = ["--train-sizes", "20,40", "--runs", "2", "--test-size", "200", "--jobs", "1", "--out", str(out)]
    predict = ["predict", "--task", TASK, "--predictor", f"{__name__}:Ridge", "--predictor", f"{__name__}:Guess"]
    assert main([*predict, *options]) == 0
    shown = capsys.readouterr()
    assert "tau at 40" in shown.out
    assert "8 of 8 runs done" in shown.err
    assert (out / "plots" / "cost.png").exists()
    assert main(["verify", str(out)]) == 0
    capsys.readouterr()
    assert main(["leaderboard", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["overall"][0]["predictor"].endswith("Ridge")
    assert main([*predict, "--train-sizes", "ten"]) == 1
    assert "'ten' is not a whole number" in capsys.readouterr().err
    assert main(["info", "wl"]) == 0
    assert "depth=2" in capsys.readouterr().out
