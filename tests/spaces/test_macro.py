"""NAS-Bench-Macro against the class rule of its authors' training code (train/train_benchmark.py)."""

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.spaces.macro import NASBenchMacro


@pytest.fixture(scope="module")
def space():
    return NASBenchMacro()


def test_it_has_6561_networks_of_3969_classes(space):
    assert len(space.rows) == 3**8
    # by hand: 3 * 3 different stages of two layers, 3 * (4 + 2 + 1) = 21 of three
    assert len(np.unique(space.canonicalize(space.rows), axis=0)) == 9 * 21 * 21 == 3969


def test_every_network_stands_for_the_one_that_was_trained(space):
    """On strings: the first layer of each stage of 2, 3, 3, then its blocks, then its identities."""
    texts = space.format(space.rows)
    stages = [(text[:2], text[2:5], text[5:]) for text in texts]
    trained = ["".join((s[0] + s[1:].replace("0", "")).ljust(len(s), "0") for s in row) for row in stages]
    assert space.format(space.canonicalize(space.rows)) == trained


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("00000000", "00000000"),
        ("01210021", "01210021"),  # a first layer changes shape, so that it stays where it is, as in the other stages
        ("10010001", "10010010"),
        ("01001002", "01010020"),
        ("22202101", "22220110"),
    ],
)
def test_identities_move_behind_the_blocks_of_their_stage(space, text, canonical):
    assert space.format(space.canonicalize(space.parse([text]))) == [canonical]


def test_the_index_is_the_key_in_base_3(space):
    assert space.index(space.parse(["01210021", "22222222"])).tolist() == [int("01210021", 3), 6560]


@pytest.mark.parametrize("text", ["0121002", "012100211", "01210023", "0121 0021", "٠١٢١٠٠٢١"])
def test_a_malformed_text_is_refused(space, text):
    with pytest.raises(InvalidArchitecture, match="example: "):
        space.parse([text])


def test_graphs_are_chains(space):
    graphs = space.graphs(space.parse(["01210021"]))
    assert np.argwhere(graphs.adjacency[0]).tolist() == [[i, i + 1] for i in range(9)]
    assert graphs.operations[0].tolist() == [0, 1, 2, 3, 2, 1, 1, 3, 2, 4]
