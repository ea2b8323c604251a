"""Proxies of networks that are small enough to compute by hand."""

import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.errors import InvalidOption
from nasbench.networks._layers import GlobalAverage
from nasbench.proxies import Minibatch, Probe, Scoring
from nasbench.registry import NETWORKS as REGISTERED
from nasbench.registry import PROXIES, SPACES


def score(name, probe, **options):
    return PROXIES.load(name)(**options)(probe)


def tensor(values):
    return torch.tensor(values, dtype=torch.float32)


def linear(*weights, between=(), bias=False):
    """Return a chain of linear layers with these weights."""
    layers = []
    for weight in map(tensor, weights):
        layer = nn.Linear(weight.shape[1], weight.shape[0], bias=bias)
        layer.weight.data = weight
        layers += [layer, *between]
    return nn.Sequential(*layers[: len(layers) - len(between)])


@pytest.fixture
def one():
    """One layer of zeros and twos, two images: for equal logits, the loss gradient of the logits is (1/2 - y) / 2."""
    return Probe(linear([[2.0, 0.0], [0.0, 2.0]]), tensor([[1.0, 1.0], [3.0, 3.0]]), torch.tensor([0, 1]))


# dL/dlogits = [[-1/4, 1/4], [1/4, -1/4]], so the gradient by the weights is [[1/2, 1/2], [-1/2, -1/2]].
# The logits are [[2, 2], [6, 6]]; times their gradients, [[-1/2, 1/2], [3/2, -3/2]].
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("params", 4.0),
        ("flops", 4.0),
        ("l2_norm", math.sqrt(8)),
        ("grad_norm", 1.0),
        ("snip", 2.0),
        ("plain", 0.0),
        ("fisher", 2 * 2 * (0.5**2 + 1.5**2) / 2 / 2),  # channels, weights of each, mean over images, half
        ("synflow", math.log(4.0)),  # two weights of 2, each applied to a one
    ],
)
def test_one_linear_layer(one, name, expected):
    assert score(name, one) == pytest.approx(expected, rel=1e-6)


def test_plain_keeps_the_sign():
    """Logits (1, 0), where the first class is correct: the gradient of its weight is p - 1."""
    probe = Probe(linear([[1.0], [0.0]]), tensor([[1.0], [1.0]]), torch.tensor([0, 0]))
    p = math.e / (1 + math.e)
    assert score("plain", probe) == pytest.approx(p - 1, rel=1e-5)
    assert score("snip", probe) == pytest.approx(1 - p, rel=1e-5)


def test_synflow_of_two_layers_counts_each_path_once_a_layer():
    """Paths of |1| |2|, |3| |4| through one hidden number each: each layer's saliencies sum to 2 + 12."""
    probe = Probe(linear([[1.0, 0.0], [0.0, -3.0]], [[2.0, 4.0]]), torch.zeros(2, 2), torch.tensor([0, 0]))
    assert score("synflow", probe) == pytest.approx(math.log(28.0))


def test_synflow_leaves_normalisation_out_and_adds_absolute_biases():
    network = linear([[1.0]], [[-2.0]], between=(nn.BatchNorm1d(1),), bias=True)
    network[1].running_mean.fill_(5.0)
    for layer in (network[0], network[2]):
        layer.bias.data.fill_(-1.0)
    probe = Probe(network, torch.randn(4, 1), torch.zeros(4, dtype=torch.int64))
    # |1| 1 + |-1| = 2 goes on; the first layer's saliency is 1 * 2, the second's 2 * 2
    assert score("synflow", probe) == pytest.approx(math.log(6.0))


def test_grasp_of_a_single_weight():
    """L = log(1 + exp(-wx)) on logits (wx, 0): g = -x s(-wx), H = x^2 s (1 - s), the score -w H g."""
    w, x = 0.7, 1.3
    probe = Probe(linear([[w], [0.0]]), tensor([[x], [x]]), torch.tensor([0, 0]))
    s = 1 / (1 + math.exp(w * x))
    # both logits' weights: g = (-x s, x s), H = x^2 s (1 - s) [[1, -1], [-1, 1]]
    curvature = x**2 * s * (1 - s)
    assert score("grasp", probe) == pytest.approx(-w * curvature * (-2 * x * s), rel=1e-5)


