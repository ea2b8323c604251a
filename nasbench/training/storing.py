"""Add the results of a plan to a table in the user's folder: every epoch, and the latencies."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path

import numpy as np

from nasbench.arrays import Archs, Bools
from nasbench.errors import TableError
from nasbench.files import exclusive_lock
from nasbench.networks import Counts
from nasbench.spaces import SearchSpace
from nasbench.table import Static, Table, TableBuilder, append_measurements, get_user_folder, write_table
from nasbench.table.schema import are_same_options
from nasbench.training.architectures import TrainingOutcome
from nasbench.training.latencies import BATCH_SIZES, Latencies
from nasbench.training.machine import Latency, describe_machine
from nasbench.training.plan import NO_FOLD, TrainingPlan
from nasbench.training.table import Names, build_draft


def refuse_other_table(space: SearchSpace, table: str) -> None:
    """Refuse, before anything is trained, a table to which architectures of ``space`` cannot be added.

    Raises:
        TableError: the table exists and holds codes of another space.
    """
    path = get_user_folder() / f"{table}.h5"
    if not path.exists():
        return
    there = Table(path)
    same = there.space == space.name and are_same_options(there.space_options, space.code_options)
    if not same or there.cardinality.tolist() != space.cardinality.tolist():
        told = there.space != space.name  # then its options say no more
        held, wanted = (
            "" if told else f" with options {options or 'of none'}"
            for options in (there.space_options, space.code_options)
        )
        raise TableError(
            f"table '{table}' ({path}) holds architectures of space '{there.space}'{held}, not of "
            f"'{space.name}'{wanted}: choose another --table"
        )


def store_outcomes(
    plan: TrainingPlan,
    fold: tuple[int, int],
    outcomes: Mapping[tuple[int, int], TrainingOutcome],
    *,
    counts: Sequence[Counts],
    latencies: Sequence[Latencies],
    table: str,
) -> Path:
    """Add the outcomes of one fold to a table and return its file.

    Args:
        plan: what was trained.
        fold: fold on which it was trained.
        outcomes: outcomes by row and seed; at least one of them finished an epoch.
        counts: [n] size of each network.
        latencies: [n] latencies of each network.
        table: name of the table.

    Raises:
        TableError: the table holds other values for the same training runs, or another space.
    """
    head, comma, options = plan.labels[0].partition(",")
    names = Names(
        table=table,
        data=plan.labels[0] if fold == NO_FOLD else f"{head}+fold{fold[0]}of{fold[1]}{comma}{options}",
        recipe=plan.labels[1],
        network=plan.network or plan.space.name,
        machine=describe_machine(plan.device),
    )
    data = plan.trainings(fold, 0).images()
    draft = build_draft(plan.space, plan.archs, outcomes, counts=counts, data=data, recipe=plan.recipe, names=names)
    path = get_user_folder() / f"{table}.h5"
    draft = _add_latencies(draft, latencies, Table(path) if path.exists() else None)
    if path.exists():
        append_measurements(path, draft)
    else:
        with exclusive_lock(path):
            write_table(draft, path)
    return path


def _add_latencies(draft: TableBuilder, latencies: Sequence[Latencies], table: Table | None) -> TableBuilder:
    """Add median latencies except those that the table already has, since a new measurement is never the same."""
    where = draft.statics[0].dataset
    added = []
    for kind, size in product(sorted({kind for one in latencies for kind in one}), BATCH_SIZES):
        metric, nothing = f"{kind}_latency_{size}_s", dict[int, Latency]()
        found = [one.get(kind, nothing).get(size) for one in latencies]
        values = np.array([np.nan if one is None else one.median_s for one in found])
        if table is not None and (where, metric) in table.statics:
            values[_find_known(table, draft.architectures, where, metric)] = np.nan
        if np.isfinite(values).any():
            added.append(Static(dataset=where, metric=metric, unit="s", direction="minimize", values=values))
    return dataclasses.replace(draft, statics=[*draft.statics, *added])


def _find_known(table: Table, archs: Archs, dataset: str, metric: str) -> Bools:
    """Return for which architectures [n, d] the table has a value; ``[n]``."""
    rows = table.index(archs)
    known = np.zeros(len(archs), dtype=bool)
    known[rows >= 0] = np.isfinite(table.static(rows[rows >= 0], dataset=dataset, metric=metric))
    return known
