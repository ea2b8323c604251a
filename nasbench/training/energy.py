"""Energy in joules, as counted by the machine: by NVML for a GPU, by RAPL for a CPU; None where neither can be read.

Both count the whole GPU or CPU package, including other programs: they measure a training run correctly only if it
runs alone. NVML is read through ``pynvml`` (the optional package ``nvidia-ml-py``; GPUs since Volta). RAPL counters are
in ``/sys/class/powercap`` on Linux; on many machines only root can read them.
"""

from collections.abc import Callable
from pathlib import Path

import torch

_POWERCAP = Path("/sys/class/powercap")


class Energy:
    """Counts the energy of a device.

    Args:
        device: a GPU, or the CPU.
        powercap: folder of the CPU's counters on Linux.
    """

    def __init__(self, device: torch.device, powercap: Path = _POWERCAP) -> None:
        self._lap: Callable[[], float] | None = None
        try:
            self._lap = _open_card(device) if device.type == "cuda" else _open_packages(powercap)
            self.measure_lap()
        except Exception:  # drivers and permissions fail in many ways; in each case, energy is unknown
            self._lap = None

    def measure_lap(self) -> float | None:
        """Return the joules since the last call; None where they are unknown."""
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
    """Return a counter over all sockets, which includes their parts, such as ``intel-rapl:0:1``."""
    zones = sorted(zone for zone in powercap.glob("intel-rapl:*") if zone.name.count(":") == 1)
    if not zones:
        return None
    ranges = [_number(zone / "max_energy_range_uj") for zone in zones]
    last = [0] * len(zones)

    def lap() -> float:
        nonlocal last
        now = [_number(zone / "energy_uj") for zone in zones]
        # A counter that overflows starts again at 0; this takes minutes at least.
        used = sum((new - old) % (full + 1) for new, old, full in zip(now, last, ranges, strict=True))
        last = now
        return used / 1e6

    return lap


def _number(path: Path) -> int:
    return int(path.read_text(encoding="ascii"))
