"""Opening a data set by its label."""

from dataclasses import replace
from typing import Protocol

import numpy as np

from nasbench.choices import Choice
from nasbench.datasets._images import Images
from nasbench.registry import DATASETS


class DataSet(Protocol):
    """A format: one file in ``nasbench/datasets/``, whose constructor takes keyword options only."""

    def read(self, rng: np.random.Generator) -> Images:
        """Read everything into memory; ``rng`` is for what makes its own images."""
        ...


def load_images(label: str, rng: np.random.Generator, *, valid_share: float = 0.2, test_share: float = 0.2) -> Images:
    """Return a data set with training, validation and test images, none of them in two splits.

    Args:
        label: name and options, ``folder,path=/data/flowers``.
        rng: draws the splits that the data set does not have, and procedural images.
        valid_share: of the training images, cut out where it has no validation images of its own.
        test_share: the same for test images, cut out first.

    Raises:
        UnknownName: no such data set or option.
        MissingExtra: a package to read it with is not installed.
        SourceError: it cannot be read.
    """
    cls, options = Choice.parse(label).resolve(DATASETS)
    images: Images = cls(**options).read(rng)
    cut = [split for split in ("test", "valid") if split not in images.parts]
    notes = (f"no {' and no '.join(cut)} images of its own: some were cut out of train",) if cut else ()
    whole = images.split_off("test", test_share, rng).split_off("valid", valid_share, rng)
    return replace(whole, notes=(*images.notes, *notes))
