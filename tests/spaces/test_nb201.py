"""NAS-Bench-201 against the numbers and files of its authors."""

import csv
import tomllib
from pathlib import Path

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.spaces.nb201 import NASBench201

GOLDEN = tomllib.loads((Path(__file__).parent.parent / "golden/nb201.toml").read_text())


@pytest.fixture(scope="module")
def space():
    return NASBench201()


def test_canonical_gives_exactly_the_published_number_of_classes(space):
    assert len(np.unique(space.index(space.canonicalize(space.rows)))) == GOLDEN["space"]["n_classes"]


def test_canonical_groups_cells_as_a_published_list_does(space, shared):
    with open(shared / "nb201/test_accuracy_epoch200.csv") as file:
        rows = list(csv.DictReader(file))
    canonical = space.index(space.canonicalize(space.parse([row["ArchitectureString"] for row in rows])))
    pairs = set(zip(canonical.tolist(), (row["UniqueString"] for row in rows), strict=True))
    assert len(pairs) == GOLDEN["space"]["n_classes"]


def test_the_official_string_is_read_and_written(space):
    text = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
    assert space.parse([text]).tolist() == [[4, 2, 1, 2, 1, 1]]
    assert space.format(space.parse([text])) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~1|",
        "|nor_conv_3x3~0|+|none~0|none~1|",
        "|nor_conv_5x5~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "421211",
    ],
)
def test_a_malformed_string_is_refused_with_an_example(space, text):
    with pytest.raises(InvalidArchitecture, match="example: "):
        space.parse(["|none~0|+|none~0|none~1|+|none~0|none~1|none~2|", text])


def test_path_encoding_has_the_published_length_and_one_bit_a_path(space):
    paths = space.encode(space.rows, "path")
    assert paths.shape == (15625, GOLDEN["space"]["n_paths"])
    # four ways through the cell: one of one operation, two of two, one of three
    assert set(paths[:, :5].sum(axis=1)) == {1}
    assert set(paths[:, 5:30].sum(axis=1)) == {1, 2}
    assert set(paths[:, 30:].sum(axis=1)) == {1}


def test_graphs_join_the_operations_of_consecutive_edges(space):
    graphs = space.graphs(space.rows[:1])
    # input, 0->1, 0->2, 1->2, 0->3, 1->3, 2->3, output
    edges = {tuple(edge) for edge in np.argwhere(graphs.adjacency[0]).tolist()}
    assert edges == {(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7)}


def test_published_mutation_chooses_nodes_alike(space, rng):
    arch = space.sample(1, rng)
    children = space.mutate_as_published(np.repeat(arch, 90_000, axis=0), rng)
    share = (children != arch).mean(axis=0)
    assert ((children != arch).sum(axis=1) == 1).all()
    np.testing.assert_allclose(share, [1 / 3, 1 / 6, 1 / 6, 1 / 9, 1 / 9, 1 / 9], atol=0.006)


# "flop" and "params" (both in millions) of the NATS-Bench release, files 000000, 000011 and 000284.
OFFICIAL_SIZES = {
    "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|": [
        (15.64737, 0.129306), (15.65322, 0.135156), (3.91948, 0.136456),
    ],
    "|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|none~0|nor_conv_3x3~1|avg_pool_3x3~2|": [
        (113.95137, 0.802426), (113.95722, 0.808276), (28.49548, 0.809576),
    ],
    "|skip_connect~0|+|skip_connect~0|skip_connect~1|+|none~0|nor_conv_1x1~1|none~2|": [
        (11.71521, 0.101306), (11.72106, 0.107156), (2.93644, 0.108456),
    ],
}  # fmt: skip
DATASETS = [(10, 32), (100, 32), (120, 16)]  # classes and pixels of CIFAR-10, CIFAR-100, ImageNet16-120


@pytest.mark.parametrize("place", range(3), ids=("cifar10", "cifar100", "ImageNet16-120"))
def test_sizes_of_networks_are_the_official_ones(space, place):
    n_classes, image_size = DATASETS[place]
    size = space.network_size(space.parse(list(OFFICIAL_SIZES)), n_classes=n_classes, image_size=image_size)
    expected = np.array([numbers[place] for numbers in OFFICIAL_SIZES.values()]) * 1e6
    np.testing.assert_array_equal(size.flops, expected[:, 0].round())
    np.testing.assert_array_equal(size.n_params, expected[:, 1].round())


@pytest.mark.parametrize(("name", "n_classes"), [("cifar10-valid", 10), ("cifar100", 100), ("ImageNet16-120", 120)])
def test_parameters_of_all_cells_are_those_recorded_with_their_trainings(space, cifar10, name, n_classes):
    recorded = cifar10.table.static(cifar10.table.index(space.rows), dataset=name, metric="n_params_recorded")
    n_params = space.network_size(space.rows, n_classes=n_classes).n_params
    assert (recorded == n_params[:, None]).any(axis=1).all()


def test_sizes_agree_with_another_counter_on_9445_cells(space, shared):
    """NAS-Bench-Suite-Zero also counts BatchNorm (2), ReLU (1) and pooling (9) for every number they make."""
    with open(shared / "nb201/zero_cost_proxies_cifar10.csv") as file:
        rows = list(csv.DictReader(file))
    archs = space.parse([row["net_str"] for row in rows])
    size = space.network_size(archs)
    assert len(archs) == 9445
    np.testing.assert_array_equal(size.n_params, [round(float(row["params"]) * 1e6) for row in rows])
    made = 5 * (32 * 32 * 16 + 16 * 16 * 32 + 8 * 8 * 64)  # numbers that an edge of the cell makes in all stages
    convolutions, pools = np.isin(archs, (2, 3)).sum(axis=1), (archs == 4).sum(axis=1)
    counted = np.array([float(row["flops"]) * 1e6 for row in rows])
    constant = counted - size.flops - made * (3 * convolutions + 9 * pools)
    assert np.ptp(constant) < 0.01
    assert constant[0] > 0


def test_sizes_of_impossible_networks_are_refused(space):
    for options in ({"n_classes": 0}, {"image_size": 0}, {"image_size": 30}):
        with pytest.raises(InvalidOption, match="multiple of 4"):
            space.network_size(space.rows[:1], **options)
    with pytest.raises(InvalidArchitecture):
        space.network_size(space.rows[:1] + np.int8(9))
    assert space.network_size(space.rows[:0]).flops.shape == (0,)


def test_full_algebra_joins_classes_of_the_paper():
    """The paper's section on isomorphic cells keeps sums of several zeros apart: 6,466 classes, not 4,930."""
    published, simplified = NASBench201(), NASBench201(simplified=True)
    joined = simplified.canonicalize(published.rows)
    assert len(np.unique(joined, axis=0)) == 4930
    assert (simplified.canonicalize(published.canonicalize(published.rows)) == joined).all()
    assert simplified.trained_once_per_class
    assert not published.trained_once_per_class
