"""Populations for the simulations of ``simulate_statistics.py``: tasks, contestants and runs whose truth is known."""

from collections.abc import Callable

import numpy as np

from nasbench.arrays import Floats
from nasbench.statistics.sampling import TaskSample


def make_sample(*sizes: int) -> TaskSample:
    """Make the sample of one family of tasks per size."""
    return TaskSample.of([f"family {i}" for i, size in enumerate(sizes) for _ in range(size)])


LAYOUTS = {
    "12 tasks": make_sample(12),
    "6 tasks": make_sample(6),
    "8 tasks": make_sample(8),
    "3 + 9 tasks": make_sample(3, 9),
    "6 families, 12 tasks": make_sample(1, 1, 1, 2, 3, 4),
    "7 families, 12 tasks": make_sample(1, 1, 1, 1, 2, 3, 3),
    "6 + 6 tasks": make_sample(6, 6),
}
"""Tasks and their families; from six families on, families are the unit."""

Effects = Callable[[np.random.Generator, TaskSample, int], Floats]
"""Draws what a contestant has on a task beside its true mean; ``[tasks, contestants]``."""


def _skew(shape: float) -> Effects:
    """Gamma deviates with standard deviation 1, every second contestant mirrored: differences are skewed the most."""

    def draw(rng: np.random.Generator, sample: TaskSample, n: int) -> Floats:
        effects = (rng.gamma(shape, 1, (sample.n_tasks, n)) - shape) / np.sqrt(shape)
        effects[:, ::2] *= -1
        return effects

    return draw


def _share_family(family: float) -> Effects:
    """Effects of families beside effects of tasks (.2) and what is left of the noise of a run (1) in a mean of 30."""

    def draw(rng: np.random.Generator, sample: TaskSample, n: int) -> Floats:
        of_family = np.unique(sample.families, return_inverse=True)[1]
        own = np.hypot(0.2, 1 / np.sqrt(30)) * rng.standard_normal((sample.n_tasks, n))
        return own + family * rng.standard_normal((sample.n_families, n))[of_family]

    return draw


def _normal(rng: np.random.Generator, sample: TaskSample, n: int) -> Floats:
    return rng.standard_normal((sample.n_tasks, n))


def _unequal_contestants(rng: np.random.Generator, sample: TaskSample, n: int) -> Floats:
    return _normal(rng, sample, n) * np.linspace(0.5, 2, n)


def _unequal_tasks(rng: np.random.Generator, sample: TaskSample, n: int) -> Floats:
    return _normal(rng, sample, n) * np.where(np.arange(sample.n_tasks) % 3 == 0, 2.0, 0.5)[:, None]


def _zeros(share: float) -> Effects:
    """Regrets that are exactly 0 in a share of all cases."""

    def draw(rng: np.random.Generator, sample: TaskSample, n: int) -> Floats:
        shape = (sample.n_tasks, n)
        return np.where(rng.random(shape) < share, 0.0, rng.gamma(2, 1, shape))

    return draw


EFFECTS: dict[str, Effects] = {
    "normal": _normal,
    "skewness 1, opposite": _skew(4),
    "skewness 2, opposite": _skew(1),
    "contestants of unequal variance (16 times)": _unequal_contestants,
    "tasks of unequal variance (16 times)": _unequal_tasks,
    "50 % zero regrets": _zeros(0.5),
    "80 % zero regrets": _zeros(0.8),
    "family effects of .1": _share_family(0.1),
    "family effects of .2": _share_family(0.2),
}

_THOUSANDTHS = (
    *(46, 49, 64, 66, 70, 74, 81, 85, 111, 116, 125, 115, 124, 131, 129, 128, 134, 137, 130, 140, 140, 140, 140, 140),
    *(140, 150, 150, 150, 150, 160, 165, 170, 172, 175, 178, 184, 184, 184, 184, 184, 211),
)
GRADED = np.array(_THOUSANDTHS) / 1000
"""True normalised regrets of 41 contestants, as in the table of 41 strategies."""

BETWEEN_TASKS, BETWEEN_RUNS = 0.016, 0.06
"""Standard deviations of a contestant's regret between tasks and between runs of a task, as in that table."""


def draw_runs(
    rng: np.random.Generator,
    truth: Floats,
    sample: TaskSample,
    n_runs: int,
    family: float = 0.0,
    between_runs: float = BETWEEN_RUNS,
) -> Floats:
    """Draw regrets of contestants with true means; ``[tasks, contestants, runs]``. Runs are skewed (gamma)."""
    levels = truth + BETWEEN_TASKS * rng.standard_normal((sample.n_tasks, len(truth)))
    of_family = np.unique(sample.families, return_inverse=True)[1]
    levels += family * rng.standard_normal((sample.n_families, len(truth)))[of_family]
    noise = (rng.gamma(4, 1, (*levels.shape, n_runs)) - 4) / 2
    return levels[:, :, None] + between_runs * noise


Values = Callable[[np.random.Generator, tuple[int, ...]], Floats]


def _mix(share: float, alpha: float, beta: float) -> Values:
    return lambda rng, shape: np.where(rng.random(shape) < share, 0.0, rng.beta(alpha, beta, shape))


def _two_modes(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    usual = np.where(rng.random(shape) < 0.85, rng.beta(2, 60, shape), rng.beta(3, 6, shape))
    return np.where(rng.random(shape) < 0.3, 0.0, usual)


def _discrete(rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    return rng.choice([0, 0.01, 0.02, 0.05, 0.1, 0.3], p=[0.3, 0.25, 0.2, 0.1, 0.1, 0.05], size=shape)


REGRETS: dict[str, Values] = {
    "normal": lambda rng, shape: 0.5 + 0.1 * rng.standard_normal(shape),
    "exponential": lambda rng, shape: 0.1 * rng.exponential(size=shape),
    "beta(.5, 5)": _mix(0, 0.5, 5),
    "20 % zero, else beta(1, 8)": _mix(0.2, 1, 8),
    "50 % zero, else beta(1, 8)": _mix(0.5, 1, 8),
    "70 % zero, else beta(1, 8)": _mix(0.7, 1, 8),
    "80 % zero, else beta(1, 8)": _mix(0.8, 1, 8),
    "six values": _discrete,
    "two modes": _two_modes,
}
"""Distributions of the regrets of runs on one task."""
