"""NAS-HPO-Bench-II: 4,096 cells, each with 48 pairs of learning rate and batch size, on CIFAR-10.

Source: Hirose, Yoshinari & Shirakawa 2021, "NAS-HPO-Bench-II: A Benchmark Dataset on Joint Optimization of
Convolutional Neural Network Architecture and Training Hyperparameters", arXiv 2110.10165. The layout is what
``nashpobench2api/api.py`` reads: three pickled dictionaries of columns. ``cellinfo.pkl`` has ``hash`` (cell code
to the hash of its isomorphism class); ``bench12.pkl`` has ``train_acc_E``, ``valid_acc_E``, ``test_acc_E``
(percent), ``train_time_E``, ``valid_time_E``, ``test_time_E`` (seconds) for the epochs E from 0 to 11 and
``total_trainval_time``, each from (hash, learning rate, batch size, seed) to a number; ``avgaccs200.pkl`` has
``avg_acc`` (percent) from (hash, learning rate, batch size). Cell code ``0|10|210``: digits of the edges (0,1)
| (0,2) (1,2) | (0,3) (1,3) (2,3), where 0 is the 3x3 convolution, 1 average pooling, 2 skip, 3 zero
(``config/hydra/operations/wo_conv1.yaml`` and ``models/cells.py`` of ``yoichii/nashpobench2``).

The space is ``hyper`` with ``DECISIONS``. The authors trained one cell of each isomorphism class; all cells of a class
share its numbers, as in their API. ``config/idx/split.yaml`` splits the training images into halves, train and valid.
``train_model.py`` counts correct images, so that every accuracy stands for a whole number of them. ``avg_acc`` is not a
measurement but a model's prediction for 200 epochs: its recipe is called ``epochs200_predicted``.

The importer unpickles whole files: the published 232 MB take about 1.5 GB of memory and one or two minutes.
"""

import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import SourceError
from nasbench.importers._source import open_source
from nasbench.importers._units import UNITS, find_misfit_value
from nasbench.importers._unpickle import load_plain
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Measurement, TableBuilder

_EDGES = ("edge_0_1", "edge_0_2", "edge_1_2", "edge_0_3", "edge_1_3", "edge_2_3")
_OPERATIONS = ["conv_3x3", "avg_pool_3x3", "skip", "zero"]
_RATES = [0.003125, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.2, 0.4]
_BATCHES = [16, 32, 64, 128, 256, 512]
DECISIONS: dict[str, Any] = {edge: {"categorical": _OPERATIONS} for edge in _EDGES} | {
    "lr": {"ordinal": _RATES},
    "batch_size": {"ordinal": _BATCHES},
}
"""Declaration of the space, as the benchmark's task repeats it."""

_MEMBERS = ["bench12.pkl", "cellinfo.pkl", "avgaccs200.pkl"]
_EPOCHS = 12
_CODE = re.compile(r"([0-3])\|([0-3]{2})\|([0-3]{3})")
_IMAGES = {"train": 25_000, "valid": 25_000, "test": 10_000}
_SETTINGS = list(product(range(len(_RATES)), range(len(_BATCHES))))
_Keys = list[tuple[Any, ...]]


