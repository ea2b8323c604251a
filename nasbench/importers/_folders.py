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
from nasbench.importers._cells import SkippedRows, TextCells
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


def read_folder(
    path: Path, file_names: str, decimal: str, whole: Collection[str] = (), *, skip_unreadable: bool = False
) -> TextCells:
    """Read all JSON, JSON lines, CSV and TSV files below a folder or in an archive.

    Args:
        path: the folder or archive.
        file_names: pattern of the last parts of the files' paths, whose ``{NAME}`` become columns; other files are
            skipped. Empty: all files, without further columns.
        decimal: the decimal separator of the files' numbers.
        whole: fields whose nested values are kept as JSON, such as that of the architecture.
        skip_unreadable: leave out damaged files, and count them in ``skipped``.

    Raises:
        InvalidOption: the pattern has no placeholder, or one twice.
        SourceError: a file is damaged or of another form, no file is found, or a bound is exceeded.
    """
    match = _compile_pattern(file_names)
    members = read_members(path, ENDINGS, lambda name: match(name) is not None)
    if not members.read:
        wanted = f" that match file_names = '{file_names}'" if file_names else ""
        raise SourceError(f"{path} holds no files {', '.join(ENDINGS)}{wanted}; it holds {_list_names(members.others)}")
    records = _Records(path)
    for member in members.read:
        try:
            read = _read_member(path, member, whole)
        except SourceError as error:
            if not skip_unreadable:
                raise
            records.unreadable.append(str(error))
            continue
        records.add(member.name, match(member.name) or {}, read)
    return records.build_cells(decimal, _describe(len(members.read), members.others))


class _Records:
    """The records of all files, with the names that their files give them.

    Args:
        path: the folder or archive, for error messages.

    Attributes:
        unreadable: what is wrong with each file that was left out.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._records: list[dict[str, Any]] = []
        self._places: list[str] = []
        self._fields: set[str] = set()
        self.unreadable: list[str] = []

    def add(self, name: str, found: dict[str, str], records: Sequence[dict[str, Any]]) -> None:
        """Add the records of the file ``name``; refuse more cells than are allowed."""
        for record in records:
            self._records.append(_add_names(self._path, name, found, record))
            self._places.append(f"{len(self._records)} ({name})")
            self._fields.update(self._records[-1])
        if len(self._fields) * len(self._records) > MOST_CELLS:
            raise SourceError(
                f"{self._path}: {len(self._records):,} rows with {len(self._fields):,} different fields are more than "
                f"{MOST_CELLS:,} cells; the last file read is {name}"
            )

    def build_cells(self, decimal: str, remark: str) -> TextCells:
        """Return the cells; refuse a source of which more files than rows cannot be read."""
        n = len(self.unreadable)
        if not self._records or n > len(self._records):
            why = f"; {n:,} cannot be read, the first: {self.unreadable[0]}" if n else ""
            raise SourceError(f"{self._path}: its files hold {len(self._records) or 'no'} records{why}")
        names, rows = convert_records(self._records)
        cells = {name: rows[:, i] for i, name in enumerate(names)}
        skipped = (SkippedRows(n, self.unreadable[0]),) if n else ()
        return TextCells(
            self._path.absolute().name, cells, places=self._places, decimal=decimal, remark=remark, skipped=skipped
        )


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
