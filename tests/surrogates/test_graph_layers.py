"""The equation of each net, computed vertex by vertex with numpy."""

import sys

import numpy as np
import torch

from nasbench.registry import PREDICTORS, SPACES
from nasbench.surrogates._nets import initialize_weights

# a diamond with a shortcut: 0 -> 1 -> 3, 0 -> 2 -> 3, 0 -> 3
ADJACENCY = np.array([[0, 1, 1, 1], [0, 0, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=float)


def layer_of(label, name, *widths):
    layer = getattr(sys.modules[PREDICTORS.load(label).__module__], name)(1, *widths).double()
    initialize_weights(layer, torch.Generator().manual_seed(3))
    return layer.eval()


def tensor(array):
    return torch.from_numpy(np.asarray(array, dtype=float))[None, None]


def features(width):
    return np.random.default_rng(5).normal(size=(4, width))


def relu(x):
    return np.maximum(x, 0)


def test_gcn_averages_both_directions():
    """Wen et al. 2019, section 3: half the sum of ReLU(A V W+) and ReLU(A^T V W-), A with loops, rows sum to 1."""
    layer, x = layer_of("gcn", "_Convolution", 3, 5), features(3)
    along, against = (part.weight[0].detach().numpy() for part in (layer.along, layer.against))
    after, before = {0: [0, 1, 2, 3], 1: [1, 3], 2: [2, 3], 3: [3]}, {0: [0], 1: [0, 1], 2: [0, 2], 3: [0, 1, 2, 3]}
    expected = [(relu(x[after[v]].mean(0) @ along) + relu(x[before[v]].mean(0) @ against)) / 2 for v in range(4)]
    loops = ADJACENCY + np.eye(4)
    both = np.stack([loops / loops.sum(1, keepdims=True), loops.T / loops.T.sum(1, keepdims=True)])
    np.testing.assert_allclose(layer(tensor(x), tensor(both))[0, 0].detach(), expected)


def test_gin_adds_up_the_neighbourhood():
    """Xu et al. 2019, equation 4.1: MLP((1 + 0) own + sum of neighbours), then CELU and the norm's first scale."""
    layer, x = layer_of("gin", "_Layer", 3, 5), features(3)
    w1, b1, w2, b2 = (
        part[0].detach().numpy()
        for part in (layer.first.weight, layer.first.bias, layer.second.weight, layer.second.bias)
    )
    heard = [x[0], x[1] + x[0], x[2] + x[0], x[3] + x[0] + x[1] + x[2]]
    raw = np.concatenate([relu(h @ w1 + b1) @ w2 + b2 for h in heard])
    expected = np.where(raw > 0, raw, np.expm1(raw)) / np.sqrt(1 + 1e-5)
    present = torch.ones(1, 1, 4, dtype=torch.float64)
    np.testing.assert_allclose(layer(tensor(x), tensor(ADJACENCY.T), present)[0, 0].detach(), expected)


def test_gates_multiply_what_flows_in():
    """Ning et al. 2020, section 3.2: sigmoid(EMB W_o) times the sum over predecessors, plus the vertex's own value."""
    layer, x, embedding = layer_of("gates", "_Flow", 3, 5), features(3), features(48)
    held = x @ layer.weight.weight[0].detach().numpy()
    gate = 1 / (1 + np.exp(-(embedding @ layer.gate.weight[0].detach().numpy() + layer.gate.bias[0].detach().numpy())))
    arriving = np.array([np.zeros(5), held[0], held[0], held[0] + held[1] + held[2]])
    out = layer(tensor(x), tensor(ADJACENCY.T), tensor(embedding))
    np.testing.assert_allclose(out[0, 0].detach(), gate * arriving + held)


def test_bonas_s_global_vertex_hears_all_and_none_hears_it():
    from nasbench.surrogates.neural.bonas import _add_global_vertex

    hears, operations, present = _add_global_vertex(tensor(ADJACENCY)[0], tensor(np.eye(4))[0], torch.ones(1, 4))
    assert hears[0].tolist() == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 0, 1, 0, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert operations[0].tolist() == np.eye(5).tolist()
    assert present.tolist() == [[1] * 5]


def test_attention_only_looks_along_paths():
    """Vertices 1 and 2 of the diamond share no path: within a block, neither affects the other."""
    from nasbench.surrogates.neural.graph_transformer import _find_ancestors

    above = _find_ancestors(tensor(ADJACENCY)[0])
    assert above[0].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0], [1, 1, 1, 0]]
    looks = torch.stack([above, above.transpose(1, 2)], dim=1)[None] + torch.eye(4, dtype=torch.float64)
    block, x = layer_of("graph_transformer", "_Block", 8), features(8)
    changed = x.copy()
    changed[1] += np.arange(8)
    moved = (block(tensor(x), looks) - block(tensor(changed), looks))[0, 0].detach().abs().sum(-1)
    assert moved[2] == 0
    assert (moved[[0, 1, 3]] > 1e-6).all()


def test_paths_of_any_length_are_found():
    from nasbench.surrogates.neural.graph_transformer import _find_ancestors

    chain = np.eye(30, k=1)
    assert (_find_ancestors(tensor(chain)[0])[0].numpy() == np.tri(30, k=-1)).all()


def test_the_transformer_sees_what_a_cell_computes(rng):
    """Two of NAS-Bench-201's cells that differ only in dead ends compute the same, and have the same inputs."""
    space = SPACES.load("nb201")()
    cells = space.parse(
        [
            "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|none~2|",
            "|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|none~0|nor_conv_1x1~1|none~2|",
        ]
    )
    predictor = PREDICTORS.load("graph_transformer")(space)
    for part in predictor._encode_inputs(cells):
        assert torch.equal(part[0], part[1])
