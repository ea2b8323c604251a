"""Architectures in the forms that people and other libraries hold are read alike, or refused by the rule they break."""

import json
import types
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture, UnknownName
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace
from nasbench.spaces.darts import DARTS
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nats_sss import NATSBenchSize
from nasbench.spaces.nb101 import NASBench101
from nasbench.spaces.nb201 import NASBench201
from nasbench.spaces.nbgraph import NASBenchGraph
from nasbench.spaces.nbnlp import NASBenchNLP
from nasbench.spaces.spikenas import SpikeNAS

SHARED = Path("../shared/data")
# Rows 0 and 1 of the official files, NAS-Bench-201-v1_1-096897.
FIRST = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
SECOND = "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"

Genotype = namedtuple("Genotype", "normal normal_concat reduce reduce_concat")
# Liu et al. 2019, genotypes.py: DARTS_V2.
DARTS_V2 = Genotype(
    normal=[
        *(("sep_conv_3x3", 0), ("sep_conv_3x3", 1), ("sep_conv_3x3", 0), ("sep_conv_3x3", 1)),
        *(("sep_conv_3x3", 1), ("skip_connect", 0), ("skip_connect", 0), ("dil_conv_3x3", 2)),
    ],
    normal_concat=[2, 3, 4, 5],
    reduce=[
        *(("max_pool_3x3", 0), ("max_pool_3x3", 1), ("skip_connect", 2), ("max_pool_3x3", 1)),
        *(("max_pool_3x3", 0), ("skip_connect", 2), ("skip_connect", 2), ("max_pool_3x3", 1)),
    ],
    reduce_concat=[2, 3, 4, 5],
)
HYPER = {
    "act": {"categorical": ["gelu", "relu"]},
    "bias": {"categorical": [True, False]},
    "depth": {"integer": [1, 3]},
    "lr": {"ordinal": [0.1, 0.01]},
    "slope": {"ordinal": [0, 0.5]},
}

HYPER_VALUES = {
    "act": ["gelu", "relu"],
    "bias": [True, False],
    "depth": [1, 2, 3],
    "lr": [0.1, 0.01],
    "slope": [0, 0.5],
}


@pytest.fixture(scope="module")
def hyper():
    return HyperSpace(HYPER, [{"decision": "slope", "when": "act", "is": ["relu"]}])


@pytest.mark.parametrize("name", sorted(SPACES.names()))
def test_rows_and_texts_are_read_in_every_container(name, rng):
    space = SPACES.load(name)()
    archs = space.sample(4, rng)
    texts = space.format(archs)
    pandas, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    forms = [
        *(archs, archs.astype(np.int64), archs.tolist(), list(archs), tuple(map(tuple, archs.tolist()))),
        *(torch.tensor(archs), list(torch.tensor(archs)), pandas.Series(list(archs)), archs.astype(object)),
        *(texts, tuple(texts), iter(texts), np.array(texts), np.array(texts, dtype=object), pandas.Series(texts)),
        [dict(zip(space.decisions, row, strict=True)) for row in archs.tolist()] if name != "hyper" else texts,
    ]
    for form in forms:
        read = space.read(form)
        assert read.dtype == np.int8
        assert (read == archs).all(), type(form)
    assert space.read([]).shape == (0, len(space.decisions))


@pytest.mark.parametrize("name", sorted(SPACES.names()))
def test_a_single_architecture_is_not_taken_for_several(name, rng):
    space = SPACES.load(name)()
    arch = space.sample(1, rng)
    text = space.format(arch)[0]
    for single in (text, text.encode(), dict(zip(space.decisions, arch[0].tolist(), strict=True)), DARTS_V2, 3, None):
        with pytest.raises(InvalidArchitecture, match=r"is not a list of architectures; .* wrap a single one as \["):
            space.read(single)
    for row in (arch[0], arch[0].tolist()):
        with pytest.raises(InvalidArchitecture, match=r"the decisions of one architecture; for the latter pass \[\["):
            space.read(row)


