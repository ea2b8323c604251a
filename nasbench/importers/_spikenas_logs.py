"""Read the training logs of SpikeNAS-Bench as published: one ``train_process.txt`` per cell and data set.

The layout is that of ``data/*/*/train_process.txt`` of ``tju-sun-lab/SpikeNAS-Bench`` and of
``Train_all_networks/utils.py``, which writes it: the cell's number, its parameters, a line of column names,
a line for each epoch (counted from 0), the test accuracy, firing rates, and the duration in hours, minutes and
seconds. For some cells on TinyImageNet the release holds only the last epoch. The importer ignores the test line of
TinyImageNet: nothing says which images it is about, and those that the benchmark's code names do not fit the numbers.
"""

import re
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Floats
from nasbench.errors import SourceError
from nasbench.file_contents import explain_content

_CURVES = ("train_acc", "train_loss", "val_acc", "val_loss")
_CELL = re.compile(r"architecture id: (\d+)")
_PARAMS = re.compile(r"model parameters: (\d+)")
_TEST = re.compile(r"test accuracy: ([\d.]+)")
_TIME = re.compile(r"Elapsed time: ([\d.]+)hour([\d.]+)minute([\d.]+)second")
_UNTESTED = "TinyImagenet"


class _Log(NamedTuple):
    """One training run; ``epochs`` [t] are 1-based, ``curves`` has shape [t, 4]."""

    cell: int
    params: int
    epochs: npt.NDArray[np.int64]
    curves: Floats
    test: float
    seconds: float


def read_logs(folder: Path, runs: Collection[str], where: str) -> dict[str, npt.NDArray[Any]]:
    """Return the logs below a folder as the arrays of the ``.npz`` file: ``RUN_id``, ``RUN_curves`` and so on.

    Args:
        folder: a folder with files ``DATASET/NUMBER/train_process.txt`` at any depth.
        runs: names of the known runs, ``DATASET_EPOCHS``.
        where: where to get the logs; ends an error message.

    Raises:
        SourceError: there are no logs, or one breaks the format or belongs to an unknown run; names the file.
    """
    gathered: dict[str, list[_Log]] = defaultdict(list)
    for path in sorted(folder.rglob("train_process.txt")):
        log = _log(path)
        run = f"{path.parent.parent.name}_{log.epochs[-1]}"
        if run not in runs:
            raise SourceError(
                f"{path} ends after {log.epochs[-1]} epochs on '{path.parent.parent.name}', "
                f"expected one of {', '.join(runs)}: the log is truncated, or lies in the folder of another data set"
            )
        gathered[run].append(log)
    if not gathered:
        raise SourceError(f"{folder} holds no DATASET/NUMBER/train_process.txt; {where}")
    arrays: dict[str, npt.NDArray[Any]] = {}
    for run in runs:
        arrays |= _read_arrays(run, sorted(gathered[run], key=lambda log: log.cell))
    return arrays


def _read_arrays(run: str, logs: list[_Log]) -> dict[str, npt.NDArray[Any]]:
    curves = np.full((len(logs), int(run.rpartition("_")[2]), len(_CURVES)), np.nan, dtype=np.float32)
    for own, log in zip(curves, logs, strict=True):
        own[log.epochs - 1] = log.curves
    return {
        f"{run}_id": np.array([log.cell for log in logs], dtype=np.int64),
        f"{run}_curves": curves,
        f"{run}_test": np.array([log.test for log in logs], dtype=np.float64),
        f"{run}_time": np.array([log.seconds for log in logs], dtype=np.float64),
        f"{run}_params": np.array([log.params for log in logs], dtype=np.int64),
    }


def _log(path: Path) -> _Log:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        cell, params = (int(_find_pattern(pattern, lines)[0]) for pattern in (_CELL, _PARAMS))
        names = [name.strip() for name in lines[2].split(",")]
        rows = [line.split(",") for line in lines[3:] if line[:1].isdigit()]
        if not rows or {len(row) for row in rows} != {len(names)}:
            raise ValueError(f"no epochs, or lines of other than {len(names)} values")
        values = np.array(rows, dtype=np.float64)
        epochs = values[:, names.index("epoch")].astype(np.int64) + 1
        curves = values[:, [names.index(name) for name in _CURVES]]
        hours, minutes, seconds = (float(part) for part in _find_pattern(_TIME, lines))
        test = np.nan if path.parent.parent.name == _UNTESTED else float(_find_pattern(_TEST, lines)[0])
    except (OSError, ValueError, IndexError) as error:
        why = explain_content(path) or f"is truncated, or not a log of SpikeNAS-Bench: {error}"
        raise SourceError(f"{path} {why}") from None
    if str(cell) != path.parent.name:
        raise SourceError(f"{path} is of cell {cell}, expected the cell of its folder's name")
    if (np.diff(epochs, prepend=0) <= 0).any():
        raise SourceError(f"{path}: epochs {(epochs - 1).tolist()[:8]}... do not rise from 0")
    return _Log(cell, params, epochs, curves, test, hours * 3600 + minutes * 60 + seconds)


def _find_pattern(pattern: re.Pattern[str], lines: list[str]) -> tuple[str, ...]:
    for line in lines:
        if match := pattern.fullmatch(line.strip()):
            return match.groups()
    raise ValueError(f"no line like '{pattern.pattern}'")
