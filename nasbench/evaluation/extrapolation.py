"""Extrapolate learning curves from any source, without architectures: tables of hyperparameters and values per epoch.

This is the protocol of Baker et al. 2017 (arXiv 1705.10823), whose files it reads: learn from 100 complete curves, see
the first quarter of all others, and compare by the coefficient of determination of the final value.
"""

import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidOption, SourceError
from nasbench.evaluation.curves import count_seen_epochs, cut_curves
from nasbench.evaluation.metrics import compute_r2
from nasbench.file_contents import check_content
from nasbench.predictions import Batch, make_predictor
from nasbench.registry import SPACES
from nasbench.threads import limit_to_one_thread

_EPOCH = re.compile(r"(acc|ep)_(\d+)")
_WIDE = 100.0  # a positive column that varies by more than this factor is replaced by its logarithm
_SPACE = "nb201"  # space of the one architecture that stands for all, because predictors require one


class CurveTable(NamedTuple):
    """Training runs without architectures.

    Attributes:
        features: [n, f] numeric hyperparameters that are not constant.
        curves: [n, t] values per epoch, larger is better, nan where missing.
    """

    features: Floats
    curves: Floats


def read_curve_table(path: Path | str) -> CurveTable:
    """Read a CSV of training runs: columns ``acc_0``, ``acc_1`` ... (``ep_0`` ... for a loss); the rest are features.

    Training runs without a final value and text columns are left out.

    Raises:
        SourceError: these columns are missing, or one of their values is not a number.
    """
    check_content(Path(path))
    with Path(path).open(newline="", encoding="utf-8") as file:
        reader = csv.reader(file)
        header = next(reader, [])
        rows = [(reader.line_num, row) for row in reader if row]
    for line, row in rows:
        if len(row) != len(header):
            raise SourceError(
                f"{path}, line {line}: {len(row)} fields, but the header has {len(header)}: is the file truncated?"
            )
    epochs = [name for name in header if _EPOCH.fullmatch(name)]
    if len(epochs) < 2 or not rows:
        raise SourceError(
            f"{path} has {len(epochs)} columns acc_N or ep_N and {len(rows)} rows; expected several of both"
        )
    try:
        curves = np.array([[_number(row[header.index(name)]) for name in epochs] for _, row in rows])
    except (ValueError, IndexError) as error:
        raise SourceError(f"{path}: {error}") from None
    curves = -curves if epochs[0].startswith("ep") else curves
    columns = [_parse_column([row[i] for _, row in rows]) for i, name in enumerate(header) if name not in epochs]
    kept = [column for column in columns if column is not None]
    features = np.stack(kept, axis=1) if kept else np.empty((len(rows), 0))
    ended = ~np.isnan(curves[:, -1])
    return CurveTable(features[ended], curves[ended])


def _number(text: str) -> float:
    return float(text) if text.strip() else np.nan


def _parse_column(texts: list[str]) -> Floats | None:
    """Return a column of features ``[n]``; None if it is text or constant."""
    try:
        values = np.array([_number(text) for text in texts])
    except ValueError:
        return None
    low, high = np.nanmin(values), np.nanmax(values)
    if low == high:
        return None
    return np.log(values) if low > 0 and high / low > _WIDE else values


def extrapolate_curves(
    table: CurveTable,
    predictors: Sequence[str],
    *,
    n_train: int = 100,
    seen: float = 0.25,
    runs: int = 5,
    seed: int = 0,
) -> dict[str, Floats]:
    """Compute the coefficient of determination of final values on held-out curves; ``[runs]`` for each predictor.

    Args:
        table: training runs; predictors receive the features as proxies.
        predictors: labels; a predictor that depends on architectures needs ``encoding=``.
        n_train: number of training curves, drawn again in each run, the same for all predictors.
        seen: share of the epochs that is seen of the other curves.
        runs: number of repetitions.
        seed: seed of all randomness.

    Raises:
        InvalidOption: there are too few curves, or ``seen`` leaves nothing to see or to predict.
    """
    n, t = table.curves.shape
    if not 2 <= n_train <= n - 2:
        raise InvalidOption(f"n_train={n_train} of {n} curves; expected at least 2, and as many left to test")
    (length,) = count_seen_epochs((seen,), t)
    space = SPACES.load(_SPACE)()
    batch = Batch(np.repeat(space.rows[:1], n, axis=0), table.curves, table.features)
    found: dict[str, Floats] = {label: np.empty(runs) for label in predictors}
    for run in range(runs):
        order = np.random.default_rng([seed, run]).permutation(n)
        train, test = order[:n_train], order[n_train:]
        for label, values in found.items():
            with limit_to_one_thread():
                predictor = make_predictor(space, label)
                predictor.fit(batch.take(train), table.curves[train, -1], np.random.default_rng([seed, run, 1]))
                mean = predictor.predict(cut_curves(batch.take(test), length)).mean
            values[run] = compute_r2(table.curves[test, -1], mean)
    return found
