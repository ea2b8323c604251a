"""Training and test sets of predictors."""

from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidOption
from nasbench.evaluation.curves import Curves, read_curves
from nasbench.evaluation.proxies import read_proxies
from nasbench.predictions import Batch
from nasbench.tasks import TableTask
from nasbench.trials import full_trainings

PROTOCOLS = ("random", "disjoint")
LABELS = ("mean", "seed")


@dataclass(frozen=True)
class Pool:
    """All measured architectures of a task; with proxies, only those that have one.

    Attributes:
        archs: [n, d] architectures.
        score: [n] observed score, mean over seeds, negated if the metric is minimised; never from a test split.
        kind: [n] number of the isomorphism class.
        proxies: [n, p] zero-cost proxies, if requested.
        curves: learning curves, if requested; their scores have the sign of ``score``.
        sign: factor that converts a score to the metric: -1 if the metric is minimised, else 1.
        n_measured: number of measured architectures, including those without a proxy.
    """

    archs: Archs
    score: Floats
    kind: Ints
    proxies: Floats | None = None
    curves: Curves | None = None
    sign: float = 1.0
    n_measured: int = 0

    def batch(self, rows: Ints) -> Batch:
        """Return the architectures at ``rows`` [m] as predictors receive them, with complete curves."""
        scores, losses = (None, None) if self.curves is None else self.curves[:2]
        return Batch(self.archs, scores, self.proxies, losses).take(rows)

    def __len__(self) -> int:
        """Return the number of architectures."""
        return len(self.archs)


@dataclass(frozen=True)
class Split:
    """Rows of a pool.

    Attributes:
        train: [n] training architectures.
        asked: [m] architectures to predict, in random order.
        tests: protocol -> positions in ``asked`` of its test architectures.
    """

    train: Ints
    asked: Ints
    tests: dict[str, Ints]


def pool_of(task: TableTask, proxies: str = "", *, curves: bool = False) -> Pool:
    """Collect the measured architectures of a task, with the proxies of a named table and curves if requested.

    With proxies, architectures without any are left out: a predictor could only give the same guess for all of them.

    Raises:
        InvalidOption: the table has proxies of fewer than two of the measured architectures.
    """
    sign = -1.0 if task.observed.axes["direction"] == "minimize" else 1.0
    score = sign * task.observed.query(task.rows)
    rows, score = task.rows[~np.isnan(score)], score[~np.isnan(score)]
    n_measured, known = len(rows), None
    if proxies:
        known = read_proxies(task, proxies, task.table.architectures[rows])
        covered = ~np.isnan(known).all(axis=1)
        if covered.sum() < 2:
            raise InvalidOption(
                f"table '{proxies}' has proxies of {covered.sum()} of the {n_measured} architectures that "
                f"'{task.name}' measured; compute more (nasbench proxies {task.name})"
            )
        rows, score, known = rows[covered], score[covered], known[covered]
    archs = task.table.architectures[rows]
    kind = np.unique(task.space.canonicalize(archs), axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)
    seen = read_curves(task, rows, sign) if curves else None
    return Pool(archs, score, kind, known, seen, sign, n_measured)


def split_pool(
    pool: Pool, size: int, rng: np.random.Generator, *, protocols: tuple[str, ...], test_size: int | None
) -> Split:
    """Draw a training set, the same for all protocols, and the test set of each protocol.

    Args:
        pool: architectures to draw from, uniformly without replacement.
        size: number of training architectures.
        rng: random generator of the draws.
        protocols: ``random``: test on all others; ``disjoint``: only on those that are isomorphic to no training one.
        test_size: largest number of test architectures; None for all.

    Raises:
        InvalidOption: a protocol is left with fewer than two architectures.
    """
    order = rng.permutation(len(pool))
    train, rest = order[:size], order[size:]
    strange = ~np.isin(pool.kind[rest], pool.kind[train])
    eligible = {"random": np.arange(len(rest)), "disjoint": np.flatnonzero(strange)}
    tests = {protocol: eligible[protocol][:test_size] for protocol in protocols}
    for protocol, positions in tests.items():
        if len(positions) < 2:
            raise InvalidOption(
                f"{size} training architectures of {len(pool)} leave {len(positions)} to test by protocol "
                f"'{protocol}'; choose smaller train sizes"
            )
    asked = np.unique(np.concatenate(list(tests.values())))
    return Split(train, rest[asked], {name: np.searchsorted(asked, positions) for name, positions in tests.items()})


def draw_training_scores(task: TableTask, pool: Pool, train: Ints, labels: str, rng: np.random.Generator) -> Floats:
    """Return the training targets: the mean over seeds, or, with ``seed``, a draw as a strategy sees it; ``[n]``."""
    if labels == "mean":
        return pool.score[train]
    shown = task.backend(rng).advance(full_trainings(0, pool.archs[train])).score[:, 0]
    return np.where(np.isnan(shown), pool.score[train], shown)  # a crashed seed has no score
