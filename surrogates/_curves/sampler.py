"""Affine-invariant ensemble sampling of many densities at once.

The stretch move of Goodman & Weare 2010, "Ensemble samplers with affine invariance", as in emcee (Foreman-Mackey et al.
2013, arXiv 1202.3665): each half of the walkers in turn moves along the lines to walkers of the other half. All
densities share the random numbers, so that what is drawn of one does not depend on which others are there.
"""

from collections.abc import Callable, Iterator

import numpy as np

from nasbench.arrays import Floats

_STRETCH = 2.0


def sample_walkers(
    log_density: Callable[[Floats], Floats], start: Floats, steps: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield the walkers ``[c, w, d]`` after each of so many steps; the same array, overwritten.

    Args:
        log_density: of points [c, w / 2, d], one density for each c; ``[c, w / 2]``, -inf where there is nothing.
        start: [c, w, d] where the walkers start, w even; where the density is not zero.
        steps: how often every walker is asked to move.
        rng: draws the moves.
    """
    walkers, (_, w, d) = start.copy(), start.shape
    halves = (slice(w // 2), slice(w // 2, None))
    height = np.concatenate([log_density(walkers[:, half]) for half in halves], axis=1)
    for _ in range(steps):
        for own, others in (halves, halves[::-1]):
            partner = walkers[:, others][:, rng.integers(w // 2, size=w // 2)]
            stretch = ((_STRETCH - 1) * rng.random(w // 2) + 1) ** 2 / _STRETCH
            proposal = partner + stretch[:, None] * (walkers[:, own] - partner)
            there = log_density(proposal)
            gain = (d - 1) * np.log(stretch) + there - height[:, own]
            taken = np.log(rng.random(w // 2)) < gain
            walkers[:, own] = np.where(taken[:, :, None], proposal, walkers[:, own])
            height[:, own] = np.where(taken, there, height[:, own])
        yield walkers
