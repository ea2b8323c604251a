"""The user-facing methods of a record of predictors: leaderboard, plots, data frames and verification.

The methods import what they need on use: the modules of analysis and verification read records themselves.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.evaluation.record import OutcomeRecord
from nasbench.records.display import Plots, RecordDisplay

if TYPE_CHECKING:
    from nasbench.evaluation.analysis import PredictionAnalysis, TaskPredictionAnalysis
    from nasbench.evaluation.leaderboard import PredictionLeaderboard
    from nasbench.records.replay import Verdict


class PredictionRecord(RecordDisplay, OutcomeRecord):
    """The public methods of a record of predictors that rank, draw, tabulate and verify it."""

    def leaderboard(self, *, test: str = "nemenyi") -> "PredictionLeaderboard":
        """Rank the predictors by each protocol, with intervals and tests.

        Args:
            test: test over tasks behind tiers and p-values: ``nemenyi``, or ``max_t``, which finds more differences but
                is approximate.

        Raises:
            RecordError: runs are missing.
            UnknownName: an unknown test.
        """
        from nasbench.evaluation.analysis import analyse
        from nasbench.evaluation.leaderboard import leaderboard

        return leaderboard(analyse(self), test)

    def plot(self, folder: Path | str | None = None) -> Plots:
        """Draw Kendall's tau over train size and cost, and reliability, as PNG and SVG; notebooks show them.

        Args:
            folder: where to write them; None for ``plots`` in the record's folder.

        Raises:
            MissingExtra: matplotlib is not installed.
            RecordError: runs are missing.
        """
        from nasbench.evaluation.analysis import analyse
        from nasbench.evaluation.plots import write_plots

        record = self
        return Plots(tuple(write_plots(analyse(record), Path(folder or record.path / "plots"))))

    def to_pandas(self) -> Any:
        """Return the record as a pandas DataFrame: a row for each run and protocol.

        Columns: ``task``, ``predictor``, ``protocol``, ``train_size``, ``run``, ``failed``, ``n_test``, every metric
        under its name (``kendall``, ``spearman`` ...), and the costs ``fit_s``, ``predict_s`` and ``peak_mb``.

        Raises:
            RecordError: runs are missing.
        """
        import pandas as pd

        from nasbench.evaluation.analysis import analyse

        analysis = analyse(self)
        return pd.concat([pd.DataFrame(_columns(analysis, test)) for test in analysis.tests], ignore_index=True)

    def verify(self, *, sample: int | None = 2, seed: int = 0) -> "Verdict":
        """Fit and test some runs again, and compare every metric bit by bit.

        Args:
            sample: number of runs to repeat for each task and predictor; None for all.
            seed: seed of the sample.

        Raises:
            InvalidOption: ``sample`` is below 1.
            RecordError: the record is damaged, or a task, table or predictor is not the recorded one.
        """
        from nasbench.evaluation.verify import verify

        return verify(self, sample=sample, rng=np.random.default_rng(seed))


def _columns(analysis: "PredictionAnalysis", test: "TaskPredictionAnalysis") -> dict[str, Any]:
    """Return the columns of a task by a protocol; arrays are [predictors, sizes, runs]."""
    failed = analysis.failed[test.name]
    predictor, size, run = (index.ravel() for index in np.indices(failed.shape))
    arrays = {"failed": failed, "n_test": test.n_test, **test.metrics, **analysis.costs[test.name]}
    return {
        "task": test.name,
        "predictor": np.array(analysis.predictors)[predictor],
        "protocol": test.protocol,
        "train_size": np.array(analysis.sizes)[size],
        "run": run,
        **{name: values.ravel() for name, values in arrays.items()},
    }
