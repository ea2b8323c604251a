"""Read what files say of a search space: ConfigSpace's JSON, declarations, and values in texts."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers._json import load_object
from nasbench.spaces import DeclaredSpace, declare_integer, declare_real


def read_space_file(path: Path) -> DeclaredSpace:
    """Read a space from a file: ConfigSpace's JSON, or ``decisions`` and ``conditions`` as JSON or TOML.

    Raises:
        InvalidOption: the file has another form.
        SourceError: the file is missing or damaged.
    """
    if path.suffix == ".toml":
        try:
            loaded: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SourceError(f"{path} cannot be read as TOML: {error}") from error
    else:
        loaded = load_object(path, "it should describe the search space")
    if "hyperparameters" in loaded:
        return read_configspace_json(loaded)
    if not isinstance(loaded.get("decisions"), dict) or not isinstance(loaded.get("conditions", []), list):
        raise InvalidOption(f"{path} holds neither 'decisions' nor ConfigSpace's 'hyperparameters'")
    return DeclaredSpace(loaded["decisions"], loaded.get("conditions", []), [])


def read_configspace_json(loaded: Mapping[str, Any]) -> DeclaredSpace:
    """Convert a space that ConfigSpace wrote (formats 0.2 to 0.4) to a declaration.

    Conditions other than ``==`` and ``in`` are left to ``complete_space``, which finds them in the trials.

    Raises:
        SourceError: a part of it has an unknown form.
    """
    try:
        decisions = {str(own["name"]): _read_hyperparameter(own) for own in loaded["hyperparameters"]}
        written = [_read_condition(own) for own in loaded.get("conditions", [])]
    except (KeyError, TypeError, AttributeError) as error:
        raise SourceError(f"the ConfigSpace has an unknown form: {error!r}") from error
    remarks = []
    if loaded.get("forbiddens"):
        remarks.append(f"the space does not hold the {len(loaded['forbiddens'])} forbidden clauses of the ConfigSpace")
    return DeclaredSpace(decisions, [own for own in written if own], remarks)


def _read_hyperparameter(own: Mapping[str, Any]) -> dict[str, Any]:
    kind = own["type"]
    if kind == "constant":
        return {"categorical": [own["value"]]}
    if kind in ("categorical", "ordinal"):
        return {kind: list(own["choices" if kind == "categorical" else "sequence"])}
    if kind.endswith("int"):
        return declare_integer(own["lower"], own["upper"], log=bool(own.get("log")))
    if kind.endswith("float"):
        return declare_real(own["lower"], own["upper"], log=bool(own.get("log")), step=own.get("q"))
    raise SourceError(f"hyperparameter '{own['name']}' has the unknown type {kind!r}")


def _read_condition(own: Mapping[str, Any]) -> dict[str, Any] | None:
    if own["type"] not in ("EQ", "IN"):
        return None
    values = [own["value"]] if own["type"] == "EQ" else list(own["values"])
    return {"decision": own["child"], "when": own["parent"], "is": values}


def guess_value(text: str) -> Any:
    """Return the number or truth value that a CSV cell holds, or else its text."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return {"True": True, "False": False}.get(text, text)


def read_json_text(text: str, what: str) -> Any:
    """Parse a JSON text inside another file.

    Raises:
        SourceError: the text is not JSON.
    """
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise SourceError(f"{what} is not JSON: {error}") from error
