"""From a name to an encoding that is computed once where a space can be listed."""

import contextlib
import hashlib
import inspect
import json
import weakref
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, hstack

from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import Choice
from nasbench.encodings._encoding import CountEncoding, Encoding
from nasbench.errors import InvalidOption, UnknownName, make_unknown_name
from nasbench.files import replace_atomically
from nasbench.registry import ENCODINGS
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.table import get_feature_folder

_MOST_ROWS = 50_000  # of a space whose features are all computed in advance
_whole: "weakref.WeakKeyDictionary[SearchSpace, dict[str, _Features]]" = weakref.WeakKeyDictionary()


def list_encodings(space: SearchSpace) -> list[str]:
    """Return every encoding that exists in ``space``."""
    registered = [name for name in ENCODINGS.names() if not ENCODINGS.load(name).explain_absence(space)]
    return sorted({*registered, *space.encodings})


def make_encoding(space: SearchSpace, label: str) -> Encoding:
    """Return the encoding called ``NAME[,option=value]``, or several joined by ``+``.

    The features of a space of up to 50,000 architectures are computed once, and kept on disk.

    Raises:
        UnknownName: no such encoding or option.
        InvalidOption: an encoding that this space does not have.
    """
    if "+" in label:
        return _SideBySide(space, [make_encoding(space, part.strip()) for part in label.split("+")])
    encoding = _make_part(space, label)
    if not isinstance(space, EnumeratedSpace) or space.size > _MOST_ROWS or label in space.encodings:
        return encoding
    kept = _whole.setdefault(space, {})
    if label not in kept:
        kept[label] = _load_all_features(space, encoding, label)
    learns = isinstance(encoding, CountEncoding)
    return _Whole(space, kept[label], n_groups=encoding.n_groups, learns=learns)


def _make_part(space: SearchSpace, label: str) -> Encoding:
    choice = Choice.parse(label)
    if choice.name in space.encodings:
        return _OfSpace(space, choice.name)
    try:
        cls, options = choice.resolve(ENCODINGS)
    except UnknownName:
        if choice.name in ENCODINGS.names():  # its option it is that is unknown; asked here, since listing is slow
            raise
        raise make_unknown_name(f"encoding of space '{space.name}'", choice.name, list_encodings(space)) from None
    if why := cls.explain_absence(space):  # type: ignore[attr-defined]
        raise InvalidOption(f"encoding '{choice.name}' does not exist in space '{space.name}': {why}")
    made: Encoding = cls(space, **options)
    return made


class _OfSpace(Encoding):
    """An encoding that the space knows itself."""

    def __init__(self, space: SearchSpace, name: str) -> None:
        super().__init__(space)
        self._name = name

    def encode(self, archs: Archs) -> Floats:
        return self.space.encode(archs, self._name).astype(np.float64)


class _SideBySide(Encoding):
    """Several encodings as one; the groups of each come after those of the one before."""

    def __init__(self, space: SearchSpace, parts: list[Encoding]) -> None:
        super().__init__(space)
        self._parts = parts

    def fit(self, archs: Archs) -> None:
        for part in self._parts:
            part.fit(archs)

    def encode(self, archs: Archs) -> Floats:
        return np.concatenate([part.encode(archs) for part in self._parts], axis=1)

    def sparse(self, archs: Archs) -> Any:
        return hstack([part.sparse(archs) for part in self._parts], format="csr")

    def alike(self, archs: Archs) -> Ints:
        joined = self._parts[0].alike(archs)
        for part in self._parts[1:]:  # pair by pair: sorting numbers is far faster than sorting rows of them
            other = part.alike(archs)
            pairs = joined * (int(other.max(initial=0)) + 1) + other
            joined = np.unique(pairs, return_inverse=True)[1].ravel()
        return joined

    @property
    def groups(self) -> Ints:
        joined, first = [], 0
        for part in self._parts:
            joined.append(part.groups + first)
            first += part.n_groups
        return np.concatenate(joined)

    @property
    def n_groups(self) -> int:
        return sum(part.n_groups for part in self._parts)


@dataclass(frozen=True)
class _Features:
    """What is known of every architecture of a space.

    Attributes:
        matrix: [N, F] sparse features.
        groups: [F] the group of each column.
        classes: [N] a number that architectures with the same features share.
    """

    matrix: Any
    groups: Ints
    classes: Ints


