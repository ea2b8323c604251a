"""A stack of networks computes what each of them computes alone, gradients and moments too."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy, one_hot

from nasbench.networks import Stack, build_network, explain_not_stacked
from nasbench.networks._stacked_layers import Copies
from nasbench.spaces.nb201 import NASBench201

K, LENGTH, BATCH = 8, 12, 16
SKELETONS = ("channels=4,n_cells=2,stages=1", "channels=4,n_cells=1,stages=2")
CLOSE = {"rtol": 1e-9, "atol": 1e-11}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def networks(skeleton, k=K):
    """Random cells, so that every operation stands on every edge for some; the first one gives nothing but zeros."""
    archs = NASBench201().sample(k, np.random.default_rng(5))
    archs[0] = 0
    label = f"nb201,axes=1,in_channels=1,{skeleton}"
    return [build_network(label, arch[None], np.random.default_rng(i)).double() for i, arch in enumerate(archs)]


@pytest.fixture(params=SKELETONS)
def made(request):
    alone = networks(request.param)
    rng = np.random.default_rng(1)
    signals = torch.as_tensor(rng.standard_normal((K, 1, LENGTH, BATCH)))
    return alone, Stack(alone), signals, torch.as_tensor(rng.integers(10, size=(K, BATCH)))


def of_one(signals, k):
    """[b, c, l], as a network alone takes them."""
    return signals[k].permute(2, 0, 1)


def copies(stack):
    return [module for module in stack.modules() if isinstance(module, Copies)]


def test_outputs_gradients_and_moments_are_those_of_each_network_alone(made):
    alone, stack, signals, labels = made
    logits = stack(signals)
    stack.backward((torch.softmax(logits, dim=2) - one_hot(labels, 10)) / BATCH)
    for k, network in enumerate(alone):
        own = network(of_one(signals, k))
        torch.testing.assert_close(logits[k], own, **CLOSE)
        cross_entropy(own, labels[k]).backward()
    for copied in copies(stack):
        for name, parameter in copied.named_parameters(recurse=False):
            for layer, grad in zip(copied._layers, parameter.grad, strict=True):
                expected = getattr(layer, name).grad
                torch.testing.assert_close(grad, torch.zeros_like(grad) if expected is None else expected, **CLOSE)
        for name, buffer in copied.named_buffers(recurse=False):
            for layer, value in zip(copied._layers, buffer, strict=True):
                torch.testing.assert_close(value, getattr(layer, name), **CLOSE)


def test_evaluation_is_that_of_each_network_alone(made):
    alone, stack, signals, _ = made
    stack(signals)
    for k, network in enumerate(alone):
        network(of_one(signals, k))
    stack.eval()
    for k, network in enumerate(alone):
        torch.testing.assert_close(stack(signals)[k], network.eval()(of_one(signals, k)), **CLOSE)


def test_networks_get_their_numbers_back(made):
    alone, stack, signals, _ = made
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(1.0)
    stack(signals)
    expected = stack.eval()(signals)
    stack.unstack()
    for k, network in enumerate(alone):
        torch.testing.assert_close(network.eval()(of_one(signals, k)), expected[k], **CLOSE)


def test_nan_in_one_network_reaches_no_other(made):
    _, stack, signals, labels = made
    target = one_hot(labels, 10) / BATCH
    clean = stack(signals)
    stack.backward(torch.softmax(clean, dim=2) / BATCH - target)
    before = [parameter.grad.clone() for parameter in stack.parameters()]
    signals[3] = torch.nan
    soiled = stack(signals)
    stack.backward(torch.softmax(soiled, dim=2) / BATCH - target)
    others = [k for k in range(K) if k != 3]
    assert torch.isnan(soiled[3]).all()
    assert torch.equal(soiled[others], clean[others])
    for parameter, was in zip(stack.parameters(), before, strict=True):
        if len(parameter) == K:
            assert torch.equal(parameter.grad[others], was[others])


def test_what_cannot_be_stacked_says_why():
    one, other = (networks(f"channels={channels},n_cells=1,stages=1", k=1) for channels in (4, 8))
    images = build_network("nb201,channels=4,n_cells=1", np.array([[1, 2, 3, 4, 0, 1]]), np.random.default_rng(0))
    assert explain_not_stacked(one + one) == ""
    assert "differ in more than their cells" in explain_not_stacked(one + other)
    assert "only networks of signals" in explain_not_stacked([images])
    one[0].layers[0].edges["0_1"] = nn.MaxPool1d(3)
    assert "MaxPool1d" in explain_not_stacked(one)
