"""What a file of published results says: checked plain data, without opening a table of measurements."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbench.declarations import NUMBER, Declaration, Place, Types
from nasbench.errors import make_unknown_name

FOLDER = Path(__file__).parent / "published"

TRUST = {
    "SRC": "read in the paper, its code or its documentation",
    "QUOTE": "read in another paper or README that quotes it",
    "CALC": "computed from files of the authors",
    "MEM": "recalled, unverified: shown, never judged",
}
UNVERIFIED = "MEM"

KINDS: dict[str, tuple[dict[str, Types], dict[str, Types]]] = {
    "search": ({"strategy": str}, {"by": str}),
    "cells": ({"cells": (list, dict)}, {"columns": dict}),
    "statistic": ({"statistic": str}, {"level": NUMBER}),
    "best_of": ({"n": int}, {"by": str, "columns": dict}),
    "correlation": ({"method": str, "pairs": dict}, {}),
    "evaluations": ({"strategy": str, "task": str}, {}),
    "predictor": (
        {"predictor": str, "task": str, "sizes": dict, "test": str},
        {"metric": str, "column": str, "test_size": int},
    ),
    "extrapolation": ({"predictor": str, "files": dict, "n_train": int, "seen": NUMBER}, {}),
    "none": ({"reason": str}, {}),
}
"""How our numbers of a row come about -> the keys that this needs, and those that it may have.

``by``, the column by which the best is chosen, holds against the reading's; empty for what a search observed.
"""

_TOP: dict[str, Types] = {
    "title": str,
    "citation": str,
    "paper_version": str,
    "source": str,
    "unit": str,
    "decimals": int,
    "runs": int,
    "quick_runs": int,
    "protocol": dict,
    "tolerance": dict,
    "row": list,
}
_TOP_OPTIONAL: dict[str, Types] = {
    "published_runs": int,
    "unverified": list,
    "tables": dict,
    "files": dict,
    "columns": dict,
    "search": list,
    "reading": list,
    "note": str,
}
_Keys = tuple[dict[str, Types], dict[str, Types]]
_COLUMN: _Keys = (
    {"table": str, "dataset": str},
    {"recipe": str, "split": str, "metric": str, "static": str, "size": str, "seed": int, "epoch": int},
)
_FILE: _Keys = ({"source": str, "sha256": str}, {})
_SEARCH: _Keys = ({"task": str, "columns": list}, {"seconds": NUMBER, "trials": int, "interpolate_at": NUMBER})
_READING: _Keys = (
    {"name": str},
    {
        "by": str,
        "trials": int,
        "strategies": dict,
        "columns": dict,
        "isomorphic": bool,
        "explored": bool,
        "note": str,
    },
)
_TOLERANCE: _Keys = ({"reason": str}, {"absolute": NUMBER, "columns": dict, "stds": NUMBER, "std_ratio": NUMBER})
_ROW: _Keys = (
    {"label": str, "trust": str, "ours": dict},
    {"published": dict, "runs": int, "note": str, "tolerance": NUMBER},
)
SIZES = ("n_params", "flops")
"""What a space counts of the networks it describes."""

UNITS = {"percent": 100.0} | dict.fromkeys(("fraction", "count", "correlation", "nats", "s", "J", "none"), 1.0)
"""In which a table is printed, and what numbers of ours are multiplied by."""


@dataclass(frozen=True)
class PublishedCell:
    """A published number; ``std`` is None where none is printed."""

    mean: float
    std: float | None = None


@dataclass(frozen=True)
class Tolerance:
    """How far ours may lie from a published number, decided before running.

    Attributes:
        reason: why so far.
        absolute: in the unit of the table; what the others do not say.
        columns: the same for single columns.
        stds: in published standard deviations, where there is one.
        std_ratio: factor between the standard deviations; None if they are not compared.
    """

    reason: str
    absolute: float | None = None
    columns: Mapping[str, float] = field(default_factory=dict)
    stds: float | None = None
    std_ratio: float | None = None

    def of(self, column: str, cell: PublishedCell, rounding: float) -> float:
        """Return the largest difference allowed; never less than ``rounding``, half a unit of the last digit."""
        if column in self.columns:
            return max(self.columns[column], rounding)
        if self.stds is not None and cell.std:
            return max(self.stds * cell.std, rounding)
        return max(self.absolute or 0.0, rounding)


@dataclass(frozen=True)
class Row:
    """A line of the table: what was published, and how ours comes about (``ours["kind"]``, see ``KINDS``).

    Attributes:
        runs: over which the published numbers are means; None for the table's.
        tolerance: largest difference allowed in all its cells; None for the table's.
    """

    label: str
    trust: str
    ours: Mapping[str, Any]
    published: Mapping[str, PublishedCell]
    runs: int | None = None
    note: str = ""
    tolerance: float | None = None


@dataclass(frozen=True)
class File:
    """A file beside the tables: where it is to be had, and its checksum."""

    source: str
    sha256: str


@dataclass(frozen=True)
class Search:
    """Runs on one task.

    Attributes:
        task: that strategies search.
        columns: of the table that are read off what they found.
        seconds, trials: when a run ends; one of them.
        interpolate_at: seconds at which the incumbents at the two nearest results are interpolated; None for the
            last incumbent.
    """

    task: str
    columns: tuple[str, ...]
    seconds: float | None = None
    trials: int | None = None
    interpolate_at: float | None = None


@dataclass(frozen=True)
class Reading:
    """One way to understand a protocol that is under-specified.

    Attributes:
        name: of it.
        by: column by which the best is chosen, ``{column}`` standing for the one that is reported; empty for what
            the strategy observed.
        trials: of a run, of which only the first so many count; None for all.
        strategies: row -> strategy, for settings that the paper leaves open.
        columns: column -> another one that is read in its place.
        isomorphic: an architecture that a table lacks takes the numbers of one that is isomorphic to it.
        explored: tried once the others had failed, against what the authors' code says: shown, and never the best.
        note: shown beside the verdict.
    """

    name: str
    by: str = ""
    trials: int | None = None
    strategies: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    isomorphic: bool = False
    explored: bool = False
    note: str = ""


@dataclass(frozen=True)
class Published:
    """A published table as an executable claim; attributes as in the file."""

    name: str
    title: str
    citation: str
    paper_version: str
    source: str
    unit: str
    decimals: int
    runs: int
    quick_runs: int
    published_runs: int | None
    unverified: tuple[str, ...]
    note: str
    protocol: Mapping[str, str]
    tolerance: Tolerance
    tables: Mapping[str, str]
    files: Mapping[str, File]
    columns: Mapping[str, Mapping[str, Any]]
    searches: tuple[Search, ...]
    readings: tuple[Reading, ...]
    rows: tuple[Row, ...]
    sha256: str

    @property
    def shown(self) -> list[str]:
        """Columns in which something was published, in order."""
        return list(dict.fromkeys(column for row in self.rows for column in row.published))

    @property
    def scale(self) -> float:
        """What a number of ours is multiplied by to be in the table's unit."""
        return UNITS[self.unit]

    @property
    def rounding(self) -> float:
        """Half a unit of the last printed digit, and a millionth of it for the arithmetic."""
        return 0.5 * 10.0**-self.decimals * (1 + 1e-6)

    def strategy(self, row: Row, reading: Reading) -> str:
        """Return the strategy of a row, as a reading has it."""
        return str(reading.strategies.get(row.label, row.ours["strategy"]))

    def judged(self, row: Row, column: str) -> bool:
        """Whether a cell may be judged: its number was read somewhere."""
        return column in row.published and row.trust != UNVERIFIED and column not in self.unverified


