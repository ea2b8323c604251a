"""Print how often the claims of ``nasbench predict`` err: ``python benchmarks/simulate_predictors.py [RECORD ...]``.

A row of Markdown for each claim: what was simulated, with how many tasks or runs, and how often it erred or covered.
Predictors that are equal on average over tasks still differ on each task, by task effects whose size is given in
standard deviations of a run. With records, intervals and tests on a task are checked on their runs instead, which stand
for all training sets; a record of 100 runs is enough.
"""

import sys
from collections.abc import Iterator
from itertools import chain

import numpy as np

from nasbench.arrays import Floats
from nasbench.evaluation import METRICS, PredictionRecord
from nasbench.evaluation.analysis import analyse
from nasbench.evaluation.curves import CURVE_METRICS
from nasbench.evaluation.ranking import DIRECTION, compare_runs_on_task
from nasbench.statistics.intervals import compute_mean_band
from nasbench.statistics.means import compute_overall_mean, resample_means
from nasbench.statistics.over_tasks import TESTS, compare_over_tasks
from nasbench.statistics.ranking import ALPHA, average_ranks, rank, resample_average_ranks
from nasbench.statistics.sampling import TaskSample

Row = tuple[str, str, float]

SIZES, RUNS = 5, 5
FAMILIES = {6: ("a",) * 2 + ("b",) * 4, 12: ("a",) * 3 + ("b",) * 9}
"""Number of tasks -> their families, of unequal size as those of the embedded tasks."""

_LEVELS = np.array([0.5, 0.5, 0.5, 0.48, 0.48, 0.45, 0.40, 0.30])  # true taus; the last predictor is last on all tasks
_RUN_STD = 0.03
_TANH_STD = 0.15  # of artanh(tau) over training sets: that of 20 training architectures
_N_RUNS = (3, 5, 10, 20, 30)


def draw_means(rng: np.random.Generator, n: int, n_tasks: int, effect: float) -> Floats:
    """Draw mean taus [tasks, n] of predictors that are equal on average, with task effects of ``effect`` run stds."""
    runs = rng.standard_normal((n_tasks, n, SIZES, RUNS)) + rng.standard_normal((n_tasks, 1, SIZES, RUNS))
    averaged: Floats = runs.mean(axis=(2, 3)) + effect * rng.standard_normal((n_tasks, n))
    return averaged


def measure_errors_over_tasks(n: int, n_tasks: int, effect: float, n_sets: int) -> dict[str, float]:
    """Measure how often a test over tasks separates any two of ``n`` predictors that are equal on average."""
    rng, sample = np.random.default_rng(1), TaskSample.of([str(i) for i in range(n_tasks)])
    errors = dict.fromkeys(TESTS, 0)
    for _ in range(n_sets):
        found = compare_over_tasks(draw_means(rng, n, n_tasks, effect), sample, DIRECTION)
        for name in TESTS:
            errors[name] += bool((found.choose(name).p <= ALPHA).any())
    return {name: count / n_sets for name, count in errors.items()}


def measure_errors_on_task(n: int, runs: int, shape: float, n_sets: int) -> float:
    """Measure how often paired t tests separate any two of ``n`` predictors that are equal on a task.

    Args:
        n: number of predictors.
        runs: number of runs.
        shape: of the gamma distribution of a predictor's noise; infinite for a normal one.
        n_sets: number of data sets.
    """
    rng = np.random.default_rng(2)
    size = (n_sets, n, runs)
    noise = rng.standard_normal(size) if np.isinf(shape) else rng.gamma(shape, shape**-0.5, size)
    tau = 0.5 + 0.02 * noise + 0.02 * rng.standard_normal((n_sets, 1, runs))
    return float(np.mean([(compare_runs_on_task(own).p <= ALPHA).any() for own in tau]))


def measure_tau_coverage(center: float, runs: int, n_sets: int) -> float:
    """Measure how often the interval over runs holds the mean of taus that lean towards their bound of 1."""
    rng = np.random.default_rng(3)
    drawn = np.tanh(np.arctanh(center) + _TANH_STD * rng.standard_normal((runs, n_sets)))
    true = np.tanh(np.arctanh(center) + _TANH_STD * rng.standard_normal(1_000_000)).mean()
    _, low, high = compute_mean_band(drawn, (-1.0, 1.0))
    return float(((low <= true) & (true <= high)).mean())


def measure_overall_coverage(n_tasks: int, effect: float, runs: int, n_sets: int) -> dict[str, Floats]:
    """Measure how often intervals over tasks hold the mean tau and the average rank over endless tasks and runs.

    Returns:
        ``mean tau`` and ``average rank`` -> share of each predictor, ``[predictors]``.
    """
    rng, sample = np.random.default_rng(4), TaskSample.of(FAMILIES[n_tasks])
    n = len(_LEVELS)
    true_rank = rank(_LEVELS + effect * _RUN_STD * rng.standard_normal((20_000, n)), DIRECTION).mean(axis=0)
    held: dict[str, list[Floats]] = {"mean tau": [], "average rank": []}
    for _ in range(n_sets):
        level = _LEVELS[:, None] + effect * _RUN_STD * rng.standard_normal((n_tasks, n, 1))
        tau = level + _RUN_STD * rng.standard_normal((n_tasks, n, runs))
        means = tau.mean(axis=2)
        _, low, high = compute_overall_mean(means, sample, (-1.0, 1.0))
        held["mean tau"].append((low <= _LEVELS) & (high >= _LEVELS))
        drawn = np.stack([resample_means(own, rng) for own in tau])
        low, high = resample_average_ranks(average_ranks(means, sample, DIRECTION), drawn, sample, DIRECTION, rng)
        held["average rank"].append((low <= true_rank) & (true_rank <= high))
    return {name: np.mean(own, axis=0) for name, own in held.items()}


