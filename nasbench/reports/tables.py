"""Tables of plain data as text, CSV and JSON."""

import html
import math
from typing import Any

FORMATS = ("text", "markdown", "latex", "html", "csv", "json")


def tabulated(tables: list[list[dict[str, str]]], notes: list[str], kind: str) -> str:
    """Format tables, with notes below them, as ``text``, ``markdown``, ``latex`` or ``html``."""
    from tabulate import tabulate

    style = {"text": "simple", "markdown": "github", "latex": "latex_booktabs", "html": "html"}[kind]
    bullet = {"text": "", "markdown": "- ", "latex": "% ", "html": ""}[kind]
    parts = [str(tabulate(rows, headers="keys", tablefmt=style, disable_numparse=True)) for rows in tables]
    if kind == "html":
        notes = [f"<p>{html.escape(note)}</p>" for note in notes]
    return "\n\n".join([*parts, "\n".join(bullet + note for note in notes)]) + "\n"


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
