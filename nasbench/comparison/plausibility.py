"""Check whether the trials of a recorded run are consistent with each other and with their task.

Replaying finds only what the same code does not repeat. It does not find an error that the code makes every time, such
as a strategy that overwrites its results or a backend that invents scores. Therefore, every trial is compared with what
the task knows about it, without running anything: whether it is a measured architecture of the space, whether it shows
the score of the seed that this run draws for it at that epoch, what that costs, and whether it can have ended at the
recorded time.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from nasbench.arrays import Bools, Floats, Ints, view_as_keys
from nasbench.backends.checkpoints import Checkpoints
from nasbench.backends.table import shown_epochs
from nasbench.comparison.experiment import CHARGED, Experiment
from nasbench.comparison.run import NO_CHARGES
from nasbench.simulation import LOOK_AHEAD, Budget, History
from nasbench.tasks import FRESH, Expected, Task, count_repetitions
from nasbench.trials import Recommendation


def explain_misfit(
    experiment: Experiment,
    task: Task,
    number: int,
    told: History,
    recommended: Sequence[Recommendation] = (),
    charges: Floats = NO_CHARGES,
) -> str:
    """Explain why the trials of a run cannot come from a search of ``task``; empty if they can.

    Args:
        experiment: experiment of the record.
        task: the task that was searched.
        number: number of the run; it determines which trained seed each architecture shows.
        told: all finished trials, also those of a failed run.
        recommended: the strategy's recommendations.
        charges: seconds of each call of the strategy, on the charged clock.
    """
    if not len(told.id):
        return "recommends architectures before its first result" if recommended else ""
    charged = experiment.clock == CHARGED
    times = (
        _check_charged_times(told, experiment.n_workers, charges)
        if charged
        else _check_times(told, experiment.n_workers)
    )
    found = itertools.chain(
        _find_misfits(experiment, task, number, told),
        times,
        _check_budget(told, _find_previous(told.id), experiment.limits.of(task)),
        _check_recommendations(task, told, recommended, charged=charged),
    )
    return next(found, "")


def _find_misfits(experiment: Experiment, task: Task, number: int, told: History) -> Iterator[str]:
    d = len(task.space.decisions)
    if told.arch.shape[1] != d:
        yield f"architectures have {told.arch.shape[1]} decisions; space '{task.space.name}' has {d}"
        return  # nothing else can be looked up
    yield from _describe_bad(
        told, ~task.space.is_valid(told.arch), f"is not an architecture of space '{task.space.name}'"
    )
    before = _find_previous(told.id)
    yield from _check_epochs(task, told, before)
    yield from _describe_bad(
        told, told.crashed != np.isnan(told.score[:, 0]), "crashed but has a score, or has no score but did not crash"
    )
    expected = _expect(experiment, task, number, told)
    if expected is None:
        yield from _check_training(task, told)
    else:
        yield from _describe_bad(told, expected.absent, f"was never measured, so task '{task.name}' cannot answer it")
        yield from _check_scores(told, expected)
        yield from _check_costs(told, before, expected, experiment.checkpoints, experiment.n_workers)


def _check_recommendations(
    task: Task, told: History, recommended: Sequence[Recommendation], *, charged: bool
) -> Iterator[str]:
    """Yield recommended architectures outside the space, and recommendations at times without a new result.

    On the charged clock a recommendation comes some seconds after a result.
    """
    d, last_s = len(task.space.decisions), 0.0
    for time_s, archs in recommended:
        what = f"the recommendation at {time_s} s"
        if archs.ndim != 2 or archs.shape[1] != d or not len(archs):
            yield f"{what} has shape {archs.shape}; expected [k, {d}], at least one architecture"
        elif not task.space.is_valid(archs).all():
            bad = archs[~task.space.is_valid(archs)][0].tolist()
            yield f"{what} holds {bad}, which is not an architecture of space '{task.space.name}'"
        if time_s < last_s or (time_s < told.finish_s[0] if charged else time_s not in told.finish_s):
            yield f"{what} is at a time at which no trial ended, or out of order"
        last_s = time_s


def _describe_bad(told: History, bad: Bools, what: str) -> Iterator[str]:
    """Yield what is wrong with some trials, naming the first one."""
    at = np.flatnonzero(bad)
    if len(at):
        first = f"trial {told.id[at[0]]} ({told.arch[at[0]].tolist()} at epoch {told.epoch[at[0]]})"
        yield f"{first} {what} ({len(at)} of {len(told.id)} trials)"


def _find_previous(ids: Ints) -> Ints:
    """Return the position of the previous answer of the same trial, -1 if there is none; ``[n]``."""
    order = np.argsort(ids, kind="stable")
    again = np.flatnonzero(ids[order[1:]] == ids[order[:-1]])
    before = np.full(len(ids), -1)
    before[order[again + 1]] = order[again]
    return before


def _check_epochs(task: Task, told: History, before: Ints) -> Iterator[str]:
    known = shown_epochs(task.epochs)
    yield from _describe_bad(
        told, ~np.isin(told.epoch, task.epochs), f"ends at an epoch that the task does not have ({known})"
    )
    again = before >= 0
    names = view_as_keys(told.arch)
    other = again & (names != names[before])
    yield from _describe_bad(told, other, "was another architecture before")
    yield from _describe_bad(
        told, again & (told.epoch <= told.epoch[before]), "resumes from an epoch that is not earlier"
    )


def _expect(experiment: Experiment, task: Task, number: int, told: History) -> Expected | None:
    """Return the task's answers in this run, with the seeds that it draws; None if only training can tell."""

    def expect(repetition: Ints | None = None) -> Expected | None:
        _, noise = experiment.streams(task.name, "", number)
        return task.expect(noise, told.arch, told.epoch, repetition)

    if task.repeats != FRESH:
        return expect()
    counted = count_repetitions(task.identify(told.arch), told.id)
    expected = expect(counted)
    if expected is None or experiment.n_workers == 1:
        return expected
    # With several workers, equal architectures need not end in the order in which they began: any of their seeds fits.
    for again in range(int(counted.max()) + experiment.n_workers):
        other = expect(np.full(len(counted), again))
        assert other is not None
        fits = _fit_scores(told, other)
        expected.score[fits] = other.score[fits]
    return expected


