"""ASHA: successive halving that promotes as soon as it can, so that no worker waits.

Source: Li, Jamieson, Rostamizadeh, Gonina, Ben-tzur, Hardt, Recht & Talwalkar 2020, "A System for Massively Parallel
Hyperparameter Tuning" (arXiv 1810.05934), Algorithm 2, with ``eta`` 4 as in its experiments. A free worker takes a
trial that is among the best ``1 / eta`` of its rung and was not promoted yet, from the highest rung that has one. If
there is none, it starts a new random architecture at the lowest rung. So trials are paused and resumed later, which is
expensive with costly checkpoints (``nasbench compare --restart-s``) or without any.

The preset ``stopping`` is the variant that needs no checkpoints, known from Ray and Optuna. A trial that reaches a rung
continues at once if it is among the best ``1 / eta`` of all that have reached it, itself included, or if it is the best
of them while that share rounds to none. Otherwise it ends for good.

Differences: levels are lowered to epochs that a task answers, and equal rungs are one. Of equal scores the first counts
as better. Crashed training runs occupy their place on the rung and are never promoted.
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
