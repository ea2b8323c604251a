"""The contract of a data set: it reads the same images each time, and the caller owns them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from nasbench.datasets import SPLITS, Images
from nasbench.testing._messages import write_over
from nasbench.testing._randomness import leave_global_generators_alone, seed_globals_otherwise


def check_data_set(make: Callable[..., Any], *, options: Mapping[str, Any] | None = None) -> None:
    """Check that a data set keeps the contract.

    Args:
        make: ``make(**options)`` returns a reader with ``read(rng)``: a class, for example.
        options: keyword arguments of ``make``, such as the path of its files.

    Raises:
        AssertionError: with what was expected and what was seen.
    """
    make(**options or {}).read(np.random.default_rng(0))  # modules that it imports on first use may seed generators
    images = _read(make(**options or {}))
    if unknown := sorted(set(images.parts) - set(SPLITS)):
        raise AssertionError(f"it has the splits {', '.join(unknown)}; expected some of {', '.join(SPLITS)}")
    if not images.name:
        raise AssertionError("it has no name; expected how it was asked for")
    if len(set(images.classes)) != len(images.classes):
        raise AssertionError(f"two classes have the same name: {', '.join(images.classes)}")
    for split, part in images.parts.items():
        if part.labels.dtype != np.int64:
            raise AssertionError(f"labels of {split} are {part.labels.dtype}, not int64")
    digest, reader = images.digest(), make(**options or {})
    with seed_globals_otherwise():
        if _read(reader).digest() != digest:
            raise AssertionError("the same generator reads other images (global seeds?)")
    write_over(array for part in images.parts.values() for array in part)
    for again in (reader, make(**options or {})):
        if _read(again).digest() != digest:
            raise AssertionError("reading it again gives other images: an earlier read, or writing over them, shows")


def _read(reader: Any) -> Images:
    with leave_global_generators_alone("the data set"):
        images = reader.read(np.random.default_rng(0))
    if not isinstance(images, Images):
        raise AssertionError(f"read returns a {type(images).__name__}; expected nasbench.datasets.Images")
    return images
