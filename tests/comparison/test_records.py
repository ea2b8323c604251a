"""Records of searches: columns, kills in the middle of a merge, older versions, and folders that move."""

import json
import os
import re
import shutil
import signal
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison import Record
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.comparison.run import Run
from nasbench.comparison.verify import verify
from nasbench.errors import RecordError
from nasbench.records.column_file import ColumnFile, write_columns
from nasbench.records.frames import append_frame, scan_frames
from nasbench.simulation import no_history
from nasbench.trials import Recommendation

ROOT = Path(__file__).parents[2]
TASK, LABELS = "nbgraph-cora", ["random_search", "regularized_evolution,population_size=3"]
OPTIONS = {"runs": 4, "limits": Limits(trials=9)}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    return nasbench.compare(TASK, LABELS, out=tmp_path_factory.mktemp("reference") / "record", **OPTIONS)


def outcomes(record):
    return {label: [run.to_bytes() for run in record.runs(TASK, label)] for label in record.strategies}


def snapshot(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def unfinished(reference, path):
    """A record with merged runs of one strategy and two logs, some of whose runs are merged already."""
    record = Record.open_or_create(path, reference.spec)
    record.replace_runs({(TASK, LABELS[0]): reference.runs(TASK, LABELS[0])[:2]})
    for name, runs in (("one", reference.runs(TASK, LABELS[0])[1:]), ("two", reference.runs(TASK, LABELS[1]))):
        for run in runs:
            record.append(TASK, LABELS[name == "two"], run)
        (log,) = (path / "parts").glob(f"{os.getpid()}-*.part")
        log.rename(log.with_name(f"{name}.part"))
    return record


def test_the_columns_of_a_pair_are_those_of_its_runs(reference):
    columns = reference.columns(TASK, LABELS[0])
    runs = reference.runs(TASK, LABELS[0])
    assert columns.number.tolist() == [run.number for run in runs] == [0, 1, 2, 3]
    assert columns.n_trials.tolist() == [9, 9, 9, 9]
    assert columns.offsets.tolist() == [0, 9, 18, 27, 36]
    for name, column in columns.trials._asdict().items():
        np.testing.assert_array_equal(column, np.concatenate([getattr(run.history, name) for run in runs]))
    assert (columns.overhead_s > 0).all()
    assert not columns.failed.any()
    assert np.shares_memory(reference.runs(TASK, LABELS[0]).columns.trials.score, runs[0].history.score) is False
    assert [run.number for run in runs[1:3]] == [1, 2]
    assert runs[-1].to_bytes() == runs[3].to_bytes()
    with pytest.raises(IndexError):
        runs[4]


def test_types_are_those_of_a_search_whatever_is_stored(reference):
    told = reference.runs(TASK, LABELS[0])[0].history
    assert [column.dtype for column in told] == [np.int64, np.int8, np.int64, *[np.float64] * 3, np.bool_]


def test_failures_crashes_recommendations_and_objectives_are_kept(reference, tmp_path):
    first, second, *_ = reference.runs(TASK, LABELS[0])
    told = first.history
    score = np.stack([told.score[:, 0], np.arange(9.0)], axis=1)
    crashed = np.arange(9) == 4
    score[4, 0], score[2, 1] = np.nan, np.nan
    two = told._replace(score=score, crashed=crashed)
    named = (
        Recommendation(0.5, told.arch[:1]),
        Recommendation(2.5, told.arch[3:6]),
        Recommendation(7.0, told.arch[:0]),
    )
    runs = [
        Run(0, two, overhead_s=0.5, recommendations=named),
        Run(1, no_history(nasbench.load_task(TASK).space), "Traceback é\n\udc80", 0.25),
        Run(2, second.history._replace(score=score), recommendations=named[1:2]),
        Run(3, two._replace(arch=two.arch.astype(np.int8)), "RuntimeError: x"),
    ]
    record = Record.open_or_create(tmp_path / "out", reference.spec)
    for run in runs:
        record.append(TASK, LABELS[0], run)
    for _ in range(2):  # from the log, and merged
        again = record.runs(TASK, LABELS[0])
        assert [run.to_bytes() for run in again] == [run.to_bytes() for run in runs]
        assert [run.error for run in again] == [run.error for run in runs]
        assert again[0].history.crashed.tolist() == crashed.tolist()
        np.testing.assert_array_equal(again[0].history.score, score)
        assert [(one.time_s, one.archs.tolist()) for one in again[0].recommendations] == [
            (one.time_s, one.archs.tolist()) for one in named
        ]
        assert [len(run.recommendations) for run in again] == [3, 0, 1, 0]
        assert [run.overhead_s for run in again][:2] == [0.5, 0.25]
        assert np.isnan(again[2].overhead_s)
        record.merge()
    assert not (tmp_path / "out/parts").exists()
    assert record.columns(TASK, LABELS[0]).failed.tolist() == [False, True, False, True]


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.float64])
def test_architectures_keep_their_type(reference, tmp_path, dtype):
    run = reference.runs(TASK, LABELS[0])[0]
    run = Run(0, run.history._replace(arch=run.history.arch.astype(dtype)))
    record = Record.open_or_create(tmp_path / "out", reference.spec)
    record.replace_runs({(TASK, LABELS[0]): [run]})
    (again,) = record.runs(TASK, LABELS[0])
    assert again.history.arch.dtype == dtype
    assert again.to_bytes() == run.to_bytes()
    assert (run.to_bytes() == reference.runs(TASK, LABELS[0])[0].to_bytes()) == (dtype == np.int8)


