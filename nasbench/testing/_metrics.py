"""The contract of a metric of searches: one number for each run, which depends on that run alone."""

import copy
import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.comparison.columns import join_runs
from nasbench.comparison.run import Run
from nasbench.comparison.task_runs import join_task_runs
from nasbench.metrics import Metric, MetricValues, TaskRuns
from nasbench.simulation import History
from nasbench.table.schema import DIRECTIONS
from nasbench.tasks import Task, load_task
from nasbench.testing._randomness import leave_global_generators_alone
from nasbench.trials import Recommendation, full_trainings
from nasbench.units import UNITS

_LENGTHS = (30, 12, 1, 0, 25, 0, 18, 7)  # finished trials of each run
_FAILED = (4, 5)  # runs that failed: one after some trials, one before the first result
_CRASHED = (2, 6)  # runs with crashed training runs; the only trial of the first crashes
_RECOMMENDING = (0, 6)  # runs whose strategies recommend something else than the best observed architecture
_SAME: dict[str, Any] = {"rtol": 1e-9, "atol": 1e-9, "equal_nan": True}  # sums may be taken in another order


def check_metric(
    make: Callable[..., Metric], *, options: Mapping[str, Any] | None = None, task: Task | str = "nb201-cifar10"
) -> None:
    """Check that a metric keeps the contract, on eight short runs of random search.

    Two runs fail, two finish no trial, and some training runs crash. The metric of a run must not depend on the order
    of the runs or on other runs; only the bound of a censored run may depend on how long others lasted.

    Args:
        make: ``make(**options)`` returns a new metric: a class, for example.
        options: keyword arguments of ``make``.
        task: task of the runs, or its name.

    Raises:
        AssertionError: with what was expected and what was seen.
    """
    metric = make(**options or {})
    task = load_task(task)
    runs = _make_runs(task)
    _check_declaration(metric)
    for limits in ({}, {"trials": float(max(_LENGTHS))}):
        joined = join_task_runs(task, join_runs(runs), limits)
        found = _compute(metric, joined, "all runs")
        _compare(found, _compute(metric, joined, "all runs"), "computed again", censored=True)
        order = np.random.default_rng(1).permutation(len(runs))
        shuffled = _compute(
            metric, join_task_runs(task, join_runs([runs[i] for i in order]), limits), "runs in another order"
        )
        _compare(_take(found, order), shuffled, "for the same runs in another order", censored=True)
        for i, run in enumerate(runs):
            alone = _compute(metric, join_task_runs(task, join_runs([run]), limits), f"a single run ({_say_run(run)})")
            _compare(_take(found, [i]), alone, f"for a run joined with others ({_say_run(run)})", censored=False)
    _compute(metric, join_task_runs(task, join_runs([runs[3], runs[5]]), {}), "runs without a finished trial")


def _make_runs(task: Task) -> list[Run]:
    """Return runs of random search on a task, the same each time."""
    rng = np.random.default_rng(0)
    return [_make_run(task, number, n_trials, rng) for number, n_trials in enumerate(_LENGTHS)]


def _make_run(task: Task, number: int, n_trials: int, rng: np.random.Generator) -> Run:
    trials = full_trainings(0, task.space.sample(n_trials, rng))
    answer = task.backend(rng).advance(trials) if n_trials else None
    score = np.empty((0, len(task.objectives))) if answer is None else answer.score.copy()
    cost_s = np.empty(0) if answer is None else answer.cost_s
    epoch = np.empty(0, dtype=np.int64) if answer is None else answer.epoch
    crashed = np.zeros(n_trials, dtype=np.bool_)
    if number in _CRASHED:
        crashed[::3] = True
        score[crashed] = np.nan
    history = History(np.arange(n_trials), trials.arch, epoch, score, cost_s, np.cumsum(cost_s), crashed)
    recommended: tuple[Recommendation, ...] = ()
    if number in _RECOMMENDING:
        recommended = tuple(Recommendation(float(history.finish_s[i]), history.arch[i : i + 1]) for i in (1, 5))
    overhead_s = math.nan if number == 1 else float(rng.random())
    return Run(number, history, "RuntimeError" if number in _FAILED else "", overhead_s, recommended)


def _say_run(run: Run) -> str:
    return f"{len(run.history.id)} finished trials{', failed' if run.failed else ''}"


