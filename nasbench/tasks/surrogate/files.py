"""Files of surrogates: where they lie, whether another one lies there, and what they say of their space."""

import contextlib
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption, NasbenchError, TableError
from nasbench.files import make_not_replaced
from nasbench.spaces import EnumeratedSpace, SearchSpace, select_kept_options
from nasbench.tasks.declarations import SURROGATE, surrogate_files, surrogate_folder
from nasbench.tasks.surrogate.archive import describe


def locate_surrogate(name: str) -> Path:
    """Return the place of a surrogate among the user's own.

    Raises:
        InvalidOption: a name that is no file name.
    """
    if not name or name != Path(name).name or ":" in name or name.startswith("."):
        raise InvalidOption(f"surrogate name {name!r}; expected letters, digits, '-' and '_'")
    return surrogate_folder() / f"{name}{SURROGATE}"


def refuse_other_fit(path: Path, described: Mapping[str, Any], predictors: Collection[str]) -> None:
    """Refuse, before anything is fitted, to replace a surrogate that was fitted otherwise.

    Args:
        path: of the surrogate, there or not.
        described: what is known of the new one.
        predictors: to choose from; empty for the suite's own.

    Raises:
        InvalidOption: such a one is there, or a file that is none.
    """
    if not path.exists():
        return
    try:
        there, _ = describe(path)
    except TableError as error:
        raise make_not_replaced(path, f"is no surrogate that could be compared ({error})") from None
    known = json.loads(json.dumps(described))
    if differing := [key for key in known if known[key] != there.get(key)]:
        raise make_not_replaced(path, f"was fitted with another {differing[0]}")
    if predictors and set(predictors) != set(there["chosen_by"]):
        raise make_not_replaced(path, f"was chosen among {', '.join(there['chosen_by'])}")


def read_content_checksum(path: Path) -> str:
    """Return the checksum of a surrogate; empty of a file that is none."""
    try:
        return describe(path)[1]
    except TableError:
        return ""


def find_surrogate(checksum: str, places: Iterable[Path]) -> Path | None:
    """Return the file of the surrogate with this content: one of ``places``, or any of the user's; None without."""
    for path in (*places, *surrogate_files()):
        with contextlib.suppress(NasbenchError, OSError):  # a damaged one is not the one that is looked for
            if describe(path)[1] == checksum:
                return path
    return None


def keep_space_options(space: SearchSpace, given: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return options of a space as a description holds them: as text where the order of decisions counts."""
    kept = select_kept_options(space, given)
    return json.dumps(kept) if kept else dict(given)


def compute_rows_digest(space: SearchSpace) -> str:
    """Return what the stored predictions rely on: the order of a listed space, else its decisions."""
    rows = space.rows.tobytes() if isinstance(space, EnumeratedSpace) else b""
    return hashlib.sha256(repr(space.decisions).encode() + space.cardinality.tobytes() + rows).hexdigest()
