"""ASHA: successive halving that promotes as soon as it can, so that no worker waits.

Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht & Talwalkar 2020, "A System for Massively Parallel
Hyperparameter Tuning" (arXiv 1810.05934), Algorithm 2, with ``eta`` 4 as in its experiments. A free worker takes a
trial that is among the best ``1 / eta`` of its rung and was not promoted yet, from the highest rung that has one; else
a new random architecture begins at the lowest. So trials are paused and go on later: with costly checkpoints
(``nasbench compare --restart-s``), or none, that is dear.

The preset ``stopping`` is the variant that needs no checkpoints, known from Ray and Optuna: a trial that reaches a rung
goes on at once if it is among the best ``1 / eta`` of those that were there before, itself included, or the best of all
while these are nobody, and ends for good if not.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one. The first of equal scores counts
as better. Crashed trainings fill their rung and never go on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from nasbench.options import Within
from nasbench.strategies.multi_fidelity._asynchronous import AsynchronousHalving


@dataclass(kw_only=True, eq=False)
class ASHA(AsynchronousHalving):
    """Climb one bracket of rungs without waiting."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "promotion": {"kind": "promotion"},
        "stopping": {"kind": "stopping"},
    }
    requires_fidelities: ClassVar[bool] = True

    eta: Annotated[float, Within(2)] = 4
