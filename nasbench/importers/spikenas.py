"""SpikeNAS-Bench: learning curves of 15,625 spiking cells, from its logs or from one file of arrays.

Source: Sun et al. 2025, "SpikeNAS-Bench: Benchmarking NAS Algorithms for Spiking Neural Network
Architecture", IEEE TAI 6(6); its repository ``tju-sun-lab/SpikeNAS-Bench``, folder ``data``: one
``train_process.txt`` for each cell (see ``_spikenas_logs``). The importer reads that folder, or an ``.npz`` file with
the content of the logs. For each of the runs ``CIFAR10_100``, ``CIFAR10_200``, ``CIFAR100_100`` and
``TinyImagenet_100``, the file has the arrays ``RUN_id`` [n] (official numbers), ``RUN_curves`` [n, epochs, 4]
(training accuracy and loss, validation accuracy and loss; or [n, epochs, 6] with a top-5 accuracy after each accuracy,
which is not read), ``RUN_test`` [n] (accuracy, nan if missing), ``RUN_time`` [n] (seconds) and ``RUN_params`` [n].
Accuracies are percentages.

On both CIFARs, one half of the training images is the training split and the other half is the validation split.
"""

import zipfile
import zlib
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.file_contents import check_content
from nasbench.importers._spikenas_logs import read_logs
from nasbench.importers._units import UNITS, find_misfit_value
from nasbench.spaces.spikenas import SpikeNAS
from nasbench.table import Measurement, Static, TableBuilder

_RELEASED = "released"
_HUNDRED = 100  # number of steps of the recipe "released", independent of the number of epochs


class _Run(NamedTuple):
    """One schedule on one data set: its name in the file, and the number of images behind its accuracies."""

    prefix: str
    dataset: str
    epochs: int
    images: dict[str, int]


_HALVES = {"train": 25_000, "valid": 25_000, "test": 10_000}
_RUNS = (
    _Run("CIFAR10_100", "cifar10-valid", 100, _HALVES),
    _Run("CIFAR10_200", "cifar10-valid", 200, _HALVES),
    _Run("CIFAR100_100", "cifar100-valid", 100, _HALVES),
    _Run("TinyImagenet_100", "tiny-imagenet", 100, {"train": 100_000, "valid": 10_000}),
)
_ARRAYS = ("id", "curves", "test", "time", "params")
_WITHOUT_TOP5 = {4: (0, 1, 2, 3), 6: (0, 2, 3, 5)}  # positions of the four curves, by the number of curves in the file
_CURVES = (("train", "accuracy"), ("train", "loss"), ("valid", "accuracy"), ("valid", "loss"))
_UNITS = {"accuracy": "percent", "loss": "nats", "train_s": "s"}


class SpikeNASBench:
    """Reads the folder of logs, or the ``.npz`` file; the module's description lists its arrays."""

    table: ClassVar[str] = "spikenas"
    where: ClassVar[str] = (
        "clone https://github.com/tju-sun-lab/SpikeNAS-Bench and give its folder data, or gather its logs in an .npz "
        "as the importer's page says"
    )

    def read(self, source: Path) -> TableBuilder:
        """Read the logs below a folder, or the file.

        Raises:
            SourceError: there is no such file, or a log or an array breaks the format; names the log, or the array
                and the row.
        """
        arrays = _read_arrays(source, self.where)
        archs, rows = _read_architectures(source, arrays)
        gathered = _Gathered(source, len(archs))
        for run in (run for run in _RUNS if len(rows[run.prefix])):
            gathered.add(run, rows[run.prefix], {name: arrays[f"{run.prefix}_{name}"] for name in _ARRAYS})
        return TableBuilder(
            name=self.table,
            title=f"SpikeNAS-Bench: learning curves of {len(archs):,} spiking cells",
            space="spikenas",
            citation="Sun et al., SpikeNAS-Bench, IEEE TAI 6(6), 2025, doi 10.1109/TAI.2025.3534136",
            licence="none stated by tju-sun-lab/SpikeNAS-Bench",
            source="https://github.com/tju-sun-lab/SpikeNAS-Bench",
            notes=(
                "One training a cell, seeded with its official number and called seed 0. Losses have three decimals. "
                "cifar10-valid and cifar100-valid are trained on half of the training images and validated on the "
                "other half, which is augmented like the first. tiny-imagenet is validated on the official validation "
                "images and has no test. train_s is the seconds of the whole run, validation after every epoch and "
                "test included. Recipe 'released' of cifar10-valid is the only run that a cell has, of 100 epochs or, "
                "for some, 200: its epochs are hundredths of that training, one or two epochs each. Top-5 accuracy was "
                "left out."
            ),
            architectures=archs,
            cardinality=SpikeNAS.cardinality,
            measurements=gathered.measurements(),
            statics=gathered.statics(),
        )


