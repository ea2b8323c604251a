"""NAS-Bench-101: the published counts, the published hashes, and isomorphism by brute force."""

import json
import os
from itertools import permutations

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.spaces import _nb101_cells as cells
from nasbench.spaces.nb101 import NASBench101

OPERATIONS = ["conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3"]

# First entry of the official file, hash -> cell, as the tests of other projects quote it (searchspace_train, expgym).
OFFICIAL = {
    "00005c142e6f48ac74fdcf73e3439874": {
        "matrix": [
            [0, 1, 0, 0, 1, 1, 0],
            [0, 0, 1, 0, 0, 0, 0],
            [0, 0, 0, 1, 0, 0, 1],
            [0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 0, 1, 0],
            [0, 0, 0, 0, 0, 0, 1],
            [0, 0, 0, 0, 0, 0, 0],
        ],
        "ops": ["input", *(OPERATIONS[i] for i in (0, 2, 0, 0, 1)), "output"],
    },
}


@pytest.fixture(scope="module")
def space():
    return NASBench101()


def graph(matrix, digits, space):
    return space.from_graph(matrix, ["input", *(OPERATIONS[i] for i in digits), "output"])


def reaches(matrix, start, end):
    """Depth-first search, written without any of the space's code."""
    return start == end or any(reaches(matrix, w, end) for w in range(start + 1, len(matrix)) if matrix[start][w])


def pruned_by_hand(row):
    """Matrix and digits of the vertices between input and output; None where they are not connected."""
    matrix = np.zeros((7, 7), dtype=int)
    matrix[np.triu_indices(7, k=1)] = row[:21]
    if not reaches(matrix, 0, 6):
        return None
    kept = [v for v in range(7) if reaches(matrix, 0, v) and reaches(matrix, v, 6)]
    return matrix[np.ix_(kept, kept)], [row[20 + v] for v in kept[1:-1]]


def smallest_form(matrix, digits):
    """Smallest of all relabellings, forward or not: equal exactly for isomorphic cells."""
    n = len(digits)
    forms = []
    for order in permutations(range(n)):
        place = [0, *(v + 1 for v in order), n + 1]
        forms.append((matrix[np.ix_(place, place)].tolist(), [digits[v] for v in order]))
    return json.dumps(min(forms), default=int)


def test_it_has_the_published_number_of_cells(space):
    """Ying et al. 2019, section 2: 423,624; the smaller ones are what the authors' generate_graphs.py logs."""
    assert [len(cells.list_unique_cells(v)) for v in range(2, 8)] == [1, 6, 84, 2441, 62010, 359082]
    rows = space.unique_cells()
    assert rows.shape == (423_624, 26)
    assert len(np.unique(rows, axis=0)) == 423_624
    assert len(space.unique_cells(5)) == 2_532
    assert (space.canonicalize(rows[::97]) == rows[::97]).all()


@pytest.mark.slow
@pytest.mark.skipif(not os.environ.get("NASBENCH_SLOW"), reason="hashes 423,624 cells; set NASBENCH_SLOW=1 to run")
def test_every_cell_has_a_hash_of_its_own(space):
    assert len(set(space.hashes(space.unique_cells()))) == 423_624


@pytest.mark.parametrize("keys", [("matrix", "ops"), ("module_adjacency", "module_operations")])
def test_official_cells_have_their_official_hash(space, keys):
    for official, (matrix, ops) in ((name, cell.values()) for name, cell in OFFICIAL.items()):
        archs = space.parse([json.dumps(dict(zip(keys, (matrix, ops), strict=True)))])
        assert space.hashes(archs) == [official]
        assert space.hashes(space.canonicalize(archs)) == [official]


def test_all_generated_graphs_have_their_official_hash(space, shared):
    """The output of the authors' generate_graphs.py for up to 4 and up to 5 vertices."""
    for name, n_vertices, count in (("4V9E", 4, 91), ("5V9E", 5, 2532)):
        published = json.loads((shared / "nb101" / f"generated_graphs_{name}.json").read_text())
        archs = np.concatenate([graph(matrix, labels[1:-1], space) for matrix, labels in published.values()])
        assert len(published) == count
        assert space.hashes(archs) == list(published)
        expected = space.unique_cells(n_vertices)
        assert (np.unique(space.canonicalize(archs), axis=0) == np.unique(expected, axis=0)).all()


