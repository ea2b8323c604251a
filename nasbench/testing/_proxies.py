"""The contract of a zero-cost proxy: it computes a number from a network and leaves the network unchanged."""

import copy
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.table.schema import DIRECTIONS
from nasbench.testing._randomness import leave_global_generators_alone, seed_globals_otherwise
from nasbench.units import UNITS

if TYPE_CHECKING:  # torch is an extra
    from nasbench.proxies import Probe, Proxy

_IMAGES = (6, 3, 8, 8)
_CLASSES = 3


def check_proxy(make: "Callable[..., Proxy]", *, options: Mapping[str, Any] | None = None) -> None:
    """Check that a proxy keeps the contract, on two small convolutional networks.

    Args:
        make: ``make(**options)`` returns a new proxy: a class, for example.
        options: keyword arguments of ``make``.

    Raises:
        AssertionError: with what was expected and what was seen.
    """
    proxy = make(**options or {})
    unit, direction = (getattr(proxy, name, None) for name in ("unit", "direction"))
    if unit not in UNITS:
        raise AssertionError(f"unit is {unit!r}; expected one of {', '.join(UNITS)}")
    if direction not in DIRECTIONS:
        raise AssertionError(f"direction is {direction!r}; expected one of {', '.join(DIRECTIONS)}")
    for wide in (4, 8):
        probe = _make_probe(wide)
        first = _score(proxy, probe)
        with seed_globals_otherwise():
            others = _score(make(**options or {}), _make_probe(wide)), _score(proxy, _make_probe(wide))
        again = [first, *others]
        if not all(score == first or np.isnan([score, first]).all() for score in again):
            raise AssertionError(
                f"the same network and images score {again}; the score may depend on global seeds or an earlier call"
            )


def _make_probe(width: int) -> "Probe":
    """Return a network of two convolutions, with the suite's own global average, and images; the same each time."""
    import torch
    from torch import nn

    from nasbench.networks import GlobalAverage
    from nasbench.proxies import Probe

    kept = torch.get_rng_state()
    torch.manual_seed(width)
    layers = (nn.Conv2d(3, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.Conv2d(width, width, 3))
    network = nn.Sequential(*layers, nn.ReLU(), GlobalAverage(), nn.Linear(width, _CLASSES))
    images = torch.randn(_IMAGES)
    torch.set_rng_state(kept)
    return Probe(network, images, torch.arange(len(images)) % _CLASSES)


def _score(proxy: "Proxy", probe: "Probe") -> float:
    """Score a network, and check that it, its images and the global generators are unchanged."""
    before = _contents(probe)
    with leave_global_generators_alone("the proxy"):
        score = proxy(probe)
    if not isinstance(score, float):
        raise AssertionError(f"the score {score!r} is a {type(score).__name__}; expected a float")
    changed = [name for name, array in _contents(probe).items() if not np.array_equal(array, before[name])]
    if changed:
        raise AssertionError(f"the proxy changes {', '.join(changed)} of what it is shown; work on probe.copy()")
    if not probe.network.training:
        raise AssertionError("the proxy leaves the network in evaluation mode; work on probe.copy()")
    return score


def _contents(probe: "Probe") -> dict[str, Any]:
    parts = {**probe.network.state_dict(), "images": probe.images, "labels": probe.labels}
    return {name: copy.deepcopy(part.detach().cpu().numpy()) for name, part in parts.items()}
