"""The architectures that a comparison found: what each run hands over at its end, and the best of them.

A run hands over the last recommendation of its strategy, or, if the strategy makes none, the best architecture that the
run observed (``nasbench/recommending.py``); of a recommended set, its first member. A failed run hands over nothing.

The best of several runs is chosen by what the runs observed: first by the largest epoch, then by the score. Reported
values, such as those of a test split, never choose. Isomorphic architectures count as one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.comparison.columns import RunColumns, concatenate_columns
from nasbench.comparison.record import SearchRecord
from nasbench.comparison.task_runs import join_task_runs
from nasbench.errors import make_unknown_name
from nasbench.metrics import TaskRuns
from nasbench.records.opening import recorded_task
from nasbench.tasks import Task
from nasbench.units import Scale


@dataclass(frozen=True)
class FoundArchitectures:
    """What the finished runs of a task hand over, [R] in the order of strategies and runs.

    Attributes:
        task: name of the task in the record.
        strategy: label of the strategy of each run.
        run: number of each run.
        arch: [K, d] the architectures of the runs that hand one over.
        place: row of ``arch`` for each run; -1 for a run that hands over nothing.
        texts: [K] the architectures as texts.
        classes: [K] equal for isomorphic architectures.
        epoch: [K] largest epoch at which the run observed the architecture; -1 if it never did.
        observed: [K] what the run observed there, in the metric's unit, a mean over several trials; nan if nothing.
        reported: label -> [K] reported value.
        scales: label -> unit and direction of the reported values; ``observed`` has its own.
        observed_scale: unit and direction of ``observed``.
    """

    task: str
    strategy: list[str]
    run: Ints
    arch: Archs
    place: Ints
    texts: list[str]
    classes: Ints
    epoch: Ints
    observed: Floats
    reported: dict[str, Floats]
    scales: dict[str, Scale]
    observed_scale: Scale

    def list_texts(self) -> list[str | None]:
        """Return the architecture of each run as text; None for a run that hands over nothing."""
        return [self.texts[place] if place >= 0 else None for place in self.place.tolist()]

    def choose_best(self, strategy: str = "", run: int | None = None) -> dict[str, Any] | None:
        """Return the best architecture as a row of plain data; None if no run hands one over.

        Args:
            strategy: only the runs of this strategy; empty for all.
            run: only the runs with this number; None for all.
        """
        among = self._select(strategy, run)
        rows = np.flatnonzero(among & (self.place >= 0))
        if not len(rows):
            return None
        at = self.place[rows]
        score = np.where(np.isnan(self.observed[at]), -np.inf, self.observed_scale.sign * self.observed[at])
        first = np.lexsort((rows, -score, -self.epoch[at]))[0]
        chosen = self.place[rows[first]]
        same = rows[self.classes[at] == self.classes[chosen]]
        return {
            "task": self.task,
            "strategy": self.strategy[rows[first]],
            "run": int(self.run[rows[first]]),
            "architecture": self.texts[chosen],
            "observed": float(self.observed[chosen]),
            "unit": self.observed_scale.unit,
            "direction": self.observed_scale.direction,
            "epoch": int(self.epoch[chosen]),
            "reported": {label: float(values[chosen]) for label, values in self.reported.items()},
            "found_in": len(same),
            "runs": int(among.sum()),
            "found_by": [
                {"strategy": label, "runs": n}
                for label, n in Counter(self.strategy[row] for row in same.tolist()).most_common()
            ],
        }

    def get_arch(self, row: dict[str, Any]) -> Archs:
        """Return the architecture of a row of ``choose_best``; ``[1, d]``."""
        at = self.texts.index(row["architecture"])
        return self.arch[at : at + 1]

    def _select(self, strategy: str, run: int | None) -> Bools:
        among = np.ones(len(self.run), dtype=np.bool_) if run is None else self.run == run
        return among & np.array([not strategy or name == strategy for name in self.strategy], dtype=np.bool_)


def repeat_labels(strategies: Sequence[str], parts: Sequence[RunColumns]) -> list[str]:
    """Return the strategy of each run of joined parts."""
    return [label for label, part in zip(strategies, parts, strict=True) for _ in range(len(part))]


def read_found(record: SearchRecord, name: str) -> FoundArchitectures:
    """Read what the finished runs of a task hand over, without computing metrics.

    Raises:
        UnknownName: the task is not in the record.
        RecordError: the record is damaged, or the task is not the one that was recorded.
    """
    if name not in record.tasks:
        raise make_unknown_name("task of the record", name, record.tasks)
    task = recorded_task(record, name)
    parts = [record.columns(name, strategy) for strategy in record.strategies]
    runs = join_task_runs(task, concatenate_columns(parts), {})
    strategy = repeat_labels(record.strategies, parts)
    return collect_found(name, task, strategy, np.concatenate([part.number for part in parts]), runs)


def collect_found(name: str, task: Task, strategy: list[str], number: Ints, runs: TaskRuns) -> FoundArchitectures:
    """Collect what joined runs hand over.

    Args:
        name: name of the task in the record.
        task: the task.
        strategy: [R] label of the strategy of each run.
        number: [R] number of each run.
        runs: the runs.
    """
    track = runs.recommended
    ends = track.offsets[1:]
    has = ends > track.offsets[:-1]
    last = ends[has] - 1
    archs = track.arch[last]
    epoch, score = _find_observations(runs, np.flatnonzero(has), track.trial[last], archs)
    texts, classes = _name_architectures(task, archs)
    return FoundArchitectures(
        task=name,
        strategy=strategy,
        run=number,
        arch=archs,
        place=np.where(has, np.cumsum(has) - 1, -1),
        texts=texts,
        classes=classes,
        epoch=epoch,
        observed=task.sign * score,
        reported={label: values[last] for label, values in track.reported.items()},
        scales=task.scales,
        observed_scale=task.scale,
    )


def _name_architectures(task: Task, archs: Archs) -> tuple[list[str], Ints]:
    """Return the text of each architecture [K, d], and the number of its isomorphism class, ``[K]``."""
    if not len(archs):
        return [], np.empty(0, dtype=np.int64)
    distinct, inverse = np.unique(archs, axis=0, return_inverse=True)
    inverse = inverse.ravel()
    _, classes = np.unique(task.space.canonicalize(distinct), axis=0, return_inverse=True)
    texts = task.space.format(distinct)
    return [texts[i] for i in inverse.tolist()], classes.ravel()[inverse]


def _find_observations(runs: TaskRuns, run: Ints, trial: Ints, archs: Archs) -> tuple[Ints, Floats]:
    """Return the largest epoch at which each run [K] observed its architecture, and the score there; -1, nan if never.

    Args:
        runs: all runs.
        run: [K] positions of the runs.
        trial: [K] position of the trial with the architecture; -1 for a recommendation.
        archs: [K, d] the architectures.
    """
    trials = runs.trials
    epoch, score = np.full(len(run), -1, dtype=np.int64), np.full(len(run), np.nan)
    of_trial = trial >= 0
    epoch[of_trial], score[of_trial] = trials.epoch[trial[of_trial]], trials.score[trial[of_trial], 0]
    for i in np.flatnonzero(~of_trial).tolist():
        own = slice(trials.offsets[run[i]], trials.offsets[run[i] + 1])
        seen = (trials.arch[own] == archs[i]).all(axis=1) & ~np.isnan(trials.score[own, 0])
        if seen.any():
            epoch[i] = trials.epoch[own][seen].max()
            score[i] = trials.score[own, 0][seen & (trials.epoch[own] == epoch[i])].mean()
    return epoch, score