class _Whole(Encoding):
    """The features of every architecture of a space, looked up.

    Args:
        space: whose ``rows`` the features belong to.
        known: features of all of them.
        n_groups: of the encoding.
        learns: whether ``fit`` chooses the columns, as ``CountEncoding`` does: the numbers are the same.
    """

    def __init__(self, space: EnumeratedSpace, known: _Features, *, n_groups: int, learns: bool) -> None:
        super().__init__(space)
        self._space, self._known, self._n_groups, self._learns = space, known, n_groups, learns
        self._columns = np.arange(len(known.groups))
        self._place = np.full(len(known.groups), -1, dtype=np.int32)  # of each column among those learnt

    def fit(self, archs: Archs) -> None:
        if self._learns:
            self._columns = np.unique(self._known.matrix[self._space.index(archs)].indices)
            self._place[:] = -1
            self._place[self._columns] = np.arange(len(self._columns))

    def encode(self, archs: Archs) -> Floats:
        features: Floats = self.sparse(archs).toarray()
        return features

    def sparse(self, archs: Archs) -> Any:
        index = self._space.index(archs)
        rows = self._known.matrix[index]
        if not self._learns:
            return rows
        return _select_learnt(rows, self._place, len(self._columns), self._known.groups, self._n_groups)

    def alike(self, archs: Archs) -> Ints:
        return self._known.classes[self._space.index(archs)]

    @property
    def n_groups(self) -> int:
        return self._n_groups

    @property
    def groups(self) -> Ints:
        groups = self._known.groups[self._columns]
        return np.append(groups, np.arange(self._n_groups)) if self._learns else groups


def _select_learnt(rows: Any, place: npt.NDArray[np.int32], n_columns: int, groups: Ints, g: int) -> Any:
    """Return sparse rows [n, F] with column ``place[c]`` for ``c``, and last the length of what has none (-1).

    By hand, since choosing columns of a sparse array and stacking it take ten times as long.

    Args:
        rows: counts, a column for each thing there is.
        place: [F] what becomes of each column.
        n_columns: of those that stay.
        groups: [F] of each column.
        g: groups, each with a length of its own.
    """
    columns, n = place[rows.indices], rows.shape[0]
    owner = np.repeat(np.arange(n), np.diff(rows.indptr))
    seen, unseen = np.flatnonzero(columns >= 0), np.flatnonzero(columns < 0)
    ends = np.cumsum(np.bincount(owner[seen], minlength=n) + g)  # each row ends with its last columns
    position, last = np.arange(len(seen)) + g * owner[seen], ends[:, None] + np.arange(-g, 0)
    data, indices = np.empty(len(seen) + g * n), np.empty(len(seen) + g * n, dtype=np.int32)
    data[position], indices[position] = rows.data[seen], columns[seen]
    kind = g * owner[unseen] + groups[rows.indices[unseen]]
    squares = np.bincount(kind, weights=rows.data[unseen] ** 2, minlength=g * n)
    data[last], indices[last] = np.sqrt(squares).reshape(n, g), n_columns + np.arange(g)
    indptr = np.concatenate([[0], ends]).astype(np.int32)
    return csr_array((data, indices, indptr), shape=(n, n_columns + g))


def _find_equal_rows(matrix: Any, groups: Ints) -> _Features:
    """Find which rows are the same: rows of small whole numbers, told apart by two random projections of 2^53."""
    matrix.sum_duplicates()
    weights = np.random.default_rng(0).random((matrix.shape[1], 2))
    projected = np.round(matrix @ weights, 9)
    classes = np.unique(projected, axis=0, return_inverse=True)[1].ravel()
    return _Features(matrix, groups, classes)


def _load_all_features(space: EnumeratedSpace, encoding: Encoding, label: str) -> _Features:
    """Read the features of all architectures, or compute and keep them."""
    path = get_feature_folder() / f"{space.name}-{_digest(space, label)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            matrix = csr_array((stored["data"], stored["indices"], stored["indptr"]), shape=tuple(stored["shape"]))
            return _find_equal_rows(matrix, stored["groups"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # absent, or damaged and written anew
    matrix, groups = _compute_all_features(space, encoding)
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    with (
        contextlib.suppress(OSError),  # a disk that is full or read-only costs the time again, nothing else
        replace_atomically(path) as temporary,
        open(temporary, "wb") as file,
    ):
        np.savez(file, groups=groups, **parts)
    return _find_equal_rows(matrix, groups)


def _compute_all_features(space: EnumeratedSpace, encoding: Encoding) -> tuple[Any, Ints]:
    if isinstance(encoding, CountEncoding):
        return encoding.counts(space.rows)
    return csr_array(encoding.encode(space.rows)), encoding.groups


def _digest(space: EnumeratedSpace, label: str) -> str:
    """Name a result by all it is made of: the architectures, what they mean, which are alike, encoding, this code."""
    digest = hashlib.sha256(label.encode() + space.rows.tobytes() + space.cardinality.tobytes())
    digest.update(bytes([space.trained_once_per_class]))  # nb201 has other classes then
    if options := space.code_options:
        digest.update(json.dumps(options).encode())
    made_by = type(getattr(space, "inner", space))  # of one restricted to what was measured, the space itself
    for module in (*sorted(Path(__file__).parent.glob("*.py")), Path(inspect.getfile(made_by))):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:24]
