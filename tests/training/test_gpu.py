"""The same loop on a CUDA card; ``make test-gpu`` runs these where there is one."""

import numpy as np
import pytest
import torch

from nasbench.datasets import load_images
from nasbench.networks import build_network
from nasbench.training import Setup, latency, load_recipe, train
from nasbench.training._feed import Feed

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
    return train(net, data, recipe=recipe, rng=np.random.default_rng(2), setup=Setup(device="cuda", **setup))


@pytest.mark.parametrize("options", ["", ",amp=True,channels_last=True", ",compile=True"])
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
    assert latency(net, (3, 32, 32), 256).median_s > 0
