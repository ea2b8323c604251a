"""Convert labels of any common form to class numbers, with the same number for the same class in every split."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Ints
from nasbench.errors import SourceError


def number_labels(labels: Mapping[str, Any]) -> tuple[dict[str, Ints], tuple[str, ...]]:
    """Return the class number [n] of each image, and the names of the classes.

    Texts are numbered in alphabetical order over all splits together. Numbers stay unchanged.

    Args:
        labels: name of the array -> [n] or [n, 1] integers, truth values or texts, or [n, k] one-hot rows.

    Raises:
        SourceError: labels have another form, or are texts in one split and numbers in another.
    """
    plain = {name: _require_one_each(name, values) for name, values in labels.items()}
    texts = {name for name, values in plain.items() if values.dtype.kind == "U"}
    if not texts:
        n_classes = 1 + max(int(values.max(initial=0)) for values in plain.values())
        return plain, tuple(map(str, range(n_classes)))
    if other := sorted(set(plain) - texts):
        raise SourceError(
            f"{min(texts)} holds text, {other[0]} holds numbers; use the same kind of labels in all splits"
        )
    classes = np.unique(np.concatenate(list(plain.values())))
    return {name: np.searchsorted(classes, values) for name, values in plain.items()}, tuple(map(str, classes))


def _require_one_each(name: str, values: Any) -> Any:
    """Return one integer or text for each image; ``[n]``."""
    values = np.asarray(values)
    if values.dtype.kind == "O":  # from an HDF5 file; .npz archives refuse objects
        values = values.astype(str)
    if values.dtype.kind == "S":
        values = np.char.decode(values, "utf-8")
    columns = values.reshape(len(values), -1) if values.ndim else values.reshape(1, 1)
    if columns.shape[1] > 1 and columns.dtype.kind in "biuf" and _is_one_hot(columns):
        return columns.argmax(axis=1)
    if columns.shape[1] == 1 and columns.dtype.kind == "U":
        return columns[:, 0]
    if columns.shape[1] == 1 and columns.dtype.kind in "biuf" and (columns == np.rint(columns.astype(float))).all():
        return columns[:, 0].astype(np.int64)
    raise SourceError(
        f"{name} is {values.dtype} with {columns.shape[1:]} numbers per image; expected one integer, a one-hot row, or "
        "a text"
    )


def _is_one_hot(columns: Any) -> bool:
    return bool(((columns == 0) | (columns == 1)).all() and (columns.sum(axis=1) == 1).all())
