"""Convert training runs to measurements of a table: every epoch of every architecture and seed, with its origin."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.datasets import Images
from nasbench.networks import Counts
from nasbench.spaces import SearchSpace
from nasbench.table import Measurement, Static, Table, TableBuilder
from nasbench.training.architectures import TrainingOutcome
from nasbench.training.recipe import Recipe

_METRICS = (("accuracy", "fraction", "maximize"), ("loss", "nats", "minimize"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Names of a table and its columns, and what was used to measure them.

    Attributes:
        table: name of the table.
        data: label of the data set.
        recipe: label of the recipe.
        network: label of the network.
        machine: device and software of the training.
    """

    table: str
    data: str
    recipe: str
    network: str
    machine: str


def build_draft(
    space: SearchSpace,
    archs: Archs,
    outcomes: Mapping[tuple[int, int], TrainingOutcome],
    *,
    counts: Sequence[Counts],
    data: Images,
    recipe: Recipe,
    names: Names,
) -> TableBuilder:
    """Return a draft of a table.

    Args:
        space: space of the architectures.
        archs: [n, d] the trained architectures.
        outcomes: outcomes by row and seed. Failed and absent ones are missing, as are values that are not finite. If
            a training run diverged, its seconds until then are its cost up to the last epoch: it was paid for and has
            no score. Columns without any value are left out; if nothing finished or diverged, only sizes remain.
        counts: [n] size of each network.
        data: the data that were learnt.
        recipe: the training recipe.
        names: names of the columns.
    """
    seeds = np.array(sorted({seed for _, seed in outcomes}), dtype=np.int64)
    last = max((len(outcome.epochs) for outcome in outcomes.values()), default=0)
    if any(outcome.stopped_by_nan for outcome in outcomes.values()):
        last = recipe.epochs
    splits = next((outcome.epochs[0].splits for outcome in outcomes.values() if outcome.epochs), {})
    shape = (len(archs), len(seeds), last)
    columns = [
        (split, metric, unit, direction, _build_values(outcomes, seeds.tolist(), shape, split, metric))
        for split in splits
        for metric, unit, direction in _METRICS
    ]
    columns.append(("train", "train_s", "s", "minimize", _build_seconds(outcomes, seeds.tolist(), shape)))
    columns += _build_machine_columns(outcomes, seeds.tolist(), shape)
    where = {"dataset": _make_token(names.data.partition(",")[0]), "recipe": _name_recipe(space, names)}
    return TableBuilder(
        name=names.table,
        title=f"Trainings on {names.data} by recipe {names.recipe}: {len(archs)} architectures",
        space=space.name,
        citation="trained with nasbench-suite; cite the space, the recipe's source and the data set: " + recipe.source,
        licence="that of whoever trained them",
        source=f"network {names.network}; data {names.data} sha256 {data.digest()}; recipe {names.recipe} version "
        f"{recipe.version} sha256 {recipe.digest()}; {names.machine}",
        notes="train is measured over the augmented images while the weights change; train_s and energy_j are up to "
        "that epoch, with evaluation in energy_j; peak_bytes is the most memory at once.",
        architectures=archs,
        cardinality=space.cardinality,
        space_options=space.code_options,
        measurements=[
            Measurement(
                **where,
                split=split,
                metric=metric,
                unit=unit,
                direction=direction,
                values=values,
                seeds=seeds,
                epochs=np.arange(1, last + 1),
                denominator=len(data.parts[split].labels) if metric == "accuracy" and split != "train" else 0,
            )
            for split, metric, unit, direction, values in columns
            if np.isfinite(values).any()
        ],
        statics=[
            Static(dataset=where["dataset"], metric=metric, unit="count", direction="minimize", values=values)
            for metric, values in zip(("n_params", "macs"), np.array(counts, dtype=np.float64).T, strict=True)
        ],
    )


def _build_machine_columns(
    outcomes: Mapping[tuple[int, int], TrainingOutcome], seeds: list[int], shape: tuple[int, int, int]
) -> list[tuple[str, str, str, str, Floats]]:
    """Return the columns of energy and memory, nan where the machine did not report them."""
    energy, peak = np.full(shape, np.nan), np.full(shape, np.nan)
    for (row, seed), outcome in outcomes.items():
        for epoch in outcome.epochs:
            at = row, seeds.index(seed), epoch.epoch - 1
            energy[at], peak[at] = (np.nan if told is None else told for told in (epoch.energy_j, epoch.peak_bytes))
    return [
        ("train", "energy_j", "J", "minimize", np.cumsum(energy, axis=2)),
        ("train", "peak_bytes", "count", "minimize", peak),
    ]


def _build_seconds(
    outcomes: Mapping[tuple[int, int], TrainingOutcome], seeds: list[int], shape: tuple[int, int, int]
) -> Floats:
    """Return the cumulative seconds of training; after a divergence, they stay at their total."""
    seconds = np.cumsum(_build_values(outcomes, seeds, shape, "train", "seconds"), axis=2)
    for (row, seed), outcome in outcomes.items():
        if outcome.stopped_by_nan:
            own, n = seconds[row, seeds.index(seed)], len(outcome.epochs)
            own[n:] = (own[n - 1] if n else 0.0) + outcome.failed_s
    return seconds


def _build_values(
    outcomes: Mapping[tuple[int, int], TrainingOutcome],
    seeds: list[int],
    shape: tuple[int, int, int],
    split: str,
    name: str,
) -> Floats:
    values = np.full(shape, np.nan)
    for (row, seed), outcome in outcomes.items():
        for epoch in outcome.epochs:
            values[row, seeds.index(seed), epoch.epoch - 1] = epoch.splits[split][name]
    values[~np.isfinite(values)] = np.nan
    return values


def count_diverged(table: Table) -> tuple[int, int]:
    """Return the number of diverged and of all training runs in a table that ``nasbench`` trained.

    A training run diverged if its cost is known up to the last epoch, and its last validation accuracy is not.
    """
    n_diverged, n = 0, 0
    for dataset, recipe, split, metric in table.measurements:
        if (split, metric) != ("train", "train_s"):
            continue
        rows = np.arange(len(table))
        where: dict[str, Any] = {"dataset": dataset, "recipe": recipe}
        for seed in table.describe(**where, split=split, metric=metric)["seeds"]:
            paid = np.isfinite(table.query(rows, **where, split=split, metric=metric, seed=seed))
            key = {**where, "split": "valid", "metric": "accuracy"}
            known = tuple(key.values()) in table.measurements and seed in table.describe(**key)["seeds"]
            scored = np.isfinite(table.query(rows, **key, seed=seed)) if known else np.zeros(len(rows), dtype=bool)
            n_diverged, n = n_diverged + int((paid & ~scored).sum()), n + int(paid.sum())
    return n_diverged, n


def _name_recipe(space: SearchSpace, names: Names) -> str:
    """Return the recipe's name, with the network if it is not the space's own: each network has its own columns."""
    return _make_token(names.recipe if names.network == space.name else f"{names.recipe}+{names.network}")


def _make_token(label: str) -> str:
    """Return a label as a name inside a table."""
    return re.sub(r"[^\w.,=+-]+", "_", label)
