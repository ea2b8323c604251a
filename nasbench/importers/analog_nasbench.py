"""AnalogNAS-Bench, from the PyPI package ``analog-nasbench``: NAS-Bench-201 cells on analog hardware.

Source: Bessalah et al. 2025, "AnalogNAS-Bench: A NAS Benchmark for Analog In-Memory Computing" (arXiv
2506.18495). For all 15,625 cells on CIFAR-10 it holds the accuracy of a digital training run in full
precision: as trained, after quantising its weights, mapped to simulated noisy crossbars, and after these drifted
for a minute to a month; the accuracy of a training run for quantised weights; and that of a training run for the
hardware, also with drift. The package states no licence, so this suite ships none of its data.

Its keys are six digits: skip 0, none 1, 3x3 2, 1x1 3, pool 4, edges (0,1) (0,2) (0,3) (1,2) (1,3) (2,3). Of
all 86,400 ways to read the keys, this one agrees best with NAS-Bench-201's published test accuracy (rank
correlation 0.991; the same cells read from output to input: 0.969).
"""

from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import SourceError
from nasbench.importers._source import open_source
from nasbench.importers._units import UNITS, find_misfit_value
from nasbench.importers._unpickle import load_plain
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Measurement, TableBuilder

_MEMBER = "analognasbench/data.anb"
_RECORDS = [("analognasbench.data", name) for name in ("Architecture", "DriftMeasurement")]
_OPERATIONS = np.array([1, 0, 3, 2, 4], dtype=np.int8)  # this suite's operation for each of the package's digits
_EDGES = [0, 1, 3, 2, 4, 5]  # position in the package's key for each edge of this suite
_DRIFTS_S = (60, 3600, 86400, 2592000)


class _Value(NamedTuple):
    """The source of one column; ``part`` is the attribute of a drift measurement, empty for plain numbers."""

    field: str
    part: str
    recipe: str
    metric: str


_VALUES = (
    _Value("baseline_accuracy", "", "digital", "accuracy"),
    _Value("ptq_accuracy", "", "digital", "accuracy_quantized"),
    _Value("noisy_accuracy", "", "digital", "accuracy_noisy"),
    _Value("qat_accuracy", "", "quantized", "accuracy"),
    _Value("analog_accuracy", "", "analog", "accuracy"),
    *(
        _Value(f"{prefix}_drift_{seconds}", part, recipe, f"accuracy_drift_{seconds}s{suffix}")
        for prefix, recipe in (("baseline", "digital"), ("analog", "analog"))
        for seconds in _DRIFTS_S
        for part, suffix in (("value", ""), ("uncertainty", "_spread"))
    ),
)


class AnalogNASBench:
    """Reads the pickle of the package."""

    table: ClassVar[str] = "analog201"
    where: ClassVar[str] = "get it with: pip download --no-deps analog-nasbench==0.1.3"

    def read(self, source: Path) -> TableBuilder:
        """Read the wheel, the installed package, or its folder.

        Raises:
            SourceError: the package is another one, a cell is unknown, or values are outside their units; names the
                cell and the field.
        """
        file = open_source(source, [_MEMBER], self.where)[_MEMBER]
        loaded = load_plain(file, "data.anb", records=_RECORDS)
        if not isinstance(loaded, dict) or not loaded:
            raise SourceError(
                f"data.anb holds {type(loaded).__name__}, expected a dictionary with cells as keys; {self.where}"
            )
        return TableBuilder(
            name=self.table,
            title=f"AnalogNAS-Bench: {len(loaded):,} cells of NAS-Bench-201 on simulated analog hardware, CIFAR-10",
            space="nb201",
            citation="Bessalah et al., AnalogNAS-Bench, 2025, arXiv 2506.18495",
            licence="none stated by analog-nasbench",
            source=f"PyPI analog-nasbench 0.1.3, {_MEMBER}",
            notes=(
                "Recipes: digital (full precision), quantized (for quantised weights), analog (for the hardware's "
                "noise). Of the digital training also: accuracy_quantized, weights quantised after it, and "
                "accuracy_noisy, weights put on the hardware. accuracy_drift_Ts: T seconds after programming, with "
                "_spread, what the source writes behind the sign of plus and minus. The package says neither which "
                "images it scores nor how many repetitions a mean has: the split is called test, so that no "
                "strategy may observe it, and seed 0 is the mean. Epoch 1 stands for the whole training."
            ),
            architectures=_read_architectures(list(loaded)),
            cardinality=NASBench201.cardinality,
            measurements=[_build_measurement(loaded, value) for value in _VALUES],
        )


def _read_architectures(keys: list[Any]) -> Archs:
    """Return the architectures ``[n, 6]`` of the package's keys."""
    for key in keys:
        digits = isinstance(key, tuple) and len(key) == len(_EDGES) and all(type(digit) is int for digit in key)
        if not digits or not all(0 <= digit < len(_OPERATIONS) for digit in key):
            raise SourceError(f"data.anb: key {key!r} is not a cell, expected six digits 0 to {len(_OPERATIONS) - 1}")
    archs: Archs = _OPERATIONS[np.array(keys)[:, _EDGES]]
    return archs


def _label(value: _Value) -> str:
    return f"{value.field}.{value.part}" if value.part else value.field


def _number(key: Any, entry: Any, value: _Value) -> float:
    found: Any = entry.get(value.field) if isinstance(entry, dict) else None
    if value.part:
        found = found.get(value.part) if isinstance(found, dict) else None
    if type(found) not in (int, float):
        raise SourceError(f"data.anb: {_label(value)} of cell {key} is {found!r}, expected a number")
    return float(found)


def _read_percent(loaded: dict[Any, Any], value: _Value) -> Floats:
    """Return one field of all cells ``[n]`` after checking that it holds percentages."""
    values = np.array([_number(key, entry, value) for key, entry in loaded.items()])
    if wrong := find_misfit_value(values, "percent"):
        at, why = wrong
        raise SourceError(f"data.anb: {_label(value)} of cell {list(loaded)[at]}: {why}")
    return values


def _build_measurement(loaded: dict[Any, Any], value: _Value) -> Measurement:
    return Measurement(
        dataset="cifar10",
        recipe=value.recipe,
        split="test",
        metric=value.metric,
        unit="fraction",
        direction="minimize" if value.part == "uncertainty" else "maximize",
        values=UNITS["percent"].convert(_read_percent(loaded, value))[:, None, None],
        seeds=np.array([0]),
        epochs=np.array([1]),
    )
