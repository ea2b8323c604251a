"""Any table of trained architectures, read by a short TOML mapping.

The source is a CSV, Parquet, JSON or JSON lines file (also compressed), a folder or archive (zip, tar, tar.gz) of one
JSON or CSV file per training run, or an array (.npy, .npz) beside a list of architectures.

``nasbench import table FILE --decisions depth,lr --score val_acc`` makes a table and a task of a file with one training
in each row. ``nasbench import table FILE`` guesses these columns too; if a question remains, it writes a mapping to
complete. ``--guess`` only writes the mapping; ``nasbench import table FILE --map MAP.toml --name mine`` imports by it.
The suite ships mappings for some public files, available by name (``--map nb201_test_epochs200``). The guess knows the
exports of Optuna, Ray Tune, Weights & Biases, MLflow and scikit-learn. Where names do not determine the meaning, it
leaves a line empty or writes a question under ``undecided``; the importer refuses a mapping with open questions. A
mapping::

    citation = "who measured this"      # citation, licence and source are required
    licence = "MIT"
    source = "https://..."

    [architecture]
    space = "nb201"                     # optionally with space_options, which the table keeps for its tasks
    column = "cell"                     # in the space's text form
    # columns = ["lr", "depth"]         # or one column per decision (space "hyper")
    # template = "{shape}:{a},{b},{c},{d}"            # or a text made from several columns
    # form = "index"                     # or the column holds the benchmark's official numbers, or "naslib" codes
    # digits = ["skip_connect", "none"]               # the column holds digits: the operation of each digit
    # digits_order = [0, 1, 3, 2, 4, 5]               # and the position of the first, second, ... decision's digit

    [defaults]                          # defaults for all entries below
    dataset = "cifar10"
    recipe = "epochs30"
    seed = { column = "seed" }          # any label, seed or epoch may come from a column

    [[measurement]]                     # varies with seed or epoch
    column = "valid_acc_{epoch}"        # all columns with such names; or one column, with epoch = 30
    split = "valid"
    metric = "accuracy"
    unit = "percent"                    # percent fraction s ms min h duration count millions J mJ kWh nats none ...
    missing = -1                        # cells that stand for a missing value; empty cells always do

    [[static]]                          # one value per architecture
    column = "params"
    metric = "n_params"
    unit = "millions"

A table stores seconds and energy over several epochs as totals. With ``per = "epoch"``, a cell holds the cost of
its own epoch, and the importer sums up. With ``per = "total"``, a cell holds the total so far, which must not
decrease. Without ``per``, a column that grows counts as totals; the importer asks about one that hardly grows.
``per = "answer"`` keeps the cost of each validation as it is.

Further keys: ``direction`` (required if the metric's name does not determine it, as ``accuracy`` and ``rmse``
do), ``where = { column = value }`` (use only those rows; at the top of the mapping, it applies to all entries),
``epoch_offset = 1`` (the file counts epochs from 0), ``rename = { val = "valid" }`` beside ``column`` in a
label, and at the top ``decimal = ","``. Without ``seed``, the values are one run, or a mean, called seed 0.
With ``seed = "rows"``, the rows of an architecture are its training runs, numbered in the order of the file.
The importer joins values by architecture, never by the order of rows, and refuses two different values for one
place. Error messages count rows from 1, below the header.

A static metric that varies with the training takes ``seed = { column = "seed" }``, which keeps the value of each seed,
or ``average = true``, the mean over the rows of an architecture. Without either, two different values are an error.
The unit ``duration`` reads ``1:30:00``, ``90:30`` (minutes and seconds), ``1 day, 2:03:04``, ``0 days 00:01:30.5``
and ISO 8601 such as ``PT1H30M``.

``--skip-unreadable`` leaves out rows with a wrong number of fields, with a cell that is no number or outside its unit,
or whose architecture cannot be read. It prints how many and why, and the table's notes keep the number. If these are
more than half of the rows, the file is refused: then the mapping is wrong.

A text may have up to 1 GiB, one of JSON or with irregular quotes 256 MiB, a Parquet file 50 million cells, and a
column of the table 2**27 cells; larger ones are refused. A table of a million rows and 12 columns takes about 0.7 GB.

In a folder or archive, each file is a row (several, if it holds a list, JSON lines or a CSV). The column ``file`` holds
its path without the ending, and the mapping's ``file_names = "{cell}/seed{seed}.json"`` makes further columns of parts
of the path; files of other names are skipped. Arrays need ``[arrays]``, with ``architectures = "archs.txt"`` (texts,
one per line, a JSON list, or an array) and ``axes = ["architecture", "seed", "epoch"]``: ``scores.npy`` then has the
columns ``scores.seed0.epoch0`` and so on, for which a mapping writes ``scores.seed{seed}.epoch{epoch}``.
docs/formats.md has an example of each.

The importer refuses a CSV line with more or fewer fields than the header. If the last line does not end with a
newline, the file may be truncated inside its last field, and the importer prints a warning. Numbers must have no
thousands separators. Nested JSON is flattened to columns such as ``valid.accuracy.0``, and records by key get a
column ``key``.

Both long and wide tables (Wickham 2014, "Tidy Data") can be read.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.errors import InvalidOption
from nasbench.importers._any_source import check_table_name, make_table_name, read_own_cells, read_source
from nasbench.importers._architectures import open_declared_space, read_architectures
from nasbench.importers._arrays import is_array_file
from nasbench.importers._cells import TextCells, UnreadableRows, describe_skipped
from nasbench.importers._guess import guess_mapping
from nasbench.importers._guess_arrays import guess_array_mapping
from nasbench.importers._mapping import TableMapping, list_shipped_maps, read_mapping
from nasbench.importers._points import build_measurements, build_statics
from nasbench.spaces import select_kept_options
from nasbench.table import TableBuilder


class AnyTable:
    """Reads a user's own table by a mapping.

    Args:
        map: a mapping file, or the name of a shipped mapping.
        name: name of the table; by default the ``name`` in the mapping, else the name of the file, in which
            ``_`` replaces other characters than letters, digits and ``-``.
        skip_unreadable: leave out rows that cannot be read, and say how many and why, instead of refusing the file.

    Attributes:
        remarks: after reading, warnings about the file, for example that its end may be missing.
    """

    table: ClassVar[str] = ""
    where: ClassVar[str] = (
        "any CSV, Parquet, JSON, JSON lines or .npy file of yours, or a folder or archive of JSON files"
    )

    def __init__(self, *, map: str = "", name: str = "", skip_unreadable: bool = False) -> None:
        self._map, self._name, self._skips = map, name, skip_unreadable
        self.remarks: list[str] = []

    def read(self, source: Path) -> TableBuilder:
        """Read a file, folder or archive.

        Raises:
            InvalidOption: the mapping is missing or breaks its rules, or a shipped table has the same name.
            SourceError: the file contradicts the mapping; names the row and the column.
            MissingExtra: pyarrow, which Parquet needs, is not installed.
        """
        if not self._map:
            known = ", ".join(list_shipped_maps())
            raise InvalidOption(f"give --map MAP.toml (write a first one with --guess), or a shipped one: {known}")
        mapping = read_mapping(self._map)
        name = self._check_name(mapping, source)
        cells = read_source(source, mapping.decimal, mapping.layout, skip_unreadable=self._skips)
        self.remarks = [f"{source.absolute().name}: {cells.remark}"] if cells.remark else []
        cells = cells.select_rows(cells.match_rows(mapping.where)) if mapping.where else cells
        while True:
            try:
                draft = _build_table(cells, mapping, name, source)
            except UnreadableRows as error:
                if not self._skips:
                    raise error.add_hint(len(cells)) from None
                cells = cells.skip_rows(error)
            else:
                self.remarks += describe_skipped(cells)
                return draft

    def foresee_attributes(self, source: Path) -> dict[str, Any]:
        """Return the attributes of the table that follow from the mapping alone, to compare them with a table there."""
        if not self._map:
            return {}
        mapping = read_mapping(self._map)
        space = open_declared_space(mapping.architecture)
        known: dict[str, Any] = {"name": self._check_name(mapping, source)}
        known |= {} if self._skips else {"notes": _write_notes(mapping, source)}  # notes count the skipped rows
        options = select_kept_options(space, mapping.architecture.get("space_options", {}))
        known |= {"space": space.name, "space_options": options}
        return known | {key: mapping.text[key] for key in ("citation", "licence", "source")}

    def guess(self, source: Path) -> tuple[str, str]:
        """Return a first mapping of the file, for the user to edit, and a preview of it.

        Raises:
            SourceError: the file cannot be read.
        """
        if is_array_file(source):
            return guess_array_mapping(source, self._name)
        cells = read_own_cells(source)
        self.remarks = [f"{source.absolute().name}: {cells.remark}"] if cells.remark else []
        return guess_mapping(cells, self._name)

    def find_metric(self, column: str) -> str:
        """Return ``split/metric`` of a measured column, or the metric of a static one; other names unchanged."""
        mapping = read_mapping(self._map)
        for entry in (*mapping.measurements, *mapping.statics):
            if entry.column == column and isinstance(entry.metric, str) and isinstance(entry.split, str):
                return f"{entry.split}/{entry.metric}".lstrip("/")
        return column

    def find_columns(self, declared: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ``columns`` of a task on this table: score, its unit, decisions; empty if they are not plain.

        Args:
            declared: the declaration of the task.
        """
        mapping = read_mapping(self._map)
        seen = declared["observed"], declared["metric"]
        scores = [entry for entry in mapping.measurements if (entry.split, entry.metric) == seen]
        given = mapping.architecture
        if len(scores) != 1 or {"template", "digits", "missing"} & given.keys() or "form" in given:
            return {}
        columns = given.get("columns", {"": given.get("column")})
        decisions = dict(columns) if isinstance(columns, Mapping) else {name: name for name in columns}
        return {"score": scores[0].column, "unit": scores[0].unit, "decisions": decisions}

    @property
    def writes_task(self) -> bool:
        """Whether a task is written for the table too: the suite's own mappings belong to tasks of the suite."""
        return self._map not in list_shipped_maps()

    def _check_name(self, mapping: TableMapping, source: Path) -> str:
        return check_table_name(self._name or mapping.text.get("name", "") or make_table_name(source))


