"""How often intervals, rank sets and tiers hold the truth."""

import tempfile
from functools import cache

import numpy as np
from scipy import stats
from simulated_tasks import BETWEEN_TASKS, GRADED, LAYOUTS, REGRETS, draw_runs
from simulation_tables import Section

from nasbench.arrays import Floats
from nasbench.statistics.intervals import (
    compute_iqm,
    compute_iqm_intervals,
    compute_mean_band,
    compute_overall_iqm,
    resample_iqm,
)
from nasbench.statistics.over_tasks import TESTS, compare_over_tasks
from nasbench.statistics.ranking import compute_rank_intervals, find_rank_sets, find_tiers
from nasbench.statistics.sampling import TaskSample

_TRUTH_SEED = 20200121


def _covers(low: Floats, high: Floats, truth: Floats | float) -> Floats:
    with np.errstate(invalid="ignore"):
        held = (low <= np.asarray(truth) + 1e-9) & (np.asarray(truth) - 1e-9 <= high)
    return np.where(np.isnan(low), np.nan, held)


@cache
def _find_truth(regrets: str) -> tuple[float, float]:
    """Return the true interquartile mean and mean of a distribution, from two million draws."""
    values = REGRETS[regrets](np.random.default_rng(_TRUTH_SEED), (2_000_000,))
    return float(compute_iqm(values)), float(values.mean())


def measure_one_task_intervals(rng: np.random.Generator, n: int, regrets: str, runs: int) -> dict[str, float]:
    """Measure the intervals over runs on one task."""
    values = REGRETS[regrets](rng, (n, runs))
    iqm, mean = _find_truth(regrets)
    _, low, high = compute_iqm_intervals(values, np.zeros(values.shape, dtype=bool), (0.0, 1.0))
    _, under, above = compute_mean_band(values.T, (0.0, 1.0))
    return {
        "IQM, bootstrap": float(_covers(low, high, iqm).mean()),
        "mean, Student's t": float(_covers(under, above, mean).mean()),
    }


def measure_plain(rng: np.random.Generator, n: int, regrets: str, runs: int) -> dict[str, float]:
    """Measure what is not printed: plain percentiles of the same bootstrap."""
    values = REGRETS[regrets](rng, (n, runs))
    low, high = np.quantile(resample_iqm(values, np.zeros(values.shape, dtype=bool)), [0.025, 0.975], axis=1)
    return {"plain percentiles": float(_covers(low, high, _find_truth(regrets)[0]).mean())}


def measure_failures(rng: np.random.Generator, n: int, failing: float, runs: int) -> dict[str, float]:
    """Measure the interval where runs fail, with the value 1: over all data sets, and those with a failed run."""
    failed = rng.random((n, runs)) < failing
    values = np.where(failed, 1.0, REGRETS["exponential"](rng, (n, runs)))
    _, low, high = compute_iqm_intervals(values, failed, (0.0, 1.0))
    held = _covers(low, high, failing + (1 - failing) * _find_truth("exponential")[0])
    return {"held": float(held.mean()), "held, of those with a failed run": float(held[failed.any(axis=1)].mean())}


@cache
def _search() -> Floats:
    """Return normalised regrets of five strategies on the embedded tasks, ``[tasks * strategies, 100 runs]``."""
    import nasbench
    from nasbench.cli.compare import DEFAULT_STRATEGIES
    from nasbench.comparison.analysis import analyse

    with tempfile.TemporaryDirectory() as folder:
        tasks = list(nasbench.task_names(embedded=True))
        record = nasbench.compare(tasks, DEFAULT_STRATEGIES, runs=100, n_jobs=1, out=f"{folder}/record")
        return np.concatenate([task.metrics["normalized_regret"] for task in analyse(record).tasks])


def measure_record_intervals(rng: np.random.Generator, n: int, runs: int) -> dict[str, float]:
    """The same where the populations are the 100 runs of each strategy on each embedded task."""
    held = []
    for population in _search():
        values = rng.choice(population, (n, runs))
        _, low, high = compute_iqm_intervals(values, np.zeros(values.shape, dtype=bool), (0.0, 1.0))
        _, under, above = compute_mean_band(values.T, (0.0, 1.0))
        held.append((_covers(low, high, compute_iqm(population)), _covers(under, above, population.mean())))
    rates = np.mean(held, axis=2)
    names = ("IQM, bootstrap", "mean, Student's t", "worst population, bootstrap", "worst, Student's t")
    return dict(zip(names, [*rates.mean(axis=0).tolist(), *rates.min(axis=0).tolist()], strict=True))


def _draw_regrets(rng: np.random.Generator, levels: Floats, runs: int) -> Floats:
    """Draw runs of tasks with these mean levels [...]: gamma, 5 % zeros; ``[..., runs]``."""
    shape = (*levels.shape, runs)
    return np.where(rng.random(shape) < 0.05, 0.0, rng.gamma(2, levels[..., None] / 1.9, shape))


