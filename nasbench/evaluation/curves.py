"""Learning curves of a task: read them, cut them for prediction, and simulate early stopping by the predictions."""

import math
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtri

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, Prediction
from nasbench.table import Table
from nasbench.tasks import TableTask, load_table_task, tasks_with_epochs

CURVE_METRICS: dict[str, int] = {"rmse": -1, "coverage_90": 0, "time_saved": 1, "stopping_regret": -1}
"""Further metrics of cut curves -> whether larger (1) or smaller (-1) is better, or neither (0).

``coverage_90``: share of true scores within the central 90 % of the predicted distribution.
``time_saved``, ``stopping_regret``: results of a stopping rule. At the cutoff, the rule stops a training run if its
    probability to beat the best score so far is below 5 % (Domhan, Springenberg & Hutter 2015). The best score starts
    as that of the training set, and test architectures come in random order. ``time_saved`` is the share of their
    seconds that is saved; ``stopping_regret`` is the best score of all minus the best score not stopped. Without an
    uncertainty, the rule stops the runs that are predicted not to beat the best.
"""

EXAMPLES = 3
"""Number of test curves whose predictions in the first run are kept for plots."""

_LIKELY = 0.05


class Curves(NamedTuple):
    """Learning curves of n architectures, the mean over seeds.

    Attributes:
        scores: [n, t] observed score, nan where not recorded.
        losses: [n, t, 2] training and validation loss; None if the table has neither.
        cost_s: [n] seconds of a complete training run.
    """

    scores: Floats
    losses: Floats | None
    cost_s: Floats

    def take(self, rows: Ints) -> "Curves":
        """Return the curves at ``rows`` [m]."""
        return Curves(self.scores[rows], None if self.losses is None else self.losses[rows], self.cost_s[rows])


def read_curves(task: TableTask, rows: Ints, sign: float = 1.0) -> Curves:
    """Read the curves of rows [n] of a task's table, with scores times ``sign``.

    Raises:
        InvalidOption: the task's observed column holds only the last epoch.
    """
    seen = task.observed
    if not _has_curves(task):
        raise InvalidOption(
            f"task '{task.name}' observes one epoch of '{seen.recipe}', not a learning curve; "
            f"tasks with curves: {', '.join(_list_curve_tasks()) or 'none is imported'}"
        )
    table, index = seen.table, seen.rows_of(rows)
    keys = (seen.dataset, seen.recipe)
    losses = [_read(table, (*keys, split, "loss"), index, seen.axes["epochs"]) for split in ("train", seen.split)]
    missing = np.full((len(rows), seen.axes["epochs"][-1]), np.nan)
    both = None
    if any(part is not None for part in losses):
        both = np.stack([missing if part is None else part for part in losses], axis=2)
    scores = _read(table, (*keys, seen.split, seen.metric), index, seen.axes["epochs"])
    assert scores is not None
    return Curves(sign * scores, both, task.observations.cost_s[rows])


def _has_curves(task: TableTask) -> bool:
    return len(task.observed.axes["epochs"]) > 1


def _list_curve_tasks() -> list[str]:
    """Return the available tasks whose observed column has more than one epoch of its own recipe."""
    tasks = {name: load_table_task(name) for name in tasks_with_epochs()}
    return [name for name, task in tasks.items() if _has_curves(task)]


def _read(table: Table, column: tuple[str, str, str, str], index: Ints, epochs: list[int]) -> Floats | None:
    """Return a column's mean over seeds ``[n, t]`` for rows [n] of its table (-1: no row); None without the column."""
    if column not in table.measurements:
        return None
    about = table.describe(*column)
    where = dict(zip(("dataset", "recipe", "split", "metric"), column, strict=True))
    there = index >= 0
    seeds = np.stack([table.curves(index[there], **where, seed=seed) for seed in about["seeds"]])
    known = ~np.isnan(seeds)
    times = known.sum(axis=0)
    curves = np.full((len(index), epochs[-1]), np.nan)
    inside = np.array(about["epochs"]) <= epochs[-1]
    mean = np.where(times > 0, np.where(known, seeds, 0).sum(axis=0) / np.maximum(times, 1), np.nan)
    curves[np.ix_(there, np.array(about["epochs"])[inside] - 1)] = mean[:, inside]
    return curves


def count_seen_epochs(cutoffs: tuple[float, ...], epochs: int) -> list[int]:
    """Return the number of epochs seen at each cutoff.

    Raises:
        InvalidOption: a cutoff leaves nothing to see or nothing to predict.
    """
    lengths = [round(cutoff * epochs) for cutoff in cutoffs]
    for cutoff, length in zip(cutoffs, lengths, strict=True):
        if not 1 <= length < epochs:
            raise InvalidOption(
                f"a cutoff of {cutoff:g} is after {length} of {epochs} epochs; expected between {1 / epochs:g} and "
                f"{1 - 1 / epochs:g}"
            )
    return lengths


def cut_curves(batch: Batch, length: int) -> Batch:
    """Return a batch in which only the first ``length`` epochs are seen."""
    hidden = np.arange(0 if batch.curves is None else batch.curves.shape[1]) >= length
    curves = None if batch.curves is None else np.where(hidden, np.nan, batch.curves)
    losses = None if batch.losses is None else np.where(hidden[:, None], np.nan, batch.losses)
    return Batch(batch.archs, curves, batch.proxies, losses)


def measure_curves(
    true: Floats, prediction: Prediction, cost_s: Floats, best: float, cutoff: float
) -> dict[str, float]:
    """Compute ``CURVE_METRICS`` on m test architectures.

    Args:
        true: [m] final scores.
        prediction: their prediction.
        cost_s: [m] seconds of complete training runs.
        best: score of the best training architecture.
        cutoff: share of a training run after which the rule decides.
    """
    stopped = _find_stopped(true, prediction, best)
    mean, std = prediction
    within = math.nan if std is None else float((np.abs(true - mean) <= ndtri(0.95) * std).mean())
    left = max(best, float(true[~stopped].max(initial=-np.inf)))
    return {
        "rmse": float(np.sqrt(((true - mean) ** 2).mean())),
        "coverage_90": within,
        "time_saved": float((1 - cutoff) * np.nansum(cost_s[stopped]) / np.nansum(cost_s)),
        "stopping_regret": max(best, float(true.max())) - left,
    }


def _find_stopped(true: Floats, prediction: Prediction, best: float) -> Any:
    """Return which training runs the rule stops, in order, ``[m]``; one that is not stopped may become the best."""
    mean, std = prediction
    hope = mean if std is None else mean - ndtri(_LIKELY) * std  # the score exceeds it with probability 5 %
    stopped = np.zeros(len(true), dtype=bool)
    for i, (own, end) in enumerate(zip(hope.tolist(), true.tolist(), strict=True)):
        stopped[i] = own <= best
        best = best if stopped[i] else max(best, end)
    return stopped


def select_examples(curves: Floats, prediction: Prediction, sign: float = 1.0) -> dict[str, Any]:
    """Return the first test curves [m, t] and their predicted final scores, times ``sign``, as plain data."""
    std = None if prediction.std is None else prediction.std[:EXAMPLES].tolist()
    shown = [[None if value != value else value for value in curve] for curve in (sign * curves[:EXAMPLES]).tolist()]
    return {"curves": shown, "mean": (sign * prediction.mean[:EXAMPLES]).tolist(), "std": std}