class NASHPOBenchII:
    """Reads the three pickles of the benchmark's API."""

    table: ClassVar[str] = "nashpo2"
    where: ClassVar[str] = "download the three files that https://github.com/yoichii/nashpobench2api links to"

    def read(self, source: Path) -> TableBuilder:
        """Read the folder, or a zip of it.

        Raises:
            SourceError: the files are others, a cell or a setting is unknown, or values are outside their units;
                names the column and the key.
        """
        files = open_source(source, _MEMBERS, self.where)
        bench, cells, predicted = (_read_columns(files[name], name, self.where) for name in _MEMBERS)
        archs, classes = _read_architectures(cells)
        seeds = _list_seeds(bench)
        settings: _Keys = [
            (cell, _RATES[lr], _BATCHES[size]) for cell in dict.fromkeys(classes) for lr, size in _SETTINGS
        ]
        space = HyperSpace(DECISIONS)
        gathered = _Gathered(bench, settings, seeds, classes)
        return TableBuilder(
            name=self.table,
            title=f"NAS-HPO-Bench-II: {len(archs):,} pairs of a cell and training hyperparameters on CIFAR-10",
            space="hyper",
            citation="Hirose, Yoshinari & Shirakawa, NAS-HPO-Bench-II, ACML 2021, arXiv 2110.10165",
            licence="MIT",
            source="data of https://github.com/yoichii/nashpobench2api",
            notes=(
                "One cell of each isomorphism class was trained; the others repeat its numbers. Trained on half of "
                "the training images, validated on the other half, augmented alike. train_s and eval_s are seconds "
                "from the start to the end of each epoch, of training and of evaluating a split; trainval_s is the "
                "official sum of training and validation that a search pays. Recipe epochs200_predicted holds what "
                "the authors' model expects after 200 epochs, and no measurement: seed 0, epoch 200."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            space_options=space.code_options,
            measurements=[
                *(gathered.accuracy(split) for split in _IMAGES),
                *(gathered.seconds(split) for split in _IMAGES),
                gathered.read_official_cost(),
                _read_prediction(predicted, settings, classes),
            ],
        )


def _read_columns(data: bytes, name: str, where: str) -> dict[str, dict[Any, Any]]:
    loaded = load_plain(data, name)
    if not isinstance(loaded, dict) or not all(isinstance(column, dict) for column in loaded.values()):
        raise SourceError(f"{name} holds {type(loaded).__name__}, expected a dictionary of columns; {where}")
    return loaded


def _get_column(columns: Mapping[str, dict[Any, Any]], name: str, file: str) -> dict[Any, Any]:
    if name not in columns:
        raise SourceError(f"{file} has no column '{name}' (it has {', '.join(sorted(map(str, columns)))[:80]}...)")
    return columns[name]


def _read_architectures(cells: Mapping[str, dict[Any, Any]]) -> tuple[Archs, list[Any]]:
    """Return every cell with every setting ``[n, 8]``, and the isomorphism class of each cell in the same order."""
    hashes = _get_column(cells, "hash", "cellinfo.pkl")
    digits = []
    for code in hashes:
        match = _CODE.fullmatch(str(code))
        if match is None:
            raise SourceError(f"cellinfo.pkl: {code!r} is not a cell code, expected digits 0 to 3 as in '0|10|210'")
        digits.append([int(digit) for digit in "".join(match.groups())])
    if not digits:
        raise SourceError("cellinfo.pkl lists no cell")
    edges = np.array(digits, dtype=np.int8).repeat(len(_SETTINGS), axis=0)
    settings = np.tile(np.array(_SETTINGS, dtype=np.int8), (len(digits), 1))
    return np.concatenate([edges, settings], axis=1), list(hashes.values())


def _list_seeds(bench: Mapping[str, dict[Any, Any]]) -> Ints:
    keys = _get_column(bench, f"valid_acc_{_EPOCHS - 1}", "bench12.pkl")
    strange = [key for key in keys if not (isinstance(key, tuple) and len(key) == 4)]
    if strange or not keys:
        shown = repr(strange[0]) if strange else "nothing"
        raise SourceError(f"bench12.pkl: {shown} is not a key (cell's hash, learning rate, batch size, seed)")
    return np.array(sorted({int(key[3]) for key in keys}))


class _Gathered:
    """Reads the columns of trained cells and repeats them for all cells of their isomorphism class."""

    def __init__(self, bench: Mapping[str, dict[Any, Any]], settings: _Keys, seeds: Ints, classes: list[Any]) -> None:
        self._bench, self._seeds, self._classes = bench, seeds, classes
        self._keys: _Keys = [(*setting, seed) for setting in settings for seed in seeds.tolist()]

    def _read_values(self, name: str, unit: str) -> Floats:
        """Return a column ``[n, s]``, nan where a value is missing."""
        column = _get_column(self._bench, name, "bench12.pkl")
        own = _check_numbers(column, self._keys, unit, f"bench12.pkl, column '{name}'")
        return _repeat_by_class(own.reshape(-1, len(self._seeds)), self._classes)

    def _read_curves(self, kind: str, unit: str) -> Floats:
        return np.stack([self._read_values(f"{kind}_{epoch}", unit) for epoch in range(_EPOCHS)], axis=2)

    def accuracy(self, split: str) -> Measurement:
        """Return the accuracy after each epoch."""
        return _build_measurement(split, "accuracy", self._read_curves(f"{split}_acc", "percent"), self._seeds)

    def seconds(self, split: str) -> Measurement:
        """Return the total seconds for a split up to the end of each epoch."""
        metric = "train_s" if split == "train" else "eval_s"
        return _build_measurement(
            split, metric, np.cumsum(self._read_curves(f"{split}_time", "s"), axis=2), self._seeds
        )

    def read_official_cost(self) -> Measurement:
        """Return the official seconds of all training and validation."""
        values = self._read_values("total_trainval_time", "s")[:, :, None]
        return _build_measurement("train", "trainval_s", values, self._seeds)


def _check_numbers(column: Mapping[Any, Any], keys: _Keys, unit: str, label: str) -> Floats:
    """Return the numbers at ``keys`` ``[k]`` in the unit of the schema, nan where there is none."""
    found = [column.get(key, np.nan) for key in keys]
    for key, value in zip(keys, found, strict=True):
        if type(value) not in (int, float):
            raise SourceError(f"{label}: {value!r} at {key} is not a number")
    known = set(keys) if len(column) > sum(key in column for key in keys) else column
    if unknown := [key for key in column if key not in known]:
        raise SourceError(f"{label}: {unknown[0]} is not a known cell and setting ({len(unknown)} such)")
    values = np.array(found, dtype=np.float64)
    if wrong := find_misfit_value(values, unit):
        at, why = wrong
        raise SourceError(f"{label}, {keys[at]}: {why}")
    return UNITS[unit].convert(values)


def _repeat_by_class(by_class: Floats, classes: list[Any]) -> Floats:
    """Return the numbers of every cell [cells * settings, s] from those of its class [classes * settings, s]."""
    number = {cell: i for i, cell in enumerate(dict.fromkeys(classes))}
    n_seeds = by_class.shape[1]
    repeated = by_class.reshape(-1, len(_SETTINGS), n_seeds)[[number[cell] for cell in classes]]
    return repeated.reshape(-1, n_seeds)


def _read_prediction(predicted: Mapping[str, dict[Any, Any]], keys: _Keys, classes: list[Any]) -> Measurement:
    column = _get_column(predicted, "avg_acc", "avgaccs200.pkl")
    own = _check_numbers(column, keys, "percent", "avgaccs200.pkl, column 'avg_acc'")
    return Measurement(
        dataset="cifar10-valid",
        recipe="epochs200_predicted",
        split="test",
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=_repeat_by_class(own[:, None], classes)[:, :, None],
        seeds=np.array([0]),
        epochs=np.array([200]),
    )


def _build_measurement(split: str, metric: str, values: Floats, seeds: Ints) -> Measurement:
    is_accuracy = metric == "accuracy"
    return Measurement(
        dataset="cifar10-valid",
        recipe=f"epochs{_EPOCHS}",
        split=split,
        metric=metric,
        unit="fraction" if is_accuracy else "s",
        direction="maximize" if is_accuracy else "minimize",
        values=values if is_accuracy else values.astype(np.float32),
        seeds=seeds,
        epochs=np.arange(1, _EPOCHS + 1)[-values.shape[2] :],
        denominator=_IMAGES[split] if is_accuracy else 0,
    )
