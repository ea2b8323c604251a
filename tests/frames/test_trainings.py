"""Tasks of data frames: what is guessed, what is said, what is asked."""

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.errors import InvalidOption, SourceError

N = 60


@pytest.fixture
def frame(rng):
    made = pd.DataFrame({"depth": rng.choice([2, 4, 6, 8], N), "op": rng.choice(["relu", "gelu", "silu"], N)})
    return made.assign(val_acc=0.5 + made.depth / 50 + rng.normal(0, 0.01, N), train_s=3.0 * made.depth)


def make_task(frame, *more, decisions=("depth", "op"), score="val_acc", **options):
    named = decisions if isinstance(decisions, dict) else [*decisions, *more]
    return nasbench.task_from_frame(frame, decisions=named, score=score, quiet=True, **options)


def declared(task, decision):
    return task.whole.code_options["decisions"][decision]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2, 3], {"ordinal": [1, 2, 3]}),
        ([1.0, 2.0, 3.0], {"ordinal": [1, 2, 3]}),  # a float column with whole numbers
        (["b", "a"], {"categorical": ["a", "b"]}),
        ([True, False], {"categorical": [False, True]}),
        (np.array([0.1, 0.001], np.float32), {"ordinal": [0.001, 0.1]}),
        (pd.Categorical(["s", "m", "l"], ["s", "m", "l"], ordered=True), {"ordinal": ["s", "m", "l"]}),
        (pd.Categorical([16, 32, 64], [64, 16, 32]), {"categorical": [64, 16, 32]}),
        (pd.array([1, 2], dtype="Int64"), {"ordinal": [1, 2]}),
    ],
)
def test_the_kind_of_a_decision_follows_from_its_values(frame, values, expected):
    column = pd.Series(values).iloc[np.arange(N) % len(values)].reset_index(drop=True)
    assert declared(make_task(frame.assign(own=column), "own"), "own") == expected


def test_many_numbers_are_ranges(frame, rng):
    lr = np.geomspace(1.1e-4, 0.09, N)
    wd = np.geomspace(1.1e-4, 2.9e-3, N)  # a logarithmic scale by its name
    drop = np.linspace(0.004, 0.481, N)  # two orders of magnitude, but evenly spread
    made = frame.assign(lr=lr, wd=wd, drop=drop, width=np.arange(16, 16 + 5 * N, 5), gain=np.linspace(-3.2, 7.1, N))
    task = make_task(made, "lr", "wd", "drop", "width", "gain")
    assert declared(task, "lr") == {"real": [0.0001, 0.09], "log": True}
    assert declared(task, "wd") == {"real": [0.0001, 0.003], "log": True}
    assert declared(task, "drop") == {"real": [0.0, 0.5]}
    assert declared(task, "width") == {"integer": [16, 16 + 5 * (N - 1)]}
    assert declared(task, "gain") == {"real": [-4.0, 8.0]}
    read = task.whole.read(made[["depth", "op", "lr", "wd", "drop", "width", "gain"]])
    assert sorted(read[:, 2].tolist()) == lr.tolist()


def test_kinds_and_orders_may_be_given(frame, rng):
    made = frame.assign(size=rng.choice(["s", "m", "l"], N), code=rng.integers(0, 3, N))
    task = make_task(made, "size", "code", ordinal={"size": ["s", "m", "l"]})
    assert declared(task, "size") == {"ordinal": ["s", "m", "l"]}
    task = make_task(made, decisions={"depth": {"integer": [1, 9]}, "code": "categorical"})
    assert task.whole.code_options["decisions"] == {
        "depth": {"integer": [1, 9]},
        "code": {"categorical": [0, 1, 2]},
    }


def test_gaps_that_another_decision_determines_are_a_condition(frame, rng):
    made = frame.assign(momentum=np.where(frame.op == "relu", rng.choice([0.0, 0.9], N), np.nan))
    task = make_task(made, "momentum")
    assert task.whole.code_options["conditions"] == [{"decision": "momentum", "when": "op", "is": ["relu"]}]
    assert "only where op is relu" in str(task)
    made.loc[made.index[made.op != "relu"][0], "momentum"] = 0.9
    with pytest.raises(InvalidOption, match="of 60 rows, and no other decision says where"):
        make_task(made, "momentum")


def test_scores_are_means_over_trainings_in_the_unit_of_the_table(frame):
    means = frame.groupby(["depth", "op"]).val_acc.mean()
    for made in (frame, frame.assign(val_acc=100 * frame.val_acc)):
        task = make_task(made, cost="train_s")
        texts = [f"depth={depth},op={op}" for depth, op in means.index]
        np.testing.assert_allclose(task.query(texts), means, rtol=1e-12)
        assert task.optimum.score == pytest.approx(means.max())
    assert "in percent" in str(task)
    assert task.budget_s == pytest.approx(4 * 3 * 5, rel=0.2)  # a third of 12 architectures


def test_seeds_are_labels_texts_or_numbered(frame):
    first = frame.drop_duplicates(["depth", "op"])
    made = pd.concat([first.assign(seed=label) for label in ("a", "b")], ignore_index=True)
    assert make_task(made, seed="seed").observed.seeds == [0, 1]
    made["seed"] = made.seed.map({"a": 777, "b": 888})
    assert make_task(made, seed="seed").observed.seeds == [777, 888]
    many = make_task(frame.assign(seed=np.arange(N)), seed="seed")  # a random seed for each training
    assert len(many.observed.seeds) == frame.groupby(["depth", "op"]).size().max()
    with pytest.raises(InvalidOption, match="have the same architecture and 'seed', but val_acc is"):
        make_task(frame.assign(seed=0), seed="seed")


