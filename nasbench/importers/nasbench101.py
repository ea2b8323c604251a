"""NAS-Bench-101, from its authors' ``nasbench_full.tfrecord`` or ``nasbench_only108.tfrecord`` (Apache-2.0).

Source: Ying et al. 2019, arXiv 1902.09635. The files hold 423,624 cells trained three times each, on
40,000 of CIFAR-10's training images, for 4, 12, 36 and 108 epochs (only 108 in the smaller file), and
evaluated half-way and at the end. The importer reads and checks the records itself, without TensorFlow.
"""

import base64
import binascii
import json
from pathlib import Path
from typing import ClassVar

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.importers._model_metrics import Evaluation, parse_model_metrics
from nasbench.importers._tfrecord import read_records
from nasbench.spaces.nb101 import NASBench101
from nasbench.table import Measurement, Static, TableBuilder

_RECIPES, _N_SEEDS, _N_CELLS = (4, 12, 36, 108), 3, 423_624
_COLUMNS = (("train", "train_s"), ("train", "accuracy"), ("valid", "accuracy"), ("test", "accuracy"))
_FILES = ("nasbench_full.tfrecord", "nasbench_only108.tfrecord")


class NASBench101Records:
    """Reads the benchmark's own TFRecord file, full or 108 epochs only."""

    table: ClassVar[str] = "nb101"
    where: ClassVar[str] = "get it from https://storage.googleapis.com/nasbench/ (nasbench_full.tfrecord, 1.95 GB)"

    def read(self, source: Path) -> TableBuilder:
        """Read the file, or a folder that holds one of the two.

        Raises:
            SourceError: the file is truncated, corrupt or another one; a hash is not the cell's; a cell has more
                than three repeats; or values are outside their units. Names the byte offset of the record.
        """
        path = self._file(source)
        collected = _Collected(path)
        for offset, payload in read_records(path):
            collected.add(offset, payload)
        if not collected.cells:
            raise SourceError(f"{path} holds no record; {self.where}")
        space = NASBench101()
        return TableBuilder(
            name=self.table,
            title="NAS-Bench-101: cells on CIFAR-10, three repeats, train, validation and test accuracy",
            space=space.name,
            citation="Ying, Klein, Christiansen, Real, Murphy & Hutter, NAS-Bench-101, ICML 2019, arXiv 1902.09635",
            licence="Apache-2.0",
            source=f"{path.name} of google-research/nasbench",
            notes=collected.notes(),
            architectures=space.canonicalize(collected.rows(space)),
            cardinality=space.cardinality,
            measurements=collected.measurements(),
            statics=[
                Static(
                    dataset="cifar10",
                    metric="n_params",
                    unit="count",
                    direction="minimize",
                    values=np.array([cell.n_params for cell in collected.cells.values()], dtype=np.float64),
                )
            ],
        )

    def _file(self, source: Path) -> Path:
        if source.is_dir():
            found = [source / name for name in _FILES if (source / name).is_file()]
            if len(found) != 1:
                raise SourceError(f"{source} holds {len(found)} of {' and '.join(_FILES)}, expected one; {self.where}")
            return found[0]
        if not source.is_file():
            raise SourceError(f"{source} does not exist; {self.where}")
        return source


class _Cell:
    """The data of one hash: its first record's offset, its graph as written, its row and number of parameters."""

    __slots__ = ("graph", "index", "n_params", "offset", "row")

    def __init__(self, index: int, offset: int, graph: tuple[str, str], row: bytes, n_params: int) -> None:
        self.index, self.offset, self.graph, self.row, self.n_params = index, offset, graph, row, n_params


