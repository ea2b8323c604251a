"""Training a list of architectures and adding what came of it to a table of the user's."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.datasets import Images
from nasbench.files import alone
from nasbench.networks import Counts, count
from nasbench.spaces import SearchSpace
from nasbench.table import append, user_tables, write_table
from nasbench.training._architectures import Architectures, Outcome
from nasbench.training._machine import machine_of
from nasbench.training._recipe import Recipe
from nasbench.training._table import Names, draft_of

_EVALUATED = ("valid", "test")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to train.

    Attributes:
        space: of the architectures.
        archs: [n, d] them.
        data: to learn, with validation and test images.
        recipe: how.
        network: label of the network; empty for the space's own.
        device: where.
        folder: for checkpoints, one folder a seed.
    """

    space: SearchSpace
    archs: Archs
    data: Images
    recipe: Recipe
    network: str
    device: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it.

    Attributes:
        rows: for each architecture its mean ``valid`` and ``test`` accuracy over the finished seeds (nan without
            any), ``n_params``, ``seconds`` of all its trainings, and a ``remark``.
        path: the table; None if nothing was finished.
        n_failed: trainings that failed.
    """

    rows: list[dict[str, Any]]
    path: Path | None
    n_failed: int


def trained_report(
    plan: Plan,
    *,
    labels: tuple[str, str],
    table: str,
    n_seeds: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Train every architecture with every seed, then add all epochs to the table.

    Args:
        plan: what to train.
        labels: of the data set and the recipe, as the user wrote them.
        table: name of a table of the user's, made if it is not there.
        n_seeds: trainings of each architecture.
        on_progress: called with (trainings done, in all).

    Raises:
        RecordError: the folder holds other trainings.
        TableError: the table holds other values for the same trainings, or another space.
    """
    outcomes: dict[tuple[int, int], Outcome] = {}
    for seed in range(n_seeds):
        trainings = Architectures(
            space=plan.space,
            data=plan.data,
            recipe=plan.recipe,
            number=seed,
            folder=plan.folder / f"seed{seed}",
            network=plan.network,
            device=plan.device,
        )
        for row in range(len(plan.archs)):
            outcome = trainings.train(plan.archs[row : row + 1], evaluate=_EVALUATED)
            outcomes[row, seed] = Outcome(outcome.epochs, outcome.notes, outcome.error, outcome.failed_s)
            if on_progress:
                on_progress(len(outcomes), n_seeds * len(plan.archs))
    counts = [count(trainings.built(plan.archs[i : i + 1]), plan.data.shape) for i in range(len(plan.archs))]
    path = _stored(plan, outcomes, counts, labels, table) if any(o.epochs for o in outcomes.values()) else None
    rows = [_row(i, outcomes, counts[i]) for i in range(len(plan.archs))]
    return Report(rows, path, sum(bool(outcome.error) for outcome in outcomes.values()))


def _stored(
    plan: Plan, outcomes: dict[tuple[int, int], Outcome], counts: list[Counts], labels: tuple[str, str], table: str
) -> Path:
    """Add the outcomes to the table and return its file."""
    names = Names(
        table=table,
        data=labels[0],
        recipe=labels[1],
        network=plan.network or plan.space.name,
        machine=machine_of(plan.device),
    )
    draft = draft_of(plan.space, plan.archs, outcomes, counts=counts, data=plan.data, recipe=plan.recipe, names=names)
    path = user_tables() / f"{table}.h5"
    if path.exists():
        append(path, draft)
    else:
        with alone(path):
            write_table(draft, path)
    return path


def _row(row: int, outcomes: dict[tuple[int, int], Outcome], counts: Counts) -> dict[str, Any]:
    own = [outcome for (of, _), outcome in outcomes.items() if of == row]
    finished = [outcome.epochs[-1] for outcome in own if not outcome.error]
    remarks = [outcome.error for outcome in own if outcome.error] + [note for outcome in own for note in outcome.notes]
    means = {
        split: float(np.mean([epoch.splits[split]["accuracy"] for epoch in finished])) if finished else float("nan")
        for split in _EVALUATED
    }
    seconds = sum(numbers["seconds"] for o in own for epoch in o.epochs for numbers in epoch.splits.values())
    lost = sum(outcome.failed_s for outcome in own)
    return {**means, "n_params": counts.n_params, "seconds": seconds + lost, "remark": "; ".join(remarks)}
