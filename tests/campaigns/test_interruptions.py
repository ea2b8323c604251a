"""Two hundred rounds, results in any order, killed at ten moments: the same file as that of a user never killed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, which this system cannot")
USER = Path(__file__).parent / "interrupted_user.py"


def check_killed_user(folder, strategy, *, rounds, epochs=""):
    command = [sys.executable, str(USER), str(folder), strategy, str(rounds), epochs]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("10 kills"), done.stderr
    killed, whole = ((folder / f"{name}.jsonl").read_bytes() for name in ("killed", "whole"))
    assert killed == whole
    events = [json.loads(line) for line in whole.splitlines()]
    asked = [event for event in events[1:] if event["event"] == "suggest"]
    assert len(asked) == rounds
    suggested = [trial["id"] for event in asked for trial in event["trials"]]
    told = [result["id"] for event in events[1:] if event["event"] == "tell" for result in event["results"]]
    assert len(told) > rounds / 2
    assert told != sorted(told), "results came in the order of the suggestions"
    return suggested


def test_a_user_who_is_killed_ten_times_gets_the_same_suggestions(tmp_path):
    suggested = check_killed_user(tmp_path, "regularized_evolution,population_size=20,sample_size=5", rounds=200)
    assert suggested == list(range(len(suggested)))


@pytest.mark.parametrize(
    ("strategy", "epochs"),
    [("auto", ""), ("bore", ""), ("tpe", ""), ("asha", "1,3,9,27"), ("hyperband", "1,3,9"), ("bohb", "1,3,9")],
)
def test_so_does_one_with_a_slower_strategy(tmp_path, strategy, epochs, request):
    if not request.config.getoption("everywhere"):
        pytest.skip("two hundred rounds of slower strategies: pytest --everywhere runs them (make test-everywhere)")
    check_killed_user(tmp_path, strategy, rounds=200, epochs=epochs)


@pytest.mark.parametrize("left", [1, 20, 60])
def test_an_unfinished_last_line_does_not_count(tmp_path, left):
    """Every number of bytes that a killed process may leave."""
    file = tmp_path / "s.jsonl"
    nasbench.open_campaign(file, space="nb201", strategy="random_search").suggest(2)
    whole = file.read_bytes()
    file.write_bytes(whole[:-left])
    assert nasbench.open_campaign(file).pending.empty
    again = nasbench.open_campaign(file)
    assert len(again.suggest(2)) == 2
    assert file.read_bytes() == whole