def _build_table(cells: TextCells, mapping: TableMapping, name: str, source: Path) -> TableBuilder:
    """Return the table that the mapping finds in the cells."""
    space = open_declared_space(mapping.architecture)
    archs, place = read_architectures(cells, mapping.architecture, space)
    n_skipped = sum(own.n for own in cells.skipped)
    skipped = f" Unreadable rows of the file, left out: {n_skipped:,}." if n_skipped else ""
    return TableBuilder(
        name=name,
        title=mapping.text.get("title", f"{name}: {len(archs):,} architectures of space {space.name}"),
        space=space.name,
        citation=mapping.text["citation"],
        licence=mapping.text["licence"],
        source=mapping.text["source"],
        notes=_write_notes(mapping, source) + skipped,
        architectures=archs,
        cardinality=np.asarray(space.cardinality),
        measurements=build_measurements(cells, mapping.measurements, place, len(archs)),
        statics=build_statics(cells, mapping.statics, place, len(archs)),
        space_options=select_kept_options(space, mapping.architecture.get("space_options", {})),
    )


def _write_notes(mapping: TableMapping, source: Path) -> str:
    notes = mapping.text.get("notes", "").strip() or f"Read from {source.name} by the mapping {mapping.file}."
    options = mapping.architecture.get("space_options", {})
    return f"{notes} Space options: {json.dumps(options)}" if options else notes


def check_mapping(path: Path) -> None:
    """Check that a mapping is complete.

    Raises:
        InvalidOption: it breaks a rule, or leaves a question.
    """
    read_mapping(str(path))
