"""Right-censored data: times until a target is reached, when some runs end before.

Survival curves by Kaplan & Meier 1958 (JASA 53) with Greenwood's variance and log-log intervals (Kalbfleisch &
Prentice 1980), medians with the interval of Brookmeyer & Crowley 1982 (Biometrics 38), and restricted means: the mean
time until the target or until a common horizon, whichever comes first (Royston & Parmar 2013, BMC Medical Research
Methodology 13). A plain mean over censored times would reward those that fail.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from nasbench.arrays import Bools, Floats
from nasbench.statistics.intervals import CONFIDENCE, Interval

_ROUNDING = 1e-12
_Z = float(stats.norm.ppf(0.5 + CONFIDENCE / 2))


@dataclass(frozen=True)
class SurvivalCurve:
    """The share of runs that have not reached the target, over time.

    Attributes:
        times: [k] increasing times at which a run reached the target.
        share: [k] share from each of these times on; 1 before the first.
        low, high: [k] pointwise interval.
        end: time of the last observation.
    """

    times: Floats
    share: Floats
    low: Floats
    high: Floats
    end: float


def estimate_survival(values: Floats, censored: Bools) -> SurvivalCurve:
    """Compute the Kaplan-Meier estimate.

    Args:
        values: [n] time at which each run reached the target, or time of its last observation without reaching it.
        censored: [n] whether it is the latter. A run that is censored at a time is at risk at that time.
    """
    times, n_events = np.unique(values[~censored], return_counts=True)
    at_risk = len(values) - np.searchsorted(np.sort(values), times, side="left")
    share: Floats = np.cumprod(1 - n_events / at_risk, dtype=np.float64)
    low, high = share.copy(), share.copy()
    inside = share > _ROUNDING  # at 0 the interval is undefined
    greenwood = np.cumsum(n_events[inside] / (at_risk[inside] * (at_risk[inside] - n_events[inside])))
    log = np.log(share[inside])
    half = _Z * np.sqrt(greenwood) / np.abs(log)
    low[inside], high[inside] = np.exp(log * np.exp(half)), np.exp(log * np.exp(-half))
    return SurvivalCurve(times, share, low, high, float(values.max(initial=0.0)))


def find_median(curve: SurvivalCurve) -> Interval:
    """Find the time when half of the runs have reached the target, with its interval; infinite if it never happens."""
    return Interval(*(_first_time(curve.times, bound) for bound in (curve.share, curve.low, curve.high)))


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
