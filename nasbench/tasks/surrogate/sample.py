"""Measured architectures of a task, as arrays to fit and to validate surrogates on."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace
from nasbench.tasks.table_task import TableTask

LEAST_TRAINED = 20


@dataclass(frozen=True)
class MeasuredSample:
    """Some measured architectures.

    Attributes:
        space: the space of the architectures.
        archs: [n, d] the architectures.
        scores: [n, s] observed scores, a column for each repetition, nan where missing.
        reported: label -> [n] mean over seeds, also to be maximised, nan where missing; reported columns that equal
            the observed column are left out.
        cost_s: [n] seconds of a training run.
    """

    space: SearchSpace
    archs: Archs
    scores: Floats
    reported: Mapping[str, Floats]
    cost_s: Floats

    def __len__(self) -> int:
        """Return the number of architectures."""
        return len(self.archs)

    @property
    def mean(self) -> Floats:
        """[n] mean observed score over the measured seeds."""
        mean: Floats = np.nanmean(self.scores, axis=1)
        return mean

    def take(self, rows: Ints) -> "MeasuredSample":
        """Return the architectures at ``rows`` [m]."""
        reported = {label: values[rows] for label, values in self.reported.items()}
        return MeasuredSample(self.space, self.archs[rows], self.scores[rows], reported, self.cost_s[rows])


def collect_measured(task: TableTask) -> MeasuredSample:
    """Return every architecture of the task whose observed score was measured."""
    seen = task.observations
    rows = task.rows[~np.isnan(seen.scores[task.rows]).all(axis=1)]
    columns = {label: column for label, column in task.reports.items() if column != task.observed}
    others = {label: column.scale.sign * column.query(rows) for label, column in columns.items()}
    return MeasuredSample(task.whole, task.table.rows(rows), seen.scores[rows], others, seen.cost_s[rows])


def split_sample(
    sample: MeasuredSample, n_train: int | None, rng: np.random.Generator
) -> tuple[MeasuredSample, MeasuredSample]:
    """Split a sample at random into a training part and a held-out part, at least a tenth.

    Raises:
        InvalidOption: too few architectures, or so many for training that less than a tenth is left.
    """
    n = len(sample)
    most = n - -(-n // 10)
    wanted = most if n_train is None else n_train
    if not LEAST_TRAINED <= wanted <= most:
        raise InvalidOption(
            f"{wanted} architectures to learn from, of {n} measured; expected {LEAST_TRAINED} to {most}: at least a "
            "tenth is held out to validate the surrogate"
        )
    order = rng.permutation(n)
    return sample.take(np.sort(order[:wanted])), sample.take(np.sort(order[wanted:]))
