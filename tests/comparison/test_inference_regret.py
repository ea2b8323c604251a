"""Simple and inference regret side by side, where a strategy says itself what it would hand over."""

from dataclasses import replace

import numpy as np
import pytest

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.comparison.leaderboard import leaderboard
from nasbench.trials import Recommendation

STRATEGIES = ["random_search", "local_search"]


class Told(nasbench.Record):
    """A record whose runs of local search recommend the optimum at the end, whatever they observed."""

    def runs(self, task, strategy):
        recorded = super().runs(task, strategy)
        if strategy != "local_search":
            return recorded
        best = (Recommendation(1000.0, nasbench.load_task(task).optimum.arch),)
        return [replace(run, recommendations=best) for run in recorded]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    out = tmp_path_factory.mktemp("inference") / "record"
    return nasbench.compare("nb201-cifar10", STRATEGIES, runs=6, limits=Limits(trials=30), out=out)


def test_both_regrets_stand_side_by_side(record):
    analysis = analyse(Told(record.path))
    assert analysis.recommends
    found = analysis.tasks[0].metrics
    assert (found["inference_regret"][1] == 0).all()
    assert (found["normalized_inference_regret"][1] == 0).all()
    np.testing.assert_array_equal(found["inference_regret"][0], found["simple_regret"][0])
    np.testing.assert_array_equal(found["simple_regret"], analyse(record).tasks[0].metrics["simple_regret"])
    board = leaderboard(analysis)
    overall, tasks = (table.splitlines()[0] for table in board.render("text").split("\n\n")[:2])
    assert overall.index("normalised regret") < overall.index("normalised inference regret") < overall.index("anytime")
    assert tasks.index("regret %") < tasks.index("inference regret %") < tasks.index("normalised regret")
    assert any(note.startswith("regret is of the incumbent") for note in board.notes)


def test_one_regret_is_enough_where_incumbents_are_recommended(record):
    board = leaderboard(analyse(record))
    assert "inference" not in board.render("text")
    for row in board.tasks:
        assert row["inference_regret"] == pytest.approx(row["simple_regret"], nan_ok=True)
