"""The cells of TransNAS-Bench-101 against the strings of its authors and a count of isomorphic networks by hand."""

from collections import Counter
from itertools import permutations

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.spaces.tnb101_micro import TransNASBench101Micro


@pytest.fixture(scope="module")
def space():
    return TransNASBench101Micro()


def test_it_has_the_published_number_of_cells(space):
    assert len(space.rows) == 4_096


def test_the_official_example_is_read_and_written(space):
    # README of TransNASBench: node 1 skips node 0; node 2 adds none of node 0 and 1x1 of node 1; node 3 adds 3x3 of all
    text = "64-41414-1_02_333"
    operations = [space.operations[digit] for digit in space.parse([text])[0]]
    assert dict(zip(space.decisions, operations, strict=True)) == {
        "edge_0_1": "skip_connect",
        "edge_0_2": "none",
        "edge_1_2": "nor_conv_1x1",
        "edge_0_3": "nor_conv_3x3",
        "edge_1_3": "nor_conv_3x3",
        "edge_2_3": "nor_conv_3x3",
    }
    assert space.format(space.parse([text])) == [text]
    assert space.index(space.parse([text]))[0] == int("102333", 4)


@pytest.mark.parametrize("text", ["64-41414-1_02_334", "64-41414-102333", "64-1234-basic", "32-41414-1_02_333"])
def test_a_malformed_text_is_refused(space, text):
    with pytest.raises(InvalidArchitecture, match="example: "):
        space.parse([text])


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("3_00_000", "0_32_000", True),  # nothing but none reaches the output
        ("2_30_011", "3_20_011", True),  # nodes 1 and 2 change places
        ("3_01_001", "3_00_010", True),  # a skip out of node 1 hands it on
        ("3_00_001", "0_00_000", True),
        ("3_01_011", "3_30_011", False),  # one convolution used twice is not two of them
        ("0_00_030", "0_00_000", False),  # a normalised convolution of nothing learns a constant
        ("1_00_030", "0_00_300", False),  # out of the input a skip is an operation where the shape changes
    ],
)
def test_cells_are_united_exactly_if_they_are_one_network(space, one, other, same):
    a, b = space.canonicalize(space.parse([f"64-41414-{one}", f"64-41414-{other}"])).tolist()
    assert (a == b) == same


def network(arch):
    """What a cell computes: operations with names of their own, and which of them each one and the output add up."""
    sums, made = {0: Counter({"input": 1})}, {}
    digits = iter(arch)
    for target in (1, 2, 3):
        sums[target] = Counter()
        for source in range(target):
            operation = next(digits)
            if operation == 1 and source:
                sums[target] += sums[source]
            elif operation:
                made[source, target] = (operation, frozenset(sums[source].items()))
                sums[target][source, target] += 1
    used, front = set(), set(sums[3])
    while front:
        used |= front
        front = {name for edge in front for name, _ in made[edge][1] if name != "input"} - used
    return {edge: made[edge] for edge in used}, sums[3]


def smallest_naming(arch):
    """Smallest description of the network over all ways to name its operations."""
    made, output = network(arch)

    def renamed(terms, names):
        return sorted((names.get(name, -1), count) for name, count in terms)

    namings = (dict(zip(order, range(len(made)), strict=True)) for order in permutations(made))
    return min(
        str([(made[edge][0], renamed(made[edge][1], names)) for edge in names] + renamed(output.items(), names))
        for names in namings
    )


def test_classes_are_those_of_a_search_over_all_namings(space):
    """On the 729 cells without 1x1 convolutions."""
    archs = space.rows[(space.rows != 2).all(axis=1)]
    classes = space.index(space.canonicalize(archs)).tolist()
    pairs = set(zip(classes, map(smallest_naming, archs.tolist()), strict=True))
    assert len(pairs) == len(set(classes)) == len({naming for _, naming in pairs})


def test_paths_of_one_two_and_three_operations(space):
    paths = space.encode(space.parse(["64-41414-1_02_333"]), "path")
    assert paths.shape == (1, 4 + 16 + 64)
    assert np.flatnonzero(paths[0]).tolist() == [3, 4 + 0 * 4 + 3, 4 + 1 * 4 + 3, 20 + 1 * 16 + 2 * 4 + 3]
