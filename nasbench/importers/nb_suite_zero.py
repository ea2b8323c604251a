"""NAS-Bench-Suite-Zero, from ``zc_nasbench201.json``: zero-cost proxies of NAS-Bench-201 networks.

Source: Krishnakumar et al. 2022, "NAS-Bench-Suite-Zero: Accelerating Research on Zero Cost Proxies",
arXiv 2210.03230; the branch ``zerocost`` of ``automl/NASLib``. The runner of that branch writes, for each
network, ``{proxy: {"score": ..., "time": ...}, "val_accuracy": ...}``; the published file has data set ->
network -> such an object, with an ``id``, as public code that reads it shows. A network is a tuple of six
digits. Their meaning is in ``naslib/search_spaces/nasbench201/conversions.py``: skip_connect, none,
nor_conv_3x3, nor_conv_1x1, avg_pool_3x3, on the edges **ordered by their start**, which is not the
order of the official string.

The importer leaves out ``val_accuracy``: NASLib takes it from a curve that it also reports as test accuracy, of a
split and seed that the file does not name. It does not read the files of other spaces either. In the file of
TransNAS-Bench-101 the same digits have one meaning where the network is built and another where its accuracy
is looked up (``transbench101/conversions.py``), so that its meaning would be a guess.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import SourceError
from nasbench.importers._json import load_object, read_number
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Static, TableBuilder

_FILE = "zc_nasbench201.json"
_KEY = re.compile(r"[(\[]?" + ", ?".join(["([0-4])"] * 6) + r"[)\]]?")
_OPERATIONS = ("skip_connect", "none", "nor_conv_3x3", "nor_conv_1x1", "avg_pool_3x3")
_OURS = (0, 1, 3, 2, 4, 5)  # position of the digit for each of our columns: edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3
_NOT_PROXIES = {"id", "idx", "arch", "val_accuracy"}
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_FAILED = -1e8  # the score of a proxy that could not be computed
_MILLIONS = {"params": "n_params", "flops": "flops"}
_MOST_MILLIONS = 1e4


class NASBenchSuiteZero:
    """Reads ``zc_nasbench201.json``."""

    table: ClassVar[str] = "nb201_zero_cost"
    where: ClassVar[str] = (
        "get zc_nasbench201.json with scripts/bash_scripts/download_nbs_zero.sh nb201 "
        "of https://github.com/automl/NASLib, branch zerocost"
    )

    def read(self, source: Path) -> TableBuilder:
        """Read the file, or the file of that name in a folder.

        Raises:
            SourceError: the file is another one, a network belongs to another space, or a score is not a number;
                names the file, the data set and the network.
        """
        path = source / _FILE if source.is_dir() else source
        loaded = load_object(path, self.where)
        space = NASBench201()
        rows: dict[tuple[int, ...], int] = {}
        columns: dict[tuple[str, str], dict[int, float]] = {}
        for dataset, networks in loaded.items():
            if not isinstance(networks, dict) or not _NAME.fullmatch(dataset):
                raise SourceError(f"{path}: {dataset!r} is not a data set with networks; {self.where}")
            for key, entry in networks.items():
                row = rows.setdefault(_read_architecture(path, dataset, key), len(rows))
                for metric, value in _read_values(path, dataset, key, entry):
                    column = columns.setdefault((dataset, metric), {})
                    if row in column:
                        raise SourceError(f"{path}: {key} of {dataset} appears twice")
                    column[row] = value
        if not columns:
            raise SourceError(f"{path} holds no proxy of any network; {self.where}")
        archs: Archs = np.array(list(rows), dtype=np.int8)
        statics = [_build_static(*place, column, len(archs)) for place, column in columns.items()]
        return TableBuilder(
            name=self.table,
            title=f"NAS-Bench-Suite-Zero: zero-cost proxies of NAS-Bench-201 networks, {len(loaded)} data sets",
            space="nb201",
            citation="Krishnakumar et al., NAS-Bench-Suite-Zero, NeurIPS 2022, arXiv 2210.03230",
            licence="Apache-2.0 (NASLib)",
            source=f"https://github.com/automl/NASLib, branch zerocost, {_FILE}",
            notes=(
                "Scores of untrained networks as the source has them, PROXY_s the seconds that each took there. "
                "A score that could not be computed (-1e8, or not finite) is missing. n_params and flops are "
                "millions in the source. The source's val_accuracy was left out: its split and seed are not stated."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            statics=[static for static in statics if not np.isnan(static.values).all()],
        )


def _read_architecture(path: Path, dataset: str, key: str) -> tuple[int, ...]:
    """Return this suite's decisions for a network such as ``(4, 0, 3, 1, 4, 3)``."""
    match = _KEY.fullmatch(key.strip())
    if match is None:
        raise SourceError(f"{path}: {key!r} of {dataset} is no NAS-Bench-201 network: expected six digits 0 to 4")
    names = [_OPERATIONS[int(digit)] for digit in match.groups()]
    return tuple(NASBench201.operations.index(names[place]) for place in _OURS)


def _read_values(path: Path, dataset: str, key: str, entry: Any) -> Iterator[tuple[str, float]]:
    """Yield the metrics of a network: each proxy, and its seconds if they are given."""
    where = f"{path}: {key} of {dataset}"
    if not isinstance(entry, dict):
        raise SourceError(f"{where} is {entry!r}, expected an object")
    proxy: str
    for proxy in sorted(entry.keys() - _NOT_PROXIES):
        try:
            score = read_number(entry[proxy]["score"])
            seconds = read_number(entry[proxy]["time"]) if "time" in entry[proxy] else np.nan
        except (KeyError, TypeError) as error:
            raise SourceError(f"{where}: '{proxy}' breaks the format: {error!r}") from None
        if not _NAME.fullmatch(proxy) or seconds < 0.0:
            raise SourceError(f"{where}: '{proxy}' with {seconds} seconds breaks the format")
        if proxy in _MILLIONS and not 0.0 <= score < _MOST_MILLIONS:
            raise SourceError(f"{where}: '{proxy}' is {score:g}; expected a number in millions")
        yield _MILLIONS.get(proxy, proxy), np.nan if score == _FAILED else score
        yield f"{proxy}_s", seconds


def _build_static(dataset: str, metric: str, column: dict[int, float], n: int) -> Static:
    values: Floats = np.full(n, np.nan)
    values[list(column)] = list(column.values())
    values[np.isinf(values)] = np.nan
    if metric in _MILLIONS.values():
        return Static(dataset=dataset, metric=metric, unit="count", direction="minimize", values=np.round(values * 1e6))
    is_time = metric.endswith("_s")
    return Static(
        dataset=dataset,
        metric=metric,
        unit="s" if is_time else "none",
        direction="minimize" if is_time else "maximize",
        values=values,
    )
