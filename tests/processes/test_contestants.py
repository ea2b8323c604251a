"""Contestants that are processes: good ones in three languages, and bad ones, which harm nobody."""

import json
import os
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from python_agents import write_agent

import nasbench
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, RecordError, StrategyError, UnknownName
from nasbench.processes import CommandStrategy
from nasbench.processes._line_process import MOST_BYTES, LineProcess, ProcessFailed
from nasbench.records.failures import failures
from nasbench.registry import STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.testing import check_contestant

AGENTS = Path(__file__).parent / "agents"
PYTHON = shlex.quote(sys.executable)
TASK, CURVES = "nb201-cifar10", "curves201-mnist1d"
TRIALS = nasbench.Budget(trials=12)
SHELL, NODE = f"cmd:sh {AGENTS}/random.sh", f"cmd:node {AGENTS}/climber.js"
needs_node = pytest.mark.skipif(not shutil.which("node"), reason="node is not installed")

BROKEN = {
    "exits_at_once": "ended with status 3",
    "other_version": 'answered {"hello": 2} to the first line; expected {"hello": 1}',
    "no_json": "is not JSON",
    "no_object": "expected one JSON object",
    "deep": "is not JSON",
    "nan": "NaN is not a JSON number; write null",
    "too_many": 'answered 2 trials to {"ask": 1}; expected at most 1',
    "outside": "outside the space",
    "outside_row": "decision 'edge_2_3' is 5, expected 0 to 4",
    "known_id": "expected a later epoch, or a new id",
    "other_architecture": "expected a new id for each trial",
    "negative_id": "wrote the id -1; expected a whole number from 0",
    "no_architecture": "asked for trial 77 without an architecture",
    "strange_epoch": "asked for epoch 7 of trial 2; the task answers after epoch 200",
    "misspelt": "unknown key 'trails'; did you mean 'trials'?",
    "two_lines": "expected one line as the answer to each line",
    "waits": "so it would wait forever",
    "dies": 'ended with status 1; it was to answer {"ask": 1}; last on standard error: the model is out of credit',
    "is_killed": "was killed by SIGSEGV",
    "half_a_line": "ended with status 0 after an incomplete line",
    "floods_output": f"without a line break; expected an answer of at most {MOST_BYTES:,} bytes",
    "recommends_unasked": 'expected "recommends": true in its answer to the first line',
    "negative_usage": 'wrote "usage": {"tokens": -1}',
}
SILENT = {
    "never_answers": '(cmd,timeout=SECONDS:... gives it longer); it was to answer {"hello": 1, ...}',
    "hangs": 'gives it longer); it was to answer {"ask": 1}; standard error is empty',
    "floods_errors": "did not answer within 1 s",
}
CLOSED = {"closes_output": "closed its output, but goes on running"}
FINE = ("leaves_children", "ignores_sigterm", "chatters")


def label_of(mode, folder, timeout):
    return f"cmd,timeout={timeout}:{PYTHON} {AGENTS}/misbehaves.py {mode} {shlex.quote(str(folder))}"


def is_running(pid):
    """Whether a process runs; a zombie that its new parent, the first process, has not yet noticed does not."""
    try:
        os.kill(pid, 0)
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False


def histories(record, label):
    return [run.to_bytes() for run in record.runs(record.tasks[0], label)]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_broken_contestant_fails_alone_and_nothing_of_it_remains(n_jobs, tmp_path):
    folder = tmp_path / "ids"
    folder.mkdir()
    expected = {label_of(mode, folder, 60): why for mode, why in (BROKEN | CLOSED).items()}
    expected |= {label_of(mode, folder, 1): why for mode, why in SILENT.items()}
    fine = [label_of(mode, folder, 60) for mode in FINE]
    labels = ["random_search", *expected, *fine]
    record = nasbench.compare(TASK, labels, runs=1, limits=TRIALS, n_jobs=n_jobs)
    found = {failure.contestant: failure.reasons[0][0] for failure in failures(record)}
    assert found.keys() == expected.keys()
    wrong = {label: found[label] for label, why in expected.items() if why not in record.runs(TASK, label)[0].error}
    assert not wrong
    alone = nasbench.compare(TASK, "random_search", runs=1, limits=TRIALS)
    assert histories(record, "random_search") == histories(alone, "random_search")
    pids = [int(path.name.rpartition("-")[2]) for path in folder.iterdir()]
    assert len(pids) >= len(labels) - 1 + 2
    assert not [pid for pid in pids if is_running(pid)]


