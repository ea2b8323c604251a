"""Right-censored data: times until a target is reached, when some runs end before.

Survival curves by Kaplan & Meier 1958 (JASA 53), medians with the interval of Brookmeyer & Crowley 1982 (Biometrics
38), and restricted means: the mean time until the target or until a common horizon, whichever comes first (Royston &
Parmar 2013, BMC Medical Research Methodology 13). A plain mean over censored times would reward those that fail.

Pointwise intervals are beta product confidence limits (Fay, Brittain & Proschan 2013, Biostatistics 14; by moments).
Without censoring, and where one budget ends all runs, they are Clopper's and Pearson's. The usual log-log intervals
have no width before the first event and after the last, and with ten runs they cover far too seldom near both.
"""

from dataclasses import dataclass

import numpy as np
from scipy import special

from nasbench.arrays import Bools, Floats, Ints
from nasbench.statistics.intervals import CONFIDENCE, LEAST_RUNS, Interval

_ROUNDING = 1e-12
_TAIL = (1 - CONFIDENCE) / 2


@dataclass(frozen=True)
class SurvivalCurve:
    """The share of runs that have not reached the target, over time.

    Attributes:
        times: [k] increasing times at which a run reached the target.
        share: [k] share from each of these times on; 1 before the first.
        low, high: [k] pointwise interval; nan for fewer than ``LEAST_RUNS`` runs.
        low_at_start: lower bound before the first time; the upper bound is 1.
        end: time of the last observation.
    """

    times: Floats
    share: Floats
    low: Floats
    high: Floats
    low_at_start: float
    end: float


def estimate_survival(values: Floats, censored: Bools) -> SurvivalCurve:
    """Compute the Kaplan-Meier estimate.

    Args:
        values: [n] time at which each run reached the target, or time of its last observation without reaching it.
        censored: [n] whether it is the latter. A run that is censored at a time is at risk at that time.
    """
    times, n_events = np.unique(values[~censored], return_counts=True)
    end = float(values.max(initial=0.0))
    at_risk = len(values) - np.searchsorted(np.sort(values), times, side="left")
    share: Floats = np.cumprod(1 - n_events / at_risk, dtype=np.float64)
    low, high = np.full(len(times) + 1, np.nan), np.full(len(times) + 1, np.nan)
    if len(values) >= LEAST_RUNS:
        n_last = int((values[censored] == end).sum())  # still followed at the end
        low, high = _compute_bounds(n_events, at_risk, n_last)
    return SurvivalCurve(times, share, low[1:], high[1:], float(low[0]), end)


def _compute_bounds(n_events: Ints, at_risk: Ints, n_last: int) -> tuple[Floats, Floats]:
    """Compute beta product confidence limits before the first event and from each event on.

    If y are at risk, the share that is left after the next event has the distribution Beta(y, 1). The share now lies
    above that after the next event, and not above that after the last one.

    Args:
        n_events: [k] number of events at each time.
        at_risk: [k] number of runs at risk at each time.
        n_last: number of runs that are followed until the end without an event.

    Returns:
        Lower and upper bounds, ``[k + 1]`` each.
    """
    left = at_risk - n_events
    first = np.cumprod(np.append(1.0, (left + 1) / (at_risk + 1)))
    second = np.cumprod(np.append(1.0, (left + 1) * (left + 2) / ((at_risk + 1) * (at_risk + 2))))
    following = np.append(at_risk, n_last)
    low = _find_quantile(first * following / (following + 1), second * following / (following + 2), _TAIL)
    return low, np.append(1.0, _find_quantile(first[1:], second[1:], 1 - _TAIL))


def _find_quantile(first: Floats, second: Floats, level: float) -> Floats:
    """Return the quantiles of beta distributions with these first and second moments; 0 where the first is 0."""
    some = first > 0
    mean, square = first[some], second[some]
    size = mean * (1 - mean) / (square - mean**2) - 1
    quantiles = np.zeros(len(first))
    quantiles[some] = special.betaincinv(size * mean, size * (1 - mean), level)
    return quantiles


def find_median(curve: SurvivalCurve) -> Interval:
    """Find the time when half of the runs have reached the target, with its interval over runs.

    Times are infinite if it was not seen until the end; the bounds are nan for fewer than ``LEAST_RUNS`` runs.
    """
    value = _first_time(curve.times, curve.share)
    if np.isnan(curve.low_at_start):
        return Interval(value, np.nan, np.nan)
    if curve.low_at_start <= 0.5:
        return Interval(value, 0.0, _first_time(curve.times, curve.high))
    return Interval(value, _first_time(curve.times, curve.low), _first_time(curve.times, curve.high))


def _first_time(times: Floats, share: Floats) -> float:
    below = share <= 0.5 + _ROUNDING
    return float(times[below.argmax()]) if below.any() else float("inf")


def compute_restricted_mean(values: Floats, censored: Bools, horizon: float) -> float:
    """Compute the mean time until the target or the horizon: the area under the survival curve up to the horizon."""
    curve = estimate_survival(values, censored)
    ends = np.append(np.minimum(curve.times, horizon), horizon)
    return float(np.diff(ends, prepend=0.0) @ np.append(1.0, curve.share))


def find_horizon(values: Floats, censored: Bools) -> float:
    """Find the latest time up to which the survival curves of all groups are known.

    Args:
        values: [groups, n] times.
        censored: [groups, n] whether each is censored.
    """
    last = values.max(axis=1, initial=0.0)
    ends_censored = (censored & (values == last[:, None])).any(axis=1)
    return float(last[ends_censored].min() if ends_censored.any() else last.max(initial=0.0))
