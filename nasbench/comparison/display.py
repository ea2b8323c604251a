"""The user-facing methods of a record of searches: leaderboard, plots, data frames and verification.

The methods import what they need on use: the modules of analysis read records themselves, and they need scipy, pandas
and matplotlib, which running a comparison does not.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.comparison.record import SearchRecord
from nasbench.errors import make_unknown_name
from nasbench.records.display import Plots, RecordDisplay

if TYPE_CHECKING:
    from nasbench.comparison.analysis import TaskAnalysis
    from nasbench.comparison.leaderboard import Leaderboard
    from nasbench.records.given_classes import Given
    from nasbench.records.replay import Verdict


class Record(RecordDisplay, SearchRecord):
    """The public methods of a record of searches that rank, draw, tabulate and verify it."""

    def leaderboard(self) -> "Leaderboard":
        """Rank the strategies over all tasks, with intervals and tests.

        Raises:
            RecordError: runs are missing, or a task is not the one that was recorded.
        """
        from nasbench.comparison.analysis import analyse
        from nasbench.comparison.leaderboard import leaderboard

        return leaderboard(analyse(self))

    def plot(self, folder: Path | str | None = None) -> Plots:
        """Draw regret, rank, performance profile and critical differences, as PNG and SVG; notebooks show them.

        Args:
            folder: where to write them; None for ``plots`` in the record's folder.

        Raises:
            MissingExtra: matplotlib is not installed.
            RecordError: runs are missing, or a task is not the one that was recorded.
        """
        from nasbench.comparison.analysis import analyse
        from nasbench.comparison.plots import write_plots

        record = self
        return Plots(tuple(write_plots(analyse(record), Path(folder or record.path / "plots"))))

    def to_pandas(self, rows: str = "runs") -> Any:
        """Return the record as a pandas DataFrame.

        Args:
            rows: ``runs``: a row per run, with ``task``, ``strategy``, ``run``, ``failed``, the score of the final
                incumbent by split (``final_valid`` ...), every metric by its name, and what strategies say that they
                used (``usage_tokens`` ...). A metric that waits for an event has a second column ``..._censored``: True
                if the run ended before the event, so that the number is only a lower bound. ``trials``: a row per
                trial, with ``task``, ``strategy``, ``run``, ``trial``, ``architecture``, ``epoch``, ``observed``,
                ``crashed``, ``cost_s`` and ``finish_s``. Scores are in the metric's own unit and sign.

        Raises:
            UnknownName: an unknown kind of rows.
            RecordError: runs are missing, or a task is not the one that was recorded.
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
    return [_columns_of_runs(task, analysis.strategies) for task in analysis.tasks]


def _columns_of_runs(task: "TaskAnalysis", strategies: list[str]) -> dict[str, Any]:
    n_runs = task.failed.shape[1]
    arrays = {
        "failed": task.failed,
        **{f"final_{split}": values for split, values in task.final.items()},
        **task.metrics,
        **{f"{name}_censored": values for name, values in task.censored.items()},
        **{f"usage_{name}": values for name, values in task.usage.items()},
    }
    return {
        "task": task.name,
        "strategy": np.repeat(strategies, n_runs),
        "run": np.tile(np.arange(n_runs), len(strategies)),
        **{name: values.ravel() for name, values in arrays.items()},
    }


def _frames_of_trials(record: SearchRecord) -> list[dict[str, Any]]:
    """Return the columns of each run's trials."""
    from nasbench.records.opening import recorded_task

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
