"""The schema of a file of published results: read and check it as plain data, without opening any table."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nasbench.declarations import NUMBER, Declaration, Place, Types
from nasbench.errors import make_unknown_name

FOLDER = Path(__file__).parent / "published"

PROVENANCES = {
    "original": "read in the paper, its code or its documentation",
    "quoted": "read in another paper or README that quotes it",
    "computed": "computed from files of the authors",
    "unverified": "recalled from memory: shown, never judged",
}
UNVERIFIED = "unverified"

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
"""How our numbers of a row are computed -> its required keys, and its optional keys.

``by``, the column by which the best is chosen, overrides the interpretation's; empty: by the observed score.
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
    "interpretation": list,
    "note": str,
}
_Keys = tuple[dict[str, Types], dict[str, Types]]
_COLUMN: _Keys = (
    {"table": str, "dataset": str},
    {"recipe": str, "split": str, "metric": str, "static": str, "size": str, "seed": int, "epoch": int},
)
_FILE: _Keys = ({"source": str, "sha256": str}, {})
_SEARCH: _Keys = ({"task": str, "columns": list}, {"seconds": NUMBER, "trials": int, "interpolate_at": NUMBER})
_INTERPRETATION: _Keys = (
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
    {"label": str, "provenance": str, "ours": dict},
    {"published": dict, "runs": int, "note": str, "tolerance": NUMBER},
)
SIZES = ("n_params", "flops")
"""The properties that a space counts of its networks."""

UNITS = {"percent": 100.0} | dict.fromkeys(("fraction", "count", "correlation", "nats", "s", "J", "none"), 1.0)
"""Units in which a table is printed -> the factor for our numbers."""


@dataclass(frozen=True)
class PublishedCell:
    """A published number; ``std`` is None if none is printed."""

    mean: float
    std: float | None = None


@dataclass(frozen=True)
class Tolerance:
    """The allowed distance between our numbers and the published ones, decided before running.

    Attributes:
        reason: why this distance.
        absolute: distance in the unit of the table, where the other rules do not apply.
        columns: column -> its own distance.
        stds: distance in published standard deviations, where one is printed.
        std_ratio: allowed factor between the standard deviations; None if they are not compared.
    """

    reason: str
    absolute: float | None = None
    columns: Mapping[str, float] = field(default_factory=dict)
    stds: float | None = None
    std_ratio: float | None = None

    def of(self, column: str, cell: PublishedCell, rounding: float) -> float:
        """Return the largest allowed difference; at least ``rounding``, half a unit of the last digit."""
        if column in self.columns:
            return max(self.columns[column], rounding)
        if self.stds is not None and cell.std:
            return max(self.stds * cell.std, rounding)
        return max(self.absolute or 0.0, rounding)


@dataclass(frozen=True)
class Row:
    """A row of the table: the published numbers, and how ours are computed (``ours["kind"]``, see ``KINDS``).

    Attributes:
        provenance: where the published numbers were read, a key of ``PROVENANCES``.
        runs: number of runs behind the published means; None for the table's.
        tolerance: largest allowed difference in all its cells; None for the table's.
    """

    label: str
    provenance: str
    ours: Mapping[str, Any]
    published: Mapping[str, PublishedCell]
    runs: int | None = None
    note: str = ""
    tolerance: float | None = None


@dataclass(frozen=True)
class File:
    """A further file: where to get it, and its checksum."""

    source: str
    sha256: str


@dataclass(frozen=True)
class Search:
    """Runs on one task.

    Attributes:
        task: the task that the strategies search.
        columns: columns of the published table that these searches fill.
        seconds, trials: budget of a run; exactly one of them.
        interpolate_at: seconds at which the incumbents at the two nearest results are interpolated; None for the
            last incumbent.
    """

    task: str
    columns: tuple[str, ...]
    seconds: float | None = None
    trials: int | None = None
    interpolate_at: float | None = None


@dataclass(frozen=True)
class Interpretation:
    """One way to interpret an under-specified protocol.

    Attributes:
        name: of the interpretation.
        by: column by which the best architecture is chosen; ``{column}`` stands for the reported column; empty for the
            score that the strategy observed.
        trials: number of trials of a run that count; None for all.
        strategies: row -> strategy, for settings that the paper leaves open.
        columns: column -> the column that replaces it.
        isomorphic: whether an architecture that is missing in a table takes the numbers of an isomorphic one.
        explored: tried after all others had failed, although the authors' code contradicts it: shown, and never chosen
            as the best.
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
    """A published table as an executable claim; the attributes are those of the file."""

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
    interpretations: tuple[Interpretation, ...]
    rows: tuple[Row, ...]
    sha256: str

    @property
    def shown(self) -> list[str]:
        """Columns with published numbers, in order."""
        return list(dict.fromkeys(column for row in self.rows for column in row.published))

    @property
    def scale(self) -> float:
        """The factor that converts our numbers to the table's unit."""
        return UNITS[self.unit]

    @property
    def rounding(self) -> float:
        """Half a unit of the last printed digit, plus a millionth of it for rounding errors."""
        return 0.5 * 10.0**-self.decimals * (1 + 1e-6)

    def strategy(self, row: Row, interpretation: Interpretation) -> str:
        """Return the strategy of a row under an interpretation."""
        return str(interpretation.strategies.get(row.label, row.ours["strategy"]))

    def judged(self, row: Row, column: str) -> bool:
        """Whether a cell may be judged: its number is published and verified."""
        return column in row.published and row.provenance != UNVERIFIED and column not in self.unverified


