"""The grammar of labels: the name of a component, and its options.

``[TITLE=]NAME[@PRESET][,option=value ...]`` names a component, a set of options that its class offers, and further
options. Values are Python literals where they can be, else text. Quotes protect the commas of a label within a label.

A title replaces the rest of the label wherever the choice is named: in a record, its random streams and its reports.
The random streams of a run follow from that name, so one class under two titles is two contestants, with different
random numbers.

``[TITLE=]cmd[,option=value ...]:COMMAND`` names a process. Everything after the colon is the command, whatever it
contains.
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
# a title comes before the first equals sign, and none of these characters is in it: so ``NAME,option=value`` and
# ``module:Class,option=value`` have none
_TITLE = re.compile(r"""\s*([^=,:@'"]*[^=,:@'"\s])\s*=(.*)""", re.DOTALL)
_MOST_CHARACTERS = 80  # of a title: it heads rows of tables and stands in legends
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
    """A strategy or predictor as a user names it: ``[TITLE=]NAME[@PRESET][,option=value ...]``.

    Attributes:
        name: registry name or ``module:Class``.
        preset: one of the class's ``presets``; empty for the paper's defaults.
        options: keyword arguments that override or extend the preset.
        cls: the class itself if a user passed one, so that no registry is needed.
        title: the user's own name of the choice; empty for the label that follows from the other attributes.

    Raises:
        InvalidOption: the title is too long, or has characters that labels use.
    """

    name: str
    preset: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    cls: type | None = None
    title: str = ""

    def __post_init__(self) -> None:
        """Check the title."""
        if self.title and (
            len(self.title) > _MOST_CHARACTERS or not self.title.isprintable() or not _is_title(self.title)
        ):
            raise InvalidOption(
                f"the name {self.title[: _MOST_CHARACTERS + 20]!r}; expected at most {_MOST_CHARACTERS} printable "
                "characters, without = , : @, quotes, and spaces at its ends"
            )

    @property
    def label(self) -> str:
        """The name of the choice in records and reports: its title, or else its definition."""
        return self.title or self.definition

    @property
    def definition(self) -> str:
        """The choice as text without its title; ``parse`` reads it back."""
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
            raise InvalidOption(f"{given!r}; expected [TITLE=]NAME[@PRESET][,option=value], or a class")
        given = str(given)
        if titled := _TITLE.fullmatch(given):
            choice = cls.parse(titled[2])
            if choice.title:
                raise InvalidOption(
                    f"{given!r} has two names, {titled[1]!r} and {choice.title!r}; expected at most one"
                )
            return choice.named(titled[1])
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

    @classmethod
    def from_entry(cls, entry: Mapping[str, Any]) -> "Choice":
        """Return the choice that an entry of a record describes, as ``as_entry`` wrote it."""
        return cls(entry["name"], entry["preset"], entry["given"], title=entry.get("title", ""))

    def as_entry(self) -> dict[str, Any]:
        """Return the choice as plain data for a record; its class is not part of it."""
        title = {"title": self.title} if self.title else {}
        return {"name": self.name, "preset": self.preset, "given": dict(self.options)} | title

    def named(self, title: str) -> "Choice":
        """Return the same choice with another title.

        Raises:
            InvalidOption: the title is empty or too long, or has characters that labels use.
        """
        if not isinstance(title, str) or not title:
            raise InvalidOption(f"the name {title!r}; expected a text that is not empty")
        return replace(self, title=title)

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


def named(title: str, given: str | type | Choice) -> Choice:
    """Return a contestant under a name of your own, for ``compare`` and ``evaluate``.

    Args:
        title: the name in records, tables and legends. The random streams of a run follow from it: the same class
            under another name is another contestant, with other random numbers.
        given: a label ``NAME[@PRESET][,option=value]``, or a class.

    Raises:
        InvalidOption: the title or the label is malformed.
    """
    return Choice.parse(given).named(title)


def refuse_process(choice: Choice) -> None:
    """Refuse a process as a part of another strategy, which would neither end it nor count what it uses.

    Raises:
        InvalidOption: the choice is a process.
    """
    if choice.name == COMMAND:
        raise InvalidOption(
            f"'{choice.label}': a process cannot be the inner strategy of another one; name it as a contestant itself"
        )


def _is_title(text: str) -> bool:
    """Whether ``TITLE=NAME`` with this title would be read back."""
    found = _TITLE.fullmatch(f"{text}=name")
    return found is not None and found[1] == text


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
