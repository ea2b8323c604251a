"""Checks of the arguments of networks."""

from nasbench.arrays import Archs
from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace


def open_space(name: str) -> SearchSpace:
    """Return the space called ``name``."""
    space: SearchSpace = SPACES.load(name)()
    return space


def require_one(space: SearchSpace, arch: Archs) -> Archs:
    """Return ``arch`` as int8 ``[1, d]``.

    Raises:
        InvalidArchitecture: not exactly one row, or a row outside the space.
    """
    checked = space.checked(arch)
    if len(checked) != 1:
        raise InvalidArchitecture(f"{len(checked)} architectures; a network is built from one, archs[i : i + 1]")
    return checked


def read_row(space: str, arch: Archs) -> list[int]:
    """Return the digits of the only row of ``arch`` [1, d]; errors as ``require_one``."""
    digits: list[int] = require_one(open_space(space), arch)[0].tolist()
    return digits


def require_positive(**options: int) -> None:
    """Refuse numbers below 1.

    Raises:
        InvalidOption: the first such option, with its name.
    """
    for name, value in options.items():
        if value < 1:
            raise InvalidOption(f"{name}={value}; expected at least 1")
