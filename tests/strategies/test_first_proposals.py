"""Plain strategies that start with the first proposals of a recorded contestant."""

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption, UnknownName

TASK = "nb201-cifar10"
BUDGET = nasbench.Budget(trials=20)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proposals") / "record"
    strategies = {"agent": "random_search", "other": "local_search"}
    return nasbench.compare([TASK, "nb201-cifar100"], strategies, runs=3, limits=BUDGET, out=folder)


def label(recorded, options="contestant=agent,first=6,inner=regularized_evolution"):
    return f"first_proposals,source={recorded.path},{options}"


def compare(strategies, task=TASK, **options):
    return nasbench.compare(task, strategies, **{"runs": 3, "limits": BUDGET, **options})


def find_distinct(archs, n):
    rows = list(dict.fromkeys(row.tobytes() for row in archs))
    return rows[:n]


def test_each_run_starts_and_pays_as_the_same_run_of_the_other(recorded):
    record = compare({"started": label(recorded)}, ["nb201-cifar100", TASK])
    for task in record.tasks:
        for run, other in zip(record.runs(task, "started"), recorded.runs(task, "agent"), strict=True):
            assert not run.failed
            assert [row.tobytes() for row in run.history.arch[:6]] == find_distinct(other.history.arch, 6)
            np.testing.assert_array_equal(run.history.score[:6], other.history.score[:6])
            np.testing.assert_array_equal(run.history.cost_s[:6], other.history.cost_s[:6])
            assert len(run.history.id) == 20
    assert record.verify().matches
    assert list(record.spec["sources"]) == [str(recorded.path)]


def test_the_inner_strategy_continues_from_them(recorded):
    """Local search starts from the best of the first six: its next trials are neighbours of that architecture."""
    record = compare({"started": label(recorded, "contestant=agent,first=6,inner='local_search,n_start=6'")})
    for run in record.runs(TASK, "started"):
        best = run.history.arch[run.history.score[:6, 0].argmax()]
        assert (run.history.arch[6] != best).sum() == 1


def test_fewer_proposals_than_asked_for_and_none(recorded):
    record = compare({"all": label(recorded, "contestant=agent,first=50"), "alone": "first_proposals"})
    assert not any(run.failed for name in record.strategies for run in record.runs(TASK, name))


def test_what_the_record_does_not_have_is_named(recorded, tmp_path):
    with pytest.raises(UnknownName, match="unknown contestant of record"):
        compare(label(recorded, "contestant=agnt"))
    with pytest.raises(UnknownName, match="unknown contestant of record"):
        compare(label(recorded, "first=3"))
    with pytest.raises(UnknownName, match="unknown task of record"):
        compare(label(recorded), "nb201-imagenet16")
    with pytest.raises(InvalidOption, match="is not the folder of a record"):
        compare(f"first_proposals,source={tmp_path}")
    with pytest.raises(InvalidOption, match="first"):
        compare(label(recorded, "contestant=agent,first=0"))
    record = compare({"started": label(recorded)}, runs=4)
    assert [run.failed for run in record.runs(TASK, "started")] == [False, False, False, True]
    assert "has 3 runs of agent" in record.runs(TASK, "started")[3].error


def test_proposals_found_under_neutral_names_start_a_plain_search(tmp_path):
    hidden = compare({"agent": "local_search"}, opaque=True, out=tmp_path / "hidden")
    record = compare({"started": label(hidden)}, out=tmp_path / "started")
    joined = nasbench.Record.join([hidden, record], tmp_path / "both")
    assert joined.strategies == ["agent", "started"]
    for run, other in zip(joined.runs(TASK, "started"), joined.runs(TASK, "agent"), strict=True):
        assert [row.tobytes() for row in run.history.arch[:6]] == find_distinct(other.history.arch, 6)
    assert joined.verify().matches
    with pytest.raises(InvalidOption, match="opaque comparison hides"):
        compare({"started": label(hidden)}, opaque=True)
