"""Any table of trained architectures: CSV, Parquet, JSON or JSON lines, and a short TOML mapping.

``nasbench import table FILE --guess`` writes a first mapping to edit; ``nasbench import table FILE --map
MAP.toml --name mine`` reads the file by it. Mappings of some public files come with the suite and go
by name (``--map nb201_test_epochs200``). The guess knows what Optuna, Ray Tune, Weights & Biases, MLflow
and scikit-learn write; what a name does not tell is left empty or asked under ``undecided``, and a mapping
with such a line is refused. A mapping::

    citation = "who measured this"      # citation, licence and source are needed
    licence = "MIT"
    source = "https://..."

    [architecture]
    space = "nb201"                     # perhaps with space_options, which the table keeps for its tasks
    column = "cell"                     # in the space's text form
    # columns = ["lr", "depth"]         # or a column a decision (space "hyper")
    # template = "{shape}:{a},{b},{c},{d}"            # or a text made of several columns
    # digits = ["skip_connect", "none"]               # column holds digits; what each stands for
    # digits_order = [0, 1, 3, 2, 4, 5]               # and which of them is the first, second, ... decision

    [defaults]                          # of all entries below
    dataset = "cifar10"
    recipe = "epochs30"
    seed = { column = "seed" }          # any label, seed or epoch may stand in a column

    [[measurement]]                     # varies with seed or epoch
    column = "valid_acc_{epoch}"        # all columns called so; or one, with epoch = 30
    split = "valid"
    metric = "accuracy"
    unit = "percent"                    # percent fraction s ms min h duration count millions J mJ kWh nats none ...
    missing = -1                        # cells that stand for a missing value; empty ones do anyway

    [[static]]                          # one value an architecture
    column = "params"
    metric = "n_params"
    unit = "millions"

Seconds and energy of several epochs are kept as what was spent so far. ``per = "epoch"`` says that a cell
holds what its own epoch took: it is summed up. ``per = "total"`` says that it holds all so far, which is
refused where it falls; it is assumed of a column that grows, and asked about where it hardly does.
``per = "answer"`` keeps what each validation took as it is.

Further keys: ``direction`` (needed where the metric's name does not tell it, as ``accuracy`` and ``rmse``
do), ``where = { column = value }`` (only those rows; at the top of the mapping, no other row is read at
all), ``epoch_offset = 1`` (the file counts from 0), ``rename = { val = "valid" }`` beside ``column`` in a
label, and at the top ``decimal = ","``. Without ``seed`` the values are one repetition, or a mean, called
seed 0; with ``seed = "rows"`` the rows of an architecture are its trainings, numbered as they come.
Architectures join by what they are, never by the order of rows; two values for one place are refused.
Rows in errors count from 1, below the header.

A line of a CSV with more or fewer fields than the header is refused; of a file whose last line does not end,
and which may be cut inside its last field, a note is printed. Numbers are plain: no separators of thousands.
Nested JSON is spread over columns such as ``valid.accuracy.0``, and records by key get a column ``key``.

The shape of the file is the user's; Wickham 2014, "Tidy Data", calls the forms long and wide.
"""

import json
import re
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.errors import InvalidOption
from nasbench.importers._architectures import open_declared_space, read_architectures
from nasbench.importers._cells import has_decimal_commas
from nasbench.importers._guess import guess_mapping
from nasbench.importers._mapping import TableMapping, list_shipped_maps, read_mapping
from nasbench.importers._points import build_measurements, build_statics
from nasbench.importers._reading import read_cells
from nasbench.spaces import select_kept_options
from nasbench.table import TableBuilder
from nasbench.table.locate import find_shipped_tables

_NAME = re.compile(r"\w[\w.-]*")


class AnyTable:
    """Reads a user's own table by a mapping.

    Args:
        map: a mapping file, or the name of a shipped mapping.
        name: of the table; without it the mapping's own ``name``, or that of the file.

    Attributes:
        remarks: after reading, what its user should know of the file, such as that its end may be missing.
    """

    table: ClassVar[str] = ""
    where: ClassVar[str] = "any CSV, TSV, Parquet, JSON or JSON lines file of yours"

    def __init__(self, *, map: str = "", name: str = "") -> None:
        self._map, self._name = map, name
        self.remarks: list[str] = []

    def read(self, source: Path) -> TableBuilder:
        """Read one file.

        Raises:
            InvalidOption: no mapping, one that breaks its rules, or a name that a shipped table has.
            SourceError: the file does not hold what the mapping says, with row and column.
            MissingExtra: Parquet without pyarrow.
        """
        if not self._map:
            known = ", ".join(list_shipped_maps())
            raise InvalidOption(f"give --map MAP.toml (write a first one with --guess), or a shipped one: {known}")
        mapping = read_mapping(self._map)
        name = self._check_name(mapping, source)
        space = open_declared_space(mapping.architecture)
        cells = read_cells(source, mapping.decimal)
        self.remarks = [f"{source.name}: {cells.remark}"] if cells.remark else []
        cells = cells.select_rows(cells.match_rows(mapping.where)) if mapping.where else cells
        archs, place = read_architectures(cells, mapping.architecture, space)
        return TableBuilder(
            name=name,
            title=mapping.text.get("title", f"{name}: {len(archs):,} architectures of space {space.name}"),
            space=space.name,
            citation=mapping.text["citation"],
            licence=mapping.text["licence"],
            source=mapping.text["source"],
            notes=_write_notes(mapping, source),
            architectures=archs,
            cardinality=np.asarray(space.cardinality),
            measurements=build_measurements(cells, mapping.measurements, place, len(archs)),
            statics=build_statics(cells, mapping.statics, place, len(archs)),
            space_options=select_kept_options(space, mapping.architecture.get("space_options", {})),
        )

    def foresee_attributes(self, source: Path) -> dict[str, Any]:
        """Return attributes of the table that the mapping says alone, so that none of another kind is replaced."""
        if not self._map:
            return {}
        mapping = read_mapping(self._map)
        space = open_declared_space(mapping.architecture)
        told: dict[str, Any] = {"name": self._check_name(mapping, source), "notes": _write_notes(mapping, source)}
        options = select_kept_options(space, mapping.architecture.get("space_options", {}))
        told |= {"space": space.name, "space_options": options}
        return told | {key: mapping.text[key] for key in ("citation", "licence", "source")}

    def guess(self, source: Path) -> tuple[str, str]:
        """Return a first mapping of the file, to be edited, and a preview of what was understood.

        Raises:
            SourceError: the file cannot be read.
        """
        cells = read_cells(source)
        self.remarks = [f"{source.name}: {cells.remark}"] if cells.remark else []
        return guess_mapping(read_cells(source, ",") if has_decimal_commas(cells) else cells, self._name)

    def _check_name(self, mapping: TableMapping, source: Path) -> str:
        name = self._name or mapping.text.get("name", "") or source.name.partition(".")[0]
        if not _NAME.fullmatch(name):
            raise InvalidOption(f"table name {name!r}: expected letters, digits, '_', '.' and '-'; give --name")
        if (find_shipped_tables() / f"{name}.h5").exists():
            raise InvalidOption(f"table name {name!r} is that of a shipped table, which it would hide; give --name")
        return name


def _write_notes(mapping: TableMapping, source: Path) -> str:
    notes = mapping.text.get("notes", "").strip() or f"Read from {source.name} by the mapping {mapping.file}."
    options = mapping.architecture.get("space_options", {})
    return f"{notes} Space options: {json.dumps(options)}" if options else notes
