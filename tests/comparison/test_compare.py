"""Comparisons: the same bits whatever the circumstances, and nothing finished is ever lost."""

import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import nasbench
from nasbench.choices import Choice
from nasbench.comparison import Record
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.run import Run
from nasbench.comparison.verify import verify
from nasbench.errors import (
    FileLocked,
    InvalidOption,
    NasbenchError,
    RecordError,
    StrategyError,
    UnknownName,
    WorkerDied,
)
from nasbench.files import exclusive_lock
from nasbench.records.frames import scan_frames
from nasbench.simulation import History
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.trials import Recommendation

TASKS = ["nb201-cifar10", "nbgraph-proteins"]
STRATEGIES = ["random_search", "regularized_evolution@nb201", "local_search,n_start=3"]


def content(record: Path) -> bytes:
    """Everything in a record that a seed decides, and a copy of its declaration."""
    return (record / "trials.h5").read_bytes()


def pairs(record: Record) -> dict[tuple[str, str], list[bytes]]:
    """What a seed decides of the runs of each pair."""
    return {
        (task, label): [run.to_bytes() for run in record.runs(task, label)]
        for task, label in itertools.product(record.tasks, record.strategies)
    }


def rewrite(record: Record, task: str, label: str, edit) -> None:
    """Write the runs of a pair once more, edited, with whatever checksums belong to them."""
    record.replace_runs({(task, label): edit(list(record.runs(task, label)))})


def with_score(run: Run, trial: int, add: float) -> Run:
    """The run in which one trial has another score."""
    score = run.history.score.copy()
    score[trial, 0] += add
    return replace(run, history=run.history._replace(score=score))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """A small comparison, run in this process."""
    out = tmp_path_factory.mktemp("reference") / "record"
    return nasbench.compare(TASKS, STRATEGIES, runs=4, out=out)


def test_the_number_of_jobs_changes_no_bit(reference, tmp_path):
    nasbench.compare(TASKS, STRATEGIES, runs=4, out=tmp_path / "two", n_jobs=2)
    assert content(tmp_path / "two") == content(reference.path)
    assert len(pairs(reference)) == 6
    assert all(len(runs) == 4 for runs in pairs(reference).values())


class OneThread(RandomSearch):
    """Fails where linear algebra may take several threads: their number would decide the order of sums."""

    def ask(self, n):
        pools = {pool["prefix"]: pool["num_threads"] for pool in threadpool_info()}
        assert set(pools.values()) == {1}, pools
        return super().ask(n)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_linear_algebra_takes_one_thread_in_any_process(tmp_path, n_jobs):
    with threadpool_limits(2):
        record = nasbench.compare(TASKS[0], OneThread, runs=1, limits=Limits(trials=2), n_jobs=n_jobs, out=tmp_path)
    (run,) = record.runs(TASKS[0], record.strategies[0])
    assert not run.failed, run.error


@pytest.mark.parametrize("hash_seed", ["0", "12345"])
def test_the_hash_seed_changes_no_bit(reference, tmp_path, hash_seed):
    code = f"import nasbench; nasbench.compare({TASKS}, {STRATEGIES}, runs=4, out={str(tmp_path / 'out')!r})"
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ | {"PYTHONHASHSEED": hash_seed})
    assert content(tmp_path / "out") == content(reference.path)


def test_what_else_is_compared_changes_no_run(reference, tmp_path):
    alone = nasbench.compare(TASKS[1], STRATEGIES[2], runs=2, out=tmp_path / "alone")
    assert pairs(alone) == {(TASKS[1], STRATEGIES[2]): pairs(reference)[TASKS[1], STRATEGIES[2]][:2]}


def test_another_seed_gives_other_runs(reference, tmp_path):
    other = nasbench.compare(TASKS, STRATEGIES, runs=4, seed=1, out=tmp_path / "other")
    assert all(pairs(other)[pair][i] != run for pair, runs in pairs(reference).items() for i, run in enumerate(runs))


def test_runs_differ_from_each_other(reference):
    lines = {run.history.arch.tobytes() for run in reference.runs(TASKS[0], "random_search")}
    assert len(lines) == 4


def test_a_record_grows_without_doing_anything_twice(reference, tmp_path):
    out = tmp_path / "record"
    progress = []
    nasbench.compare(TASKS[:1], STRATEGIES[:1], runs=2, out=out)
    nasbench.compare(TASKS, STRATEGIES, runs=4, out=out, on_progress=lambda done, total: progress.append((done, total)))
    assert content(out) == content(reference.path)
    assert progress[0] == (2, 24)
    assert progress[-1] == (24, 24)


