"""OTMANN: the cost of transforming the layers of one architecture into those of another.

Kandasamy et al. 2018, arXiv 1802.07191. Mass may move between layers. The cost is the mismatch of their labels plus
the difference of their distances from input and output; unmatched mass costs one. In a cell, all layers have the same
mass, so the transport is an assignment problem: one for each family of labels that may match. The input matches only
the input, and the output only the output.
"""

import math
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import permutations
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.encodings import LiveGraphs, compute_live_graphs
from nasbench.spaces import SearchSpace

_ENDS = 0.1  # mass of the input, and of the output, relative to the mass of all layers
_UNMATCHED = 1.0  # cost of a unit of unmatched mass on either side
_MOST_TRIED = 720  # up to this many matchings, enumeration for many pairs at once is faster than single assignments


class OtmannLayers(NamedTuple):
    """Architectures as sets of layers, sorted so that equal sets are equal arrays.

    Attributes:
        counts: [n, 3] number of layers of each family: convolutions, poolings, others.
        labels: [n, v] positions in a vocabulary, in the order of the families; -1 after the last layer.
        profiles: [n, v, p] lengths of the paths from the input and to the output.
        ends: [n, 2, p] the same lengths for the input and the output.
    """

    counts: Ints
    labels: Ints
    profiles: Floats
    ends: Floats

    def take(self, rows: Ints) -> "OtmannLayers":
        """Return the architectures at ``rows`` [m]."""
        return OtmannLayers(self.counts[rows], self.labels[rows], self.profiles[rows], self.ends[rows])


def compute_label_penalties(names: tuple[str, ...]) -> tuple[Ints, Floats]:
    """Return the family [k] of each operation, and the cost of a mismatch within a family, ``[k, k]``.

    As in the authors' code: convolutions cost sqrt(2) / 10 times the root of the difference of their kernel sizes; if
    they are of different kinds, this cost moves a tenth of the way towards 1. Poolings cost 0.5. Others cost 0.25,
    like activations of different families.
    """
    family = np.array([0 if "conv" in name else 1 if "pool" in name else 2 for name in names])
    found = [re.search(r"(\d+)x\1", name) for name in names]
    sizes = np.array([float(size[1]) if size else 0.0 for size in found])
    kinds = np.array([re.sub(r"\d+x\d+", "", name) for name in names])
    raw = np.sqrt(2 * np.abs(sizes[:, None] - sizes)) / 10
    convolutions = np.where(kinds[:, None] == kinds, raw, 0.9 * raw + 0.1)
    penalty = np.where(family == 0, convolutions, np.where(family == 1, 0.5, 0.25))
    np.fill_diagonal(penalty, 0.0)
    return family, penalty


def extract_layers(space: SearchSpace, archs: Archs) -> OtmannLayers:
    """Return the layers of architectures [n, d]: live vertices whose operation changes its input."""
    graphs = compute_live_graphs(space, archs)
    family, _ = compute_label_penalties(graphs.vocabulary)
    layer = graphs.live & np.isin(graphs.operations, graphs.working)
    of_family = np.where(layer, family[graphs.operations], 3)
    counted = np.stack([layer, *(of_family == f for f in range(3))], axis=2)
    profiles = _compute_path_lengths(graphs, counted)
    labels = np.where(layer, graphs.operations, -1)
    counts = np.stack([(of_family == f).sum(axis=1) for f in range(3)], axis=1)
    keys = (*np.moveaxis(profiles, 2, 0)[::-1], labels, of_family)
    order = np.lexsort(keys, axis=1)
    ends = np.stack(
        [_find_end_profile(graphs, profiles, position) for position in (0, len(graphs.vocabulary) - 1)], axis=1
    )
    sorted_profiles = np.where(layer[:, :, None], profiles, 0.0)
    return OtmannLayers(
        counts,
        np.take_along_axis(labels, order, axis=1),
        np.take_along_axis(sorted_profiles, order[:, :, None], axis=1),
        ends,
    )


def _find_end_profile(graphs: LiveGraphs, profiles: Floats, operation: int) -> Floats:
    """Return the profile [n, p] of the first live vertex with ``operation``; zero if there is none."""
    there = graphs.live & (graphs.operations == operation)
    found = profiles[np.arange(len(there)), there.argmax(axis=1)]
    return np.where(there.any(axis=1)[:, None], found, 0.0)


def _compute_path_lengths(graphs: LiveGraphs, counted: Bools) -> Floats:
    """Return the shortest, longest and random-walk number of ``counted`` layers before and after each vertex.

    Args:
        graphs: n graphs of v vertices.
        counted: [n, v, q] whether a vertex counts as a layer, for each of q ways to count.

    Returns:
        ``[n, v, 6 q]``, zero for dead vertices.
    """
    before = _compute_lengths_before(graphs.adjacency, counted)
    after = _compute_lengths_before(graphs.adjacency[:, ::-1, ::-1].swapaxes(1, 2), counted[:, ::-1])[:, ::-1]
    return np.concatenate([before, after], axis=3).reshape(*counted.shape[:2], -1)


