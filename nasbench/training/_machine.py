"""The device, torch's settings, memory and latency."""

import os
import platform
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from nasbench.devices import device_named


@contextmanager
def deterministic(wanted: bool) -> Iterator[None]:
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


def machine_of(device: str) -> str:
    """Return what computes, and with what.

    Raises:
        InvalidOption: no such device.
    """
    named = device_named(device)
    name = torch.cuda.get_device_name(named) if named.type == "cuda" else f"CPU {platform.machine()}"
    return f"torch {torch.__version__} on {name}"


def synchronise(device: torch.device) -> None:
    """Wait until the device has done what it was asked to."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def peak_bytes(device: torch.device) -> int | None:
    """Return the most memory in use so far: of torch's tensors on a card, else of the process; None where unknown."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


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


def latency(network: nn.Module, shape: tuple[int, ...], batch_size: int, *, repeats: int = 30) -> Latency:
    """Measure how long a network takes to answer, where it lies, in evaluation mode.

    Args:
        network: what answers.
        shape: of one image.
        batch_size: images at once.
        repeats: answers timed, after a tenth as many that are not, and at least two.
    """
    device, was_training = next(network.parameters()).device, network.training
    images, seconds = torch.zeros(batch_size, *shape, device=device), []
    network.eval()
    try:
        with torch.inference_mode():
            for _ in range(repeats + max(2, repeats // 10)):
                synchronise(device)
                start = time.perf_counter()
                network(images)
                synchronise(device)
                seconds.append(time.perf_counter() - start)
    finally:
        network.train(was_training)
    low, median, high = np.quantile(seconds[-repeats:], (0.1, 0.5, 0.9)).tolist()
    return Latency(median, low, high)