def test_naswot_of_a_tiny_relu_network():
    """Three images with codes 10, 01 and 11 of two ReLUs: the kernel is [[2, 0, 1], [0, 2, 1], [1, 1, 2]]."""
    network = linear([[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [1.0, 1.0]], between=(nn.ReLU(),))
    images = tensor([[1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]])
    probe = Probe(network, images, torch.tensor([0, 1, 0]))
    np.testing.assert_array_equal(probe.kernel, [[2, 0, 1], [0, 2, 1], [1, 1, 2]])
    assert score("naswot", probe) == pytest.approx(math.log(4.0))
    twins = Probe(network, tensor([[1.0, -1.0], [2.0, -2.0]]), torch.tensor([0, 1]))
    assert score("naswot", twins) == -math.inf


class Beside(nn.Module):
    """Two branches; the output of the second is not used."""

    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.ReLU(inplace=True), nn.ReLU()
        self.last = nn.Linear(2, 2)

    def forward(self, x):
        self.unused(-3 * x + 1)
        return self.last(self.used(x + 0))


def test_relus_that_reach_no_output_do_not_count():
    probe = Probe(Beside(), tensor([[1.0, -1.0], [-1.0, -1.0]]), torch.tensor([0, 1]))
    np.testing.assert_array_equal(probe.kernel, [[2, 1], [1, 2]])


def test_jacov_of_uncorrelated_gradients():
    """Two images whose gradients (1, -1, 0, 0) and (0, 0, 1, -1), put through ReLUs, do not correlate."""
    weights = [[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, 1.0, -1.0]]
    network = linear(weights, [[1.0, 1.0]], between=(nn.ReLU(),))
    images = tensor([[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 1.0, 0.0]])
    probe = Probe(network, images, torch.tensor([0, 0]))
    np.testing.assert_array_equal(probe.jacobian, weights)
    v = 1 + 1e-5
    assert score("jacov", probe) == pytest.approx(-2 * (math.log(v) + 1 / v))
    # both images in one class: two logarithms of 1 + k and two of k; each alone: two of 1 + k
    assert score("epe_nas", probe) == pytest.approx(abs(2 * math.log(v) + 2 * math.log(1e-5)))
    assert score("epe_nas", Probe(network, images, torch.tensor([0, 1]))) == pytest.approx(2 * math.log(v), rel=1e-4)


def test_equal_gradients_score_far_below_and_constant_ones_not_at_all():
    network = linear([[1.0, 2.0, 4.0]])
    same = Probe(network, torch.randn(3, 3), torch.tensor([0, 0, 0]))
    assert score("jacov", same) < -1e5
    constant = Probe(linear([[1.0, 1.0, 1.0]]), torch.randn(3, 3), torch.tensor([0, 0, 0]))
    assert math.isnan(score("jacov", constant))
    assert math.isnan(score("epe_nas", constant))


def test_epe_nas_of_many_classes_compares_them():
    """101 logits; classes of two images, of three, and of a single image, which is left out."""
    rng = np.random.default_rng(0)
    network = linear(rng.normal(size=(8, 6)), rng.normal(size=(101, 8)), between=(nn.ReLU(),))
    probe = Probe(network, tensor(rng.normal(size=(6, 6))), torch.tensor([7, 7, 3, 3, 3, 50]))
    sums = [np.log(np.abs(np.corrcoef(probe.jacobian[rows])) + 1e-5).sum() for rows in ([2, 3, 4], [0, 1])]
    assert score("epe_nas", probe) == pytest.approx(2 * abs(sums[0] / 3 - sums[1] / 2) / 2)


def test_zen_of_a_convolution():
    """A normalised 1x1 convolution w: the difference is gamma |w x'| / deviation, times the deviation again."""
    layer = nn.Conv2d(1, 1, 1, bias=False)
    probe = Probe(nn.Sequential(layer, GlobalAverage()), torch.zeros(4000, 1, 2, 2), torch.zeros(4000))
    drawn = score("zen", probe)
    with torch.random.fork_rng():
        torch.manual_seed(int(probe.rng("zen").integers(2**63)))
        w, mean = abs(float(torch.randn(1))), math.sqrt(2 / math.pi)
    assert drawn == pytest.approx(math.log(0.01 * w * 4 * mean), abs=0.03)
    wider = score("zen", probe, gamma=0.1)
    assert wider - drawn == pytest.approx(math.log(10), abs=1e-3)


def test_zen_adds_what_normalisation_took():
    layers = nn.Conv2d(1, 1, 1, bias=False), nn.BatchNorm2d(1)
    probe = Probe(nn.Sequential(*layers, GlobalAverage()), torch.zeros(4000, 1, 2, 2), torch.zeros(4000))
    with torch.random.fork_rng():
        torch.manual_seed(int(probe.rng("zen").integers(2**63)))
        w = abs(float(torch.randn(1)))
    running = 0.81 + 0.19 * w**2  # of two passes, at momentum 0.1
    expected = math.log(0.01 * 4 * math.sqrt(2 / math.pi)) + math.log(running) / 2
    assert score("zen", probe) == pytest.approx(expected, abs=0.03)


def test_impossible_options_of_zen_are_refused():
    with pytest.raises(InvalidOption, match="repeats=0"):
        PROXIES.load("zen")(repeats=0)


@pytest.mark.parametrize("name", PROXIES.names())
def test_a_proxy_changes_nothing_that_another_sees(name):
    """A proxy changes neither the network, including its running moments, nor torch's global generator."""
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), GlobalAverage(), nn.Linear(4, 3))
    probe = Probe(network, torch.randn(6, 3, 5, 5), torch.tensor([0, 1, 2, 0, 1, 2]))
    before = {key: value.clone() for key, value in network.state_dict().items()}
    state = torch.get_rng_state()
    first = score(name, probe)
    assert score(name, Probe(network, probe.images, probe.labels)) == first
    assert all(torch.equal(before[key], value) for key, value in network.state_dict().items())
    assert all(parameter.grad is None for parameter in network.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", PROXIES.names())
def test_every_proxy_names_its_source(name):
    assert "Source:" in PROXIES.manual(name)
    assert PROXIES.load(name).__doc__


NETWORKS = {
    "nb201": "nb201,channels=4,n_cells=1",
    "nb201 on signals": "nb201,channels=4,n_cells=1",
    "nats_sss": "nats_sss",
    "nb101": "nb101,channels=8,n_modules=1",
    "macro": "macro,channels=4",
    "darts": "darts,channels=4,n_cells=3",
    "tnb101_micro": "tnb101_micro,channels=8",
}


@pytest.mark.parametrize("space", NETWORKS)
def test_every_proxy_scores_the_networks_of_every_space(space, rng):
    images = rng.standard_normal((6, 3, 64) if "signals" in space else (6, 3, 32, 32), dtype=np.float32)
    archs = {"nb201": np.array([[3, 2, 1, 4, 1, 3]], dtype=np.int8)}
    name = space.partition(" ")[0]
    arch = archs[name] if name in archs else SPACES.load(name)().sample(1, rng)
    batch = Minibatch(images, np.array([0, 0, 1, 1, 2, 2]), 3)
    scores = Scoring(network=NETWORKS[space], proxies=PROXIES.names(), batch=batch, seed=0).scores(arch)
    assert np.isfinite(scores).all(), dict(zip(PROXIES.names(), scores[0], strict=True))


def test_all_networks_are_scored():
    assert {space.partition(" ")[0] for space in NETWORKS} == set(REGISTERED.names())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device; torch finds none")
def test_a_card_scores_as_the_cpu_does(rng):
    """Weights and a proxy's random numbers are the same; only the order of sums differs."""
    images = rng.standard_normal((16, 3, 32, 32), dtype=np.float32)
    batch, arch = Minibatch(images, np.arange(16) % 4, 4), np.array([[3, 2, 1, 4, 1, 3]], dtype=np.int8)
    one, other = (
        Scoring(network="nb201", proxies=PROXIES.names(), batch=batch, seed=0, device=device).scores(arch)
        for device in ("cpu", "cuda")
    )
    np.testing.assert_allclose(one, other, rtol=0.02, atol=1e-3)


@pytest.mark.skipif(sys.platform != "linux", reason="the memory in use is read from /proc")
def test_nothing_of_a_network_stays_behind(rng):
    """Hooks and graphs can keep each other alive: five more networks must use at most 20 MB in total."""
    batch = Minibatch(rng.standard_normal((16, 3, 32, 32), dtype=np.float32), np.arange(16) % 10, 10)
    proxies = ["fisher", "naswot", "jacov", "grasp"]
    scoring = Scoring(network="nb201,channels=8,n_cells=1", proxies=proxies, batch=batch, seed=0)
    arch, held = np.array([[3, 2, 1, 4, 1, 3]], dtype=np.int8), []
    for _ in range(7):
        scoring.scores(arch)
        held.append(int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6)
    assert held[-1] - held[1] < 20, held
