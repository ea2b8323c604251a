"""The units of metrics: which of two values is better, how values are printed, and what a search optimises.

Internally, an accuracy is a fraction; it is printed in percent. Everything else is printed in its own unit.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from nasbench.errors import InvalidOption, make_unknown_name

UNITS = {
    "fraction": (0.0, 1.0),
    "nats": (0.0, math.inf),
    "s": (0.0, math.inf),
    "count": (0.0, math.inf),
    "J": (0.0, math.inf),
    "none": (-math.inf, math.inf),
}
"""Allowed units and the range of their values."""

_SIGNIFICANT = 4
_SMALL, _LARGE = 1e-4, 1e9  # outside this range, numbers are written with an exponent
_WHOLE = 1e15  # below it, whole numbers are exact


class Scale(NamedTuple):
    """Unit and direction of a metric.

    Attributes:
        unit: ``fraction``, ``nats``, ``s``, ``count``, ``J`` or ``none``.
        direction: ``maximize``, ``minimize``, or ``none`` if no value is better than another.
    """

    unit: str = "fraction"
    direction: str = "maximize"

    @classmethod
    def of(cls, attributes: Mapping[str, Any]) -> Self:
        """Return the scale of a column from its attributes."""
        return cls(str(attributes["unit"]), str(attributes["direction"]))

    @property
    def sign(self) -> float:
        """Factor that makes larger values better: 1, or -1 for metrics to be minimised."""
        return -1.0 if self.direction == "minimize" else 1.0

    @property
    def is_fraction(self) -> bool:
        """Whether values lie in [0, 1] and are printed as percent."""
        return self.unit == "fraction"

    @property
    def shown(self) -> str:
        """The unit as it is printed after a number; empty without one."""
        return {"fraction": "%", "none": "", "count": ""}.get(self.unit, self.unit)

    def text(self, value: float) -> str:
        """Return a value with its unit: ``91.607 %``, ``0.16512 nats``, ``1,234``."""
        if self.is_fraction:
            return f"{100 * value:.3f} %"
        return append_unit(format_significant(value, _SIGNIFICANT + 1), self.shown)

    def exact(self, value: float) -> str:
        """Return a value to six digits, a whole number in full, with its unit: ``91.6067 %``, ``0.199509 nats``."""
        value = 100 * value if self.is_fraction else value
        return append_unit(f"{value:,.0f}" if value.is_integer() else f"{value:.6g}", self.shown)

    def number(self, value: float) -> str:
        """Return a value without its unit, for a column whose heading shows it: ``91.61``, ``0.1651``."""
        return f"{100 * value:.2f}" if self.is_fraction else format_significant(value)

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest possible score, which is ``sign`` times the measured value."""
        low, high = sorted(self.sign * bound for bound in UNITS[self.unit])
        return low, high

    def spread(self, mean: float, std: float) -> str:
        """Return a mean and a standard deviation with equal decimals and no unit; the mean alone if std is nan."""
        if math.isnan(std):
            return f"{100 * mean:.2f}" if self.is_fraction else format_significant(mean)
        if self.is_fraction:
            return f"{100 * mean:.2f} ± {100 * std:.2f}"
        size = max(abs(value) if math.isfinite(value) else 0.0 for value in (mean, std))
        return f"{_format_value(mean, size)} ± {_format_value(std, size)}"

    def interval(self, value: float, low: float, high: float) -> str:
        """Return an estimate and its interval with equal decimals and no unit; ``-`` stands for unknown bounds."""
        if self.is_fraction:
            texts = [f"{100 * one:.2f}" for one in (value, low, high)]
        else:
            size = max((abs(one) for one in (value, low, high) if math.isfinite(one)), default=0.0)
            texts = [_format_value(one, size) for one in (value, low, high)]
        return f"{texts[0]} [-]" if math.isnan(low) else f"{texts[0]} [{texts[1]}, {texts[2]}]"