def kill_at(event, work):
    """Do ``work`` in a process that is killed at its n-th file opened, renamed or removed; False if it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: the child runs one function
        child = os.fork()
    if not child:
        left = [event]

        def hook(name, _):
            if name in {"open", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.mkdir", "shutil.rmtree"}:
                left[0] -= 1
                if left[0] < 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process that is killed is a fork")
def test_a_merge_that_is_killed_at_any_step_loses_nothing(reference, tmp_path):
    whole = (reference.path / "trials.h5").read_bytes()
    unfinished(reference, tmp_path / "start")
    n_kills = 0
    while True:
        out = tmp_path / f"out{n_kills}"
        shutil.copytree(tmp_path / "start", out)
        if not kill_at(n_kills, Record(out).merge):
            break
        assert outcomes(Record(out)) == outcomes(reference), f"killed at step {n_kills}"
        Record(out).merge()
        assert (out / "trials.h5").read_bytes() == whole
        assert {path.name for path in out.iterdir()} == {"spec.json", "trials.h5", "timings.h5"}
        n_kills += 1
    assert (out / "trials.h5").read_bytes() == whole
    assert n_kills > 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process that is killed is a fork")
def test_a_process_that_is_killed_while_it_appends_loses_one_run_at_most(reference, tmp_path):
    run = reference.runs(TASK, LABELS[0])[0]

    def append_for_ever():
        for number in range(10**9):
            record.append(TASK, LABELS[0], Run(number, run.history))

    for moment in (30, 77, 133, 410):
        record = Record.open_or_create(tmp_path / str(moment), reference.spec)
        assert kill_at(moment, append_for_ever)
        assert [told.number for told in record.runs(TASK, LABELS[0])] == list(
            range(moment - 2)
        )  # the first opens twice


def test_a_merge_by_another_process_in_between_is_no_error(reference, tmp_path):
    record = unfinished(reference, tmp_path / "out")
    record._parts.read_pairs()  # it has seen the logs
    Record(tmp_path / "out").merge()
    assert outcomes(record) == outcomes(reference)


def test_a_log_of_another_release_is_refused(reference, tmp_path):
    record = unfinished(reference, tmp_path / "out")
    log = tmp_path / "out/parts/three.part"
    for payload in (b"{}", b"[1, 2]\nx", json.dumps([TASK, LABELS[0], {}]).encode() + b"\nnothing"):
        append_frame(log, payload)
        with pytest.raises(RecordError, match=r"three\.part is damaged or of another release .*: delete it and run"):
            record.runs(TASK, LABELS[0])
        log.unlink()


@pytest.mark.parametrize("at", range(7))
def test_counts_that_do_not_fit_are_refused(reference, at):
    content = bytearray(reference.runs(TASK, LABELS[0])[0].to_bytes())
    for number in (-1, 2**40, 2**63 - 1):
        wrong = content.copy()
        wrong[8 * at : 8 * at + 8] = number.to_bytes(8, "little", signed=True)
        if at == 0 and number >= 0:  # the number of the run may be any
            continue
        with pytest.raises(ValueError, match=r"bytes|buffer|counts"):
            Run.from_bytes(bytes(wrong))


def test_bytes_that_are_left_over_or_lacking_are_refused(reference):
    content = reference.runs(TASK, LABELS[0])[0].to_bytes()
    for wrong in (content[:-1], content + b"\0", content[:10], b""):
        with pytest.raises(ValueError, match=r"bytes|buffer"):
            Run.from_bytes(wrong)


def test_a_file_of_another_experiment_is_named(reference, tmp_path):
    other = nasbench.compare(TASK, LABELS[0], seed=1, out=tmp_path / "out", **OPTIONS)
    shutil.copy(reference.path / "trials.h5", other.path / "trials.h5")
    with pytest.raises(RecordError, match=r"trials\.h5 is of another experiment: seed = 0 there, 1 in spec\.json"):
        Record(other.path)


def test_a_changed_byte_is_an_error_or_changes_nothing(reference, tmp_path):
    (tmp_path / "spec.json").write_text(json.dumps(reference.spec))
    path, whole = tmp_path / "trials.h5", (reference.path / "trials.h5").read_bytes()
    noticed = []
    for at in range(0, len(whole), 211):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x42]) + whole[at + 1 :])
        try:
            found = outcomes(Record(tmp_path))
            assert all(runs in (outcomes(reference)[label], []) for label, runs in found.items())
        except RecordError as error:
            noticed.append(str(error))
    assert len(noticed) > 20
    assert all("restore it from a copy" in told or "another experiment" in told for told in noticed)


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("offset", [0, 9, 18, 27, 37]),
        ("offset", [0, 18, 9, 27, 36]),
        ("number", [0, 1, 1, 3]),
        ("number", [0.0, 1.0, 2.0, 3.0]),
        ("id", [0] * 35),
        ("score", [[np.float32(0)]] * 36),
        ("score", [0.0] * 36),
        ("crashed", [0] * 36),
        ("arch", [[True] * 9] * 36),
        ("errors/run", [5]),
        ("recommendations/run", [0, 4]),
        ("recommendations/run", [1]),
        ("recommendations/n_archs", [-1, 3]),
    ],
)
def test_columns_that_do_not_fit_together_are_refused(reference, tmp_path, name, column):
    record = Record.open_or_create(tmp_path / "out", reference.spec)
    runs = list(reference.runs(TASK, LABELS[0]))
    archs = runs[0].history.arch
    runs[1] = Run(1, runs[1].history, "error", recommendations=tuple(Recommendation(t, archs[:1]) for t in (1.0, 2.0)))
    record.replace_runs({(TASK, LABELS[0]): runs})
    file = ColumnFile(record.path / "trials.h5")
    columns = file.read(f"{TASK}/random_search")
    write_columns(file.path, file.read_spec(), [(f"{TASK}/random_search", columns)])
    assert [run.to_bytes() for run in record.runs(TASK, LABELS[0])] == [run.to_bytes() for run in runs]
    write_columns(file.path, file.read_spec(), [(f"{TASK}/random_search", columns | {name: np.array(column)})])
    with pytest.raises(RecordError, match="damaged"):
        record.runs(TASK, LABELS[0])


def test_a_record_moves_and_reading_writes_nothing(reference, tmp_path):
    shutil.copytree(reference.path, tmp_path / "a" / "record")
    shutil.move(tmp_path / "a" / "record", tmp_path / "another name")
    before = snapshot(tmp_path)
    record = Record(tmp_path / "another name")
    assert verify(record, rng=np.random.default_rng(0)).matches
    np.testing.assert_array_equal(analyse(record).levels, analyse(reference).levels)
    assert snapshot(tmp_path) == before


def test_the_file_of_trials_stands_alone(reference, tmp_path):
    shutil.copy(reference.path / "trials.h5", tmp_path / "trials.h5")
    record = Record(tmp_path)
    assert record.spec == reference.spec
    assert outcomes(record) == outcomes(reference)
    assert np.isnan(record.columns(TASK, LABELS[0]).overhead_s).all()
    assert verify(record, rng=np.random.default_rng(0)).matches
    grown = nasbench.compare(TASK, LABELS, out=tmp_path, **OPTIONS)
    assert (grown.path / "trials.h5").read_bytes() == (reference.path / "trials.h5").read_bytes()


def test_a_leaderboard_is_printed_where_nothing_can_be_written(reference, tmp_path, capsys):
    shutil.copytree(reference.path, tmp_path / "record")
    (tmp_path / "record/leaderboard.md").mkdir()
    assert main(["leaderboard", str(tmp_path / "record")]) == 0
    out, err = capsys.readouterr()
    assert "random_search" in out
    assert "leaderboard and plots could not be written into" in err


def test_tracebacks_of_failed_runs_are_text(reference, tmp_path, capsys):
    shutil.copytree(reference.path, tmp_path / "record")
    record = Record(tmp_path / "record")
    run = record.runs(TASK, LABELS[1])[2]
    runs = [*record.runs(TASK, LABELS[1])]
    runs[2] = Run(run.number, run.history, "Traceback (most recent call last):\nMemoryError: much", run.overhead_s)
    record.replace_runs({(TASK, LABELS[1]): runs})
    assert main(["leaderboard", str(record.path)]) == 1
    assert f"tracebacks are in {record.path / 'tracebacks.txt'}" in capsys.readouterr().err
    assert f"run 2 of {LABELS[1]} on {TASK}\nTraceback" in (record.path / "tracebacks.txt").read_text()


def as_version_1(record, path):
    """Write a record as releases before version 2 did."""
    spec = record.spec | {"version": 1}
    for label, entry in spec["strategies"].items():
        for kind in ("trials", "timings"):
            folder = path / kind / spec["tasks"][TASK]["file"]
            folder.mkdir(parents=True, exist_ok=True)
            lines = [line_of(run) if kind == "trials" else timing_of(run) for run in record.runs(TASK, label)]
            (folder / f"{entry['file']}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (path / "spec.json").write_text(json.dumps(spec))
    return Record(path)


def line_of(run):
    told = run.history
    score = [None if value != value else value for value in told.score[:, 0].tolist()]
    columns = {name: getattr(told, name).tolist() for name in ("id", "arch", "epoch", "cost_s", "finish_s")}
    return {"run": run.number, "status": "finished", **columns, "score": score}


def timing_of(run):
    return {"run": run.number, "overhead_s": run.overhead_s}


def test_version_1_is_read_ranked_and_verified(reference, tmp_path, capsys):
    old = as_version_1(reference, tmp_path / "old")
    assert outcomes(old) == outcomes(reference)
    assert [run.overhead_s for run in old.runs(TASK, LABELS[0])] == [
        run.overhead_s for run in reference.runs(TASK, LABELS[0])
    ]
    np.testing.assert_array_equal(analyse(old).levels, analyse(reference).levels)
    assert verify(old, sample=None, rng=np.random.default_rng(0)).matches
    assert main(["leaderboard", str(old.path)]) == 0
    assert main(["verify", str(old.path)]) == 0
    columns = old.columns(TASK, LABELS[0])
    assert columns.offsets.tolist() == [0, 9, 18, 27, 36]


def test_version_1_verifies_the_first_objective_alone(tmp_path):
    task = "nb201-cifar10"
    record = nasbench.compare(task, "random_search", runs=1, limits=Limits(trials=3), out=tmp_path / "new")
    (run,) = record.runs(task, "random_search")
    wider = run.history._replace(score=np.hstack([run.history.score, np.ones((3, 1))]))
    from nasbench.comparison.version1 import read_line, reduce_run

    assert reduce_run(Run(0, wider)).to_bytes() == read_line(json.dumps(line_of(run)).encode()).to_bytes()


def test_a_line_of_version_1_that_was_cut_off_in_a_part_is_left_out(reference, tmp_path):
    old = as_version_1(reference, tmp_path / "old")
    (path,) = (old.path / "trials" / TASK).glob("random_search.jsonl")
    text = path.read_text()
    path.unlink()
    path.with_name("random_search.1-a.part").write_text(text[:-30])
    assert [run.number for run in old.runs(TASK, LABELS[0])] == [0, 1, 2]
    path.write_text(text[:-30])
    with pytest.raises(RecordError, match=r"random_search\.jsonl is damaged"):
        old.runs(TASK, LABELS[0])


def test_version_1_is_never_continued(reference, tmp_path):
    old = as_version_1(reference, tmp_path / "old")
    before = snapshot(old.path)
    with pytest.raises(RecordError, match=r"record of version 1, which .* does not continue: choose another --out"):
        nasbench.compare(TASK, LABELS, out=old.path, **OPTIONS)
    with pytest.raises(RecordError, match="does not continue"):
        Record.join([reference], old.path)
    assert {name: content for name, content in snapshot(old.path).items() if name.name[0] != "."} == before
    beside = nasbench.compare(TASK, LABELS, out=old.path, beside=True, **OPTIONS)
    assert beside.path.name == "old-2"


def test_version_1_is_taken_over_by_joining(reference, tmp_path):
    old = as_version_1(reference, tmp_path / "old")
    joined = Record.join([old], tmp_path / "new")
    assert joined.spec == reference.spec
    assert (joined.path / "trials.h5").read_bytes() == (reference.path / "trials.h5").read_bytes()
    old.spec["tasks"][TASK]["declaration"]["objectives"] = {"flops": {}}
    with pytest.raises(RecordError, match=f"version 1, which holds only the first objective of {TASK}"):
        Record.join([old], tmp_path / "other")


def test_an_unfinished_record_is_no_source(reference, tmp_path):
    record = unfinished(reference, tmp_path / "out")
    with pytest.raises(RecordError, match="is not finished: rerun the same comparison before learning from it"):
        nasbench.compare("nbgraph-citeseer", f"warm_start,source={record.path}", runs=1)
    assert scan_frames(tmp_path / "out/parts/one.part")


def test_the_documented_columns_are_those_of_a_file(reference, tmp_path):
    first = reference.runs(TASK, LABELS[0])[0]
    record = Record.open_or_create(tmp_path / "out", reference.spec)
    told = (Recommendation(1.0, first.history.arch[:2]),)
    run = Run(0, first.history, "error", recommendations=told, charges=np.array([1.0, 2.0]))
    record.replace_runs({(TASK, LABELS[0]): [run]})
    stored = ColumnFile(record.path / "trials.h5").read(f"{TASK}/random_search")
    page = (ROOT / "docs" / "records.md").read_text()
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    named = [name for row in rows for name in re.findall(r"`([^`]+)`", row)]
    assert sorted(f"recommendations{name}" if name[0] == "/" else name for name in named) == sorted(stored)
