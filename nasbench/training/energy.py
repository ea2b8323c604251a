"""Joules that the machine counted: of a card by NVML, of a processor by RAPL; None where neither can be read.

Both count the whole card or the whole package, whoever uses it: they tell what a training took where it
ran alone. NVML answers through ``pynvml`` (package ``nvidia-ml-py``, installed by whoever wants it; cards since
Volta). RAPL is what Linux shows in ``/sys/class/powercap``, on many machines to root alone.
"""

from collections.abc import Callable
from pathlib import Path

import torch

_POWERCAP = Path("/sys/class/powercap")


class Energy:
    """Counts the energy of a device.

    Args:
        device: a card, or the processor.
        powercap: where Linux shows the counters of processors.
    """

    def __init__(self, device: torch.device, powercap: Path = _POWERCAP) -> None:
        self._lap: Callable[[], float] | None = None
        try:
            self._lap = _open_card(device) if device.type == "cuda" else _open_packages(powercap)
            self.measure_lap()
        except Exception:  # drivers and permissions fail in many ways, and all mean: it does not tell
            self._lap = None

    def measure_lap(self) -> float | None:
        """Return the joules since it was last asked."""
        return None if self._lap is None else self._lap()


def _open_card(device: torch.device) -> Callable[[], float]:
    import pynvml

    pynvml.nvmlInit()
    handle = pynvml.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
    last = 0

    def lap() -> float:
        nonlocal last
        now = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)  # mJ since the driver was loaded
        last, used = now, now - last
        return float(used) / 1e3

    return lap


def _open_packages(powercap: Path) -> Callable[[], float] | None:
    """Return a count over all sockets; their parts, such as ``intel-rapl:0:1``, are in it."""
    zones = sorted(zone for zone in powercap.glob("intel-rapl:*") if zone.name.count(":") == 1)
    if not zones:
        return None
    ranges = [_number(zone / "max_energy_range_uj") for zone in zones]
    last = [0] * len(zones)

    def lap() -> float:
        nonlocal last
        now = [_number(zone / "energy_uj") for zone in zones]
        # A counter that is full starts again at 0, after minutes at the least.
        used = sum((new - old) % (full + 1) for new, old, full in zip(now, last, ranges, strict=True))
        last = now
        return used / 1e6

    return lap


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