def list_published(folder: Path = FOLDER) -> dict[str, Path]:
    """Return every file of published results by name."""
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_published(name: str, folder: Path = FOLDER) -> Published:
    """Read the published table called ``name``, or the file of that path.

    Raises:
        UnknownName: no such table, or a key that does not belong there.
        InvalidOption: no TOML, or a value without sense; the message names file and line.
    """
    if name.endswith(".toml") and Path(name).is_file():
        return read_published(Path(name))
    known = list_published(folder)
    if name not in known:
        raise make_unknown_name("published table", name, known)
    return read_published(known[name])


def read_published(path: Path) -> Published:
    """Read and check a file; errors as for ``load_published``."""
    source = Declaration.read(path)
    top = source.check(source.values, (), _TOP, _TOP_OPTIONAL)
    if top["unit"] not in UNITS:
        raise source.error(("unit",), f"= {top['unit']!r}; expected one of {', '.join(UNITS)}")
    for key in ("runs", "quick_runs"):
        if top[key] < 1:
            raise source.error((key,), f"= {top[key]}; expected 1 or more")
    columns = {name: _read_column(source, name, entry) for name, entry in top.get("columns", {}).items()}
    readings = tuple(
        Reading(**source.check(entry, ("reading", i), *_READING)) for i, entry in enumerate(top.get("reading", []))
    )
    plain = {key: top[key] for key in _TOP if key not in ("tolerance", "row")}
    made = Published(
        name=path.stem,
        **plain,
        published_runs=top.get("published_runs"),
        unverified=tuple(top.get("unverified", ())),
        note=top.get("note", ""),
        tolerance=_read_tolerance(source, top["tolerance"]),
        tables=source.check(top.get("tables", {}), ("tables",), {}, dict.fromkeys(top.get("tables", {}), str)),
        files={
            name: File(**source.check(entry, ("files", name), *_FILE)) for name, entry in top.get("files", {}).items()
        },
        columns=columns,
        searches=_read_searches(source, top.get("search", []), columns),
        readings=readings or (Reading("as published"),),
        rows=tuple(_read_row(source, entry, i) for i, entry in enumerate(top["row"])),
        sha256=hashlib.sha256(source.text.encode()).hexdigest(),
    )
    _check_names(source, made)
    return made


