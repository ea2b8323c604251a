"""HW-NAS-Bench, from the official pickle: latency and energy of the NAS-Bench-201 networks on six devices.

Source: Li et al. 2021, "HW-NAS-Bench: Hardware-Aware Neural Architecture Search Benchmark", arXiv
2103.10584. The layout is that of ``hw_nas_bench_api/hw_nas_bench_api.py`` and the README of the repository
``GATECH-EIC/HW-NAS-Bench``: ``nasbench201`` -> data set -> one list for each metric, in the official order of
the architectures, and ``config``, whose ``arch_str`` is the architecture of each position. Latency is in
milliseconds and energy in millijoules; -1 marks a network that the device cannot run.

The importer leaves out ``fbnet``: tables with the cost of single blocks, not of whole networks.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.file_contents import check_content
from nasbench.importers._unpickle import load_plain
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Static, TableBuilder

_FILE = "HW-NAS-Bench-v1_0.pickle"
_DATASETS = ("cifar10", "cifar100", "ImageNet16-120")
_LATENCIES = tuple(f"{device}_latency" for device in ("edgegpu", "raspi4", "edgetpu", "pixel3", "eyeriss", "fpga"))
_ENERGIES = tuple(f"{device}_energy" for device in ("edgegpu", "eyeriss", "fpga"))
# Metric in the file -> metric in the table, its unit, and the divisor of its values.
_METRICS = (
    {name: (f"{name}_s", "s", 1e3) for name in _LATENCIES}
    | {name: (f"{name}_J", "J", 1e3) for name in _ENERGIES}
    | {"eyeriss_arithmetic_intensity": ("eyeriss_arithmetic_intensity", "none", 1.0)}
)
_MISSING = -1.0
_LARGEST = 1e4  # in ms and mJ; the largest value of the file is below 100
_SMALLEST_MEDIAN = 0.1  # in ms and mJ; the file's medians are 0.3 to 40, so values in seconds would have smaller ones


class HWNASBench:
    """Reads ``HW-NAS-Bench-v1_0.pickle``; the pickle may contain only plain data."""

    table: ClassVar[str] = "hw_nas_bench"
    where: ClassVar[str] = "get HW-NAS-Bench-v1_0.pickle from https://github.com/GATECH-EIC/HW-NAS-Bench"

    def read(self, source: Path) -> TableBuilder:
        """Read the file, or the file of that name in a folder (a checkout of the repository).

        Raises:
            SourceError: the file is another one, data sets disagree on the architectures, or values are outside
                their units; names the file, the data set, the metric and the position in its list.
        """
        path = source / _FILE if source.is_dir() else source
        check_content(path, "pickle")
        try:
            loaded = load_plain(path.read_bytes(), str(path))
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror}); {self.where}") from error
        try:
            by_dataset = {dataset: dict(loaded["nasbench201"][dataset]) for dataset in _DATASETS}
            texts = {dataset: [c["arch_str"] for c in entry["config"]] for dataset, entry in by_dataset.items()}
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise SourceError(f"{path} does not have the format of {_FILE}: {error!r}; {self.where}") from error
        space = NASBench201()
        first = texts[_DATASETS[0]]
        statics = [
            Static(
                dataset="all",
                metric="official_index",
                unit="none",
                direction="none",
                values=np.arange(len(first)) * 1.0,
            )
        ]
        for dataset, entry in by_dataset.items():
            if texts[dataset] != first:
                raise SourceError(f"{path}: the architectures of {dataset} differ from those of {_DATASETS[0]}")
            statics += [_build_static(path, dataset, name, entry, len(first)) for name in _METRICS]
        return TableBuilder(
            name=self.table,
            title="HW-NAS-Bench: latency and energy of the NAS-Bench-201 networks on six devices, three data sets",
            space="nb201",
            citation="Li et al., HW-NAS-Bench: Hardware-Aware NAS Benchmark, ICLR 2021, arXiv 2103.10584",
            licence="MIT",
            source=f"https://github.com/GATECH-EIC/HW-NAS-Bench, {_FILE}",
            notes=(
                "Measured on edge GPU, Raspberry Pi 4, edge TPU and Pixel 3, estimated for Eyeriss and the FPGA. "
                "Missing is what the device cannot run (-1 in the source). The tables of FBNet's blocks were left "
                "out. The source does not give the unit of the arithmetic intensity."
            ),
            architectures=_parse_architectures(path, space, first),
            cardinality=space.cardinality,
            statics=statics,
        )


def _parse_architectures(path: Path, space: NASBench201, texts: list[str]) -> Archs:
    try:
        return space.parse(texts)
    except InvalidArchitecture as error:
        raise SourceError(f"{path}: {error}") from None


def _build_static(path: Path, dataset: str, name: str, entry: dict[str, Any], n: int) -> Static:
    """Return one metric of one data set, in the units of the schema."""
    metric, unit, over = _METRICS[name]
    return Static(
        dataset=dataset,
        metric=metric,
        unit=unit,
        direction="none" if unit == "none" else "minimize",
        values=_read_values(f"{path}: {name} of {dataset}", entry.get(name), n) / over,
    )


def _read_values(label: str, raw: Any, n: int) -> Floats:
    """Return [n] numbers in the file's unit; nan where the file has -1."""
    try:
        values = np.array(raw, dtype=np.float64)
    except (TypeError, ValueError):
        raise SourceError(f"{label} is not a list of numbers") from None
    if values.shape != (n,):
        raise SourceError(f"{label} has shape {values.shape}, expected ({n},)")
    values[values == _MISSING] = np.nan
    outside = np.flatnonzero(~np.isnan(values) & ~((values > 0.0) & (values < _LARGEST)))
    if len(outside):
        raise SourceError(f"{label}, place {outside[0]}: {values[outside[0]]} is outside (0, {_LARGEST:g}) ms or mJ")
    present = values[~np.isnan(values)]
    if not len(present) or np.median(present) < _SMALLEST_MEDIAN:
        raise SourceError(
            f"{label}: the median of {len(present)} values is below {_SMALLEST_MEDIAN:g}: not in ms or mJ"
        )
    return values
