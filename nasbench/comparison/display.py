"""The user-facing methods of a record of searches: leaderboard, best architectures, plots, data frames, verification.

The methods import what they need on use: the modules of analysis read records themselves, and they need scipy, pandas
and matplotlib, which running a comparison does not.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.comparison.record import SearchRecord
from nasbench.errors import NasbenchError, make_unknown_name
from nasbench.records.display import Plots, RecordDisplay
from nasbench.records.opening import recorded_task

if TYPE_CHECKING:
    from nasbench.comparison.analysis import Analysis, PairAnalysis
    from nasbench.comparison.found import FoundArchitectures
    from nasbench.comparison.leaderboard import Leaderboard
    from nasbench.records.given_classes import Given
    from nasbench.records.replay import Verdict
    from nasbench.tasks import Task

_MOST_HIGHLIGHTS = 3  # tasks whose best architecture a printed record shows


class Record(RecordDisplay, SearchRecord):
    """The public methods of a record of searches that rank, draw, tabulate and verify it."""

    def leaderboard(self, *, test: str = "nemenyi") -> "Leaderboard":
        """Rank the strategies over all tasks, with intervals and tests, and show the best architectures found.

        If runs are missing, the leaderboard shows the finished ones, is marked as unfinished, and ranks the largest
        part of the record in which no run is missing.

        Args:
            test: the test over tasks behind p-values and tiers: ``nemenyi``, or ``max_t``, which may find more
                differences and is approximate where differences between tasks are skewed. It matters from six tasks on.

        Raises:
            UnknownName: there is no such test.
            RecordError: no run is finished, or a task is not the one that was recorded.
        """
        from nasbench.comparison.analysis import analyse
        from nasbench.comparison.leaderboard import leaderboard
        from nasbench.statistics.over_tasks import check_test

        check_test(test)
        return leaderboard(analyse(self), test=test)

    def best(self, per: str = "task") -> Any:
        """Return the best architectures found, as a pandas DataFrame.

        The best one is chosen by what the runs observed, first by the largest epoch, then by the score; reported values
        never choose. Isomorphic architectures count as one.

        Args:
            per: ``task``: one row per task. ``strategy``: one row per task and strategy.

        Returns:
            Columns ``task``, ``strategy``, ``run``, ``architecture`` (text), ``observed``, ``unit``, ``direction``,
            ``epoch``, the reported values (``reported_valid`` ...), ``found_in`` (runs that hand the architecture
            over) of ``runs``, and ``found_by`` (these runs by strategy). Tasks and strategies of which no run found an
            architecture have no row.

        Raises:
            UnknownName: ``per`` is something else.
            RecordError: the record is damaged, or a task is not the one that was recorded.
        """
        import pandas as pd

        makers = {"task": [""], "strategy": self.strategies}
        if per not in makers:
            raise make_unknown_name("kind of rows", per, makers)
        found = [self.read_found(name) for name in self.tasks]
        rows = [row for one in found for label in makers[per] if (row := one.choose_best(label))]
        return pd.json_normalize(rows, sep="_")

    def read_found(self, task: str) -> "FoundArchitectures":
        """Read what each finished run on a task hands over at its end.

        Raises:
            UnknownName: the task is not in the record.
            RecordError: the record is damaged, or the task is not the one that was recorded.
        """
        from nasbench.comparison.found import read_found

        return read_found(self, task)

    def open_task(self, task: str) -> "Task":
        """Open a task as it was recorded, wherever its files are now.

        Raises:
            UnknownName: the task is not in the record.
            RecordError: the suite declares the task differently now, or one of its tables is missing.
        """
        if task not in self.tasks:
            raise make_unknown_name("task of the record", task, self.tasks)
        return recorded_task(self, task)

    def list_highlights(self) -> dict[str, str]:
        """Return the best architecture of each task, for the summary; of many tasks, how to see them."""
        if len(self.tasks) > _MOST_HIGHLIGHTS:
            return {"best": "best() or 'nasbench show' shows the best architecture of each task"}
        rows = {}
        for i, name in enumerate(self.tasks, start=1):
            try:
                row = self.read_found(name).choose_best()
            except NasbenchError:  # a table that is missing here must not keep the record from being printed
                continue
            if row:
                rows[f"best {i}" if len(self.tasks) > 1 else "best"] = f"{row['architecture']}  by {row['strategy']}"
        return rows

    def plot(self, folder: Path | str | None = None) -> Plots:
        """Draw regret, rank, performance profile and critical differences, as PNG and SVG; notebooks show them.

        Args:
            folder: where to write them; None for ``plots`` in the record's folder.

        Raises:
            MissingExtra: matplotlib is not installed.
            RecordError: no run is finished, or a task is not the one that was recorded.
        """
        from nasbench.comparison.analysis import analyse
        from nasbench.comparison.plots import write_plots

        record = self
        return Plots(tuple(write_plots(analyse(record), Path(folder or record.path / "plots"))))

    def to_pandas(self, rows: str = "runs") -> Any:
        """Return the record as a pandas DataFrame.

        Args:
            rows: ``runs``: a row per run, with ``task``, ``strategy``, ``run``, ``failed``, the score of the final
                incumbent by split (``final_valid`` ...), every metric by its name, what strategies say that they used
                (``usage_tokens`` ...), and ``architecture``, the text of what the run hands over at its end: the
                strategy's recommendation, or the incumbent. A metric that waits for an event has a second column
                ``..._censored``: True if the run ended before the event, so that the number is only a lower bound.
                ``trials``: a row per trial, with ``task``, ``strategy``, ``run``, ``trial``, ``architecture``,
                ``epoch``, ``observed``, ``crashed``, ``cost_s`` and ``finish_s``. Scores are in the metric's own unit
                and sign.

        Raises:
            UnknownName: an unknown kind of rows.
            RecordError: no run is finished, or a task is not the one that was recorded.
        """
        import pandas as pd

        makers = {"runs": _frames_of_runs, "trials": _frames_of_trials}
        if rows not in makers:
            raise make_unknown_name("kind of rows", rows, makers)
        return pd.concat(map(pd.DataFrame, makers[rows](self)), ignore_index=True)

    def verify(self, *, sample: int | None = 2, seed: int = 0, strategies: "Given" = ()) -> "Verdict":
        """Check every trial of all runs against its task, and replay some runs bit by bit.

        Args:
            sample: number of runs to replay for each task and strategy; None for all.
            seed: seed of the sample.
            strategies: your own classes, which a record holds only by name: ``[MyClass]``, or ``{label: MyClass}`` with
                the label of the recorded strategy. A class of a file that can be imported, ``module:Class``, is found
                without this. Strategies whose class is not found are not replayed, and the verdict names them.

        Raises:
            InvalidOption: ``sample`` is below 1.
            UnknownName: a given class belongs to no recorded strategy.
            RecordError: the record is damaged, or a task, table or strategy is not the recorded one.
        """
        from nasbench.comparison.verify import verify

        return verify(self, sample=sample, rng=np.random.default_rng(seed), strategies=strategies)


def _frames_of_runs(record: SearchRecord) -> list[dict[str, Any]]:
    """Return the columns of each task's runs."""
    from nasbench.comparison.analysis import analyse

    analysis = analyse(record)
    return [_columns_of_runs(analysis, found) for found in analysis.found]