def parts(folder: Path) -> list[Record]:
    """The reference in four records, some of whose runs are in two."""
    return [
        nasbench.compare(TASKS, STRATEGIES[:1], runs=4, out=folder / "first"),
        nasbench.compare(TASKS, STRATEGIES[1:], runs=2, out=folder / "few runs"),
        nasbench.compare(TASKS[0], STRATEGIES[1:], runs=4, out=folder / "one task"),
        nasbench.compare(TASKS[1], STRATEGIES[1:], runs=4, out=folder / "other task"),
    ]


def test_records_of_several_machines_are_one(reference, tmp_path):
    records = parts(tmp_path)
    before = [content(record.path) for record in records]
    joined = Record.join(records, tmp_path / "joined")
    assert content(joined.path) == content(reference.path)
    assert joined.spec == reference.spec
    assert not any(joined.missing(*pair) for pair in itertools.product(joined.tasks, joined.strategies))
    assert all(run.overhead_s > 0 for run in joined.runs(TASKS[0], STRATEGIES[0]))
    assert [content(record.path) for record in records] == before


def test_a_record_that_lies_there_takes_part_and_gaps_stay_gaps(reference, tmp_path):
    first, few, one, _ = parts(tmp_path)
    joined = Record.join([few, one], first.path)
    assert joined.missing(TASKS[1], STRATEGIES[2]) == [2, 3]
    assert joined.missing(TASKS[0], STRATEGIES[2]) == []
    whole = nasbench.compare(TASKS, STRATEGIES, runs=4, out=first.path)
    assert content(whole.path) == content(reference.path)


def test_a_run_with_two_outcomes_is_refused_and_nothing_is_written(tmp_path):
    one = nasbench.compare(TASKS, STRATEGIES[:1], runs=2, out=tmp_path / "one")
    other = nasbench.compare(TASKS, STRATEGIES[:2], runs=2, out=tmp_path / "other")
    rewrite(other, TASKS[1], "random_search", lambda runs: [with_score(runs[0], 0, 1e-9), runs[1]])
    before = content(one.path), (one.path / "spec.json").read_bytes()
    with pytest.raises(RecordError, match=r"run 0 of random_search on .* has one outcome in .*one and another"):
        Record.join([other], one.path)
    assert (content(one.path), (one.path / "spec.json").read_bytes()) == before


def test_records_of_other_experiments_are_not_joined(reference, tmp_path):
    other = nasbench.compare(TASKS[0], STRATEGIES[0], runs=1, seed=1, out=tmp_path / "other")
    with pytest.raises(RecordError, match=r"record holds another experiment: seed = 0 there, 1 in .*other"):
        Record.join([reference, other], tmp_path / "joined")


def test_a_run_that_finished_goes_before_one_that_failed(tmp_path):
    good = nasbench.compare(TASKS[0], STRATEGIES[0], runs=1, out=tmp_path / "good")
    bad = nasbench.compare(TASKS[0], STRATEGIES[0], runs=1, out=tmp_path / "bad")
    rewrite(bad, *bad.tasks, *bad.strategies, lambda runs: [replace(runs[0], error="MemoryError")])
    for order in ([good, bad], [bad, good]):
        joined = Record.join(order, tmp_path / f"joined{order[0].path.name}")
        assert content(joined.path) == content(good.path)


@pytest.mark.parametrize(
    "change", [{"seed": 3}, {"n_workers": 2}, {"limits": Limits(trials=5)}], ids=["seed", "workers", "budget"]
)
def test_a_record_of_another_experiment_is_refused(reference, change):
    before = content(reference.path)
    with pytest.raises(RecordError, match="choose another --out"):
        nasbench.compare(TASKS, STRATEGIES, runs=4, out=reference.path, **change)
    assert content(reference.path) == before


def test_every_trial_is_recorded(reference):
    for task in TASKS:
        space = nasbench.load_task(task).space
        for run in reference.runs(task, "random_search"):
            history = run.history
            assert space.is_valid(history.arch).all()
            np.testing.assert_allclose(np.cumsum(history.cost_s), history.finish_s)
            assert not run.failed
            assert run.overhead_s > 0


def appended(record: Path) -> list[tuple[int, int]]:
    """The frames of all runs that are not merged yet."""
    return [frame for path in record.glob("parts/*.part") for frame in scan_frames(path)]


