"""Metrics of any unit and direction: what a strategy sees, what is best, and what is printed."""

import contextlib
import io
import itertools
import json
import re
import shutil
from dataclasses import replace

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nasbench
from nasbench.adapters import make_optuna_objective
from nasbench.cli import main
from nasbench.comparison.analysis import analyse
from nasbench.comparison.leaderboard import leaderboard
from nasbench.comparison.winners import find_top_architectures, predict_held_out
from nasbench.errors import InvalidOption, TableError
from nasbench.reproduction import load_published
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.samples import CannotJudge
from nasbench.table import Measurement, Table, TableBuilder, find_table, write_table
from nasbench.tasks import SurrogateFit, fit_surrogate, load_task
from nasbench.trials import full_trainings
from nasbench.units import Scale

SHOWN = {"fraction": "%", "nats": "nats", "s": "s", "J": "J", "count": "", "none": ""}
RANGES = {"fraction": (0, 1), "nats": (0, 50), "s": (0, 1e-2), "J": (0, 1e6), "count": (0, 1e7), "none": (-1e4, 1e4)}
NUMBER = re.compile(r"-?[\d,]+(?:\.\d+)?(?:e[+-]?\d+)?")


@st.composite
def metrics(draw):
    """A unit, a direction, and a value for each of 12 architectures, 2 seeds and 2 epochs; some are alike."""
    unit, direction = draw(st.sampled_from(sorted(SHOWN))), draw(st.sampled_from(["maximize", "minimize"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    low, high = RANGES[unit]
    shares = np.round(rng.random((12, 2, 2)), draw(st.sampled_from([0, 1, 9])))
    values = low + (high - low) * draw(st.sampled_from([1.0, 1e-3])) * shares
    return unit, direction, np.round(values) if unit == "count" else values


@contextlib.contextmanager
def declared(home, observed, reported, name="mine"):
    """A table of 12 configurations with two metrics, and the label of a task on it."""
    columns = zip(("seen", "told"), (observed, reported), strict=True)
    measurements = [
        Measurement(
            dataset="d",
            recipe="r",
            split="valid",
            metric=metric,
            unit=unit,
            direction=direction,
            values=values,
            seeds=np.array([0, 1]),
            epochs=np.array([1, 2]),
        )
        for metric, (unit, direction, values) in columns
    ]
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    rows = np.array(list(itertools.product(range(3), range(4))), dtype=np.int8)
    draft = TableBuilder(
        name=name, space="hyper", **texts, architectures=rows, cardinality=np.array([3, 4]), measurements=measurements
    )
    write_table(draft, home / "tables" / f"{name}.h5")
    (home / f"{name}.toml").write_text(
        f"""[tasks.t]
title = "t"
version = 1
space = "hyper"
space_options = {{ decisions = {{ a = {{ ordinal = [1, 2, 3] }}, b = {{ ordinal = [1, 2, 4, 8] }} }} }}
table = "{name}"
dataset = "d"
recipe = "r"
metric = "told"
observed = {{ split = "valid", metric = "seen" }}
reported = ["valid"]
cost = 1.0
budget_s = 5
"""
    )
    try:
        yield f"{home}/{name}.toml:t"
    finally:
        (home / "tables" / f"{name}.h5").unlink()
        shutil.rmtree(home / name, ignore_errors=True)


def printed(*arguments):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        assert main([*map(str, arguments)]) == 0
    return out.getvalue()


def amount(text, unit):
    """Read a printed number back, and refuse another unit than the metric's behind it."""
    found = NUMBER.match(text)
    assert found, text
    assert text[found.end() :].strip() == SHOWN[unit], text
    value = float(found[0].replace(",", ""))
    return value / 100 if unit == "fraction" else value


def check(label, observed, reported, home):
    (unit, direction, values), (told_unit, told_direction, told) = observed, reported
    task = load_task(label)
    sign, told_sign = ({"maximize": 1, "minimize": -1}[way] for way in (direction, told_direction))
    assert (task.unit, task.direction, task.sign) == (unit, direction, sign)
    archs = task.table.architectures
    means = told[:, :, 1].mean(axis=1)
    assert task.query(archs, "valid") == pytest.approx(means, rel=1e-6, abs=1e-12)
    # the optimum is the best in the metric's own sign; nothing has a regret below 0
    best = means.max() if told_direction == "maximize" else means.min()
    assert task.optimum.score == pytest.approx(best, rel=1e-6, abs=1e-12)
    assert (told_sign * (task.optimum.score - task.query(archs, "valid")) >= 0).all()
    # a strategy maximises: it sees one seed, negated where small is good, after each epoch
    backend = task.backend(np.random.default_rng(0))
    for epoch in (1, 2):
        trials = full_trainings(12 * epoch, archs)._replace(epoch=np.full(12, epoch))
        seen = backend.advance(trials).score[:, 0]
        assert np.isclose(sign * values[:, :, epoch - 1], seen[:, None], rtol=1e-6, atol=1e-12).any(axis=1).all()
    check_record(label, task, values, home)
    check_text(label, task, means, (unit, told_unit), values)


def check_record(label, task, values, home):
    record = nasbench.compare(label, ["random_search", "local_search"], runs=2, out=home / "mine")
    (found,) = analyse(record).tasks
    assert (found.metrics["simple_regret"] >= 0).all()
    assert (found.metrics["normalized_regret"] >= 0).all()
    for i, name in enumerate(record.strategies):
        for run in record.runs(label, name):
            best = run.history.arch[run.history.score.argmax()][None]
            assert found.final["valid"][i, run.number] == task.reported_of(best)["valid"][0]
    archs, searched = find_top_architectures(record, label, 1)
    seen = values[task.table.index(archs), :, 1]
    assert seen.min() - 1e-6 * abs(seen.min()) <= searched[0] <= seen.max() + 1e-6 * abs(seen.max())


def check_text(label, task, means, units, values):
    unit, told_unit = units
    row = {line.split("  ")[0]: line for line in printed("info", label).splitlines()}
    close = {"rel": 2e-4, "abs": 1e-5 if told_unit == "fraction" else 1e-9}
    optimum = row["optimum"].rpartition("valid: ")[2].strip()
    assert amount(optimum, told_unit) == pytest.approx(task.optimum.score, **close)
    random = row["random architecture"].removeprefix("random architecture").strip()
    assert amount(random, told_unit) == pytest.approx(means.mean(), **close)
    text = task.space.format(task.table.architectures[:1])[0]
    rows = [line.rsplit("  ") for line in printed("query", label, text).splitlines()]
    told = {line[0]: "  ".join(line[1:]).strip() for line in rows if line[0].startswith("valid")}
    assert amount(told["valid told (r, mean)"], told_unit) == pytest.approx(means[0], rel=1e-5, abs=1e-12)
    assert amount(told["valid seen (r, seed 1)"], unit) == pytest.approx(values[0, 1, 1], rel=1e-5, abs=1e-12)


def check_board(home, label, unit):
    """The heading of a column of one unit has it, and no number below does."""
    board = leaderboard(analyse(nasbench.Record(home / "mine")))
    for kind in ("text", "markdown", "latex"):
        text = re.sub("^% .*", "", board.render(kind), flags=re.MULTILINE).replace("\\%", "%")
        assert f"valid {SHOWN[unit]}".strip() in text
        assert f"regret {SHOWN[unit]}".strip() in text
        tables = text.split("best architectures found")[0]
        assert ("%" in tables) == (unit == "fraction")
    row = json.loads(board.render("json"))["tasks"][0]
    assert row["unit"] == unit
    (final,) = {row["final"]["valid"]["mean"] for row in board.tasks if row["strategy"] == "random_search"}
    cells = [line for line in board.render("text").splitlines() if line.startswith(label) and "random_search" in line]
    shown = float(cells[0].split("random_search")[1].split()[0].replace(",", ""))
    assert shown / (100 if unit == "fraction" else 1) == pytest.approx(
        final, rel=1e-2, abs=5.01e-5
    )  # two decimals of a percent


@pytest.fixture(scope="module")
def examples(request):
    return 1000 if request.config.getoption("everywhere") else 100


LOSS = """[tasks.loss]
title = "x"
version = 1
space = "nb201"
space_options = { simplified = true }
table = "curves201"
dataset = "mnist1d"
recipe = "curves-30+nb201,channels=8,n_cells=1,stages=1"
metric = "loss"
observed = "valid"
reported = ["valid", "test"]
cost = [{ split = "train", metric = "train_s" }]
budget_s = 55
"""
COLUMN = "measurements/mnist1d/curves-30+nb201,channels=8,n_cells=1,stages=1/valid/loss"


@pytest.fixture
def loss(home):
    """A task of the shipped losses."""
    (home / "l.toml").write_text(LOSS)
    return f"{home}/l.toml:loss"


def accuracy(direction="maximize", unit="fraction"):
    return unit, direction, np.linspace(0.2, 0.9, 48).reshape(12, 2, 2)


def test_the_best_of_the_shipped_losses_is_the_smallest(loss):
    with h5py.File(find_table("curves201"), locking=False) as file:
        smallest = np.nanmin(np.nanmean(file[COLUMN][:, :, -1], axis=1))
    task = load_task(loss)
    assert smallest == pytest.approx(0.1653, abs=5e-5)
    assert task.optimum.score == pytest.approx(smallest, rel=1e-6)
    assert task.random_score > 4 * smallest
    said = printed("info", loss)
    assert "valid: 0.16531 nats" in said
    assert "to be minimised" in said
    assert "%" not in said


def test_the_best_of_a_search_for_a_small_loss_comes_first(loss, home):
    record = nasbench.compare(loss, ["random_search"], runs=2, out=home / "r")
    archs, searched = find_top_architectures(record, loss, 5)
    task = load_task(loss)
    assert (np.diff(searched) >= 0).all()
    assert 0.16 < searched[0] < task.random_score
    expected = predict_held_out(record, loss, archs, "random_forest", np.random.default_rng(0))
    assert 0.1 < expected.mean() < task.random_score


@pytest.mark.parametrize("which", ["seen", "told"])
def test_a_metric_without_a_better_and_a_worse_is_refused(home, which):
    columns = {"seen": accuracy(), "told": accuracy()} | {which: accuracy("none")}
    with (
        declared(home, columns["seen"], columns["told"]) as label,
        pytest.raises(InvalidOption, match=f'\'{which}\' of table .* write direction = "maximize" or "minimize"'),
    ):
        load_task(label)


def test_a_record_says_what_is_no_accuracy(home):
    for scale, entry in ((accuracy(), None), (accuracy("minimize", "s"), ["s", "minimize"])):
        with declared(home, scale, accuracy()) as label:
            record = nasbench.compare(label, ["random_search"], runs=1, out=home / "mine")
            assert record.spec["tasks"][label].get("scale") == entry


def test_optuna_maximises_what_is_small(loss):
    optuna = pytest.importorskip("optuna")
    task = load_task(loss)
    arch = task.optimum.arch
    codes = zip(task.space.coding, arch[0].tolist(), strict=True)
    fixed = optuna.trial.FixedTrial({item.decision: item.texts[code] for item, code in codes})
    seen = make_optuna_objective(task, np.random.default_rng(0))(fixed)
    assert -seen in [task.query(arch, seed=seed)[0] for seed in task.observed.axes["seeds"]]


def test_a_surrogate_of_a_loss_answers_small_for_good(loss, home):
    pytest.importorskip("xgboost")
    path = home / "loss.surrogate"
    quick = SurrogateFit(("xgboost,uncertainty=none,n_rounds=60,learning_rate=0.2",), n_train=300, members=2)
    made = fit_surrogate(loss, quick, name="loss", out=path)
    task, table = load_task(str(path)), load_task(loss)
    archs = table.table.architectures
    told = task.query(archs)
    assert np.corrcoef(told, table.query(archs))[0, 1] > 0.5
    assert made.spec["validation"]["tau"] > 0.5
    assert told.min() >= 0
    assert told.max() > 1  # nats are no fractions
    rows = task.space.rows
    assert task.optimum.score == task.query(rows, "valid").min() < task.random_score
    seen = task.backend(np.random.default_rng(0)).advance(full_trainings(0, archs)).score[:, 0]
    assert seen.max() <= 0
    assert (task.direction, task.sign, task.unit) == ("minimize", -1.0, "nats")
    assert re.search(r"best known .*valid: 0\.\d+ nats", printed("info", path))
    del made.spec["observed"]["direction"]
    made.write(path)
    with pytest.raises(TableError, match="fit it again"):
        load_task(str(path))


def test_numbers_keep_to_what_their_unit_allows():
    """Also where all that was learnt happens to lie between 0 and 1."""
    allowed = {("fraction", "maximize"): (0, 1), ("fraction", "minimize"): (-1, 0), ("s", "maximize"): (0, np.inf)}
    allowed |= {("nats", "minimize"): (-np.inf, 0), ("none", "minimize"): (-np.inf, np.inf)}
    assert {scale: Scale(*scale).bounds for scale in allowed} == allowed


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.916067, Scale("fraction"), "91.607 %"),
        (0.165312, Scale("nats"), "0.16531 nats"),
        (2934.5, Scale("s"), "2,934.5 s"),
        (1288506.0, Scale("count"), "1,288,506"),
        (-12.5, Scale("none"), "-12.500"),
        (3.2e-7, Scale("J"), "3.2000e-07 J"),
        (0.0, Scale("s"), "0 s"),
        (np.nan, Scale("s"), "nan s"),
    ],
)
def test_a_value_is_printed_in_its_own_unit(value, scale, text):
    assert scale.text(value) == text


def test_a_published_table_takes_the_smallest_loss_and_prints_no_percent_of_it(home):
    keys = {"table": "curves201", "dataset": "mnist1d", "recipe": COLUMN.split("/")[2], "split": "valid"}
    columns = {"loss": keys | {"metric": "loss"}, "accuracy": keys | {"metric": "accuracy"}}
    published = replace(load_published("nb201_optimum"), columns=columns, tables={})
    read = Columns(published, tables={"curves201": Table(find_table("curves201"))})
    assert (read.sign("loss"), read.sign("accuracy")) == (-1, 1)
    read.check_unit("accuracy")
    with pytest.raises(CannotJudge, match="'nats', but the table of the claim is in percent"):
        read.check_unit("loss")


def test_every_unit_and_direction_is_obeyed_and_printed_right(home, examples):
    @settings(
        max_examples=examples,
        phases=[Phase.generate],  # to shrink a failure would take minutes, and the metric is small as it is
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(metrics(), metrics())
    def holds(observed, reported):
        with declared(home, observed, reported) as label:
            check(label, observed, reported, home)
            check_board(home, label, reported[0])

    holds()
