"""Records: 15,000 runs of 100 trials appended one by one, merged, and read; the floor is numpy on the same columns."""

import os
import shutil

import numpy as np
import pytest

from nasbench.comparison import Record
from nasbench.comparison.columns import join_runs
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.run import Run
from nasbench.registry import Choice
from nasbench.simulation import History
from nasbench.trials import full_trainings

TASK, N_STRATEGIES, N_RUNS, N_TRIALS = "nb201-cifar10", 30, 500, 100
WHAT = f"{N_STRATEGIES * N_RUNS:,} runs x {N_TRIALS} trials"


@pytest.fixture(scope="module")
def spec():
    choices = tuple(Choice.parse(f"local_search,n_start={i + 1}") for i in range(N_STRATEGIES))
    return Experiment((TASK,), choices, runs=N_RUNS, limits=Limits(trials=N_TRIALS)).spec(search=False)


@pytest.fixture(scope="module")
def runs(cifar10):
    rng = np.random.default_rng(0)
    return [one_run(cifar10, number, rng) for number in range(N_RUNS)]


def one_run(task, number, rng):
    archs = task.space.sample(N_TRIALS, rng)
    told = task.backend(rng).advance(full_trainings(0, archs))
    crashed = np.zeros(N_TRIALS, dtype=np.bool_)
    history = History(told.id, archs, told.epoch, told.score, told.cost_s, np.cumsum(told.cost_s), crashed)
    return Run(number, history, overhead_s=0.1)


@pytest.fixture(scope="module")
def columns(runs):
    return join_runs(runs).trials._asdict()


@pytest.fixture(scope="module")
def merged(tmp_path_factory, spec, runs):
    record = Record.open_or_create(tmp_path_factory.mktemp("records") / "merged", spec)
    record.replace_runs({(TASK, label): runs for label in record.strategies})
    return record


def measure(benchmark, work, setup=None):
    benchmark.pedantic(work, setup=setup, rounds=3)


def test_write_floor(benchmark, columns, tmp_path):
    benchmark.group = f"{WHAT}, written"
    measure(benchmark, lambda: [np.savez(tmp_path / f"{i}.npz", **columns) for i in range(N_STRATEGIES)])


def test_append(benchmark, spec, runs, tmp_path):
    benchmark.group = f"{WHAT}, written"

    def anew():
        shutil.rmtree(tmp_path / "record", ignore_errors=True)
        return (Record.open_or_create(tmp_path / "record", spec),), {}

    def append(record):
        for label in record.strategies:
            for run in runs:
                record.append(TASK, label, run)

    measure(benchmark, append, anew)


def test_merge(benchmark, spec, runs, tmp_path):
    benchmark.group = f"{WHAT}, written"
    source = Record.open_or_create(tmp_path / "source", spec)
    for label in source.strategies:
        for run in runs:
            source.append(TASK, label, run)

    def anew():
        shutil.rmtree(tmp_path / "record", ignore_errors=True)
        shutil.copytree(source.path, tmp_path / "record", copy_function=os.link)
        return (Record(tmp_path / "record"),), {}

    measure(benchmark, lambda record: record.merge(), anew)


def test_read_floor(benchmark, columns, tmp_path):
    benchmark.group = f"{WHAT}, read"
    for i in range(N_STRATEGIES):
        np.savez(tmp_path / f"{i}.npz", **columns)
    measure(benchmark, lambda: [dict(np.load(tmp_path / f"{i}.npz")) for i in range(N_STRATEGIES)])


def test_read_columns(benchmark, merged):
    benchmark.group = f"{WHAT}, read"
    measure(benchmark, lambda: [merged.columns(TASK, label) for label in merged.strategies])


def test_read_runs(benchmark, merged):
    benchmark.group = f"{WHAT}, read"
    measure(benchmark, lambda: [list(merged.runs(TASK, label)) for label in merged.strategies])
