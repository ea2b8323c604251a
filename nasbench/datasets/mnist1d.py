"""MNIST-1D: signals of 40 numbers, generated from ten hand-drawn templates in any number and with any noise.

Source: Greydanus & Kobak 2020, "Scaling Down Deep Learning with MNIST-1D", arXiv 2011.14439, appendix; templates,
steps and settings are those of the authors' package ``mnist1d``. A template of 12 points is padded with
zeros, resampled, scaled and shifted. Correlated noise replaces the zeros, and white noise is added everywhere. A ramp
is subtracted, and 40 points are kept.

Differences from the original: this module draws the signals with its own generator, so they differ from the authors'
file. They are not standardised over training and test together (the trainer standardises by the training signals).
"""

import numpy as np
from scipy.ndimage import gaussian_filter1d

from nasbench.arrays import Floats, Ints
from nasbench.datasets._images import Images, Part
from nasbench.errors import InvalidOption

_TEMPLATES = np.array(
    [
        [5, 6, 6.5, 6.75, 7, 7, 7, 7, 6.75, 6.5, 6, 5],
        [5, 3, 3, 3.4, 3.8, 4.2, 4.6, 5, 5.4, 5.8, 5, 5],
        [5, 6, 6.5, 6.5, 6, 5.25, 4.75, 4, 3.5, 3.5, 4, 5],
        [5, 6, 6.5, 6.5, 6, 5, 5, 6, 6.5, 6.5, 6, 5],
        [5, 4.4, 3.8, 3.2, 2.6, 2.6, 5, 5, 5, 5, 5, 5],
        [5, 3, 3, 3, 3, 5, 6, 6.5, 6.5, 6, 4.5, 5],
        [5, 4, 3.5, 3.25, 3, 3, 3, 3, 3.25, 3.5, 4, 5],
        [5, 7, 7, 6.6, 6.2, 5.8, 5.4, 5, 4.6, 4.2, 5, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 4, 3.5, 3.5, 4, 5],
        [5, 4, 3.5, 3.5, 4, 5, 5, 5, 5, 4.7, 4.3, 5],
    ]
)
_PADDING = (36, 60)
_N_POINTS = _TEMPLATES.shape[1]
_RESAMPLED = _N_POINTS + _PADDING[1]
_KERNEL = 2.0  # standard deviation of the smoothing of correlated noise, in points
_NONZERO = 1e-8  # lifts the template's own zeros above those of the padding


def make_templates() -> Floats:
    """Return the ten digits [10, 12], standardised and starting at 0."""
    x = _TEMPLATES - _TEMPLATES.mean(axis=1, keepdims=True)
    x = x / x.std(axis=1, keepdims=True)
    return np.asarray((x - x[:, :1]) / 6)


def _interpolate(signals: Floats, places: Floats) -> Floats:
    """Interpolate signals [n, t] linearly at fractional places [n, k]; ``[n, k]``."""
    below = np.minimum(places.astype(np.int64), signals.shape[1] - 2)
    low, high = (np.take_along_axis(signals, below + step, axis=1) for step in (0, 1))
    result: Floats = low + (high - low) * (places - below)
    return result


class _Signals:
    """A generator of signals with the settings of ``MNIST1D``."""

    def __init__(
        self, length: int, *, scale: float, translation: int, correlated: float, iid: float, shear: float
    ) -> None:
        self.length, self.scale, self.translation = length, scale, translation
        self.correlated, self.iid, self.shear = correlated, iid, shear

    def draw(self, labels: Ints, rng: np.random.Generator) -> Floats:
        """Return one signal for each label; ``[n, length]``."""
        x = self._place_templates(labels, rng)
        noise = gaussian_filter1d(self.correlated * rng.standard_normal(x.shape), _KERNEL, axis=1)
        x = np.where(x != 0, x, noise) + self.iid * rng.standard_normal(x.shape)
        slope = self.shear * (rng.random(len(x)) - 0.5)
        x = x - slope[:, None] * np.linspace(-0.5, 0.5, _RESAMPLED)
        return _interpolate(x, np.broadcast_to(np.linspace(0, _RESAMPLED - 1, self.length), (len(x), self.length)))

    def _place_templates(self, labels: Ints, rng: np.random.Generator) -> Floats:
        """Pad, resample, scale and shift the templates; ``[n, 72]``, exactly 0 outside the digit."""
        low, high = _PADDING
        padding = rng.integers(low, high + 1, size=len(labels))
        padded = np.pad(make_templates() + _NONZERO, ((0, 0), (0, high)))[labels]
        places = np.linspace(0, 1, _RESAMPLED) * (_N_POINTS + padding - 1)[:, None]
        x = _interpolate(padded, places) * (1 + self.scale * (rng.random(len(labels)) - 0.5))[:, None]
        shift = rng.integers(self.translation, size=len(labels))
        return np.take_along_axis(x, (np.arange(_RESAMPLED) - shift[:, None]) % _RESAMPLED, axis=1)


class MNIST1D:
    """Training and test signals, and optionally validation signals, with equal numbers of every digit.

    Args:
        n_train: number of training signals.
        n_test: number of test signals.
        n_valid: number of validation signals; with 0, they are taken from the training signals.
        length: number of points in a signal.
        scale: range of the random scale.
        translation: largest random shift in points, plus one.
        correlated_noise: standard deviation, before smoothing, of the noise that replaces zeros.
        iid_noise: standard deviation of the noise added everywhere.
        shear: range of the random slope.

    Raises:
        InvalidOption: there are fewer than 10 signals, or a setting is negative or too small.
    """

    def __init__(
        self,
        *,
        n_train: int = 4000,
        n_test: int = 1000,
        n_valid: int = 0,
        length: int = 40,
        scale: float = 0.4,
        translation: int = 48,
        correlated_noise: float = 0.25,
        iid_noise: float = 0.02,
        shear: float = 0.75,
    ) -> None:
        if min(n_train, n_test) < len(_TEMPLATES) or translation < 1 or length < 2 or n_valid < 0:
            raise InvalidOption(
                f"n_train={n_train}, n_test={n_test}, n_valid={n_valid}, translation={translation}, length={length}; "
                "expected at least 10, 10, 0, 1 and 2"
            )
        if min(scale, correlated_noise, iid_noise, shear) < 0:
            raise InvalidOption(
                f"scale={scale}, correlated_noise={correlated_noise}, iid_noise={iid_noise}, shear={shear}; "
                "expected numbers of at least 0"
            )
        self._signals = _Signals(
            length, scale=scale, translation=translation, correlated=correlated_noise, iid=iid_noise, shear=shear
        )
        self._sizes = {"train": n_train, "test": n_test} | ({"valid": n_valid} if n_valid else {})

    def read(self, rng: np.random.Generator) -> Images:
        """Draw the signals."""
        parts = {}
        for split, n in self._sizes.items():
            labels = rng.permutation(np.arange(n) % len(_TEMPLATES))
            parts[split] = Part(self._signals.draw(labels, rng).astype(np.float32)[:, None], labels)
        return Images("mnist1d", tuple(map(str, range(10))), parts)
