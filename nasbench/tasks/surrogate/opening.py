"""Open surrogate tasks: by name, by file, or as a record describes them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import NasbenchError, TableError, make_unknown_name
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace
from nasbench.tasks.declarations import FRESH, MODES, SAME, SURROGATE, SURROGATE_PREFIX, surrogate_files
from nasbench.tasks.spaces import space_named
from nasbench.tasks.surrogate.archive import describe
from nasbench.tasks.surrogate.files import compute_rows_digest
from nasbench.tasks.surrogate.model import Surrogate, read_known_predictions
from nasbench.tasks.surrogate.task import SurrogateTask


def load_surrogate_task(name: str) -> SurrogateTask:
    """Open ``surrogate-NAME`` or ``path/to/NAME.surrogate``, optionally followed by ``:mean`` or ``:fresh``.

    Raises:
        UnknownName: no surrogate of that name, or another word after the colon.
        TableError: a damaged or foreign file, or one for another version of the space.
    """
    file, _, _ = _split_mode(name)
    if file.endswith(SURROGATE):
        return make_surrogate_task(name, Path(file).expanduser())
    files = {SURROGATE_PREFIX + path.stem: path for path in surrogate_files()}
    if file not in files:
        raise make_unknown_name("task", name, files)
    return make_surrogate_task(name, files[file])


def make_surrogate_task(name: str, path: Path) -> SurrogateTask:
    """Open a surrogate task called ``name`` from any file; errors as ``open_surrogate``."""
    file, colon, mode = _split_mode(name)
    label = SURROGATE_PREFIX + Path(file).stem if file.endswith(SURROGATE) else file
    repeats = FRESH if mode == FRESH else SAME
    return SurrogateTask(
        label + (f":{mode}" if colon else ""), open_surrogate(path), noisy=mode != "mean", repeats=repeats
    )


def _split_mode(name: str) -> tuple[str, str, str]:
    """Split a name into the file's part, the colon if a mode follows, and the mode."""
    return name.rpartition(":") if name.rpartition(":")[2] in MODES else (name, "", "seed")


def open_surrogate(path: Path) -> Surrogate:
    """Open the file of a surrogate.

    Raises:
        FileNotFoundError: no such file.
        TableError: the file is damaged or foreign, or was written for another version of the space.
    """
    spec, checksum = describe(path)
    try:
        if ":" in spec["space"]:  # a file from elsewhere must not import code
            raise make_unknown_name("space", spec["space"], SPACES.names())
        space = space_named(spec["space"], _read_space_options(spec["space_options"]))
        if spec["space_rows_sha256"] != compute_rows_digest(space):
            raise TableError(f"{path} was fitted to {_say_other_space(space, spec)}: fit it again")
        if "direction" not in spec["observed"] and spec["observed"]["unit"] != "fraction":
            raise TableError(f"{path} does not say whether its metric is minimised: fit it again")
        surrogate = Surrogate(
            space, spec, known=read_known_predictions(path, spec, space), path=path, checksum=checksum
        )
        SurrogateTask(spec["name"], surrogate).describe()
    except NasbenchError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TableError(f"{path} does not describe a surrogate: {type(error).__name__} {error}") from error
    return surrogate


def _read_space_options(kept: dict[str, Any] | str) -> dict[str, Any]:
    """Return the options that ``keep_space_options`` stored; older releases stored sorted keys."""
    options: dict[str, Any] = json.loads(kept) if isinstance(kept, str) else kept
    return options


def _say_other_space(space: SearchSpace, spec: Mapping[str, Any]) -> str:
    """Return how a surrogate's space may differ from the space that its options make now."""
    if space.code_options and not isinstance(spec["space_options"], str):
        return (
            f"decisions in another order than {', '.join(space.decisions)}, which an older release did not keep: its "
            "codes would be misread"
        )
    return f"another list of the architectures of '{space.name}' than this release has"