def _read_column(source: Declaration, name: str, entry: Any) -> dict[str, Any]:
    given = source.check(entry, ("columns", name), *_COLUMN)
    if given.get("size", SIZES[0]) not in SIZES:
        raise source.error(("columns", name, "size"), f"= {given['size']!r}; expected one of {', '.join(SIZES)}")
    return given


def _read_tolerance(source: Declaration, entry: Any) -> Tolerance:
    given = source.check(entry, ("tolerance",), *_TOLERANCE)
    limits: dict[str, Any] = {key: given[key] for key in ("absolute", "stds", "std_ratio") if key in given}
    limits |= {f"columns.{key}": value for key, value in given.get("columns", {}).items()}
    for key, value in limits.items():
        least = 1 if key == "std_ratio" else 0
        if isinstance(value, bool) or not isinstance(value, NUMBER) or not value > least:
            place = ("tolerance", *key.split("."))
            raise source.error(place, f"= {value!r}; expected a number above {least}")
    if not given["reason"].strip():
        raise source.error(("tolerance", "reason"), "is empty; say why ours may differ so far")
    return Tolerance(**given)


def _read_searches(source: Declaration, entries: list[Any], columns: Mapping[str, Any]) -> tuple[Search, ...]:
    made = []
    for i, entry in enumerate(entries):
        place = ("search", i)
        given = source.check(entry, place, *_SEARCH)
        if ("seconds" in given) == ("trials" in given):
            raise source.error(place, "needs seconds or trials, and not both")
        _check_known(source, place, "column", given["columns"], columns)
        made.append(Search(**{**given, "columns": tuple(given["columns"])}))
    return tuple(made)


def _read_row(source: Declaration, entry: Any, i: int) -> Row:
    place = ("row", i)
    given = source.check(entry, place, *_ROW)
    if given["trust"] not in TRUST:
        raise source.error((*place, "trust"), f"= {given['trust']!r}; expected one of {', '.join(TRUST)}")
    ours = dict(given["ours"])
    kind = ours.pop("kind", None)
    if kind not in KINDS:
        raise source.error((*place, "ours"), f"has kind {kind!r}; expected one of {', '.join(KINDS)}")
    source.check(ours, (*place, "ours"), *KINDS[kind])
    published = {
        column: _read_cell(source, (*place, "published"), value) for column, value in given.get("published", {}).items()
    }
    return Row(**{**given, "published": published})


def _read_cell(source: Declaration, place: Place, value: Any) -> PublishedCell:
    """Read ``mean`` or ``[mean, std]``."""
    numbers = value if isinstance(value, list) else [value]
    if not 1 <= len(numbers) <= 2 or not all(type(number) in NUMBER for number in numbers):
        raise source.error(place, f"holds {value!r}; expected a number, or [mean, std]")
    if len(numbers) == 2 and numbers[1] < 0:
        raise source.error(place, f"holds {value!r}; a standard deviation is never negative")
    return PublishedCell(*(float(number) for number in numbers))


def _check_names(source: Declaration, made: Published) -> None:
    """Refuse rows and readings that name what the file does not declare, and labels that stand there twice."""
    labels = [row.label for row in made.rows]
    for i, reading in enumerate(made.readings):
        place = ("reading", i)
        _check_known(source, (*place, "strategies"), "row", reading.strategies, labels)
        _check_known(source, (*place, "columns"), "column", [*reading.columns, *reading.columns.values()], made.columns)
    if all(reading.explored for reading in made.readings):
        raise source.error(("reading", 0, "explored"), "= true in every reading; one has to be the paper's")
    for i, row in enumerate(made.rows):
        place = ("row", i)
        if labels.count(row.label) > 1:
            raise source.error((*place, "label"), f"= {row.label!r} stands there {labels.count(row.label)} times")
        if row.ours["kind"] == "search" and not made.searches:
            raise source.error((*place, "ours"), "is a search, but the file has no [[search]]")
        _check_known(source, (*place, "ours"), "column", _list_columns(row), made.columns)
        _check_known(source, (*place, "ours"), "file", row.ours.get("files", {}).values(), made.files)


def _list_columns(row: Row) -> list[str]:
    """Return the columns that our numbers of a row are read from."""
    ours = row.ours
    names = list(row.published) if ours["kind"] in ("cells", "statistic", "best_of") and "columns" not in ours else []
    names += ours.get("columns", {}).values()
    names += [name for pair in ours.get("pairs", {}).values() for name in pair]
    return names + [ours[key] for key in ("column", "by") if ours.get(key)]


def _check_known(source: Declaration, place: Place, kind: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise source.unknown(place, kind, name, known)
