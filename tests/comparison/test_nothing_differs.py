"""Comparisons in which nothing differs, and contestants that legends would leave out."""

import numpy as np
import pytest

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.comparison.leaderboard import leaderboard
from nasbench.comparison.plots import draw_plot, write_plots
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.table import Measurement, TableBuilder, write_table


class _Mine(RandomSearch):
    """What a class of a notebook, ``__main__:Mine``, looks like to a legend."""


_Mine.__module__ = "__main__"


@pytest.fixture
def constant(home, tmp_path, cifar10):
    """A task whose every cell scores .5."""
    archs = cifar10.space.rows
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    column = Measurement(
        dataset="data",
        recipe="epochs1",
        split="valid",
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=np.full((len(archs), 1, 1), 0.5),
        seeds=np.array([0]),
        epochs=np.array([1]),
    )
    draft = TableBuilder(
        name="same",
        space="nb201",
        **texts,
        architectures=archs,
        cardinality=cifar10.space.cardinality,
        measurements=[column],
    )
    write_table(draft, home / "tables" / "same.h5")
    (tmp_path / "same.toml").write_text(
        'title = "t"\nversion = 1\nspace = "nb201"\ntable = "same"\ndataset = "data"\nrecipe = "epochs1"\n'
        'metric = "accuracy"\nobserved = "valid"\nreported = ["valid"]\ncost = 1.0\nbudget_s = 20\n[tasks.t]\n'
    )
    return f"{tmp_path / 'same.toml'}:t"


@pytest.mark.parametrize("runs", [1, 3])
def test_scores_that_are_all_the_same_leave_no_regret(constant, tmp_path, runs):
    """Whatever is found is the optimum; nobody is told from anybody."""
    record = nasbench.compare(
        constant, ["random_search", "local_search", "umda"], runs=runs, limits=Limits(trials=5), out=tmp_path / "r"
    )
    analysis = analyse(record)
    assert (analysis.tasks[0].metrics["normalized_regret"] == 0).all()
    assert (analysis.tasks[0].metrics["simple_regret"] == 0).all()
    board = leaderboard(analysis)
    assert {row["average_rank"] for row in board.overall} == {2.0}
    assert write_plots(analysis, tmp_path / "plots")


def test_legends_name_contestants_of_a_notebook(tmp_path, monkeypatch):
    import sys

    monkeypatch.setattr(sys.modules["__main__"], "_Mine", _Mine, raising=False)
    record = nasbench.compare("nb201-cifar10", [_Mine], runs=2, limits=Limits(trials=3), out=tmp_path / "r")
    figure = draw_plot("regret", analyse(record))
    assert [text.get_text().strip() for text in figure.legends[0].get_texts()] == ["__main__:_Mine"]
