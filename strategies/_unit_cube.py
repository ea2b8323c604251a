"""Architectures as points of the unit cube, for differential evolution: k choices are k equal bins of a side.

A number on a scale is its position there.
"""

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.draws import draw_integers
from nasbench.spaces import SearchSpace


def encode(archs: Archs, space: SearchSpace, rng: np.random.Generator) -> Floats:
    """Place each choice of [n, d] at a random point of its bin, since a choice stands for its whole bin."""
    spread: Floats = (archs + rng.random(archs.shape)) / np.maximum(space.cardinality, 1)
    return np.where(space.is_number, space.measure(archs), spread) if space.is_number.any() else spread


def make_mutants(abc: Floats, factor: float, rng: np.random.Generator) -> Floats:
    """Return rand/1: ``a + factor (b - c)`` for vectors [m, 3, d]; a coordinate that leaves [0, 1) is redrawn."""
    a, b, c = abc.transpose(1, 0, 2)
    made = a + factor * (b - c)
    outside = (made < 0) | (made >= 1)
    made[outside] = rng.random(int(outside.sum()))
    return np.asarray(made)


def cross_over(made: Floats, targets: Floats, chance: float, rng: np.random.Generator) -> Floats:
    """Return bin: take each coordinate of [m, d] from the mutant by ``chance``, at least one, else from the target."""
    taken = rng.random(made.shape) < chance
    taken[np.arange(len(made)), draw_integers(rng, made.shape[1], len(made))] = True
    return np.where(taken, made, targets)
