"""Where torch computes."""

import torch

from nasbench.errors import InvalidOption


def device_named(name: str) -> torch.device:
    """Return the device called ``name``: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: no such device here.
    """
    kind, _, number = name.partition(":")
    if kind not in ("cpu", "cuda") or (number and not number.isdecimal()):
        raise InvalidOption(f"device={name!r}; expected 'cpu', 'cuda' or 'cuda:N'")
    found = torch.cuda.device_count() if kind == "cuda" else 1
    if int(number or 0) >= found:
        why = "" if torch.cuda.is_available() else " (no CUDA: no card, no driver, or a build of torch without it)"
        raise InvalidOption(f"device={name!r}, but torch finds {found} such device(s) here{why}; use device='cpu'")
    return torch.device(name)