def test_results_until_a_failure_are_kept(tmp_path):
    record = nasbench.compare(TASK, label_of("dies", tmp_path, 60), runs=1, limits=TRIALS)
    (run,) = record.runs(TASK, record.strategies[0])
    assert len(run.history.id) == 2
    assert "    | " not in run.error


def test_a_process_that_does_not_read_its_input_does_not_block_us():
    process = LineProcess(["sleep", "3600"], 0.5)
    with pytest.raises(ProcessFailed, match="could not be sent, since it does not read its input"):
        process.exchange(b"x" * 10_000_000)
    process.end()
    process.end()


def test_a_long_message_and_a_long_answer_pass_each_other():
    """The process writes before it has read everything, and both are larger than what pipes hold."""
    code = "import sys; sys.stdout.write('a' * 900_000); sys.stdout.flush(); sys.stdin.readline(); print('b')"
    process = LineProcess([sys.executable, "-c", code], 60)
    assert process.exchange(b"x" * 3_000_000) == b"a" * 900_000 + b"b"
    process.end()


def test_an_unasked_line_is_noticed_before_it_is_taken_for_an_answer():
    process = LineProcess(["sh", "-c", "read line; echo 1; sleep 0.2; echo 2 >&2; echo 2; read line; echo 3"], 60)
    assert process.exchange(b"a") == b"1"
    while not process.last_errors:
        process._read_pipes(0.05)
    process._read_pipes(0.05)
    with pytest.raises(ProcessFailed, match="without being asked"):
        process.exchange(b"b")
    process.end()


def test_an_abandoned_process_ends_with_its_strategy(cifar10, tmp_path):
    strategy = STRATEGIES.load("cmd")(
        cifar10.space, np.random.default_rng(0), command=Choice.parse(label_of("fine", tmp_path, 60)).options["command"]
    )
    strategy.ask(1)
    (path,) = tmp_path.iterdir()
    pid = int(path.name.rpartition("-")[2])
    assert is_running(pid)
    del strategy
    assert not is_running(pid)


def test_only_the_end_of_standard_error_is_kept(tmp_path):
    code = "import sys; sys.stderr.write('z' * 10_000_000 + '\\nthe end'); sys.stderr.flush(); input(); print(1)"
    process = LineProcess([sys.executable, "-c", code], 60)
    assert process.exchange(b"") == b"1"
    process.end()
    assert process.last_errors[-1] == "the end"
    assert sum(map(len, process.last_errors)) < 5000


@needs_node
def test_contestants_in_other_languages_stand_beside_ours(tmp_path):
    strategies = ["random_search", SHELL, NODE]
    budget = nasbench.Budget(trials=40)
    record = nasbench.compare(TASK, strategies, runs=3, limits=budget, out=tmp_path / "out")
    assert not failures(record)
    shown = record.leaderboard().render("text")
    assert SHELL in shown
    assert NODE in shown
    assert nasbench.verify(tmp_path / "out", sample=None).matches
    again = nasbench.compare(TASK, strategies, runs=3, limits=budget, n_jobs=2)
    for label in strategies:
        assert histories(record, label) == histories(again, label)
    climbed = [run.history.score[-10:].mean() for run in record.runs(TASK, NODE)]
    drawn = [run.history.score.mean() for run in record.runs(TASK, SHELL)]
    assert np.mean(climbed) > np.mean(drawn) + 0.02


@needs_node
def test_usage_is_counted(cifar10):
    strategy = CommandStrategy(cifar10.space, np.random.default_rng(0), command=f"node {AGENTS}/climber.js")
    simulation = nasbench.Simulation(
        strategy, cifar10.backend(np.random.default_rng(0)), cifar10.space, budget=TRIALS, n_workers=3
    )
    simulation.run()
    strategy.close()
    assert strategy.usage == {"proposals": 12}


