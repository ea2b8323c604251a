"""DARTS cells against published genotypes, a published NAS-Bench-301 configuration, and counting by hand."""

import ast
import json
import re
from itertools import permutations

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.spaces.darts import DARTS
from nasbench.testing import check_space

# The second-order result of Liu et al. 2019, as NAS-Bench-301's own example gives it.
DARTS_V2 = (
    "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
    "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), ('max_pool_3x3', 1), ('max_pool_3x3', 0), "
    "('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], reduce_concat=[2, 3, 4, 5])"
)
# The result of PC-DARTS on CIFAR-10 (Xu et al. 2020), as its authors' file writes it.
PC_DARTS = (
    "Genotype(normal=[('sep_conv_3x3', 1), ('skip_connect', 0), ('sep_conv_3x3', 0), ('dil_conv_3x3', 1), "
    "('sep_conv_5x5', 0), ('sep_conv_3x3', 1), ('avg_pool_3x3', 0), ('dil_conv_3x3', 1)], normal_concat=range(2, 6), "
    "reduce=[('sep_conv_5x5', 1), ('max_pool_3x3', 0), ('sep_conv_5x5', 1), ('sep_conv_5x5', 2), ('sep_conv_3x3', 0), "
    "('sep_conv_3x3', 3), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2)], reduce_concat=range(2, 6))"
)
PREFIX = "NetworkSelectorDatasetInfo:darts:"
# The cells of results_fidelity_0/results_0.json in the repository of NAS-Bench-301, with some of its other keys.
CONFIGURATION = {
    "ImageAugmentation:cutout": "True",
    PREFIX + "auxiliary": "True",
    PREFIX + "layers": 20,
    PREFIX + "edge_normal_0": "skip_connect",
    PREFIX + "edge_normal_1": "sep_conv_3x3",
    PREFIX + "edge_normal_2": "sep_conv_3x3",
    PREFIX + "edge_normal_3": "skip_connect",
    PREFIX + "edge_normal_5": "dil_conv_3x3",
    PREFIX + "edge_normal_7": "dil_conv_5x5",
    PREFIX + "edge_normal_10": "sep_conv_3x3",
    PREFIX + "edge_normal_11": "skip_connect",
    PREFIX + "edge_reduce_0": "max_pool_3x3",
    PREFIX + "edge_reduce_1": "avg_pool_3x3",
    PREFIX + "edge_reduce_2": "skip_connect",
    PREFIX + "edge_reduce_3": "dil_conv_5x5",
    PREFIX + "edge_reduce_6": "sep_conv_3x3",
    PREFIX + "edge_reduce_7": "sep_conv_5x5",
    PREFIX + "edge_reduce_11": "sep_conv_3x3",
    PREFIX + "edge_reduce_12": "dil_conv_3x3",
    PREFIX + "inputs_node_normal_3": "0_1",
    PREFIX + "inputs_node_normal_4": "0_2",
    PREFIX + "inputs_node_normal_5": "1_2",
    PREFIX + "inputs_node_reduce_3": "0_1",
    PREFIX + "inputs_node_reduce_4": "1_2",
    PREFIX + "inputs_node_reduce_5": "2_3",
}
# The same, written out by hand.
CONFIGURATION_TEXT = (
    "Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('skip_connect', 1), "
    "('dil_conv_3x3', 0), ('dil_conv_5x5', 2), ('sep_conv_3x3', 1), ('skip_connect', 2)], normal_concat=[2, 3, 4, 5], "
    "reduce=[('max_pool_3x3', 0), ('avg_pool_3x3', 1), ('skip_connect', 0), ('dil_conv_5x5', 1), ('sep_conv_3x3', 1), "
    "('sep_conv_5x5', 2), ('sep_conv_3x3', 2), ('dil_conv_3x3', 3)], reduce_concat=[2, 3, 4, 5])"
)


@pytest.fixture(scope="module")
def space():
    return DARTS()


