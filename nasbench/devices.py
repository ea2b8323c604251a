"""Devices and random generators for torch."""

import numpy as np
import torch

from nasbench.errors import InvalidOption


def find_device(name: str) -> torch.device:
    """Return the device called ``name``: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: this machine has no such device.
    """
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise InvalidOption(f"device={name!r}; expected 'cpu', 'cuda' or 'cuda:N'")
    if kind == "cuda" and (why := _explain_missing_cuda()):
        raise InvalidOption(f"device={name!r}, but torch has no CUDA here ({why}); use device='cpu'")
    found = torch.cuda.device_count() if kind == "cuda" else 1
    if int(number or 0) >= found:
        raise InvalidOption(f"device={name!r}, but torch finds {found} such device(s) here, numbered from 0")
    return torch.device(name)


def _explain_missing_cuda() -> str:
    """Return torch's reason why CUDA does not start: no card, no driver, an old driver, or a build without CUDA."""
    try:
        torch.cuda.init()
    except (AssertionError, RuntimeError) as error:
        return str(error).partition("\n")[0]
    return ""


def torch_generator(rng: np.random.Generator) -> torch.Generator:
    """Return a generator for torch, seeded by ``rng``; it is on the CPU, so every device gets the same numbers."""
    return torch.Generator().manual_seed(int(rng.integers(2**63)))