def _compute_lengths_before(adjacency: Bools, counted: Bools) -> Floats:
    """Return ``[n, v, q, 3]`` the same numbers for the layers before each vertex."""
    lengths = np.zeros((*counted.shape, 3))
    for j in range(1, counted.shape[1]):
        there = adjacency[:, :j, j, None]
        through = lengths[:, :j] + counted[:, :j, :, None]
        some = there.any(axis=1)
        lengths[:, j, :, 0] = np.where(some, np.where(there, through[..., 0], np.inf).min(axis=1), 0)
        lengths[:, j, :, 1] = np.where(there, through[..., 1], 0).max(axis=1)
        lengths[:, j, :, 2] = np.where(there, through[..., 2], 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    return lengths


def compute_total_mass(x: OtmannLayers) -> Floats:
    """Return ``[n]`` the total mass of layers, input and output."""
    mass: Floats = x.counts.sum(axis=1) * (1 + 2 * _ENDS)
    return mass


def compute_distances(x: OtmannLayers, y: OtmannLayers, penalty: Floats, weights: tuple[float, ...]) -> Floats:
    """Return the OTMANN distances between n and m architectures, for each of k weights of the structural penalty.

    Matching mass at cost c saves the cost of leaving both sides unmatched, minus c.

    Args:
        x: n architectures.
        y: m architectures.
        penalty: label costs, see ``compute_label_penalties``.
        weights: [k] weights of the mean difference of the path lengths.

    Returns:
        ``[k, n, m]``.
    """
    everything = _UNMATCHED * (compute_total_mass(x)[:, None] + compute_total_mass(y))
    saved = np.stack([_compute_savings_at_ends(x, y, weight) for weight in weights])
    for family in range(3):
        saved += _compute_savings_of_matching(x, y, family, penalty, weights)
    apart: Floats = (everything - saved).clip(min=0)
    return apart


def _compute_savings_at_ends(x: OtmannLayers, y: OtmannLayers, weight: float) -> Floats:
    mass = _ENDS * np.minimum(x.counts.sum(axis=1)[:, None], y.counts.sum(axis=1))
    saved = np.zeros(mass.shape)
    for end in range(2):
        apart = cdist(x.ends[:, end], y.ends[:, end], "cityblock") / x.ends.shape[2]
        saved += mass * (2 * _UNMATCHED - weight * apart).clip(min=0)
    return saved


def _compute_savings_of_matching(
    x: OtmannLayers, y: OtmannLayers, family: int, penalty: Floats, weights: tuple[float, ...]
) -> Floats:
    """Return the savings of the best matching of one family's layers, for groups of architectures with equal counts."""
    saved = np.zeros((len(weights), len(x.counts), len(y.counts)))
    of_y = list(_group_by_layers(y, family))
    for a, rows, label1, profile1 in _group_by_layers(x, family):
        for b, columns, label2, profile2 in of_y:
            mislabelled = penalty[label1[:, None], label2]
            apart = cdist(profile1, profile2, "cityblock") / profile1.shape[1]
            gain = (2 * _UNMATCHED - mislabelled - np.multiply.outer(weights, apart)).clip(min=0)
            pairs = gain.reshape(-1, len(rows), a, len(columns), b).swapaxes(2, 3).reshape(-1, a, b)
            saved[:, rows[:, None], columns] = find_best_matching(pairs).reshape(-1, len(rows), len(columns))
    return saved


def _group_by_layers(x: OtmannLayers, family: int) -> Iterator[tuple[int, Ints, Ints, Floats]]:
    """Group architectures by their number of layers of a family.

    Yields:
        The number k > 0, the rows [n] with k layers, and the labels [n * k] and profiles [n * k, p] of these layers.
    """
    count, first = x.counts[:, family], x.counts[:, :family].sum(axis=1)
    for k in np.unique(count[count > 0]).tolist():
        rows = np.flatnonzero(count == k)
        at = (rows[:, None], first[rows, None] + np.arange(k))
        yield k, rows, x.labels[at].ravel(), x.profiles[at].reshape(-1, x.profiles.shape[2])


def find_best_matching(gain: Floats) -> Floats:
    """Return ``[n]`` the largest sum of ``gain`` [n, a, b] >= 0 over matchings of a rows with b columns."""
    if gain.shape[1] < gain.shape[2]:
        gain = gain.swapaxes(1, 2)
    if math.perm(*gain.shape[1:]) > _MOST_TRIED:
        chosen = (linear_sum_assignment(matrix, maximize=True) for matrix in gain)
        return np.array([matrix[pairs].sum() for matrix, pairs in zip(gain, chosen, strict=True)])
    rows = _list_choices(*gain.shape[1:])
    saved = gain[:, rows[0], 0]
    for column in range(1, gain.shape[2]):
        saved += gain[:, rows[column], column]
    best: Floats = saved.max(axis=1)
    return best


@lru_cache
def _list_choices(a: int, b: int) -> Ints:
    """Return all ways to give b columns different rows out of a; ``[b, ways]``."""
    return np.array(list(permutations(range(a), b))).T
