"""EPE-NAS: how the logits' gradients by images of the same class correlate.

Source: Lopes, Alirezazadeh & Alexandre 2021, "EPE-NAS: Efficient Performance Estimation Without Training for Neural
Architecture Search" (arXiv 2102.08099), and the authors' code, also in NASLib. Of each class in the minibatch, the
logarithms of its images' absolute correlations (plus k = 1e-5) are added; up to 100 classes the absolute values of
these sums are added; above, each is divided by the class's images, and the absolute differences of all pairs are added
and divided by the number of classes.

Differences: above 100 classes a class with a single image is left out, as it is there by an error that is caught.
"""

from typing import ClassVar

import numpy as np

from nasbench.proxies._probe import Probe

REQUIRES = {"torch": "torch"}
_K = 1e-5
_MANY = 100  # classes


class EPENas:
    """Scores correlations within classes."""

    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "maximize"

    def __call__(self, probe: Probe) -> float:
        """Return the score, nan where correlations are not defined."""
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
