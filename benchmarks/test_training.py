"""Training: an epoch against the same network with a stock loop in plain torch; parallel against sequential training.

The network is cell 333132 of NAS-Bench-201 at the paper's size, with batch size 256. The stock loop does not augment;
ours flips and crops. On a card, ours computes in bfloat16 with recorded steps; the share of the card's peak is in the
extra info of the JSON.
"""

import time
from functools import partial

import numpy as np
import plain_nb201
import pytest
import torch

from nasbench.datasets import Images, Part, load_images
from nasbench.networks import build_network, count_costs
from nasbench.spaces.nb201 import NASBench201
from nasbench.training import Architectures, Setup, load_recipe, train_in_parallel
from nasbench.training.trainer import _Run

CELL = [3, 3, 3, 1, 3, 2]
FAST = {"cpu": "", "cuda": ",amp=True,channels_last=True,cuda_graphs=True"}
N_IMAGES = {"cpu": 512, "cuda": 50_176}
PEAK = {"H100": 989e12, "H200": 989e12, "A100": 312e12}  # dense bfloat16 operations a second, by their data sheets
DEVICES = [
    pytest.param(
        "cpu",
        marks=pytest.mark.benchmark(
            group="an epoch of 512 images, cell 333132, processor time of one thread", timer=time.process_time
        ),
    ),
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.benchmark(group="an epoch of 50,176 images, cell 333132, one card"),
            pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA card"),
        ],
    ),
]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def noise(device):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(N_IMAGES[device], 3, 32, 32), dtype=np.uint8)
    return images, np.arange(len(images)) % 10


def measured(benchmark, one_epoch, device):
    """Time epochs, and record images per second and the share of the card's peak."""

    def finished():
        one_epoch()
        if device == "cuda":
            torch.cuda.synchronize()

    benchmark.pedantic(finished, rounds=3 if device == "cpu" else 5, warmup_rounds=1)
    images_per_s = N_IMAGES[device] / benchmark.stats.stats.median
    benchmark.extra_info["images_per_s"] = images_per_s
    if device == "cuda":
        macs = count_costs(build_network("nb201", np.array([CELL]), np.random.default_rng(0)), (3, 32, 32)).flops
        peak = next((peak for name, peak in PEAK.items() if name in torch.cuda.get_device_name()), None)
        benchmark.extra_info["share_of_peak"] = peak and 3 * 2 * macs * images_per_s / peak


@pytest.mark.parametrize("device", DEVICES)
def test_stock_loop_floor(benchmark, device):
    loader = plain_nb201.loader_of(*noise(device), 256)
    net = plain_nb201.network(CELL).to(device)
    optimiser = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)
    measured(benchmark, lambda: plain_nb201.epoch(net, optimiser, loader, device), device)


@pytest.mark.parametrize("device", DEVICES)
def test_our_loop(benchmark, device):
    """Epochs of one training run; one-time preparation is not counted, as for the floor."""
    images, labels = noise(device)
    data = Images("noise", tuple("0123456789"), {"train": Part(images, labels)})
    recipe = load_recipe(f"nb201-200{FAST[device]}")
    net = build_network("nb201", np.array([CELL]), np.random.default_rng(1))
    epochs = _Epochs(net, data, recipe, device)
    measured(benchmark, epochs.one, device)


class _Epochs:
    """The trainer's run, one epoch at a time."""

    def __init__(self, net, data, recipe, device):
        self.run, self.done = _Run(net, data, recipe, Setup(device=device, evaluate=()), 7), 0

    def one(self):
        self.run.one_epoch(self.done)
        self.done += 1


def small_trainings(folder):
    data = load_images("digits", np.random.default_rng(0))
    trainings = Architectures(
        space=NASBench201(),
        data=data,
        recipe=load_recipe("small-4,epochs=8"),
        number=1,
        folder=folder,
        network="nb201,channels=8,n_cells=1",
    )
    archs = NASBench201().sample(8, np.random.default_rng(4))
    return [partial(trainings.train, archs[i : i + 1]) for i in range(len(archs))]


@pytest.mark.benchmark(group="8 small networks trained, processes of one thread")
@pytest.mark.parametrize("n_jobs", [pytest.param(1, id="one_by_one_floor"), pytest.param(2, id="two_at_once")])
def test_networks(benchmark, tmp_path, n_jobs):
    folders = iter(range(100))

    def fresh():
        return (small_trainings(tmp_path / str(next(folders))),), {"n_jobs": n_jobs, "kept": tmp_path}

    benchmark.pedantic(train_in_parallel, setup=fresh, rounds=3, warmup_rounds=1)
    benchmark.extra_info["networks_per_hour"] = 8 * 3600 / benchmark.stats.stats.median


def test_the_floor_is_of_the_same_network():
    ours = build_network("nb201", np.array([CELL]), np.random.default_rng(1)).eval()
    plain = plain_nb201.network(CELL).eval()
    states = zip(plain.state_dict(), ours.state_dict().values(), strict=True)
    plain.load_state_dict(dict(states))
    images = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(plain(images), ours(images))
