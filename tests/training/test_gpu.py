"""The same training loop on a CUDA GPU; ``make test-gpu`` runs these tests where there is one."""

from functools import partial

import numpy as np
import pytest
import torch

from nasbench.datasets import load_images
from nasbench.devices import find_device
from nasbench.errors import InvalidOption
from nasbench.networks import build_network
from nasbench.training import Setup, load_recipe, measure_latency, train_network
from nasbench.training.feed import Feed

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA card, or was built without CUDA"),
]


@pytest.fixture(scope="module")
def digits():
    return load_images("digits", np.random.default_rng(0))


def trained(data, label, **setup):
    net = build_network(
        "nb201,in_channels=1,channels=8,n_cells=1,stages=2", np.array([[3, 1, 0, 2, 4, 3]]), np.random.default_rng(1)
    )
    recipe = load_recipe(label)
    return train_network(net, data, recipe=recipe, rng=np.random.default_rng(2), setup=Setup(device="cuda", **setup))


FASTER = [
    "",
    ",amp=True,channels_last=True",
    ",compile=True",
    ",cuda_graphs=True",
    ",cuda_graphs=True,amp=True,ema=0.9",
]


@pytest.mark.parametrize("options", FASTER)
def test_it_learns(digits, options):
    result = trained(digits, f"small-4{options}")
    assert result.epochs[-1].splits["test"]["accuracy"] > 0.85
    assert result.epochs[0].peak_bytes > 0


def test_a_resumed_training_ends_with_the_same_bits(digits, tmp_path):
    for until in (2, 0):
        parts = trained(digits, "small-4,deterministic=True", folder=tmp_path, until=until)
    whole = trained(digits, "small-4,deterministic=True")
    for x, y in zip(parts.network.state_dict().values(), whole.network.state_dict().values(), strict=True):
        assert torch.equal(x, y)


def test_every_device_sees_the_same_crops(digits):
    recipe = load_recipe("small-4,flip=True,crop_padding=2,cutout=3")
    batches = [
        next(iter(Feed(digits, recipe, torch.device(name)).epoch(np.random.default_rng(3)))) for name in ("cpu", "cuda")
    ]
    torch.testing.assert_close(batches[0].images, batches[1].images.cpu())


def test_latency(digits):
    net = build_network("nb201", np.array([[3, 1, 0, 2, 4, 3]]), np.random.default_rng(1)).cuda()
    assert measure_latency(net, (3, 32, 32), 256).median_s > 0


def test_a_recorded_step_is_the_step(digits):
    """The first epoch through a graph and without it, smaller last batch included; the kernels are the same."""
    graphed, plain = (trained(digits, f"small-4{options}", until=1) for options in (",cuda_graphs=True", ""))
    assert graphed.epochs[0].splits["train"]["loss"] == pytest.approx(plain.epochs[0].splits["train"]["loss"], rel=1e-3)
    for x, y in zip(graphed.network.buffers(), plain.network.buffers(), strict=True):
        torch.testing.assert_close(x, y, rtol=1e-2, atol=1e-2)


def test_what_cannot_be_recorded_is_refused(digits):
    for options in (",compile=True", ",drop_path=0.1"):
        with pytest.raises(InvalidOption, match="cuda_graphs=True with"):
            trained(digits, f"small-4,cuda_graphs=True{options}")


def test_energy_is_counted_where_nvml_answers(digits):
    pytest.importorskip("pynvml", reason="the package nvidia-ml-py is not installed")
    energies = [epoch.energy_j for epoch in trained(digits, "small-4").epochs]
    assert all(energy is not None and energy > 0 for energy in energies)


def test_several_networks_share_the_card(digits, tmp_path):
    """Two processes on one card learn what one after the other does."""
    from nasbench.spaces.nb201 import NASBench201
    from nasbench.training import Architectures, train_in_parallel

    archs = np.array([[3, 1, 0, 2, 4, 3], [2, 0, 1, 1, 0, 2]], dtype=np.int8)

    def accuracies(name, n_jobs):
        trainings = Architectures(
            space=NASBench201(),
            data=digits,
            recipe=load_recipe("small-4"),
            number=3,
            folder=tmp_path / name,
            network="nb201,channels=8,n_cells=1,stages=2",
            device="cuda",
        )
        calls = [partial(trainings.train, archs[i : i + 1]) for i in range(2)]
        outcomes = train_in_parallel(calls, n_jobs=n_jobs, kept=tmp_path)
        return [outcome.epochs[-1].splits["valid"]["accuracy"] for outcome in outcomes]

    assert accuracies("two", 2) == pytest.approx(accuracies("one", 1), abs=0.05)


def test_a_card_that_is_not_there_is_refused():
    with pytest.raises(InvalidOption, match="numbered from 0"):
        find_device("cuda:99")
