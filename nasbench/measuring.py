"""Seconds and memory of a piece of work."""

import math
import time
from pathlib import Path

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class Stopwatch:
    """Seconds between its laps."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def measure_lap(self) -> float:
        """Return the seconds since the last lap."""
        now = time.perf_counter()
        self._last, elapsed = now, now - self._last
        return elapsed


class PeakMemory:
    """The most memory that this process holds at once from now on.

    Linux only; elsewhere, and where the system does not let a process reset its peak, it is nan.
    """

    def __init__(self) -> None:
        try:
            _RESET.write_text("5")  # the peak starts anew: see proc(5)
            self._before = _read_status_mb("VmRSS")
        except OSError:
            self._before = math.nan

    def mb(self) -> float:
        """Return it in MB, above what the process held when this was made."""
        return math.nan if math.isnan(self._before) else max(0.0, self.total_mb() - self._before)

    def total_mb(self) -> float:
        """Return it in MB, all that the process holds included."""
        return math.nan if math.isnan(self._before) else _read_status_mb("VmHWM")


def _read_status_mb(name: str) -> float:
    lines = _STATUS.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1.024e-3 for line in lines if line.startswith(f"{name}:"))
