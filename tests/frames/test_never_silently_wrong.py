"""What a table of one's own trainings must never become without a word: other numbers, units, directions, rows."""

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import InvalidOption, SourceError

DEPTHS = [1, 2, 3, 4]
SCORES = [0.5, 0.9, 0.6, 0.7]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("NASBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def make_task(decisions=("depth",), score="acc", **options):
    columns = {key: value for key, value in options.items() if isinstance(value, list) and key != "conditions"}
    asked = {key: value for key, value in options.items() if key not in columns}
    frame = pd.DataFrame({"depth": DEPTHS, "acc": SCORES} | columns)
    return nasbench.task_from_frame(frame, decisions=list(decisions), score=score, quiet=True, **asked)


@pytest.mark.parametrize(
    ("text", "columns", "says"),
    [
        ('depth,acc,train_s\n1,0.5,"1,234"\n2,0.9,"2,345"\n3,0.6,"12,333"\n', "depth", "remove thousands separators"),
        ("depth;acc;train_s\n1;0,5;1.234\n2;0,9;2.345\n3;0,6;12.333\n", "depth", "remove thousands separators"),
        ('depth,acc,train_s\n"3,1",0.5,1\n"3,10",0.9,1\n"4,2",0.7,1\n', "depth", "','"),
    ],
)
def test_commas_are_not_guessed_where_they_may_separate_thousands(tmp_path, capsys, text, columns, says):
    (tmp_path / "x.csv").write_text(text)
    assert main(["import", "table", "x.csv", "--decisions", columns, "--score", "acc", "--cost", "train_s"]) == 1
    assert says in capsys.readouterr().err
    assert not list(tmp_path.rglob("*.h5"))


def test_decimal_commas_are_said(tmp_path, capsys):
    (tmp_path / "x.csv").write_text("depth;acc;train_s\n1;0,5;1,25\n2;0,9;2,5\n3;0,6;3\n")
    assert main(["import", "table", "x.csv", "--decisions", "depth", "--score", "acc", "--cost", "train_s"]) == 0
    assert "decimal commas" in capsys.readouterr().out
    assert nasbench.load_task("x").query(["depth=1"]) == [0.5]


@pytest.mark.parametrize(
    "name",
    [
        *("neg_mean_squared_error", "neg_val_acc", "inaccuracy", "acc_drop", "accuracy_gap", "val_acc_std", "acc_rank"),
        *("robust_acc_loss", "time_to_accuracy", "error_reduction", "one_minus_acc", "accuracy_penalty"),
    ],
)
def test_a_direction_is_asked_where_the_name_contradicts_itself(name):
    with pytest.raises(InvalidOption, match="does not say whether higher or lower is better"):
        make_task(score=name, **{name: SCORES})
    assert make_task(score=name, direction="minimize", **{name: SCORES}).direction == "minimize"


@pytest.mark.parametrize(
    ("name", "direction"),
    [("val_acc", "maximize"), ("valid_loss", "minimize"), ("top1_accuracy", "maximize"), ("rmse", "minimize")],
)
def test_plain_names_tell_their_direction(name, direction):
    assert make_task(score=name, **{name: SCORES}).direction == direction


def test_a_test_column_of_the_opposite_metric_is_refused():
    with pytest.raises(InvalidOption, match="expected the same metric of test data"):
        make_task(test="test_error", test_error=[0.5, 0.1, 0.4, 0.3])


def test_trainings_that_end_early_are_said(capsys):
    rows = [(d, e, 0.1 * d + 0.01 * e) for d, last in ((1, 3), (2, 3), (3, 2)) for e in range(1, last + 1)]
    frame = pd.DataFrame(rows, columns=["depth", "epoch", "acc"])
    nasbench.task_from_frame(frame, decisions=["depth"], score="acc", epoch="epoch")
    assert "1 architecture without a score at epoch 3" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("seconds", "options", "expected"),
    [
        ([10, 20, 31, 40], {}, 40),
        ([10, 10, 11, 10], {}, 41),
        ([100, 110, 120, 130], {"cost_per": "total"}, 130),
        ([10, 12, 15, 20], {"cost_per": "epoch"}, 57),
        ([100, 110, 120, 130], {}, None),
        ([10, 12, 15, 20], {}, None),
    ],
)
def test_seconds_are_those_of_an_epoch_or_a_total(seconds, options, expected):
    rows = [(d, e, 0.1 * d + 0.01 * e, seconds[e - 1]) for d in (1, 2, 3) for e in (1, 2, 3, 4)]
    frame = pd.DataFrame(rows, columns=["depth", "epoch", "acc", "train_s"])
    given = {"decisions": ["depth"], "score": "acc", "epoch": "epoch", "cost": "train_s", "quiet": True} | options
    if expected is None:
        with pytest.raises(InvalidOption, match="cost_per='epoch' or 'total'"):
            nasbench.task_from_frame(frame, **given)
    else:
        assert nasbench.task_from_frame(frame, **given).observations.cost_s.tolist() == [expected] * 3


