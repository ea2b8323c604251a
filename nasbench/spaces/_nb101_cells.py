"""The graphs of NAS-Bench-101 as integers: pruning, isomorphism, and the official hash.

A row is 21 edge bits, (0, 1), (0, 2) ... (5, 6), then the operations of vertices 1 to 5. Its *mask*
reads the bits as one number, with the first edge most significant. Properties of the edges alone are
tabulated for all 2**21 masks; isomorphism takes one matrix product over the 120 orders of five vertices.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from itertools import permutations, product

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Bools, Floats, Ints

N_VERTICES, MAX_EDGES, N_OPERATIONS = 7, 9, 3
EDGES = tuple((i, j) for i in range(N_VERTICES) for j in range(i + 1, N_VERTICES))
N_EDGES, INTERIOR = len(EDGES), range(1, N_VERTICES - 1)
_OUTPUT = N_VERTICES - 1
N_LABELINGS: int = N_OPERATIONS ** len(INTERIOR)
_MASK_WEIGHTS = 2.0 ** np.arange(N_EDGES, dtype=np.float32)[::-1]  # sums are exact in float32: 21 < 24 bits
_BACKWARD = -(2.0**45)  # outweighs every other term of a key; all sums stay exact in float64
_CHUNK = 4096

Masks = npt.NDArray[np.int32]


def compute_masks(archs: Archs) -> Ints:
    """Return the edges of each row [n, 26] as one number; ``[n]``."""
    return (archs[:, :N_EDGES].astype(np.float32) @ _MASK_WEIGHTS).astype(np.int64)


def compute_bits(masks: Ints) -> Archs:
    """Return the edge bits of each mask; the inverse of ``compute_masks``, ``[n, 21]``."""
    return (masks[:, None] >> np.arange(N_EDGES)[::-1] & 1).astype(np.int8)


@cache
def compute_pruned_masks() -> Masks:
    """Return [2**21] the edges of each mask that lie on a path from input to output; 0 if the cell is invalid.

    Invalid are masks without such a path, and masks with more than nine edges on such paths.
    """
    masks = np.arange(2**N_EDGES, dtype=np.int32)
    present = [(masks >> shift & 1).astype(bool) for shift in range(N_EDGES)[::-1]]
    forward, backward = ([np.zeros(len(masks), dtype=bool) for _ in range(N_VERTICES)] for _ in range(2))
    forward[0][:] = backward[_OUTPUT][:] = True
    for (source, target), edge in zip(EDGES, present, strict=True):
        forward[target] |= forward[source] & edge
    for (source, target), edge in zip(EDGES[::-1], present[::-1], strict=True):
        backward[source] |= backward[target] & edge
    used = [a & b for a, b in zip(forward, backward, strict=True)]
    pruned, n_edges = np.zeros_like(masks), np.zeros(len(masks), dtype=np.uint8)
    for shift, (source, target), edge in zip(range(N_EDGES)[::-1], EDGES, present, strict=True):
        kept = used[source] & used[target] & edge
        pruned |= kept.astype(np.int32) << shift
        n_edges += kept
    pruned[n_edges > MAX_EDGES] = 0
    return pruned


def find_used_vertices(masks: Ints) -> Bools:
    """Return which of the vertices 1 to 5 have an edge in each pruned mask; ``[n, 5]``."""
    ends = [sum(1 << (N_EDGES - 1 - e) for e, edge in enumerate(EDGES) if v in edge) for v in INTERIOR]
    used: Bools = masks[:, None] & np.array(ends) != 0
    return used


@cache
def _order_weights() -> Floats:
    """Return the weights [31, 120] that map the features of a row to its key in every order of the five vertices.

    Features are the 21 edges, the operation digit of each vertex, and whether it is used. A key is
    the five used bits, then the mask, then the operations in base 3.
    """
    orders = list(permutations(INTERIOR))
    weights = np.empty((N_EDGES + 2 * len(INTERIOR), len(orders)))
    place = {edge: N_LABELINGS * 2.0 ** (N_EDGES - 1 - e) for e, edge in enumerate(EDGES)}
    for column, order in enumerate(orders):
        new = [0, *order, _OUTPUT]
        edges = [place.get((new[i], new[j]), _BACKWARD) for i, j in EDGES]
        digits = [float(N_OPERATIONS ** (INTERIOR[-1] - v)) for v in order]
        used = [N_LABELINGS * 2.0 ** (N_EDGES + INTERIOR[-1] - v) for v in order]
        weights[:, column] = [*edges, *digits, *used]
    return weights


def compute_canonical_keys(masks: Ints, digits: Archs) -> Ints:
    """Return the largest key over all orders of the vertices in which every edge points forward; ``[n]``.

    Args:
        masks: [n] pruned masks.
        digits: [n, 5] operations of vertices 1 to 5; the digits of unused vertices are ignored.
    """
    used = find_used_vertices(masks)
    features = np.concatenate([compute_bits(masks), digits * used, used], axis=1, dtype=np.float64)
    parts = [
        (features[i : i + _CHUNK] @ _order_weights()).max(axis=1).astype(np.int64)
        for i in range(0, len(features), _CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)


def expand_keys(keys: Ints) -> Archs:
    """Return the rows of canonical keys; ``[n, 26]``."""
    digits = keys[:, None] // N_OPERATIONS ** np.arange(len(INTERIOR))[::-1] % N_OPERATIONS
    edges = compute_bits(keys // N_LABELINGS % 2**N_EDGES)
    return np.concatenate([edges, digits.astype(np.int8)], axis=1)


def list_unique_cells(n_vertices: int) -> Archs:
    """Return one row for each isomorphism class of cells with exactly ``n_vertices`` used vertices; ``[m, 26]``."""
    masks = np.flatnonzero(compute_pruned_masks() == np.arange(2**N_EDGES))
    n_used = n_vertices - 2
    wanted = np.arange(len(INTERIOR)) < n_used
    masks = masks[(masks > 0) & (find_used_vertices(masks) == wanted).all(axis=1)]
    blank = np.zeros((len(masks), len(INTERIOR)), dtype=np.int8)
    masks = masks[
        compute_canonical_keys(masks, blank) // N_LABELINGS % 2**N_EDGES == masks
    ]  # one graph per class, without labels
    labels = np.array(list(product(range(N_OPERATIONS), repeat=n_used)), dtype=np.int8).reshape(
        N_OPERATIONS**n_used, n_used
    )
    labels = np.pad(labels, ((0, 0), (0, len(INTERIOR) - n_used)))
    keys = compute_canonical_keys(np.repeat(masks, len(labels)), np.tile(labels, (len(masks), 1)))
    return expand_keys(np.unique(keys))


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@cache
def _digest_vertex(n_out: int, n_in: int, label: int) -> str:
    return _digest(f"({n_out}, {n_in}, {label})")


def compute_official_hash(edges: Sequence[tuple[int, int]], labels: Sequence[int]) -> str:
    """Return the benchmark's MD5 hash of one pruned graph.

    The hash of each vertex starts from its degrees and label. As many rounds as there are vertices then hash it
    with the sorted hashes of its neighbours; the sorted result is hashed once more. Labels are -1
    for the input, -2 for the output, and otherwise the position in the official list of operations.

    Args:
        edges: pairs of positions in ``labels``.
        labels: [v] one label per vertex.
    """
    n = len(labels)
    sources: list[list[int]] = [[] for _ in labels]
    targets: list[list[int]] = [[] for _ in labels]
    for source, target in edges:
        targets[source].append(target)
        sources[target].append(source)
    hashes = [_digest_vertex(len(targets[v]), len(sources[v]), labels[v]) for v in range(n)]
    for _ in range(n):
        hashes = [
            _digest(
                "|".join(
                    (
                        "".join(sorted([hashes[w] for w in sources[v]])),
                        "".join(sorted([hashes[w] for w in targets[v]])),
                        hashes[v],
                    )
                )
            )
            for v in range(n)
        ]
    return _digest(str(sorted(hashes)))
