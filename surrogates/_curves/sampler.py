"""Affine-invariant ensemble sampling of many densities at once.

Source: the stretch move of Goodman & Weare 2010, "Ensemble samplers with affine invariance", as in emcee
(Foreman-Mackey et al. 2013, arXiv 1202.3665). The two halves of the walkers take turns: each walker moves along the
line to a walker of the other half. All densities share the random numbers, so the samples of one density do not depend
on the other densities.
"""

from collections.abc import Callable, Iterator

import numpy as np

from nasbench.arrays import Floats

_STRETCH = 2.0


def sample_walkers(
    log_density: Callable[[Floats], Floats], start: Floats, steps: int, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield the walkers ``[c, w, d]`` after each step; the same array is overwritten each time.

    Args:
        log_density: maps points [c, w / 2, d], one density for each c, to ``[c, w / 2]``; -inf where the density is
            zero.
        start: [c, w, d] starting points with w even, where the density is positive.
        steps: number of proposed moves of every walker.
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
