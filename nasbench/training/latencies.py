"""Latency of a network for one image and for a batch, measured once and kept in a file."""

import json
from pathlib import Path

import torch
from torch import nn

from nasbench.devices import find_device
from nasbench.files import write_text
from nasbench.training.machine import Latency, describe_machine, measure_latency

BATCH_SIZES = (1, 256)
Latencies = dict[str, dict[int, Latency]]
"""By kind of device, ``cpu`` and ``cuda``, and batch size; batches that do not fit into memory are missing."""


def measure_latencies(network: nn.Module, shape: tuple[int, ...], path: Path, *, device: str) -> Latencies:
    """Measure a network on the CPU, with as many threads as torch uses, and on the GPU if that is the device.

    If ``path`` holds latencies of the same machine, these are returned instead.

    Args:
        network: network with any weights; it is moved to the device.
        shape: shape of one image.
        path: JSON file of the latencies.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """
    machine = f"{describe_machine(device)}; {torch.get_num_threads()} threads of the processor"
    if (known := _read_kept(path, machine)) is not None:
        return known
    measured = {
        name.partition(":")[0]: _measure_all(network.to(find_device(name)), shape)
        for name in dict.fromkeys(["cpu", device])
    }
    write_text(path, json.dumps({"machine": machine, "latency_s": convert_to_plain(measured)}, indent=1) + "\n")
    return measured


def _measure_all(network: nn.Module, shape: tuple[int, ...]) -> dict[int, Latency]:
    measured: dict[int, Latency] = {}
    for size in BATCH_SIZES:
        try:
            measured[size] = measure_latency(network, shape, size)
        except torch.cuda.OutOfMemoryError:
            break
    return measured


def convert_to_plain(latencies: Latencies) -> dict[str, dict[str, dict[str, float]]]:
    """Return latencies as plain data for JSON."""
    return {kind: {str(size): one._asdict() for size, one in sizes.items()} for kind, sizes in latencies.items()}


def _read_kept(path: Path, machine: str) -> Latencies | None:
    """Return the latencies that a file holds for this machine; None if it has none or is damaged."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["machine"] != machine:
            return None
        return {
            kind: {int(size): Latency(**numbers) for size, numbers in sizes.items()}
            for kind, sizes in told["latency_s"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
