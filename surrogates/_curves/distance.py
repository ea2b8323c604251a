"""The share of a learning curve's distance from a model that remains at the end of the curve."""

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.surrogates._curves.increments import NORMAL

_LEAST_FINISHED = 3


class DistanceLeft:
    """For each epoch, a line through zero from the distance at that epoch to the distance at the end.

    The fit is robust because some training runs fail.

    Args:
        off: [n, t] distances of curves from models that were fitted without them, nan where nothing was seen.

    Attributes:
        share: [t + 1] share of the distance at the last epoch seen (0 for none) that remains at the end; 1 if there
            are too few finished curves.
        missed: [t + 1] variance of the residual, in which failed training runs count as three typical deviations.
    """

    share: Floats
    missed: Floats

    def __init__(self, off: Floats) -> None:
        off = np.concatenate([np.zeros((len(off), 1)), off], axis=1)  # nothing seen: distance zero
        finished = off[~np.isnan(off[:, -1])]
        if len(finished) < _LEAST_FINISHED:
            self.share, self.missed = np.ones(off.shape[1]), np.full(off.shape[1], np.nanmean(off[:, 1:] ** 2))
            return
        end, known, at = finished[:, -1:], ~np.isnan(finished), np.nan_to_num(finished)
        scale = _estimate_scale(at, known)
        weight = known / np.maximum(scale**2 + at**2, 1e-12)
        doubt = scale**2 * weight  # a prior: as if every curve also kept a distance of the typical size
        share = (weight * at * end + doubt).sum(axis=0) / np.maximum((weight * at**2 + doubt).sum(axis=0), 1e-12)
        self.share = np.where(scale > 0, share, 1.0)
        left = np.abs(end - self.share * at)
        left = np.minimum(left, 3 * _estimate_scale(left, known))
        squares, epochs = (known * left**2).sum(axis=0) / np.maximum(known.sum(axis=0), 1), np.arange(known.shape[1])
        self.missed = np.interp(epochs, epochs[known.any(axis=0)], squares[known.any(axis=0)])


def _estimate_scale(off: Floats, known: Bools) -> Floats:
    """Return ``[t]`` the typical size of distances [n, t] where they are known; 0 if none is known."""
    there = np.where(known | ~known.any(axis=0), np.abs(off), np.nan)
    scale: Floats = NORMAL * np.nanmedian(there, axis=0)
    return np.where(known.any(axis=0), scale, 0.0)