def _check_training(task: Task, told: History) -> Iterator[str]:
    """Yield what cannot be true of training runs, if only training can tell their outcome."""
    low, high = task.scale.bounds
    score = told.score[:, 0]
    yield from _describe_bad(
        told, ~(told.crashed | ((score >= low) & (score <= high))), "has a score that is not an accuracy"
    )
    if task.repeats == FRESH:
        return
    _, arch = np.unique(view_as_keys(told.arch), return_inverse=True)
    key = np.stack([arch.ravel(), told.epoch], axis=1)
    _, first, which = np.unique(key, axis=0, return_index=True, return_inverse=True)
    same = score[first[which.ravel()]]
    other = (score != same) & ~np.isnan(score) & ~np.isnan(same)
    yield from _describe_bad(
        told, other, "has two scores in one run, which shows one training run of each architecture"
    )


def _fit_scores(told: History, expected: Expected) -> Bools:
    """Return whether each trial has the expected scores; ``[n]``."""
    seen = told.score
    return np.asarray(_equal(seen, expected.score[:, : seen.shape[1]], expected.tolerance).all(axis=1))


def _check_scores(told: History, expected: Expected) -> Iterator[str]:
    bad = ~_fit_scores(told, expected)
    at = int(bad.argmax())
    seen = told.score
    mine, other = (row[0] if len(row) == 1 else row.tolist() for row in (seen[at], expected.score[at, : seen.shape[1]]))
    yield from _describe_bad(told, bad, f"has score {mine}; the task shows {other} in this run")


def _check_costs(
    told: History, before: Ints, expected: Expected, checkpoints: Checkpoints, n_workers: int
) -> Iterator[str]:
    """Yield costs that are neither those of a training run nor those of resuming it under the record's checkpoints."""
    again = before >= 0
    fresh, on = expected.until_s, expected.until_s
    if expected.resumes:
        # means over other seeds at other epochs may fall, but charged seconds are not refunded
        on = np.where(
            again, np.maximum(fresh - _find_charged(fresh - expected.answer_s, before), expected.answer_s), fresh
        )
    paused = (on if checkpoints.kept else fresh) + checkpoints.restart_s
    waited = np.arange(len(before)) - before
    # A trial that is asked for right after its result continues without a pause, at once or behind trials of that ask.
    stays = ~again | (waited <= LOOK_AHEAD + n_workers) | checkpoints.free
    pauses = again & ~((n_workers == 1) & (waited == 1))
    fits = (stays & _equal(told.cost_s, on, expected.tolerance)) | (
        pauses & _equal(told.cost_s, paused, expected.tolerance)
    )
    fits |= np.isnan(expected.until_s) & told.crashed & (told.cost_s > 0)  # crashed, its seconds unknown
    at = int((~fits).argmax())
    charged = on[at] if checkpoints.free or not again[at] else f"{on[at]}, or {paused[at]} after a pause"
    yield from _describe_bad(told, ~fits, f"cost {told.cost_s[at]} seconds; the task charges {charged}")


