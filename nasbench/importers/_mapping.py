"""The mapping from a user's columns to the schema: a short TOML file, checked key by key."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from nasbench.declarations import NUMBER, Declaration, Place, Types
from nasbench.errors import InvalidOption, UnknownName, make_unknown_name
from nasbench.importers._directions import explain_unknown_direction, find_direction
from nasbench.importers._units import UNITS

_SHIPPED = Path(__file__).parent / "maps"
_PROVENANCE = ("citation", "licence", "source")
_TEXTS = (*_PROVENANCE, "name", "title", "notes")
_ROOT = {*_TEXTS, "architecture", "defaults", "measurement", "static", "file", "decimal", "where", "undecided"}
_ROOT |= {"file_names", "arrays"}
_ARCHITECTURE: dict[str, Types] = {
    "space": str,
    "space_options": dict,
    "column": str,
    "columns": (list, dict),
    "template": str,
    "digits": list,
    "digits_order": list,
    "form": str,
    "missing": (str, *NUMBER, list),
}
_SHARED = {"column", "dataset", "metric", "unit", "direction", "missing", "where", "seed"}
_STATIC = _SHARED | {"average"}
_MEASUREMENT = _SHARED | {"recipe", "split", "epoch", "epoch_offset", "per"}
_LABEL = re.compile(r"\w[\w.+-]*")
_PLACEHOLDER = re.compile(r"\\{(dataset|recipe|split|metric|seed|epoch)\\}")

_LARGEST = 2**31
_DIRECTIONS = ("maximize", "minimize", "none")

LABELS = ("dataset", "recipe", "split", "metric")
PER = ("total", "epoch", "answer")
"""What a cell of seconds or energy covers: everything so far, its own epoch, or one answer, such as a validation."""
SPENT = ("s", "J")
"""Units of the schema that add up over the epochs."""
ROWS = "rows"
"""As a seed: rows that differ only in the value are repeated training runs, numbered in the order of the file."""


@dataclass(frozen=True, slots=True)
class FromColumn:
    """A value read from a column of the file; ``rename`` maps the file's texts to other ones."""

    column: str
    rename: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class MappingEntry:
    """One column of values. Labels, seed and epoch are the same for all rows, or come from other columns.

    Attributes:
        unit: as declared, a key of ``UNITS``.
        direction: as declared; empty if the metric's name comes from a column and determines it.
        missing: cells that stand for a missing value.
        where: column -> allowed texts; other rows are skipped.
        epoch_offset: added to the file's epochs; 1 if the file counts from 0.
        per: one of ``PER`` for seconds and energy; empty if the mapping does not say.
        average: of a static metric, whether its value is the mean over the rows of an architecture.
    """

    column: str
    dataset: str | FromColumn
    metric: str | FromColumn
    unit: str
    direction: str
    recipe: str | FromColumn = ""
    split: str | FromColumn = ""
    seed: int | str | FromColumn = 0
    epoch: int | FromColumn = 1
    epoch_offset: int = 0
    per: str = ""
    average: bool = False
    missing: tuple[Any, ...] = ()
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceLayout:
    """What a mapping declares about a source that is not a single table.

    Attributes:
        file_names: pattern of the files in a folder or archive, whose placeholders become columns.
        arrays: the section ``[arrays]``: the list of architectures, and what the axes mean.
        whole: columns whose nested values stay whole: that of the architecture.
    """

    file_names: str = ""
    arrays: Mapping[str, Any] = field(default_factory=dict)
    whole: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A whole mapping. ``architecture`` stays a plain table, because the space checks its options.

    Attributes:
        where: column -> allowed texts; the importer skips all other rows.
        decimal: the decimal point of the file's numbers.
        layout: what is declared about a folder, an archive or arrays.
    """

    file: str
    text: Mapping[str, str]
    architecture: Mapping[str, Any]
    measurements: tuple[MappingEntry, ...]
    statics: tuple[MappingEntry, ...]
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decimal: str = "."
    layout: SourceLayout = field(default_factory=SourceLayout)


def list_shipped_maps() -> dict[str, Path]:
    """Return the mappings for public files that the suite ships; name -> path."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.toml"))}