def test_rows_share_a_canonical_form_exactly_if_isomorphic(space, rng):
    """By brute force over all orders, on graphs with few vertices, where classes meet often."""
    rows = space.sample(40_000, rng)
    rows[:, 21:] %= 2
    small = [row for row in rows if len(pruned_by_hand(row.tolist())[1]) <= 3][:1500]
    forms = [smallest_form(*pruned_by_hand(row.tolist())) for row in small]
    canonical = [row.tobytes() for row in space.canonicalize(np.array(small))]
    hashes = space.hashes(np.array(small))
    assert len(set(forms)) == len(set(canonical)) == len(set(hashes)) > 100
    assert len(set(zip(forms, canonical, hashes, strict=True))) == len(set(forms))


def test_canonical_does_not_depend_on_the_numbering(space, rng):
    """Renumber the inner vertices wherever all edges still point forward."""
    n_tried = 0
    for row in space.sample(60, rng):
        matrix = np.zeros((7, 7), dtype=int)
        matrix[np.triu_indices(7, k=1)] = row[:21]
        for _ in range(200):
            order = rng.permutation(5)
            place = [0, *(order + 1), 6]
            moved = matrix[np.ix_(place, place)]
            if not np.tril(moved).any():
                other = graph(moved, row[21:][order], space)
                assert (space.canonicalize(other) == space.canonicalize(row[None])).all()
                n_tried += 1
    assert n_tried > 300


def test_a_canonical_row_is_pruned(space, rng):
    rows = space.sample(300, rng)
    for row, canonical in zip(rows.tolist(), space.canonicalize(rows).tolist(), strict=True):
        matrix, digits = pruned_by_hand(row)
        assert sum(canonical[:21]) == matrix.sum()
        assert sorted(canonical[21 : 21 + len(digits)]) == sorted(digits)
        assert not any(canonical[21 + len(digits) :])


def test_validity_is_that_of_the_benchmark(space, rng):
    """Connected once pruned, and then at most nine edges: model_spec.py and api.py of the authors."""
    rows = np.concatenate([rng.integers(0, 2, (2000, 21)), rng.integers(0, 3, (2000, 5))], axis=1).astype(np.int8)
    found = [pruned_by_hand(row) for row in rows.tolist()]
    expected = [cell is not None and cell[0].sum() <= 9 for cell in found]
    assert space.is_valid(rows).tolist() == expected
    assert 0.2 < np.mean(expected) < 0.95


def test_more_than_nine_edges_are_valid_if_pruning_removes_them(space):
    row = np.zeros((1, 26), dtype=np.int8)
    row[0, [e for e, (i, _) in enumerate(cells.EDGES) if i > 0]] = 1  # 15 edges, none from the input
    assert not space.is_valid(row).any()
    row[0, cells.EDGES.index((0, 6))] = 1
    assert space.is_valid(row).all()
    assert space.canonicalize(row).sum() == 1


def test_every_row_can_be_reached_by_edits(space):
    """Operations change freely, so it is enough that the valid edge bits are connected by single flips."""
    valid = cells.compute_pruned_masks() != 0
    reached = np.zeros_like(valid)
    front = np.array([1 << 20 >> cells.EDGES.index((0, 6))])
    while len(front):
        reached[front] = True
        found = (front[:, None] ^ (1 << np.arange(21))).ravel()
        front = np.unique(found[valid[found] & ~reached[found]])
    assert (reached == valid).all()


def test_samples_are_what_rejection_gives(space, rng):
    """The authors draw all bits and reject: the number of edges set must be spread alike."""
    bits = rng.integers(0, 2, (60_000, 21), dtype=np.int8)
    drawn = np.concatenate([bits, np.zeros((len(bits), 5), dtype=np.int8)], axis=1)
    accepted = drawn[space.is_valid(drawn)][:, :21].sum(axis=1)
    sampled = space.sample(len(accepted), rng)
    counts = [np.bincount(n, minlength=22)[5:15] for n in (accepted, sampled[:, :21].sum(axis=1))]
    difference = (counts[0] - counts[1]) ** 2 / (counts[0] + counts[1])
    assert difference.sum() < 29.6  # 99.9 % quantile of chi-square with 10 degrees of freedom
    digits = np.bincount(sampled[:, 21:].ravel(), minlength=3) / sampled[:, 21:].size
    assert np.abs(digits - 1 / 3).max() < 0.01