def _draw_levels(rng: np.random.Generator, sample: TaskSample, rows: int, between: float, family: float) -> Floats:
    """Draw mean regrets of tasks, ``[tasks, rows]``: lognormal between tasks and between families.

    Of two to five families the levels are fixed: what is claimed is over new tasks of these families.
    """
    of_family = np.unique(sample.families, return_inverse=True)[1]
    fixed = np.linspace(-1, 1, sample.n_families)[:, None] if 1 < sample.n_families < 6 else None
    shift = rng.standard_normal((sample.n_families, rows)) if fixed is None else fixed
    return np.asarray(0.1 * np.exp(family * shift[of_family] + between * rng.standard_normal((sample.n_tasks, rows))))


@cache
def _find_overall_truth(tasks: str, between: float, family: float) -> float:
    rng, n_families = np.random.default_rng(_TRUTH_SEED), LAYOUTS[tasks].n_families
    one_each = TaskSample.of([f"family {i}" for i in range(n_families)])
    levels = _draw_levels(rng, one_each, 120_000 // n_families, between, family)
    return float(compute_iqm(_draw_regrets(rng, levels, 20).ravel()))


def measure_overall(
    rng: np.random.Generator, n: int, tasks: str, between_tasks: float, families: float, runs: int
) -> dict[str, float]:
    """Measure the interval of the overall interquartile mean: over tasks like these."""
    sample = LAYOUTS[tasks]
    values = _draw_regrets(rng, _draw_levels(rng, sample, n, between_tasks, families), runs)
    center, low, high = compute_overall_iqm(values, np.zeros(values.shape, dtype=bool), sample, (0.0, 1.0))
    truth = _find_overall_truth(tasks, between_tasks, families)
    return {
        "held": float(_covers(low, high, truth).mean()),
        "truth below": float((truth < low).mean()),
        "truth above": float((truth > high).mean()),
        "width / truth": float(((high - low) / truth).mean()),
        "bias / truth": float(center.mean() / truth - 1),
    }


def measure_runs_alone(rng: np.random.Generator, n: int, between_tasks: float, runs: int) -> dict[str, float]:
    """Measure what is not printed: intervals of a bootstrap of the runs of each task, for the value over new tasks."""
    truth, held = _find_overall_truth("12 tasks", between_tasks, 0.0), []
    for _ in range(n):
        values = _draw_regrets(rng, _draw_levels(rng, LAYOUTS["12 tasks"], 1, between_tasks, 0.0)[:, 0], runs)
        drawn = np.take_along_axis(values[None], rng.integers(0, runs, (300, *values.shape)), axis=2)
        low, high = np.quantile(compute_iqm(drawn.reshape(300, -1)), [0.025, 0.975])
        held.append(low <= truth <= high)
    return {"runs alone": float(np.mean(held))}


def _rank_levels(levels: Floats) -> Floats:
    return np.asarray(stats.rankdata(levels, axis=1).mean(axis=0))


@cache
def _find_true_ranks(contestants: int, families: float, noise: float, runs: int) -> tuple[Floats, Floats]:
    """Return expected ranks on a new task, without the noise of runs and with it."""
    rng, truth = np.random.default_rng(_TRUTH_SEED), _grade(contestants)
    between = np.hypot(BETWEEN_TASKS, families)
    exact = _rank_levels(truth + between * rng.standard_normal((40_000, contestants)))
    each = TaskSample.of(map(str, range(500)))
    parts = [compute_iqm(draw_runs(rng, truth, each, runs, families, noise)) for _ in range(12)]
    return exact, _rank_levels(np.concatenate(parts))


def _grade(contestants: int) -> Floats:
    return GRADED[:: len(GRADED) // contestants][:contestants]


def measure_ranks(
    rng: np.random.Generator, n: int, tasks: str, families: float, contestants: int, noise: float, runs: int
) -> dict[str, float]:
    """Measure the intervals of average ranks: over tasks like these."""
    sample, truth, widths = LAYOUTS[tasks], _grade(contestants), []
    targets, held = _find_true_ranks(contestants, families, noise, runs), np.empty((n, 2, contestants))
    for row in held:
        values = draw_runs(rng, truth, sample, runs, families, noise)
        low, high = compute_rank_intervals(values, np.zeros(values.shape, dtype=bool), sample, "minimize")
        row[:] = [_covers(low, high, target) for target in targets]
        widths.append((high - low).mean())
    exact, noisy = held.mean(axis=0)
    return {
        "held": float(noisy.mean()),
        "of the worst contestant": float(noisy.min()),
        "without noise of runs": float(exact.mean()),
        "its worst contestant": float(exact.min()),
        "width": float(np.mean(widths)),
    }


def measure_places(rng: np.random.Generator, n: int, tasks: str, contestants: int, runs: int) -> dict[str, float]:
    """Measure how often rank sets hold the true places of all, and tier 1 the true best."""
    sample, truth = LAYOUTS[tasks], _grade(contestants)
    best, worst = 1 + (truth < truth[:, None]).sum(axis=1), (truth <= truth[:, None]).sum(axis=1)
    found = np.empty((n, 2, 3))
    for row in found:
        tested = compare_over_tasks(compute_iqm(draw_runs(rng, truth, sample, runs)), sample, "minimize")
        for own, name in zip(row, TESTS, strict=True):
            test = tested.choose(name)
            low, high = find_rank_sets(test.p, test.worse)
            tiers = find_tiers(tested.average, test.p, test.worse)
            own[:] = ((low <= best) & (worst <= high)).all(), (high - low + 1).mean(), tiers[truth.argmin()] == 1
    names = ("rank sets of all", "width", "best in tier 1")
    rates = found.mean(axis=0).tolist()
    labelled = [[f"{label}: {name}" for name in names] for label in ("Nemenyi", "max-T")]
    return {name: x for own, of in zip(labelled, rates, strict=True) for name, x in zip(own, of, strict=True)}


COVERAGE = [
    Section(
        "one_task_intervals",
        "Intervals over runs, on one task: how often they hold the truth (95 % are promised)",
        measure_one_task_intervals,
        [(3000, {"regrets": name, "runs": runs}) for name in REGRETS for runs in (3, 5, 10, 30, 100)],
        across="runs",
    ),
    Section(
        "plain",
        "Why percentiles are expanded, and none printed below ten runs: plain ones, by number of runs",
        measure_plain,
        [(3000, {"regrets": name, "runs": runs}) for name in REGRETS for runs in (3, 5, 10, 30)],
        across="runs",
    ),
    Section(
        "failures",
        "The same for exponential regrets where runs fail",
        measure_failures,
        [(3000, {"failing": failing, "runs": runs}) for failing in (0.05, 0.2, 0.5) for runs in (10, 30, 100)],
        across="runs",
    ),
    Section(
        "record_intervals",
        "The same where the populations are 100 recorded runs of 5 strategies on 12 tasks",
        measure_record_intervals,
        [(500, {"runs": runs}) for runs in (10, 30, 100)],
    ),
    Section(
        "overall",
        "The overall interquartile mean: how often its interval holds that of endlessly many tasks",
        measure_overall,
        [
            (600, {"tasks": tasks, "between_tasks": between, "families": family, "runs": runs})
            for tasks, between, family in (
                ("12 tasks", 0.3, 0.0),
                ("12 tasks", 0.6, 0.0),
                ("12 tasks", 1.0, 0.0),
                ("6 tasks", 0.3, 0.0),
                ("6 tasks", 0.6, 0.0),
                ("3 + 9 tasks", 0.3, 0.0),
                ("3 + 9 tasks", 0.6, 0.0),
                ("3 + 9 tasks", 0.3, 0.4),
                ("3 + 9 tasks", 0.6, 0.4),
                ("6 families, 12 tasks", 0.4, 0.4),
                ("7 families, 12 tasks", 0.4, 0.4),
            )
            for runs in (10, 30)
        ],
    ),
    Section(
        "runs_alone",
        "Why tasks are drawn: a bootstrap of runs alone, for the value over new tasks",
        measure_runs_alone,
        [(300, {"between_tasks": between, "runs": runs}) for between in (0.3, 0.6, 1.0) for runs in (10, 30)],
        across="runs",
    ),
    Section(
        "ranks",
        "Average ranks: how often the interval holds the expected rank on a new task",
        measure_ranks,
        [
            (200, {"tasks": tasks, "families": families, "contestants": k, "noise": noise, "runs": runs})
            for tasks, families in (
                ("12 tasks", 0.0),
                ("6 tasks", 0.0),
                ("3 + 9 tasks", 0.0),
                ("6 families, 12 tasks", 0.011),
                ("7 families, 12 tasks", 0.011),
            )
            for k, noise, runs in (
                (3, 0.06, 10),
                (3, 0.006, 10),
                (5, 0.06, 30),
                (13, 0.006, 10),
                (41, 0.06, 10),
                (41, 0.06, 30),
            )
        ],
    ),
    Section(
        "places",
        "Rank sets and tiers: how often they hold the true places, and the true best",
        measure_places,
        [
            (200, {"tasks": tasks, "contestants": k, "runs": runs})
            for tasks in ("12 tasks", "3 + 9 tasks")
            for k in (5, 41)
            for runs in (10, 30)
        ],
    ),
]
