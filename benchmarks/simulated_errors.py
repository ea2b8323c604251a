"""Error rates and power of the tests between contestants, over tasks and on one task."""

import numpy as np
from scipy import stats
from simulated_tasks import BETWEEN_TASKS, EFFECTS, GRADED, LAYOUTS, draw_runs
from simulation_tables import Section

from nasbench.arrays import Floats
from nasbench.statistics.intervals import compute_iqm
from nasbench.statistics.on_one_task import adjust_by_holm, compare_runs
from nasbench.statistics.over_tasks import TESTS, compare_over_tasks, estimate_more_blocks
from nasbench.statistics.sampling import TaskSample

_LEVEL = 0.05


def measure_errors(rng: np.random.Generator, n: int, tasks: str, effects: str, contestants: int) -> dict[str, float]:
    """Measure how often contestants with equal true means are separated."""
    sample, found = LAYOUTS[tasks], np.empty((n, 4))
    for row in found:
        tested = compare_over_tasks(EFFECTS[effects](rng, sample, contestants), sample, "minimize")
        row[:2] = [(tested.choose(name).p <= _LEVEL).any() for name in TESTS]
        row[2:] = tested.unadjusted[0, 1] <= _LEVEL, tested.friedman <= _LEVEL
    rates = dict(
        zip(("Nemenyi", "max-T", "one pair, unadjusted", "Friedman"), found.mean(axis=0).tolist(), strict=True)
    )
    return rates | ({"Friedman": np.nan} if contestants == 2 else {"one pair, unadjusted": np.nan})


def measure_pooled(rng: np.random.Generator, n: int, task_effect: float) -> dict[str, float]:
    """Measure how often two contestants that are equal over tasks differ by 12 x 30 pooled runs, and over tasks."""
    sample, found = LAYOUTS["12 tasks"], np.empty((n, 3))
    for row in found:
        runs = rng.gamma(4, 0.5, (12, 2, 30)) + task_effect * rng.standard_normal((12, 2, 1))
        tested = compare_over_tasks(compute_iqm(runs), sample, "minimize")
        pooled = stats.mannwhitneyu(runs[:, 0].ravel(), runs[:, 1].ravel()).pvalue
        row[:] = np.array([pooled, tested.nemenyi.p[0, 1], tested.unadjusted[0, 1]]) <= _LEVEL
    names = ("pooled runs, Mann-Whitney", "Nemenyi", "one pair, unadjusted")
    return dict(zip(names, found.mean(axis=0).tolist(), strict=True))


