"""NAS-Bench-Graph against the code of its authors, which the development install contains."""

import importlib.util
from itertools import product

import numpy as np
import pytest
from scipy import stats

from nasbench.errors import InvalidArchitecture, UnknownName
from nasbench.spaces.nbgraph import NASBenchGraph


@pytest.fixture(scope="module")
def space():
    return NASBenchGraph()


@pytest.fixture(scope="module")
def official():
    """The module of the official package that hashes architectures (the package itself imports more)."""
    spec = importlib.util.find_spec("nas_bench_graph")
    if spec is None:
        pytest.skip("the official package nas-bench-graph is not installed (pip install '.[dev]')")
    path = f"{spec.submodule_search_locations[0]}/architecture.py"
    module_spec = importlib.util.spec_from_file_location("official_architecture", path)
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    return module


def test_it_has_the_published_number_of_architectures(space):
    assert len(space.rows) == 26_206
    assert len(NASBenchGraph(operations=["gcn", "sage", "arma", "fc", "skip"]).rows) == 2_021


def test_every_index_gives_the_official_hash_and_back(space, official):
    hashes = space.hashes(space.unindex(np.arange(26_206)))
    texts = [str(number) for number in hashes]
    assert (space.index(space.parse(texts)) == np.arange(26_206)).all()
    for row, number in zip(space.rows.tolist(), hashes.tolist(), strict=True):
        arch = official.Arch(list(official.link_list[row[0]]), [official.gnn_list[i] for i in row[1:]])
        assert arch.valid_hash() == number


def test_canonical_agrees_with_the_official_code_on_every_combination(space, official):
    """All 9 shapes x 9^4 operations, valid or not."""
    raw = np.array([[shape, *ops] for shape, ops in product(range(9), product(range(9), repeat=4)) if ops != (8,) * 4])
    expected = [
        official.Arch(list(official.link_list[row[0]]), [official.gnn_list[i] for i in row[1:]]).valid_hash()
        for row in raw.tolist()
    ]
    assert space.hashes(space.canonicalize(raw)).tolist() == expected


def test_nodes_may_be_given_in_any_order(space, official):
    rng = np.random.default_rng(0)
    for _ in range(300):
        links = [0, *(int(rng.integers(i + 1)) for i in range(1, 4))]
        names = [official.gnn_list[i] for i in rng.integers(0, 8, size=4)]
        text = f"Arch({links}, {names})"
        assert space.hashes(space.parse([text]))[0] == official.Arch(links, names).valid_hash()


def test_published_draws_come_as_often_as_those_of_the_official_driver(space, official, rng):
    """Its draws, made with the official code: every list of inputs and every operation alike, except four ``skip``."""
    links = np.stack([rng.integers(0, i + 1, 6_000) for i in range(4)], axis=1)
    operations = rng.integers(0, 9, (6_000, 4))
    theirs = [
        official.Arch(inputs, [official.gnn_list[i] for i in row]).valid_hash()
        for inputs, row in zip(links.tolist(), operations.tolist(), strict=True)
        if row != [8] * 4
    ]
    ours = space.hashes(space.sample_as_published(60_000, rng))
    # the shape and the first operation, which moved identities change
    seen, expected = (np.bincount(np.array(one, dtype=np.int64) // 1000, minlength=90) for one in (theirs, ours))
    assert stats.chi2_contingency(np.stack([seen, expected])[:, expected > 50]).pvalue > 1e-3
    uniform = np.bincount(space.hashes(space.sample(60_000, rng)) // 1000, minlength=90)
    assert stats.chi2_contingency(np.stack([seen, uniform])[:, uniform > 50]).pvalue < 1e-9


def test_text_forms_agree(space):
    forms = ["0112:gcn,gin,cheb,fc", "61237", "Arch([0, 1, 2, 1], ['gcn', 'gin', 'fc', 'cheb'])"]
    parsed = space.parse(forms)
    assert parsed.tolist() == [[6, 1, 2, 3, 7]] * 3


@pytest.mark.parametrize(
    "text",
    [
        "0112:gcn,cheb,gin",
        "0172:gcn,cheb,gin,fc",
        "0132:a,b,c,d",
        "0011:skip,skip,skip,skip",
        "88888",
        "99999",
        "-1",
        "0312:gcn,gcn,gcn,gcn",
    ],
)
def test_a_malformed_text_is_refused(space, text):
    with pytest.raises(InvalidArchitecture):
        space.parse([text])


def test_an_unknown_operation_of_a_restricted_space_is_refused():
    with pytest.raises(UnknownName, match="'gcn'"):
        NASBenchGraph(operations=["gcm"])


def test_paths_run_from_the_input_to_each_leaf(space):
    chain, star = space.parse(["0123:gcn,gin,fc,gat", "0000:gat,gcn,gin,cheb"])
    paths = space.encode(np.stack([chain, star]), "path")
    assert paths.shape == (2, 9 + 81 + 729 + 6561)
    assert np.flatnonzero(paths[0]).tolist() == [819 + 1 * 729 + 2 * 81 + 7 * 9 + 0]
    assert np.flatnonzero(paths[1]).tolist() == [0, 1, 2, 3]