def test_it_has_about_10_to_the_18_architectures(space):
    # per cell 1 * 3 * 6 * 10 pairs of inputs and 7 operations on 8 edges
    assert space.size == pytest.approx((180 * 7**8) ** 2, rel=1e-12)
    assert space.size == pytest.approx(1e18, rel=0.1)
    assert not hasattr(space, "index")


def test_published_genotypes_are_read_and_written_smaller_input_first(space):
    written = space.format(space.parse([DARTS_V2, PC_DARTS]))
    assert written[0] == (
        DARTS_V2.replace(
            "('sep_conv_3x3', 1), ('skip_connect', 0)", "('skip_connect', 0), ('sep_conv_3x3', 1)"
        ).replace("('skip_connect', 2), ('max_pool_3x3', 1)", "('max_pool_3x3', 1), ('skip_connect', 2)")
    )
    assert written[1].startswith("Genotype(normal=[('skip_connect', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ")
    assert (space.parse(written) == space.parse([DARTS_V2, PC_DARTS])).all()


def test_line_breaks_and_tuples_make_no_difference(space):
    spread = DARTS_V2.replace(", (", ",\n    (").replace("[(", "((").replace(")]", "))")
    assert (space.parse([spread]) == space.parse([DARTS_V2])).all()


@pytest.mark.parametrize(
    "text",
    [
        DARTS_V2.replace("sep_conv_3x3", "none"),
        DARTS_V2.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 5)"),  # node 5 has no input 5
        DARTS_V2.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', 0)"),  # twice the same input
        DARTS_V2.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', -1)"),
        DARTS_V2.replace("('dil_conv_3x3', 2)", "('dil_conv_3x3', True)"),
        DARTS_V2.replace(", ('dil_conv_3x3', 2)", ""),
        DARTS_V2.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=[3, 4, 5]"),
        DARTS_V2.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=range(2, 10**9)"),
        DARTS_V2.replace("normal_concat=[2, 3, 4, 5]", "normal_concat=['2', '3', '4', '5']"),
        DARTS_V2.replace(", reduce_concat=[2, 3, 4, 5]", ""),
        DARTS_V2.replace("Genotype(", "print("),
        DARTS_V2.replace("('sep_conv_3x3', 0)", "(__import__('os').name, 0)"),
        DARTS_V2.replace("Genotype(", "Genotype(**{}, "),
        "Genotype(" + "(" * 3000,
        "-" * 3000 + "1",
        DARTS_V2 + "\0",
        DARTS_V2 + " " * 5000 + "x",
    ],
)
def test_a_malformed_text_is_refused(space, text):
    with pytest.raises(InvalidArchitecture, match="example: Genotype"):
        space.parse([text])


def test_a_published_configuration_is_read(space):
    assert space.format(space.parse_configurations([CONFIGURATION])) == [CONFIGURATION_TEXT]


def test_configurations_are_written_and_read_back(space, rng):
    cells = {key: value for key, value in CONFIGURATION.items() if "edge_" in key or "inputs_" in key}
    assert space.format_configurations(space.parse([CONFIGURATION_TEXT])) == [cells]
    archs = space.sample(300, rng)
    written = space.format_configurations(archs)
    assert {len(configuration) for configuration in written} == {16 + 6}
    assert (space.parse_configurations(written) == archs).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"edge_normal_10": None}, "edge_normal_10' is missing"),
        ({"inputs_node_reduce_3": "0_3"}, "expected one of 0_1, 0_2, 1_2"),
        ({"inputs_node_reduce_3": "1_0"}, "expected one of 0_1, 0_2, 1_2"),
        ({"edge_normal_4": "skip_connect"}, "has 9 edges"),
        ({"edge_normal_0": "none"}, "node 2 of the normal cell has 'none' on its edge from 0"),
    ],
)
def test_a_malformed_configuration_is_refused(space, change, message):
    changed = CONFIGURATION | {PREFIX + key: value for key, value in change.items()}
    with pytest.raises(InvalidArchitecture, match=f"configuration 1 of 2: .*{message}"):
        space.parse_configurations([CONFIGURATION, changed])


