"""The shared code of nets: layers against torch's, losses against closed forms, no global state."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.devices import find_device, torch_generator
from nasbench.errors import InvalidOption, UnknownName
from nasbench.registry import SPACES
from nasbench.surrogates._nets import (
    BatchNorm,
    Dropout,
    LayerNorm,
    Linear,
    TrainingSettings,
    export_arrays,
    find_loss,
    initialize_weights,
    load_arrays,
    make_graph_tensors,
    train_members,
)
from nasbench.threads import limit_to_one_thread


def drawn(net, seed=0):
    initialize_weights(net.double(), torch.Generator().manual_seed(seed))
    return net


def normal(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_each_member_of_a_linear_layer_is_torch_s():
    layer, x = drawn(Linear(3, 4, 2)), normal(3, 5, 7, 4)
    for k in range(3):
        expected = nn.functional.linear(x[k], layer.weight[k].T, layer.bias[k, 0])
        torch.testing.assert_close(layer(x)[k], expected)


def test_weights_are_drawn_as_torch_and_as_keras_draw_them():
    torch_like, keras_like = drawn(Linear(1, 100, 50)), drawn(Linear(1, 100, 50, xavier=True))
    assert 0.099 < torch_like.weight.abs().max() <= 0.1  # 1 / sqrt(100), the bound of kaiming_uniform_(a=sqrt(5))
    assert 0.05 < torch_like.bias.abs().max() <= 0.1
    assert 0.198 < keras_like.weight.abs().max() <= 0.2  # sqrt(6 / 150): Glorot & Bengio 2010, eq. 16
    assert (keras_like.bias == 0).all()


def test_batch_norm_is_torch_s_learning_and_after():
    ours, x = drawn(BatchNorm(2, 3)), normal(2, 6, 5, 3) * 3 + 1
    theirs = [nn.BatchNorm1d(3).double() for _ in range(2)]
    for learning in (True, True, False):
        ours.train(learning)
        out = ours(x)
        for k, norm in enumerate(theirs):
            torch.testing.assert_close(out[k].flatten(0, 1), norm.train(learning)(x[k].flatten(0, 1)))


def test_batch_norm_does_not_count_padding():
    x, present = normal(1, 4, 3, 2), torch.ones(1, 4, 3, dtype=torch.float64)
    present[:, :, 2] = 0
    padded = drawn(BatchNorm(1, 2))(x, present)[:, :, :2]
    torch.testing.assert_close(padded, drawn(BatchNorm(1, 2))(x[:, :, :2]))


def test_the_gradient_of_batch_norm_is_that_of_finite_differences():
    layer, x, present = drawn(BatchNorm(2, 3)), normal(2, 4, 3, 3).requires_grad_(), torch.ones(2, 4, 3).double()
    present[0, :, 2] = 0
    gain, shift = (normal(2, 1, 3, seed=seed).requires_grad_() for seed in (1, 2))

    def output(x, gain, shift):
        return torch.func.functional_call(layer.train(), {"gain": gain, "shift": shift}, (x, present))

    assert torch.autograd.gradcheck(output, (x, gain, shift))


def test_layer_norm_is_torch_s():
    x = normal(2, 5, 8)
    torch.testing.assert_close(drawn(LayerNorm(2, 8))(x), nn.LayerNorm(8).double()(x))


def test_dropout_keeps_the_mean_and_only_acts_while_learning():
    layer, x = drawn(Dropout(0.25)), torch.ones(100_000, dtype=torch.float64)
    out = layer(x)
    assert out.unique().tolist() == pytest.approx([0, 1 / 0.75])
    assert abs(out.mean() - 1) < 5 * math.sqrt(0.25 / 0.75 / 100_000)
    assert layer.eval()(x) is x


def test_a_layer_that_cannot_be_drawn_is_refused():
    with pytest.raises(TypeError, match="Bilinear has weights of its own"):
        drawn(nn.Bilinear(1, 1, 1))


def of(name, score, value):
    outputs = torch.tensor(score, dtype=torch.float64)[None, :, None]
    return find_loss(name)(outputs, torch.tensor(value, dtype=torch.float64)[None]).item()


def test_losses_equal_their_closed_forms():
    score, value = [0.3, 0.25, 0.9], [3.0, 2.0, 1.0]
    assert of("mse", score, value) == pytest.approx((2.7**2 + 1.75**2 + 0.1**2) / 3)
    assert of("mae", score, value) == pytest.approx((2.7 + 1.75 + 0.1) / 3)
    assert of("hinge", score, value) == pytest.approx((0.05 + 0.7 + 0.75) / 3)  # leads .05, -.6, -.65; margin .1
    assert of("bpr", score, value) == pytest.approx(
        sum(math.log1p(math.exp(-lead)) for lead in (0.05, -0.6, -0.65)) / 3
    )
    first = math.exp(0.3) / (math.exp(0.3) + math.exp(0.25) + math.exp(0.9))
    second = math.exp(0.25) / (math.exp(0.25) + math.exp(0.9))
    assert of("listmle", score, value) == pytest.approx(-math.log(first * second) / 3)  # Plackett & Luce


@pytest.mark.parametrize("name", ["hinge", "bpr"])
def test_ties_are_no_pairs(name):
    assert of(name, [5.0, -5.0], [1.0, 1.0]) == 0


def test_the_gaussian_loss_is_scipy_s_density():
    from scipy.stats import norm

    output = torch.tensor([[[0.5, 0.2], [1.0, -1.0]]], dtype=torch.float64)
    std = np.log1p(np.exp([0.2, -1.0])) + 1e-3
    expected = -norm.logpdf([0.0, 2.0], [0.5, 1.0], std).mean() - math.log(2 * math.pi) / 2
    assert find_loss("gaussian")(output, torch.tensor([[0.0, 2.0]])).item() == pytest.approx(expected)


def test_an_unknown_loss_is_named():
    with pytest.raises(UnknownName, match="hinge"):
        find_loss("hing")


def test_training_finds_the_least_squares_solution():
    x, noise = normal(60, 3), normal(60, seed=1)
    y = x @ torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64) + 0.3 + 0.1 * noise
    net = drawn(Linear(2, 3, 1))
    settings = TrainingSettings(epochs=300, batch_size=60, lr=0.1)
    generator = torch.Generator().manual_seed(1)
    train_members(net, (x,), y, loss=find_loss("mse"), training=settings, members=2, generator=generator)
    best = np.linalg.lstsq(np.column_stack([x, np.ones(60)]), y.numpy(), rcond=None)[0]
    for k in range(2):
        found = [*net.weight[k, :, 0].tolist(), net.bias[k].item()]
        np.testing.assert_allclose(found, best, atol=1e-4)
    assert not net.training


def test_the_learning_rate_is_torch_s_cosine():
    settings, weight = TrainingSettings(epochs=7, batch_size=2, lr=0.3), nn.Parameter(torch.zeros(1))
    optimiser = torch.optim.SGD([weight], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 7)
    for epoch in range(7):
        assert settings.rate(epoch) == pytest.approx(optimiser.param_groups[0]["lr"])
        optimiser.step()
        schedule.step()
    assert TrainingSettings(epochs=7, batch_size=2, lr=0.3, cosine=False).rate(6) == 0.3


@pytest.mark.parametrize("wrong", [{"epochs": 0}, {"batch_size": 1}, {"lr": 0.0}, {"weight_decay": -1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(InvalidOption, match=f"{next(iter(wrong))}="):
        TrainingSettings(**{"epochs": 1, "batch_size": 2, "lr": 0.1} | wrong)
    with pytest.raises(UnknownName, match="did you mean 'adam'"):
        TrainingSettings(epochs=1, batch_size=2, lr=0.1, optimiser="adm")


def test_members_do_not_touch_each_other():
    net, x, y = drawn(Linear(2, 3, 1)), normal(2, 10, 3), normal(2, 10)
    find_loss("mse")(net(x), y)[1].backward()
    assert (net.weight.grad[0] == 0).all()
    assert (net.weight.grad[1] != 0).all()


def test_no_global_state_is_used():
    states = torch.random.get_rng_state(), np.random.get_state()[1].copy(), torch.get_num_threads()  # noqa: NPY002
    net = nn.Sequential(Linear(1, 3, 4), Dropout(0.5), Linear(1, 4, 1))
    generator = torch_generator(np.random.default_rng(0))
    initialize_weights(net.double(), generator)
    settings = TrainingSettings(epochs=2, batch_size=4, lr=0.1)
    with limit_to_one_thread():
        train_members(
            net, (normal(9, 3),), normal(9), loss=find_loss("bpr"), training=settings, members=1, generator=generator
        )
    assert torch.equal(states[0], torch.random.get_rng_state())
    assert (states[1] == np.random.get_state()[1]).all()  # noqa: NPY002
    assert states[2] == torch.get_num_threads()


def test_weights_become_arrays_and_come_back():
    net = nn.Sequential(Linear(2, 3, 4), BatchNorm(2, 4))
    net[1].train()
    drawn(net)(normal(2, 5, 3))
    other = drawn(nn.Sequential(Linear(2, 3, 4), BatchNorm(2, 4)), seed=9).eval()
    load_arrays(other, export_arrays(net))
    assert torch.equal(net.eval()(normal(2, 5, 3)), other(normal(2, 5, 3)))


def test_devices_are_checked():
    assert find_device("cpu") == torch.device("cpu")
    with pytest.raises(InvalidOption, match="expected 'cpu', 'cuda' or 'cuda:N'"):
        find_device("tpu")
    with pytest.raises(InvalidOption, match="use device='cpu'"):
        find_device("cuda:99")


def test_graphs_become_tensors(cifar10):
    space = cifar10.space
    arch = space.parse(["|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|none~2|"])
    graph, live = make_graph_tensors(space, arch), make_graph_tensors(space, arch, live=True)
    assert graph.adjacency.sum() == 3 + 4 + 3  # from the input, between edges that meet in a node, to the output
    assert graph.operations.sum(-1).tolist() == [[1] * 8]
    assert graph.present.all()
    assert live.present.tolist() == [[1, 1, 0, 0, 0, 1, 0, 1]]  # input, conv 3x3 to node 1, conv 1x1 from it, output
    assert live.adjacency[0].nonzero().tolist() == [[0, 1], [1, 5], [5, 7]]


def test_idle_vertices_are_padding(rng):
    space = SPACES.load("nb101")()
    archs = space.sample(200, rng)
    present = make_graph_tensors(space, archs).present.numpy()
    unused = space.graphs(archs).operations == space.graphs(archs).vocabulary.index("unused")
    assert unused.any()
    assert (present == ~unused).all()
