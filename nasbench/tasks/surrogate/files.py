"""Files of surrogates: where they are, whether writing one would replace another, and how they describe their space."""

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
    """Return the path of a surrogate in the user's folder.

    Raises:
        InvalidOption: the name is not a file name.
    """
    if not name or name != Path(name).name or ":" in name or name.startswith("."):
        raise InvalidOption(f"surrogate name {name!r}; expected letters, digits, '-' and '_'")
    return surrogate_folder() / f"{name}{SURROGATE}"


def refuse_other_fit(path: Path, described: Mapping[str, Any], predictors: Collection[str]) -> None:
    """Refuse, before anything is fitted, to replace a surrogate that was fitted differently.

    Args:
        path: path of the surrogate; it need not exist.
        described: the description of the new surrogate, as far as it is known.
        predictors: predictors to choose from; empty for the suite's own.

    Raises:
        InvalidOption: the path holds a different surrogate, or another kind of file.
    """
    if not path.exists():
        return
    try:
        there, _ = describe(path)
    except TableError as error:
        raise make_not_replaced(path, f"is not a surrogate that could be compared ({error})") from None
    known = json.loads(json.dumps(described))
    if differing := [key for key in known if known[key] != there.get(key)]:
        raise make_not_replaced(path, f"was fitted with another {differing[0]}")
    if predictors and set(predictors) != set(there["chosen_by"]):
        raise make_not_replaced(path, f"was chosen among {', '.join(there['chosen_by'])}")


def read_content_checksum(path: Path) -> str:
    """Return the checksum of a surrogate; empty for any other file."""
    try:
        return describe(path)[1]
    except TableError:
        return ""


def find_surrogate(checksum: str, places: Iterable[Path]) -> Path | None:
    """Return the surrogate file with this checksum, in ``places`` or in the user's folder; None if there is none."""
    for path in (*places, *surrogate_files()):
        with contextlib.suppress(NasbenchError, OSError):  # a damaged file cannot be the right one
            if describe(path)[1] == checksum:
                return path
    return None


def keep_space_options(space: SearchSpace, given: Mapping[str, Any]) -> dict[str, Any] | str:
    """Return options of a space as a description stores them: as text where the order of decisions counts."""
    kept = select_kept_options(space, given)
    return json.dumps(kept) if kept else dict(given)


def compute_rows_digest(space: SearchSpace) -> str:
    """Return a digest of what stored predictions depend on: a space's decisions, and its order if it is enumerated."""
    rows = space.rows.tobytes() if isinstance(space, EnumeratedSpace) else b""
    return hashlib.sha256(repr(space.decisions).encode() + space.cardinality.tobytes() + rows).hexdigest()
