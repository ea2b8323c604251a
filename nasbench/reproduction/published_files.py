"""The files of published results: find them, read them and check them as plain data, without opening any table."""

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from nasbench.declarations import NUMBER, Declaration, Place, Types
from nasbench.errors import make_unknown_name
from nasbench.reproduction.schema import (
    KINDS,
    PROVENANCES,
    SIZES,
    UNITS,
    File,
    Interpretation,
    Published,
    PublishedCell,
    Row,
    Search,
    Tolerance,
)

FOLDER = Path(__file__).parent / "published"

_MOST_DECIMALS = 15  # a float has no more

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
    "headline": list,
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
    {"published": dict, "runs": int, "note": str, "tolerance": NUMBER, "tried": int},
)


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
    for key in ("runs", "quick_runs", "published_runs"):
        _check_count(source, (key,), top.get(key, 1))
    if not 0 <= top["decimals"] <= _MOST_DECIMALS:
        raise source.error(("decimals",), f"= {top['decimals']}; expected 0 to {_MOST_DECIMALS}")
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
        headline=tuple(top.get("headline", ())),
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


def _check_count(source: Declaration, place: Place, count: int) -> None:
    if count < 1:
        raise source.error(place, f"= {count}; expected 1 or more")


def _check_limit(source: Declaration, place: Place, limit: Any, least: int) -> None:
    if isinstance(limit, bool) or not isinstance(limit, NUMBER) or not least < limit < math.inf:
        raise source.error(place, f"= {limit!r}; expected a number above {least}")


def _read_column(source: Declaration, name: str, entry: Any) -> dict[str, Any]:
    given = source.check(entry, ("columns", name), *_COLUMN)
    missing = [key for key in ("recipe", "split", "metric") if key not in given]
    if missing and not given.keys() & {"static", "size"}:
        raise source.error(("columns", name), f"lacks {', '.join(missing)}; or give static or size instead")
    if given.get("size", SIZES[0]) not in SIZES:
        raise source.error(("columns", name, "size"), f"= {given['size']!r}; expected one of {', '.join(SIZES)}")
    return given


def _read_tolerance(source: Declaration, entry: Any) -> Tolerance:
    given = source.check(entry, ("tolerance",), *_TOLERANCE)
    limits: dict[str, Any] = {key: given[key] for key in ("absolute", "stds", "std_ratio") if key in given}
    limits |= {f"columns.{key}": value for key, value in given.get("columns", {}).items()}
    for key, value in limits.items():
        _check_limit(source, ("tolerance", *key.split(".")), value, 1 if key == "std_ratio" else 0)
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
    for key in ("runs", "tried"):
        _check_count(source, (*place, key), given.get(key, 1))
    if "tolerance" in given:
        _check_limit(source, (*place, "tolerance"), given["tolerance"], 0)
    return Row(**{**given, "published": published})


def _read_cell(source: Declaration, place: Place, value: Any) -> PublishedCell:
    """Read ``mean`` or ``[mean, std]``."""
    numbers = value if isinstance(value, list) else [value]
    if not 1 <= len(numbers) <= 2 or not all(type(number) in NUMBER and math.isfinite(number) for number in numbers):
        raise source.error(place, f"holds {value!r}; expected a number, or [mean, std]")
    if len(numbers) == 2 and numbers[1] < 0:
        raise source.error(place, f"holds {value!r}; a standard deviation cannot be negative")
    return PublishedCell(*(float(number) for number in numbers))


def _check_names(source: Declaration, made: Published) -> None:
    """Refuse rows and interpretations that use undeclared names, and labels that occur twice."""
    labels = [row.label for row in made.rows]
    _check_known(source, ("headline",), "row", made.headline, labels)
    _check_known(source, ("unverified",), "column", made.unverified, made.shown)
    if len(set(made.headline)) < len(made.headline):
        raise source.error(("headline",), f"= {list(made.headline)!r} names a row twice")
    names = [interpretation.name for interpretation in made.interpretations]
    for i, interpretation in enumerate(made.interpretations):
        place = ("interpretation", i)
        if names.count(names[i]) > 1:
            raise source.error((*place, "name"), f"= {names[i]!r} occurs {names.count(names[i])} times")
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