@pytest.mark.parametrize("strange", [[None], [1.5], [[0.5] * 6], [object()], np.zeros((2, 6)), [[True] * 6], [[]]])
def test_what_is_no_architecture_is_refused(strange):
    with pytest.raises(InvalidArchitecture):
        NASBench201().read(strange)


def test_a_form_is_never_guessed():
    space = NASBench201()
    with pytest.raises(InvalidArchitecture, match=r"may be official numbers \(form='index', or text '#1462'\)"):
        space.read([1462])
    with pytest.raises(UnknownName, match="unknown form of integers in space 'nb201' 'nsalib'; did you mean"):
        space.read([[0] * 6], form="nsalib")
    with pytest.raises(UnknownName, match="known: none"):
        NASBench101().read([1], form="index")


def test_official_numbers_of_nas_bench_201():
    space = NASBench201()
    expected = space.parse([FIRST, SECOND])
    for numbers, form in ((["#0", "#1"], ""), ([0, 1], "index"), (np.arange(2), "index"), (["#0", SECOND], "")):
        assert (space.read(numbers, form=form) == expected).all()
    for wrong in (["#15625"], ["#-1"], ["#1.0"]):
        with pytest.raises(InvalidArchitecture, match=r"not an official number .* 0 to 15624|cannot read"):
            space.read(wrong)
    with pytest.raises(InvalidArchitecture, match=r"0\.5 is not an official number"):
        space.read([0.5], form="index")


def test_all_official_numbers_are_those_of_the_files():
    pandas = pytest.importorskip("pandas")
    path = SHARED / "nb201/accuracy_epoch12.csv"
    if not path.exists():
        pytest.skip("needs ../shared/data/nb201, the official list of architectures")
    official, space = pandas.read_csv(path), NASBench201()
    assert len(official) == 15_625
    assert (space.read(official.arch, form="index") == space.parse(official.cellstr)).all()


def test_operations_of_nas_bench_201_in_other_libraries(rng):
    """NASLib lists edges (0,1), (0,2), (0,3), (1,2), (1,3), (2,3), the official string (0,1), (0,2), (1,2), ..."""
    space = NASBench201()
    expected = space.parse([SECOND])
    naslib = [2, 2, 0, 4, 2, 0]  # convert_str_to_op_indices of NASLib, by hand
    names = ["nor_conv_3x3", "nor_conv_3x3", "avg_pool_3x3", "skip_connect", "nor_conv_3x3", "skip_connect"]
    nodes = (
        (("nor_conv_3x3", 0),),
        (("nor_conv_3x3", 0), ("avg_pool_3x3", 1)),
        (("skip_connect", 0), ("nor_conv_3x3", 1), ("skip_connect", 2)),
    )
    for form in (names, tuple(names), nodes, types.SimpleNamespace(nodes=nodes)):
        assert (space.read([form, form]) == expected).all()
    assert (space.read([naslib], form="naslib") == expected).all()
    assert (space.read(np.array([naslib]), form="naslib") == expected).all()
    by_edge = [names[i] for i in (0, 1, 3, 2, 4, 5)]
    assert (space.read([by_edge], form="naslib") == expected).all()
    for wrong, why in (
        ([names[:5]], "5 operations; space 'nb201' has 6"),
        ([[*names[:5], "conv"]], "unknown operation 'conv'"),
        ([nodes[:2]], "expected six 'operation~source' items"),
    ):
        with pytest.raises(InvalidArchitecture, match=f"architecture 0 of 1: .*{why}"):
            space.read(wrong)
    with pytest.raises(InvalidArchitecture, match="expected six operations, 0 to 4: skip_connect, none"):
        space.read([[0, 1, 2, 3, 4, 5]], form="naslib")