def measure_metric_coverage(records: list[PredictionRecord], n_sets: int) -> Iterator[Row]:
    """Measure how often Student's t over runs holds the mean of a metric over all runs of a record."""
    rng = np.random.default_rng(5)
    analyses = [analyse(record) for record in records]
    for metric in (*METRICS, *CURVE_METRICS):
        tables = [own.metrics[metric] for all_of in analyses for own in all_of.tests if metric in own.metrics]
        populations = [runs for table in tables for runs in table.reshape(-1, table.shape[2]) if np.ptp(runs) > 0]
        for n in _N_RUNS if populations else ():
            held = []
            for runs in populations:
                _, low, high = compute_mean_band(rng.choice(runs, (n, n_sets)))
                held.append(((low <= runs.mean()) & (runs.mean() <= high)).mean())
            what = f"interval over runs of {metric}: covers, mean of {len(held)} settings (lowest {min(held):.3f})"
            yield what, f"{n} runs", float(np.mean(held))


def measure_paired_errors(records: list[PredictionRecord], n_sets: int) -> Iterator[Row]:
    """Measure how often paired t tests separate any two predictors of a record whose mean taus are made equal."""
    rng = np.random.default_rng(6)
    for record in records:
        for own in analyse(record).tests:
            for size, tau in zip(record.spec["train_sizes"], np.moveaxis(own.metrics["kendall"], 1, 0), strict=True):
                equal = tau - tau.mean(axis=1, keepdims=True)
                for n in _N_RUNS[:3]:
                    drawn = rng.integers(0, equal.shape[1], (n_sets, n))
                    errors = [(compare_runs_on_task(equal[:, runs]).p <= ALPHA).any() for runs in drawn]
                    what = f"{len(equal)} predictors made equal on {own.name}, {own.protocol}, {size} to learn from"
                    yield f"{what}, any separated by paired t and Holm", f"{n} runs", float(np.mean(errors))


def simulate(scale: float = 1.0) -> Iterator[Row]:
    """Yield a row for each claim; ``scale`` multiplies the numbers of simulated data sets."""
    over_tasks = (
        (2, 2, 2.0),
        (2, 5, 2.0),
        (2, 6, 1.0),
        (2, 12, 0.3),
        (2, 12, 2.0),
        (5, 6, 1.0),
        (5, 12, 1.0),
        (15, 12, 1.0),
    )
    for n, n_tasks, effect in over_tasks:
        for name, error in measure_errors_over_tasks(n, n_tasks, effect, int(1000 * scale)).items():
            what = f"{n} predictors equal over tasks (task effects {effect:g} run std), any separated by {name}"
            yield what, f"{n_tasks} tasks", error
    on_task = ((2, 3, np.inf), (2, 5, np.inf), (5, 3, np.inf), (5, 5, np.inf), (5, 5, 1.0), (15, 5, np.inf))
    for n, runs, shape in on_task:
        error = measure_errors_on_task(n, runs, shape, int(2000 * scale))
        noise = "normal" if np.isinf(shape) else "skewed"
        yield f"{n} predictors equal on a task ({noise}), any separated by paired t and Holm", f"{runs} runs", error
        for n_tasks in (2, 5) if (n, runs) == (2, 5) else ():
            yield "the same, on any of several tasks", f"{n_tasks} tasks", 1 - (1 - error) ** n_tasks
    for center, runs in ((0.5, 3), (0.5, 5), (0.9, 3), (0.9, 5), (0.9, 10)):
        covered = measure_tau_coverage(center, runs, int(10_000 * scale))
        yield f"interval over runs of a tau about {center:g}: covers", f"{runs} runs", covered
    for n_tasks, effect, runs in ((6, 1.0, 3), (6, 0.2, 5), (12, 1.0, 5), (12, 0.2, 3), (12, 1.0, 10)):
        for name, shares in measure_overall_coverage(n_tasks, effect, runs, int(150 * scale)).items():
            what = f"interval of {name} over tasks (task effects {effect:g} run std, {runs} runs): covers, "
            yield what + f"mean of predictors (lowest {shares.min():.3f})", f"{n_tasks} tasks", float(shares.mean())


def main(paths: list[str]) -> None:
    """Print all rows."""
    print("| what | n | rate |\n|---|---|---|")
    records = [PredictionRecord(path) for path in paths]
    rows = chain(measure_metric_coverage(records, 3000), measure_paired_errors(records, 2000)) if paths else simulate()
    for what, n, rate in rows:
        print(f"| {what} | {n} | {rate:.3f} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
