"""Locate table files: shipped with the package, or imported by the user."""

import os
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from pathlib import Path

from nasbench.errors import make_unknown_name

_PACKAGE = Path(__file__).resolve().parent.parent

RECORDED: ContextVar[Mapping[str, str]] = ContextVar("recorded", default={})  # noqa: B039 (never written to)
"""Content checksums of tables by name or file, from a record: while it is set, such a name means that content."""


def find_shipped_tables() -> Path:
    """Return the folder of the shipped tables: in the wheel, or in a checkout."""
    inside = _PACKAGE / "data"
    return inside if inside.is_dir() else _PACKAGE.parent / "data"


def _read_home() -> Path | None:
    """Return ``$NASBENCH_HOME``, with a leading ``~`` expanded to the user's home folder."""
    home = os.environ.get("NASBENCH_HOME")
    return Path(home).expanduser() if home else None


def get_user_folder() -> Path:
    """Return the folder of imported tables: ``$NASBENCH_HOME/tables``, or the system's user data folder."""
    if home := _read_home():
        return home / "tables"
    from platformdirs import user_data_path

    return user_data_path("nasbench") / "tables"


def get_feature_folder() -> Path:
    """Return the folder of cached features: ``$NASBENCH_HOME/features``, or the system's cache folder."""
    if home := _read_home():
        return home / "features"
    from platformdirs import user_cache_path

    return user_cache_path("nasbench") / "features"


def list_shipped_names() -> set[str]:
    """Return the names of the shipped tables."""
    return {path.stem for path in find_shipped_tables().glob("*.h5")}


def list_tables() -> dict[str, Path]:
    """Return the paths of all tables by name; an imported table hides a shipped one of the same name."""
    folders = (find_shipped_tables(), get_user_folder())
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.h5"))}


def find_table(name: str | Path, *, beside: Path | None = None) -> Path:
    """Return the file of a table, given by its name or by an ``.h5`` file.

    Args:
        name: the name of a table, or its file.
        beside: a second folder in which to look for a relative path that the working folder does not have.

    Raises:
        UnknownName: no shipped or imported table has that name.
    """
    name = str(name)
    if (checksum := RECORDED.get().get(name)) and (found := find_content(checksum, [_resolve_name(name)])):
        return found
    if name.endswith(".h5"):
        path = Path(name).expanduser()
        return beside / path if beside and not path.is_file() and (beside / path).is_file() else path
    tables = list_tables()
    if name not in tables:
        raise make_unknown_name("table", name, tables)
    return tables[name]


def _resolve_name(name: str) -> Path:
    """Return the path that a name or file refers to; it may not exist."""
    return Path(name).expanduser() if name.endswith(".h5") else list_tables().get(name, Path(name))


def find_content(checksum: str, places: Iterable[Path]) -> Path | None:
    """Return a file with this content checksum, whatever its name; None if there is none.

    Args:
        checksum: SHA-256 of the content, as stored in the table; opening the table verifies it.
        places: files to check before all imported and shipped ones.
    """
    everywhere = (path for folder in (get_user_folder(), find_shipped_tables()) for path in sorted(folder.glob("*.h5")))
    return next((path for path in (*places, *everywhere) if _read_stated_checksum(path) == checksum), None)


def _read_stated_checksum(path: Path) -> str:
    """Return the checksum stored in a file; empty if there is none."""
    import h5py  # imported here, because finding tables by name needs no HDF5

    try:
        with h5py.File(path, "r", locking=False) as file:
            return str(file.attrs.get("content_sha256", ""))
    except OSError:
        return ""
