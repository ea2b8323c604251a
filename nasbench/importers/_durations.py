"""Durations as people and programs write them, in seconds.

Known are ``1:30:00`` and ``0 days 00:01:30.5`` (pandas, spreadsheets), ``1 day, 2:03:04`` (Python), ``90:30`` (minutes
and seconds), and ISO 8601 such as ``PT1H30M`` and ``P1DT2H``. A plain number is no duration: it may have any unit.
"""

import re
from typing import Any

import numpy as np
import pandas as pd

_CLOCK = re.compile(r"(?:(\d+) days?,? \+?)?(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")
_SHORT = re.compile(r"(\d+):([0-5]\d(?:\.\d+)?)")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:[.,]\d+)?)S)?)?")
_WEEK, _DAY, _HOUR, _MINUTE = 604800, 86400, 3600, 60


def parse_duration(cell: Any) -> float | None:
    """Return the seconds of a duration; keep nan; return None for anything else."""
    if isinstance(cell, pd.Timedelta):
        return float(cell.total_seconds())
    if isinstance(cell, float) and np.isnan(cell):
        return cell
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    if match := _CLOCK.fullmatch(text):
        days, hours, minutes, seconds = match.groups()
        return int(days or 0) * _DAY + int(hours) * _HOUR + int(minutes) * _MINUTE + float(seconds)
    if match := _SHORT.fullmatch(text):
        return int(match[1]) * _MINUTE + float(match[2])
    match = _ISO.fullmatch(text)
    if not match or not any(match.groups()):
        return None
    weeks, days, hours, minutes, seconds = (float((part or "0").replace(",", ".")) for part in match.groups())
    return weeks * _WEEK + days * _DAY + hours * _HOUR + minutes * _MINUTE + seconds