def _check_declaration(metric: Metric) -> None:
    """Refuse a class that is not a metric, and what no report could read."""
    if not isinstance(metric, Metric):
        raise AssertionError(f"make() returns a {type(metric).__name__}; expected a nasbench.metrics.Metric")
    units, directions = (*UNITS, "reported", "observed"), (*DIRECTIONS, "observed")
    if metric.unit not in units:
        raise AssertionError(f"unit is {metric.unit!r}; expected one of {', '.join(units)}")
    if metric.direction not in directions:
        raise AssertionError(f"direction is {metric.direction!r}; expected one of {', '.join(directions)}")
    low, high = metric.bounds
    if not low < high:
        raise AssertionError(f"bounds are {metric.bounds}; expected the least and the greatest value")


def _compute(metric: Metric, runs: TaskRuns, about: str) -> MetricValues:
    """Compute a metric, and check the values and that the runs are as before."""
    before = copy.deepcopy(_read_columns(runs))
    try:
        with leave_global_generators_alone("the metric"):
            found = metric.compute(runs)
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(f"{about}: compute raises {type(error).__name__}: {error}") from error
    columns = _read_columns(runs)
    if changed := [name for name, array in columns.items() if not np.array_equal(array, before[name], equal_nan=True)]:
        raise AssertionError(f"the metric changes {', '.join(changed)} of the runs; work on a copy")
    _check_values(metric, found, len(runs.failed), about)
    return found


def _read_columns(runs: TaskRuns) -> dict[str, Any]:
    """Return the arrays that a metric may read, by name."""
    tracks = {"incumbents": runs.incumbents, "recommended": runs.recommended}
    parts = {
        f"{name}.{field.name}": getattr(track, field.name)
        for name, track in tracks.items()
        for field in dataclasses.fields(track)
    }
    parts |= {f"trials.{name}": column for name, column in runs.trials._asdict().items()}
    parts |= {name: getattr(runs, name) for name in ("spent", "failed", "overhead_s")}
    nested = {
        f"{name}[{key!r}]": array
        for name, part in parts.items()
        if isinstance(part, dict)
        for key, array in part.items()
    }
    return {name: part for name, part in parts.items() if not isinstance(part, dict)} | nested


def _check_values(metric: Metric, found: Any, n_runs: int, about: str) -> None:
    """Refuse values of another type or shape, outside of their bounds, or that hide censored runs."""
    if not isinstance(found, MetricValues):
        raise AssertionError(f"{about}: compute returns a {type(found).__name__}; expected MetricValues")
    _check_array("values", found.values, np.float64, n_runs, about)
    values, censored = found
    if np.isinf(values).any():
        raise AssertionError(
            f"{about}: values are {values.tolist()}; expected finite numbers, or nan where there is no value. For a "
            "run that did not reach something, return how long it was followed, and True in `censored`"
        )
    low, high = metric.bounds
    if (outside := values[(values < low) | (values > high)]).size:
        raise AssertionError(f"{about}: values {outside.tolist()} lie outside of the bounds {low:g} to {high:g}")
    if censored is None:
        return
    _check_array("censored", censored, np.bool_, n_runs, about)
    if np.isnan(values[censored]).any():
        raise AssertionError(f"{about}: a censored run has the value nan; expected its lower bound")


def _check_array(name: str, array: Any, dtype: type[np.generic], n_runs: int, about: str) -> None:
    seen = f"{array.dtype} {list(array.shape)}" if isinstance(array, np.ndarray) else type(array).__name__
    expected = f"{np.dtype(dtype)} [{n_runs}]"
    if seen != expected:
        raise AssertionError(f"{about}: {name} is {seen}; expected {expected}, one for each run")


def _take(found: MetricValues, places: Sequence[int] | Any) -> MetricValues:
    return MetricValues(found.values[places], None if found.censored is None else found.censored[places])


def _compare(one: MetricValues, other: MetricValues, about: str, *, censored: bool) -> None:
    """Refuse other values of the same runs; ``censored`` also compares the bounds of censored runs."""
    if (one.censored is None) != (other.censored is None) or not np.array_equal(_mask(one), _mask(other)):
        raise AssertionError(f"{about}, other runs are censored: {_mask(one).tolist()}, then {_mask(other).tolist()}")
    kept: Any = slice(None) if censored else ~_mask(one)
    first, second = one.values[kept], other.values[kept]
    if not np.allclose(first, second, **_SAME):
        raise AssertionError(f"{about}, the metric is another: {first.tolist()}, then {second.tolist()}")


def _mask(found: MetricValues) -> Any:
    return np.zeros(len(found.values), dtype=np.bool_) if found.censored is None else found.censored
