"""Where table files lie: shipped with the package, or imported by the user."""

import os
from pathlib import Path

from nasbench.errors import unknown_name

_PACKAGE = Path(__file__).resolve().parent.parent


def shipped_tables() -> Path:
    """Return the folder of the tables that come with the suite: in the wheel, or in a checkout."""
    inside = _PACKAGE / "data"
    return inside if inside.is_dir() else _PACKAGE.parent / "data"


def user_tables() -> Path:
    """Return the folder of imported tables: ``$NASBENCH_HOME/tables``, or the system's user data folder."""
    home = os.environ.get("NASBENCH_HOME")
    if home:
        return Path(home) / "tables"
    from platformdirs import user_data_path

    return user_data_path("nasbench") / "tables"


def feature_folder() -> Path:
    """Return the folder of features computed before: ``$NASBENCH_HOME/features``, or the system's cache folder."""
    home = os.environ.get("NASBENCH_HOME")
    if home:
        return Path(home) / "features"
    from platformdirs import user_cache_path

    return user_cache_path("nasbench") / "features"


def shipped_names() -> set[str]:
    """Return the names of the tables that come with the suite."""
    return {path.stem for path in shipped_tables().glob("*.h5")}


def table_names() -> dict[str, Path]:
    """Return every table by name; one the user imported hides a shipped one of the same name."""
    folders = (shipped_tables(), user_tables())
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.h5"))}


def find_table(name: str) -> Path:
    """Return the file of a table: of one with that name, or the ``.h5`` file itself.

    Raises:
        UnknownName: no shipped or imported table has that name.
    """
    if name.endswith(".h5"):
        return Path(name)
    tables = table_names()
    if name not in tables:
        raise unknown_name("table", name, tables)
    return tables[name]
