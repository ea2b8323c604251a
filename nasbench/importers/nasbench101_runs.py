"""EC-NAS: training runs of NAS-Bench-101 cells with their energy, as its authors publish them (Apache-2.0).

Source: Bakhtiarifard, Igel & Selvan 2022, "EC-NAS: Energy Consumption Aware Tabular Benchmarks for
Neural Architecture Search", arXiv 2210.06015; github.com/PedramBakh/nc_nasbench. ``ecnas_runs.csv``
has three rows for each training run: before training, after the first epoch, after the last.
``generated_graphs_5V9E.json`` maps the official hash to the graph of every cell of up to 5 vertices.

If the last row of a training run repeats its first epoch, the run was never finished. The importer leaves such runs
out, and the table's notes count them by space. In the published file these are all runs of the spaces 7V9E and 3V9E.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.importers._json import parse_json
from nasbench.importers._separated import split_rows
from nasbench.importers._source import open_source
from nasbench.spaces.nb101 import NASBench101
from nasbench.table import Measurement, Static, TableBuilder

_RUNS, _GRAPHS = "ecnas_runs.csv", "generated_graphs_5V9E.json"
_RECIPES, _REPEATS = (4, 12, 36, 108), 3
_JOULE_PER_KWH = 3.6e6
_WATT = (10.0, 10_000.0)  # range of the average power of a computer with one graphics card
_NUMBERS = ("epoch", "train_time", "train_acc", "val_acc", "test_acc", "energy_kwh")
_HEADER = {"space", "budget", "hash", "repeat", "params", *_NUMBERS}
_COLUMNS = (  # split, metric, unit, direction
    ("train", "train_s", "s", "minimize"),
    ("train", "accuracy", "fraction", "maximize"),
    ("valid", "accuracy", "fraction", "maximize"),
    ("test", "accuracy", "fraction", "maximize"),
    ("train", "energy_j", "J", "minimize"),
)

Numbers = tuple[float, ...]
"""Seconds, three accuracies, joules: the order of ``_COLUMNS``."""


@dataclass(slots=True)
class _TrainingRun:
    """One training run: its first line, its number of parameters, and its numbers by epoch."""

    line: int
    n_params: int
    epochs: dict[float, Numbers]


_Key = tuple[str, int, str, int]
"""Space, budget in epochs, hash, and repeat (from 1)."""


class NASBench101Runs:
    """Reads ``ecnas_runs.csv`` and the graphs of the cells in it."""

    table: ClassVar[str] = "nb101_runs"
    where: ClassVar[str] = (
        "get a folder or zip with ecnas_runs.csv and generated_graphs_5V9E.json "
        "from https://github.com/PedramBakh/nc_nasbench"
    )

    def read(self, source: Path) -> TableBuilder:
        """Read the folder or zip that holds the two files.

        Raises:
            SourceError: a file is missing or has another format, a hash has no graph or does not match it, a
                repeat appears twice, or values are outside their units; names the line.
        """
        files = open_source(source, [_RUNS, _GRAPHS], self.where)
        runs, refused = _select_finished(_collect_runs(files[_RUNS]))
        space = NASBench101()
        graphs = _read_graphs(files[_GRAPHS])
        cells = {official: row for row, official in enumerate(sorted({key[2] for key in runs}))}
        seeds, n_twice = _number_seeds(runs)
        return TableBuilder(
            name=self.table,
            title=f"NAS-Bench-101 cells of up to 5 vertices on CIFAR-10 with energy: {len(cells)} cells",
            space=space.name,
            citation="Bakhtiarifard, Igel & Selvan, EC-NAS, arXiv 2210.06015; cells: Ying et al., arXiv 1902.09635",
            licence="Apache-2.0",
            source=f"PedramBakh/nc_nasbench, {_RUNS} and {_GRAPHS}",
            notes=_write_notes(refused, n_twice),
            architectures=_find_rows(space, graphs, cells, runs),
            cardinality=space.cardinality,
            measurements=_build_measurements(runs, cells, seeds),
            statics=[
                Static(
                    dataset="cifar10",
                    metric="n_params",
                    unit="count",
                    direction="minimize",
                    values=_build_parameters(runs, cells),
                )
            ],
        )


def _split_lines(data: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        names, rows, lines = split_rows(data.decode(), ",")
    except UnicodeDecodeError as error:
        raise SourceError(f"{_RUNS} is not text: {error}") from error
    except ValueError as error:
        raise SourceError(f"{_RUNS}, {error}") from error
    missing = _HEADER - set(names)
    if missing:
        raise SourceError(f"{_RUNS}, line 1: the column(s) {', '.join(sorted(missing))} are missing")
    for line, row in zip(lines, rows, strict=True):
        yield line, dict(zip(names, row, strict=True))


def _collect_runs(data: bytes) -> dict[_Key, _TrainingRun]:
    """Collect the rows of each training run and check their values."""
    runs: dict[_Key, _TrainingRun] = {}
    for line, row in _split_lines(data):
        try:
            key = (row["space"], int(row["budget"]), row["hash"], int(row["repeat"]))
            n_params = int(row["params"])
            epoch, seconds, *accuracies, kwh = (float(row[name] or "nan") for name in _NUMBERS)
        except (ValueError, TypeError) as error:
            raise SourceError(f"{_RUNS}, line {line}: {error}") from error
        joules = kwh * _JOULE_PER_KWH
        if why := _find_broken_rule(key, n_params, epoch, seconds, accuracies, joules):
            raise SourceError(f"{_RUNS}, line {line}: {why}")
        run = runs.setdefault(key, _TrainingRun(line, n_params, {}))
        if epoch in run.epochs or run.n_params != n_params:
            raise SourceError(f"{_RUNS}, line {line}: epoch {epoch:g} of {key} contradicts line {run.line}")
        run.epochs[epoch] = (seconds, *accuracies, joules)
    return runs


def _find_broken_rule(
    key: _Key, n_params: int, epoch: float, seconds: float, accuracies: list[float], joules: float
) -> str:
    """Return the rule that a row breaks; empty if there is none."""
    _, budget, _, repeat = key
    if budget not in _RECIPES or not 1 <= repeat <= _REPEATS:
        return f"budget {budget}, repeat {repeat}; expected one of {_RECIPES} and 1 to {_REPEATS}"
    if epoch not in (0, 1, budget):
        return f"epoch {epoch:g}; expected 0, 1 or {budget}"
    if not all(0 <= accuracy <= 1 for accuracy in accuracies):
        return f"accuracies {accuracies} are not fractions"
    if n_params < 1 or not (seconds == 0 if epoch == 0 else 0 < seconds < math.inf):
        return f"{n_params} parameters, {seconds} seconds after epoch {epoch:g}"
    if epoch > 1 and seconds > 0 and not (math.isnan(joules) or _WATT[0] <= joules / seconds <= _WATT[1]):
        return (
            f"{joules:g} J in {seconds} s is a power of {joules / seconds:g} W, expected {_WATT[0]:g} to {_WATT[1]:g}"
        )
    return ""


def _select_finished(runs: dict[_Key, _TrainingRun]) -> tuple[dict[_Key, _TrainingRun], Counter[str]]:
    """Return the finished training runs, and the number of unfinished ones by space."""
    kept, refused = {}, Counter[str]()
    for key, run in runs.items():
        space, budget, *_ = key
        if not {1, budget} <= run.epochs.keys():
            raise SourceError(f"{_RUNS}, line {run.line}: training run {key} lacks epoch 1 or {budget}")
        if run.epochs[1][:4] == run.epochs[budget][:4]:
            refused[space] += 1
        else:
            kept[key] = run
    if not kept:
        raise SourceError(
            f"{_RUNS}: every training run repeats its first epoch, {dict(refused)}: there is nothing to read"
        )
    return kept, refused


def _number_seeds(runs: dict[_Key, _TrainingRun]) -> tuple[dict[_Key, int], int]:
    """Return the seed of each training run: the repeat, plus 3 for each earlier space with the same cell and recipe."""
    spaces: dict[tuple[int, str], list[str]] = {}
    for space, budget, official, _ in sorted(runs):
        known = spaces.setdefault((budget, official), [])
        if space not in known:
            known.append(space)
    seeds = {key: key[3] + _REPEATS * spaces[key[1], key[2]].index(key[0]) for key in runs}
    return seeds, sum(len(known) > 1 for known in spaces.values())


def _read_graphs(data: bytes) -> dict[str, Any]:
    try:
        graphs = parse_json(data)
    except ValueError as error:
        raise SourceError(f"{_GRAPHS} is no JSON: {error}") from error
    if not isinstance(graphs, dict):
        raise SourceError(f"{_GRAPHS} holds {type(graphs).__name__}, expected hash -> [matrix, labels]")
    return graphs


def _find_rows(
    space: NASBench101, graphs: dict[str, Any], cells: dict[str, int], runs: dict[_Key, _TrainingRun]
) -> Archs:
    """Return the canonical row of every cell; ``[n, d]``."""
    lines = {key[2]: run.line for key, run in reversed(runs.items())}
    rows = []
    for official in cells:
        if official not in graphs:
            raise SourceError(f"{_RUNS}, line {lines[official]}: {_GRAPHS} has no graph of {official}")
        try:
            matrix, (first, *inner, last) = graphs[official]
            names = [space.operations[("0", "1", "2").index(str(label))] for label in inner]
            if (first, last) != (-1, -2):
                raise ValueError(f"labels start with {first} and end with {last}, expected -1 and -2")
            row = space.from_graph(matrix, ["input", *names, "output"])
        except (ValueError, TypeError, InvalidArchitecture) as error:
            raise SourceError(f"{_GRAPHS}: {official}: {error}") from error
        if space.hashes(row) != [official]:
            raise SourceError(f"{_GRAPHS}: {official} is not the hash of its graph, {space.hashes(row)[0]}")
        rows.append(row)
    return space.canonicalize(np.concatenate(rows))


def _build_measurements(
    runs: dict[_Key, _TrainingRun], cells: dict[str, int], seeds: dict[_Key, int]
) -> list[Measurement]:
    measurements = []
    for budget in sorted({key[1] for key in runs}):
        chosen = {key: run for key, run in runs.items() if key[1] == budget}
        n_seeds = _REPEATS * -(-max(seeds[key] for key in chosen) // _REPEATS)
        values = np.full((len(_COLUMNS), len(cells), n_seeds, 2), np.nan)
        for key, run in chosen.items():
            for at, epoch in enumerate((1, budget)):
                values[:, cells[key[2]], seeds[key] - 1, at] = run.epochs[epoch]
        measurements += [
            Measurement(
                dataset="cifar10",
                recipe=f"epochs{budget}",
                split=split,
                metric=metric,
                unit=unit,
                direction=direction,
                values=column,
                seeds=np.arange(1, n_seeds + 1),
                epochs=np.array([1, budget]),
            )
            for (split, metric, unit, direction), column in zip(_COLUMNS, values, strict=True)
            if not np.isnan(column).all()
        ]
    return measurements


def _build_parameters(runs: dict[_Key, _TrainingRun], cells: dict[str, int]) -> Floats:
    values = np.full(len(cells), np.nan)
    for key, run in runs.items():
        known = values[cells[key[2]]]
        if not np.isnan(known) and known != run.n_params:
            raise SourceError(f"{_RUNS}, line {run.line}: {run.n_params} parameters, {known:g} elsewhere")
        values[cells[key[2]]] = run.n_params
    return values


def _write_notes(refused: Counter[str], n_twice: int) -> str:
    left_out = ", ".join(f"{n:,} of space {space}" for space, n in sorted(refused.items())) or "none"
    return (
        "Rows are canonical: ask with space.canonicalize(archs). Left out because their last row repeats their first "
        f"epoch, so that they have no result: {left_out}. Seeds 1 to 3 are the source's repeats; {n_twice} cells were "
        "trained again for a larger space, as seeds 4 to 6. The spaces up to 4 vertices have all four recipes, 5 "
        "vertices only epochs108. train_s and energy_j are up to that epoch; the energy comes to some 600 W, more than "
        "the graphics card alone (Quadro RTX 6000) draws."
    )
