"""Whether the trials of a recorded run belong together, and to their task.

Replaying finds what the same code does not do again. It does not find what that code does wrong each time: a strategy
that writes over what it is told, a backend that makes up scores. So every trial is compared here with what the task
knows of it, without running anything: whether it is an architecture of the space that was measured, whether it shows
the score of the seed that this run draws for it at that epoch, what that costs, and whether it can have ended when it
did.
"""

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats, Ints, view_as_keys
from nasbench.backends.checkpoints import Checkpoints
from nasbench.backends.table import rows_of, shown_epochs, shown_repetitions
from nasbench.comparison.experiment import Experiment
from nasbench.simulation import LOOK_AHEAD, Budget, History
from nasbench.tasks import AnyTask, SurrogateTask, Task
from nasbench.trials import Recommendation

_CLOSE = 1e-6  # relative; what a net or a kernel predicts of an architecture depends in its last digits on the batch


class _Answers(NamedTuple):
    """What a task answers about the trials of a run.

    Attributes:
        score: [n, objectives] of which a record has the first at least; nan where missing, the first of a crash.
        until_s: [n] seconds of a training from its start, one answer included.
        answer_s: [n] of these, those that each answer takes again.
        resumes: whether seconds up to an earlier epoch count towards a later one.
        tolerance: relative, of scores and seconds; 0 for the same bits.
    """

    score: Floats
    until_s: Floats
    answer_s: Floats
    resumes: bool = True
    tolerance: float = 0.0


def misfit(
    experiment: Experiment,
    task: AnyTask,
    number: int,
    told: History,
    recommended: Sequence[Recommendation] = (),
) -> str:
    """Return why the trials of a run cannot be what a search of ``task`` was told; empty where they can.

    Args:
        experiment: the record's.
        task: that was searched.
        number: of the run; it decides which trained seed each architecture shows.
        told: every finished trial, also of a run that failed.
        recommended: what the strategy said that it would hand over.
    """
    if not len(told.id):
        return "recommends architectures before its first result" if recommended else ""
    found = itertools.chain(_misfits(experiment, task, number, told), _wrong_recommendations(task, told, recommended))
    return next(found, "")


def _misfits(experiment: Experiment, task: AnyTask, number: int, told: History) -> Iterator[str]:
    d = len(task.space.decisions)
    if told.arch.shape[1] != d:
        yield f"architectures have {told.arch.shape[1]} decisions; space '{task.space.name}' has {d}"
        return  # nothing else can be looked up
    yield from _said(told, ~task.space.is_valid(told.arch), f"is no architecture of space '{task.space.name}'")
    before = _before(told.id)
    yield from _wrong_epochs(task, told, before)
    yield from _said(told, told.crashed != np.isnan(told.score[:, 0]), "crashed with a score, or has none and did not")
    if isinstance(task, Task):
        rows = rows_of(task.space, task.table, told.arch)
        if task.observations.absent:  # the row behind the table's last answers for what it lacks
            rows = np.where(rows < 0, len(task.table), rows)
        yield from _said(told, rows < 0, f"was never measured in table '{task.table.name}'")
        answers = _of_table(task, experiment, number, told, rows)
    elif isinstance(task, SurrogateTask):
        answers = _of_surrogate(task, experiment, number, told)
    else:
        yield from _wrong_training(told)
        answers = None
    if answers is not None:
        yield from _wrong_scores(told, answers)
        yield from _wrong_costs(told, before, answers, experiment.checkpoints, experiment.n_workers)
    yield from _wrong_times(told, experiment.n_workers)
    yield from _over_budget(told, before, experiment.limits.of(task))


def _wrong_recommendations(task: AnyTask, told: History, recommended: Sequence[Recommendation]) -> Iterator[str]:
    """Yield recommended architectures that are not in the space, and times at which the strategy was told nothing."""
    d, last_s = len(task.space.decisions), 0.0
    for time_s, archs in recommended:
        what = f"the recommendation at {time_s} s"
        if archs.ndim != 2 or archs.shape[1] != d or not len(archs):
            yield f"{what} has shape {archs.shape}; expected [k, {d}], at least one architecture"
        elif not task.space.is_valid(archs).all():
            bad = archs[~task.space.is_valid(archs)][0].tolist()
            yield f"{what} holds {bad}, which is no architecture of space '{task.space.name}'"
        if time_s < last_s or time_s not in told.finish_s:
            yield f"{what} stands at a time at which no trial ended, or before an earlier one"
        last_s = time_s


