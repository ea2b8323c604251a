"""The grammar of labels: the name of a component, and its options.

``NAME[@PRESET][,option=value ...]`` names a component, a set of options that its class offers, and further options.
Values are Python literals where they can be, else text. Quotes protect the commas of a label within a label.

``cmd[,option=value ...]:COMMAND`` names a process. Everything after the colon is the command, whatever it contains.
"""

import ast
import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.options import check_option

# a comma between options: before a name, and not inside quotes, where labels have options of their own
_COMMA = re.compile(r""",(?=\s*[A-Za-z_]\w*\s*(?:=|,|$))(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""")
COMMAND = "cmd"
"""The name of strategies that are processes."""
_PROCESS = re.compile(rf"\s*({COMMAND}\s*(?:,[^:]*)?):(.*)", re.DOTALL)


class Finder(Protocol):
    """A registry, which finds components by name."""

    def load(self, name: str) -> Any:
        """Return the class called ``name``; raise an error for an unknown name."""
        ...


@dataclass(frozen=True)
class Choice:
    """A strategy or predictor as a user names it: ``NAME[@PRESET][,option=value ...]``.

    Attributes:
        name: registry name or ``module:Class``.
        preset: one of the class's ``presets``; empty for the paper's defaults.
        options: keyword arguments that override or extend the preset.
        cls: the class itself if a user passed one, so that no registry is needed.
    """

    name: str
    preset: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    cls: type | None = None

    @property
    def label(self) -> str:
        """The choice as text; ``parse`` reads it back."""
        preset, options, command = f"@{self.preset}" if self.preset else "", dict(self.options), ""
        if self.name == COMMAND and isinstance(options.get("command"), str):
            command = ":" + options.pop("command")
        return (
            self.name + preset + "".join(f",{key}={_format_value(value)}" for key, value in options.items()) + command
        )

    @classmethod
    def parse(cls, given: "str | type | Choice") -> "Choice":
        """Read a label, or wrap a class that a user passed directly.

        Raises:
            InvalidOption: an option without a value, or something that is not a label.
        """
        if isinstance(given, Choice):
            return given
        if isinstance(given, type):
            return cls(f"{given.__module__}:{given.__qualname__}", cls=given)
        if not isinstance(given, str | Path):
            raise InvalidOption(f"{given!r}; expected NAME[@PRESET][,option=value], or a class")
        given = str(given)
        if process := _PROCESS.fullmatch(given):
            named = cls.parse(process[1])
            return replace(named, options={**named.options, "command": process[2].strip()})
        head, *pairs = _COMMA.split(given)
        name, _, preset = head.partition("@")
        options = {}
        for pair in pairs:
            key, equals, value = pair.partition("=")
            if not equals or not key.strip():
                raise InvalidOption(f"cannot read option {pair!r} of {given!r}; expected NAME[@PRESET][,option=value]")
            options[key.strip()] = _parse_value(value.strip())
        return cls(name.strip(), preset.strip(), options)

    def resolve(self, registry: Finder) -> tuple[type, dict[str, Any]]:
        """Return the class and all keyword arguments.

        Raises:
            UnknownName: there is no such component, preset or option.
            InvalidOption: a value is of another type than the option, or outside its range.
        """
        component = self.cls or registry.load(self.name)
        presets: Mapping[str, Mapping[str, Any]] = getattr(component, "presets", {})
        if self.preset and self.preset not in presets:
            raise make_unknown_name(f"preset of '{self.name}'", self.preset, presets)
        known = options_of(component)
        for key, value in self.options.items():
            if key not in known:
                raise make_unknown_name(f"option of '{self.name}'", key, known)
            check_option(self.name, key, value, known[key])
        # Copies, so that a run that modifies a list among its options does not change the next run's.
        return component, copy.deepcopy({**presets.get(self.preset, {}), **self.options})


def options_of(component: Any) -> dict[str, Any]:
    """Return the names and annotations of a component's options."""
    import inspect  # slow to import, and only strategies are called with options

    try:
        signature = inspect.signature(component, eval_str=True)
    except NameError:  # an annotation uses a name imported for type checkers only: leave it as text, unchecked
        signature = inspect.signature(component)
    unknown = inspect.Parameter.empty
    return {
        given.name: Any if given.annotation is unknown else given.annotation
        for given in signature.parameters.values()
        if given.kind is inspect.Parameter.KEYWORD_ONLY
    }


def read_defaults(component: Any) -> dict[str, Any]:
    """Return the default values of a component's options; options without a default are left out."""
    import inspect

    parameters = inspect.signature(component).parameters.values()
    named = (given for given in parameters if given.kind is inspect.Parameter.KEYWORD_ONLY)
    return {given.name: given.default for given in named if given.default is not inspect.Parameter.empty}


def _format_value(value: Any) -> str:
    """Write an option so that ``_parse_value`` reads the same value."""
    text = str(value)
    bare = isinstance(value, str) and "," not in text and _parse_value(text) == value
    return text if bare else repr(value)


def _parse_value(text: str) -> Any:
    if text in ("true", "false"):  # as in TOML and JSON; as text, both would count as true
        return text == "true"
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text