def test_texts_and_large_numbers_stay_different():
    codes = make_task(["code"], code=["010", "10", "0010", "0011"])
    assert codes.space.size == 4
    large = [2**50 + i for i in range(4)]
    assert make_task(["n"], n=large).query([f"n={large[1]}"]) == [0.9]


def test_sparse_seeds_are_checked_too():
    frame = pd.DataFrame({"depth": np.repeat(np.arange(50), 4), "seed": np.arange(200) * 7})
    frame["acc"] = np.random.default_rng(0).random(200)
    good = nasbench.task_from_frame(frame, decisions=["depth"], score="acc", seed="seed", quiet=True)
    twice = pd.concat([frame, frame.head(1)], ignore_index=True)
    same = nasbench.task_from_frame(twice, decisions=["depth"], score="acc", seed="seed", quiet=True)
    assert same.query(["depth=0"]) == good.query(["depth=0"]) == pytest.approx([frame.acc[:4].mean()])
    twice.loc[200, "acc"] += 0.1
    with pytest.raises(InvalidOption, match="have the same architecture and 'seed'"):
        nasbench.task_from_frame(twice, decisions=["depth"], score="acc", seed="seed", quiet=True)


@pytest.mark.parametrize(
    ("name", "seconds"), [("minutes_total", 60), ("hours_train", 3600), ("train_time_in_min_gpu", 60), ("train_s", 1)]
)
def test_a_unit_of_time_counts_wherever_it_stands(name, seconds):
    task = make_task(cost=name, **{name: [1, 2, 3, 4]})
    assert task.observations.cost_s.tolist() == [seconds * k for k in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"cost": "cost_usd", "cost_usd": [1, 2, 3, 4]}, InvalidOption, "is in usd"),
        ({"test": "t", "t": ["1:30:00"] * 4}, SourceError, "is a length of time"),
        ({"acc": [pd.Timedelta(minutes=k) for k in DEPTHS]}, SourceError, "is a length of time"),
        ({"conditions": [{"decision": "zz"}]}, InvalidOption, "expected {'decision'"),
        ({"conditions": ["x"]}, InvalidOption, "expected {'decision'"),
        ({"name": "a" * 300}, InvalidOption, "up to 100"),
        ({"cost": True}, InvalidOption, "expected a column, or the seconds"),
        ({"decisions": ["d"], "d": ["a", "b", "\ud800", "c"]}, SourceError, "cannot be printed"),
    ],
)
def test_nonsense_is_an_error_with_a_reason(options, error, says):
    with pytest.raises(error, match=says):
        make_task(**options)


def test_a_small_file_cannot_ask_for_much_memory(tmp_path, capsys):
    lines = "\n".join(f'{{"k{i}": {i}, "acc": 0.5}}' for i in range(20_000))
    (tmp_path / "x.jsonl").write_text(lines)
    assert main(["import", "table", "x.jsonl"]) == 1
    assert "20,001 different fields" in capsys.readouterr().err
    (tmp_path / "y.jsonl").write_text('{"a": [' + "0," * 30_000 + '0], "acc": 0.5}\n')
    assert main(["import", "table", "y.jsonl"]) == 1
    assert "more than 20,000 fields" in capsys.readouterr().err
    (tmp_path / "z.json").write_text('[{"d": 1, "acc": 1' + "0" * 400 + "}]")
    assert main(["import", "table", "z.json", "--decisions", "d", "--score", "acc"]) == 1


def test_an_error_names_the_row_of_the_file_after_rows_were_left_out():
    """The first row has no score; the last one, 3 by its index, costs nothing."""
    columns = {"seed": [0, 1, 0, 1], "acc": [None, 0.9, 0.6, 0.7], "train_s": [None, 2.0, 3.0, 0.0]}
    with pytest.raises(SourceError, match="row 3, column 'train_s'"):
        nasbench.task_from_frame(
            pd.DataFrame({"depth": DEPTHS} | columns), decisions=["depth"], score="acc", seed="seed", cost="train_s"
        )