def test_rows_without_a_score_are_crashes_if_they_cost(frame):
    made = frame.copy()
    made.loc[(made.depth == 8) & (made.op == "gelu"), "val_acc"] = np.nan
    task = make_task(made, cost="train_s")
    answer = task.expect(np.random.default_rng(0), task.archs(["depth=8,op=gelu"]), np.array([1]))
    assert np.isnan(answer.score[0, 0])
    assert answer.until_s[0] == 24.0
    assert "crashes that cost what the row says" in str(task)
    free = make_task(made)
    assert len(free.table) == len(task.table) - 1
    assert "no cost says what a crash took" in str(free)


def test_test_scores_objectives_and_epochs(frame, rng):
    made = frame.assign(test_acc=frame.val_acc - 0.01, latency_ms=frame.depth * 2.0)
    task = make_task(made, test="test_acc", objectives=["latency_ms"])
    assert task.reported == ("valid", "test")
    assert [objective.direction for objective in task.objectives] == ["maximize", "minimize"]
    np.testing.assert_allclose(task.query(["depth=4,op=relu"], task.objectives[1].name), 0.008)
    first = frame.drop_duplicates(["depth", "op"])
    curves = pd.concat([first.assign(epoch=e, val_acc=first.val_acc - 0.1 / (e + 1)) for e in range(4)])
    task = make_task(curves.reset_index(drop=True), epoch="epoch", cost="train_s")  # epochs from 0, seconds of each
    assert task.epochs == (1, 2, 3, 4)
    answer = task.expect(np.random.default_rng(0), task.archs(["depth=4,op=relu"] * 2), np.array([1, 4]))
    assert answer.until_s.tolist() == [12.0, 48.0]


@pytest.mark.parametrize(
    ("change", "options", "says"),
    [
        (lambda f: f[:0], {}, "the frame has no rows"),
        (lambda f: f[:1], {}, "nothing to search"),
        (lambda f: f.assign(depth=2, op="relu"), {}, "nothing to search"),
        (lambda f: f.assign(val_acc=0.5), {}, "is 0.5 in every row"),
        (lambda f: f.assign(val_acc=np.nan), {}, "holds no number"),
        (
            lambda f: f.astype({"val_acc": object}).replace({"val_acc": {f.val_acc[7]: "n/a"}}),
            {},
            r"row 7.*'n/a' is",
        ),
        (lambda f: f.rename(columns={"val_acc": "quality"}), {"score": "quality"}, "say direction='maximize'"),
        (lambda f: f, {"direction": "up"}, "expected 'maximize' or 'minimize'"),
        (lambda f: f, {"score": "valacc"}, "no column 'valacc'; it has 'val_acc'"),
        (lambda f: f, {"decisions": ["depth", "depth"]}, "'depth' is given twice"),
        (lambda f: f, {"decisions": ["depth", "val_acc"]}, "for two purposes"),
        (lambda f: pd.concat([f, f[["op"]]], axis=1), {}, "2 columns named 'op'"),
        (lambda f: f.assign(op=[["conv"]] * N), {}, "is a list; a decision is one number"),
        (lambda f: f.assign(op=f.op + "=1"), {}, "cannot be written as name=value"),
        (lambda f: f.assign(train_s=0.0), {"cost": "train_s"}, "must cost more than 0"),
        (lambda f: f, {"name": "nb201-cifar10"}, "belongs to a task of the suite"),
        (lambda f: f, {"name": "a/b"}, "expected letters"),
        (lambda f: f.to_dict(), {}, "dict is not a data frame"),
        (lambda f: f, {"ordinal": {"size": [1, 2]}}, "none of the decisions"),
    ],
)
def test_nonsense_is_explained(frame, change, options, says):
    with pytest.raises((InvalidOption, SourceError), match=says):
        make_task(change(frame), **options)


def test_constant_decisions_are_left_out_and_said(frame):
    task = make_task(frame.assign(k=3), "k")
    assert task.whole.decisions == ("depth", "op")
    assert "left out: always 3" in str(task)


def test_the_same_content_is_the_same_file_and_nothing_is_replaced_unasked(frame):
    first, again = make_task(frame), make_task(frame)
    assert first.table.path == again.table.path
    assert first.name.startswith("frame-")
    assert first.name != make_task(frame.assign(val_acc=1 - frame.val_acc)).name
    make_task(frame, name="mine")
    make_task(frame, name="mine")
    with pytest.raises(InvalidOption, match="replace=True"):
        make_task(frame, name="mine", cost="train_s")
    assert make_task(frame, name="mine", cost="train_s", replace=True).budget_s > 40
    assert nasbench.load_task("mine").budget_s > 40
    assert "mine" in nasbench.task_names()


def test_texts_of_a_known_space_are_its_architectures(cifar10, rng):
    texts = cifar10.space.format(cifar10.space.rows[:40])
    task = make_task(pd.DataFrame({"arch": texts, "acc": rng.random(40)}), decisions=["arch"], score="acc")
    assert task.space.name == "nb201"
    assert len(task.table) == 40


def test_a_frame_of_another_library_is_read(frame):
    pyarrow = pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    assert make_task(pyarrow.Table.from_pandas(frame)).table.checksum == make_task(frame).table.checksum
