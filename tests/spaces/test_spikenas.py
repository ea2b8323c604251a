"""The cells of SpikeNAS-Bench: official numbers, isomorphic networks by hand, and what the curves say of edges."""

import itertools

import numpy as np
import pytest

from nasbench.errors import InvalidArchitecture
from nasbench.spaces.spikenas import SpikeNAS


@pytest.fixture(scope="module")
def space():
    return SpikeNAS()


def cell(space, **operations):
    """A cell by its edges: ``e01=2`` and so on, none elsewhere."""
    digits = [operations.get(f"e{edge[-3]}{edge[-1]}", 0) for edge in space.decisions]
    return np.array([digits], dtype=np.int8)


def test_official_numbers_are_digits_in_base_five(space):
    for power, edge in enumerate(("e01", "e02", "e03", "e12", "e13", "e23")):
        assert space.format(cell(space, **{edge: 3})) == [str(3 * 5**power)]
    assert (space.parse([str(number) for number in range(15_625)])[1:] != 0).any(axis=1).all()
    assert sorted(map(int, space.format(space.rows))) == list(range(15_625))


@pytest.mark.parametrize("text", ["15625", "-1", "1.0", "007", "", "0x1", "99999"])
def test_another_text_is_refused(space, text):
    with pytest.raises(InvalidArchitecture, match="expected a number from 0 to 15624; example: "):
        space.parse([text])


def chance(space, archs):
    """Return whether no path leads from the input to the output."""
    on = {(int(edge[-3]), int(edge[-1])): archs[:, i] > 0 for i, edge in enumerate(space.decisions)}
    ways = [on[0, 3], on[0, 1] & on[1, 3], on[0, 2] & on[2, 3], on[0, 1] & on[1, 2] & on[2, 3]]
    return ~np.any(ways, axis=0)


def test_exactly_the_cells_without_a_way_through_stay_at_chance(space, shared):
    """The proof of the order of digits: another order of edges would join other cells."""
    with np.load(shared / "curves/spikenas.npz", allow_pickle=False) as loaded:
        official = np.concatenate([loaded["CIFAR10_100_id"], loaded["CIFAR10_200_id"]])
        test = np.concatenate([loaded["CIFAR10_100_test"], loaded["CIFAR10_200_test"]])
    archs = space.parse(list(map(str, official)))
    assert (chance(space, archs) == (test == 10.0)).all()
    assert (test == 10.0).sum() == 341
    agreeing = [o for o in itertools.permutations(range(6)) if (chance(space, archs[:, o]) == (test == 10.0)).all()]
    assert len(agreeing) == 2  # this one, and the cell from output to input
    assert tuple(range(6)) in agreeing


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"e01": 2}, {"e12": 3}, True),  # nothing reaches the output
        ({"e01": 2, "e13": 1}, {"e03": 2}, True),  # identity hands on
        ({"e01": 1, "e13": 4}, {"e03": 4}, True),
        ({"e01": 2, "e13": 3}, {"e02": 2, "e23": 3}, True),  # nodes 1 and 2 change places
        ({"e01": 2, "e12": 1, "e13": 1, "e23": 1}, {"e01": 2, "e02": 2, "e13": 1, "e23": 1}, False),  # shared once
        ({"e13": 2}, {}, False),  # a convolution of nothing learns a constant
        ({"e13": 2}, {"e23": 4}, True),  # neurons without input are silent at any threshold
        ({"e03": 2}, {"e03": 3}, False),
        ({"e01": 1, "e03": 1, "e13": 1}, {"e03": 1}, False),  # twice the input is not the input
    ],
)
def test_cells_are_united_if_they_are_one_network(space, one, other, same):
    a, b = space.canonicalize(np.concatenate([cell(space, **one), cell(space, **other)])).tolist()
    assert (a == b) == same


def test_united_cells_have_curves_alike(space, shared):
    """Trainings of one network under several numbers differ by the seed alone."""
    with np.load(shared / "curves/spikenas.npz", allow_pickle=False) as loaded:
        archs, test = space.parse(list(map(str, loaded["CIFAR10_100_id"]))), loaded["CIFAR10_100_test"]
    through = ~chance(space, archs)
    labels = space.index(space.canonicalize(archs[through]))
    order = np.argsort(labels, kind="stable")
    same = np.flatnonzero(np.diff(labels[order]) == 0)
    values = test[through][order]
    within = np.median(np.abs(values[same + 1] - values[same]))
    apart = np.median(np.abs(np.subtract(*np.random.default_rng(0).choice(values, (2, 20_000)))))
    assert within < apart / 3  # 0.24 and 0.94 points of accuracy
