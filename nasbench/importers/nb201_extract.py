"""Extracts of NATS-Bench's topology space as JSON: the last epoch of both schedules, by architecture string.

``NATS-Bench-extractor`` (alanoe, on GitHub) writes, for every architecture, data set and schedule, six
numbers: training loss, training accuracy in percent, seconds of the whole training run, the same seconds
again, test accuracy in percent, seconds of the evaluations after all epochs. Its program calls the
fourth number the test loss, which is wrong: the importer refuses the file if it differs from the third, else drops it.

Source of the measurements: Dong, Liu, Musial & Gabrys 2021, "NATS-Bench: Benchmarking NAS Algorithms
for Architecture Topology and Size" (arXiv 2009.00437). The test split is the benchmark's ``ori-test`` on
CIFAR-10 and its ``x-test`` on the others. Each entry holds one seed, which the official API drew
independently for every entry; the file does not name it.
"""

from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.file_contents import check_content
from nasbench.importers._json import parse_json
from nasbench.importers._units import UNITS, find_misfit_value
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Measurement, TableBuilder

_IMAGES = {  # data set -> images behind a training and a test accuracy
    "cifar10": {"train": 50_000, "test": 10_000},
    "cifar100": {"train": 50_000, "test": 5_000},
    "ImageNet16-120": {"train": 151_700, "test": 3_000},
}
_SCHEDULES = (12, 200)
_N_VALUES, _SECONDS, _AGAIN = 6, 2, 3


class _Value(NamedTuple):
    """The meaning of one position of an entry; ``unit`` is the unit in the file."""

    place: int
    split: str
    metric: str
    unit: str


_VALUES = (
    _Value(0, "train", "loss", "nats"),
    _Value(1, "train", "accuracy", "percent"),
    _Value(_SECONDS, "train", "train_s", "s"),
    _Value(4, "test", "accuracy", "percent"),
    _Value(5, "test", "eval_s", "s"),
)


class NB201Extract:
    """Reads a JSON file of ``NATS-Bench-extractor`` on the topology space, complete or partial."""

    table: ClassVar[str] = "nb201_extract"
    where: ClassVar[str] = "make or get one with https://github.com/alanoe/NATS-Bench-extractor"

    def read(self, source: Path) -> TableBuilder:
        """Read one file; the strings identify the architectures.

        Raises:
            SourceError: there is no such file, or an entry breaks the format; names the entry.
        """
        loaded = _load_entries(source, self.where)
        texts, space = list(loaded), NASBench201()
        try:
            archs = space.parse(texts)
        except InvalidArchitecture as error:
            raise SourceError(f"{source}: {error}") from None
        measurements = []
        for dataset in _IMAGES:
            for epochs in _SCHEDULES:
                entries = np.array([_read_entry(source, loaded, text, dataset, epochs) for text in texts])
                measurements += [
                    _build_measurement(source, texts, entries, dataset, epochs, value) for value in _VALUES
                ]
        return TableBuilder(
            name=self.table,
            title=f"NAS-Bench-201: {len(texts):,} cells, three data sets, training and test after 12 and 200 epochs",
            space="nb201",
            citation="Dong, Liu, Musial & Gabrys, NATS-Bench, TPAMI 2021, arXiv 2009.00437; extracted by alanoe",
            licence="none stated by alanoe/NATS-Bench-extractor; NATS-Bench itself: MIT",
            source="https://github.com/alanoe/NATS-Bench-extractor",
            notes=(
                "One training an entry, called seed 0: the official API drew it from the seeds of the benchmark, for "
                "every architecture, data set and schedule anew, and the file does not say which. No validation. "
                "train_s is the seconds of the whole training, eval_s of one evaluation of the test split: what "
                "the source gives, the seconds of an evaluation after every epoch, divided by the number of epochs. "
                "cifar10 is trained on all of the training images."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            measurements=measurements,
        )


def _load_entries(source: Path, where: str) -> dict[str, Any]:
    if not source.is_file():
        raise SourceError(f"{source} is not a file; {where}")
    check_content(source)
    try:
        loaded = parse_json(source.read_bytes())
    except ValueError as error:
        raise SourceError(f"{source} is truncated or not JSON: {error}; {where}") from None
    if not isinstance(loaded, dict) or not loaded:
        raise SourceError(
            f"{source} holds {type(loaded).__name__}, expected a dictionary with architectures as keys; {where}"
        )
    return loaded


def _read_entry(source: Path, loaded: dict[str, Any], text: str, dataset: str, epochs: int) -> list[float]:
    """Return the six numbers for an architecture, a data set and a schedule."""
    label = f"{source}: {text}, {dataset}, {epochs} epochs"
    try:
        entry = loaded[text][dataset][str(epochs)]
    except (KeyError, TypeError):
        raise SourceError(f"{label}: no such entry") from None
    numbers = isinstance(entry, list) and all(type(value) in (int, float) for value in entry)
    if not numbers or len(entry) != _N_VALUES:
        raise SourceError(f"{label}: expected a list of {_N_VALUES} numbers, found {entry!r}")
    if entry[_SECONDS] != entry[_AGAIN]:
        raise SourceError(f"{label}: number 4 is {entry[_AGAIN]}; expected {entry[_SECONDS]}, the same as number 3")
    return [float(value) for value in entry]


def _build_measurement(
    source: Path, texts: list[str], entries: Floats, dataset: str, epochs: int, value: _Value
) -> Measurement:
    """Return one column of ``entries`` [n, 6] in the units of the schema."""
    raw = entries[:, value.place]
    if wrong := find_misfit_value(raw, value.unit):
        at, why = wrong
        raise SourceError(f"{source}: {texts[at]}, {dataset}, {epochs} epochs, number {value.place + 1}: {why}")
    is_accuracy = value.metric == "accuracy"
    converted = UNITS[value.unit].convert(raw) / (epochs if value.metric == "eval_s" else 1)
    return Measurement(
        dataset=dataset,
        recipe=f"epochs{epochs}",
        split=value.split,
        metric=value.metric,
        unit=UNITS[value.unit].unit,
        direction="maximize" if is_accuracy else "minimize",
        values=converted[:, None, None],
        seeds=np.array([0]),
        epochs=np.array([epochs]),
        denominator=_IMAGES[dataset][value.split] if is_accuracy else 0,
    )
