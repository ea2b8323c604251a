"""Contestants that may know the benchmark, that think for long, and that use tokens."""

import time

import numpy as np
import pytest
from scipy.stats import ks_2samp

import nasbench
from nasbench.cli import main
from nasbench.comparison.columns import concatenate_columns, join_runs
from nasbench.errors import InvalidArchitecture, InvalidOption, RecordError, UnknownName
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.testing import check_strategy

TASK = "nb201-cifar10"
# one of the best cells for CIFAR-10 in the paper's table, as its authors and everybody after them write it
BEST = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
CODES = [3, 3, 3, 1, 3, 3]


class Remembers(RandomSearch):
    """Asks first for the best cell that it has read about, by every name that it knows."""

    def ask(self, n):
        if self._first:
            self._first = False
            return nasbench.full_trainings(10**6, self._recall()[:1])
        return super().ask(n)

    def __init__(self, space, rng):
        super().__init__(space, rng)
        self._known, self._first = space, True

    n_prefetchable = 0

    def _recall(self):
        names = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
        edges = ("edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3")
        by_edge = dict(zip(edges, (names[code] for code in CODES), strict=True))
        for attempt in (
            lambda: self._known.parse([BEST]),
            lambda: self._known.read(["#1462"]),
            lambda: self._known.read([[names[code] for code in CODES]]),
            lambda: self._known.read([by_edge]),
            lambda: self._known.inner.parse([BEST]),
            lambda: np.array([[self._known.operations.index(by_edge[edge]) for edge in self._known.decisions]]),
        ):
            try:
                return attempt()
            except (InvalidArchitecture, UnknownName, AttributeError, KeyError, ValueError):
                continue
        return np.array([CODES], dtype=np.int8)  # as the benchmark numbers its operations


class Thinks(RandomSearch):
    """Takes its time, and counts tokens."""

    n_prefetchable = 0

    def __init__(self, space, rng):
        super().__init__(space, rng)
        self.usage = {"tokens": 0, "calls": 0, "no/name": 3, "no number": "many"}

    def ask(self, n):
        time.sleep(0.002)
        self.usage |= {"tokens": self.usage["tokens"] + 100, "calls": self.usage["calls"] + 1}
        return super().ask(n)


def compare(strategies, *, runs=2, trials=10, **options):
    return nasbench.compare(TASK, strategies, runs=runs, limits=nasbench.Budget(trials=trials), **options)


def first_archs(record, label):
    space = nasbench.load_task(TASK).space
    return [space.format(run.history.arch[:1])[0] for run in record.runs(TASK, label)]


def test_what_was_read_about_the_benchmark_does_not_help():
    open_record = compare({"reader": Remembers}, runs=20, trials=2)
    assert first_archs(open_record, "reader") == [BEST] * 20
    hidden = compare({"reader": Remembers}, runs=20, trials=2, opaque=True)
    asked = first_archs(hidden, "reader")
    assert BEST not in asked
    assert len(set(asked)) > 10  # the same codes mean another cell in every run


def test_our_strategies_search_opaque_spaces():
    labels = ["random_search", "regularized_evolution@nb201", "local_search", "tpe", "bananas,n_init=5"]
    record = compare(labels, trials=12, opaque=True)
    assert not any(run.failed for label in labels for run in record.runs(TASK, label))
    assert all(record.spec["strategies"][label]["opaque"] is True for label in labels)
    task = nasbench.load_task(TASK)
    assert all(task.space.is_valid(run.history.arch).all() for label in labels for run in record.runs(TASK, label))
    assert record.verify(sample=1).matches
    assert "opaque: every strategy" in record.leaderboard().render("text")


def test_opaque_strategies_stand_beside_others():
    record = compare({"hidden": "local_search", "open": "local_search"}, opaque=["hidden"])
    assert "opaque" not in record.spec["strategies"]["open"]
    assert "opaque: hidden searched under neutral names" in record.leaderboard().render("text")
    assert record.verify().matches
    with pytest.raises(UnknownName, match="opaque for"):
        compare("local_search", opaque=["tpe"])


def test_an_opaque_record_is_not_continued_without(tmp_path):
    compare("random_search", out=tmp_path, opaque=True)
    with pytest.raises(RecordError, match="opaque"):
        compare("random_search", out=tmp_path)


def test_knowledge_of_other_tasks_and_opaque_exclude_each_other():
    with pytest.raises(InvalidOption, match="learns from nb201-cifar100"):
        compare("warm_start,source=nb201-cifar100", opaque=True)
    assert not any(
        run.failed for run in compare("warm_start,source=none", opaque=True).runs(TASK, "warm_start,source=none")
    )


def test_an_opaque_restricted_and_invalid_strategy_hears_neutral_names():
    class Invalid(RandomSearch):
        n_prefetchable = 0

        def ask(self, n):
            return super().ask(n)._replace(arch=np.full((n, 6), 9, dtype=np.int8))

    record = compare({"bad": Invalid}, opaque=True)
    error = record.runs(TASK, "bad")[0].error
    assert "space 'opaque': decision 'decision 1' is 9, expected 0 to 4" in error


