"""Units that a mapping may declare, and their conversion to the units of the schema."""

from typing import NamedTuple

import numpy as np

from nasbench.arrays import Bools, Floats


class Unit(NamedTuple):
    """A declared unit: ``value * times / over`` is in ``unit``. Two integer factors keep percent exact.

    Attributes:
        unit: unit of the schema.
        times: factor.
        over: divisor.
        low: smallest allowed value in the declared unit.
        high: largest allowed value in the declared unit.
    """

    unit: str
    times: float = 1.0
    over: float = 1.0
    low: float = 0.0
    high: float = np.inf

    def convert(self, values: Floats) -> Floats:
        """Return ``values`` in the unit of the schema."""
        return values * self.times / self.over

    def revert(self, values: Floats) -> Floats:
        """Return ``values`` of the unit of the schema in the declared one."""
        return values * self.over / self.times


DURATION = "duration"
"""The unit of cells such as ``0 days 00:01:30.5`` or ``1:30:00``."""

UNITS = {
    "fraction": Unit("fraction", high=1.0),
    "percent": Unit("fraction", over=100.0, high=100.0),
    "s": Unit("s"),
    "ms": Unit("s", over=1e3),
    "us": Unit("s", over=1e6),
    "ns": Unit("s", over=1e9),
    DURATION: Unit("s"),
    "min": Unit("s", times=60.0),
    "h": Unit("s", times=3600.0),
    "days": Unit("s", times=86400.0),
    "count": Unit("count"),
    "thousands": Unit("count", times=1e3),
    "millions": Unit("count", times=1e6),
    "billions": Unit("count", times=1e9),
    "bytes": Unit("count"),
    "kB": Unit("count", times=1e3),
    "MB": Unit("count", times=1e6),
    "GB": Unit("count", times=1e9),
    "J": Unit("J"),
    "mJ": Unit("J", over=1e3),
    "kJ": Unit("J", times=1e3),
    "Wh": Unit("J", times=3600.0),
    "kWh": Unit("J", times=3.6e6),
    "nats": Unit("nats"),
    "bits": Unit("nats", times=float(np.log(2.0))),
    "none": Unit("none", low=-np.inf),
}


def find_outside(values: Floats, name: str) -> Bools:
    """Return which values [n] are infinite or outside the range of unit ``name``; ``[n]``."""
    unit = UNITS[name]
    outside: Bools = np.isinf(values) | (values < unit.low) | (values > unit.high)
    return outside


def find_unit(name: str) -> Unit:
    """Return a declared unit by its name."""
    return UNITS[name]


def find_misfit_value(values: Floats, name: str, *, whole: bool = True) -> tuple[int, str] | None:
    """Return the position of the first value that cannot have unit ``name``, and the reason; None if all can.

    Args:
        values: [n] numbers in the declared unit; nan means missing and is allowed.
        name: a key of ``UNITS``.
        whole: whether ``values`` are all values of a metric. The values of one epoch may all be small percentages.
    """
    unit = UNITS[name]
    outside = find_outside(values, name)
    if outside.any():
        hint = ""
        if name == "fraction" and np.nanmax(values) <= 100.0 and np.nanmin(values) >= 0.0:
            hint = "; these are percentages: declare unit = 'percent'"
        at = int(outside.argmax())
        count = int(outside.sum())
        if np.isinf(values[at]):
            hint = f"; if it stands for a missing value, say missing = '{values[at]:g}'"
        return at, f"{values[at]:g} is outside [{unit.low:g}, {unit.high:g}] of unit '{name}' ({count} such){hint}"
    if whole and name == "percent" and not np.isnan(values).all() and 0.0 < np.nanmax(values) <= 1.0:
        return int(np.nanargmax(values)), (
            f"the largest value is {np.nanmax(values):g}, so these are fractions: declare unit = 'fraction'"
        )
    return None
