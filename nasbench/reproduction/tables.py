"""Numbers that follow from whole tables: look-ups, order statistics in closed form, correlations."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from nasbench.arrays import Floats
from nasbench.errors import make_unknown_name
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.samples import CannotJudge, Sample, describe_distribution, sample_of
from nasbench.reproduction.schema import Interpretation, Row
from nasbench.tasks import space_of

CORRELATIONS: Mapping[str, Callable[[Floats, Floats], Any]] = {
    "spearman": stats.spearmanr,
    "kendall": stats.kendalltau,
    "pearson": stats.pearsonr,
}

STATISTICS: Mapping[str, Callable[[Floats, Floats, float], Any]] = {
    "max": lambda values, chooser, _level: values[chooser.argmax()],
    "mean": lambda values, _chooser, _level: values.mean(),
    "std": lambda values, _chooser, _level: values.std(),
    "quantile": lambda values, _chooser, level: np.quantile(values, level),
}
"""Functions of a column [N], of the column by which its best is chosen (largest is best), and of a quantile's level."""


def look_up_cells(columns: Columns, row: Row, scale: float) -> dict[str, Sample]:
    """Look up the cells that a method found in the authors' own runs, one per run."""
    found = {}
    for name, column in _read(row).items():
        texts = row.ours["cells"]
        if isinstance(texts, dict):
            if name not in texts:
                continue
            texts = texts[name]
        space = space_of(columns.find_table(column))
        columns.check_unit(column)
        values = columns.make_reader(column)(space.parse(texts)) * scale
        if np.isnan(values).any():
            raise CannotJudge(f"column '{column}' lacks {texts[int(np.isnan(values).argmax())]}")
        found[name] = sample_of(values) if len(values) > 1 else Sample(float(values[0]))
    return found


def _read(row: Row) -> Mapping[str, str]:
    """Return the column that each number of a row is read from: the column itself, unless the row names others."""
    return row.ours.get("columns") or {name: name for name in row.published}


def compute_statistic(columns: Columns, row: Row, interpretation: Interpretation, scale: float) -> dict[str, Sample]:
    """Compute a statistic of whole columns; ``max`` is the value at the best of the interpretation's column, if any."""
    kind, found = row.ours["statistic"], {}
    if kind not in STATISTICS:
        raise make_unknown_name("statistic", kind, STATISTICS)
    for name in row.published:
        columns.check_unit(name)
        values, chooser = columns.join_columns([name, by := _find_chooser(interpretation, name)])
        if kind == "mean":  # beside it, the spread over architectures is that of one random architecture
            found[name] = describe_distribution(values * scale, np.full(len(values), 1 / len(values)))
        else:
            value = STATISTICS[kind](values, columns.sign(by) * chooser, row.ours.get("level", math.nan))
            found[name] = Sample(float(value) * scale)
    return found


def _find_chooser(interpretation: Interpretation, name: str) -> str:
    return interpretation.by.format(column=name) if interpretation.by else name


def compute_best_of(columns: Columns, row: Row, interpretation: Interpretation, scale: float) -> dict[str, Sample]:
    """Compute exactly the mean and standard deviation of the best of n uniform draws, by the row's column if any."""
    found = {}
    for name, column in _read(row).items():
        columns.check_unit(column)
        by = row.ours.get("by") or _find_chooser(interpretation, column)
        values, chooser = columns.join_columns([column, by])
        weights = weigh_best_of_n(columns.sign(by) * chooser, row.ours["n"])
        found[name] = describe_distribution(values * scale, weights)
    return found


def weigh_best_of_n(chooser: Floats, n: int) -> Floats:
    """Compute the probability of each element to be the best of ``n`` draws with replacement, ``[N]``.

    The element of rank r among N (1 is the worst) is the best with probability (r/N)^n - ((r-1)/N)^n; elements with
    equal values of the chooser share theirs.

    Args:
        chooser: [N] values by which the best is chosen, the largest.
        n: number of draws.
    """
    _, rank, counts = np.unique(chooser, return_inverse=True, return_counts=True)
    below = np.concatenate([[0], np.cumsum(counts)]) / len(chooser)
    share: Floats = np.diff(below**n) / counts
    weights: Floats = share[rank.reshape(-1)]
    return weights


def compute_correlation(columns: Columns, row: Row) -> dict[str, Sample]:
    """Compute the correlation of pairs of columns over all architectures that have both."""
    method = row.ours["method"]
    if method not in CORRELATIONS:
        raise make_unknown_name("correlation", method, CORRELATIONS)
    return {
        name: Sample(float(CORRELATIONS[method](*columns.join_columns(pair)).statistic))
        for name, pair in row.ours["pairs"].items()
    }
