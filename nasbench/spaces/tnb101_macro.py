"""TransNAS-Bench-101 skeletons: 4 to 6 modules of four kinds; 3,256 networks.

Source: Duan et al. 2021, "TransNAS-Bench-101: Improving Transferability and Generalizability of
Cross-Task Neural Architecture Search", arXiv 2105.11871. A module keeps the shape, doubles the
channels, halves the resolution, or does both. A network doubles 1 to 3 times and halves 1 to 4 times,
which gives 210 networks of four modules, 750 of five and 2,296 of six. No two are isomorphic.

Columns are the modules from the input on; the last two may be absent, the fifth only together with
the sixth. The text is the official string ``64-1234-basic``: 64 channels, the kind of each module (1
keeps, 2 doubles, 3 halves, 4 does both), residual blocks. With ``form="naslib"``, ``read`` takes these digits as
numbers, with 0 for an absent module. The index counts networks in the order of their columns, which differs from the
order of the official file.
"""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bools
from nasbench.errors import InvalidArchitecture
from nasbench.spaces._chain import build_chain
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._product import list_single_edits
from nasbench.spaces._reading import show_item
from nasbench.spaces._space import Graphs

_MOST_MODULES = 6
_DOUBLING, _HALVING = (1, 3), (2, 3)
_ABSENT = 4
_TEXT = re.compile(r"64-([1-4]{4,6})-basic")


def _is_within_limits(raw: Archs) -> Bools:
    doublings = np.isin(raw, _DOUBLING).sum(axis=1)
    halvings = np.isin(raw, _HALVING).sum(axis=1)
    gapless = (raw[:, 4] != _ABSENT) | (raw[:, 5] == _ABSENT)
    within: Bools = gapless & (doublings >= 1) & (doublings <= 3) & (halvings >= 1) & (halvings <= 4)
    return within


class TransNASBench101Macro(EnumeratedSpace):
    """The 3,256 skeletons of TransNAS-Bench-101; an edit changes, appends or drops one module."""

    name = "tnb101_macro"
    identity_operations = ("absent",)
    operations = ("normal", "double_channels", "halve_resolution", "double_and_halve")
    decisions = tuple(f"module_{module}" for module in range(1, _MOST_MODULES + 1))
    cardinality = np.array([4, 4, 4, 4, 5, 5])
    forms = ("naslib",)

    def __init__(self) -> None:
        raw = np.indices(tuple(self.cardinality), dtype=np.int8).reshape(_MOST_MODULES, -1).T
        self.rows = raw[_is_within_limits(raw)]

    def _list_edits(self, archs: Archs) -> Archs:
        return list_single_edits(archs, self.cardinality)

    def canonicalize(self, archs: Archs) -> Archs:
        """Return the architectures unchanged: no two are isomorphic; ``[n, d]``."""
        return self.checked(archs).copy()

    def graphs(self, archs: Archs) -> Graphs:
        """Return chains of 8 vertices: the input, six modules, the output; absent modules have no edge."""
        archs = self.checked(archs)
        length = (archs != _ABSENT).sum(axis=1)
        return build_chain(archs + np.int8(1), length, ("input", *self.operations, "absent", "output"))

    def read_form(self, item: Any, form: str) -> Archs:
        """Read the digits of the official string as in NASLib, with 0 for an absent module; ``[1, 6]``.

        Raises:
            InvalidArchitecture: the digits are out of range, or the skeleton is not in the space.
        """
        if not isinstance(item, list | tuple) or any(digit not in range(5) for digit in item):
            raise InvalidArchitecture(
                f"{show_item(item)} is not a {form} architecture; expected four to six digits 0 to 4"
            )
        return self.parse([f"64-{''.join(str(digit) for digit in item if digit)}-basic"])

    def _explain_broken_rule(self, arch: Archs) -> str:
        if arch[4] == _ABSENT != arch[5]:
            return "the fifth module is absent, but the sixth is present"
        doublings, halvings = np.isin(arch, _DOUBLING).sum(), np.isin(arch, _HALVING).sum()
        if not 1 <= doublings <= 3:
            return f"it doubles the channels {doublings} times, expected 1 to 3"
        return f"it halves the resolution {halvings} times, expected 1 to 4"

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read official strings such as ``64-1234-basic``.

        Raises:
            InvalidArchitecture: a string has another form, or its modules double or halve too rarely or too often.
        """
        archs = np.full((len(texts), _MOST_MODULES), _ABSENT, dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            match = _TEXT.fullmatch(str(text).strip())
            if match is None:
                raise self._make_malformed(str(text), "expected 64-, four to six digits 1 to 4, and -basic")
            row[: len(match[1])] = [int(digit) - 1 for digit in match[1]]
        for text, arch, valid in zip(texts, archs, self.is_valid(archs), strict=True):
            if not valid:
                raise self._make_malformed(str(text), self._find_broken_rule(arch))
        return archs

    def format(self, archs: Archs) -> list[str]:
        """Write official strings."""
        return [
            f"64-{''.join(str(digit + 1) for digit in arch if digit != _ABSENT)}-basic"
            for arch in self.checked(archs).tolist()
        ]