def test_specifications_of_nas_bench_101():
    space = NASBench101()
    matrix = [[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]
    ops = ["input", "conv1x1-bn-relu", "maxpool3x3", "output"]
    expected = space.from_graph(matrix, ops)
    pruned_away = types.SimpleNamespace(matrix=None, ops=None, original_matrix=matrix, original_ops=ops)
    forms = [
        {"matrix": matrix, "ops": ops},
        {"module_adjacency": np.array(matrix), "module_operations": ops, "trainable_parameters": 3},
        (matrix, ops),
        [np.array(matrix), tuple(ops)],
        (matrix, [-1, 1, 2, -2]),
        types.SimpleNamespace(matrix=np.array(matrix), ops=ops),
        pruned_away,
        json.dumps({"matrix": matrix, "ops": ops}),
    ]
    assert (space.read(forms) == expected).all()


def test_official_labels_are_those_of_the_hashes():
    path = SHARED / "nb101/generated_graphs_4V9E.json"
    if not path.exists():
        pytest.skip("needs ../shared/data/nb101, graphs of the official generator")
    graphs, space = json.loads(path.read_text()), NASBench101()
    assert space.hashes(space.read(list(graphs.values()))) == list(graphs)


CHAIN, FULL = np.eye(8, k=1, dtype=int), np.triu(np.ones((7, 7), dtype=int), k=1)
INNER = ["conv3x3-bn-relu"]


@pytest.mark.parametrize(
    ("matrix", "ops", "rule"),
    [
        (FULL, ["input", *INNER * 5, "output"], "21 edges lie on paths from input to output; at most 9 are allowed"),
        (CHAIN, ["input", *INNER * 6, "output"], "8 vertices; a cell has from 2 to 7"),
        (CHAIN[:3, :3] * 0, ["input", *INNER, "output"], "there is no path from input to output"),
        (CHAIN[:3, :3].T, ["input", *INNER, "output"], r"edge \(1, 0\) leads backward"),
        (CHAIN[:3, :3], ["input", "conv5x5", "output"], "conv5x5"),
        (CHAIN[:3, :3], [-1, 3, -2], "3"),
        (CHAIN[:3, :3], ["input", "output"], r"matrix \(3, 3\) for 2 operations"),
        ([[0, 1], [0]], ["input", "output"], "cannot read"),
    ],
)
def test_the_broken_rule_of_nas_bench_101_is_named(matrix, ops, rule):
    with pytest.raises(InvalidArchitecture, match=rule):
        NASBench101().read([(matrix, ops)])


def test_rules_are_named_for_rows_too(hyper, rng):
    """What a strategy or a user hands over as numbers."""
    nb101, macro, graph = NASBench101(), SPACES.load("tnb101_macro")(), NASBenchGraph()
    twelve = nb101.sample(1, rng) * 0
    twelve[0, [0, 1, 2, 3, 4, 5, 10, 14, 17, 19, 20]] = 1  # 0 to all, and 1 to 5 in a chain as far as 6
    for space, row, rule in (
        (nb101, twelve * 0, "there is no path from input to output"),
        (nb101, twelve, r"1\d edges lie on paths from input to output; at most 9 are allowed"),
        (macro, [[0, 0, 1, 1, 1, 1]], "doubles the channels 4 times, expected 1 to 3"),
        (macro, [[0, 0, 0, 1, 4, 4]], "halves the resolution 0 times, expected 1 to 4"),
        (macro, [[0, 0, 1, 2, 4, 1]], "the fifth module is absent, but the sixth is present"),
        (graph, [[0, 1, 0, 0, 0]], r"it is not in canonical form, which is \[0, 0, 0, 0, 1\]"),
        (graph, [[8, 8, 8, 8, 8]], "four skip operations are not a network"),
        (NASBenchGraph(operations=["gcn", "fc"]), [[0, 0, 0, 0, 0]], "restricted to gcn, fc, without gat"),
        (hyper, [[0, 0, 0, 0, 1]], r"decision 'slope' is inactive \('act' is gelu\): its column must be 0, not 1"),
        (NASBench201(), [[0, 5, 0, 0, 0, 0]], "decision 'edge_0_2' is 5, expected 0 to 4"),
        (DARTS(), [[0] * 21 + [7]], "decision 'reduce_5_op_2' is 7, expected 0 to 6"),
    ):
        arch = np.asarray(row, dtype=np.int8)
        assert not space.is_valid(arch).any()
        with pytest.raises(InvalidArchitecture, match=rule):
            space.checked(arch)


def test_every_invalid_row_breaks_a_rule_that_can_be_told(hyper, rng):
    """Whatever digits in range do not make an architecture: a reason, and none that only says so."""
    spaces = [hyper, NASBench101(), NASBenchGraph(), NASBenchNLP(), SPACES.load("tnb101_macro")()]
    for space in spaces:
        near = np.repeat(space.sample(40, rng), 8, axis=0)
        column = rng.integers(len(space.decisions), size=len(near))
        near[np.arange(len(near)), column] = rng.integers(space.cardinality[column])
        invalid = near[~space.is_valid(near)]
        assert len(invalid) or space.name == "hyper"
        for row in invalid:
            with pytest.raises(InvalidArchitecture) as told:
                space.checked(row[None])
            assert "are not allowed together" not in str(told.value)


def test_genotypes_in_every_form():
    space = DARTS()
    expected = space.parse([repr(DARTS_V2)])
    (configuration,) = space.format_configurations(expected)
    turned = [[(source, name) for name, source in cell] for cell in (DARTS_V2.normal, DARTS_V2.reduce)]
    codes = [[(source, space.operations.index(name)) for source, name in cell] for cell in turned]
    forms = [
        DARTS_V2,
        DARTS_V2._asdict(),
        {"normal": DARTS_V2.normal, "reduce": DARTS_V2.reduce},
        DARTS_V2._replace(normal_concat=range(2, 6)),
        types.SimpleNamespace(**DARTS_V2._asdict()),
        configuration | {"NetworkSelectorDatasetInfo:darts:layers": 8},
        (DARTS_V2.normal, DARTS_V2.reduce),
        turned,
        repr(DARTS_V2),
    ]
    assert (space.read(forms) == expected).all()
    # NASLib's convert_genotype_to_compact: (input, code), codes 0 max_pool, 1 avg_pool, 2 skip, 3 sep 3, ... 5 dil 3.
    assert codes[0] == [(0, 3), (1, 3), (0, 3), (1, 3), (1, 3), (0, 2), (0, 2), (2, 5)]
    assert (space.read([codes, codes], form="naslib") == expected).all()
    with pytest.raises(InvalidArchitecture, match="for pairs of integers say form='naslib'"):
        space.read([codes])


@pytest.mark.parametrize(
    ("place", "edge", "rule"),
    [
        (
            1,
            ("sep_conv_3x3", 0),
            "node 2 of the normal cell has inputs 0 and 0, the same twice; expected two of 0 to 1",
        ),
        (
            3,
            ("sep_conv_3x3", 3),
            "node 3 of the normal cell has inputs 0 and 3, not an earlier node; expected two of 0 to 2",
        ),
        (3, ("sep_conv_3x3", -1), "has inputs 0 and -1, not a node"),
        (0, ("conv", 0), "unknown operation 'conv'"),
    ],
)
def test_the_broken_rule_of_a_genotype_is_named(place, edge, rule):
    normal = list(DARTS_V2.normal)
    normal[place] = edge
    with pytest.raises(InvalidArchitecture, match=f"architecture 1 of 2: .*{rule}"):
        DARTS().read([DARTS_V2, DARTS_V2._replace(normal=normal)])
    with pytest.raises(InvalidArchitecture, match="the normal cell has 7 edges; expected 8"):
        DARTS().read([DARTS_V2._replace(normal=normal[1:])])
    with pytest.raises(InvalidArchitecture, match=r"normal_concat is \[2, 3\]"):
        DARTS().read([DARTS_V2._replace(normal_concat=[2, 3])])


def test_configurations_are_read_by_name(hyper):
    pandas = pytest.importorskip("pandas")
    rows = [
        {"lr": 0.01, "act": "gelu", "depth": 2, "bias": True},
        {"lr": 0.1, "act": "relu", "depth": 3, "bias": False, "slope": 0.5},
    ]
    expected = hyper.parse(["act=gelu,bias=true,depth=2,lr=0.01", "act=relu,bias=false,depth=3,lr=0.1,slope=0.5"])
    frame = pandas.DataFrame(rows)
    assert frame.slope.isna().any()
    numpys = [{name: np.asarray(value)[()] for name, value in row.items()} for row in rows]
    for form in (rows, numpys, frame, frame.astype({"depth": float}), frame.convert_dtypes(), frame.to_dict("records")):
        assert (hyper.read(form) == expected).all()


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"slope": 0}, r"'slope' is inactive \('act' is gelu\): leave it out"),
        ({"lr": None}, "'lr' is missing"),
        ({"depth": 4}, "unknown value '4' of 'depth'"),
        ({"depth": [2]}, "unknown value"),
        ({"bias": 1}, "unknown value '1' of 'bias'"),
        ({"score": 0.9}, "unknown decision 'score'"),
    ],
)
def test_a_configuration_that_is_none_is_refused_by_its_rule(hyper, change, rule):
    right = {"lr": 0.01, "act": "gelu", "depth": 2, "bias": True}
    with pytest.raises(InvalidArchitecture, match=rule):
        hyper.read([right | change])


