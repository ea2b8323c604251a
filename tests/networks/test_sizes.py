"""Networks weigh what their benchmarks say."""

import csv
import json

import numpy as np
import pytest
import torch

from nasbench.errors import InvalidArchitecture, InvalidOption, UnknownName
from nasbench.networks import build_network, count_costs
from nasbench.networks.darts import DARTSNetwork
from nasbench.networks.macro import MacroNetwork
from nasbench.networks.nats_sss import NATSSizeNetwork
from nasbench.networks.nb101 import NB101Network, compute_vertex_channels
from nasbench.networks.nb201 import NB201Network
from nasbench.networks.tnb101_micro import TransNASMicroNetwork
from nasbench.registry import NETWORKS, SPACES
from nasbench.spaces.darts import DARTS
from nasbench.spaces.macro import NASBenchMacro
from nasbench.spaces.nats_sss import NATSBenchSize
from nasbench.spaces.nb101 import NASBench101
from nasbench.spaces.nb201 import NASBench201
from nasbench.spaces.tnb101_micro import TransNASBench101Micro


def weighed(cls, arch, shape=(3, 32, 32), **options):
    return count_costs(cls(arch, **options), shape)


def n_params(cls, arch, **options):
    with torch.device("meta"):
        return sum(p.numel() for p in cls(arch, **options).parameters())


def one_cell_of_each_make(space, rng):
    """One random cell for every number of 1x1 and of 3x3 convolutions: sizes depend on nothing else."""
    counts = np.stack([(space.rows == digit).sum(axis=1) for digit in (2, 3)], axis=1)
    order = rng.permutation(len(counts))
    _, first, inverse = np.unique(counts[order], axis=0, return_index=True, return_inverse=True)
    classes = np.empty(len(counts), dtype=np.int64)
    classes[order] = inverse.ravel()
    return order[first], classes


def test_nb201_weighs_for_all_cells_what_was_recorded_with_their_trainings(rng, cifar10):
    space = NASBench201()
    chosen, classes = one_cell_of_each_make(space, rng)
    built = np.array([n_params(NB201Network, space.rows[[row]]) for row in chosen])
    assert len(built) == 28
    for dataset, n_classes in (("cifar10-valid", 10), ("cifar100", 100), ("ImageNet16-120", 120)):
        more = (n_classes - 10) * (64 + 1)  # only the classifier depends on the number of classes
        assert n_params(NB201Network, space.rows[chosen[:1]], n_classes=n_classes) == built[0] + more
        recorded = cifar10.table.static(cifar10.table.index(space.rows), dataset=dataset, metric="n_params_recorded")
        assert (recorded == built[classes][:, None] + more).any(axis=1).all()


@pytest.mark.parametrize(("n_classes", "size"), [(10, 32), (120, 16)])
def test_nb201_has_the_official_flops_wherever_its_operations_stand(rng, n_classes, size):
    """Against the closed form, which is held to the official numbers and to 9,445 cells of another counter."""
    space = NASBench201()
    archs = space.sample(8, rng)
    expected = space.network_size(archs, n_classes=n_classes, image_size=size)
    for i in range(len(archs)):
        counts = weighed(NB201Network, archs[i : i + 1], (3, size, size), n_classes=n_classes)
        assert counts == (expected.n_params[i], expected.flops[i])


def test_nats_sss_has_the_official_parameters_and_flops():
    """``flop`` and ``params`` (in millions) of the files 000000, 000011 and 000284 of the NATS-Bench release."""
    official = {
        "8:8:8:8:8": (0.011714, 4.481114),
        "8:8:8:16:32": (0.049202, 6.84065),
        "8:8:40:32:40": (0.144834, 21.827994),
    }
    space = NATSBenchSize()
    for text, (millions, flops) in official.items():
        assert weighed(NATSSizeNetwork, space.parse([text])) == (round(millions * 1e6), round(flops * 1e6))


def test_nb101_weighs_what_was_recorded_for_its_cells(shared):
    """As trained by EC-NAS, which built the cells with the benchmark's own rule for channels."""
    graphs = json.loads((shared / "nb101/generated_graphs_5V9E.json").read_text())
    with open(shared / "nb101/ecnas_runs.csv") as file:
        recorded = {row["hash"]: int(row["params"]) for row in csv.DictReader(file) if row["hash"] in graphs}
    space = NASBench101()
    assert len(recorded) == 788
    for name in sorted(recorded)[::16]:
        matrix, labels = graphs[name]
        arch = space.from_graph(matrix, ["input", *(space.operations[label] for label in labels[1:-1]), "output"])
        assert n_params(NB101Network, arch) == recorded[name], name


@pytest.mark.parametrize(
    ("edges", "c_in", "c_out", "expected"),
    [
        ("01 12 23", 8, 16, [8, 16, 16, 16]),
        ("01", 5, 1, [5, 1]),
        ("01 02 13 23 34", 16, 8, [16, 8, 8, 8, 8]),
        ("01 02 13 23", 8, 15, [8, 8, 7, 15]),
        ("01 02 03 14 24 34", 8, 8, [8, 3, 3, 2, 8]),
        ("01 12 13 24 34", 8, 9, [8, 5, 5, 4, 9]),
        ("01 03 12 14 23 34", 8, 15, [8, 8, 7, 7, 15]),
    ],
)
def test_nb101_channels_are_shared_as_in_the_authors_tests(edges, c_in, c_out, expected):
    """Cases of ``model_builder_test.py`` in google-research/nasbench."""
    matrix = np.zeros((len(expected), len(expected)), dtype=int)
    for source, target in edges.split():
        matrix[int(source), int(target)] = 1
    assert compute_vertex_channels(c_in, c_out, matrix.tolist()) == expected