def _said(told: History, bad: Bools, what: str) -> Iterator[str]:
    """Yield what is wrong with trials, naming the first."""
    at = np.flatnonzero(bad)
    if len(at):
        first = f"trial {told.id[at[0]]} ({told.arch[at[0]].tolist()} at epoch {told.epoch[at[0]]})"
        yield f"{first} {what} ({len(at)} of {len(told.id)} trials)"


def _before(ids: Ints) -> Ints:
    """Return the place of each trial's answer before this one, -1 where there is none; ``[n]``."""
    order = np.argsort(ids, kind="stable")
    again = np.flatnonzero(ids[order[1:]] == ids[order[:-1]])
    before = np.full(len(ids), -1)
    before[order[again + 1]] = order[again]
    return before


def _wrong_epochs(task: AnyTask, told: History, before: Ints) -> Iterator[str]:
    known = shown_epochs(task.epochs)
    yield from _said(told, ~np.isin(told.epoch, task.epochs), f"ends at none of the epochs of the task ({known})")
    again = before >= 0
    names = view_as_keys(told.arch)
    other = again & (names != names[before])
    yield from _said(told, other, "was another architecture before")
    yield from _said(told, again & (told.epoch <= told.epoch[before]), "goes on from an epoch that is not earlier")


def _of_table(task: Task, experiment: Experiment, number: int, told: History, rows: Ints) -> _Answers:
    """Return what the table holds for ``rows`` [n] in this run."""
    seen = task.observations
    _, noise = experiment.streams(task.name, "", number)
    drawn = shown_repetitions(noise, len(task.table)).take(rows)
    score, until_s = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for epoch in np.unique(told.epoch).tolist():
        now = seen if epoch == seen.last_epoch else seen.earlier[epoch]
        at = told.epoch == epoch
        n_seeds = (seen if seen.resumes else now).n_seeds.take(rows[at])
        score[at] = np.where(n_seeds > 0, now.scores[rows[at], drawn[at] % np.maximum(n_seeds, 1)], np.nan)
        until_s[at] = now.cost_s.take(rows[at])
    answer_s = np.zeros(len(rows)) if seen.answer_s is None else seen.answer_s.take(rows)
    further = np.empty((len(rows), 0)) if seen.further is None else seen.further.take(rows, axis=0)
    return _Answers(np.concatenate([score[:, None], further], axis=1), until_s, answer_s, seen.resumes)


def _of_surrogate(task: SurrogateTask, experiment: Experiment, number: int, told: History) -> _Answers:
    """Return what the surrogate predicts, with the noise of this run."""
    _, noise = experiment.streams(task.name, "", number)
    stored = bool(task.surrogate.known)
    archs = told.arch if stored else task.surrogate.representative(told.arch)
    score, cost_s = task.backend(noise).predicted(archs)
    return _Answers(score[:, None], cost_s, np.zeros(len(score)), tolerance=0.0 if stored else _CLOSE)


def _wrong_training(told: History) -> Iterator[str]:
    """Yield what cannot be true of trainings whose outcome nobody knows."""
    score = told.score[:, 0]
    yield from _said(told, ~(told.crashed | ((score >= 0) & (score <= 1))), "has no accuracy as score")
    _, arch = np.unique(view_as_keys(told.arch), return_inverse=True)
    key = np.stack([arch.ravel(), told.epoch], axis=1)
    _, first, which = np.unique(key, axis=0, return_index=True, return_inverse=True)
    same = score[first[which.ravel()]]
    other = (score != same) & ~told.crashed & ~np.isnan(same)
    yield from _said(told, other, "has two scores in one run, which shows one training of each architecture")


def _wrong_scores(told: History, answers: _Answers) -> Iterator[str]:
    for seen, shown in zip(told.score.T, answers.score.T, strict=False):  # old records have the first objective alone
        bad = ~_equal(seen, shown, answers.tolerance)
        at = int(bad.argmax())
        yield from _said(told, bad, f"has score {seen[at]}; the task shows {shown[at]} in this run")