def measure_power(rng: np.random.Generator, n: int, tasks: str, contestants: int, runs: int) -> dict[str, float]:
    """Count the true differences that the tests find between graded contestants, and those of the wrong sign."""
    sample, truth = LAYOUTS[tasks], GRADED[:: len(GRADED) // contestants][:contestants]
    differs = truth[:, None] - truth
    found = np.zeros((n, 2, 2))
    for row in found:
        values = compute_iqm(draw_runs(rng, truth, sample, runs))
        tested = compare_over_tasks(values, sample, "minimize")
        for own, name in zip(row, TESTS, strict=True):
            claims = (tested.choose(name).p <= _LEVEL) & tested.choose(name).worse
            own[:] = (claims & (differs > 0)).sum(), (claims & (differs <= 0)).any()
    pairs, wrong = found.mean(axis=0).T.tolist()
    return {
        "true differences": int((differs > 0).sum()),
        "found by Nemenyi": pairs[0],
        "by max-T": pairs[1],
        "any false, Nemenyi": wrong[0],
        "any false, max-T": wrong[1],
    }


def measure_more(rng: np.random.Generator, n: int, tasks: str, contestants: int, test: str) -> dict[str, float]:
    """Measure how often a pair is separated with as many more tasks as were estimated.

    In each data set, one of the pairs is drawn that are not separated, and of which at most 60 more are said.
    """
    sample, truth = LAYOUTS[tasks], GRADED[:: len(GRADED) // contestants][:contestants]
    said, separated = [], []
    while len(said) < n:
        values = _draw_values(rng, truth, sample.n_tasks)
        tested = compare_over_tasks(values, sample, "minimize").choose(test)
        more = estimate_more_blocks(tested, sample)
        pairs = np.argwhere(np.triu((more > 0) & (more <= 60) & (truth[:, None] != truth), 1))
        if len(pairs):
            i, j = rng.choice(pairs)
            said.append(int(more[i, j]))
            longer = np.concatenate([values, _draw_values(rng, truth, said[-1])])
            again = compare_over_tasks(longer, TaskSample.of(["family"] * len(longer)), "minimize").choose(test)
            separated.append(again.p[i, j] <= _LEVEL)
    return {"said, median": float(np.median(said)), "then separated": float(np.mean(separated))}


def _draw_values(rng: np.random.Generator, truth: Floats, n_tasks: int) -> Floats:
    return np.asarray(truth + BETWEEN_TASKS * rng.standard_normal((n_tasks, len(truth))))


_SHAPES = {
    "beta(.7, 6)": lambda rng, share, shape: np.where(rng.random(shape) < share, 0.0, rng.beta(0.7, 6, shape)),
    "four values": lambda rng, share, shape: np.where(rng.random(shape) < share, 0.0, rng.integers(1, 5, shape)),
}


def measure_one_task(
    rng: np.random.Generator, n: int, regrets: str, zero: str, contestants: int, runs: int
) -> dict[str, float]:
    """Measure claims on one task; ``zero``: share of zero regrets, or two of them, of the first and of the others."""
    shares = [float(share) for share in zero.split(" and ")]
    found = np.empty((n, 3))
    for row in found:
        values = _SHAPES[regrets](rng, shares[-1], (contestants, runs))
        values[0] = _SHAPES[regrets](rng, shares[0], runs)
        p = compare_runs(values)
        row[:] = p[0, 1], adjust_by_holm(p).min(), stats.mannwhitneyu(values[0], values[1]).pvalue
    names = ("one pair, unadjusted", "any pair, Holm", "one pair, Mann-Whitney")
    return dict(zip(names, (found <= _LEVEL).mean(axis=0).tolist(), strict=True))


def _list_errors() -> list[tuple[int, dict[str, object]]]:
    normal = [
        (300 if k == 41 else 3000, {"tasks": "12 tasks", "effects": "normal", "contestants": k})
        for k in (2, 5, 14, 15, 41)
    ]
    normal += [
        (1000, {"tasks": tasks, "effects": "normal", "contestants": k})
        for tasks in ("6 tasks", "8 tasks", "3 + 9 tasks", "6 families, 12 tasks", "7 families, 12 tasks")
        for k in (2, 5, 15)
    ]
    others = [
        (100 if k == 41 else 600, {"tasks": "12 tasks", "effects": effects, "contestants": k})
        for effects in list(EFFECTS)[1:7]
        for k in (2, 5, 15, 41)
    ]
    families = [
        (600, {"tasks": tasks, "effects": effects, "contestants": k})
        for tasks in ("3 + 9 tasks", "6 + 6 tasks", "6 families, 12 tasks", "7 families, 12 tasks")
        for effects in list(EFFECTS)[7:]
        for k in (2, 5, 15)
    ]
    return [*normal, *others, *families]


ERRORS = [
    Section(
        "errors",
        "Contestants that are equal over tasks: how often any pair is separated, by number of contestants",
        measure_errors,
        _list_errors(),
        across="contestants",
    ),
    Section(
        "pooled",
        "Why runs are not pooled: two contestants, equal over tasks; effects of tasks in standard deviations of a run",
        measure_pooled,
        [(2000, {"task_effect": effect}) for effect in (0.0, 0.1, 0.2, 0.3, 0.5)],
    ),
    Section(
        "power",
        "Graded contestants: how many true differences are found",
        measure_power,
        [
            (100, {"tasks": tasks, "contestants": k, "runs": 30})
            for tasks in ("12 tasks", "3 + 9 tasks", "7 families, 12 tasks")
            for k in (5, 13, 41)
        ],
    ),
    Section(
        "more",
        "About n more tasks would separate these two: how often they do",
        measure_more,
        [(400, {"tasks": "12 tasks", "contestants": k, "test": test}) for k in (3, 5, 13) for test in TESTS],
    ),
    Section(
        "one_task",
        "On one task: how often contestants are separated (equal shares of zero regrets: errors; else power)",
        measure_one_task,
        [
            (1000, {"regrets": regrets, "zero": zero, "contestants": k, "runs": runs})
            for regrets in ("beta(.7, 6)", "four values")
            for k in (2, 5)
            for zero in ("0", "0.5", "0.9", "0.4 and 0.8", "0.6 and 0.95")
            for runs in (10, 30)
        ],
        across="runs",
    ),
]