@pytest.mark.parametrize("n_workers", [1, 3])
def test_charged_runs_are_recorded_and_replayed(tmp_path, n_workers):
    strategies = {"thinks": Thinks, "random": "random_search"}
    budget = nasbench.Budget(seconds=15000)
    options = {"runs": 2, "limits": budget, "n_workers": n_workers}
    record = nasbench.compare(TASK, strategies, **options, clock="charged", out=tmp_path)
    record = nasbench.Record(tmp_path)
    assert record.spec["clock"] == "charged"
    run = record.runs(TASK, "thinks")[0]
    n_calls = len(run.charges)
    assert n_calls >= len(run.history.id)
    assert run.history.finish_s[-1] > run.history.cost_s.sum() / n_workers
    assert record.verify(strategies=[Thinks]).matches
    assert "clock: charged" in record.leaderboard().render("text")
    with pytest.raises(RecordError, match="clock"):
        nasbench.compare(TASK, strategies, **options, out=tmp_path)
    faster = [one.__class__(**{**vars(one), "charges": one.charges[:-1]}) for one in record.runs(TASK, "thinks")]
    record.replace_runs({(TASK, "thinks"): faster})
    assert len(nasbench.Record(tmp_path).verify(strategies=[Thinks]).differing) == 2


def test_times_that_no_charge_explains_do_not_fit(tmp_path):
    record = compare({"thinks": Thinks}, clock="charged", out=tmp_path)
    runs = list(record.runs(TASK, "thinks"))
    later = [
        one.__class__(**{**vars(one), "history": one.history._replace(finish_s=one.history.finish_s + 1000)})
        for one in runs
    ]
    record.replace_runs({(TASK, "thinks"): later})
    misfits = nasbench.Record(tmp_path).verify().misfits
    assert len(misfits) == 2
    assert "ended later than" in misfits[0][3]


def test_what_a_strategy_used_is_recorded_and_shown(tmp_path):
    record = compare({"thinks": Thinks, "random": "random_search"}, out=tmp_path, n_jobs=2)
    for opened in (record, nasbench.Record(tmp_path)):
        assert [run.usage for run in opened.runs(TASK, "thinks")] == [{"tokens": 1000.0, "calls": 10.0}] * 2
        assert [run.usage for run in opened.runs(TASK, "random")] == [{}, {}]
    frame = record.to_pandas()
    assert frame["usage_tokens"].tolist()[:2] == [1000.0, 1000.0]
    assert frame["usage_tokens"].isna().tolist() == [False, False, True, True]
    text = record.leaderboard().render("text")
    assert "tokens/run" in text
    assert "own s/run" in text
    assert record.verify(strategies=[Thinks]).matches
    before = (tmp_path / "trials.h5").read_bytes()
    (tmp_path / "timings.h5").unlink()
    compare({"thinks": Thinks, "random": "random_search"}, out=tmp_path)
    assert (tmp_path / "trials.h5").read_bytes() == before  # what was used decides nothing
    assert "tokens" not in compare("random_search").leaderboard().render("text")


def test_used_and_charged_columns_are_joined_and_cut_apart():
    record = compare({"thinks": Thinks, "random": "random_search"}, clock="charged")
    parts = [join_runs(record.runs(TASK, label)) for label in record.strategies]
    joined = concatenate_columns(parts)
    each = [run for label in record.strategies for run in record.runs(TASK, label)]
    for i, run in enumerate(each):
        assert joined.run(i).to_bytes() == run.to_bytes() == run.from_bytes(run.to_bytes()).to_bytes()
        assert joined.run(i).usage == run.usage


def test_the_command_line_offers_both(tmp_path, capsys):
    asked = ["--task", TASK, "--strategy", "random_search", "--runs", "2", "--trials", "5", "--jobs", "1"]
    assert main(["compare", *asked, "--opaque", "--clock", "charged", "--out", str(tmp_path)]) == 0
    assert main(["verify", str(tmp_path)]) == 0
    assert main(["compare", *asked, "--clock", "wall", "--out", str(tmp_path / "2")]) == 1
    assert "unknown clock 'wall'" in capsys.readouterr().err


@pytest.mark.parametrize("usage", [{"tokens": "many"}, {"a/b": 1}, {"tokens": float("nan")}, [("tokens", 1)]])
def test_the_kit_finds_usage_that_is_not_recorded(usage):
    class Miscounts(RandomSearch):
        def __init__(self, space, rng):
            super().__init__(space, rng)
            self.usage = usage

    with pytest.raises(AssertionError, match="usage"):
        check_strategy(Miscounts, nasbench.load_task(TASK).space, n_trials=5)


def test_random_search_is_as_good_as_ever():
    """Scores of 40 x 25 random cells with and without names: Kolmogorov-Smirnov at 0.001, fixed seeds."""
    plain, hidden = (compare("random_search", runs=40, trials=25, opaque=opaque) for opaque in (False, True))
    scores = [record.columns(TASK, "random_search").trials.score[:, 0] for record in (plain, hidden)]
    assert ks_2samp(*scores).pvalue > 0.001
    assert scores[0].tolist() != scores[1].tolist()
