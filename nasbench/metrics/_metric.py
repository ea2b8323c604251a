"""What a metric declares and returns."""

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
    """A metric of every run of a task.

    Attributes:
        values: [R]; nan for a run of which the metric says nothing.
        censored: [R] runs of which only a lower bound is known, which ``values`` holds; None where all are known.
    """

    values: Floats
    censored: Bools | None = None


class Metric:
    """Base of all metrics. A subclass may have options: keyword-only arguments of its constructor.

    Attributes:
        label: what to call it in a table; empty for the name it is found by.
        unit: a unit of ``nasbench.units``; ``reported`` or ``observed``: that of what the task reports first, or shows
            to strategies.
        direction: which values are better: ``minimize`` or ``maximize``, or that of what is ``observed``.
        bounds: least and greatest value.
        comparable: whether values of different tasks may be averaged.
    """

    label: ClassVar[str] = ""
    unit: ClassVar[str] = "none"
    direction: ClassVar[str] = "minimize"
    bounds: ClassVar[tuple[float, float]] = (-math.inf, math.inf)
    comparable: ClassVar[bool] = False

    def compute(self, runs: TaskRuns) -> MetricValues:
        """Return the metric of each run; ``[R]``."""
        raise NotImplementedError

    def find_scale(self, runs: TaskRuns) -> Scale:
        """Return unit and direction of the values on a task."""
        units = {"reported": runs.goal.reported.unit, "observed": runs.goal.observed.unit}
        direction = runs.goal.observed.direction if self.direction == "observed" else self.direction
        return Scale(units.get(self.unit, self.unit), direction)


def make_metrics(labels: Sequence[str] = ()) -> dict[str, Metric]:
    """Return every registered metric that can be used here, and those that are named besides.

    Args:
        labels: ``NAME[,option=value]`` or ``module:Class``.

    Raises:
        UnknownName: no such metric, or option of it.
        InvalidOption: a class that cannot be imported, or is not a subclass of ``Metric``.
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