def cells_of(text):
    """{cell: [(operation, input)]} of a genotype."""
    return {
        cell: [(name, int(source)) for name, source in re.findall(r"\('(\w+)', (\d)\)", edges)]
        for cell, edges in re.findall(r"(normal|reduce)=\[(.*?)\]", text)
    }


def edges_of(space, arch):
    """{(cell, node, input): operation} of an architecture, read off its text."""
    return {
        (cell, 2 + i // 2, source): operation
        for cell, edges in cells_of(space.format(arch[None])[0]).items()
        for i, (operation, source) in enumerate(edges)
    }


def test_neighbours_change_one_operation_or_move_one_input(space, rng):
    arch = space.sample(1, rng)
    neighbors, _ = space.neighbors(arch)
    before = edges_of(space, arch[0])
    kinds = []
    for neighbor in neighbors:
        after = edges_of(space, neighbor)
        gone, come = dict(before.items() - after.items()), dict(after.items() - before.items())
        assert len(gone) == len(come) == 1
        (old, old_operation), (new, new_operation) = *gone.items(), *come.items()
        assert old[:2] == new[:2]
        assert (old == new) != (old_operation == new_operation)
        kinds.append("operation" if old == new else "input")
    # 16 operations with 6 others; each edge of nodes 3, 4, 5 can move to 1, 2, 3 other nodes
    assert (kinds.count("operation"), kinds.count("input")) == (96, 2 * 2 * (1 + 2 + 3))


def test_neighbours_are_neighbours_of_each_other(space, rng):
    arch = space.sample(1, rng)
    back, owner = space.neighbors(space.neighbors(arch)[0])
    assert np.bincount(owner[(back == arch).all(axis=1)], minlength=120).tolist() == [1] * 120


def permuted(text, cell, order):
    """Make node ``2 + order[i]`` of a cell node ``2 + i``; None where a node would precede its input."""
    cells = cells_of(text)
    new = {0: 0, 1: 1} | {2 + old: 2 + i for i, old in enumerate(order)}
    edges = [(operation, new[source]) for i in order for operation, source in cells[cell][2 * i : 2 * i + 2]]
    if any(source >= 2 + i // 2 for i, (_, source) in enumerate(edges)):
        return None
    items = ", ".join(f"{key}={value}, {key}_concat=[2, 3, 4, 5]" for key, value in (cells | {cell: edges}).items())
    return f"Genotype({items})"


def test_canonical_does_not_depend_on_the_order_of_nodes(space, rng):
    n_renamed = 0
    for text in space.format(space.sample(60, rng)):
        for cell in ("normal", "reduce"):
            orders = (permuted(text, cell, order) for order in permutations(range(4)))
            archs = space.parse([other for other in orders if other])
            n_renamed += len(archs) - 1
            canonical = space.canonicalize(archs)
            assert (canonical == canonical[0]).all()
            part = slice(0, 11) if cell == "normal" else slice(11, 22)
            assert min(row[part].tolist() for row in archs) == canonical[0, part].tolist()
    assert n_renamed > 100


def test_four_nodes_on_the_same_inputs_may_stand_in_any_order(space):
    nodes = [("skip_connect", "max_pool_3x3"), ("sep_conv_3x3", "sep_conv_5x5"), ("dil_conv_3x3", "skip_connect")]
    nodes.append(("avg_pool_3x3", "dil_conv_5x5"))
    texts = []
    for order in permutations(nodes):
        cell = [(operation, source) for node in order for source, operation in enumerate(node)]
        texts.append(f"Genotype(normal={cell}, normal_concat=[2, 3, 4, 5], reduce={cell}, reduce_concat=[2, 3, 4, 5])")
    archs = space.parse(texts)
    assert len(np.unique(archs, axis=0)) == 24
    assert len(np.unique(space.canonicalize(archs), axis=0)) == 1


def test_graphs_hold_both_cells(space):
    graphs = space.graphs(space.parse([CONFIGURATION_TEXT]))
    names = [graphs.vocabulary[i] for i in graphs.operations[0]]
    assert names[:4] == ["input", "normal_0", "normal_1", "skip_connect"]
    assert names[15:19] == ["reduce_0", "reduce_1", "max_pool_3x3", "avg_pool_3x3"]
    assert [i for i, name in enumerate(names) if name == "node"] == [5, 8, 11, 14, 19, 22, 25, 28]
    edges = np.argwhere(graphs.adjacency[0]).tolist()
    assert len(edges) == 4 + 2 * (8 + 8 + 4)
    # node 5 of the reduction cell: sep_conv_3x3 on its node 2, dil_conv_3x3 on its node 3
    assert names[26:28] == ["sep_conv_3x3", "dil_conv_3x3"]
    assert [a for a, b in edges if b in (26, 27, 28)] == [19, 22, 26, 27]
    assert not graphs.adjacency[0, 1:15, 15:29].any()


def test_paths_lead_from_an_input_of_a_cell_to_each_node(space):
    paths = space.encode(space.parse([CONFIGURATION_TEXT]), "path")[0]
    assert paths.shape == (11_200,)  # 2 cells, 2 inputs, 7 + 49 + 343 + 2401 sequences
    skip, sep3, dil3, dil5 = 2, 3, 5, 6
    one = {
        skip,
        7 + sep3,
        sep3,
        7 + skip,
        dil3,
    }  # bits 0-6: from input 0; nodes 2, 3 and 4; node 5 repeats input 1's sep3
    two = {14 + skip * 7 + dil5, 14 + 49 + sep3 * 7 + dil5, 14 + skip * 7 + skip, 14 + 49 + sep3 * 7 + skip}
    assert set(np.flatnonzero(paths[:5600]).tolist()) == one | two


def test_samples_are_uniform_in_every_decision(space, rng):
    archs = space.sample(50_000, rng)
    for column, choices in zip(archs.T, space.cardinality, strict=True):
        expected = len(archs) / choices
        counts = np.bincount(column, minlength=choices)
        assert ((counts - expected) ** 2 / expected).sum() < choices + 5 * np.sqrt(2 * choices)


# A genotype with a pair for each node, as pt.darts (khanrc) prints it; an edge of node 2 of the normal cell is absent.
NESTED = (
    "Genotype(normal=[[('sep_conv_3x3', 1), ('none', 0)], [('sep_conv_3x3', 1), ('skip_connect', 0)], "
    "[('skip_connect', 2), ('sep_conv_3x3', 0)], [('dil_conv_3x3', 4), ('sep_conv_5x5', 1)]], "
    "normal_concat=range(2, 6), "
    "reduce=[[('max_pool_3x3', 0), ('max_pool_3x3', 1)], [('skip_connect', 2), ('max_pool_3x3', 1)], "
    "[('max_pool_3x3', 0), ('skip_connect', 2)], [('skip_connect', 2), ('max_pool_3x3', 1)]], "
    "reduce_concat=range(2, 6))"
)
WITHOUT = NESTED.replace("'none'", "'avg_pool_3x3'")


def _flat(text):
    """Return the same text with the brackets around the nodes removed."""
    return text.replace("[[", "[").replace("]]", "]").replace("], [", ", ")


def test_nested_pairs_are_the_flat_genotype(space):
    flat = space.parse([_flat(WITHOUT)])
    assert (space.parse([WITHOUT]) == flat).all()
    assert (space.parse([f"genotypes.{WITHOUT}"]) == flat).all()
    normal, reduce = ([list(node) for node in cell] for cell in _nodes(WITHOUT))
    items = [
        {"normal": normal, "reduce": reduce},
        {"normal": normal, "normal_concat": [2, 3, 4, 5], "reduce": reduce, "reduce_concat": [2, 3, 4, 5]},
        [normal, reduce],
        (tuple(map(tuple, normal)), tuple(map(tuple, reduce))),
        [[[edge[::-1] for edge in node] for node in cell] for cell in (normal, reduce)],
    ]
    for item in items:
        assert (space.read([item]) == flat).all()
        assert (space.parse([repr(item)]) == flat).all()
    for item in items[:3]:
        assert (space.parse([json.dumps(item)]) == flat).all()


def _nodes(text):
    """Return the nested lists of both cells of a genotype in text form, by Python's own parser."""
    call = ast.parse(text, mode="eval").body
    fields = {keyword.arg: keyword.value for keyword in call.keywords}
    return ast.literal_eval(fields["normal"]), ast.literal_eval(fields["reduce"])


def test_absent_edges_beside_two_others_are_left_out(space):
    """All edges of each node, of which two are not absent: the same architecture as the two alone."""
    full = WITHOUT.replace(
        "[('sep_conv_3x3', 1), ('skip_connect', 0)]", "[('skip_connect', 0), ('sep_conv_3x3', 1), ('none', 2)]"
    )
    assert full != WITHOUT
    assert (space.parse([full]) == space.parse([WITHOUT])).all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("", "", r"node 2 of the normal cell has 'none' on its edge from 0.*two of max_pool_3x3.*with_none"),
        ("('none', 0)]", "('none', 0), ('none', 2)]", r"node 2 of the normal cell has 1 edges besides 2 'none'"),
        ("('none', 0)]", "('skip_connect', 0), ('max_pool_3x3', 0)]", "node 2 of the normal cell has 3 edges"),
        (", ('none', 0)]", "]", "node 2 of the normal cell has 1 edges"),
        ("[('sep_conv_3x3', 1), ('none', 0)], ", "", "the normal cell has 3 nodes; expected 4"),
        ("'none'", "'nothing'", "unknown operation 'nothing'"),
        ("('none', 0)", "('none', 'x')", "is not a list of"),
    ],
)
def test_genotypes_that_this_space_cannot_express_are_explained(space, old, new, message):
    with pytest.raises(InvalidArchitecture, match=message):
        space.parse([NESTED.replace(old, new)])


