"""What a contestant writes without measure, and commands that are more than a command."""

import json

import numpy as np
import pytest
from python_agents import write_agent

import nasbench
from nasbench.errors import InvalidOption, StrategyError
from nasbench.processes import CommandStrategy
from nasbench.registry import SPACES
from nasbench.spaces.hyper import HyperSpace

TASK, TRIALS = "nbgraph-cora", nasbench.Budget(trials=12)


def test_usage_has_twenty_names_in_a_run(tmp_path):
    label = write_agent(
        tmp_path / "agent.py",
        """
n = 0
def answer(message):
    global n, example
    n += 1
    if "hello" in message:
        example = message["space"]["examples"][0]
        return {"hello": 1}
    usage = {"usage": {f"name {n} {i}": 1 for i in range(6)}}
    return usage | ({"trials": [{"arch": example}]} if "ask" in message else {})
""",
    )
    record = nasbench.compare(TASK, label, runs=1, limits=TRIALS)
    (run,) = record.runs(TASK, label)
    assert "of at most 20 kinds in a run" in run.error


@pytest.mark.parametrize(
    "answer", [{"trials": [{"arch": "\ud800"}]}, {"k" * 900_000: 1}, {"trials": [{"arch": "a" * 900_000}]}]
)
def test_what_a_process_writes_can_be_printed(answer, tmp_path):
    """A lone surrogate can be neither encoded nor printed."""
    label = write_agent(
        tmp_path / "agent.py",
        f"""
def answer(message):
    return {{"hello": 1}} if "hello" in message else json.loads({json.dumps(json.dumps(answer))})
""",
    )
    for space in (nasbench.load_task(TASK).space, HyperSpace(), SPACES.load("nb201")()):
        strategy = CommandStrategy(space, np.random.default_rng(0), command=label.removeprefix("cmd:"))
        with pytest.raises(StrategyError) as caught:
            strategy.ask(1)
        message = str(caught.value)
        assert message.isprintable()
        assert len(message) < 1400


@pytest.mark.parametrize(
    "outer",
    [
        "switching,first='{}'",
        "switching,then='{}'",
        "warm_start,inner='{}'",
        "first_proposals,inner='{}'",
        "model_recommendation,search='{}'",
    ],
)
def test_a_process_is_no_part_of_another_strategy(outer):
    with pytest.raises(InvalidOption, match="a process cannot be the inner strategy"):
        nasbench.compare(TASK, outer.format("cmd:sh x"), runs=1, limits=TRIALS)


def test_a_long_argument_is_no_file(tmp_path):
    script = tmp_path / "agent.py"
    script.touch()
    long = "please " * 1000
    assert CommandStrategy.list_files({"command": f"sh {script} '{long}'"}) == [script]
    with pytest.raises(InvalidOption, match="there is no program"):
        CommandStrategy(HyperSpace(), np.random.default_rng(0), command="x" * 5000)
