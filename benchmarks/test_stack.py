"""Small networks trained as a stack, against the same networks trained one after the other by the ordinary loop.

There are thirty-two different cells, one per network, as in ``data/curves201.h5``: two epochs of 1,000 signals, with
3,000 evaluated after each. Processor time is measured, so that other programs do not count.
"""

import time

import numpy as np
import pytest
import torch

from nasbench.datasets import load_images
from nasbench.networks import build_network
from nasbench.spaces.nb201 import NASBench201
from nasbench.training import Setup, draw_classes, load_recipe, train_network, train_stack

N = 32
LABEL = "nb201,channels=8,n_cells=1,stages=1,axes=1,in_channels=1"
RECIPE = load_recipe("curves-30,epochs=2")
pytestmark = pytest.mark.benchmark(group="32 small networks, 2 epochs", timer=time.process_time)


@pytest.fixture(scope="module")
def signals():
    return load_images("mnist1d,n_train=1000,n_valid=2000,n_test=1000", np.random.default_rng(0))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def fresh():
    archs = draw_classes(NASBench201(simplified=True), 512, np.random.default_rng(0))
    archs = archs[np.lexsort(archs.T[::-1])][:: 512 // N][:N]
    return [build_network(LABEL, arch[None], np.random.default_rng(i)) for i, arch in enumerate(archs)]


def measured(benchmark, work):
    benchmark.pedantic(work, setup=lambda: ((fresh(),), {}), rounds=2)
    benchmark.extra_info["networks_per_hour_of_30_epochs"] = 3600 * N / (15 * benchmark.stats.stats.median)


def test_one_by_one_floor(benchmark, signals):
    def work(networks):
        for i, network in enumerate(networks):
            train_network(network, signals, recipe=RECIPE, rng=np.random.default_rng(i), setup=Setup())

    measured(benchmark, work)


def test_stacked(benchmark, signals):
    rngs = [np.random.default_rng(i) for i in range(N)]
    measured(benchmark, lambda networks: train_stack(networks, signals, recipe=RECIPE, rngs=rngs))
