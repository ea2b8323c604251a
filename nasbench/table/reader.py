"""Read a table: opening it validates the file, and queries return measurements, nan where one is missing."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Floats, Ints, RowIndex, WideRowIndex, freeze_array, get_row_index
from nasbench.errors import (
    InvalidArchitecture,
    InvalidOption,
    MissingMeasurement,
    TableError,
    UnknownName,
    make_unknown_name,
)
from nasbench.file_contents import explain_content
from nasbench.table.column import Column
from nasbench.table.disk_index import DiskIndex
from nasbench.table.schema import (
    FORMAT,
    ROOT_TEXT,
    SCHEMA_VERSION,
    SPACE_OPTIONS,
    SPLITS,
    convert_to_plain,
    digest_content,
)

_UNREADABLE = (OSError, RuntimeError, KeyError, TypeError, ValueError)
"""Exceptions that h5py may raise on damaged files."""


class Table:
    """Measurements of trained architectures, read from one HDF5 file.

    Opening reads only the attributes and checks them against the content checksum. Each column is
    loaded and verified on first use.

    Args:
        path: a file written by ``write_table`` (``data/SCHEMA.md``).

    Attributes:
        name, title, space, citation, licence, source, notes: texts that the importer wrote.
        space_options: the options of the space that determine the meaning of codes; empty if there are none, and in
            tables of an older release.
        checksum: SHA-256 of the content.
        columns: all columns by their path in the file.

    Raises:
        FileNotFoundError: the file does not exist.
        TableError: the file is foreign, truncated or altered, or has another version of the schema.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(f"no table at {self.path}")
        try:
            # Tables never change while they are read, and locking fails on read-only and network disks.
            self._file = h5py.File(self.path, "r", locking=False)
        except OSError as error:
            why = explain_content(self.path, "HDF5") or f"is not a readable HDF5 file (truncated or foreign): {error}"
            raise TableError(f"{self.path} {why}") from error
        try:
            root = {key: convert_to_plain(value) for key, value in self._file.attrs.items()}
        except _UNREADABLE as error:
            raise TableError(f"{self.path} has damaged attributes: {error}") from error
        if root.get("format") != FORMAT:
            raise TableError(f"{self.path} is an HDF5 file but not a {FORMAT}; write one with 'nasbench import'")
        if root.get("schema_version") != SCHEMA_VERSION:
            raise TableError(
                f"{self.path} has schema version {root.get('schema_version')}; this release reads {SCHEMA_VERSION}: "
                "import the source again, or install the release that wrote it"
            )
        self.checksum = str(root.pop("content_sha256", ""))
        self.columns = self._open_columns()
        try:
            digest = digest_content(root, {place: column.attributes for place, column in self.columns.items()})
        except _UNREADABLE as error:
            raise TableError(f"{self.path} has attributes of foreign types: {error}") from error
        if digest != self.checksum:
            raise TableError(f"{self.path} does not match its content checksum: it was changed or is damaged")
        self.name, self.title, self.space, self.citation, self.licence, self.source, self.notes = (
            str(root[key]) for key in ROOT_TEXT
        )
        self.space_options = self._read_options(root.get(SPACE_OPTIONS, "{}"))
        self._n_architectures = self.columns["architectures"].shape[0]
        self._answers: dict[tuple[Any, ...], npt.NDArray[Any] | _OnDisk] = {}

    def _read_options(self, text: Any) -> dict[str, Any]:
        try:
            options: dict[str, Any] = dict(json.loads(text))
        except (TypeError, ValueError, RecursionError) as error:
            raise TableError(f"{self.path} has {SPACE_OPTIONS} that are not a JSON object: {error}") from error
        return options

    def __reduce__(self) -> tuple[type["Table"], tuple[Path]]:
        """Pickle only the path, for other processes."""
        return Table, (self.path,)

    def __repr__(self) -> str:
        """Return the name, the size and the path."""
        return f"Table({self.name!r}, {len(self)} architectures, {str(self.path)!r})"

    def __len__(self) -> int:
        """Return the number of architectures."""
        return self._n_architectures

    def _open_columns(self) -> dict[str, Column]:
        columns: dict[str, Column] = {}

        def visit(place: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset):
                columns[place] = Column(item, place, self.path.name)

        try:
            self._file.visititems(visit)
        except _UNREADABLE as error:
            raise TableError(f"{self.path} is damaged: {error}") from error
        if "architectures" not in columns:
            raise TableError(f"{self.path} holds no architectures")
        return columns

    @property
    def architectures(self) -> Archs:
        """[n, d] all rows of the table in memory, read-only; ``rows`` returns some of them."""
        return self.columns["architectures"].load()

    @cached_property
    def cardinality(self) -> Ints:
        """[d] number of choices of each decision."""
        return freeze_array(np.array(self.columns["architectures"].attributes["cardinality"], dtype=np.int64))

    @cached_property
    def _finder(self) -> RowIndex | WideRowIndex | DiskIndex:
        column = self.columns["architectures"]
        return get_row_index(self.architectures, self.cardinality) if column.fits else DiskIndex(column)

    def rows(self, index: Ints) -> Archs:
        """Return the architectures of rows [n], ``[n, d]``; from disk if the table is large."""
        column, index = self.columns["architectures"], self._check_range(np.asarray(index))
        return column.load()[index] if column.fits else column.gather(index, None, None)

    def index(self, archs: Archs) -> Ints:
        """Return the row of each architecture [n, d], or -1 if the table lacks it; ``[n]``."""
        return self._finder.find(archs)

    @cached_property
    def measurements(self) -> tuple[tuple[str, str, str, str], ...]:
        """All (data set, recipe, split, metric) in the table."""
        places = (place.split("/") for place in self.columns if place.startswith("measurements/"))
        return tuple(sorted((dataset, recipe, split, metric) for _, dataset, recipe, split, metric in places))

    @cached_property
    def statics(self) -> tuple[tuple[str, str], ...]:
        """All (data set, static metric) in the table."""
        places = (place.split("/") for place in self.columns if place.startswith("static/"))
        return tuple(sorted((dataset, metric) for _, dataset, metric in places))

    def describe(self, dataset: str, recipe: str, split: str, metric: str) -> dict[str, Any]:
        """Return the unit, direction, seeds, epochs and checksum of one measurement."""
        return dict(self._build_measurement(dataset, recipe, split, metric).attributes)

    def describe_static(self, dataset: str, metric: str) -> dict[str, Any]:
        """Return the unit, direction, checksum and shape of one static metric."""
        column = self._find_static(dataset, metric)
        return column.attributes | {"shape": column.shape}

    def _find_static(self, dataset: str, metric: str) -> Column:
        column = self.columns.get(f"static/{dataset}/{metric}")
        if column is not None:
            return column
        datasets = {name for name, *_ in (*self.statics, *self.measurements)}
        if dataset not in datasets:
            raise make_unknown_name(f"data set of table '{self.name}'", dataset, datasets)
        known = {name for owner, name in self.statics if owner == dataset}
        error = make_unknown_name(f"static metric of '{dataset}' in table '{self.name}'", metric, known)
        owners = self._list_owners(metric)
        also = f"; data set {owners} has it" if owners else ""
        raise UnknownName(f"{error}{also}")

    def _list_owners(self, metric: str) -> str:
        """Return the data sets that have a static metric, as text; empty if none has it."""
        return " and ".join(repr(owner) for owner, name in self.statics if name == metric)

    def _build_measurement(self, dataset: str, recipe: str, split: str, metric: str) -> Column:
        column = self.columns.get(f"measurements/{dataset}/{recipe}/{split}/{metric}")
        if column is not None:
            return column
        if split not in SPLITS:
            raise make_unknown_name("split", split, SPLITS)
        left = self.measurements
        if dataset in {name for name, _ in self.statics} - {name for name, *_ in left}:
            raise UnknownName(
                f"table '{self.name}' has static metrics of data set '{dataset}', but no measurements; measured data "
                f"sets: {', '.join(sorted({name for name, *_ in left})) or 'none'}"
            )
        for place, (kind, seen) in enumerate(
            (("data set", dataset), ("recipe", recipe), ("split", split), ("metric", metric))
        ):
            known = {entry[place] for entry in left}
            if seen not in known:
                error = make_unknown_name(f"{kind} of table '{self.name}'", seen, known)
                owners = sorted(owner for owner, name in self.statics if name == metric)
                also = (
                    f"; '{metric}' is a static metric, of data set {' and '.join(map(repr, owners))}" if owners else ""
                )
                raise UnknownName(f"{error}{also}")
            left = tuple(entry for entry in left if entry[place] == seen)
        raise AssertionError("unreachable: every part of the name was found")

    def query(
        self,
        index: Ints,
        *,
        dataset: str,
        recipe: str,
        split: str,
        metric: str,
        epoch: int | None = None,
        seed: int | str = "mean",
        missing: str = "nan",
    ) -> npt.NDArray[Any]:
        """Return one measurement of many architectures.

        Args:
            index: [n] rows, as from ``index``.
            dataset: the training data.
            recipe: the training schedule.
            split: ``train``, ``valid`` or ``test``, exactly as measured.
            metric: the metric, for example ``accuracy`` (a fraction).
            epoch: last finished epoch, 1-based; None for the last one of the recipe.
            seed: label of one repeated run, or ``mean`` over the measured ones.
            missing: ``nan`` returns nan for a missing measurement, ``error`` raises an error.

        Returns:
            ``[n]`` floats in the column's unit.

        Raises:
            UnknownName: the table does not have a name.
            InvalidOption: the column does not have the epoch or seed.
            InvalidArchitecture: an index is outside the table (-1 included).
            MissingMeasurement: a measurement is missing, with ``missing="error"``.
        """
        key = (dataset, recipe, split, metric, epoch, seed)
        answer = self._answers.get(key)
        if answer is None:
            answer = self._answer(self._build_measurement(dataset, recipe, split, metric), epoch, seed, key)
        return self._gather(index, answer, missing)

    def static(self, index: Ints, *, dataset: str, metric: str, missing: str = "nan") -> npt.NDArray[Any]:
        """Return a static metric of many architectures: ``[n]``, or ``[n, s]`` if there is one value per seed.

        Arguments and errors as in ``query``.
        """
        key = (dataset, metric)
        answer = self._answers.get(key)
        if answer is None:
            column = self._find_static(dataset, metric)
            answer = column.decode(column.load()) if column.fits else _OnDisk(column, None, None, mean=False)
            self._answers[key] = answer
        return self._gather(index, answer, missing)

    def curves(self, index: Ints, *, dataset: str, recipe: str, split: str, metric: str, seed: int) -> npt.NDArray[Any]:
        """Return the learning curves of one seed, ``[n, t]``, at the epochs that ``describe`` lists."""
        column = self._build_measurement(dataset, recipe, split, metric)
        position = self._find_position(column, "seeds", seed)
        index = self._check_range(np.asarray(index))
        return column.decode(column.load()[index, position] if column.fits else column.gather(index, position, None))

    def _answer(
        self, column: Column, epoch: int | None, seed: int | str, key: tuple[Any, ...]
    ) -> "npt.NDArray[Any] | _OnDisk":
        at_epoch = (
            len(column.attributes["epochs"]) - 1 if epoch is None else self._find_position(column, "epochs", epoch)
        )
        at_seed = None if seed == "mean" else self._find_position(column, "seeds", seed)
        if not column.fits:
            answer: npt.NDArray[Any] | _OnDisk = _OnDisk(column, at_seed, at_epoch, mean=seed == "mean")
        elif at_seed is None:
            answer = _average_seeds(column.decode(column.load()[:, :, at_epoch]))
        else:
            answer = np.ascontiguousarray(column.decode(column.load()[:, at_seed, at_epoch]))
        self._answers[key] = answer
        return answer

    def _find_position(self, column: Column, axis: str, label: int | str) -> int:
        known = column.attributes[axis]
        if label not in known:
            shown = ", ".join(map(str, known[:8])) + (" ..." if len(known) > 8 else "")
            raise InvalidOption(f"{axis[:-1]} {label!r} was not measured; the column has {axis} {shown}")
        return int(known.index(label))

    def _check_range(self, index: npt.NDArray[Any]) -> Ints:
        if index.ndim != 1 or index.dtype != np.int64:
            index = self._as_rows(index)
        # Read as unsigned, a negative row is huge: one pass checks both ends.
        if index.size and index.view(np.uint64).max() >= len(self):
            bad = np.flatnonzero((index < 0) | (index >= len(self)))
            raise InvalidArchitecture(
                f"row {index[bad[0]]} at position {bad[0]} is outside table '{self.name}' of {len(self)} "
                f"architectures ({len(bad)} such; -1 means that the table lacks the architecture)"
            )
        return index

    def _as_rows(self, index: npt.NDArray[Any]) -> Ints:
        """Return rows [n] as int64; refuse anything else, such as architectures, which would give wrong values."""
        if index.ndim == 1 and not index.size:
            return index.astype(np.int64)  # [] is an array of floats
        if index.ndim == 1 and index.dtype.kind in "iu" and index.dtype != np.int8:  # int8 is an architecture
            return index.astype(np.int64)
        raise InvalidArchitecture(
            f"index has dtype {index.dtype} and shape {index.shape}; expected rows of the table, integers [n]. For "
            "architectures [n, d], use table.index(archs); task.query takes architectures and texts"
        )

    def _gather(self, index: Ints, answer: "npt.NDArray[Any] | _OnDisk", missing: str) -> npt.NDArray[Any]:
        values: npt.NDArray[Any] = answer.take(self._check_range(np.asarray(index)), axis=0)
        if missing != "nan":
            self._refuse_missing(values, index, missing)
        return values

    def _refuse_missing(self, values: npt.NDArray[Any], index: Ints, missing: str) -> None:
        if missing != "error":
            raise InvalidOption(f"missing={missing!r}; expected 'nan' or 'error'")
        bad = np.flatnonzero(np.isnan(values.reshape(len(values), -1)).any(axis=1))
        if len(bad):
            raise MissingMeasurement(
                f"the measurement of the architecture in row {index[bad[0]]} is missing ({len(bad)} of {len(values)} "
                "requested); missing='nan' returns nan for it"
            )


class _OnDisk:
    """Replaces an array of answers that is too large for memory: the same ``take``, but from the file."""

    def __init__(self, column: Column, seed: int | None, epoch: int | None, *, mean: bool) -> None:
        self._column, self._seed, self._epoch, self._mean = column, seed, epoch, mean

    def take(self, index: Ints, axis: int) -> npt.NDArray[Any]:
        del axis  # always the first: architectures
        values = self._column.decode(self._column.gather(index, self._seed, self._epoch))
        return _average_seeds(values) if self._mean else values


def _average_seeds(values: npt.NDArray[Any]) -> Floats:
    """Return the mean over the measured seeds, [n, s] -> [n]; nan where there is none."""
    measured = ~np.isnan(values)
    count = measured.sum(axis=1)
    total = np.where(measured, values, 0).sum(axis=1)
    mean: Floats = np.divide(total, count, out=np.full(len(values), np.nan), where=count > 0)
    return mean
