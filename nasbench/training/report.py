"""Train a list of architectures, and add the results to a table in the user's folder."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.networks import Counts, count_costs
from nasbench.training.architectures import TrainingOutcome
from nasbench.training.feed import compute_moments
from nasbench.training.latencies import Latencies, convert_to_plain, measure_latencies
from nasbench.training.machine import describe_machine
from nasbench.training.model import has_model, write_model
from nasbench.training.parallel import train_in_parallel
from nasbench.training.plan import NO_FOLD, Key, TrainingPlan
from nasbench.training.storing import refuse_other_table, store_outcomes
from nasbench.training.trainer import Numbers

_EVALUATED = ("valid", "test")


@dataclass(frozen=True, slots=True)
class Report:
    """Results of training a list of architectures.

    Attributes:
        rows: for each architecture its mean ``valid`` and ``test`` accuracy over the finished seeds and folds (nan
            without any), ``n_params``, ``flops``, ``seconds``, ``peak_bytes`` and ``energy_j`` of its training runs,
            ``latency_s`` by device and batch size, the folders of its ``models``, and a ``remark``.
        path: the table; None if no training run finished an epoch or diverged.
        n_failed: training runs that failed for another reason than a loss of nan.
        n_diverged: training runs whose loss became nan or infinite, or whose network answers nan: these are results.
        n_trainings: number of all training runs.
    """

    rows: list[dict[str, Any]]
    path: Path | None
    n_failed: int
    n_diverged: int
    n_trainings: int


def train_and_report(
    plan: TrainingPlan, *, table: str, n_jobs: int | None = 1, on_progress: Callable[[int, int], None] | None = None
) -> Report:
    """Train every architecture with every seed on every fold, keep the networks, and add all epochs to the table.

    Args:
        plan: what to train.
        table: name of a table in the user's folder, created if it does not exist.
        n_jobs: number of training runs at once; see ``train_in_parallel``.
        on_progress: called with (finished training runs, all training runs).

    Raises:
        RecordError: the folder holds other training runs.
        TableError: the table holds other values for the same training runs; or, before any training, another space.
        WorkerDied: a process was killed; finished training runs are kept.
    """
    refuse_other_table(plan.space, table)
    rows = range(len(plan.archs))
    keys = [(fold, seed, row) for fold in plan.folds() for seed in range(plan.n_seeds) for row in rows]
    counts = [
        count_costs(plan.trainings(NO_FOLD, 0).build_network(plan.archs[i : i + 1]), plan.data.shape) for i in rows
    ]
    calls = [partial(_train_one, plan, key, counts[key[2]]) for key in keys]
    finished = train_in_parallel(calls, n_jobs=n_jobs, kept=plan.folder, on_progress=on_progress)
    outcomes = dict(zip(keys, finished, strict=True))
    latencies = [_measure_latencies(plan, row, outcomes) for row in rows]  # after all training, when nothing else runs
    path = None
    for fold in plan.folds():
        own = {(row, seed): outcome for (of, seed, row), outcome in outcomes.items() if of == fold}
        if any(outcome.epochs or outcome.stopped_by_nan for outcome in own.values()):
            path = store_outcomes(plan, fold, own, counts=counts, latencies=latencies, table=table)
    told = [_make_row(plan, i, outcomes, counts[i]) | {"latency_s": convert_to_plain(latencies[i])} for i in rows]
    n_failed = sum(bool(outcome.error) and not outcome.stopped_by_nan for outcome in finished)
    return Report(told, path, n_failed, sum(outcome.has_diverged for outcome in finished), len(finished))


def _train_one(plan: TrainingPlan, key: Key, counts: Counts) -> TrainingOutcome:
    """Train one network and keep it, possibly in a worker process."""
    fold, seed, row = key
    trainings, arch = plan.trainings(fold, seed), plan.archs[row : row + 1]
    outcome = trainings.train(arch, evaluate=_EVALUATED)
    folder = trainings.get_folder(arch)
    if outcome.network is not None and not has_model(folder):
        write_model(folder, outcome.network, _describe_model(plan, key, outcome, counts))
    return outcome


def _describe_model(plan: TrainingPlan, key: Key, outcome: TrainingOutcome, counts: Counts) -> dict[str, Any]:
    """Return the description of a trained network, for ``model.json``."""
    fold, seed, row = key
    trainings = plan.trainings(fold, seed)
    mean, std = compute_moments(trainings.images().parts["train"].images)
    return {
        "space": plan.space.name,
        **({"space_options": plan.space.code_options} if plan.space.code_options else {}),
        "architecture": plan.space.format(plan.archs[row : row + 1])[0],
        "network": plan.network or plan.space.name,
        "options": trainings.options(),
        "images": {
            "data": plan.labels[0],
            "sha256": plan.data.digest(),
            "fold": list(fold),
            "classes": list(plan.data.classes),
            "shape": list(plan.data.shape),
            "mean": mean.tolist(),
            "std": np.where(std > 0, std, 1.0).tolist(),
        },
        "recipe": {"label": plan.labels[1], **dataclasses.asdict(plan.recipe)},
        "seed": seed,
        "results": _convert_numbers(outcome.epochs[-1].splits),
        **counts._asdict(),
        **_sum_spent([outcome]),
        "notes": outcome.notes,
        "machine": describe_machine(plan.device),
    }


def _convert_numbers(splits: Mapping[str, Numbers]) -> dict[str, dict[str, float | None]]:
    """Return numbers for JSON, None in place of nan and infinity."""
    return {
        split: {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        for split, numbers in splits.items()
    }


def _measure_latencies(plan: TrainingPlan, row: int, outcomes: Mapping[Key, TrainingOutcome]) -> Latencies:
    """Measure the latencies of an architecture; return none if all of its training runs failed."""
    if all(outcome.error for (_, _, of), outcome in outcomes.items() if of == row):
        return {}
    trainings, arch = plan.trainings(NO_FOLD, 0), plan.archs[row : row + 1]
    path = trainings.get_folder(arch) / "latency.json"
    return measure_latencies(trainings.build_network(arch), plan.data.shape, path, device=plan.device)


def _make_row(plan: TrainingPlan, row: int, outcomes: Mapping[Key, TrainingOutcome], counts: Counts) -> dict[str, Any]:
    own = {key: outcome for key, outcome in outcomes.items() if key[2] == row}
    finished = [outcome.epochs[-1] for outcome in own.values() if not outcome.error]
    remarks = [o.error or "the network answers nan" for o in own.values() if o.error or o.has_diverged]
    remarks += [note for o in own.values() for note in o.notes]
    means = {
        split: float(np.mean([epoch.splits[split]["accuracy"] for epoch in finished])) if finished else float("nan")
        for split in _EVALUATED
    }
    arch = plan.archs[row : row + 1]
    models = [str(plan.trainings(*key[:2]).get_folder(arch)) for key, outcome in own.items() if not outcome.error]
    return {
        **means,
        **counts._asdict(),
        **_sum_spent(list(own.values())),
        "models": models,
        "remark": "; ".join(remarks),
    }


def _sum_spent(outcomes: Sequence[TrainingOutcome]) -> dict[str, Any]:
    """Return seconds, joules and peak memory of training runs; None where the machine does not report them."""
    epochs = [epoch for outcome in outcomes for epoch in outcome.epochs]
    seconds = sum(numbers["seconds"] for epoch in epochs for numbers in epoch.splits.values())
    energy: Floats = np.array([np.nan if epoch.energy_j is None else epoch.energy_j for epoch in epochs])
    peaks = [epoch.peak_bytes for epoch in epochs if epoch.peak_bytes is not None]
    return {
        "seconds": seconds + sum(outcome.failed_s for outcome in outcomes),
        "peak_bytes": max(peaks, default=None),
        "energy_j": float(energy.sum()) if len(energy) and np.isfinite(energy).all() else None,
    }
