"""What a task does where not everything was measured: who is told, what is charged, and what a crash is."""

import json

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import GapsWarning, InvalidArchitecture, InvalidOption, UnknownName
from nasbench.registry import SPACES
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Measurement, Static, TableBuilder, write_table
from nasbench.tasks.load import load_table_task
from nasbench.trials import Trials

GRID = {"a": {"integer": [0, 4]}, "b": {"integer": [0, 4]}}
TASK = """
title = "own"
version = 1
space = "{space}"
table = "own"
dataset = "d"
recipe = "r"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = {cost}
budget_s = 60
{more}
[tasks.t]
"""
OPTIONS = "[space_options.decisions]\na = { integer = [0, 4] }\nb = { integer = [0, 4] }\n"
BY_EPOCH = '[{ split = "train", metric = "train_s" }]'


def measured(values, split="valid", metric="accuracy", unit="fraction", **more):
    _, s, t = values.shape
    shared = {"dataset": "d", "recipe": "r", "seeds": np.arange(s), "epochs": np.arange(1, t + 1)}
    direction = "maximize" if unit == "fraction" else "minimize"
    return Measurement(**shared | more, split=split, metric=metric, unit=unit, direction=direction, values=values)


@pytest.fixture
def own(home, tmp_path):
    """A function from architectures and columns to the name of a task on a table of them."""

    def make(rows, *columns, space=None, statics=(), cost="1.0", more=OPTIONS):
        space = space or HyperSpace(GRID)
        draft = TableBuilder(
            **dict.fromkeys(("title", "citation", "licence", "source", "notes"), "a test"),
            name="own",
            space=space.name,
            architectures=rows,
            cardinality=space.cardinality,
            measurements=list(columns),
            statics=[
                Static(dataset=dataset, metric=metric, unit="s", direction="minimize", values=np.full(len(rows), 2.0))
                for dataset, metric in statics
            ],
        )
        (home / "tables").mkdir(exist_ok=True)
        write_table(draft, home / "tables/own.h5")
        file = tmp_path / "own.toml"
        file.write_text(TASK.format(space=space.name, cost=cost, more=more))
        return f"{file}:t"

    return make


@pytest.fixture
def gap(own):
    """A task on a grid of 25 of which one cell is missing; the score rises with both decisions."""
    rows = HyperSpace(GRID).rows
    rows = rows[~(rows == (0, 3)).all(axis=1)]
    return own(rows, measured((0.5 + rows.sum(axis=1) / 100.0)[:, None, None]))


def ask(backend, archs, ids, epochs):
    return backend.advance(Trials(np.array(ids), archs, np.array(epochs)))


def test_everyone_is_told_before_the_first_run(gap, tmp_path, capsys):
    with pytest.warns(
        GapsWarning, match=r"24 of 25 architectures are measured; the search is restricted to them;.*fit"
    ):
        record = nasbench.compare(gap, ["random_search", "local_search"], runs=2, out=tmp_path / "r")
    assert record.spec["tasks"][gap]["restriction"].startswith("24 of 25")
    assert not any(run.failed for label in record.contestants for run in record.runs(gap, label))
    assert main(["verify", str(tmp_path / "r")]) == 0
    assert main(["info", gap, "--json"]) == 0
    out = capsys.readouterr().out
    described = json.loads(out[out.index("{") :])
    assert described["restriction"] == "24 of 25 architectures are measured; the search is restricted to them"
    assert "25 architectures" in described["space"]


@pytest.mark.filterwarnings("default::nasbench.errors.GapsWarning")
def test_the_command_line_says_it_in_a_line(gap, tmp_path, capsys):
    strategy = ["--strategy", "random_search", "--runs", "1", "--jobs", "1"]
    assert main(["compare", "--task", gap, *strategy, "--out", str(tmp_path / "c")]) == 0
    assert capsys.readouterr().err.startswith(f"warning: task {gap}: 24 of 25 architectures are measured;")
    predictor = ["--predictor", "bayesian_linear_regression", "--train-sizes", "10", "--runs", "1", "--jobs", "1"]
    assert main(["predict", "--task", gap, *predictor, "--protocol", "random", "--out", str(tmp_path / "p")]) == 0
    assert capsys.readouterr().err.startswith(f"warning: task {gap}: 24 of 25 architectures are measured;")


def test_nothing_is_said_or_changed_where_everything_was_measured(own):
    rows = HyperSpace(GRID).rows
    task = load_table_task(own(rows, measured((0.5 + rows.sum(axis=1) / 100.0)[:, None, None])))
    assert task.space is task.whole
    assert task.restriction == ""


