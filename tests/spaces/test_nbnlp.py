"""NAS-Bench-NLP's recipes: those of the authors, and what is none."""

import json

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.spaces.nbnlp import NASBenchNLP


def node(op, *inputs):
    return {"op": op, "input": list(inputs)}


RNN = {"f": node("linear", "x", "h_prev_0"), "h_new_0": node("activation_tanh", "f")}
GRU = {
    "r": node("linear", "x", "h_prev_0"),
    "r_act": node("activation_sigm", "r"),
    "z": node("linear", "x", "h_prev_0"),
    "z_act": node("activation_sigm", "z"),
    "rh": node("elementwise_prod", "r_act", "h_prev_0"),
    "h_tilde": node("linear", "x", "rh"),
    "h_tilde_act": node("activation_tanh", "h_tilde"),
    "h_new_0": node("blend", "z_act", "h_prev_0", "h_tilde_act"),
}
LSTM = {
    "i": node("linear", "x", "h_prev_0"),
    "i_act": node("activation_tanh", "i"),
    "f": node("linear", "x", "h_prev_0"),
    "f_act": node("activation_sigm", "f"),
    "h_new_1_part1": node("elementwise_prod", "f_act", "h_prev_1"),
    "h_new_1": node("elementwise_sum", "h_new_1_part1", "i_act"),
    "h_new_0": node("activation_tanh", "h_new_1"),
}


@pytest.fixture
def space():
    return NASBenchNLP()


def read(space, recipe):
    return space.parse([json.dumps(recipe)])


@pytest.mark.parametrize("recipe", [RNN, GRU, LSTM], ids=["rnn", "gru", "lstm"])
def test_the_classic_cells_keep_every_operation_and_input(space, recipe):
    """``data/recepies_example.json`` of the benchmark lists these cells."""
    (text,) = space.format(read(space, recipe))
    written = json.loads(text)
    renamed = dict(zip(recipe, written, strict=True))
    assert [entry["op"] for entry in written.values()] == [entry["op"] for entry in recipe.values()]
    for name, entry in recipe.items():
        assert written[renamed[name]]["input"] == [renamed.get(source, source) for source in entry["input"]]
        if name in ("h_new_0", "h_new_1"):
            assert renamed[name] == name


def test_a_node_moves_behind_its_inputs(space):
    backwards = dict(reversed(RNN.items()))
    assert list(backwards) == ["h_new_0", "f"]
    assert (read(space, backwards) == read(space, RNN)).all()


def test_the_graph_of_a_cell(space):
    graphs = space.graphs(read(space, RNN))
    named = [graphs.vocabulary[label] for label in graphs.operations[0]]
    edges = {(named[a], named[b]) for a, b in np.argwhere(graphs.adjacency[0])}
    assert edges == {
        ("input", "x"),
        ("input", "h_prev_0"),
        ("x", "linear"),
        ("h_prev_0", "linear"),
        ("linear", "activation_tanh"),
        ("activation_tanh", "h_new_0"),
        ("h_new_0", "output"),
    }


def test_the_neighbours_of_a_small_cell(space):
    cell = read(space, {"h_new_0": node("activation_tanh", "x")})
    recipes = [json.loads(text) for text in space.format(space.neighbors(cell)[0])]
    edited = [recipe["h_new_0"] for recipe in recipes if len(recipe) == 1]
    added = [recipe["node_1"] for recipe in recipes if len(recipe) == 2]
    unary = ["linear", "activation_tanh", "activation_sigm", "activation_leaky_relu"]
    assert added == [node(operation, "x") for operation in unary]
    assert len(recipes) == 8
    for expected in (*(node(operation, "x") for operation in unary if "tanh" not in operation),):
        assert expected in edited
    assert node("activation_tanh", "h_prev_0") in edited


def test_every_edit_can_be_taken_back(space, rng):
    for arch in space.sample(3, rng):
        neighbors, _ = space.neighbors(arch[None])
        for neighbor in neighbors[rng.integers(len(neighbors), size=20)]:
            assert (space.neighbors(neighbor[None])[0] == arch).all(axis=1).any()


def test_edits_lead_from_any_cell_to_the_smallest(space, rng):
    """With the law above, from any cell to any other."""
    smallest = read(space, {"h_new_0": node("linear", "x")})
    for arch in space.sample(4, rng):
        cell = arch[None]
        while (cell != smallest).any():
            neighbors, _ = space.neighbors(cell)
            lower = neighbors[neighbors.sum(axis=1).argmin()][None]
            assert lower.sum() < cell.sum()
            cell = lower


def test_mutations_are_uniform(space, rng):
    cell = read(space, GRU)
    neighbors, _ = space.neighbors(cell)
    children = space.mutate(np.repeat(cell, 4_000, axis=0), rng)
    found, counts = np.unique(children, axis=0, return_counts=True)
    assert len(found) == len(neighbors)
    expected = 4_000 / len(neighbors)
    assert ((counts - expected) ** 2 / expected).sum() < len(neighbors) + 5 * np.sqrt(2 * len(neighbors))


def test_draws_have_all_sizes_and_states(space, rng):
    archs = space.sample(500, rng)
    n_nodes = (archs[:, :96:4] > 0).sum(axis=1)
    assert set(n_nodes.tolist()) == set(range(1, 25))
    assert set((archs[:, 96:] > 0).sum(axis=1).tolist()) == {1, 2, 3}
    assert space.is_valid(archs).all()


@pytest.mark.parametrize(
    ("recipe", "says"),
    [
        ([], "an object of 1 to 24 nodes"),
        ({}, "an object of 1 to 24 nodes"),
        ({f"n{i}": node("activation_tanh", "x") for i in range(25)}, "an object of 1 to 24 nodes"),
        ({"a": node("activation_tanh", "x")}, "no node is the new hidden state h_new_0"),
        ({"h_new_1": node("activation_tanh", "x")}, "no node is the new hidden state h_new_0"),
        (RNN | {"h_new_2": node("activation_tanh", "x")}, "a new hidden state h_new_2, but no h_new_1"),
        ({"h_new_0": node("activation_tanh", "h_prev_1")}, "a hidden state of the previous step that no node computes"),
        ({"h_new_0": node("activation_tanh", "x", "x")}, "node 0 is activation_tanh with 2 inputs; it takes 1 to 1"),
        ({"h_new_0": node("blend", "x", "x")}, "node 0 is blend with 2 inputs; it takes 3 to 3"),
        ({"h_new_0": node("linear", "x", "x", "x", "x")}, "more than 3 inputs"),
        ({"h_new_0": node("activation_relu", "x")}, "'activation_relu'"),
        ({"h_new_0": node("activation_tanh", "y")}, "is unknown or depends on the node itself"),
        ({"h_new_0": node("activation_tanh", "h_new_0")}, "is unknown or depends on the node itself"),
        (
            {"x": node("activation_tanh", "x"), "h_new_0": node("linear", "x")},
            "name 'x', which is reserved for an input",
        ),
        (RNN | {"h_new_3": node("activation_tanh", "x")}, "at most 3 hidden states"),
        ({"h_new_0": 3}, "not subscriptable"),
        ({"h_new_0": {"op": "linear"}}, "'input'"),
    ],
)
def test_what_is_no_recipe_is_refused(space, recipe, says):
    with pytest.raises(InvalidArchitecture, match=says):
        read(space, recipe)