ACCURACY = Scale()
"""The scale of a metric that declares none."""


@dataclass(frozen=True)
class Objective:
    """One of the numbers that a search optimises.

    A strategy sees it as a score to maximise: ``sign`` times the value in its unit.

    Attributes:
        name: of the metric, or the label that a task gives it.
        unit: of its values, a key of ``UNITS``.
        direction: ``maximize`` or ``minimize``.
        reference: a value, in the unit, that every useful architecture is better than: the reference point of
            hypervolume. None if none was declared.
        bound: a value, in the unit, that no architecture is better than: the ideal point. None if none was declared.

    Raises:
        InvalidOption: the direction is neither ``maximize`` nor ``minimize``, or reference and bound contradict it or
            the unit.
    """

    name: str
    unit: str = "fraction"
    direction: str = "maximize"
    reference: float | None = None
    bound: float | None = None

    def __post_init__(self) -> None:
        """Check for contradictions."""
        if self.unit not in UNITS:
            raise make_unknown_name(f"unit of objective '{self.name}'", self.unit, UNITS)
        if self.direction not in ("maximize", "minimize"):
            raise InvalidOption(
                f"objective '{self.name}' has direction '{self.direction}'; expected maximize or minimize"
            )
        low, high = UNITS[self.unit]
        for key, value in (("reference", self.reference), ("bound", self.bound)):
            if value is not None and not (low <= value <= high and math.isfinite(value)):
                raise InvalidOption(
                    f"objective '{self.name}': {key} = {value}; expected a number from {low:g} to {high:g} "
                    f"(unit '{self.unit}')"
                )
        if self.reference is None or self.bound is None:
            return
        if not self.sign * self.bound > self.sign * self.reference:
            raise InvalidOption(
                f"objective '{self.name}': bound = {self.bound} is not better than reference = {self.reference}; "
                f"its direction is {self.direction}"
            )

    @property
    def scale(self) -> Scale:
        """Unit and direction."""
        return Scale(self.unit, self.direction)

    @property
    def sign(self) -> float:
        """Factor that turns values into the scores that strategies maximise: 1.0 or -1.0."""
        return self.scale.sign


class HasObjectives:
    """Mixin of tasks: unit, direction and sign of the observed metric follow from the first objective."""

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives of a search, the observed metric first."""
        raise NotImplementedError

    @property
    def scale(self) -> Scale:
        """Unit and direction of the observed metric."""
        return self.objectives[0].scale

    @property
    def direction(self) -> str:
        """Whether to ``maximize`` or to ``minimize`` the observed metric."""
        return self.scale.direction

    @property
    def sign(self) -> float:
        """Factor that turns observed values into the scores that strategies maximise: 1.0 or -1.0."""
        return self.scale.sign

    @property
    def unit(self) -> str:
        """Unit of the observed metric: ``fraction``, ``nats``, ``s``, ``count``, ``J`` or ``none``."""
        return self.scale.unit


def format_significant(value: float, digits: int = _SIGNIFICANT) -> str:
    """Return a number with ``digits`` significant digits; a whole number in full."""
    if float(value).is_integer() and abs(value) < _WHOLE:
        return f"{value:,.0f}"
    return _format_value(value, abs(value), digits)


def _format_value(value: float, size: float, digits: int = _SIGNIFICANT) -> str:
    """Return a value with the decimals that a number of ``size`` needs for ``digits`` significant digits."""
    if not math.isfinite(value) or not size:
        return f"{value:g}"
    if not _SMALL <= size < _LARGE:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - math.floor(math.log10(size)))}f}"


def append_unit(text: str, shown: str) -> str:
    """Return a number and its unit, which may be empty."""
    return f"{text} {shown}".rstrip()


def find_common_unit(scales: Iterable[Scale]) -> str | None:
    """Return the printed unit that all values of a column share; None if there are several, or no values."""
    shown = {scale.shown for scale in scales}
    return shown.pop() if len(shown) == 1 else None
