"""The training runs behind NAS-Bench-301: one JSON file (``results_*.json``) per run, in the space of DARTS.

Source: Zela et al. 2022, "Surrogate NAS Benchmarks", arXiv 2008.09777; the repository ``automl/nasbench301``.
The layout is that of its ``nasbench301/surrogate_models/test/results_fidelity_0/results_0.json``, a genuine
file, and of ``surrogate_models/utils.py``, which reads it: ``optimized_hyperparamater_config`` (sic: the
cells and the recipe, in ConfigSpace's terms), ``budget``, ``info`` (a list of one item: percentages, losses,
epochs, parameters), ``test_accuracy`` (percent) and ``runtime`` (seconds). The published files also have
``learning_curves``, with lists ``Train/val_accuracy``, ``Train/train_accuracy`` and ``Train/train_loss``, as
public code that reads them shows; they are optional here, and the importer ignores other lists.

A file does not say which of the repeated runs it holds, so the importer numbers the runs of an architecture under the
same recipe in the order of their paths. Files with equal content, to the last digit, are the same run. The recipe's
name ends with a digest of all hyperparameters that do not describe the cells.

The suite has no task of this table: the runs cover about 60,000 of 1e18 architectures, so a search would soon propose
an untrained one. They serve to fit and evaluate predictors.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.importers._json import load_object, read_number
from nasbench.spaces.darts import DARTS
from nasbench.table import Measurement, TableBuilder

_CONFIGURATION = "optimized_hyperparamater_config"
_CELLS = re.compile(r"NetworkSelectorDatasetInfo:darts:(edge|inputs_node)_(normal|reduce)_\d+")
_NAMED = {
    "epochs": "SimpleLearningrateSchedulerSelector:cosine_annealing:T_max",
    "channels": "NetworkSelectorDatasetInfo:darts:init_channels",
    "layers": "NetworkSelectorDatasetInfo:darts:layers",
}
# Split and metric -> name in the lists of epochs and in ``info``, unit, divisor of the values.
_CURVES = {
    ("train", "accuracy"): ("train_accuracy", "fraction", 100.0),
    ("train", "loss"): ("train_loss", "nats", 1.0),
    ("valid", "accuracy"): ("val_accuracy", "fraction", 100.0),
    ("valid", "loss"): ("val_cross_entropy", "nats", 1.0),
}
_ENDS = {("test", "accuracy"): "fraction", ("train", "train_s"): "s", ("train", "n_params"): "count"}
_UNITS = {column: unit for column, (_, unit, _) in _CURVES.items()} | _ENDS
_PART = 1024  # architectures of one part
_MOST_EPOCHS = 10_000
_FEWEST_PARAMS = 1e3

_Column = tuple[str, str, str]  # recipe, split, metric
_Curve = tuple[int, Floats]  # first epoch of the values, and the values


class _Run(NamedTuple):
    """One training run."""

    configuration: dict[str, Any]
    recipe: str
    curves: dict[tuple[str, str], list[_Curve]]


class NASBench301Runs:
    """Reads the unpacked training results."""

    table: ClassVar[str] = "nb301_runs"
    where: ClassVar[str] = "unpack the training results that https://github.com/automl/nasbench301 links to"

    def parts(self, source: Path) -> list[list[Path]]:
        """Return the files to read, grouped into parts; all files of an architecture are in the same part.

        Args:
            source: a folder with files ``results_*.json`` anywhere below it, or one such file.

        Raises:
            SourceError: there are no such files, or one of them has another format.
        """
        files = sorted(source.rglob("results_*.json")) if source.is_dir() else [source]
        if not files:
            raise SourceError(f"{source} holds no files results_*.json; {self.where}")
        by_arch: dict[bytes, list[Path]] = defaultdict(list)
        for path in files:
            by_arch[
                _read_architecture(path, _read_configuration(path, load_object(path, self.where))).tobytes()
            ].append(path)
        groups = list(by_arch.values())
        return [list(chain.from_iterable(groups[i : i + _PART])) for i in range(0, len(groups), _PART)]

    def read(self, part: list[Path]) -> TableBuilder:
        """Read the runs of one part.

        Raises:
            SourceError: a file breaks the format or has values outside their units; names the file.
        """
        space = DARTS()
        rows: dict[bytes, int] = {}
        runs: dict[tuple[int, str], dict[str, _Run]] = defaultdict(dict)
        for path in part:
            loaded = load_object(path, self.where)
            run = _run(path, loaded)
            row = rows.setdefault(_read_architecture(path, run.configuration).tobytes(), len(rows))
            runs[row, run.recipe].setdefault(json.dumps(loaded, sort_keys=True), run)
        archs: Archs = np.frombuffer(b"".join(rows), dtype=np.int8).reshape(len(rows), -1).copy()
        gathered: dict[_Column, dict[tuple[int, int], list[_Curve]]] = defaultdict(dict)
        for (row, recipe), distinct in runs.items():
            for seed, run in enumerate(distinct.values()):
                for column, curves in run.curves.items():
                    gathered[recipe, *column][row, seed] = curves
        return TableBuilder(
            name=self.table,
            title="NAS-Bench-301: the trainings of DARTS cells on CIFAR-10 behind the surrogate benchmark",
            space="darts",
            citation="Zela et al., Surrogate NAS Benchmarks, ICLR 2022, arXiv 2008.09777",
            licence="not stated by the source",
            source="training results of https://github.com/automl/nasbench301",
            notes=(
                "Trained on 40,000 training images, validated on the other 10,000. Seeds number the runs of an "
                "architecture under one recipe in the order of their files; the source names none. Test accuracy, "
                "train_s (of the whole training) and n_params stand at the last epoch. Training accuracy and loss are "
                "of augmented, mixed images. A recipe ends before its nominal number of epochs in some files."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            measurements=[_build_measurement(len(archs), column, entries) for column, entries in gathered.items()],
        )


def _read_configuration(path: Path, loaded: Mapping[str, Any]) -> dict[str, Any]:
    configuration = loaded.get(_CONFIGURATION)
    if not isinstance(configuration, dict):
        raise SourceError(f"{path} has no object '{_CONFIGURATION}'; {NASBench301Runs.where}")
    return configuration


def _read_architecture(path: Path, configuration: dict[str, Any]) -> Archs:
    """Return the decisions of the cells [22]."""
    try:
        archs = DARTS().parse_configurations([configuration])
    except InvalidArchitecture as error:
        raise SourceError(f"{path}: {error}") from None
    return archs.reshape(-1)


def _name_recipe(configuration: dict[str, Any]) -> str:
    """Return a name such as ``epochs100_channels32_layers8-1a2b3c4d`` from all settings outside the cells."""
    rest = {key: value for key, value in configuration.items() if not _CELLS.fullmatch(key)}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:8]
    return "_".join(f"{name}{int(read_number(rest[key]))}" for name, key in _NAMED.items()) + f"-{digest}"


def _run(path: Path, loaded: dict[str, Any]) -> _Run:
    """Check one file and convert its values to the units of the schema."""
    configuration = _read_configuration(path, loaded)
    try:
        (info,) = loaded["info"]
        last = int(read_number(info["epochs"]))
        lists = loaded.get("learning_curves", {})
        curves = {}
        for column, (name, _, over) in _CURVES.items():
            listed = np.array([read_number(value) for value in lists.get(f"Train/{name}", [])])
            found = [(1, listed / over)] if len(listed) else []
            if name in info and len(listed) < last:
                found.append((last, np.array([read_number(info[name]) / over])))
            if found:
                curves[column] = found
        ends = (
            read_number(loaded["test_accuracy"]) / 100,
            read_number(loaded["runtime"]),
            read_number(info["model_parameters"]),
        )
        run = _Run(configuration, _name_recipe(configuration), curves)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SourceError(f"{path} breaks the format: {error!r}; {NASBench301Runs.where}") from None
    curves |= {column: [(last, np.array([value]))] for column, value in zip(_ENDS, ends, strict=True)}
    _check(path, run, last)
    return run


def _check(path: Path, run: _Run, last: int) -> None:
    """Refuse values outside their units, and curves longer than the training run."""
    if not 1 <= last <= _MOST_EPOCHS:
        raise SourceError(f"{path}: {last} epochs; expected 1 to {_MOST_EPOCHS}")
    for (split, metric), found in run.curves.items():
        values = np.concatenate([values for _, values in found])
        if len(found[0][1]) > last:
            raise SourceError(f"{path}: {len(found[0][1])} epochs of {split} {metric} in a training run of {last}")
        if not (values >= 0.0).all() or (metric == "accuracy" and not (values <= 1.0).all()):
            bad = values[~(values >= 0.0) | (values > 1.0)][0]
            raise SourceError(
                f"{path}: {split} {metric} {bad * 100 if metric == 'accuracy' else bad:g} is out of range"
            )
    if run.curves["valid", "accuracy"][-1][1][-1] <= 0.01:
        raise SourceError(f"{path}: validation accuracy of 1 or less at the end: these are not percentages")
    if run.curves["train", "n_params"][0][1][0] < _FEWEST_PARAMS:
        raise SourceError(
            f"{path}: model_parameters is {run.curves['train', 'n_params'][0][1][0]:g}; expected a plain number"
        )


def _build_measurement(n: int, column: _Column, entries: dict[tuple[int, int], list[_Curve]]) -> Measurement:
    """Return a column on the union of its seeds and epochs, nan where there is no measurement."""
    recipe, split, metric = column
    epochs = sorted({first + i for curves in entries.values() for first, v in curves for i in range(len(v))})
    place = {epoch: i for i, epoch in enumerate(epochs)}
    n_seeds = 1 + max(seed for _, seed in entries)
    values = np.full((n, n_seeds, len(epochs)), np.nan)
    for (row, seed), curves in entries.items():
        for first, v in curves:
            values[row, seed, place[first] : place[first] + len(v)] = v
    return Measurement(
        dataset="cifar10",
        recipe=recipe,
        split=split,
        metric=metric,
        unit=_UNITS[split, metric],
        direction="maximize" if metric == "accuracy" else "minimize",
        values=values,
        seeds=np.arange(n_seeds),
        epochs=np.array(epochs),
    )
