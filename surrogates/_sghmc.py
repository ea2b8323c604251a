"""Scale-adapted stochastic-gradient Hamiltonian Monte Carlo: draws samples from a density with known gradients.

Source: Springenberg, Klein, Falkner & Hutter 2016, "Bayesian Optimization with Robust Bayesian Neural Networks"
(NeurIPS 29), section 4, based on the sampler of Chen, Fox & Guestrin 2014 (arXiv 1402.4102). During burn-in, running
means of each coordinate's gradient and squared gradient determine the step size of that coordinate.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption

_TINY = 1e-16


class Chain(NamedTuple):
    """Length and step size of the sampler.

    Attributes:
        burn_in: steps in which the sampler learns its scales, before it keeps samples.
        steps: steps after those.
        keep_every: steps between two kept samples.
        lr: step size, epsilon in the paper.
        friction: share of the momentum that is lost in a step.
    """

    burn_in: int = 3000
    steps: int = 10_000
    keep_every: int = 100
    lr: float = 0.01
    friction: float = 0.05

    def checked(self) -> "Chain":
        """Return this object after checking it.

        Raises:
            InvalidOption: no sample would be kept, or a number is outside its range.
        """
        if self.burn_in < 1 or not 1 <= self.keep_every <= self.steps or self.lr <= 0 or not 0 < self.friction < 1:
            raise InvalidOption(
                f"{self}; expected burn_in from 1, keep_every from 1 to steps, a positive lr and friction within (0, 1)"
            )
        return self


def draw_samples(
    start: Floats, gradient: Callable[[Floats], Floats], chain: Chain, rng: np.random.Generator
) -> Iterator[Floats]:
    """Yield ``steps // keep_every`` samples of a density.

    Args:
        start: [p] starting point of the chain.
        gradient: returns an unbiased estimate [p] of the gradient of the negative log density at [p].
        chain: length and step size.
        rng: draws the noise.
    """
    force, place, momentum = chain.lr**2, start.copy(), np.zeros_like(start)
    window, mean, square = (np.ones_like(start) for _ in range(3))
    for step in range(1, chain.burn_in + chain.steps + 1):
        slope = gradient(place)
        if step <= chain.burn_in:  # equations 8 and 9
            share = 1 / (window + 1)
            window += 1 - window * mean**2 / (square + _TINY)
            mean += share * (slope - mean)
            square += share * (slope**2 - square)
            inverse = 1 / (np.sqrt(square) + _TINY)
            spread = np.sqrt(np.maximum(2 * force * chain.friction * inverse - force**2, _TINY))
        noise = spread * rng.standard_normal(len(start))
        momentum = (1 - chain.friction) * momentum - force * inverse * slope + noise  # equation 10, right
        place = place + momentum
        if step > chain.burn_in and (step - chain.burn_in) % chain.keep_every == 0:
            yield place
