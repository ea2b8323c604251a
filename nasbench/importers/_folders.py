"""Read a folder or an archive of one file per training run into cells, one row a run.

Each row also holds where it comes from: the column ``file``, the path without its ending, and a column for each
``{NAME}`` in the mapping's ``file_names``, such as ``"{cell}/seed{seed}.json"``. Nested objects and lists become
columns such as ``valid.accuracy.0``, so that a learning curve is ``valid.accuracy.{epoch}``.
"""

import re
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption, SourceError
from nasbench.importers._cells import TextCells
from nasbench.importers._json import parse_json
from nasbench.importers._members import Member, read_members, strip_ending
from nasbench.importers._reading import convert_records, flatten_record
from nasbench.importers._separated import BROKEN, decode_text, split_rows

FILE = "file"
ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv")
"""Endings of the files of a folder that are read."""
MOST_CELLS = 50_000_000
"""The most cells of all rows together."""

_PLACEHOLDER = re.compile(r"\\\{([^{}/]+?)\\\}")
_SHOWN = 3  # most file names that a message lists


def read_folder(path: Path, file_names: str, decimal: str, whole: Collection[str] = ()) -> TextCells:
    """Read all JSON, JSON lines, CSV and TSV files below a folder or in an archive.

    Args:
        path: the folder or archive.
        file_names: pattern of the last parts of the files' paths, whose ``{NAME}`` become columns; other files are
            skipped. Empty: all files, without further columns.
        decimal: the decimal separator of the files' numbers.
        whole: fields whose nested values are kept as JSON, such as that of the architecture.

    Raises:
        InvalidOption: the pattern has no placeholder, or one twice.
        SourceError: a file is damaged or of another form, no file is found, or a bound is exceeded.
    """
    match = _compile_pattern(file_names)
    members = read_members(path, ENDINGS, lambda name: match(name) is not None)
    if not members.read:
        wanted = f" that match file_names = '{file_names}'" if file_names else ""
        raise SourceError(f"{path} holds no files {', '.join(ENDINGS)}{wanted}; it holds {_list_names(members.others)}")
    records: list[dict[str, Any]] = []
    places: list[str] = []
    columns: dict[str, None] = {}
    for member in members.read:
        for record in _read_member(path, member, whole):
            records.append(_add_names(path, member.name, match(member.name) or {}, record))
            places.append(f"{len(records)} ({member.name})")
            columns.update(dict.fromkeys(records[-1]))
            if len(columns) * len(records) > MOST_CELLS:
                raise SourceError(
                    f"{path}: {len(records):,} rows with {len(columns):,} different fields are more than "
                    f"{MOST_CELLS:,} cells; the last file read is {member.name}"
                )
    if not records:
        raise SourceError(f"{path}: its {len(members.read)} files hold no records")
    names, rows = convert_records(records)
    cells = {name: rows[:, i] for i, name in enumerate(names)}
    remark = _describe(len(members.read), members.others)
    return TextCells(path.name, cells, places=places, decimal=decimal, remark=remark)


def _compile_pattern(file_names: str) -> Callable[[str], dict[str, str] | None]:
    """Return a function from a path to the texts of the placeholders; None if the path does not match."""
    if not file_names:
        return lambda _: {}
    escaped = re.escape(file_names)
    names = _PLACEHOLDER.findall(escaped)
    if not names or len(set(names)) < len(names) or FILE in names:
        raise InvalidOption(
            f"file_names = '{file_names}': expected a path with distinct placeholders, such as "
            f"'{{cell}}/seed{{seed}}.json'; the name '{FILE}' is taken"
        )
    pattern = re.compile(_PLACEHOLDER.sub("([^/]+?)", escaped))
    depth = file_names.count("/") + 1

    def match(name: str) -> dict[str, str] | None:
        found = pattern.fullmatch("/".join(name.split("/")[-depth:]))
        return dict(zip(names, found.groups(), strict=True)) if found else None

    return match


def _read_member(path: Path, member: Member, whole: Collection[str]) -> list[dict[str, Any]]:
    """Return the records of one file: one of a JSON object, several of a list, JSON lines or a CSV."""
    ending = strip_ending(member.name)[1]
    try:
        text = decode_text(member.content)
        if ending in (".csv", ".tsv"):
            rows = split_rows(text, "," if ending == ".csv" else "\t")
            return [dict(zip(rows.names, row, strict=True)) for row in rows.rows]
        if ending == ".json":
            loaded = parse_json(text)
            items = loaded if isinstance(loaded, list) else [loaded]
        else:
            items = [parse_json(line) for line in text.split("\n") if line.strip()]
        if wrong := [item for item in items if not isinstance(item, dict)]:
            raise ValueError(f"it holds {wrong[0]!r:.60}; expected one object, or a list of objects")
        return [flatten_record(item, whole) for item in items]
    except BROKEN as error:
        kind = "CSV" if ending in (".csv", ".tsv") else "JSON"
        raise SourceError(f"{path}: {member.name} is truncated or not {kind} ({error})") from None


def _add_names(path: Path, name: str, found: dict[str, str], record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with the columns that its file's name gives."""
    if twice := [key for key in found if key in record]:
        raise SourceError(
            f"{path}: {name} has a field '{twice[0]}' of its own; give the placeholder in file_names another name"
        )
    named: dict[str, Any] = {} if FILE in record else {FILE: strip_ending(name)[0]}
    return named | found | record


def _describe(n_read: int, others: Sequence[str]) -> str:
    """Return a remark about the files that were not read; empty if all were."""
    return f"{n_read:,} files read; not read: {_list_names(others)}" if others else ""


def _list_names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "no visible file"
