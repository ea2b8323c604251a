"""TransNAS-Bench-101: every epoch of seven tasks, from the official file ``transnas-bench_v10141024.pth``.

Source: Duan et al. 2021, "TransNAS-Bench-101: Improving Transferability and Generalizability of Cross-Task Neural
Architecture Search", arXiv 2105.11871. The layout is what ``api/api.py`` of ``yawen-d/TransNASBench`` reads: a
dictionary with ``data`` (``macro`` and ``micro``: architecture -> task -> ``total_epochs``, ``metrics`` and
``model_info``), ``metrics_dict``, ``info_names`` and ``task_list``. ``metrics`` lists one value per epoch for each
of its names, ``SPLIT_METRIC`` and ``time_elapsed``. The importer also reads the same data as a pickle or as JSON.

Units are those of the authors' training code: ``top1``, ``top5`` and ``acc`` are percentages averaged over
batches, ``mIoU`` is a percentage, ``ssim`` is from -1 to 1, ``loss`` is a cross-entropy for classification
and a squared error for the room layout, whose ``neg_loss`` is the same with the opposite sign. ``thop`` counts a
multiplication and its addition once, so that its "FLOPs" are ``macs`` here. ``time_elapsed`` is the time since the
training run began, as ``HH:MM:SS`` or seconds; it includes the evaluations after each epoch. If the lists of a task
do not rise, they hold the seconds of each epoch instead, and the importer sums them up.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.file_contents import check_content
from nasbench.importers._json import load_object
from nasbench.importers._torch_archive import load_torch
from nasbench.importers._units import UNITS, find_misfit_value
from nasbench.importers._unpickle import load_plain
from nasbench.registry import SPACES
from nasbench.table import Measurement, Static, TableBuilder

TASKS = ("class_scene", "class_object", "room_layout", "jigsaw", "segmentsemantic", "normal", "autoencoder")
_SPLITS = ("train", "valid", "test")
_SQUARED_ERROR = "room_layout"
_CLOCK = re.compile(r"(\d+):([0-5]\d):([0-5]\d)")
_FEWEST_PARAMS = 1e3  # every network has more; smaller numbers would be millions


class _Metric(NamedTuple):
    """The column for a metric of the source: its name, its unit in the source, its direction and its range."""

    name: str
    unit: str
    direction: str = "maximize"
    low: float = -math.inf
    high: float = math.inf


_METRICS = {
    "top1": _Metric("accuracy", "percent"),
    "top5": _Metric("accuracy_top5", "percent"),
    "acc": _Metric("pixel_accuracy", "percent"),
    "mIoU": _Metric("miou", "percent"),
    "ssim": _Metric("ssim", "none", low=-1.0, high=1.0),
    "loss": _Metric("loss", "nats", "minimize"),
    "neg_loss": _Metric("neg_loss", "none", high=0.0),
    "l1_loss": _Metric("l1_loss", "none", "minimize", low=0.0),
    "time_elapsed": _Metric("elapsed_s", "s", "minimize"),
}
_MEAN_SQUARE = _Metric("loss", "none", "minimize", low=0.0)
_INFO = {
    "inference_time": ("latency_s", "s"),
    "model_params": ("n_params", "count"),
    "encoder_params": ("encoder_params", "count"),
    "model_FLOPs": ("macs", "count"),
    "encoder_FLOPs": ("encoder_macs", "count"),
}
_Column = tuple[str, int, str, str]  # task, epochs of the recipe, split, metric in the source


class TransNASBenchImporter:
    """Reads one of the two spaces of the file; subclasses say which."""

    table: ClassVar[str]
    where: ClassVar[str]
    _space: ClassVar[str]
    _key: ClassVar[str]
    _title: ClassVar[str]

    def read(self, source: Path) -> TableBuilder:
        """Read the file, or the only ``transnas-bench*.pth`` below a folder.

        Raises:
            SourceError: the file is another one, an architecture or a metric is unknown, or values are outside their
                units; names the place.
        """
        path = _find_file(source, self.where)
        entries = _read_entries(path, self._key, self.where)
        space = SPACES.load(self._space)()
        try:
            archs = space.parse(list(entries))
        except InvalidArchitecture as error:
            raise SourceError(f"{path}: {error}") from None
        gathered = _Gathered(path, list(entries))
        for row, tasks in enumerate(entries.values()):
            gathered.add(row, tasks)
        return TableBuilder(
            name=self.table,
            title=self._title,
            space=self._space,
            citation="Duan et al., TransNAS-Bench-101, CVPR 2021, arXiv 2105.11871",
            licence="not stated for the data (code: MIT)",
            source=f"{path.name}, https://github.com/yawen-d/TransNASBench",
            notes=(
                "A data set is a task on the same images of Taskonomy. One training an architecture and task, called "
                "seed 0. accuracy, accuracy_top5 and pixel_accuracy are means over batches, of which the last may be "
                "smaller. elapsed_s is the time since the training began, evaluations of all splits included. "
                "neg_loss is the mean squared error with a minus sign. latency_s is of an image of 720 x 1080."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            measurements=gathered.measurements(),
            statics=gathered.statics(),
        )


def _find_file(source: Path, where: str) -> Path:
    if not source.is_dir():
        return source
    found = sorted(source.rglob("transnas-bench*.pth"))
    if len(found) != 1:
        raise SourceError(f"{source} holds {len(found)} files transnas-bench*.pth, expected one; {where}")
    return found[0]


def _read_entries(path: Path, key: str, where: str) -> dict[str, dict[str, Any]]:
    """Return the architectures of one space and their results."""
    loaded = _load(path, where)
    data = loaded.get("data", loaded) if isinstance(loaded, dict) else None
    entries = data.get(key) if isinstance(data, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise SourceError(f"{path} has no architectures under data -> {key}; {where}")
    for arch, tasks in entries.items():
        if not isinstance(tasks, dict) or not set(tasks) <= set(TASKS):
            raise SourceError(f"{path}: {arch} has {tasks!r:.80}, expected results of {', '.join(TASKS)}")
    return entries


def _load(path: Path, where: str) -> Any:
    if path.suffix == ".json":
        return load_object(path, where)
    if path.suffix == ".pkl":
        check_content(path, "pickle")
        try:
            return load_plain(path.read_bytes(), str(path))
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror}); {where}") from error
    if not path.is_file():
        raise SourceError(f"{path} does not exist; {where}")
    return load_torch(path)


class _Gathered:
    """Collects the results of architectures and builds columns from them."""

    def __init__(self, path: Path, names: list[str]) -> None:
        self._path, self._names = path, names
        self._curves: dict[_Column, dict[int, list[float]]] = defaultdict(dict)
        self._info: dict[tuple[str, str], Floats] = {}

    def add(self, row: int, tasks: dict[str, Any]) -> None:
        """Add the results of one architecture."""
        for task, result in tasks.items():
            try:
                epochs = int(result["total_epochs"])
                for name, values in result["metrics"].items():
                    split, metric = _split(name)
                    self._curves[task, epochs, split, metric][row] = _read_numbers(metric, values, epochs)
                for name, value in result.get("model_info", {}).items():
                    column = self._info.setdefault((task, _INFO[name][0]), np.full(len(self._names), np.nan))
                    column[row] = _number(value)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise SourceError(f"{self._path}: {task} of {self._names[row]} breaks the format: {error!r}") from None

    def measurements(self) -> list[Measurement]:
        """Return one column for each task, split and metric."""
        return [self._build_measurement(column, curves) for column, curves in sorted(self._curves.items())]

    def _build_measurement(self, column: _Column, curves: dict[int, list[float]]) -> Measurement:
        task, epochs, split, name = column
        metric = _MEAN_SQUARE if (task, name) == (_SQUARED_ERROR, "loss") else _METRICS[name]
        values = np.full((len(self._names), epochs), np.nan)
        for row, curve in curves.items():
            values[row, : len(curve)] = curve
        label = f"{name} of {task}" if metric.unit == "s" else f"{split}_{name} of {task}"
        self._check(values, metric, label)
        values = self._accumulate_seconds(values, label) if metric.unit == "s" else values
        return Measurement(
            dataset=task,
            recipe=f"epochs{epochs}",
            split=split,
            metric=metric.name,
            unit=UNITS[metric.unit].unit,
            direction=metric.direction,
            values=UNITS[metric.unit].convert(values).astype(np.float32)[:, None, :],
            seeds=np.array([0]),
            epochs=np.arange(1, epochs + 1),
        )

    def _check(self, values: Floats, metric: _Metric, label: str) -> None:
        """Refuse values [n, t] outside their unit."""
        wrong = find_misfit_value(values.ravel(), metric.unit)
        outside = (values < metric.low) | (values > metric.high)
        if wrong is None and outside.any():
            at = int(outside.argmax())
            wrong = at, f"{values.flat[at]:g} is outside [{metric.low:g}, {metric.high:g}]"
        if wrong:
            row, epoch = divmod(wrong[0], values.shape[1])
            raise SourceError(f"{self._path}: {label}, {self._names[row]}, epoch {epoch + 1}: {wrong[1]}")

    def _accumulate_seconds(self, values: Floats, label: str) -> Floats:
        """Return seconds since the start [n, t]; the argument holds these, or the seconds of each epoch."""
        falls = (np.diff(values, axis=1) < 0).any(axis=1)
        if not falls.any():
            return values
        rising = np.flatnonzero(~falls & ~np.isnan(values).all(axis=1))
        if len(rising):
            row = int(falls.argmax())
            raise SourceError(
                f"{self._path}: {label} decreases for {self._names[row]} and rises for {self._names[rising[0]]}; "
                "expected either the seconds since the start or those of each epoch, for all architectures"
            )
        return np.cumsum(values, axis=1)

    def statics(self) -> list[Static]:
        """Return the static metrics of the networks, with one column for each task and metric."""
        return list(self._build_statics())

    def _build_statics(self) -> Iterator[Static]:
        units = dict(_INFO.values())
        for (task, name), values in sorted(self._info.items()):
            if np.isnan(values).all():
                continue
            low = _FEWEST_PARAMS if units[name] == "count" else 0.0
            if (wrong := (values < low) | np.isinf(values)).any():
                row = int(wrong.argmax())
                raise SourceError(
                    f"{self._path}: {task} of {self._names[row]} has {name} {values[row]:g}, expected a plain number "
                    f"of at least {low:g}"
                )
            yield Static(dataset=task, metric=name, unit=units[name], direction="minimize", values=values)


def _split(name: str) -> tuple[str, str]:
    """Split a name such as ``valid_top1`` into split and metric; elapsed time belongs to the split ``train``."""
    if name == "time_elapsed":
        return "train", name
    split, _, metric = name.partition("_")
    if split not in _SPLITS or metric not in _METRICS:
        raise ValueError(
            f"unknown metric {name}, expected SPLIT_METRIC with SPLIT of {', '.join(_SPLITS)} and METRIC of "
            f"{', '.join(_METRICS)}"
        )
    return split, metric


def _read_numbers(metric: str, values: Iterable[Any], epochs: int) -> list[float]:
    """Return one number per epoch; the list may end early, the rest is then missing."""
    read = _read_seconds if metric == "time_elapsed" else _number
    numbers = [read(value) for value in values]
    if epochs < 1 or len(numbers) > epochs:
        raise ValueError(f"{len(numbers)} values of {metric} for {epochs} epochs")
    return numbers


def _read_seconds(value: Any) -> float:
    if isinstance(value, str) and (match := _CLOCK.fullmatch(value)):
        hours, minutes, seconds = (int(part) for part in match.groups())
        return hours * 3600.0 + minutes * 60.0 + seconds
    return _number(value)


def _number(value: Any) -> float:
    """Return a number, or nan for None and the empty text, which stand for a missing value in the source."""
    if value is None or value == "":
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)