def test_a_single_measured_architecture_is_refused(own):
    task = load_table_task(own(HyperSpace(GRID).rows[:1], measured(np.full((1, 1, 1), 0.5))))
    with pytest.raises(InvalidOption, match="one architecture of its space was measured"):
        task.check()


def test_a_task_may_count_what_is_missing_as_crashes(gap):
    """search = "all": the one cell that is missing answers nan, for the mean cost or what the task says."""
    file = gap.removesuffix(":t")
    for crash_s, cost_s in (("", 1.0), ("crash_s = 7\n", 7.0)):
        with open(file) as read:
            text = read.read().replace("budget_s = 60\n", f'budget_s = 60\nsearch = "all"\n{crash_s}')
        with open(f"{file}.{cost_s}.toml", "w") as write:
            write.write(text)
        task = load_table_task(f"{file}.{cost_s}.toml:t")
        assert task.space is task.whole
        assert f"others are answered with nan, like crashes of {cost_s:g} s" in task.restriction
        told = ask(task.backend(np.random.default_rng(0)), np.array([[0, 3], [0, 4]], dtype=np.int8), [0, 1], [-1, 1])
        np.testing.assert_array_equal(told.score[:, 0], [np.nan, 0.54])
        assert told.cost_s.tolist() == [cost_s, 1.0]
        with pytest.raises(InvalidArchitecture, match="is not an architecture of space"):
            ask(task.backend(np.random.default_rng(0)), np.array([[0, 5]], dtype=np.int8), [0], [-1])


@pytest.mark.parametrize(
    ("line", "error", "says"),
    [
        ('search = "some"', UnknownName, "known: all, measured"),
        ("crash_s = 3", InvalidOption, 'beside search = "all"'),
        ('search = "all"\ncrash_s = -3', InvalidOption, "expected a positive number"),
    ],
)
def test_how_to_search_is_checked(own, line, error, says):
    task = own(HyperSpace(GRID).rows[:5], measured(np.full((5, 1, 1), 0.5)), more=f"{line}\n{OPTIONS}")
    with pytest.raises(error, match=says):
        load_table_task(task)


def test_a_crash_is_answered_with_nan_for_what_it_took(own):
    """Seconds that go on where the score stops: paid for, and nothing to show. 2 s an epoch; one crashed in its 3rd."""
    rows = HyperSpace(GRID).rows[:6]
    scores, seconds = np.full((6, 1, 5), 0.5), np.tile(2.0 * np.arange(1, 6), (6, 1, 1))
    scores[1, 0, 2:] = np.nan
    seconds[1, 0, 3:] = np.nan  # nothing ran any more
    scores[2, 0, 2:] = seconds[2, 0, 2:] = np.nan  # stopped by somebody: no crash, and not measured
    scores[3, 0, 3:] = np.nan
    seconds[3, 0, 3:] = 7.0  # as a build writes it: the cost to the last epoch is what it took
    task = load_table_task(own(rows, measured(scores), measured(seconds, "train", "train_s", "s"), cost=BY_EPOCH))
    task.check()
    assert task.space.rows.tolist() == rows[[0, 1, 3, 4, 5]].tolist()
    backend = task.backend(np.random.default_rng(0))
    told = [ask(backend, rows[[1, 3]], [0, 1], [epoch] * 2) for epoch in (1, 2, 3, 4, 5)]
    curves = np.array([result.score[:, 0] for result in told]).T
    np.testing.assert_array_equal(curves, [[0.5, 0.5, *[np.nan] * 3], [0.5, 0.5, 0.5, np.nan, np.nan]])
    assert np.array([result.cost_s for result in told]).T.tolist() == [[2, 2, 2, 0, 0], [2, 2, 2, 1, 0]]
    whole = ask(task.backend(np.random.default_rng(0)), rows[[1, 3]], [0, 1], [-1, -1])
    assert np.isnan(whole.score).all()
    assert whole.cost_s.tolist() == [6, 7]


def test_going_on_never_costs_less_than_nothing(own):
    """The mean over seeds falls where the dear one was stopped: 10 and 30 s an epoch, from the third on 10 alone."""
    rows, scores = HyperSpace(GRID).rows, np.full((25, 2, 3), 0.5)
    seconds = np.tile(np.array([[10.0, 20.0, 30.0], [30.0, 60.0, np.nan]]), (25, 1, 1))
    scores[:, 1, 2] = np.nan
    task = load_table_task(own(rows, measured(scores), measured(seconds, "train", "train_s", "s"), cost=BY_EPOCH))
    backend = task.backend(np.random.default_rng(0))
    told = [ask(backend, rows[:1], [0], [epoch]).cost_s.item() for epoch in (1, 2, 3)]
    assert told == [20, 10, 0], "a complete training takes 30 s, and no more is charged before it ends"