class _Collected:
    """Collects records in growing arrays and builds columns from them."""

    def __init__(self, path: Path) -> None:
        self.cells: dict[str, _Cell] = {}
        self._path, self._space = path, NASBench101()
        self._values: dict[int, Floats] = {}  # epochs -> [capacity, seeds, 2 evaluations, columns]
        self._counts: dict[int, bytearray] = {}  # epochs -> number of repeats seen so far, by cell
        self._known_text: dict[str, str] = {}

    def add(self, offset: int, payload: bytes) -> None:
        """Add one training run."""
        official, epochs, graph, metrics = self._unpack_payload(offset, payload)
        try:
            evaluations, n_params = parse_model_metrics(base64.b64decode(metrics, validate=True))
        except (binascii.Error, ValueError) as error:
            raise self._make_error(offset, f"its metrics cannot be read: {error}") from error
        cell = self.cells.get(official) or self._add_cell(official, offset, graph, n_params)
        if cell.graph != graph or cell.n_params != n_params:
            raise self._make_error(offset, f"hash {official} has another graph or size than at byte {cell.offset}")
        values = self._check_evaluations(offset, epochs, evaluations)
        repeat = self._count_repeat(offset, epochs, cell.index)
        self._values[epochs][cell.index, repeat] = values

    def _unpack_payload(self, offset: int, payload: bytes) -> tuple[str, int, tuple[str, str], str]:
        try:
            official, epochs, adjacency, operations, metrics = json.loads(payload)
        except (ValueError, TypeError) as error:
            raise self._make_error(offset, f"it is not a list of five items ({error})") from error
        if not all(isinstance(text, str) for text in (official, adjacency, operations, metrics)):
            raise self._make_error(offset, "expected hash, matrix, operations and metrics as texts")
        if type(epochs) is not int or epochs not in _RECIPES:
            raise self._make_error(offset, f"{epochs!r} epochs; expected one of {_RECIPES}")
        known = self._known_text  # millions of records repeat a few thousand texts
        graph = (known.setdefault(adjacency, adjacency), known.setdefault(operations, operations))
        return official, epochs, graph, metrics

    def _add_cell(self, official: str, offset: int, graph: tuple[str, str], n_params: int) -> _Cell:
        adjacency, operations = graph[0], graph[1].split(",")
        v = len(operations)
        if len(adjacency) != v * v or not set(adjacency) <= {"0", "1"}:
            raise self._make_error(offset, f"matrix {adjacency!r} does not belong to {v} operations")
        if n_params < 1:
            raise self._make_error(offset, f"{n_params} is not a number of parameters")
        matrix = np.frombuffer(adjacency.encode(), dtype=np.uint8).reshape(v, v) - ord("0")
        try:
            row = self._space.from_graph(matrix, operations)
        except InvalidArchitecture as error:
            raise self._make_error(offset, str(error)) from error
        cell = _Cell(len(self.cells), offset, graph, row.tobytes(), n_params)
        self.cells[official] = cell
        return cell

    def _check_evaluations(self, offset: int, epochs: int, evaluations: list[Evaluation]) -> list[Evaluation]:
        """Return seconds and accuracies half-way and at the end; drop the first evaluation, made before training."""
        if len(evaluations) != 3:
            raise self._make_error(offset, f"{len(evaluations)} evaluations; expected 3 (start, half-way, end)")
        for (epoch, seconds, *accuracies), expected in zip(evaluations[1:], (epochs / 2, epochs), strict=True):
            if abs(epoch - expected) > 0.5:
                raise self._make_error(offset, f"evaluated after epoch {epoch}, expected {expected:g}")
            if not (0 < seconds < 1e7 and all(0 <= accuracy <= 1 for accuracy in accuracies)):
                raise self._make_error(offset, f"{seconds} s, accuracies {accuracies}: expected seconds and fractions")
        if evaluations[2][1] < evaluations[1][1]:
            raise self._make_error(offset, "the training time half-way exceeds the total")
        return [evaluation[1:] for evaluation in evaluations[1:]]

    def _count_repeat(self, offset: int, epochs: int, index: int) -> int:
        if epochs not in self._values:
            self._values[epochs] = np.full((1024, _N_SEEDS, 2, len(_COLUMNS)), np.nan)
            self._counts[epochs] = bytearray(1024)
        while index >= len(self._counts[epochs]):
            old = self._values[epochs]
            self._values[epochs] = np.concatenate([old, np.full_like(old, np.nan)])
            self._counts[epochs].extend(bytes(len(old)))
        repeat = self._counts[epochs][index]
        if repeat == _N_SEEDS:
            raise self._make_error(offset, f"more than {_N_SEEDS} repeats of a cell with {epochs} epochs")
        self._counts[epochs][index] += 1
        return repeat

    def rows(self, space: NASBench101) -> Archs:
        """Return the cells' rows [n, d] after comparing their hashes with those in the file."""
        joined = b"".join(cell.row for cell in self.cells.values())
        rows = np.frombuffer(joined, dtype=np.int8).reshape(len(self.cells), -1)
        for own, (official, cell) in zip(space.hashes(rows), self.cells.items(), strict=True):
            if own != official:
                raise self._make_error(cell.offset, f"hash {official} is not the cell's, which is {own}")
        return rows

    def measurements(self) -> list[Measurement]:
        """Return the seconds and three accuracies of every recipe."""
        return [
            Measurement(
                dataset="cifar10",
                recipe=f"epochs{epochs}",
                split=split,
                metric=metric,
                unit="s" if metric == "train_s" else "fraction",
                direction="minimize" if metric == "train_s" else "maximize",
                values=self._values[epochs][: self._count_rows(epochs), ..., column],
                seeds=np.arange(_N_SEEDS),
                epochs=np.array([epochs // 2, epochs]),
            )
            for epochs in sorted(self._values)
            for column, (split, metric) in enumerate(_COLUMNS)
        ]

    def _count_rows(self, epochs: int) -> int:
        """Add empty rows for cells that this recipe lacks, and return the number of cells."""
        missing = len(self.cells) - len(self._values[epochs])
        if missing > 0:
            room = np.full((missing, *self._values[epochs].shape[1:]), np.nan)
            self._values[epochs] = np.concatenate([self._values[epochs], room])
            self._counts[epochs].extend(bytes(missing))
        return len(self.cells)

    def notes(self) -> str:
        """Return the notes of the table: facts that no column holds, and what this file lacks."""
        short = {
            epochs: int((np.frombuffer(counts, np.uint8, self._count_rows(epochs)) < _N_SEEDS).sum())
            for epochs, counts in sorted(self._counts.items())
        }
        lacking = ", ".join(f"{n:,} after {epochs} epochs" for epochs, n in short.items() if n)
        return (
            "Rows are canonical: ask with space.canonicalize(archs). Trained on 40,000 of CIFAR-10's training images; "
            "validation is the other 10,000, test the official 10,000, train accuracy on 10,000 of those trained. "
            "The source does not name its seeds: 0, 1, 2 are positions. Epochs are half-way and last; train_s is up "
            "to that epoch and excludes evaluation (on TPU). "
            f"The file holds {len(self.cells):,} of the benchmark's {_N_CELLS:,} cells; cells with fewer than "
            f"{_N_SEEDS} repeats: {lacking or 'none'}."
        )

    def _make_error(self, offset: int, why: str) -> SourceError:
        return SourceError(f"{self._path}: the record at byte {offset}: {why}")
