"""Finding rows among rows, whatever the size of the space."""

import numpy as np
import pytest

from nasbench.arrays import RowIndex
from nasbench.errors import InvalidArchitecture


@pytest.mark.parametrize(
    "cardinality", [[3, 2, 4, 5], [3] * 26, [100] * 31, [2] * 61, [2] * 62, [127, 1, 2] * 12], ids=len
)
@pytest.mark.parametrize("n", [1, 2, 50])
def test_rows_are_found_and_nothing_else(cardinality, n, rng):
    """Dense spaces, those whose architectures have a 64-bit number, and larger ones."""
    sizes = np.array(cardinality)
    rows = np.unique(rng.integers(0, sizes, size=(n, len(sizes))).astype(np.int8), axis=0)
    rng.shuffle(rows)
    by_bytes = {row.tobytes(): i for i, row in enumerate(rows)}
    others = rng.integers(0, sizes, size=(200, len(sizes))).astype(np.int8)
    outside = rows.copy()
    outside[:, -1] = -1
    aliases = rows.copy()  # one step of a decision is as much as a whole turn of the next one
    aliases[:, -1] = np.minimum(aliases[:, -1].astype(int) + sizes[-1], 127)
    aliases[:, -2] -= 1
    asked = np.concatenate([rows, others, outside, aliases])
    expected = np.array([by_bytes.get(row.tobytes(), -1) for row in asked])
    index = RowIndex(rows, sizes)
    np.testing.assert_array_equal(index.find(asked), expected)
    np.testing.assert_array_equal([RowIndex(rows, sizes).find(asked[i : i + 1])[0] for i in range(60)], expected[:60])
    np.testing.assert_array_equal(index.find(np.asfortranarray(asked.astype(np.int64))), expected)
    assert index.find(asked[:0]).shape == (0,)


@pytest.mark.parametrize("d", [17, 44])
def test_single_rows_of_many_are_found_alike_before_and_after_a_dictionary_pays(d, rng):
    n = 70_000
    rows = np.zeros((n, d), dtype=np.int8)
    rows[:, :17] = np.arange(n)[:, None] >> np.arange(17) & 1  # many end in zeros, as bytes do that stop early
    rng.shuffle(rows)
    index, absent = RowIndex(rows, np.full(d, 3)), rows[:1].copy()
    absent[0, 3] = 2
    for asked in [0, n - 1, *rng.integers(0, n, size=60).tolist()]:
        assert index.find(rows[asked : asked + 1]).tolist() == [asked]
        assert index.find(rows[asked : asked + 1].astype(np.int64)).tolist() == [asked]
        assert index.find(absent).tolist() == [-1]
        assert index.find(np.zeros((1, d), dtype=np.int8) - np.int8(1)).tolist() == [-1]
        with pytest.raises(InvalidArchitecture, match="have shape"):
            index.find(rows[asked : asked + 1, :-1])
        with pytest.raises(InvalidArchitecture, match="have shape"):
            index.find(rows[asked].reshape(1, 1, d))
    everything = index.find(rows)
    assert everything.tolist() == list(range(n))