def test_configurations_of_configspace(hyper):
    pytest.importorskip("ConfigSpace")
    space = hyper.to_configspace()
    space.seed(3)
    drawn = space.sample_configuration(30)
    archs = hyper.read(drawn)
    for configuration, arch in zip(drawn, archs, strict=True):
        shown = hyper.format(arch[None])[0]
        for name, value in configuration.items():
            digit = HYPER_VALUES[name].index(value)
            assert arch[hyper.decisions.index(name)] == digit, shown
        assert len(dict(configuration)) == shown.count("=")


def test_official_numbers_and_widths_of_other_benchmarks():
    sizes = NATSBenchSize()
    assert sizes.format(sizes.read(["#0", "#32767"])) == ["8:8:8:8:8", "64:64:64:64:64"]
    assert sizes.format(sizes.read([[8, 16, 24, 32, 64]])) == ["8:16:24:32:64"]
    assert sizes.format(sizes.read(np.array([[8, 16, 24, 32, 64]]))) == ["8:16:24:32:64"]
    assert sizes.format(sizes.read([[0, 1, 2, 3, 7]])) == ["8:16:24:32:64"]
    assert sizes.format(sizes.read([["8", "16", "24", "32", "64"]])) == ["8:16:24:32:64"]
    for wrong in ([[8, 16, 24, 32, 12]], [[8, 16, 24, 32, 7]], [[72] * 5]):
        with pytest.raises(InvalidArchitecture, match="expected 0 to 7"):
            sizes.checked(sizes.read(wrong))
    spiking = SpikeNAS()
    assert spiking.format(spiking.read([7, 3276], form="index")) == ["7", "3276"]
    skeletons = SPACES.load("tnb101_macro")()
    assert skeletons.format(skeletons.read([[1, 2, 3, 4, 0, 0], [2, 3, 1, 1, 1, 1]], form="naslib")) == [
        "64-1234-basic",
        "64-231111-basic",
    ]
    with pytest.raises(InvalidArchitecture, match="four to six digits 0 to 4"):
        skeletons.read([[1, 2, 3, 5, 0, 0]], form="naslib")
    graphs = NASBenchGraph()
    official = types.SimpleNamespace(link=[0, 1, 1, 2], ops=["gcn", "cheb", "gin", "fc"])
    expected = graphs.parse(["Arch([0, 1, 1, 2], ['gcn', 'cheb', 'gin', 'fc'])"])
    assert (graphs.read([official, (official.link, official.ops)]) == expected).all()
    assert (graphs.read(graphs.hashes(expected), form="index") == expected).all()


def test_recipes_are_dictionaries():
    recipe = {"h_new_0": {"op": "activation_tanh", "input": ["x"]}}
    space = NASBenchNLP()
    assert (space.read([recipe]) == space.parse([json.dumps(recipe)])).all()
    with pytest.raises(InvalidArchitecture, match="node 0 is activation_tanh with 2 inputs; it takes 1 to 1"):
        space.read([{"h_new_0": {"op": "activation_tanh", "input": ["x", "h_prev_0"]}}])


def test_every_space_says_what_its_numbers_may_mean():
    with_index = {name for name in SPACES.names() if "index" in SPACES.load(name).forms}
    assert with_index == {"nats_sss", "nb201", "nbgraph", "spikenas"}
    assert issubclass(NASBench201, SearchSpace)