def test_darts_weighs_what_its_authors_print():
    """``param size = 3.349342MB``: their train.py for DARTS_V2, without the second classifier."""
    cells = (
        "Genotype(normal=[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 0), ('sep_conv_3x3', 1), "
        "('sep_conv_3x3', 1), ('skip_connect', 0), ('skip_connect', 0), ('dil_conv_3x3', 2)], "
        "normal_concat=[2, 3, 4, 5], reduce=[('max_pool_3x3', 0), ('max_pool_3x3', 1), ('skip_connect', 2), "
        "('max_pool_3x3', 1), ('max_pool_3x3', 0), ('skip_connect', 2), ('skip_connect', 2), ('max_pool_3x3', 1)], "
        "reduce_concat=[2, 3, 4, 5])"
    )
    assert n_params(DARTSNetwork, DARTS().parse([cells])) == 3_349_342


def test_macro_weighs_what_its_layout_adds_up_to():
    """Counted by hand from the authors' layout, for the two uniform networks."""
    stem, head, classifier = 27 * 32 + 64, 256 * 1280 + 2560, 12810
    widths = ((32, 64), (64, 128), (128, 256))
    identity = sum(a * b + 2 * b for a, b in widths)
    assert n_params(MacroNetwork, NASBenchMacro().parse(["00000000"])) == stem + identity + head + classifier

    def block(a, b):  # 1x1 to 6a, 5x5 of each, 1x1 to b, each with normalisation
        return 6 * a * a + 12 * a + 25 * 6 * a + 12 * a + 6 * a * b + 2 * b

    blocks = (
        block(32, 64) + block(64, 64) + block(64, 128) + 2 * block(128, 128) + block(128, 256) + 2 * block(256, 256)
    )
    assert n_params(MacroNetwork, NASBenchMacro().parse(["22222222"])) == stem + blocks + head + classifier


def test_transnas_weighs_what_its_layout_adds_up_to():
    """Counted by hand from the authors' layout: all skips, so that only cells that change the shape have weights."""
    stem = 27 * 32 + 64 + 9 * 32 * 64 + 128
    reductions = sum(3 * (a * 2 * a + 4 * a) for a in (64, 128, 256))  # three edges leave a cell's input
    arch = TransNASBench101Micro().parse(["64-41414-1_11_111"])
    assert n_params(TransNASMicroNetwork, arch) == stem + reductions + 512 * 75 + 75


SMALL = {"nb201": {"n_cells": 1}, "nb101": {"channels": 8, "n_modules": 1}, "darts": {"channels": 4, "n_cells": 3}}


@pytest.mark.parametrize("name", NETWORKS.names())
def test_every_network_learns_from_every_kind_of_architecture(name, rng):
    space = SPACES.load(name)()
    for arch in space.sample(3, rng):
        network = build_network(name, arch[None], rng, n_classes=7, **SMALL.get(name, {}))
        logits = network(torch.randn(2, 3, 32, 32))
        assert logits.shape == (2, 7)
        logits.square().sum().backward()
        assert network.classifier.bias.grad.abs().sum() > 0  # a cell of nothing has only this to learn


def test_a_cell_of_nothing_gives_zeros():
    network = NB201Network(np.zeros((1, 6), dtype=np.int8), n_cells=1).eval()
    assert (network.layers[0](torch.randn(2, 16, 8, 8)) == 0).all()


def test_signals_have_networks_too(rng):
    network = build_network("nb201,axes=1,in_channels=1,channels=8,n_cells=1", NASBench201().sample(1, rng), rng)
    assert network(torch.randn(2, 1, 40)).shape == (2, 10)


def test_the_second_classifier_answers_only_while_training(rng):
    network = DARTSNetwork(DARTS().sample(1, rng), channels=4, n_cells=3, auxiliary=True)
    network.drop_path = 0.5
    logits, aside = network(torch.randn(2, 3, 32, 32))
    assert logits.shape == aside.shape == (2, 10)
    assert network.eval()(torch.randn(2, 3, 32, 32)).shape == (2, 10)


def test_weights_follow_the_generator_and_leave_torchs_alone():
    arch = NASBench201().rows[[12345]]
    before = torch.get_rng_state()
    first, same, other = (build_network("nb201", arch, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert (torch.get_rng_state() == before).all()
    assert (first.classifier.weight == same.classifier.weight).all()
    assert (first.classifier.weight != other.classifier.weight).any()


def test_what_cannot_be_built_is_refused(rng):
    space = NASBench201()
    with pytest.raises(InvalidArchitecture, match="2 architectures; a network is built from one"):
        build_network("nb201", space.rows[:2], rng)
    with pytest.raises(InvalidArchitecture, match="is not an architecture of space 'nb201'"):
        build_network("nb201", space.rows[:1] + np.int8(9), rng)
    with pytest.raises(InvalidOption, match="channels=0"):
        build_network("nb201,channels=0", space.rows[:1], rng)
    with pytest.raises(UnknownName, match="unknown option of 'nb201' 'chanels'"):
        build_network("nb201,chanels=8", space.rows[:1], rng)
