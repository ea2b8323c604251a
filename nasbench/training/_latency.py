"""How long a network takes to answer one image and a batch, measured once and kept."""

import json
from pathlib import Path

import torch
from torch import nn

from nasbench.devices import device_named
from nasbench.files import write_text
from nasbench.training._machine import Latency, latency

BATCH_SIZES = (1, 256)
Latencies = dict[int, Latency]
"""By batch size; one that the memory does not hold is missing."""


def latencies_of(network: nn.Module, shape: tuple[int, ...], path: Path, *, device: str, machine: str) -> Latencies:
    """Measure a network, unless ``path`` holds what was measured on the same machine before.

    Args:
        network: with any weights; it is moved to the device.
        shape: of one image.
        path: a JSON file.
        device: where to measure.
        machine: what the device is, with the version of torch.
    """
    if (known := _kept(path, machine)) is not None:
        return known
    network, measured = network.to(device_named(device)), Latencies()
    for size in BATCH_SIZES:
        try:
            measured[size] = latency(network, shape, size)
        except torch.cuda.OutOfMemoryError:
            break
    kept = {str(size): one._asdict() for size, one in measured.items()}
    write_text(path, json.dumps({"machine": machine, "latency_s": kept}, indent=1) + "\n")
    return measured


def _kept(path: Path, machine: str) -> Latencies | None:
    """Return what a file holds of this machine; a damaged one is measured and written again."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["machine"] != machine:
            return None
        return {int(size): Latency(**numbers) for size, numbers in told["latency_s"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None
