"""EPE-NAS: correlations between the logit gradients of images of the same class.

Source: Lopes, Alirezazadeh & Alexandre 2021, "EPE-NAS: Efficient Performance Estimation Without Training for Neural
Architecture Search" (arXiv 2102.08099), and the authors' code, also in NASLib. For each class in the minibatch, the
proxy correlates the logits' gradients with respect to the images, and sums the logarithms of the absolute correlations
(plus k = 1e-5). With up to 100 classes, the score is the sum of the absolute values of these class sums. With more
classes, each class sum is divided by the class's number of images, and the score is the sum of the absolute
differences over all pairs, divided by the number of classes.

Differences: with more than 100 classes, a class with a single image is left out. The authors' code leaves it out too,
through an error that it catches.
"""

from typing import ClassVar

import numpy as np

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}
_K = 1e-5
_MANY = 100  # classes


class EPENas:
    """Score the correlations within classes."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the score; nan if correlations are undefined."""
        labels, n_classes = probe.labels.cpu().numpy(), probe.n_classes
        sums, sizes = [], []
        for label in np.unique(labels):
            rows = probe.jacobian[labels == label]
            with np.errstate(invalid="ignore", divide="ignore"):
                sums.append(float(np.sum(np.log(np.abs(np.corrcoef(rows)) + _K))))
            sizes.append(len(rows))
        each, n_images = np.array(sums), np.array(sizes)
        if n_classes <= _MANY:
            return float(np.abs(each).sum())
        each = (each / n_images)[n_images > 1]
        return float(np.abs(each[:, None] - each).sum() / len(each)) if len(each) else float("nan")
