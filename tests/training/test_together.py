"""Parallel training: the same bits as one by one, failures are isolated, and ended processes lose nothing."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from joblib import parallel_config, register_parallel_backend
from joblib.parallel import LokyBackend

from nasbench.backends.training import TrainingBackend
from nasbench.datasets import load_images
from nasbench.errors import InvalidOption, WorkerDied
from nasbench.spaces.nb201 import NASBench201
from nasbench.training import Architectures, load_recipe, train_in_parallel
from nasbench.trials import Trials

ROOT = Path(__file__).resolve().parents[2]
SPACE = NASBench201()
NETWORK = "nb201,channels=4,n_cells=1,stages=2"
ARCHS = np.array([[3, 1, 0, 2, 4, 3], [2, 0, 1, 1, 0, 2]], dtype=np.int8)


@pytest.fixture(scope="module")
def digits():
    return load_images("digits", np.random.default_rng(0), test_share=0.6)


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def trainings(digits, folder, recipe="small-4,epochs=2"):
    return Architectures(space=SPACE, data=digits, recipe=load_recipe(recipe), number=7, folder=folder, network=NETWORK)


def calls_of(digits, folder):
    good, bad = trainings(digits, folder / "good"), trainings(digits, folder / "bad", "small-4,epochs=2,lr=1e30")
    return [partial(one.train, ARCHS[i : i + 1]) for one, i in ((good, 0), (bad, 0), (good, 1))]


def numbers(outcome):
    return [
        {name: value for name, value in told.items() if name != "seconds"}
        for epoch in outcome.epochs
        for told in epoch.splits.values()
    ]


def weights(folder):
    return [
        torch.load(path, weights_only=True)["state"]["network"] for path in sorted(folder.glob("good/*/checkpoint.pt"))
    ]


def test_at_once_gives_the_bits_of_one_by_one_and_a_failure_stays_alone(digits, tmp_path):
    told = []
    first = train_in_parallel(calls_of(digits, tmp_path / "a"), n_jobs=1, kept=tmp_path)
    second = train_in_parallel(
        calls_of(digits, tmp_path / "b"), n_jobs=2, kept=tmp_path, on_progress=lambda *done: told.append(done)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [bool(outcome.error) for outcome in second] == [False, True, False]
    assert "the loss is" in second[1].error
    assert [numbers(outcome) for outcome in first] == [numbers(outcome) for outcome in second]
    one, other = weights(tmp_path / "a"), weights(tmp_path / "b")
    assert len(one) == len(other) == 2
    for a, b in zip(one, other, strict=True):
        assert all(torch.equal(a[name], b[name]) for name in a)


class Counting(LokyBackend):
    submitted = 0

    def submit(self, *args, **options):
        Counting.submitted += 1
        return super().submit(*args, **options)


def test_the_backend_of_an_active_configuration_is_used_and_one_of_threads_refused(digits, tmp_path):
    """A strategy's batch on real training; two of its trials have the same architecture."""
    register_parallel_backend("counting", Counting)
    asked = Trials(np.arange(3), ARCHS[[0, 1, 0]], np.array([1, 1, 2]))

    def backend(name):
        return TrainingBackend(
            SPACE,
            digits,
            recipe=load_recipe("small-4,epochs=2"),
            rng=np.random.default_rng(1),
            folder=tmp_path / name,
            network=NETWORK,
        )

    plain = backend("plain").advance(asked)
    with parallel_config(backend="counting", n_jobs=2):
        at_once = backend("at once").advance(asked)
    assert Counting.submitted >= 2
    assert at_once.score.tolist() == plain.score.tolist()
    assert plain.score[0] == backend("alone").advance(Trials(np.array([0]), ARCHS[:1], np.array([1]))).score[0]
    assert (plain.cost_s > 0).all()
    with parallel_config(backend="threading", n_jobs=2), pytest.raises(InvalidOption, match="backend of processes"):
        backend("threads").advance(asked)


def test_a_process_that_is_killed_is_told_and_what_was_finished_is_kept(digits, tmp_path):
    good = trainings(digits, tmp_path / "good")
    finished = partial(good.train, ARCHS[:1])
    with pytest.raises(WorkerDied, match=r"(?s)killed from outside.*rerun the same command to resume"):
        train_in_parallel([finished, partial(_die, tmp_path / "good")], n_jobs=2, kept=tmp_path)
    assert len(weights(tmp_path)) == 1


def _die(folder):
    while not list(folder.glob("*/checkpoint.pt")):
        time.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)


def test_jobs_are_counted():
    with pytest.raises(InvalidOption, match="0 jobs"):
        train_in_parallel([], n_jobs=0, kept=Path())
    assert train_in_parallel([], n_jobs=2, kept=Path()) == []
    assert joblib.cpu_count() >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM")
def test_a_command_that_is_told_to_end_leaves_no_process_and_no_traceback(tmp_path):
    text = SPACE.format(ARCHS)
    command = [sys.executable, "-m", "nasbench", "train", "--arch", text[0], "--arch", text[1], "--network", NETWORK]
    command += ["--data", "digits", "--jobs", "2", "--out", "out", "--json", "--recipe"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    running = subprocess.Popen(
        [*command, "small-20,epochs=5000"], cwd=tmp_path, env=environment, stderr=subprocess.PIPE
    )
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("out/seed0/*/checkpoint.pt"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert running.poll() is None
    holders = [int(path.read_text()) for path in tmp_path.glob("out/seed0/*/.checkpoint.pt.lock")]
    running.terminate()
    _, told = running.communicate(timeout=60)
    assert running.returncode == 128 + signal.SIGTERM
    assert b"finished work is kept" in told
    assert b"Traceback" not in told
    assert len(holders) == 2
    time.sleep(0.2)
    assert not any(_lives(process) for process in holders)


def _lives(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
