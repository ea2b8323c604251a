"""A TOML file whose errors name the line."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption, unknown_name

Types = type | tuple[type, ...]
NUMBER = (int, float)
_SHOWN = {str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


class Source:
    """A file, read once, and where in it each key stands.

    Args:
        path: of the file.

    Attributes:
        text: of the file.
        values: what it says.

    Raises:
        InvalidOption: no TOML; the message holds line and column.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.text = path.read_text(encoding="utf-8")
            self.values: dict[str, Any] = tomllib.loads(self.text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidOption(f"{path} is no TOML: {error}") from None

    def line(self, place: tuple[str | int, ...]) -> int:
        """Return the line of a key, of the innermost table around it that has one, or 1."""
        lines = _lines(self.text)
        while place and place not in lines:
            place = place[:-1]
        return lines.get(place, 1)

    def error(self, place: tuple[str | int, ...], message: str) -> InvalidOption:
        """Return the error for what stands at ``place``."""
        return InvalidOption(f"{self.path.name}, line {self.line(place)}: {_dotted(place)}{message}")

    def check(
        self, entry: Any, place: tuple[str | int, ...], required: Mapping[str, Types], optional: Mapping[str, Types]
    ) -> dict[str, Any]:
        """Return a table after checking its keys and the types of their values.

        Raises:
            InvalidOption: no table, a key that is missing, or a value of the wrong type.
            UnknownName: a key that does not belong there.
        """
        if not isinstance(entry, dict):
            raise self.error(place, f"is {entry!r}; expected a table")
        known = {**required, **optional}
        for key, value in entry.items():
            if key not in known:
                where = (*place, key)
                raise unknown_name(f"key in {self.path.name}, line {self.line(where)},", key, known)
            if not isinstance(value, known[key]) or (isinstance(value, bool) and known[key] is not bool):
                raise self.error((*place, key), f"= {value!r} has the wrong type; expected {_names(known[key])}")
        if missing := sorted(required.keys() - entry.keys()):
            raise self.error(place, f"lacks {', '.join(missing)}")
        return entry


def _names(types: Types) -> str:
    given = types if isinstance(types, tuple) else (types,)
    return " or ".join(_SHOWN[kind] for kind in given if not (kind is int and float in given))


def _dotted(place: tuple[str | int, ...]) -> str:
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{text.lstrip('.')} " if text else ""


def _lines(text: str) -> dict[tuple[str | int, ...], int]:
    """Return the line of every header and key; keys inside inline tables are not told apart."""
    found: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    header: tuple[str | int, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("["):
            name = _key_path(line.strip("[] \t"))
            header = _numbered(name, counts, counted=line.startswith("[["))
            found.setdefault(header, number)
        elif "=" in line and not line.startswith((" ", "\t", "#")):
            found.setdefault((*header, *_key_path(line.partition("=")[0])), number)
    return found


def _numbered(
    name: tuple[str, ...], counts: dict[tuple[str | int, ...], int], *, counted: bool
) -> tuple[str | int, ...]:
    """Return a header's place: of ``[[row]]`` with its number, of a table inside one with that of the last."""
    place: tuple[str | int, ...] = ()
    for i, part in enumerate(name):
        place = (*place, part)
        if counted and i == len(name) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _key_path(text: str) -> tuple[str, ...]:
    """Read a dotted key, quoted or not; what is none, such as a line of a longer text, is a key of its own."""
    try:
        node: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return (text,)
    path = []
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        path.append(key)
    return tuple(path)
