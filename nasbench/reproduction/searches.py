"""Searches of a published protocol: recorded as any comparison, and read off as the paper reads them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.backends.table import TableBackend, observations
from nasbench.comparison import Record, compare
from nasbench.comparison.experiment import Limits
from nasbench.recommending import find_incumbents
from nasbench.records.failures import reason_of
from nasbench.records.provenance import file_name
from nasbench.registry import STRATEGIES, Choice
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.samples import CannotJudge, Sample, lacking, sample_of
from nasbench.reproduction.schema import Published, Reading, Row, Search
from nasbench.simulation import Budget, History, Simulation
from nasbench.tasks import Task, load_table_task
from nasbench.tasks.declarations import tables_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Plan:
    """How much to run, and where to keep it.

    Attributes:
        runs: of each strategy on each task.
        out: folder of the records; unfinished ones are continued.
        jobs: processes; changes no number.
        quick: fewer runs were asked for.
        on_progress: called with (runs done, runs in all) of one comparison.
    """

    runs: int
    out: Path
    jobs: int = 1
    quick: bool = False
    on_progress: Progress | None = field(default=None, compare=False)


class Searches:
    """The comparisons of a published table, run on first use and then read.

    Args:
        published: the table.
        columns: opens its columns.
        plan: how much to run.
    """

    def __init__(self, published: Published, columns: Columns, plan: Plan) -> None:
        self._published, self._columns, self._plan = published, columns, plan
        self._records: dict[str, Record] = {}
        self._histories: dict[tuple[str, str], list[History]] = {}

    @property
    def _labels(self) -> list[str]:
        """Every strategy of the table, by any reading, that the suite has."""
        rows = [row for row in self._published.rows if row.ours["kind"] == "search"]
        labels = [self._published.strategy(row, reading) for reading in self._published.readings for row in rows]
        return [label for label in dict.fromkeys(labels) if not lacking(label, STRATEGIES)]

    def of(self, row: Row, reading: Reading) -> dict[str, Sample]:
        """Return a sample over runs for every column that the strategy's searches report.

        Raises:
            CannotJudge: a strategy or table that is not there, or runs that failed.
        """
        label = self._published.strategy(row, reading)
        if reason := lacking(label, STRATEGIES):
            raise CannotJudge(reason)
        reading = replace(reading, by=row.ours.get("by", reading.by))
        samples: dict[str, Sample] = {}
        for search in self._published.searches:
            samples |= self._read(self._record(search), search, label, reading)
        return samples

    def _record(self, search: Search) -> Record:
        if search.task not in self._records:
            homes = [str(self._published.columns[name]["table"]) for name in search.columns]
            self._columns.require([*tables_of(search.task), *homes])
            self._records[search.task] = compare(
                search.task,
                self._labels,
                runs=self._plan.runs,
                limits=Limits(seconds=search.seconds, trials=search.trials),
                n_jobs=self._plan.jobs,
                out=self._plan.out / self._published.name / file_name(search.task),
                on_progress=self._plan.on_progress,
            )
        return self._records[search.task]

    def _read(self, record: Record, search: Search, label: str, reading: Reading) -> dict[str, Sample]:
        histories = self._of_record(record, search.task, Choice.parse(label).label)
        found = {}
        for name in search.columns:
            self._columns.check_unit(name)
            scores = self._scores(histories, reading, name)
            picks = [pick(h, s, search, reading.trials) for h, s in zip(histories, scores, strict=True)]
            values = weighted(histories, picks, self._columns.reader(name)) * self._published.scale
            if np.isnan(values).any():
                raise CannotJudge(f"{int(np.isnan(values).sum())} run(s) of {label} found what column '{name}' lacks")
            found[name] = sample_of(values)
        return found

    def _of_record(self, record: Record, task: str, label: str) -> list[History]:
        """Return the histories of a strategy's runs, read once for all readings."""
        if (task, label) not in self._histories:
            runs = record.runs(task, label)[: self._plan.runs]
            if failed := [run for run in runs if run.failed]:
                told = f"{len(failed)} run(s) of {label} on {task} failed: {reason_of(failed[0].error)}"
                raise CannotJudge(f"{told}; 'nasbench leaderboard {record.path}' writes the tracebacks")
            self._histories[task, label] = [run.history for run in runs]
        return self._histories[task, label]

    def _scores(self, histories: Sequence[History], reading: Reading, name: str) -> list[Floats]:
        """Return by what the best of each run is chosen: what was observed, or the reading's column."""
        if not reading.by:
            return [history.score[:, 0] for history in histories]
        archs = np.concatenate([history.arch for history in histories])
        by = reading.by.format(column=name)
        values = self._columns.sign(by) * self._columns.reader(by)(archs)
        return np.split(values, np.cumsum([len(history.id) for history in histories])[:-1])