@pytest.mark.parametrize(
    "text", ["[", "{}", "[]", "[[], []]", "{'normal': 1, 'reduce': 2}", "[" * 3000, "(1, 2)", "[1, 2", "{" * 5000]
)
def test_other_literals_are_refused(space, text):
    with pytest.raises(InvalidArchitecture, match="cannot read"):
        space.parse([text])


def test_a_space_with_absent_edges():
    """``none`` as an eighth operation: the same codes for the seven others, so that tables of both can be joined."""
    plain, space = DARTS(), DARTS(with_none=True)
    assert space.size == (8**8 * 3 * 6 * 10) ** 2
    assert space.code_options == {"with_none": True}
    assert plain.code_options == {}
    archs = plain.sample(50, np.random.default_rng(1))
    assert (space.parse(plain.format(archs)) == archs).all()
    cell = space.parse([NESTED])
    assert (space.parse(space.format(cell)) == cell).all()
    assert space.format(cell)[0].count("'none'") == 1
    assert not plain.is_valid(cell).any()
    neighbors, _ = space.neighbors(cell)
    assert len(np.unique(neighbors, axis=0)) == len(neighbors) == 2 * (8 * 7 + 2 * (1 + 2 + 3))
    assert space.is_valid(neighbors).all()
    some = space.sample(200, np.random.default_rng(2))
    assert (some == 7).any()
    canonical = space.canonicalize(some)
    assert (space.canonicalize(canonical) == canonical).all()
    check_space(space, np.random.default_rng(3))
    graphs = space.graphs(cell)
    assert (graphs.operations == graphs.vocabulary.index("none")).sum() == 1


def test_paths_do_not_lead_over_absent_edges():
    space = DARTS(with_none=True)
    cell = space.parse([NESTED])
    present = space.parse([WITHOUT])
    assert space.encode(cell, "path").sum() < space.encode(present, "path").sum()
    assert space.encode(cell, "path").shape == (1, 2 * 2 * (8 + 8**2 + 8**3 + 8**4))
