"""Load a data set by its label."""

from dataclasses import replace
from typing import Protocol

import numpy as np

from nasbench.choices import Choice
from nasbench.datasets._images import Images
from nasbench.registry import DATASETS


class DataSet(Protocol):
    """The interface of a format: a class in a module of ``nasbench/datasets/`` with keyword-only options."""

    def read(self, rng: np.random.Generator) -> Images:
        """Read all images into memory; data sets that generate images use ``rng``."""
        ...


def load_images(label: str, rng: np.random.Generator, *, valid_share: float = 0.2, test_share: float = 0.2) -> Images:
    """Return a data set with disjoint training, validation and test images.

    Args:
        label: name and options, such as ``folder,path=/data/flowers``.
        rng: draws the splits that the data set does not have, and generated images.
        valid_share: share of the training images to take as validation images, if the data set has none.
        test_share: the same for test images, which are taken first.

    Raises:
        UnknownName: the data set or an option is unknown.
        MissingExtra: a required package is not installed.
        SourceError: the data set cannot be read.
    """
    cls, options = Choice.parse(label).resolve(DATASETS)
    images: Images = cls(**options).read(rng)
    cut = [split for split in ("test", "valid") if split not in images.parts]
    notes = (f"no {' and no '.join(cut)} images of its own: some were cut out of train",) if cut else ()
    whole = images.split_off("test", test_share, rng).split_off("valid", valid_share, rng)
    return replace(whole, notes=(*images.notes, *notes))
