"""NAS-Bench-Macro, from ``data/nas-bench-macro_cifar10.json`` of the repository ``xiusu/NAS-Bench-Macro``.

Source: Su et al. 2021, "Prioritized Architecture Sampling with Monto-Carlo Tree Search", arXiv
2103.11922. The layout is that of the repository's README and of ``train/collect_benchmark.py``, which
writes the file: an object that maps the key of a network (eight digits) to ``test_acc`` (percent, one for
each of three training runs), ``mean_acc``, ``std``, ``params`` and ``flops``.

``train/train.py`` trains on all training images and evaluates the official test images after each of 50
epochs; ``test_acc`` is the best of these. So there is no validation accuracy, and the values are selected on
the same images on which they are measured. This importer stores the first training run as split ``valid``, which a
search may see, and the second and third as ``test``, which are reported. No training run is in both splits, so a
search does not profit from the seed noise of the run that it saw. It still profits from selection on the test images.
``count_FLOPs`` of ``train/utils.py`` counts a multiplication and its addition once: ``macs`` here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.importers._json import load_object, read_number
from nasbench.spaces.macro import NASBenchMacro
from nasbench.table import Measurement, Static, TableBuilder

_TEST_IMAGES = 10_000
_MOST_SEEDS = 3
_SEEN = 1  # number of these training runs that a search may see
_MEAN_TOLERANCE = 1e-3  # percent; the source averages single precision
_FEWEST_PARAMS = 1e3  # the smallest network has more; smaller numbers would be millions


class NASBenchMacroJSON:
    """Reads the official JSON file, or a part of it."""

    table: ClassVar[str] = "macro"
    where: ClassVar[str] = "get data/nas-bench-macro_cifar10.json from https://github.com/xiusu/NAS-Bench-Macro"

    def read(self, source: Path) -> TableBuilder:
        """Read the file, or the only file of that name below a folder.

        Raises:
            SourceError: the file is another one, a key is unknown, or values are outside their units; names the file
                and the key.
        """
        path = _find_file(source, self.where)
        loaded = load_object(path, self.where)
        space = NASBenchMacro()
        try:
            archs = space.parse(list(loaded))
        except InvalidArchitecture as error:
            raise SourceError(f"{path}: {error}; {self.where}") from None
        accuracy, seeds = np.full((len(archs), _MOST_SEEDS, 1), np.nan), np.arange(_MOST_SEEDS)
        n_params, macs = np.full(len(archs), np.nan), np.full(len(archs), np.nan)
        for row, (trained, params, flops) in enumerate(_read_entries(path, loaded)):
            accuracy[row, : len(trained), 0] = trained
            n_params[row], macs[row] = params, flops
        if not len(archs) or not np.nanmax(accuracy) > 1.0:
            raise SourceError(f"{path}: no test_acc above 1: these are not percentages; {self.where}")
        return TableBuilder(
            name=self.table,
            title="NAS-Bench-Macro: 6,561 networks of eight layers on CIFAR-10, accuracy of three trainings",
            space="macro",
            citation="Su et al., Prioritized Architecture Sampling with Monto-Carlo Tree Search, CVPR 2021, 2103.11922",
            licence="Apache-2.0",
            source="https://github.com/xiusu/NAS-Bench-Macro, data/nas-bench-macro_cifar10.json",
            notes=(
                "The source has no validation split: all accuracies are of CIFAR-10's test images. The first training "
                "stands as 'valid', for a search to see, the second and third as 'test', to be reported; no training "
                "is in both. An accuracy is the best of those after each of 50 epochs, hence recipe 'epochs50_best'; "
                "epoch 50 stands for the whole training. The authors trained the 3,969 networks that differ and "
                "repeated their numbers for the others, which the space's canonical form unites. Seeds are numbered "
                "as the source lists them."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            measurements=[
                _build_measurement("valid", accuracy[:, :_SEEN] / 100, seeds[:_SEEN]),
                _build_measurement("test", accuracy[:, _SEEN:] / 100, seeds[_SEEN:]),
            ],
            statics=[
                Static(dataset="cifar10", metric=metric, unit="count", direction="minimize", values=values)
                for metric, values in (("n_params", n_params), ("macs", macs))
            ],
        )


def _find_file(source: Path, where: str) -> Path:
    if not source.is_dir():
        return source
    found = sorted(source.rglob("nas-bench-macro_cifar10.json"))
    if len(found) != 1:
        raise SourceError(f"{source} holds {len(found)} files nas-bench-macro_cifar10.json, expected one; {where}")
    return found[0]


def _read_entries(path: Path, loaded: dict[str, Any]) -> Iterator[tuple[list[float], float, float]]:
    """Yield the test accuracies (percent), the number of parameters and the operations of each network."""
    for key, entry in loaded.items():
        try:
            trained = [read_number(value) for value in entry["test_acc"]]
            mean, params, flops = (read_number(entry[field]) for field in ("mean_acc", "params", "flops"))
        except (KeyError, TypeError) as error:
            raise SourceError(f"{path}: entry {key} breaks the format: {error!r}") from None
        if not 1 <= len(trained) <= _MOST_SEEDS or not all(0.0 <= value <= 100.0 for value in trained):
            raise SourceError(f"{path}: test_acc of {key} is {trained}, expected 1 to {_MOST_SEEDS} percentages")
        if not abs(np.mean(trained) - mean) <= _MEAN_TOLERANCE:
            raise SourceError(
                f"{path}: mean_acc of {key} is {mean}, but the mean of its test_acc is {np.mean(trained)}"
            )
        if not (params >= _FEWEST_PARAMS and flops >= params):
            raise SourceError(
                f"{path}: {key} has {params:g} params and {flops:g} flops, expected plain numbers, not thousands or "
                "millions"
            )
        yield trained, params, flops


def _build_measurement(split: str, values: Floats, seeds: Ints) -> Measurement:
    return Measurement(
        dataset="cifar10",
        recipe="epochs50_best",
        split=split,
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=values,
        seeds=seeds,
        epochs=np.array([50]),
        denominator=_TEST_IMAGES,
    )
