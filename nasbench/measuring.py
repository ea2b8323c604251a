"""Measuring the seconds and the memory of a piece of work."""

import math
import time
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Stopwatch:
    """Measures the seconds between laps."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def measure_lap(self) -> float:
        """Return the seconds since the last lap."""
        now = time.perf_counter()
        self._last, elapsed = now, now - self._last
        return elapsed


class PeakMemory:
    """The peak memory of this process since the construction of this object.

    It is measured on Linux only; elsewhere, and where a process may not reset its peak, it is nan.
    """

    def __init__(self) -> None:
        try:
            _RESET.write_text("5")  # resets the peak: see proc(5)
            self._before = _read_status_mb("VmRSS")
        except OSError:
            self._before = math.nan

    def mb(self) -> float:
        """Return the peak in MB, minus the memory of the process at construction."""
        return math.nan if math.isnan(self._before) else max(0.0, self.total_mb() - self._before)

    def total_mb(self) -> float:
        """Return the peak of the whole process in MB."""
        return math.nan if math.isnan(self._before) else _read_status_mb("VmHWM")


def _read_status_mb(name: str) -> float:
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1.024e-3 for line in lines if line.startswith(f"{name}:"))
