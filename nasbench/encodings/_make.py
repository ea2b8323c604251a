"""Create encodings from their names, and cache the features of spaces that can be enumerated."""

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

_MOST_ROWS = 50_000  # largest space whose features are all computed in advance
_whole: "weakref.WeakKeyDictionary[SearchSpace, dict[str, _Features]]" = weakref.WeakKeyDictionary()


def list_encodings(space: SearchSpace) -> list[str]:
    """Return the names of all encodings that exist in ``space``."""
    registered = [name for name in ENCODINGS.names() if not ENCODINGS.load(name).explain_absence(space)]
    return sorted({*registered, *space.encodings})


def make_encoding(space: SearchSpace, label: str) -> Encoding:
    """Return the encoding called ``NAME[,option=value]``, or several joined by ``+``.

    For spaces of up to 50,000 architectures, the features are computed once and stored on disk.

    Raises:
        UnknownName: the encoding or option does not exist.
        InvalidOption: the encoding does not exist in this space.
    """
    if "+" in label:
        return _SideBySide(space, [make_encoding(space, part.strip()) for part in label.split("+")])
    encoding = _make_part(space, label)
    if not isinstance(space, EnumeratedSpace) or space.size > _MOST_ROWS or label in space.encodings:
        return encoding
    if not space.lasting:
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
        if choice.name in ENCODINGS.names():  # the option is unknown; checked only here because listing is slow
            raise
        raise make_unknown_name(f"encoding of space '{space.name}'", choice.name, list_encodings(space)) from None
    if why := cls.explain_absence(space):  # type: ignore[attr-defined]
        raise InvalidOption(f"encoding '{choice.name}' does not exist in space '{space.name}': {why}")
    made: Encoding = cls(space, **options)
    return made


class _OfSpace(Encoding):
    """An encoding that the space computes itself."""

    def __init__(self, space: SearchSpace, name: str) -> None:
        super().__init__(space)
        self._name = name

    def encode(self, archs: Archs) -> Floats:
        return self.space.encode(archs, self._name).astype(np.float64)


class _SideBySide(Encoding):
    """Several encodings as one; the groups are numbered on from one encoding to the next."""

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
        for part in self._parts[1:]:  # pairwise, because sorting numbers is far faster than sorting rows
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
    """The features of every architecture of a space.

    Attributes:
        matrix: [N, F] sparse features.
        groups: [F] group of each column.
        classes: [N] number that architectures with equal features share.
    """

    matrix: Any
    groups: Ints
    classes: Ints


class _Whole(Encoding):
    """A lookup of the precomputed features of all architectures of a space.

    Args:
        space: the space whose ``rows`` the features belong to.
        known: features of all rows.
        n_groups: number of groups of the encoding.
        learns: whether ``fit`` selects the columns, as in ``CountEncoding``; the resulting numbers are the same.
    """

    def __init__(self, space: EnumeratedSpace, known: _Features, *, n_groups: int, learns: bool) -> None:
        super().__init__(space)
        self._space, self._known, self._n_groups, self._learns = space, known, n_groups, learns
        self._columns = np.arange(len(known.groups))
        self._place = np.full(len(known.groups), -1, dtype=np.int32)  # position of each column among the learnt ones

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
    """Return sparse rows [n, F] with columns moved to ``place``, then the length of the columns without one.

    Written by hand because selecting columns of a sparse array and stacking them takes ten times as long.

    Args:
        rows: counts, with a column for each existing item.
        place: [F] new position of each column; -1 for columns that are dropped.
        n_columns: number of columns that stay.
        groups: [F] group of each column.
        g: number of groups; each gets a length of its own.
    """
    columns, n = place[rows.indices], rows.shape[0]
    owner = np.repeat(np.arange(n), np.diff(rows.indptr))
    seen, unseen = np.flatnonzero(columns >= 0), np.flatnonzero(columns < 0)
    ends = np.cumsum(np.bincount(owner[seen], minlength=n) + g)  # each row ends with its group lengths
    position, last = np.arange(len(seen)) + g * owner[seen], ends[:, None] + np.arange(-g, 0)
    data, indices = np.empty(len(seen) + g * n), np.empty(len(seen) + g * n, dtype=np.int32)
    data[position], indices[position] = rows.data[seen], columns[seen]
    kind = g * owner[unseen] + groups[rows.indices[unseen]]
    squares = np.bincount(kind, weights=rows.data[unseen] ** 2, minlength=g * n)
    data[last], indices[last] = np.sqrt(squares).reshape(n, g), n_columns + np.arange(g)
    indptr = np.concatenate([[0], ends]).astype(np.int32)
    return csr_array((data, indices, indptr), shape=(n, n_columns + g))


def _find_equal_rows(matrix: Any, groups: Ints) -> _Features:
    """Find equal rows. Two random projections with 2^53 values each distinguish rows of small integers."""
    matrix.sum_duplicates()
    weights = np.random.default_rng(0).random((matrix.shape[1], 2))
    projected = np.round(matrix @ weights, 9)
    classes = np.unique(projected, axis=0, return_inverse=True)[1].ravel()
    return _Features(matrix, groups, classes)


def _load_all_features(space: EnumeratedSpace, encoding: Encoding, label: str) -> _Features:
    """Read the features of all architectures from disk, or compute and store them."""
    path = get_feature_folder() / f"{space.name}-{_compute_digest(space, label)}.npz"
    try:
        with np.load(path, allow_pickle=False) as stored:
            matrix = csr_array((stored["data"], stored["indices"], stored["indptr"]), shape=tuple(stored["shape"]))
            return _find_equal_rows(matrix, stored["groups"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        pass  # the file is missing or damaged: write it again
    matrix, groups = _compute_all_features(space, encoding)
    parts = {"data": matrix.data, "indices": matrix.indices, "indptr": matrix.indptr, "shape": np.array(matrix.shape)}
    with (
        contextlib.suppress(OSError),  # on a full or read-only disk, the features are recomputed next time
        replace_atomically(path) as temporary,
        open(temporary, "wb") as file,
    ):
        np.savez(file, groups=groups, **parts)
    return _find_equal_rows(matrix, groups)


def _compute_all_features(space: EnumeratedSpace, encoding: Encoding) -> tuple[Any, Ints]:
    if isinstance(encoding, CountEncoding):
        return encoding.counts(space.rows)
    return csr_array(encoding.encode(space.rows)), encoding.groups


def _compute_digest(space: EnumeratedSpace, label: str) -> str:
    """Hash all that determines the features: architectures, their meaning, isomorphism, encoding, this code."""
    digest = hashlib.sha256(label.encode() + space.rows.tobytes() + space.cardinality.tobytes())
    digest.update(bytes([space.trained_once_per_class]))  # the isomorphism classes of nb201 depend on it
    if options := space.code_options:
        digest.update(json.dumps(options).encode())
    made_by = type(getattr(space, "inner", space))  # for a space restricted to measured rows, the original space
    for module in (*sorted(Path(__file__).parent.glob("*.py")), Path(inspect.getfile(made_by))):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:24]