def test_text_keeps_the_row_as_written(space):
    text = "100110/10000/1001/010/10/1:3p331"
    archs = space.parse([text, json.dumps(OFFICIAL["00005c142e6f48ac74fdcf73e3439874"])])
    assert (archs[0] == archs[1]).all()
    assert space.format(archs) == [text, text]
    assert not (space.canonicalize(archs) == archs).all()


def test_a_small_graph_takes_the_first_vertices_and_the_output(space):
    text = json.dumps({"matrix": [[0, 1, 1], [0, 0, 1], [0, 0, 0]], "ops": ["input", OPERATIONS[2], "output"]})
    assert space.format(space.parse([text])) == ["100001/00001/0000/000/00/0:p3333"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("100110/10000/1001/010/10/1:3p33", "expected 6/5/4/3/2/1 bits"),
        ("100110/10000/1001/010/10/1:3p332", "expected 6/5/4/3/2/1 bits"),
        ("000000/10000/1001/010/10/1:3p331", "no path from input to output"),
        ("111111/11111/1111/111/11/1:33333", "21 edges lie on paths from input to output; at most 9"),
        ("{", "cannot read"),
        ("{}", "expected the keys"),
        ('{"matrix": [[0, 1], [0, 0]], "ops": ["input"]}', "from 2 to 7"),
        ('{"matrix": 3, "ops": ["input", "output"]}', "from 2 to 7"),
        ('{"matrix": [[0, 1], [0, 0]], "ops": 5}', "cannot read"),
        ('{"matrix": [[0, 1], [1, 0]], "ops": ["input", "output"]}', "above the diagonal"),
        ('{"matrix": [[0, 2], [0, 0]], "ops": ["input", "output"]}', "zeros and ones"),
        ('{"matrix": [[0, 0], [0, 0]], "ops": ["input", "output"]}', "not an architecture of space"),
        ('{"matrix": [[0, 1], [0, 0]], "ops": ["input", "input"]}', "expected input"),
        ('{"matrix": [[0, 1, 0], [0, 0, 1], [0, 0, 0]], "ops": ["input", "conv5x5", "output"]}', "conv5x5"),
    ],
)
def test_a_malformed_text_is_refused(space, text, says):
    with pytest.raises(InvalidArchitecture, match=says):
        space.parse([text])


def test_path_encoding_has_a_bit_for_each_sequence(space):
    cell = graph([[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], [1, 2], space)
    path = space.encode(cell, "path")
    assert path.shape == (1, 364)  # White et al. 2021 (BANANAS), section 4: 3^0 + 3^1 + ... + 3^5
    assert np.flatnonzero(path[0]).tolist() == [0, 1 + 3 + 1 * 3 + 2]
    assert space.encode(cell, "one_hot").shape == (1, 21 * 2 + 5 * 3)
    assert space.encode(cell, "adjacency").shape == (1, 21 + 7 * 6)


def test_encodings_of_the_computation_ignore_idle_vertices(space, rng):
    rows = space.sample(200, rng)
    graphs = space.graphs(rows)
    for row, adjacency, operations in zip(rows.tolist(), graphs.adjacency, graphs.operations, strict=True):
        matrix, digits = pruned_by_hand(row)
        kept = [v for v in range(7) if graphs.vocabulary[operations[v]] != "unused"]
        assert (adjacency[np.ix_(kept, kept)] == matrix).all()
        assert adjacency.sum() == matrix.sum()
        assert [graphs.vocabulary[operations[v]] for v in kept[1:-1]] == [OPERATIONS[digit] for digit in digits]


def test_isomorphic_rows_have_the_same_paths(space, rng):
    rows = space.sample(500, rng)
    assert (space.encode(rows, "path") == space.encode(space.canonicalize(rows), "path")).all()


def test_only_two_to_seven_vertices_are_listed(space):
    for wrong in (1, 8):
        with pytest.raises(InvalidOption, match="2 to 7"):
            space.unique_cells(wrong)