def _read_arrays(source: Path, where: str) -> dict[str, npt.NDArray[Any]]:
    """Return all arrays of all runs after checking their shapes and types."""
    if source.is_dir():
        return read_logs(source, [run.prefix for run in _RUNS], where)
    if not source.is_file():
        raise SourceError(f"{source} is not a file; {where}")
    check_content(source, "zip")
    try:
        with source.open("rb") as file, np.load(file, allow_pickle=False) as loaded:
            arrays = {f"{run.prefix}_{name}": loaded[f"{run.prefix}_{name}"] for run in _RUNS for name in _ARRAYS}
    except (OSError, EOFError, ValueError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
        raise SourceError(f"{source} is damaged, or not an .npz file of plain arrays: {error}; {where}") from None
    except KeyError as error:
        raise SourceError(f"{source}: {error.args[0]}; {where}") from None
    for run in _RUNS:
        _check_shapes(source, arrays, run)
    return arrays


def _check_shapes(source: Path, arrays: dict[str, npt.NDArray[Any]], run: _Run) -> None:
    n = len(np.atleast_1d(arrays[f"{run.prefix}_id"]))
    for name in _ARRAYS:
        array = arrays[f"{run.prefix}_{name}"]
        shapes = [(n, run.epochs, width) for width in _WITHOUT_TOP5] if name == "curves" else [(n,)]
        kinds = "iu" if name == "id" else "iuf"
        if array.shape not in shapes or array.dtype.kind not in kinds:
            raise SourceError(
                f"{source}, array {run.prefix}_{name}: {array.dtype} {array.shape}, expected numbers in {shapes}"
            )


def _read_architectures(source: Path, arrays: dict[str, npt.NDArray[Any]]) -> tuple[Archs, dict[str, Ints]]:
    """Return the cells of all runs [n, 6], and for each run the rows of its entries."""
    space = SpikeNAS()
    index = {}
    for run in _RUNS:
        official = arrays[f"{run.prefix}_id"]
        try:
            index[run.prefix] = space.index(space.parse([str(number) for number in official.tolist()]))
        except InvalidArchitecture as error:
            raise SourceError(f"{source}, array {run.prefix}_id: {error}") from None
        numbers, counts = np.unique(official, return_counts=True)
        if (counts > 1).any():
            raise SourceError(f"{source}, array {run.prefix}_id: cell {numbers[counts > 1][0]} appears twice")
    known = np.unique(np.concatenate(list(index.values())))
    return space.unindex(known), {prefix: np.searchsorted(known, own) for prefix, own in index.items()}


class _Gathered:
    """Builds the columns of ``n`` cells run by run."""

    def __init__(self, source: Path, n: int) -> None:
        self._source, self._n = source, n
        self._released: dict[tuple[str, str], Floats] = {}
        self._n_params: dict[str, Floats] = {}
        self._measurements: list[Measurement] = []

    def add(self, run: _Run, rows: Ints, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Add all columns of a run, whose entries belong to ``rows``."""
        curves, everything = arrays["curves"], np.arange(1, run.epochs + 1)
        for (split, metric), place in zip(_CURVES, _WITHOUT_TOP5[curves.shape[2]], strict=True):
            self._measure(run, rows, f"curves, curve {place}", curves[:, :, place], split, metric, everything)
        for name, split, metric in (("test", "test", "accuracy"), ("time", "train", "train_s")):
            if not np.isnan(arrays[name]).all():
                self._measure(run, rows, name, arrays[name][:, None], split, metric, everything[-1:])
        params = self._n_params.setdefault(run.dataset, np.full(self._n, np.nan))
        params[rows] = self._convert_unit(run, "params", arrays["params"][:, None], "count")[:, 0]

    def _convert_unit(self, run: _Run, name: str, values: npt.NDArray[Any], unit: str) -> Floats:
        """Check ``values`` [m, t] and return them in the unit of the schema."""
        flat = values.astype(np.float64)
        if wrong := find_misfit_value(flat.ravel(), unit):
            at, why = wrong
            row, epoch = divmod(at, values.shape[1])
            raise SourceError(f"{self._source}, array {run.prefix}_{name}, row {row}, column {epoch}: {why}")
        return UNITS[unit].convert(flat)

    def _measure(
        self, run: _Run, rows: Ints, name: str, raw: npt.NDArray[Any], split: str, metric: str, epochs: Ints
    ) -> None:
        values = np.full((self._n, raw.shape[1]), np.nan)
        values[rows] = self._convert_unit(run, name, raw, _UNITS[metric])
        self._measurements.append(_build_measurement(run, f"epochs{run.epochs}", split, metric, values, epochs))
        if run.dataset != "cifar10-valid" or metric == "loss":
            return
        # The recipe "released" takes each cell's first run that exists, in hundredths of the training run.
        steps = values[:, run.epochs // _HUNDRED - 1 :: run.epochs // _HUNDRED] if len(epochs) > 1 else values
        released = self._released.setdefault((split, metric), np.full(steps.shape, np.nan))
        np.copyto(released, steps, where=np.isnan(released))

    def measurements(self) -> list[Measurement]:
        """Return the columns of all runs, then those over several runs."""
        hundredths = np.arange(1, _HUNDRED + 1)
        return self._measurements + [
            _build_measurement(_RUNS[0], _RELEASED, split, metric, values, hundredths[-values.shape[1] :])
            for (split, metric), values in self._released.items()
        ]

    def statics(self) -> list[Static]:
        """Return the number of parameters on each data set."""
        return [
            Static(dataset=dataset, metric="n_params", unit="count", direction="minimize", values=values)
            for dataset, values in self._n_params.items()
        ]


def _build_measurement(run: _Run, recipe: str, split: str, metric: str, values: Floats, epochs: Ints) -> Measurement:
    """Return a column of ``values`` [n, t]; losses in single precision, because the source has three decimals."""
    is_accuracy = metric == "accuracy"
    return Measurement(
        dataset=run.dataset,
        recipe=recipe,
        split=split,
        metric=metric,
        unit=UNITS[_UNITS[metric]].unit,
        direction="maximize" if is_accuracy else "minimize",
        values=(values.astype(np.float32) if metric == "loss" else values)[:, None, :],
        seeds=np.array([0]),
        epochs=epochs,
        denominator=run.images[split] if is_accuracy else 0,
    )