def list_published(folder: Path = FOLDER) -> dict[str, Path]:
    """Return all files of published results by name."""
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def load_published(name: str, folder: Path = FOLDER) -> Published:
    """Read the published table ``name``, or the file at that path.

    Raises:
        UnknownName: unknown table, or an unknown key in its file.
        InvalidOption: invalid TOML or an invalid value; the message names the file and the line.
    """
    if name.endswith(".toml") and Path(name).is_file():
        return read_published(Path(name))
    known = list_published(folder)
    if name not in known:
        raise make_unknown_name("published table", name, known)
    return read_published(known[name])


def read_published(path: Path) -> Published:
    """Read and check a file; raises the errors of ``load_published``."""
    source = Declaration.read(path)
    top = source.check(source.values, (), _TOP, _TOP_OPTIONAL)
    if top["unit"] not in UNITS:
        raise source.error(("unit",), f"= {top['unit']!r}; expected one of {', '.join(UNITS)}")
    for key in ("runs", "quick_runs"):
        if top[key] < 1:
            raise source.error((key,), f"= {top[key]}; expected 1 or more")
    columns = {name: _read_column(source, name, entry) for name, entry in top.get("columns", {}).items()}
    interpretations = tuple(
        Interpretation(**source.check(entry, ("interpretation", i), *_INTERPRETATION))
        for i, entry in enumerate(top.get("interpretation", []))
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
        interpretations=interpretations or (Interpretation("as published"),),
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
        raise source.error(("tolerance", "reason"), "is empty; say why our numbers may differ by so much")
    return Tolerance(**given)


def _read_searches(source: Declaration, entries: list[Any], columns: Mapping[str, Any]) -> tuple[Search, ...]:
    made = []
    for i, entry in enumerate(entries):
        place = ("search", i)
        given = source.check(entry, place, *_SEARCH)
        if ("seconds" in given) == ("trials" in given):
            raise source.error(place, "needs either seconds or trials, not both")
        _check_known(source, place, "column", given["columns"], columns)
        made.append(Search(**{**given, "columns": tuple(given["columns"])}))
    return tuple(made)


def _read_row(source: Declaration, entry: Any, i: int) -> Row:
    place = ("row", i)
    given = source.check(entry, place, *_ROW)
    if given["provenance"] not in PROVENANCES:
        raise source.error(
            (*place, "provenance"), f"= {given['provenance']!r}; expected one of {', '.join(PROVENANCES)}"
        )
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
        raise source.error(place, f"holds {value!r}; a standard deviation cannot be negative")
    return PublishedCell(*(float(number) for number in numbers))


def _check_names(source: Declaration, made: Published) -> None:
    """Refuse rows and interpretations that use undeclared names, and labels that occur twice."""
    labels = [row.label for row in made.rows]
    for i, interpretation in enumerate(made.interpretations):
        place = ("interpretation", i)
        _check_known(source, (*place, "strategies"), "row", interpretation.strategies, labels)
        _check_known(
            source,
            (*place, "columns"),
            "column",
            [*interpretation.columns, *interpretation.columns.values()],
            made.columns,
        )
    if all(interpretation.explored for interpretation in made.interpretations):
        first = ("interpretation", 0, "explored")
        raise source.error(first, "= true in every interpretation; one has to be the paper's")
    for i, row in enumerate(made.rows):
        place = ("row", i)
        if labels.count(row.label) > 1:
            raise source.error((*place, "label"), f"= {row.label!r} occurs {labels.count(row.label)} times")
        if row.ours["kind"] == "search" and not made.searches:
            raise source.error((*place, "ours"), "is a search, but the file has no [[search]]")
        _check_known(source, (*place, "ours"), "column", _list_columns(row), made.columns)
        _check_known(source, (*place, "ours"), "file", row.ours.get("files", {}).values(), made.files)


def _list_columns(row: Row) -> list[str]:
    """Return the columns from which our numbers of a row are read."""
    ours = row.ours
    names = list(row.published) if ours["kind"] in ("cells", "statistic", "best_of") and "columns" not in ours else []
    names += ours.get("columns", {}).values()
    names += [name for pair in ours.get("pairs", {}).values() for name in pair]
    return names + [ours[key] for key in ("column", "by") if ours.get(key)]


def _check_known(source: Declaration, place: Place, kind: str, names: Iterable[str], known: Collection[str]) -> None:
    for name in names:
        if name not in known:
            raise source.unknown(place, kind, name, known)
