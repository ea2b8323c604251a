"""Asynchronous Hyperband: ASHA in every bracket of Hyperband at once.

Source: Li et al. 2020 (arXiv 1810.05934, section 3.2): asynchronous Hyperband loops through the brackets as Hyperband
does, and runs ASHA in each. Bracket s skips the lowest s rungs. New trials are assigned to the brackets in turn, those
with the most rungs first. Each gets as many as Hyperband would begin in it, ``ceil((s_max + 1) / (s + 1) eta^s)``. A
free worker takes a promotion of any bracket before it begins a new trial. ``eta`` is 4 as in that paper; ``kind`` is as
in ``asha``.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nasbench.options import Within
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving
from nasbench.strategies.multi_fidelity._rungs import compute_hyperband_sizes


@dataclass(kw_only=True, eq=False)
class AsyncHyperband(AsynchronousHalving):
    """Climb the brackets of Hyperband side by side, without waiting."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {"stopping": {"kind": "stopping"}}
    requires_fidelities: ClassVar[bool] = True

    eta: Annotated[float, Within(2)] = 4

    def _make_brackets(self, rungs: tuple[int, ...]) -> tuple[Sequence[Sequence[int]], Sequence[int]]:
        shares = [sizes[0] for sizes in compute_hyperband_sizes(len(rungs), self.eta)]
        return [rungs[s:] for s in range(len(rungs))], shares