Pick = tuple[Ints, Floats]
"""Trials of a run that a paper would report, and their weights, which add up to 1."""


def pick(history: History, scores: Floats, search: Search, trials: int | None) -> Pick:
    """Return what a run reports: its last incumbent, or those around the time of interpolation.

    Args:
        history: of the run.
        scores: [n] by what the best is chosen.
        search: says when to interpolate.
        trials: of which only the first so many count; None for all.
    """
    scores = scores[:trials]
    changes = find_incumbents(history.epoch[:trials], scores, np.isnan(scores))
    if not len(changes):
        raise CannotJudge("a run finished no trial with a score within its budget")
    if search.interpolate_at is None:
        return changes[-1:], np.ones(1)
    best = changes[np.maximum(np.searchsorted(changes, np.arange(len(scores)), side="right") - 1, 0)]
    ends = history.finish_s[: len(scores)]
    near = np.sort(np.argsort(np.abs(ends - search.interpolate_at), kind="stable")[:2])
    if len(near) < 2 or ends[near[0]] == ends[near[1]]:
        return best[near[:1]], np.ones(1)
    a, b = ends[near]
    share = (search.interpolate_at - a) / (b - a)
    return best[near], np.array([1 - share, share])


def weighted(histories: Sequence[History], picks: Sequence[Pick], read: Callable[[Archs], Floats]) -> Floats:
    """Return what each run reports, ``[runs]``; one look-up for all of them."""
    archs = np.concatenate([history.arch[at] for history, (at, _) in zip(histories, picks, strict=True)])
    weights = np.concatenate([weight for _, weight in picks])
    owner = np.repeat(np.arange(len(picks)), [len(at) for at, _ in picks])
    totals: Floats = np.zeros(len(picks))
    np.add.at(totals, owner, weights * read(archs))
    return totals


def evaluations(columns: Columns, row: Row, label: str, runs: int) -> dict[str, Sample]:
    """Return how many trainings strategy ``label`` needs until it trains the optimum, without noise of seeds.

    Raises:
        CannotJudge: no such strategy or table, or a run that ended without the optimum.
    """
    if reason := lacking(label, STRATEGIES):
        raise CannotJudge(reason)
    columns.require(sorted(tables_of(row.ours["task"])))
    task = load_table_task(row.ours["task"])
    needed = [_until_optimum(task, label, run) for run in range(runs)]
    (name,) = row.published
    return {name: sample_of(np.array(needed, dtype=np.float64))}


def _until_optimum(task: Task, label: str, run: int) -> int:
    component, options = Choice.parse(label).resolve(STRATEGIES)
    own, noise = np.random.default_rng([run, 0]), np.random.default_rng([run, 1])
    seen, means = task.observations, task.sign * task.observed.query(np.arange(len(task.table)))
    asked = (seen.n_seeds > 0).astype(np.uint16)
    exact = observations(means[:, None], seen.cost_s.copy(), seen.last_epoch, n_seeds=asked)
    best = task.optimum.arch[0]
    simulation = Simulation(
        component(task.space, own, **options),
        TableBackend(task.space, task.table, exact, noise),
        task.space,
        budget=Budget(trials=len(task.table)),
    )
    for count, result in enumerate(simulation, start=1):
        if result.score[0, 0] >= task.sign * task.optimum.score and (simulation.history.arch[-1] == best).all():
            return count
    raise CannotJudge(f"run {run} of {label} ended without the optimum")