SLEEPY = """
import time
from nasbench.strategies.model_free.random_search import RandomSearch

class Sleepy(RandomSearch):
    n_prefetchable = 0

    def ask(self, n):
        time.sleep(0.04)
        return super().ask(n)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_killed_at_any_moment_it_goes_on(tmp_path, how):
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    command = [sys.executable, "-m", "nasbench", "compare", "--task", TASKS[1], "--strategy", "sleepy:Sleepy"]
    command += ["--runs", "12", "--trials", "10", "--out", str(tmp_path / "out"), "--jobs"]
    started = subprocess.Popen([*command, "1"], env=env, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(appended(tmp_path / "out")) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    started.send_signal(how)
    _, errors = started.communicate(timeout=60)
    if how == signal.SIGINT:
        assert started.returncode == 130
        assert "rerun the same command to resume" in errors
        assert "Traceback" not in errors
    kept = len(appended(tmp_path / "out"))
    assert 3 <= kept < 12
    (part,) = (tmp_path / "out/parts").iterdir()
    start, end = scan_frames(part)[0]
    with open(part, "ab") as file:
        file.write(part.read_bytes()[:end][start - 20 : -40])  # as if cut in the middle of a frame
    subprocess.run([*command, "2"], env=env, check=True, capture_output=True)
    subprocess.run(
        [*command[:-3], "--out", str(tmp_path / "whole"), "--jobs", "1"], env=env, check=True, capture_output=True
    )
    assert content(tmp_path / "out") == content(tmp_path / "whole")
    assert not (tmp_path / "out/parts").exists()


class Raises:
    """Fails in its 30th ask, in some runs."""

    def __init__(self, space, rng):
        self.space, self.rng, self.n = space, rng, 0
        self.bad = rng.random() < 0.5

    def ask(self, n):
        self.n += 1
        if self.bad and self.n == 30:
            raise RuntimeError("strategy bug")
        return nasbench.full_trainings(self.n, self.space.sample(1, self.rng))

    def tell(self, results): ...


class Unbuildable:
    def __init__(self, space, rng):
        raise ValueError("cannot be made")


class Stalls(Raises):
    def ask(self, n):
        return nasbench.full_trainings(0, self.space.rows[:0])


class Invalid(Raises):
    def ask(self, n):
        return nasbench.full_trainings(0, self.space.rows[:1] + np.int8(50))


@pytest.mark.parametrize(
    ("strategy", "n_failed", "n_trials", "says"),
    [
        (Raises, None, 29, "RuntimeError: strategy bug"),
        (Unbuildable, 8, 0, "ValueError: cannot be made"),
        (Stalls, 8, 0, "StrategyError: after 0 trials"),
        (Invalid, 8, 0, "InvalidArchitecture: row 0"),
    ],
)
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_strategy_fails_its_runs_alone(tmp_path, strategy, n_failed, n_trials, says, n_jobs):
    record = nasbench.compare(TASKS[1], [strategy, "random_search"], runs=8, out=tmp_path / "out", n_jobs=n_jobs)
    label = record.strategies[0]
    failed = [run for run in record.runs(TASKS[1], label) if run.failed]
    assert len(failed) == n_failed or (n_failed is None and 0 < len(failed) < 8)
    assert all(says in run.error and len(run.history.id) == n_trials for run in failed)
    assert not any(run.failed for run in record.runs(TASKS[1], "random_search"))


class Repaired(RandomSearch):
    """Fails as long as a file exists."""

    def __init__(self, space, rng, *, obstacle=""):
        if Path(obstacle).exists():
            raise RuntimeError("not yet")
        super().__init__(space, rng)


def test_failed_runs_are_done_again_when_asked(tmp_path):
    obstacle = tmp_path / "obstacle"
    obstacle.write_text("")
    choice = Choice("tests:Repaired", options={"obstacle": str(obstacle)}, cls=Repaired)
    out = tmp_path / "out"
    record = nasbench.compare(TASKS[1], choice, runs=4, out=out)
    assert all(run.failed for run in record.runs(TASKS[1], choice.label))
    obstacle.unlink()
    nasbench.compare(TASKS[1], choice, runs=4, out=out)
    assert all(run.failed for run in record.runs(TASKS[1], choice.label))
    nasbench.compare(TASKS[1], choice, runs=2, out=out, retry_failed=True)
    assert [run.failed for run in record.runs(TASKS[1], choice.label)] == [False, False, True, True]


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ((["nb201-cifar1"], ["random_search"], {}), UnknownName, "did you mean"),
        ((TASKS, ["random_serch"], {}), UnknownName, "unknown strategy 'random_serch'; did you mean 'random_search'"),
        ((TASKS, ["regularized_evolution@nb101"], {}), UnknownName, "did you mean 'nb201'"),
        ((TASKS, ["regularized_evolution,populaton_size=3"], {}), UnknownName, "did you mean 'population_size'"),
        ((TASKS, ["regularized_evolution,population_size"], {}), InvalidOption, "option=value"),
        ((TASKS, ["no.such.module:Class"], {}), InvalidOption, "expected module:Class"),
        ((TASKS, ["json:Nothing"], {}), InvalidOption, "expected module:Class"),
        ((TASKS, [], {}), InvalidOption, "no strategy"),
        (([], STRATEGIES, {}), InvalidOption, "no task"),
        ((TASKS * 2, STRATEGIES, {}), InvalidOption, "given twice"),
        ((TASKS, STRATEGIES, {"runs": 0}), InvalidOption, "runs=0"),
        ((TASKS, STRATEGIES, {"n_workers": 0}), InvalidOption, "workers=0"),
        ((TASKS, STRATEGIES, {"n_jobs": 0}), InvalidOption, "0 jobs"),
        ((TASKS, STRATEGIES, {"seed": -1}), InvalidOption, "seed=-1"),
        ((TASKS, STRATEGIES, {"limits": Limits(seconds=float("nan"))}), InvalidOption, "nan seconds"),
    ],
)
def test_nonsense_is_refused_before_anything_runs(tmp_path, arguments, error, says):
    tasks, strategies, options = arguments
    with pytest.raises(error, match=says):
        nasbench.compare(tasks, strategies, out=tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("")
    with pytest.raises(RecordError, match="other files in it"):
        nasbench.compare(TASKS, STRATEGIES, out=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_verify_finds_what_was_changed(reference, tmp_path):
    assert verify(reference, sample=None, rng=np.random.default_rng(0)).matches
    shutil.copytree(reference.path, tmp_path / "copy")
    record, pair = Record(tmp_path / "copy"), (TASKS[1], "random_search")
    rewrite(record, *pair, lambda runs: [*runs[:2], with_score(runs[2], 7, 1e-12), runs[3]])
    assert verify(record, sample=None, rng=np.random.default_rng(0)).differing == [(*pair, 2)]
    rewrite(record, *pair, lambda runs: runs[:2] + runs[3:])
    assert verify(record, sample=1, rng=np.random.default_rng(0)).missing == [(*pair, 2)]
    path = record.path / "trials.h5"
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    with pytest.raises(RecordError, match=r"trials\.h5 is damaged .*: restore it from a copy, or delete it"):
        verify(Record(record.path), rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 99}, "version 99; this release reads 1 and 2"),
        ({"format": "else"}, "not a nasbench-record"),
        ({"runs": None, "tasks": None}, "damaged or incomplete"),
        ({"limits": {"foo": 1}}, "damaged or incomplete"),
        ({"runs": "3"}, "damaged or incomplete"),
        ({"tasks": []}, "damaged or incomplete"),
        ({"strategies": {"a": {"name": "b"}}}, "damaged or incomplete"),
    ],
)
def test_a_record_of_another_version_is_refused(reference, tmp_path, change, says):
    spec = reference.spec | change
    spec = {key: value for key, value in spec.items() if value is not None}
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(RecordError, match=says):
        Record(tmp_path)


def test_a_record_on_another_table_is_not_verified(reference, tmp_path):
    spec = json.loads(json.dumps(reference.spec))
    spec["tasks"][TASKS[0]]["tables"]["nb201"] = "0" * 64
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    with pytest.raises(RecordError, match="not the one recorded"):
        verify(Record(tmp_path), rng=np.random.default_rng(0))
    for content, says in (("{", "damaged"), ("[]", "not a nasbench-record")):
        (tmp_path / "spec.json").write_text(content)
        with pytest.raises(RecordError, match=says):
            Record(tmp_path)
    with pytest.raises(RecordError, match="not a record"):
        Record(tmp_path / "absent")


@pytest.mark.parametrize(
    "score", [np.array([[0.1], [np.nan], [1 / 3]]), np.array([[0.1, np.nan], [np.nan, np.nan], [1 / 3, -2.0]])]
)
def test_a_run_survives_its_bytes(score):
    history = History(
        np.arange(3), np.ones((3, 6), dtype=np.int8), np.full(3, 200),
        score, np.array([1.0, 2.0, 1e-300]), np.array([1.0, 3.0, 3.0]), np.isnan(score[:, 0]),
    )  # fmt: skip
    told = (Recommendation(0.5, np.ones((1, 6), dtype=np.int8)), Recommendation(2.0, np.ones((3, 6), dtype=np.int8)))
    run = Run(7, history, "oops\nline", recommendations=told)
    again = Run.from_bytes(run.to_bytes())
    assert again.to_bytes() == run.to_bytes()
    assert again.number == 7
    assert again.error == "oops\nline"
    assert [(one.time_s, one.archs.shape) for one in again.recommendations] == [(0.5, (1, 6)), (2.0, (3, 6))]
    for name in History._fields:
        np.testing.assert_array_equal(getattr(again.history, name), getattr(history, name))


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX ones")
def test_a_disk_that_fills_up_loses_nothing(tmp_path):
    """A real write that fails in the middle: no file may grow over 20 kB."""
    out, whole = tmp_path / "out", tmp_path / "whole"
    command = f"nasbench.compare({TASKS[1]!r}, 'random_search', runs=12, out={str(out)!r})"
    code = f"import resource, nasbench; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)); {command}"
    failed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "File too large" in failed.stderr
    (part,) = out.glob("parts/*.part")
    assert part.stat().st_size == 20_000
    kept = appended(out)
    assert len(kept) > 1
    progress = []
    nasbench.compare(TASKS[1], "random_search", runs=12, out=out, on_progress=lambda done, _: progress.append(done))
    assert progress[0] == len(kept)
    nasbench.compare(TASKS[1], "random_search", runs=12, out=whole)
    assert content(out) == content(whole)


def test_the_same_process_goes_on_behind_its_own_cut_frame(reference, tmp_path):
    record = nasbench.compare(TASKS[1], "random_search", runs=1, out=tmp_path / "out")
    runs = reference.runs(TASKS[1], "random_search")
    record.append(TASKS[1], "random_search", runs[1])
    (part,) = (tmp_path / "out/parts").iterdir()
    with open(part, "ab") as file:
        file.write(part.read_bytes()[:-5])
    record.append(TASKS[1], "random_search", runs[3])
    assert [run.number for run in record.runs(TASKS[1], "random_search")] == [0, 1, 3]


def test_parts_of_a_complete_pair_are_merged_on_the_next_start(tmp_path):
    record = nasbench.compare(TASKS[1], "random_search", runs=2, out=tmp_path / "out")
    before = content(record.path)
    for run in record.runs(TASKS[1], "random_search"):
        record.append(TASKS[1], "random_search", run)
    (record.path / "trials.h5").unlink()
    nasbench.compare(TASKS[1], "random_search", runs=2, out=tmp_path / "out")
    assert content(record.path) == before


def test_two_comparisons_do_not_write_into_one_record(tmp_path):
    nasbench.compare(TASKS[1], "random_search", runs=2, out=tmp_path / "out")
    with (
        exclusive_lock(tmp_path / "out/spec.json"),
        pytest.raises(FileLocked, match=f"process {os.getpid()} is writing"),
    ):
        nasbench.compare(TASKS[1], "random_search", runs=3, out=tmp_path / "out")
    assert (
        len(nasbench.compare(TASKS[1], "random_search", runs=3, out=tmp_path / "out").runs(TASKS[1], "random_search"))
        == 3
    )


def test_a_lock_ends_with_its_process_whatever_its_number(tmp_path):
    code = f"""
