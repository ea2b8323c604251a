"""Measure how often the intervals of ``nasbench agreement`` hold tau of the true rankings.

``python benchmarks/simulate_agreement.py [N]`` prints Markdown rows: strategies and what is covered, the number of
runs, and the rate in N samples (default 300; about a minute). Regrets are skewed, and differently so for each strategy.
"""

import sys

import numpy as np

from nasbench.arrays import Floats
from nasbench.comparison.agreement import RunLevels, compute_tau_b, compute_tau_intervals
from nasbench.statistics.intervals import compute_iqm

RUNS = (10, 30, 100)
_SEED = 20200123
_SHAPES = np.array([0.7, 1.0, 2.0, 4.0, 1.0])  # of the gamma distributions of the strategies' regrets
_FALL = np.linspace(1.0, 0.4, 10)  # of the regret over the budget
_LEVELS = {
    "5 graded strategies": (np.array([1.0, 0.8, 0.6, 0.4, 0.2]), np.array([1.0, 0.5, 0.7, 0.4, 0.2])),
    "3 of 5 hardly differ": (np.array([1.0, 0.5, 0.5, 0.49, 0.51]), np.array([1.0, 0.5, 0.52, 0.5, 0.49])),
    "all hardly differ": (np.array([1.0, 1.01, 0.99, 1.02, 0.98]), np.array([1.0, 0.98, 0.99, 1.01, 1.02])),
}


def _find_true_levels(levels: Floats) -> Floats:
    """Return the true interquartile means of the strategies, from 200,000 draws."""
    drawn = np.random.default_rng(_SEED).gamma(_SHAPES[:, None], 1 / _SHAPES[:, None], (len(levels), 200_000))
    return np.asarray(levels * compute_iqm(drawn))


def _draw_runs(rng: np.random.Generator, levels: Floats, n: int) -> RunLevels:
    """Draw runs whose regret falls, with a shape of its own for each strategy; a run's shares depend on each other."""
    start = levels[:, None] * rng.gamma(_SHAPES[:, None], 1 / _SHAPES[:, None], (len(levels), n))
    return RunLevels(start[:, None] * _FALL[:, None], np.zeros((len(levels), n), dtype=np.bool_))


def simulate_intervals(n_samples: int) -> list[tuple[str, int, float]]:
    """Simulate the interval after a single share, and that of the mean over shares."""
    rng = np.random.default_rng(_SEED)
    rows = []
    for name, both in _LEVELS.items():
        truth = compute_tau_b(*map(_find_true_levels, both)).item()
        for n in RUNS:
            held = np.zeros(2)
            for _ in range(n_samples):
                *_, last, mean = compute_tau_intervals(*(_draw_runs(rng, levels, n) for levels in both))
                held += [own.low - 1e-9 <= truth <= own.high + 1e-9 for own in (last, mean)]
            rates = (held / n_samples).tolist()
            rows += [(f"{name}, one budget", n, rates[0]), (f"{name}, mean over budgets", n, rates[1])]
    return rows


def main(n_samples: int) -> None:
    """Print a row for each simulation."""
    print("| what | n | rate |\n|---|---|---|")
    for what, n, rate in simulate_intervals(n_samples):
        print(f"| {what} | {n} | {rate:.3f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
