"""Handwritten digits of scikit-learn: 1,797 images of 8 x 8 pixels with 17 grey levels; no download needed.

Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository;
scikit-learn contains a copy of its test set. It has no splits.
"""

import numpy as np

from nasbench.datasets._images import Images, Part

REQUIRES = {"sklearn": "train"}
_LEVELS = 16


class Digits:
    """The images, with grey levels scaled to 0 to 255."""

    def read(self, rng: np.random.Generator) -> Images:
        """Return all images as training images."""
        del rng
        from sklearn.datasets import load_digits  # slow to import

        loaded = load_digits()
        images = np.rint(loaded.images * (255 / _LEVELS)).astype(np.uint8)[:, None]
        part = Part(images, loaded.target.astype(np.int64))
        return Images("digits", tuple(map(str, range(10))), {"train": part})
