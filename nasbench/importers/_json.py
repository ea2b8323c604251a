"""Read external JSON files strictly: errors name the file, and repeated keys are refused."""

import json
from pathlib import Path
from typing import Any

from nasbench.errors import SourceError
from nasbench.file_contents import check_content


def load_object(path: Path, where: str) -> dict[str, Any]:
    """Return the object in a JSON file.

    Args:
        path: the file.
        where: where to get the file; ends each error message.

    Raises:
        SourceError: the file is missing, a pointer of Git LFS or not JSON, the JSON is not an object, or an object
            repeats a key.
    """
    check_content(path)
    try:
        loaded = parse_json(path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}); {where}") from error
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is truncated or not JSON ({error}); {where}") from error
    if not isinstance(loaded, dict):
        raise SourceError(f"{path} holds a JSON {type(loaded).__name__}, expected an object; {where}")
    return loaded


def parse_json(text: str | bytes) -> Any:
    """Parse a JSON text and refuse repeated keys, of which Python would silently keep only the last value.

    Raises:
        ValueError: the text is not JSON, or an object repeats a key.
    """
    return json.loads(text, object_pairs_hook=_refuse_repeated_keys)


def _refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} appears twice in an object")
    return made


def read_number(value: Any) -> float:
    """Return a JSON number as a float.

    Raises:
        TypeError: the value is a text, a truth value, a list or null.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is not a number")
    return float(value)