def read_mapping(which: str) -> TableMapping:
    """Read a mapping: a file, or the name of a shipped mapping.

    Raises:
        InvalidOption: the file is not TOML, a key is unknown or missing, or a value is not allowed.
        UnknownName: there is neither such a file nor a shipped mapping of that name.
    """
    path = list_shipped_maps().get(which, Path(which))
    if not path.is_file():
        if path.suffix == ".toml":
            raise InvalidOption(f"the mapping {path} does not exist; write a first one with --guess")
        raise make_unknown_name("mapping", which, list_shipped_maps())
    try:
        return _build_mapping(path.name, Declaration.read(path, str(path)))
    except UnknownName as error:
        raise InvalidOption(str(error)) from None


def _build_mapping(file: str, declared: Declaration) -> TableMapping:
    given = declared.values
    _check_keys(declared, (), "key", given, _ROOT)
    text = _read_provenance(declared)
    if open_ := _make_list(given.get("undecided", ())):
        raise declared.error(
            ("undecided",), f"({len(open_)}): {open_[0]}; answer it by editing the mapping, then delete the question"
        )
    if given.get("decimal", ".") not in (".", ",") or not isinstance(given.get("where", {}), Mapping):
        raise declared.error((), "expected decimal = '.' or ',', and where = { COLUMN = VALUE }")
    architecture = _read_architecture(declared, given.get("architecture", {}))
    defaults = given.get("defaults", {})
    _check_keys(declared, ("defaults",), "key of [defaults]", defaults, _MEASUREMENT - {"column", "per"})
    kinds: list[tuple[MappingEntry, ...]] = []
    for kind, keys in (("measurement", _MEASUREMENT), ("static", _STATIC)):
        inherited = keys - {"seed"} if kind == "static" else keys  # most statics do not depend on the seed
        shared = {key: value for key, value in defaults.items() if key in inherited}
        entries = given.get(kind, [])
        if not isinstance(entries, list) or not all(isinstance(item, Mapping) for item in entries):
            raise declared.error((kind,), f"must be written [[{kind}]], with double brackets")
        read = (
            _read_entry(_Part(declared, (kind, i), f"[[{kind}]] {i + 1}"), shared | item, keys)
            for i, item in enumerate(entries)
        )
        kinds.append(tuple(read))
    if not any(kinds):
        raise declared.error((), "the mapping has no column: add a [[measurement]] or a [[static]]")
    where = _read_where(given.get("where", {}))
    layout = _read_layout(declared)
    return TableMapping(file, text, architecture, kinds[0], kinds[1], where, given.get("decimal", "."), layout)


def _read_layout(declared: Declaration) -> SourceLayout:
    """Return what a mapping says about file names and arrays."""
    names, arrays = declared.values.get("file_names", ""), declared.values.get("arrays", {})
    declared.check_type(("file_names",), names, str)
    declared.check_type(("arrays",), arrays, dict)
    declared.check(arrays, ("arrays",), {}, {"architectures": str, "axes": (list, dict)})
    column = declared.values["architecture"].get("column")
    return SourceLayout(names, arrays, (column,) if column else ())


class _Part(NamedTuple):
    """An entry of a mapping, its place in the file, and its name in error messages."""

    declared: Declaration
    place: Place
    shown: str

    def error(self, message: str, key: str = "") -> InvalidOption:
        """Return an error about the entry, or about one of its keys."""
        where = self.declared.where((*self.place, key) if key else self.place)
        return InvalidOption(f"{where}: {self.shown}{message}")

    def check_keys(self, kind: str, given: Any, allowed: Iterable[str]) -> None:
        """Raise an error for a key that is not allowed; ``kind`` describes the keys."""
        _check_keys(self.declared, self.place, f"{kind} {self.shown}", given, allowed)


