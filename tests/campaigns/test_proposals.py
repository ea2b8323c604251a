"""What to train next from a table of trainings: what was trained is learnt, what was not is suggested."""

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Measurement, TableBuilder, write_table

SPACE = {"a": {"integer": [0, 9]}, "b": {"integer": [0, 9]}, "c": {"categorical": ["x", "y"]}}
TASK = """
title = "own"
version = 1
space = "hyper"
table = "own"
dataset = "d"
recipe = "r"
metric = "{metric}"
observed = "valid"
reported = ["valid"]
cost = 1.0
budget_s = 60
{more}
[tasks.t]
"""
LABEL = "bayesian_optimization,predictor='one_hot_gp',pool=whole,n_init=5"


@pytest.fixture
def own(home, tmp_path):
    """A function from rows and scores [n, seeds] to a task on a table of them."""

    def make(rows, values, unit="none", direction="maximize", more=""):
        space, metric = HyperSpace(SPACE), "loss" if direction == "minimize" else "score"
        column = Measurement(
            dataset="d", recipe="r", split="valid", metric=metric, unit=unit, direction=direction,
            values=values[:, :, None], seeds=np.arange(values.shape[1]), epochs=np.array([1]),
        )  # fmt: skip
        draft = TableBuilder(
            **dict.fromkeys(("title", "citation", "licence", "source", "notes"), "a test"),
            name="own", space="hyper", space_options=space.code_options, architectures=rows,
            cardinality=space.cardinality, measurements=[column],
        )  # fmt: skip
        (home / "tables").mkdir(exist_ok=True)
        write_table(draft, home / "tables/own.h5")
        (tmp_path / "own.toml").write_text(TASK.format(metric=metric, more=more))
        return nasbench.load_task(f"{tmp_path / 'own.toml'}:t")

    return make


def height_of(rows):
    """A hill whose top is at a = 7, b = 3, c = y."""
    a, b, c = rows.T.astype(float)
    return 20 - (a - 7) ** 2 - (b - 3) ** 2 + 4 * c


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_untrained_architectures_near_the_top_are_suggested(own, rng, direction):
    """The table holds low ones only; fifteen suggestions out of 200 reach higher than each of 60 trainings."""
    space = HyperSpace(SPACE)
    low = space.rows[height_of(space.rows) < 16]
    trained = low[rng.permutation(len(low))[:60]]
    sign = 1.0 if direction == "maximize" else -1.0
    seeds = sign * (height_of(trained)[:, None] + np.array([[-0.25, 0.25]]))
    task = own(trained, seeds, direction=direction)
    suggested = nasbench.suggest(task, 15, strategy=LABEL)
    assert list(suggested.columns) == ["a", "b", "c", "architecture"]
    archs = space.parse(suggested["architecture"].tolist())
    assert space.format(space.read(suggested[["a", "b", "c"]])) == suggested["architecture"].tolist()
    assert not (archs[:, None] == trained[None]).all(axis=2).any()
    assert height_of(archs).max() > height_of(trained).max()
    assert height_of(archs).mean() > height_of(trained).mean() + 10
    again = nasbench.suggest(task, 15, strategy=LABEL)
    assert again.equals(suggested)


def test_fewer_are_suggested_where_fewer_are_left_and_then_none(own):
    space = HyperSpace(SPACE)
    rows = space.rows[:-3]
    suggested = nasbench.suggest(own(rows, height_of(rows)[:, None]), 8, strategy=LABEL)
    assert sorted(suggested["architecture"]) == sorted(space.format(space.rows[-3:]))
    with pytest.raises(nasbench.SearchFinished, match="all 200 architectures"):
        nasbench.suggest(own(space.rows, height_of(space.rows)[:, None]), strategy=LABEL)


def test_all_of_a_shipped_table_was_trained(cifar10):
    with pytest.raises(nasbench.SearchFinished, match="all 15,625 architectures"):
        nasbench.suggest("nb201-cifar10", strategy="bore")
    with pytest.raises(InvalidOption, match="learns only from what it suggested"):
        nasbench.suggest(cifar10, strategy="random_search")
    with pytest.raises(InvalidOption, match="n=0"):
        nasbench.suggest(cifar10, 0)


def test_a_campaign_starts_from_the_table_of_a_task(own, tmp_path, rng):
    """In the metric's own direction; a task opened by hand, or by name."""
    space = HyperSpace(SPACE)
    trained = space.rows[rng.permutation(200)[:60]]
    task = own(trained, -height_of(trained)[:, None], direction="minimize")
    for i, given in enumerate((task, f"{tmp_path / 'own.toml'}:t")):
        campaign = nasbench.open_campaign(tmp_path / f"{i}.jsonl", space=given, strategy=LABEL, start=given)
        assert campaign.started.n_given == 60
        assert campaign.results["loss"].tolist() == sorted(-height_of(trained))
        suggested = campaign.suggest(15)["architecture"].tolist()
        assert suggested == nasbench.suggest(task, 15, strategy=LABEL)["architecture"].tolist()
    taken = nasbench.open_campaign(tmp_path / "taken.jsonl", space=task.space, strategy=LABEL, start=task)
    assert (taken.objective.name, taken.objective.direction) == ("loss", "minimize")
    with pytest.raises(InvalidOption, match="--direction minimize"):
        nasbench.open_campaign(
            tmp_path / "other.jsonl", space=task.space, strategy=LABEL, start=task, direction="maximize"
        )
