"""Encodings against examples counted by hand, and the properties that they guarantee."""

import numpy as np
import pytest

from nasbench.encodings import CountEncoding, list_encodings, make_encoding
from nasbench.encodings._functional import find_functional_paths
from nasbench.encodings.functional_path import FunctionalPathEncoding
from nasbench.encodings.wl import WeisfeilerLehmanEncoding
from nasbench.errors import InvalidOption, UnknownName
from nasbench.registry import ENCODINGS, SPACES

SMALL = ("darts", "macro", "nats_sss", "nb101", "nb201", "nbgraph", "tnb101_macro", "tnb101_micro", "hyper", "nbnlp")


def space_named(name):
    return SPACES.load(name)()


@pytest.mark.parametrize("name", SMALL)
def test_every_encoding_of_every_space(name, rng):
    space = space_named(name)
    archs = space.sample(12, rng)
    for label in list_encodings(space):
        encoding = make_encoding(space, label)
        encoding.fit(archs)
        features = encoding.encode(archs)
        assert features.shape == (12, len(encoding.groups))
        assert features.dtype == np.float64
        assert np.isfinite(features).all()
        assert encoding.groups.max(initial=0) < encoding.n_groups
        np.testing.assert_array_equal(encoding.encode(archs[3:5]), features[3:5])
        np.testing.assert_array_equal(encoding.sparse(archs).toarray(), features)
        alike = encoding.alike(archs)
        for i in range(12):
            for j in np.flatnonzero(alike == alike[i]):
                np.testing.assert_array_equal(features[i], features[j])


def test_functional_paths_of_a_cell_counted_by_hand():
    space = space_named("nb201")
    # conv3x3 into node 1, skip into 2 from 0, pool into 2 from 1; into 3: none from 0, conv1x1 from 1, skip from 2
    text = "|nor_conv_3x3~0|+|skip_connect~0|avg_pool_3x3~1|+|none~0|nor_conv_1x1~1|skip_connect~2|"
    paths = find_functional_paths(space, space.parse([text]))
    # working operations in the order of the vocabulary: conv1x1, conv3x3, pool
    assert sorted(paths.counts.tolist()) == sorted([[1, 1, 0], [0, 0, 0], [0, 1, 1]])
    statistics = make_encoding(space, "path_statistics").encode(space.parse([text]))[0]
    assert statistics.tolist() == [1, 3, 2, 1, 1, 1, 0, 0, 0, 0]
    operations = make_encoding(space, "live_operations").encode(space.parse([text]))[0]
    assert operations.tolist() == [0, 2, 1, 1, 1]


def test_a_dead_cell_has_no_paths():
    space = space_named("nb201")
    nothing = np.zeros((1, 6), dtype=np.int8)
    assert len(find_functional_paths(space, nothing).owner) == 0
    assert not make_encoding(space, "path_statistics").encode(nothing).any()


def test_the_order_of_operations_counts_in_paths_but_not_in_bags():
    space = space_named("nb201")
    chain = "|{}~0|+|none~0|{}~1|+|none~0|none~1|{}~2|"
    a, b = "nor_conv_3x3", "avg_pool_3x3"
    archs = space.parse([chain.format(a, b, "skip_connect"), chain.format(b, a, "skip_connect")])
    bag, path = (make_encoding(space, label) for label in ("path_bag", "functional_path"))
    for encoding in (bag, path):
        encoding.fit(archs)
    assert (bag.encode(archs)[0] == bag.encode(archs)[1]).all()
    assert (path.encode(archs)[0] != path.encode(archs)[1]).any()


@pytest.mark.parametrize("name", ["nb201", "tnb101_micro", "nb101"])
@pytest.mark.parametrize("label", ["functional_path", "path_bag", "path_statistics", "wl,depth=2", "canonical"])
def test_isomorphic_architectures_look_the_same(name, label, rng):
    """Up to the benchmark's own isomorphism: NAS-Bench-201's distinguishes a sum from its only term."""
    space = space_named(name)
    archs = space.sample(200, rng)
    twins = space.canonicalize(archs)
    encoding = make_encoding(space, label)
    encoding.fit(np.concatenate([archs, twins]))
    if label.startswith("wl"):  # labels see identities, which the paper's isomorphism contracts
        same = (archs == twins).all(axis=1)
        archs, twins = archs[same], twins[same]
    np.testing.assert_array_equal(encoding.encode(archs), encoding.encode(twins))