def _columns_of_runs(analysis: "Analysis", found: "FoundArchitectures") -> dict[str, Any]:
    """Return the columns of all finished runs of a task."""
    parts = [_columns_of_pair(pair) for pair in analysis.pairs if pair.task.name == found.task]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    return {"task": found.task, "strategy": found.strategy, "run": found.run, **joined} | {
        "architecture": found.list_texts()
    }


def _columns_of_pair(pair: "PairAnalysis") -> dict[str, Any]:
    task, i = pair.task, pair.at
    return {
        "failed": task.failed[i],
        **{f"final_{split}": values[i] for split, values in task.final.items()},
        **{name: values[i] for name, values in task.metrics.items()},
        **{f"{name}_censored": values[i] for name, values in task.censored.items()},
        **{f"usage_{name}": values[i] for name, values in task.usage.items()},
    }


def _frames_of_trials(record: SearchRecord) -> list[dict[str, Any]]:
    """Return the columns of each run's trials."""
    frames = []
    for name in record.tasks:
        task = recorded_task(record, name)
        for label in record.strategies:
            for run in record.runs(name, label):
                history = run.history
                n = len(history.id)
                frames.append(
                    {
                        "task": np.repeat(name, n),
                        "strategy": np.repeat(label, n),
                        "run": np.repeat(run.number, n),
                        "trial": history.id,
                        "architecture": task.space.format(history.arch) if n else [],
                        "epoch": history.epoch,
                        "observed": task.sign * history.score.reshape(n, -1)[:, 0] if n else [],
                        "crashed": history.crashed,
                        "cost_s": history.cost_s,
                        "finish_s": history.finish_s,
                    }
                )
    return frames