def _check_keys(declared: Declaration, place: Place, kind: str, given: Any, allowed: Iterable[str]) -> None:
    """Raise an error for a key that is not allowed."""
    if not isinstance(given, Mapping):
        raise InvalidOption(f"{declared.where(place)}: {kind}: expected a table, found {given!r}")
    if surplus := sorted(set(given) - set(allowed)):
        raise declared.unknown((*place, surplus[0]), kind, surplus[0], list(allowed))


def _read_provenance(declared: Declaration) -> dict[str, str]:
    """Return the texts that the table takes over unchanged."""
    text = {key: declared.values[key] for key in _TEXTS if key in declared.values}
    for key in _PROVENANCE:
        if not str(text.get(key, "")).strip():
            where = declared.where((key,))
            raise InvalidOption(f"{where}: the {key} is missing: every table needs citation, licence and source")
    for key, value in text.items():
        declared.check_type((key,), value, str)
    return text


def _read_architecture(declared: Declaration, given: Any) -> Mapping[str, Any]:
    place = ("architecture",)
    if not isinstance(given, Mapping):
        raise declared.error(place, f"is {given!r}; expected a table")
    for key, value in declared.check(given, place, {}, _ARCHITECTURE).items():
        members = [] if key in ("space_options", "missing") else value.values() if isinstance(value, dict) else value
        for member in members:
            declared.check_type((*place, key), member, int if key == "digits_order" else str)
    if "form" in given and "digits" in given:
        raise declared.error(place, "has both form and digits; the numbers mean one or the other")
    if not given.get("space") or len({"column", "columns", "template"} & given.keys()) != 1:
        raise declared.error(place, "needs a space and exactly one of: column, columns, template")
    architecture: Mapping[str, Any] = given
    return architecture


