"""The base class of metrics, and the values that a metric returns."""

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import ClassVar, NamedTuple

from nasbench.arrays import Bools, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, MissingExtra
from nasbench.metrics._runs import TaskRuns
from nasbench.registry import METRICS
from nasbench.units import Scale


class MetricValues(NamedTuple):
    """The values of a metric for all runs on a task.

    Attributes:
        values: [R] value of each run; nan if the metric is undefined for it.
        censored: [R] whether ``values`` holds only a lower bound; None if all values are exact.
    """

    values: Floats
    censored: Bools | None = None


class Metric:
    """Base of all metrics. A subclass may have options: keyword-only arguments of its constructor.

    Attributes:
        label: heading in tables; empty for the name under which the metric is found.
        unit: a unit of ``nasbench.units``; or ``reported`` or ``observed`` for the unit of the task's first reported
            split, or of the observed score.
        direction: which values are better: ``minimize``, ``maximize`` or ``none``; or ``observed`` for the direction of
            the observed score.
        bounds: smallest and largest possible value.
        comparable: whether values on different tasks may be averaged.
    """

    label: ClassVar[str] = ""
    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "minimize"
    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    comparable: ClassVar[bool] = False

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Compute the metric of each run; ``[R]``."""
        raise NotImplementedError

    def find_scale(self, runs: TaskRuns) -> Scale:
        """Return the unit and direction of the values on a task."""
        units = {"reported": runs.goal.reported.unit, "observed": runs.goal.observed.unit}
        direction = runs.goal.observed.direction if self.direction == "observed" else self.direction
        return Scale(units.get(self.unit, self.unit), direction)


def make_metrics(labels: Sequence[str] = ()) -> dict[str, Metric]:
    """Create every registered metric whose packages are installed, and the metrics that are named.

    Args:
        labels: ``NAME[,option=value]`` or ``module:Class``.

    Raises:
        UnknownName: unknown metric or option.
        InvalidOption: a class cannot be imported, or is not a subclass of ``Metric``.
    """
    made = {}
    for name in METRICS.names():
        with suppress(MissingExtra):
            made[name] = _make_metric(name)
    return made | {label: _make_metric(label) for label in labels}


def _make_metric(label: str) -> Metric:
    component, options = Choice.parse(label).resolve(METRICS)
    if not (isinstance(component, type) and issubclass(component, Metric)):
        raise InvalidOption(f"metric '{label}' is not a subclass of nasbench.metrics.Metric")
    return component(**options)
