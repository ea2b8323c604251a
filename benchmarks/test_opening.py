"""Opening a task in a process that has imported numpy and h5py, and the cold start of the command line."""

import subprocess
import sys

import pytest

import nasbench


@pytest.mark.benchmark(group="open nb201-cifar10")
def test_open_task(benchmark):
    benchmark(lambda: nasbench.load_task("nb201-cifar10").optimum)


@pytest.mark.benchmark(group="cold start")
@pytest.mark.parametrize(
    "code", ["import numpy, h5py", "import numpy, h5py, nasbench", "import numpy, h5py, nasbench.tasks.table_task"]
)
def test_import(benchmark, code):
    benchmark.pedantic(subprocess.run, ([sys.executable, "-c", code],), {"check": True}, rounds=15, warmup_rounds=2)


@pytest.mark.benchmark(group="cold start")
def test_list(benchmark):
    command = [sys.executable, "-m", "nasbench", "list"]
    benchmark.pedantic(
        subprocess.run, (command,), {"check": True, "stdout": subprocess.DEVNULL}, rounds=15, warmup_rounds=2
    )