def test_a_process_sees_what_a_strategy_sees_and_no_more(tmp_path):
    label = write_agent(
        tmp_path / "agent.py",
        f"""
log = open({str(tmp_path / "log")!r}, "a")
def answer(message):
    print(json.dumps(message), file=log)
    if "hello" in message:
        global examples
        examples = message["space"]["examples"]
        return {{"hello": 1}}
    return {{"trials": [{{"arch": examples[0]}}]}} if "ask" in message else {{}}
""",
    )
    record = nasbench.compare("nbgraph-cora", label, runs=1, limits=nasbench.Budget(trials=1), seed=5)
    hello, ask, tell = map(json.loads, (tmp_path / "log").read_text().splitlines())
    (run,) = record.runs("nbgraph-cora", label)
    space = nasbench.load_task("nbgraph-cora").space
    assert list(hello) == ["hello", "seed", "space", "epochs", "task"]
    assert hello["task"] == {
        "objectives": [{"name": "accuracy", "unit": "fraction", "direction": "maximize"}],
        "budget": {"trials": 1},
        "workers": 1,
    }
    assert ask == {"ask": 1}
    (result,) = tell["tell"]
    assert result == {
        "id": 0,
        "arch": space.format(run.history.arch)[0],
        "epoch": int(run.history.epoch[0]),
        "score": run.history.score[0].tolist(),
        "values": {"accuracy": run.history.score[0, 0]},
        "cost_s": run.history.cost_s[0],
    }


def test_partial_training_is_resumed_by_id(tmp_path):
    label = write_agent(
        tmp_path / "agent.py",
        """
def answer(message):
    global examples, epochs, n
    if "hello" in message:
        examples, epochs, n = message["space"]["examples"], message["epochs"], 0
        return {"hello": 1}
    if "tell" in message:
        return {}
    n += 1
    if n > 2:
        return {"finished": True}
    return {"trials": [{"id": 7, "arch": examples[1], "epoch": epochs[0]} if n == 1 else {"id": 7}]}
""",
    )
    record = nasbench.compare(CURVES, label, runs=1)
    (run,) = record.runs(CURVES, label)
    epochs = nasbench.load_task(CURVES).epochs
    assert not run.error
    assert run.history.id.tolist() == [7, 7]
    assert run.history.epoch.tolist() == [epochs[0], epochs[-1]]


def test_a_process_may_recommend_architectures_itself(tmp_path):
    label = write_agent(
        tmp_path / "agent.py",
        """
def answer(message):
    global examples
    if "hello" in message:
        examples = message["space"]["examples"]
        return {"hello": 1, "recommends": True}
    return {"trials": [{"arch": examples[0]}]} if "ask" in message else {"recommend": [[0] * 6, [4] * 6]}
""",
    )
    record = nasbench.compare(TASK, [label, SHELL], runs=1, limits=TRIALS)
    (run,) = record.runs(TASK, label)
    (recommended,) = run.recommendations
    assert recommended.archs.tolist() == [[0] * 6, [4] * 6]
    assert recommended.time_s == run.history.finish_s[0]
    assert not record.runs(TASK, SHELL)[0].recommendations


def test_a_changed_script_is_another_contestant(tmp_path):
    script = tmp_path / "random.sh"
    script.write_text((AGENTS / "random.sh").read_text())
    label = f"cmd:sh {script}"
    record = nasbench.compare(TASK, label, runs=2, limits=TRIALS, out=tmp_path / "out")
    assert record.spec["strategies"][label]["given"] == {"command": f"sh {script}"}
    assert nasbench.verify(tmp_path / "out").changed == []
    script.write_text(script.read_text().replace("12345", "54321"))
    verdict = nasbench.verify(tmp_path / "out")
    assert verdict.changed == [f"the code of {label}: {script}"]
    assert not verdict.matches
    with pytest.raises(RecordError, match=f"recorded with other code of {label}: {script} changed since"):
        nasbench.compare(TASK, label, runs=3, limits=TRIALS, out=tmp_path / "out")


