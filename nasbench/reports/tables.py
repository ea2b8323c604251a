"""Tables of plain data as text, CSV and JSON."""

import html
import math
from collections.abc import Sequence
from typing import Any

FORMATS = ("text", "markdown", "latex", "html", "csv", "json")
_ENTRIES_TITLE = "best architectures found, chosen by what the runs observed"


def tabulated(
    tables: list[list[dict[str, str]]],
    notes: list[str],
    kind: str,
    *,
    head: Sequence[str] = (),
    entries: Sequence[tuple[str, str]] = (),
) -> str:
    """Format tables, with notes below them, as ``text``, ``markdown``, ``latex`` or ``html``.

    Args:
        tables: rows of cells.
        notes: lines below the tables.
        kind: format.
        head: lines above the tables.
        entries: descriptions of architectures, and the architectures, which are printed whole between tables and notes.
    """
    from tabulate import tabulate

    if kind == "markdown":
        tables = [[{key: cell.replace("|", r"\|") for key, cell in row.items()} for row in rows] for rows in tables]
    style = {"text": "simple", "markdown": "github", "latex": "latex_booktabs", "html": "html"}[kind]
    parts = [str(tabulate(rows, headers="keys", tablefmt=style, disable_numparse=True)) for rows in tables]
    lines = [_format_lines(head, kind), *parts, _format_entries(entries, kind), _format_lines(notes, kind)]
    return "\n\n".join(filter(None, lines)) + "\n"


def _format_lines(lines: Sequence[str], kind: str) -> str:
    """Format sentences, one below the other."""
    if kind == "html":
        return "\n".join(f"<p>{html.escape(line)}</p>" for line in lines)
    bullet = {"text": "", "markdown": "- ", "latex": "% "}[kind]
    return "\n".join(bullet + line for line in lines)


def _format_entries(entries: Sequence[tuple[str, str]], kind: str) -> str:
    """Format architectures, each whole on a line of its own; in text, its indent keeps the line from being folded."""
    if not entries:
        return ""
    if kind == "html":
        shown = (f"<p>{html.escape(told)}<br><code>{html.escape(arch)}</code></p>" for told, arch in entries)
        return "\n".join([f"<p><b>{_ENTRIES_TITLE}</b></p>", *shown])
    if kind == "markdown":
        return "\n".join([f"{_ENTRIES_TITLE}:\n", *(f"- {told}\n  `` {arch} ``" for told, arch in entries)])
    mark = "% " if kind == "latex" else ""
    return "\n".join([f"{mark}{_ENTRIES_TITLE}", *(f"{mark}{told}\n{mark}  {arch}" for told, arch in entries)])


def as_p(value: float | None) -> str:
    """Format a p-value."""
    if value is None or math.isnan(value):
        return "-"
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def as_csv(rows: list[dict[str, Any]]) -> str:
    """Format nested rows as CSV, with a column for each leaf."""
    import pandas as pd

    return str(pd.json_normalize(rows, sep="_").to_csv(index=False, lineterminator="\n"))


def finite(value: Any) -> Any:
    """Replace nan and infinities by None, because JSON has neither."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