import os, pathlib
from nasbench.files import exclusive_lock
with exclusive_lock(pathlib.Path({str(tmp_path / "out/spec.json")!r})):
    os._exit(1)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 1
    (tmp_path / "out/.spec.json.lock").write_text("1")  # as after a restart, when another process has that number
    nasbench.compare(TASKS[1], "random_search", runs=1, out=tmp_path / "out")


MINE = """
title = "mine"
version = 1
space = "nbgraph"
table = "nbgraph"
dataset = "cora"
recipe = "tuned"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = 1.0
budget_s = 20
[tasks.own]
"""


def test_an_edited_task_is_another_task(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(MINE)
    record = nasbench.compare(f"{path}:own", "random_search", runs=2, out=tmp_path / "out")
    path.write_text(MINE.replace("20", "50"))
    with pytest.raises(RecordError, match="recorded with another"):
        nasbench.compare(f"{path}:own", "random_search", runs=4, out=tmp_path / "out")
    verdict = verify(record, rng=np.random.default_rng(0))  # a record holds its own declaration
    assert verdict.matches
    assert [told for told in verdict.changed if "budget_s = 20 then, 50 now" in told]
    longer = nasbench.compare(f"{path}:own", "random_search", runs=1, out=tmp_path / "other")
    assert len(longer.runs(f"{path}:own", "random_search")[0].history.id) == 50


def test_an_edited_strategy_is_not_mixed_with_its_old_runs(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    source = "from nasbench.strategies.model_free.random_search import RandomSearch\nclass S(RandomSearch):\n    pass\n"
    (tmp_path / "edited.py").write_text(source)
    record = nasbench.compare(TASKS[1], "edited:S", runs=2, out=tmp_path / "out")
    (tmp_path / "edited.py").write_text(source.replace("pass", "'what it is'  # and why"))
    assert not verify(record, rng=np.random.default_rng(0)).changed
    assert nasbench.compare(TASKS[1], "edited:S", runs=3, out=tmp_path / "out").path == record.path
    (tmp_path / "edited.py").write_text(source.replace("pass", "change = 1"))
    with pytest.raises(RecordError, match="recorded with other code of edited:S: edited changed since"):
        nasbench.compare(TASKS[1], "edited:S", runs=4, out=tmp_path / "out")
    verdict = verify(record, rng=np.random.default_rng(0))
    assert verdict.matches
    assert verdict.changed == ["the code of edited:S: edited"]


class Meddler:
    """Writes into everything it is given and everything it gave."""

    def __init__(self, space, rng):
        self.space, self.rng, self.n = space, rng, 0
        self.current = space.sample(1, rng)

    def ask(self, n):
        self.current[:] = self.space.mutate(self.current, self.rng)
        self.n += 1
        return nasbench.full_trainings(self.n, self.current)

    def tell(self, results):
        for column in (*results, self.space.rows, self.space.mutate(self.current, self.rng)):
            with contextlib.suppress(ValueError):
                column[...] = 0


def test_no_strategy_can_change_what_another_sees_or_what_was_recorded(reference, tmp_path):
    record = nasbench.compare(TASKS, [Meddler, *STRATEGIES], runs=4, out=tmp_path / "out")
    assert pairs(reference).items() <= pairs(record).items()
    task = nasbench.load_task(TASKS[0])
    for run in record.runs(TASKS[0], record.strategies[0]):
        seeds = np.stack([task.query(run.history.arch, seed=seed) for seed in range(3)], axis=1)
        assert (seeds == run.history.score).any(axis=1).all()
        assert len(np.unique(run.history.arch, axis=0)) > 50


class Exits:
    def __init__(self, space, rng):
        raise SystemExit(0)


def test_a_strategy_that_exits_fails_its_runs_alone(tmp_path):
    record = nasbench.compare(TASKS[1], [Exits, "random_search"], runs=2, out=tmp_path / "out")
    assert all(run.failed for run in record.runs(TASKS[1], record.strategies[0]))
    assert not any(run.failed for run in record.runs(TASKS[1], "random_search"))


class Kills(Raises):
    def ask(self, n):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX ones")
def test_a_killed_worker_is_explained(tmp_path):
    with pytest.raises(WorkerDied, match="rerun the same command to resume"):
        nasbench.compare(TASKS[1], ["random_search", Kills], runs=2, n_jobs=2, out=tmp_path / "out")


def test_choices_survive_the_specification():
    experiment = Experiment.of(TASKS, [*STRATEGIES, "regularized_evolution@nb201,sample_size=5"], runs=3)
    for options in ({"a": "5"}, {"a": [1, 2], "b": "x,y"}, {"a": None}, {"a": 1e-3}):
        assert Choice.parse(Choice("name", "preset", options).label) == Choice("name", "preset", options)
    assert Experiment.from_spec(json.loads(json.dumps(experiment.spec()))) == experiment


def test_errors_are_the_builtin_kinds_too():
    for kind in (StrategyError("x"), UnknownName("it's"), RecordError("x")):
        assert isinstance(kind, NasbenchError)
    assert str(UnknownName("it's")) == "it's"
    assert isinstance(UnknownName("x"), KeyError)