def _find_charged(trained_s: Floats, before: Ints) -> Floats:
    """Return the largest training cost charged for each trial in its earlier answers; ``[n]``."""
    most, paid = trained_s.copy(), np.zeros(len(trained_s))
    for at in np.flatnonzero(before >= 0).tolist():
        paid[at] = most[before[at]]
        most[at] = max(most[at], paid[at])
    return paid


def _equal(a: Floats, b: Floats, tolerance: float) -> Bools:
    if tolerance:
        return np.asarray(np.isclose(a, b, rtol=tolerance, atol=tolerance * 1e-3, equal_nan=True))
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _check_times(told: History, n_workers: int) -> Iterator[str]:
    """Yield end times that no schedule of the workers can produce: a trial starts at 0 or when another one ends."""
    finish_s = told.finish_s
    if n_workers == 1:
        expected = np.cumsum(told.cost_s)  # added one after the other, as a clock does
        bad = finish_s != expected
        at = int(bad.argmax())
        yield from _describe_bad(told, bad, f"ended at {finish_s[at]} s; the trials up to it take {expected[at]} s")
        return
    yield from _describe_bad(told, np.diff(finish_s, prepend=0.0) < 0, "ended before the previously reported one")
    events = np.concatenate([[0.0], finish_s])  # non-decreasing, as just checked
    place = np.searchsorted(events, finish_s - told.cost_s)
    start_s = np.full(len(finish_s), np.nan)
    for step in (-2, -1, 0, 1, 2):  # the difference is rounded
        event = events[np.clip(place + step, 0, np.arange(len(finish_s)))]  # before this end
        start_s = np.where(event + told.cost_s == finish_s, event, start_s)
    strange = "ended at a time that does not match its cost and any start (at 0, or when another trial ended)"
    yield from _describe_bad(told, np.isnan(start_s), strange)
    running = np.searchsorted(np.sort(start_s), start_s, "right") - np.searchsorted(finish_s, start_s, "right")
    yield from _describe_bad(
        told, running > n_workers, f"runs in parallel with {n_workers} others; there are {n_workers} workers"
    )


def _check_charged_times(told: History, n_workers: int, charges: Floats) -> Iterator[str]:
    """Yield end times that no schedule can produce in which trials also wait for the strategy."""
    finish_s, start_s = told.finish_s, told.finish_s - told.cost_s
    slack = 1e-9 * finish_s  # differences are rounded
    if not (np.isfinite(charges).all() and (charges >= 0).all()):
        yield "has charged seconds that are negative or not finite"
    yield from _describe_bad(told, np.diff(finish_s, prepend=0.0) < 0, "ended before the previously reported one")
    running = np.searchsorted(np.sort(start_s), start_s, "right") - np.searchsorted(finish_s, start_s + slack, "right")
    yield from _describe_bad(
        told,
        (running > n_workers) | (start_s < -slack),
        f"starts before the run, or runs in parallel with more than {n_workers - 1} others",
    )
    most = charges.sum() + told.cost_s.sum()
    late = finish_s > most + slack + 1e-9
    yield from _describe_bad(told, late, f"ended later than the {most} s of all trials and all calls of the strategy")


def _check_budget(told: History, before: Ints, budget: Budget) -> Iterator[str]:
    yield from _describe_bad(
        told, told.finish_s > budget.seconds, f"ended after the budget of {budget.seconds} seconds"
    )
    if len(told.id) > budget.trials:
        yield f"{len(told.id)} trials; the budget is {budget.trials}"
    new = told.epoch - np.where(before >= 0, told.epoch[before], 0)
    if math.isfinite(budget.epochs) and new.sum() - new.max() >= budget.epochs:
        yield f"{new.sum()} epochs, {new.max()} of the last trial at most; the budget is {budget.epochs}"
