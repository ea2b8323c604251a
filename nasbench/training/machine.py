"""The device: torch's settings, memory and latency."""

import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from nasbench.devices import find_device
from nasbench.measuring import PeakMemory

_FEWEST = 5  # answers timed, however long they take


@contextmanager
def use_deterministic_algorithms(wanted: bool) -> Iterator[None]:
    """Let torch use only algorithms that give the same bits every time; restore its settings afterwards."""
    if not wanted:
        yield
        return
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # cuBLAS asks for it; read when CUDA starts
    was, warned = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    benchmark = torch.backends.cudnn.benchmark
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.benchmark = False
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warned)
        torch.backends.cudnn.benchmark = benchmark


def describe_machine(device: str) -> str:
    """Return the version of torch and the name of the device.

    Raises:
        InvalidOption: no such device.
    """
    named = find_device(device)
    name = torch.cuda.get_device_name(named) if named.type == "cuda" else f"CPU {platform.machine()}"
    return f"torch {torch.__version__} on {name}"


def wait_for_device(device: torch.device) -> None:
    """Wait until the device has finished its work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Peak:
    """Peak memory from now on: of torch's tensors on a GPU, or of the whole process on the CPU.

    Args:
        device: device whose memory is measured.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._process = device, PeakMemory()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def bytes(self) -> int | None:
        """Return the peak in bytes; None where the system does not report it."""
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        total = self._process.total_mb()
        return None if math.isnan(total) else round(total * 1e6)


class Latency(NamedTuple):
    """Seconds to answer one batch.

    Attributes:
        median_s: half of the answers took longer.
        low_s: 10 % were faster.
        high_s: 10 % took longer.
    """

    median_s: float
    low_s: float
    high_s: float


def measure_latency(network: nn.Module, shape: tuple[int, ...], batch_size: int, *, repeats: int = 30) -> Latency:
    """Measure the latency of a network on its device, in evaluation mode.

    Args:
        network: the network.
        shape: shape of one image.
        batch_size: images at once.
        repeats: number of timed answers; see ``time_answer``.
    """
    device, was_training = next(network.parameters()).device, network.training
    images = torch.zeros(batch_size, *shape, device=device)

    def answer() -> None:
        network(images)
        wait_for_device(device)

    network.eval()
    try:
        with torch.inference_mode():
            wait_for_device(device)
            return time_answer(answer, repeats=repeats)
    finally:
        network.train(was_training)


def time_answer(answer: Callable[[], object], *, repeats: int = 30, at_most_s: float = 10.0) -> Latency:
    """Measure how long an answer takes.

    Args:
        answer: call that computes one answer.
        repeats: number of timed answers, after two that are not timed.
        at_most_s: stop timing after so many seconds, but not before five answers.
    """
    seconds: list[float] = []
    for _ in range(2):
        answer()
    while len(seconds) < repeats and (len(seconds) < _FEWEST or sum(seconds) < at_most_s):
        start = time.perf_counter()
        answer()
        seconds.append(time.perf_counter() - start)
    low, median, high = np.quantile(seconds, (0.1, 0.5, 0.9)).tolist()
    return Latency(median, low, high)