def test_seconds_that_fall_are_refused_before_anything_runs(own, tmp_path):
    rows, seconds = HyperSpace(GRID).rows, np.tile(np.arange(1.0, 4.0), (25, 1, 1))
    seconds[7, 0] = [14.5, 11.25, 12.0]
    scores = np.full((25, 1, 3), 0.5)
    columns = measured(scores), measured(seconds, "train", "train_s", "s")
    with pytest.raises(InvalidOption) as caught:
        nasbench.compare(own(rows, *columns, cost=BY_EPOCH), "random_search", out=tmp_path / "out")
    for part in ("d/r/train/train_s", "from 14.5 at epoch 1 to 11.25 at epoch 2", "[1, 2], seed 0", "per = 'epoch'"):
        assert part in str(caught.value), part
    assert not (tmp_path / "out").exists()
    answers = BY_EPOCH.replace("}", ', per = "answer" }')
    load_table_task(own(rows, *columns, cost=answers)).check()  # what an answer takes may fall


@pytest.mark.parametrize("space", ["darts", "nb101"])
def test_a_sample_of_a_space_that_cannot_be_listed_is_searched(own, space, rng, tmp_path):
    """Among its rows; one has no epoch 2, and is left out."""
    inner = SPACES.load(space)()
    rows = np.unique(inner.canonicalize(inner.sample(60, rng)), axis=0)
    scores = rng.random((len(rows), 1, 9))
    scores[5, 0, 1] = np.nan
    seconds = np.cumsum(rng.uniform(1.0, 2.0, scores.shape), axis=2)
    task = own(rows, measured(scores), measured(seconds, "train", "train_s", "s"), space=inner, cost=BY_EPOCH, more="")
    with pytest.warns(GapsWarning, match=f"{len(rows) - 1} of "):
        record = nasbench.compare(task, ["local_search", "regularized_evolution", "asha", "hyperband"], runs=2)
    known = {row.tobytes() for row in np.delete(rows, 5, axis=0)}
    for label in record.contestants:
        for run in record.runs(task, label):
            assert not run.failed, run.error
            assert {row.tobytes() for row in run.history.arch} <= known
    opened = load_table_task(task)
    kept = np.delete(scores[:, 0, -1], 5)
    assert opened.optimum.score == kept.max()
    assert opened.random_score == pytest.approx(kept.mean())
    assert len(opened.epochs) == 9


def test_where_most_lack_epochs_complete_trainings_are_searched(own):
    rows, scores = HyperSpace(GRID).rows[:10], np.full((10, 1, 3), 0.5)
    scores[:5, 0, 0] = np.nan
    task = load_table_task(own(rows, measured(scores)))
    assert task.epochs == (3,)
    assert len(task.space.rows) == 10


def test_a_missing_static_metric_is_what_the_error_names(own):
    rows, scores, seconds = HyperSpace(GRID).rows, np.full((25, 1, 2), 0.5), np.ones((25, 1, 2))
    columns = measured(scores), measured(seconds, "train", "train_s", "s")
    with pytest.raises(UnknownName) as caught:
        load_table_task(own(rows, *columns, cost='"train_s"')).check()
    said = str(caught.value)
    assert "unknown static metric of 'd' in table 'own' 'train_s'" in said
    assert 'write cost = [{ split = "train", metric = "train_s" }]' in said
    with pytest.raises(
        UnknownName, match=r'data set \'all\' has it; write cost = \[{ static = "took_s", dataset = "all"'
    ):
        load_table_task(own(rows, measured(scores), cost='"took_s"', statics=[("all", "took_s")])).check()
    with pytest.raises(UnknownName, match=r"did you mean 'took_s'\?; the table has no measured seconds; cost = 1.0"):
        load_table_task(own(rows, measured(scores), cost='"tok_s"', statics=[("d", "took_s")])).check()
    with pytest.raises(UnknownName, match=r"unknown split .*'took_s' is a static metric, of data set 'd'"):
        load_table_task(
            own(rows, measured(scores), cost=BY_EPOCH.replace("train_s", "took_s"), statics=[("d", "took_s")])
        )


def test_a_table_of_static_metrics_says_that_nothing_was_measured(own):
    with pytest.raises(UnknownName, match=r"has static metrics of data set 'd', but no measurements; .*: e"):
        load_table_task(
            own(HyperSpace(GRID).rows, measured(np.full((25, 1, 1), 0.5), dataset="e"), statics=[("d", "took_s")])
        )
