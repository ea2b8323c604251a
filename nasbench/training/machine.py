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
    """Let torch use only algorithms that give the same bits every time; its settings are afterwards as they were."""
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
    """Return what computes, and with what.

    Raises:
        InvalidOption: no such device.
    """
    named = find_device(device)
    name = torch.cuda.get_device_name(named) if named.type == "cuda" else f"CPU {platform.machine()}"
    return f"torch {torch.__version__} on {name}"


def wait_for_device(device: torch.device) -> None:
    """Wait until the device has done what it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


class Peak:
    """The most memory in use at once from now on: torch's tensors on a card, else all that the process holds.

    Args:
        device: where.
    """

    def __init__(self, device: torch.device) -> None:
        self._device, self._process = device, PeakMemory()
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)

    def bytes(self) -> int | None:
        """Return it; None where the system does not tell."""
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
    """Measure how long a network takes to answer, where it lies, in evaluation mode.

    Args:
        network: what answers.
        shape: of one image.
        batch_size: images at once.
        repeats: answers timed; see ``timed``.
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
        answer: gives one.
        repeats: answers timed, after two that are not.
        at_most_s: no further ones once this time is up, but five at the least.
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
