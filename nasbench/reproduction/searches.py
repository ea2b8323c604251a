"""Searches of a published protocol: record them like any comparison, and report them as the paper does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.backends.table import TableBackend, observations
from nasbench.choices import Choice
from nasbench.comparison import Record, compare
from nasbench.comparison.experiment import Limits
from nasbench.recommending import find_incumbents
from nasbench.records.failures import reason_of
from nasbench.records.provenance import file_name
from nasbench.registry import STRATEGIES
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.samples import CannotJudge, Sample, explain_lacking, sample_of
from nasbench.reproduction.schema import Interpretation, Published, Row, Search
from nasbench.simulation import Budget, History, Simulation
from nasbench.tasks import TableTask, load_table_task
from nasbench.tasks.declarations import tables_of

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class ReproductionPlan:
    """How much to run, and where to store it.

    Attributes:
        runs: runs of each strategy on each task.
        out: folder of the records; unfinished records are resumed.
        jobs: number of processes; changes no result.
        quick: whether fewer runs were requested.
        on_progress: called with (finished runs, total runs) of one comparison.
    """

    runs: int
    out: Path
    jobs: int = 1
    quick: bool = False
    on_progress: Progress | None = field(default=None, compare=False)


class Searches:
    """The comparisons of a published table; each is run on first use and read afterwards.

    Args:
        published: the published table.
        columns: its columns.
        plan: how much to run.
    """

    def __init__(self, published: Published, columns: Columns, plan: ReproductionPlan) -> None:
        self._published, self._columns, self._plan = published, columns, plan
        self._records: dict[str, Record] = {}
        self._histories: dict[tuple[str, str], list[History]] = {}

    @property
    def _labels(self) -> list[str]:
        """Every available strategy of the table, under any interpretation."""
        rows = [row for row in self._published.rows if row.ours["kind"] == "search"]
        labels = [self._published.strategy(row, one) for one in self._published.interpretations for row in rows]
        return [label for label in dict.fromkeys(labels) if not explain_lacking(label, STRATEGIES)]

    def of(self, row: Row, interpretation: Interpretation) -> dict[str, Sample]:
        """Return a sample over runs for each column that the strategy's searches fill.

        Raises:
            CannotJudge: a strategy or table is missing, or runs failed.
        """
        label = self._published.strategy(row, interpretation)
        if reason := explain_lacking(label, STRATEGIES):
            raise CannotJudge(reason)
        interpretation = replace(interpretation, by=row.ours.get("by", interpretation.by))
        samples: dict[str, Sample] = {}
        for search in self._published.searches:
            samples |= self._read(self._record(search), search, label, interpretation)
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

    def _read(self, record: Record, search: Search, label: str, interpretation: Interpretation) -> dict[str, Sample]:
        histories = self._read_histories(record, search.task, Choice.parse(label).label)
        found = {}
        for name in search.columns:
            self._columns.check_unit(name)
            scores = self._choose_scores(histories, interpretation, name)
            picks = [pick_reported(h, s, search, interpretation.trials) for h, s in zip(histories, scores, strict=True)]
            values = weigh_picks(histories, picks, self._columns.make_reader(name)) * self._published.scale
            if np.isnan(values).any():
                raise CannotJudge(f"{int(np.isnan(values).sum())} run(s) of {label} found what column '{name}' lacks")
            found[name] = sample_of(values)
        return found

    def _read_histories(self, record: Record, task: str, label: str) -> list[History]:
        """Return the histories of a strategy's runs; they are read once for all interpretations."""
        if (task, label) not in self._histories:
            runs = record.runs(task, label)[: self._plan.runs]
            if failed := [run for run in runs if run.failed]:
                reason = f"{len(failed)} run(s) of {label} on {task} failed: {reason_of(failed[0].error)}"
                raise CannotJudge(f"{reason}; 'nasbench leaderboard {record.path}' writes the tracebacks")
            self._histories[task, label] = [run.history for run in runs]
        return self._histories[task, label]

    def _choose_scores(self, histories: Sequence[History], interpretation: Interpretation, name: str) -> list[Floats]:
        """Return the scores by which the best of each run is chosen: as observed, or the interpretation's column."""
        if not interpretation.by:
            return [history.score[:, 0] for history in histories]
        archs = np.concatenate([history.arch for history in histories])
        by = interpretation.by.format(column=name)
        values = self._columns.sign(by) * self._columns.make_reader(by)(archs)
        return np.split(values, np.cumsum([len(history.id) for history in histories])[:-1])


Pick = tuple[Ints, Floats]
"""The trials of a run that a paper would report, and their weights, which sum to 1."""


def pick_reported(history: History, scores: Floats, search: Search, trials: int | None) -> Pick:
    """Return the trials that a run reports: its last incumbent, or the two around the time of interpolation.

    Args:
        history: history of the run.
        scores: [n] scores by which the best is chosen.
        search: says when to interpolate.
        trials: number of trials that count; None for all.
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


def weigh_picks(histories: Sequence[History], picks: Sequence[Pick], read: Callable[[Archs], Floats]) -> Floats:
    """Return the reported value of each run, ``[runs]``; one look-up for all of them."""
    archs = np.concatenate([history.arch[at] for history, (at, _) in zip(histories, picks, strict=True)])
    weights = np.concatenate([weight for _, weight in picks])
    owner = np.repeat(np.arange(len(picks)), [len(at) for at, _ in picks])
    totals: Floats = np.zeros(len(picks))
    np.add.at(totals, owner, weights * read(archs))
    return totals


def count_evaluations(columns: Columns, row: Row, label: str, runs: int) -> dict[str, Sample]:
    """Count the training runs until strategy ``label`` trains the optimum, without seed noise.

    Raises:
        CannotJudge: a strategy or table is missing, or a run ended without the optimum.
    """
    if reason := explain_lacking(label, STRATEGIES):
        raise CannotJudge(reason)
    columns.require(sorted(tables_of(row.ours["task"])))
    task = load_table_task(row.ours["task"])
    needed = [_count_until_optimum(task, label, run) for run in range(runs)]
    (name,) = row.published
    return {name: sample_of(np.array(needed, dtype=np.float64))}


def _count_until_optimum(task: TableTask, label: str, run: int) -> int:
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
