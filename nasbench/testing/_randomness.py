"""Checks that a component uses no global random generators."""

import contextlib
import random
import sys
from collections.abc import Iterator
from typing import Any, cast

import numpy as np

from nasbench.arrays import Ints


@contextlib.contextmanager
def leave_global_generators_alone(what: str) -> Iterator[None]:
    """Raise an error if code in the block draws from a global generator or seeds it; ``what`` names the component."""
    before = _global_states()
    yield
    changed = [name for name, state in _global_states().items() if name in before and state != before[name]]
    if changed:
        raise AssertionError(f"{what} draws from or seeds the global generator of {', '.join(changed)}")


def _global_states() -> dict[str, Any]:
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 (reads the global state to check that it is unused)
    states: dict[str, Any] = {"random": random.getstate(), "numpy": (name, cast(Ints, keys).tobytes(), *rest)}
    if torch := sys.modules.get("torch"):
        states["torch"] = torch.get_rng_state().numpy().tobytes()
    return states


@contextlib.contextmanager
def seed_globals_otherwise() -> Iterator[None]:
    """Seed every global generator with another seed within the block, and restore the states afterwards."""
    kept, kept_numpy, torch = random.getstate(), np.random.get_state(), sys.modules.get("torch")  # noqa: NPY002
    kept_torch = torch.get_rng_state() if torch else None
    random.seed(99)
    np.random.seed(99)  # noqa: NPY002
    if torch:
        torch.manual_seed(99)
    try:
        yield
    finally:
        random.setstate(kept)
        np.random.set_state(kept_numpy)  # noqa: NPY002
        if torch:
            torch.set_rng_state(kept_torch)
