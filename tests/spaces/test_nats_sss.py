"""The NATS-Bench size space against the list of its authors."""

import bz2

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.importers._unpickle import load_plain
from nasbench.spaces.nats_sss import NATSBenchSize


@pytest.fixture(scope="module")
def space():
    return NATSBenchSize()


def test_it_has_the_published_number_of_networks_all_different(space):
    assert len(space.rows) == 32_768
    assert (space.canonicalize(space.rows) == space.rows).all()


def test_the_index_is_the_official_one(space):
    # read off the meta file of the release (NATS-sss-v1_0-50262)
    official = {0: "8:8:8:8:8", 1: "8:8:8:8:16", 11: "8:8:8:16:32", 284: "8:8:40:32:40", 32767: "64:64:64:64:64"}
    assert space.index(space.parse(list(official.values()))).tolist() == list(official)
    assert space.format(space.unindex(np.array(list(official)))) == list(official.values())


def test_the_whole_list_of_the_release_is_in_order(space, shared):
    path = shared / "nats-bench-sample/NATS-sss-v1_0-50262-simple/meta.pickle.pbz2"
    texts = load_plain(bz2.decompress(path.read_bytes()), path.name)["meta_archs"]
    assert space.format(space.rows) == texts
    assert (space.index(space.parse(texts)) == np.arange(32_768)).all()


@pytest.mark.parametrize("text", ["8:16:24:32", "8:16:24:32:72", "8:16:24:32:64:64", "8:16:24:32:-8", "8 16 24 32 64"])
def test_a_malformed_text_is_refused(space, text):
    with pytest.raises(InvalidArchitecture, match="example: "):
        space.parse([text])


def test_every_network_has_35_neighbours_and_is_a_chain(space):
    _, owner = space.neighbors(space.rows[[0, 7, 32767]])
    assert np.bincount(owner).tolist() == [35, 35, 35]
    graphs = space.graphs(space.parse(["8:16:24:32:64"]))
    assert np.argwhere(graphs.adjacency[0]).tolist() == [[i, i + 1] for i in range(6)]
    assert [graphs.vocabulary[i] for i in graphs.operations[0]] == ["input", "8", "16", "24", "32", "64", "output"]


# "flop" and "params" (both in millions) of the NATS-Bench release, files 000000, 000011 and 000284.
OFFICIAL_SIZES = {
    "8:8:8:8:8": [(4.481114, 0.011714), (4.481924, 0.012524), (1.121336, 0.012704)],
    "8:8:8:16:32": [(6.84065, 0.049202), (6.84362, 0.052172), (1.71404, 0.052832)],
    "8:8:40:32:40": [(21.827994, 0.144834), (21.831684, 0.148524), (5.461816, 0.149344)],
}


@pytest.mark.parametrize(("place", "n_classes", "image_size"), [(0, 10, 32), (1, 100, 32), (2, 120, 16)])
def test_sizes_of_networks_are_the_official_ones(space, place, n_classes, image_size):
    size = space.network_size(space.parse(list(OFFICIAL_SIZES)), n_classes=n_classes, image_size=image_size)
    expected = np.array([numbers[place] for numbers in OFFICIAL_SIZES.values()]) * 1e6
    np.testing.assert_array_equal(size.flops, expected[:, 0].round())
    np.testing.assert_array_equal(size.n_params, expected[:, 1].round())


def test_a_network_of_one_is_worth_the_same_as_among_all(space):
    together = space.network_size(space.rows)
    for row in (0, 11, 32767):
        alone = space.network_size(space.rows[row : row + 1])
        assert (alone.flops.tolist(), alone.n_params.tolist()) == ([together.flops[row]], [together.n_params[row]])
