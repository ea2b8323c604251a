"""Measure how often intervals of censored times, of shares of runs and of regret curves hold the truth.

``python benchmarks/simulate_survival.py [N]`` prints Markdown rows: what is covered, the number of runs, and the rate
in N samples (default 2,000; about a minute). The rate of a band is that of its worst point.
"""

import sys
from collections.abc import Callable

import numpy as np

from nasbench.arrays import Floats
from nasbench.statistics.intervals import compute_iqm, compute_iqm_intervals
from nasbench.statistics.sampling import TaskSample
from nasbench.statistics.shares import compute_share_intervals
from nasbench.statistics.survival import SurvivalCurve, estimate_survival, find_median

Row = tuple[str, int, float]
RUNS = (10, 30, 100)
_SEED = 20200122
_AT = (0.02, 0.1, 0.3, 0.5, 0.8, 0.95)  # true shares that have reached the target, at which bands are read
_TIMES: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "distinct times": lambda rng, n: rng.exponential(10.0, n),
    "tied times": lambda rng, n: np.ceil(rng.exponential(6.0, n)),
}
_ENDS: dict[str, tuple[str, float]] = {
    "none censored": ("budget", np.inf),
    "30 % censored by one budget": ("budget", 0.7),
    "60 % censored by one budget": ("budget", 0.4),
    "30 % censored at random": ("random", 2.4),
    "60 % censored at random": ("random", 0.68),
}
_FAMILIES = {"1 task": "a", "2 families, 1 + 2 tasks": "abb", "2 families, 1 + 11 tasks": "a" + 11 * "b"}


def simulate_coverage(n_samples: int) -> list[Row]:
    """Simulate medians and bands of censored times."""
    rng = np.random.default_rng(_SEED)
    rows = []
    for times, draw in _TIMES.items():
        population = np.sort(draw(rng, 200_001))
        points = np.quantile(population, _AT)
        left = 1 - np.searchsorted(population, points, side="right") / len(population)
        for censoring, (kind, size) in _ENDS.items():
            for n in RUNS:
                held = np.zeros(1 + len(_AT))
                for _ in range(n_samples):
                    values = draw(rng, n)
                    ends = _draw_ends(rng, kind, size, population, n)
                    curve = estimate_survival(np.minimum(values, ends), values > ends)
                    held += [_holds_median(curve, float(population[100_000])), *_hold_shares(curve, points, left)]
                rates = held / n_samples
                rows.append((f"median, {times}, {censoring}", n, float(rates[0])))
                rows.append((f"band, {times}, {censoring}", n, float(rates[1:].min())))
    return rows


def _draw_ends(rng: np.random.Generator, kind: str, size: float, population: Floats, n: int) -> Floats:
    """Draw when runs end: at a quantile of the times, or after exponential times of a multiple of their mean."""
    if kind == "random":
        return rng.exponential(size * population.mean(), n)
    return np.full(n, np.inf if np.isinf(size) else np.quantile(population, size))


def _holds_median(curve: SurvivalCurve, truth: float) -> bool:
    """Return whether the interval holds the median; an infinite lower bound says that it lies beyond the end."""
    _, low, high = find_median(curve)
    return min(low, curve.end) <= truth <= high


def _hold_shares(curve: SurvivalCurve, times: Floats, left: Floats) -> list[bool]:
    """Return whether the band holds the share that is left at each time; beyond the end nothing is said."""
    place = np.searchsorted(curve.times, times, side="right")
    low, high = np.append(curve.low_at_start, curve.low)[place], np.append(1.0, curve.high)[place]
    held: list[bool] = ((times > curve.end) | ((low <= left) & (left <= high))).tolist()
    return held


def simulate_shares(n_samples: int) -> list[Row]:
    """Simulate shares of runs over tasks, whose true shares are equal, uniform, nearly 0 or 1, or some of each."""
    rng = np.random.default_rng(_SEED + 1)
    rows = []
    for name, families in _FAMILIES.items():
        sample, size = TaskSample(tuple(families)), len(families)
        for n in RUNS:
            rates = []
            for truth in (np.full(size, 0.02), np.full(size, 0.4), rng.random(size), rng.beta(0.3, 0.3, size)):
                shares = rng.binomial(n, truth, (n_samples, size)).T / n
                _, low, high = compute_share_intervals(shares, n, sample)
                mean = sample.weights @ truth
                rates.append(float(((low <= mean) & (mean <= high)).mean()))
            rows.append((f"share of runs, {name}", n, min(rates)))
    return rows


def simulate_curves(n_samples: int) -> list[Row]:
    """Simulate bands of regret curves: random searches, whose regret after t trials is the least of t values."""
    rng = np.random.default_rng(_SEED + 2)
    trials = np.array([1, 3, 10, 30, 100])[:, None]

    def draw(n: int) -> Floats:
        return np.floor(200 * (1 - rng.random((len(trials), n)) ** (1 / trials))) / 200

    truth = compute_iqm(draw(200_000))
    rows = []
    for n in RUNS:
        held = np.zeros(len(trials))
        for _ in range(n_samples):
            _, low, high = compute_iqm_intervals(draw(n), np.zeros((len(trials), n), dtype=np.bool_), (0.0, np.inf))
            held += (low <= truth + 1e-4) & (truth - 1e-4 <= high)  # the truth is itself a simulation
        rows.append(("band of a regret curve", n, float(held.min() / n_samples)))
    return rows


def main(n_samples: int) -> None:
    """Print a row for each simulation."""
    print("| what | n | rate |\n|---|---|---|")
    for what, n, rate in simulate_coverage(n_samples) + simulate_shares(n_samples) + simulate_curves(n_samples):
        print(f"| {what} | {n} | {rate:.3f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
