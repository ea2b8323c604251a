"""The kit for metrics: every registered metric passes, broken ones are caught with what was seen."""

import numpy as np
import pytest

from nasbench.metrics import Metric, MetricValues
from nasbench.registry import METRICS
from nasbench.testing import check_metric


@pytest.mark.parametrize("task", ["nb201-cifar10", "curves201-mnist1d"])
@pytest.mark.parametrize("name", METRICS.names())
def test_metrics_keep_the_contract(name, task):
    if extra := METRICS.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    check_metric(METRICS.load(name), task=task)


@pytest.mark.parametrize("name", ["queries_to_optimum", "seconds_to_optimum"])
def test_metrics_with_options_keep_the_contract(name):
    check_metric(METRICS.load(name), options={"evaluated": True})


class Dearest(Metric):
    """Seconds of each run's dearest trial."""

    def compute(self, runs):
        return MetricValues(self.dearest(runs))

    def dearest(self, runs):
        parts = np.split(runs.trials.cost_s, runs.trials.offsets[1:-1])
        return np.array([part.max(initial=0.0) for part in parts])


class Bare(Dearest):
    def compute(self, runs):
        return self.dearest(runs)


class Short(Dearest):
    def compute(self, runs):
        return MetricValues(self.dearest(runs)[~runs.failed])


class Single(Dearest):
    def compute(self, runs):
        return MetricValues(self.dearest(runs).astype(np.float32))


class Empty(Dearest):
    def dearest(self, runs):
        return np.array([part.max() for part in np.split(runs.trials.cost_s, runs.trials.offsets[1:-1])])


class Outside(Dearest):
    bounds = (0.0, 1.0)


class Relative(Dearest):
    def dearest(self, runs):
        return super().dearest(runs) / max(runs.trials.cost_s.max(initial=0.0), 1.0)


class Ordered(Dearest):
    def dearest(self, runs):
        return super().dearest(runs) + np.arange(len(runs.failed))


class Infinite(Dearest):
    def dearest(self, runs):
        return np.where(runs.failed, np.inf, super().dearest(runs))


class CensoredWithoutBound(Dearest):
    def compute(self, runs):
        return MetricValues(np.where(runs.failed, np.nan, self.dearest(runs)), runs.failed)


class CensoredByNumber(Dearest):
    def compute(self, runs):
        return MetricValues(self.dearest(runs), runs.failed.astype(np.int64))


class CensoredByOthers(Dearest):
    def compute(self, runs):
        seconds = self.dearest(runs)
        return MetricValues(seconds, seconds < seconds.max())


class Writes(Dearest):
    def dearest(self, runs):
        runs.overhead_s[:] = 0.0
        return super().dearest(runs)


class Draws(Dearest):
    def dearest(self, runs):
        return super().dearest(runs) + np.random.rand()  # noqa: NPY002


class Remembers(Dearest):
    calls = 0

    def dearest(self, runs):
        self.calls += 1
        return super().dearest(runs) + self.calls


class Unitless(Dearest):
    unit = "points"


class Undirected(Dearest):
    direction = "up"


class Foreign:
    """Declares nothing."""


@pytest.mark.parametrize(
    ("metric", "complaint"),
    [
        (Bare, r"compute returns a ndarray; expected MetricValues"),
        (Short, r"values is float64 \[6\]; expected float64 \[8\]"),
        (Single, r"values is float32 \[8\]; expected float64 \[8\]"),
        (Empty, "all runs: compute raises ValueError: zero-size array"),
        (Outside, "lie outside of the bounds 0 to 1"),
        (Relative, r"for a run joined with others \(30 finished trials\), the metric is another"),
        (Ordered, "for the same runs in another order, the metric is another"),
        (Infinite, r"values are \[.*inf.*\]; expected finite numbers"),
        (CensoredWithoutBound, "a censored run has the value nan"),
        (CensoredByNumber, r"censored is int64 \[8\]; expected bool \[8\]"),
        (CensoredByOthers, r"joined with others \(.*\), other runs are censored: \[True\], then \[False\]"),
        (Writes, "the metric changes overhead_s of the runs"),
        (Draws, "the metric draws from or seeds the global generator of numpy"),
        (Remembers, "computed again, the metric is another"),
        (Unitless, "unit is 'points'"),
        (Undirected, "direction is 'up'"),
        (Foreign, "make\\(\\) returns a Foreign; expected a nasbench.metrics.Metric"),
    ],
)
def test_a_broken_metric_is_caught(metric, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_metric(metric)


def test_a_sound_metric_passes():
    check_metric(Dearest)