@pytest.mark.parametrize(
    "text",
    [
        "cmd:python agent.py",
        "cmd:python agent.py --lr=0.1,depth=3 --name a@b,c",
        "cmd,timeout=5:python 'my agent.py' --url http://localhost:8000",
        "cmd,timeout=0.5:./agent a,timeout=7",
        'cmd:sh -c "echo x=1, y=2"',
    ],
)
def test_a_command_is_never_cut(text):
    choice = Choice.parse(text)
    assert choice.name == "cmd"
    assert choice.options["command"] == text.partition(":")[2]
    assert choice.label == text
    assert Choice.parse(choice.label) == choice
    assert choice.options.get("timeout") == {"cmd,timeout=5": 5, "cmd,timeout=0.5": 0.5}.get(text.partition(":")[0])


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("cmd:no-such-program x", InvalidOption, "there is no program 'no-such-program'"),
        (f"cmd:{AGENTS}/climber.js", InvalidOption, "is not executable; run 'chmod"),
        ("cmd:python 'x", InvalidOption, "No closing quotation"),
        ("cmd:", InvalidOption, "expected a program and its arguments"),
        ("cmd", InvalidOption, "expected a program and its arguments"),
        ("cmd,timeout=-1:sh x", InvalidOption, "timeout=-1"),
        ("cmd,task_facts=3:sh x", InvalidOption, "task_facts=3"),
        ("cmd,time=1:sh x", UnknownName, "did you mean 'timeout'"),
        ("cmd@fast:sh x", UnknownName, "unknown preset of 'cmd'"),
    ],
)
def test_a_command_that_cannot_run_is_refused_before_anything_runs(text, error, why):
    with pytest.raises(error, match=why):
        nasbench.compare(TASK, text, runs=1, limits=TRIALS)


def test_no_shell_runs_the_command(tmp_path):
    with pytest.raises(InvalidOption, match="no program"):
        nasbench.compare(TASK, f"cmd:$(touch {tmp_path}/made)", runs=1, limits=TRIALS)
    record = nasbench.compare(TASK, f"cmd:true ; touch {tmp_path}/made", runs=1, limits=TRIALS)
    assert failures(record)
    assert not list(tmp_path.iterdir())


def test_a_failed_process_stays_failed(cifar10, tmp_path):
    command = Choice.parse(label_of("exits_at_once", tmp_path, 60)).options["command"]
    strategy = CommandStrategy(cifar10.space, np.random.default_rng(0), command=command)
    for _ in range(2):
        with pytest.raises(StrategyError, match="status 3"):
            strategy.ask(1)
    strategy.close()


@needs_node
@pytest.mark.parametrize("command", [SHELL, f"node {AGENTS}/climber.js"])
def test_the_kit_passes_good_contestants(command):
    check_contestant(command, n_trials=8)


def test_real_numbers_and_conditions_are_searched(tmp_path):
    space = HyperSpace(
        {
            "optimizer": {"categorical": ["sgd", "adam"]},
            "lr": {"real": [1e-4, 1.0], "log": True},
            "momentum": {"real": [0.0, 0.99]},
            "batch": {"integer": [1, 100_000], "log": True, "step": 1},
        },
        [{"decision": "momentum", "when": "optimizer", "is": ["sgd"]}],
    )
    label = write_agent(
        tmp_path / "agent.py",
        """
import random
def draw(decision):
    if "values" in decision:
        return rng.choice(decision["values"])
    low, high = decision["range"]
    drawn = low * (high / low) ** rng.random() if decision["log"] else rng.uniform(low, high)
    return min(max(drawn, low), high) if decision["kind"] == "real" else int(drawn)
def answer(message):
    global rng, decisions
    if "hello" in message:
        rng, decisions = random.Random(message["seed"]), message["space"]["decisions"]
        return {"hello": 1}
    if "tell" in message:
        return {}
    arch = {}
    for decision in decisions:
        when = decision.get("when")
        if when is None or arch[when["decision"]] in when["is"]:
            arch[decision["name"]] = draw(decision)
    return {"trials": [{"arch": arch}]}
""",
    )
    check_contestant(label, space)


@pytest.mark.parametrize(("mode", "why"), [("no_json", "is not JSON"), ("too_many", "expected at most 1")])
def test_the_kit_refuses_what_a_comparison_would(mode, why, tmp_path):
    with pytest.raises(AssertionError, match=why):
        check_contestant(label_of(mode, tmp_path, 60))


def test_the_kit_refuses_what_cannot_be_repeated(tmp_path):
    label = write_agent(
        tmp_path / "agent.py",
        """
import random
def answer(message):
    if "hello" in message:
        return {"hello": 1}
    return {"trials": [{"arch": [random.randrange(5) for _ in range(6)]}]} if "ask" in message else {}
""",
    )
    with pytest.raises(AssertionError, match="the same seed gives another run with 1 worker"):
        check_contestant(label)
