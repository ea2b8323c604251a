"""Shared fixtures of the benchmarks.

Each benchmark has its floor in the same group, so that a ratio never mixes two runs.
``make bench`` prints the groups; ``python benchmarks/ratios.py`` prints only the ratios.
"""

import pytest

import nasbench


@pytest.fixture(scope="session")
def cifar10():
    return nasbench.load_task("nb201-cifar10")
