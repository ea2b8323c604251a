"""Read a user's trainings from wherever they are: one table, a folder or archive of files, or arrays."""

import re
from pathlib import Path

from nasbench.errors import InvalidOption
from nasbench.file_contents import refuse_stand_in
from nasbench.importers._arrays import ENDINGS, is_array_file, read_arrays
from nasbench.importers._cells import TextCells, has_decimal_commas
from nasbench.importers._folders import read_folder
from nasbench.importers._mapping import SourceLayout
from nasbench.importers._members import is_archive
from nasbench.importers._reading import READABLE, read_cells
from nasbench.table.locate import find_shipped_tables

_AS_DECLARED = SourceLayout()
_NAME = re.compile(r"\w[\w.-]*")


def read_source(
    path: Path, decimal: str = ".", layout: SourceLayout = _AS_DECLARED, *, skip_unreadable: bool = False
) -> TextCells:
    """Read a file, folder or archive of any kind that ``nasbench import table`` takes.

    Args:
        path: a table, a folder or archive of JSON or CSV files, or a file of arrays.
        decimal: the decimal separator of its numbers, "." or ",".
        layout: what the mapping declares about file names and arrays.
        skip_unreadable: leave out the lines of a CSV file, and the files of a folder, that cannot be read, and count
            them in ``skipped``.

    Raises:
        InvalidOption: the mapping declares file names or arrays of a source that has none.
        SourceError: the source is missing, damaged, or of another format.
        MissingExtra: pyarrow, which Parquet needs, is not installed.
    """
    refuse_stand_in(path)
    is_arrays = is_array_file(path)
    is_folder = path.is_dir() or (path.is_file() and is_archive(path, READABLE))
    if layout.file_names and not is_folder:
        raise InvalidOption(f"file_names in the mapping: {path} is neither a folder nor an archive")
    if layout.arrays and not is_arrays:
        raise InvalidOption(f"[arrays] in the mapping: {path} is not a file {' or '.join(ENDINGS)}")
    if is_folder:
        return read_folder(path, layout.file_names, decimal, layout.whole, skip_unreadable=skip_unreadable)
    return (
        read_arrays(path, layout.arrays)
        if is_arrays
        else read_cells(path, decimal, layout.whole, skip_unreadable=skip_unreadable)
    )


def read_own_cells(path: Path) -> TextCells:
    """Read a source whose decimal separator is not known: a comma if some column holds only such numbers.

    Raises:
        SourceError, MissingExtra: as ``read_source``.
    """
    cells = read_source(path)
    return read_source(path, ",") if has_decimal_commas(cells) else cells


def make_table_name(source: Path) -> str:
    """Return the name of a table after its file: ``my_runs`` for ``my runs.csv``."""
    return re.sub(r"[^\w-]+", "_", source.absolute().name.partition(".")[0]).strip("_-") or "mine"


def check_table_name(name: str) -> str:
    """Return the name of a new table.

    Raises:
        InvalidOption: it cannot be the name of a file, or a shipped table has it.
    """
    if not _NAME.fullmatch(name):
        raise InvalidOption(f"table name {name!r}: expected letters, digits, '_', '.' and '-'; give --name")
    if (find_shipped_tables() / f"{name}.h5").exists():
        raise InvalidOption(
            f"table name {name!r} belongs to a shipped table, which the new table would hide; give --name"
        )
    return name
