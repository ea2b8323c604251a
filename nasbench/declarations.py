"""Checking and writing declarations: TOML files of tasks, recipes, importers' mappings and published tables.

An error names the file, the line and the key, says what was found and what is allowed, and suggests similar names.
"""

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Self

from nasbench.errors import InvalidOption, UnknownName, make_unknown_name

Types = type | tuple[type, ...]
Place = tuple[str | int, ...]
"""Keys from the outermost table inwards, and numbers in lists, which count from 0."""
NUMBER = (int, float)
_SHOWN = {str: "text", bool: "true or false", int: "a whole number", float: "a number", list: "a list", dict: "a table"}


class Declaration:
    """The content of a TOML file, or a part of it, and the line of each key.

    Args:
        values: declared keys and values.
        label: name of the declaration in errors.
        text: text of the file; empty where there is no file, such as for a declaration in a record.
        bases: places in the file at which keys of ``values`` may be; the first that has a key counts.
    """

    def __init__(
        self, values: Mapping[str, Any], label: str, *, text: str = "", bases: tuple[Place, ...] = ((),)
    ) -> None:
        self.values, self.label, self.text = dict(values), label, text
        self._bases = bases
        self._known_lines: dict[Place, int] | None = None

    @classmethod
    def read(cls, path: Path, label: str = "") -> Self:
        """Read a file; errors call it ``label``, or by its name if there is no label.

        Raises:
            InvalidOption: the file cannot be read or is not TOML; the message names line and column.
        """
        try:
            text = path.read_text(encoding="utf-8")
            return cls(tomllib.loads(text), label or path.name, text=text)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise InvalidOption(f"{path} is not TOML: {error}") from None
        except OSError as error:
            raise InvalidOption(f"{path} cannot be read: {error}") from None

    def narrow(self, values: Mapping[str, Any], label: str, *bases: Place) -> "Declaration":
        """Return the declaration of ``values``, whose keys are at any of ``bases`` in the same file."""
        return Declaration(values, label, text=self.text, bases=bases)

    def line(self, place: Place) -> int:
        """Return the line of a key; if it has none, that of the innermost table around it that has one, or 1."""
        if self._known_lines is None:
            self._known_lines = _find_lines(self.text)
        while True:
            for base in self._bases:
                if (*base, *place) in self._known_lines:
                    return self._known_lines[*base, *place]
            if not place:
                return 1
            place = place[:-1]

    def where(self, place: Place) -> str:
        """Return the name of a place in errors: the file, and the line of the key."""
        return f"{self.label}, line {self.line(place)}" if self.text else self.label

    def error(self, place: Place, message: str) -> InvalidOption:
        """Return the error for the value at ``place``."""
        return InvalidOption(f"{self.where(place)}: {_format_place(place)}{message}")

    def unknown(self, place: Place, kind: str, seen: object, allowed: Collection[str]) -> UnknownName:
        """Return the error for an unknown name at ``place``, with similar names as suggestions."""
        return UnknownName(f"{self.where(place)}: {make_unknown_name(kind, seen, allowed)}")

    def check(
        self, entry: Any, place: Place, required: Mapping[str, Types], optional: Mapping[str, Types]
    ) -> dict[str, Any]:
        """Check the keys of a table and the types of their values, and return it.

        Raises:
            InvalidOption: ``entry`` is not a table, a key is missing, or a value has the wrong type.
            UnknownName: a key is not allowed.
        """
        if not isinstance(entry, Mapping):
            raise self.error(place, f"is {entry!r}; expected a table")
        known = {**required, **optional}
        for key, value in entry.items():
            if key not in known:
                kind = f"key of {_format_place(place).strip()}" if place else "key"
                raise self.unknown((*place, key), kind, key, known)
            self.check_type((*place, key), value, known[key])
        if missing := sorted(required.keys() - entry.keys()):
            raise self.error(place, f"lacks {', '.join(missing)}")
        return dict(entry)

    def check_type(self, place: Place, value: Any, types: Types) -> None:
        """Check the type of a value; true and false are not numbers.

        Raises:
            InvalidOption: the value has another type.
        """
        expected = types if isinstance(types, tuple) else (types,)
        if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
            raise self.error(place, f"= {value!r} has the wrong type; expected {_describe_types(types)}")

    def check_choice(self, place: Place, value: Any, allowed: Collection[str]) -> None:
        """Check that a value is one of the allowed ones.

        Raises:
            UnknownName: it is not.
        """
        if value not in allowed:
            raise self.unknown(place, _format_place(place).strip(), value, allowed)


def _describe_types(types: Types) -> str:
    given = types if isinstance(types, tuple) else (types,)
    return " or ".join(_SHOWN[kind] for kind in given if not (kind is int and float in given))


def _format_place(place: Place) -> str:
    text = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    return f"{text.lstrip('.')} " if text else ""


def _find_lines(text: str) -> dict[Place, int]:
    """Return the line of every header and key, except for keys inside inline tables."""
    found: dict[Place, int] = {}
    counts: dict[Place, int] = {}
    header: Place = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("["):
            name = _parse_key(line.strip("[] \t"))
            header = _number_place(name, counts, counted=line.startswith("[["))
            found.setdefault(header, number)
        elif "=" in line and not line.startswith((" ", "\t", "#")):
            found.setdefault((*header, *_parse_key(line.partition("=")[0])), number)
    return found


def _number_place(name: tuple[str, ...], counts: dict[Place, int], *, counted: bool) -> Place:
    """Return a header's place; ``[[row]]`` includes its number, a table inside a row the number of the last row."""
    place: Place = ()
    for i, part in enumerate(name):
        place = (*place, part)
        if counted and i == len(name) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def _parse_key(text: str) -> tuple[str, ...]:
    """Read a dotted key, quoted or not; a line that is not a key, such as one of a longer text, is returned whole."""
    try:
        node: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        return (text,)
    path = []
    while isinstance(node, dict) and node:
        key, node = next(iter(node.items()))
        path.append(key)
    return tuple(path)


def format_toml(values: Mapping[str, Any]) -> str:
    """Write plain data as TOML, one line for each key; tables inside are written on the line of their key.

    Args:
        values: key -> text, number, truth value, list or mapping of such.
    """
    return "".join(f"{_quote_key(key)} = {format_toml_value(value)}\n" for key, value in values.items())


def format_toml_value(value: Any) -> str:
    """Write a text, number, truth value, list or mapping as TOML writes it on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_quote_key(key)} = {format_toml_value(item)}" for key, item in value.items())
        return f"{{ {pairs} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(format_toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _quote_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key, ensure_ascii=False)