def _read_where(given: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the allowed texts of each column in a ``where``."""
    return {
        column: tuple(text for item in _make_list(value) for text in _list_spellings(item))
        for column, value in given.items()
    }


def _list_spellings(value: Any) -> tuple[str, ...]:
    """Return the texts by which files may write a value; truth values have several spellings."""
    text = str(value)
    return (text, text.lower(), text.upper()) if isinstance(value, bool) else (text,)


def _read_entry(part: _Part, given: dict[str, Any], keys: set[str]) -> MappingEntry:
    part.check_keys("key of", given, keys)
    if not isinstance(given.get("column"), str) or not isinstance(given.get("where", {}), Mapping):
        raise part.error(f": expected column = TEXT, and optionally where = {{ COLUMN = VALUE }}; found {given}")
    part = part._replace(shown=f"{part.shown} ({given['column']})")
    measured = "split" in keys
    names = _PLACEHOLDER.findall(re.escape(given["column"]))
    part.check_keys("part of the column's name in", dict.fromkeys(names), keys)
    if clash := sorted(set(names) & given.keys()):
        raise part.error(f": {clash[0]} is given twice, as a key and in the column's name", clash[0])
    needed = ("column", "dataset", "recipe", "split", "metric", "unit", "epoch") if measured else ("column", "unit")
    if lacking := [key for key in needed if key not in given and key not in names]:
        raise part.error(f" lacks {', '.join(lacking)}")
    unit = given["unit"]
    if not isinstance(unit, str) or unit not in UNITS:
        raise part.declared.unknown((*part.place, "unit"), f"unit of {part.shown}", unit, UNITS)
    # By default a static metric has the name of its column.
    values = {"dataset": "all", "metric": given["column"]} | given | dict.fromkeys(names, "")
    values |= {
        key: _read_value(part, key, values[key])
        for key in (*LABELS, "seed", "epoch")
        if key in values and key not in names
    }
    values["direction"] = _read_direction(part, given, values["metric"], UNITS[unit].unit, static=not measured)
    values["missing"] = _make_list(given.get("missing", ()))
    values["where"] = _read_where(given.get("where", {}))
    if not _is_integer(values.get("epoch_offset", 0), -_LARGEST):
        raise part.error(f": epoch_offset = {values['epoch_offset']!r} is not an integer", "epoch_offset")
    if "per" in given and (given["per"] not in PER or UNITS[unit].unit not in SPENT):
        raise part.error(
            f": per = {given['per']!r}; seconds and energy take one of {', '.join(PER)}, other units none", "per"
        )
    if not isinstance(given.get("average", False), bool) or (given.get("average") and "seed" in given):
        raise part.error(
            ": average = true takes the mean over all rows of an architecture, and needs no seed", "average"
        )
    if given.get("average"):
        values["seed"] = ROWS
    return MappingEntry(**values)


def _read_direction(part: _Part, given: Mapping[str, Any], metric: Any, unit: str, *, static: bool) -> str:
    """Return the direction: declared, or derived from the metric; empty if the metric comes from a column."""
    if "direction" in given:
        if given["direction"] not in _DIRECTIONS:
            raise part.error(
                f": direction = {given['direction']!r} is not one of {', '.join(_DIRECTIONS)}", "direction"
            )
        return str(given["direction"])
    if not isinstance(metric, str) or not metric:
        return ""
    if why := explain_unknown_direction(metric, unit, static=static):
        raise part.error(f": {why}")
    return find_direction(metric, unit, static=static)


def _make_list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _read_value(part: _Part, key: str, given: Any) -> Any:
    """Return a label or number unchanged, and ``{column = ...}`` as ``FromColumn``."""
    if isinstance(given, Mapping):
        part.check_keys(f"key of {key} in", given, ("column", "rename"))
        rename = given.get("rename", {})
        if not isinstance(given.get("column"), str) or not isinstance(rename, Mapping):
            raise part.error(f": {key} = {given!r}; expected {{ column = NAME, rename = {{ OLD = 'NEW' }} }}", key)
        return FromColumn(given["column"], rename)
    if key == "seed" and given == ROWS:
        return given
    if key in ("seed", "epoch"):
        if not _is_integer(given, int(key == "epoch")):
            raise part.error(f": {key} = {given!r} is not an integer of at least {int(key == 'epoch')}", key)
    elif why := label_complaint(key, given):
        raise part.error(f": {why}", key)
    return given


def _is_integer(given: Any, least: int) -> bool:
    return type(given) is int and least <= given <= _LARGEST


def label_complaint(key: str, label: Any) -> str:
    """Return why ``label`` cannot name a data set, recipe, split or metric; empty if it can."""
    if key == "split" and label not in ("train", "valid", "test"):
        return (
            f"split {label!r} is not one of train, valid, test; "
            "to rename, write { column = ..., rename = { val = 'valid' } }"
        )
    if not isinstance(label, str) or not _LABEL.fullmatch(label):
        return f"{key} {label!r} is not a valid name; allowed are letters, digits, '_', '.', '+' and '-'"
    return ""


def expand_pattern(entry: MappingEntry, columns: Iterable[str]) -> list[MappingEntry]:
    """Return one entry for each column that matches a pattern such as ``acc_{epoch}``.

    Raises:
        InvalidOption: no column matches, or a matched part is not a valid label.
    """
    escaped = re.escape(entry.column)
    names = _PLACEHOLDER.findall(escaped)
    if not names or entry.column in columns:
        return [entry]
    seen: set[str] = set()

    def group(match: re.Match[str]) -> str:
        if match[1] in seen:
            return f"(?P={match[1]})"
        seen.add(match[1])
        return f"(?P<{match[1]}>" + (r"\d+)" if match[1] in ("seed", "epoch") else r".+?)")

    pattern = re.compile(_PLACEHOLDER.sub(group, escaped))
    found = []
    for column in columns:
        if match := pattern.fullmatch(column):
            parts: dict[str, Any] = {
                key: int(part) if key in ("seed", "epoch") else part for key, part in match.groupdict().items()
            }
            for key in LABELS:
                if key in parts and (why := label_complaint(key, parts[key])):
                    raise InvalidOption(f"column '{column}', read as '{entry.column}': {why}")
            found.append(replace(entry, column=column, **parts))
    if not found:
        raise InvalidOption(f"no column matches '{entry.column}'; the file has {', '.join(columns)}")
    return found
