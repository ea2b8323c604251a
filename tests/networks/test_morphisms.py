"""A morphed network computes what its parent computes, and can learn more."""

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.errors import InvalidOption
from nasbench.networks import (
    add_edge,
    build_network,
    deepen_chain,
    inherit_weights,
    replicate_layer,
    split_layer,
    widen_layer,
)
from nasbench.spaces.nb201 import NASBench201


def settled(network):
    """Double precision, with normalisation that has seen something, in evaluation mode."""
    network = network.double().train()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(layer.running_mean, -1, 1)
            nn.init.uniform_(layer.running_var, 0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.uniform_(layer.bias, -1, 1)
    return network.eval()


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        yield


@pytest.fixture
def chain():
    return settled(
        nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.BatchNorm2d(6),
            nn.ReLU(),
            nn.Conv2d(6, 6, 3, padding=1, groups=6),
            nn.BatchNorm2d(6),
            nn.AvgPool2d(2),
            nn.Conv2d(6, 5, 1, bias=False),
            nn.BatchNorm2d(5),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(5 * 16, 7),
            nn.ReLU(),
            nn.Linear(7, 4),
        )
    )


def images():
    return torch.randn(3, 3, 8, 8, dtype=torch.float64)


def same(a, b, x):
    torch.testing.assert_close(a(x), b(x), atol=1e-5, rtol=0)


@pytest.mark.parametrize(("at", "width"), [(0, 13), (6, 8), (10, 20)])
def test_a_wider_chain_computes_the_same(chain, rng, at, width):
    wide = widen_layer(chain, at, width, rng)
    same(chain, wide, images())
    assert len(wide[at].weight) == width > len(chain[at].weight)
    assert wide.train()(images()).shape == (3, 4)  # every layer took the new width


@pytest.mark.parametrize("after", [2, 8, 11])
def test_a_deeper_chain_computes_the_same(chain, after):
    deep = deepen_chain(chain, after)
    same(chain, deep, images())
    assert len(deep) > len(chain)


def test_morphisms_follow_one_another_and_new_weights_learn(chain, rng):
    child = widen_layer(deepen_chain(widen_layer(chain, 0, 9, rng), 8), 6, 12, rng)
    x = images()
    same(chain, child, x)
    child(x).square().sum().backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in child.parameters())


@pytest.mark.parametrize("digit", [1, 3])
def test_a_new_edge_of_weight_zero_changes_nothing_and_learns(rng, digit):
    parent = settled(build_network("nb201,channels=4,n_cells=2", np.array([[3, 2, 1, 4, 0, 3]]), rng))

    def make():
        return nn.Identity() if digit == 1 else nn.Conv2d(4, 4, 3, padding=1)

    if digit == 3:
        parent.layers = parent.layers[:2]  # cells of one width
        parent.head, parent.classifier = nn.Identity(), nn.Identity()
    child = add_edge(parent, "1_3", rng, make=make)
    x = images()
    same(parent, child, x)
    child(x).square().sum().backward()
    assert child.layers[0].edges["1_3"].gate.grad != 0


@pytest.mark.parametrize("n", [2, 3])
def test_branches_compute_what_their_layer_did(n):
    x = torch.randn(2, 6, 8, 8, dtype=torch.float64)
    whole = settled(nn.Sequential(nn.ReLU(), nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8)))
    alone = settled(nn.Sequential(nn.Conv2d(6, 6, 3, groups=6), nn.BatchNorm2d(6), nn.ReLU()))
    bare = settled(nn.Conv2d(6, 8, 3, stride=2))
    for layer, branches in (
        (whole, replicate_layer(whole, n)),
        (whole, replicate_layer(whole, n, adds=False)),
        (bare, replicate_layer(bare, n, adds=False)),
        (bare, split_layer(bare, n, 6)),
        (alone, split_layer(alone, n, 6)),
        (nn.Identity(), split_layer(nn.Identity(), n, 6)),
    ):
        assert len(branches.layers) == n
        same(layer, branches, x)


def test_a_branch_can_be_morphed_further():
    x = torch.randn(2, 6, 8, 8, dtype=torch.float64)
    layer = settled(nn.Conv2d(6, 8, 3))
    branches = replicate_layer(layer, 2, adds=False)
    branches.layers[0] = split_layer(branches.layers[0], 3, 6)
    same(layer, branches, x)


def test_a_child_inherits_what_it_shares_with_its_parent(rng):
    space = NASBench201()
    arch = space.parse(["|nor_conv_3x3~0|+|nor_conv_1x1~0|none~1|+|skip_connect~0|none~1|nor_conv_3x3~2|"])
    mutated = arch.copy()
    mutated[0, 1] = 3  # a 1x1 convolution becomes 3x3
    parent, child, twin = (build_network("nb201,channels=4,n_cells=1", a, rng) for a in (arch, mutated, arch))
    new = 9 * (4**2 + 8**2 + 16**2)
    total = sum(p.numel() for p in child.parameters())
    # the normalisation behind it has the same name and shape
    assert inherit_weights(child, parent) == pytest.approx(1 - new / total)
    assert inherit_weights(twin, parent) == 1
    x = torch.randn(2, 3, 8, 8)
    torch.testing.assert_close(twin.eval()(x), parent.eval()(x))


def test_what_cannot_be_morphed_is_refused(chain, rng):
    with pytest.raises(InvalidOption, match="holds BatchNorm2d"):
        widen_layer(chain, 1, 9, rng)
    with pytest.raises(InvalidOption, match="has 6 channels"):
        widen_layer(chain, 0, 6, rng)
    with pytest.raises(InvalidOption, match="the last one cannot be widened"):
        widen_layer(chain, 12, 9, rng)
    with pytest.raises(InvalidOption, match="place of a ReLU"):
        deepen_chain(chain, 0)
    with pytest.raises(InvalidOption, match="0 cells of four nodes, and none has"):
        add_edge(chain, "0_1", rng)
    parent = build_network("nb201,channels=4,n_cells=1", np.array([[3, 2, 1, 4, 0, 3]]), rng)
    with pytest.raises(InvalidOption, match="3 of them have an operation there"):
        add_edge(parent, "0_1", rng)
    with pytest.raises(InvalidOption, match="number of channels, 6"):
        split_layer(nn.Conv2d(6, 6, 1), 7, 6)
    with pytest.raises(InvalidOption, match="treats every channel alone"):
        split_layer(nn.Softmax(1), 2, 6)
    with pytest.raises(InvalidOption, match="told apart"):
        replicate_layer(nn.Sequential(nn.Conv2d(6, 6, 1), nn.Conv2d(6, 6, 1)), 2, adds=False)
