"""Handwritten digits of scikit-learn: 1,797 images of 8 x 8 pixels, 17 grey levels, always at hand.

Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository; the
copy that scikit-learn carries is its test set. It comes without splits.
"""

import numpy as np

from nasbench.datasets._images import Images, Part

REQUIRES = {"sklearn": "train"}
_LEVELS = 16


class Digits:
    """The images, grey levels spread over 0 to 255."""

    def read(self, rng: np.random.Generator) -> Images:
        """Return all of them as training images."""
        del rng
        from sklearn.datasets import load_digits  # slow to import

        loaded = load_digits()
        images = np.rint(loaded.images * (255 / _LEVELS)).astype(np.uint8)[:, None]
        part = Part(images, loaded.target.astype(np.int64))
        return Images("digits", tuple(map(str, range(10))), {"train": part})