def _wrong_costs(
    told: History, before: Ints, answers: _Answers, checkpoints: Checkpoints, n_workers: int
) -> Iterator[str]:
    """Yield costs other than those of the training, or of going on with it as the checkpoints of the record say."""
    again = before >= 0
    fresh, on = answers.until_s, answers.until_s
    if answers.resumes:
        # means over other seeds at other epochs may fall, but what was paid is paid
        on = np.where(again, np.maximum(fresh - _paid(fresh - answers.answer_s, before), answers.answer_s), fresh)
    paused = (on if checkpoints.kept else fresh) + checkpoints.restart_s
    waited = np.arange(len(before)) - before
    # What is asked as soon as it was told goes on unpaused, at once or behind what is asked in the same go.
    stays = ~again | (waited <= LOOK_AHEAD + n_workers) | checkpoints.free
    pauses = again & ~((n_workers == 1) & (waited == 1))
    fits = (stays & _equal(told.cost_s, on, answers.tolerance)) | (
        pauses & _equal(told.cost_s, paused, answers.tolerance)
    )
    fits |= np.isnan(answers.until_s) & told.crashed & (told.cost_s > 0)  # crashed, its seconds unknown
    at = int((~fits).argmax())
    expected = on[at] if checkpoints.free or not again[at] else f"{on[at]}, or {paused[at]} after a pause"
    yield from _said(told, ~fits, f"cost {told.cost_s[at]} seconds; the task charges {expected}")


def _paid(trained_s: Floats, before: Ints) -> Floats:
    """Return the most that was charged for the training of each trial in its answers before this one; ``[n]``."""
    most, paid = trained_s.copy(), np.zeros(len(trained_s))
    for at in np.flatnonzero(before >= 0).tolist():
        paid[at] = most[before[at]]
        most[at] = max(most[at], paid[at])
    return paid


def _equal(a: Floats, b: Floats, tolerance: float) -> Bools:
    if tolerance:
        return np.asarray(np.isclose(a, b, rtol=tolerance, atol=tolerance * 1e-3, equal_nan=True))
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))


def _wrong_times(told: History, n_workers: int) -> Iterator[str]:
    """Yield ends that no schedule of the workers gives: a trial starts at 0 or when another ends."""
    finish_s = told.finish_s
    if n_workers == 1:
        expected = np.cumsum(told.cost_s)  # added one after the other, as a clock does
        bad = finish_s != expected
        at = int(bad.argmax())
        yield from _said(told, bad, f"ended at {finish_s[at]} s; the trials up to it take {expected[at]} s")
        return
    yield from _said(told, np.diff(finish_s, prepend=0.0) < 0, "ended before the one that was told before it")
    events = np.concatenate([[0.0], finish_s])  # rising, as was just seen
    place = np.searchsorted(events, finish_s - told.cost_s)
    start_s = np.full(len(finish_s), np.nan)
    for step in (-2, -1, 0, 1, 2):  # the difference is rounded
        event = events[np.clip(place + step, 0, np.arange(len(finish_s)))]  # before this end
        start_s = np.where(event + told.cost_s == finish_s, event, start_s)
    strange = "ended at a time that no start (at 0, or when another ended) and its cost add up to"
    yield from _said(told, np.isnan(start_s), strange)
    running = np.searchsorted(np.sort(start_s), start_s, "right") - np.searchsorted(finish_s, start_s, "right")
    yield from _said(told, running > n_workers, f"runs beside {n_workers} others; there are {n_workers} workers")


def _over_budget(told: History, before: Ints, budget: Budget) -> Iterator[str]:
    yield from _said(told, told.finish_s > budget.seconds, f"ended after the budget of {budget.seconds} seconds")
    if len(told.id) > budget.trials:
        yield f"{len(told.id)} trials; the budget is {budget.trials}"
    new = told.epoch - np.where(before >= 0, told.epoch[before], 0)
    if math.isfinite(budget.epochs) and new.sum() - new.max() >= budget.epochs:
        yield f"{new.sum()} epochs, {new.max()} of the last trial at most; the budget is {budget.epochs}"
