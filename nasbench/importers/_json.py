"""JSON files of others: read whole, and told apart from anything else by name."""

import json
from pathlib import Path
from typing import Any

from nasbench.errors import SourceError


def load_object(path: Path, where: str) -> dict[str, Any]:
    """Return the object in a JSON file.

    Args:
        path: the file.
        where: what to tell a user who has none of it.

    Raises:
        SourceError: no such file, no JSON, JSON that is no object, or a key that stands in an object twice.
    """
    try:
        loaded = parse_json(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); {where}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is truncated or no JSON ({error}); {where}") from error
    if not isinstance(loaded, dict):
        raise SourceError(f"{path} holds a JSON {type(loaded).__name__}, expected an object; {where}")
    return loaded


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text; of a key that stands in an object twice, one value would be lost without a word.

    Raises:
        ValueError: no JSON, or such a key.
    """
    return json.loads(text, object_pairs_hook=_refuse_repeated_keys)


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands in an object twice")
    return made


def read_number(value: Any) -> float:
    """Return a JSON number as a float.

    Raises:
        TypeError: it is text, a truth value, a list or nothing.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