@pytest.mark.parametrize("make", [FunctionalPathEncoding, WeisfeilerLehmanEncoding])
def test_looked_up_features_equal_computed_ones(make, rng):
    """The order of columns may differ; inner products and lengths may not."""
    space = space_named("nb201")
    known, others = space.sample(30, rng), space.sample(50, rng)
    computed = make(space)
    looked_up = make_encoding(space, "wl" if make is WeisfeilerLehmanEncoding else "functional_path")
    for encoding in (computed, looked_up):
        encoding.fit(known)
    ours, theirs = (
        np.concatenate([encoding.encode(known), encoding.encode(others)]) for encoding in (computed, looked_up)
    )
    np.testing.assert_allclose((ours @ ours[:30].T), theirs @ theirs[:30].T, atol=1e-9)
    np.testing.assert_allclose((ours**2).sum(axis=1), (theirs**2).sum(axis=1), atol=1e-9)


def test_what_was_not_seen_keeps_lengths_exact(rng):
    space = space_named("darts")
    encoding = make_encoding(space, "functional_path")
    assert isinstance(encoding, CountEncoding)
    known, other = space.sample(5, rng), space.sample(40, rng)
    encoding.fit(known)
    partial = encoding.encode(other)
    assert partial[:, -1].any()
    encoding.fit(np.concatenate([known, other]))
    np.testing.assert_allclose((partial**2).sum(axis=1), (encoding.encode(other) ** 2).sum(axis=1))


@pytest.mark.parametrize("name", ["darts", "nb201"])
def test_what_was_not_seen_keeps_weighted_distances_exact(name, rng):
    """For any group weights, as if everything had been seen. NAS-Bench-201 is looked up, DARTS is counted."""
    space = space_named(name)
    encoding, weights = make_encoding(space, "wl,depth=2"), rng.random(5)
    known, other = space.sample(5, rng), space.sample(40, rng)

    def distances():
        a, b = (encoding.encode(archs) * weights[encoding.groups] for archs in (known, other))
        return ((a[:, None] - b[None]) ** 2).sum(axis=2)

    encoding.fit(known)
    assert encoding.encode(other)[:, -3:].any()
    partial = distances()
    encoding.fit(np.concatenate([known, other]))
    np.testing.assert_allclose(partial, distances())


def test_features_are_kept_on_disk_and_a_damaged_file_is_replaced(home, rng):
    space = space_named("tnb101_micro")
    archs = space.sample(20, rng)
    first = make_encoding(space, "wl,depth=1")
    first.fit(archs)
    (path,) = (home / "features").glob("tnb101_micro-*.npz")
    for content in (path.read_bytes(), b"not a file of ours"):
        path.write_bytes(content)
        again = make_encoding(space_named("tnb101_micro"), "wl,depth=1")
        again.fit(archs)
        np.testing.assert_array_equal(again.encode(archs), first.encode(archs))
    assert path.read_bytes() != b"not a file of ours"


def test_wrong_names_are_explained():
    space = space_named("hyper")
    with pytest.raises(UnknownName, match="wl"):
        make_encoding(space, "wll")
    with pytest.raises(UnknownName, match="depth"):
        make_encoding(space, "wl,deep=3")
    with pytest.raises(InvalidOption, match="expected 0 to 10"):
        make_encoding(space, "wl,depth=11")
    with pytest.raises(InvalidOption, match="in, out, both"):
        make_encoding(space, "wl,direction=up")
    assert "one_hot" in list_encodings(space)
    assert set(ENCODINGS.names()) <= set(list_encodings(space_named("nb201")))


def test_side_by_side_keeps_groups_apart(rng):
    space = space_named("nb201")
    encoding = make_encoding(space, "live_operations+wl,depth=1,direction=in+decisions")
    archs = space.sample(9, rng)
    encoding.fit(archs)
    assert encoding.n_groups == 1 + 2 + 6
    assert len(np.unique(encoding.groups)) == 9
