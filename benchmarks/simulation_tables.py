"""Tables of simulations: what is simulated, how often, and the numbers as Markdown."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from tabulate import tabulate

Row = dict[str, Any]


class Section(NamedTuple):
    """A table of simulations.

    Attributes:
        name: by which the section is asked for.
        title: what the table shows.
        measure: called with a generator, the number of data sets, and a cell; returns columns of numbers.
        cells: number of data sets, and settings, of each simulation.
        across: setting whose values stand side by side instead of in rows of their own; '' for none.
    """

    name: str
    title: str
    measure: Callable[..., dict[str, float]]
    cells: list[tuple[int, Row]]
    across: str = ""


def measure_cell(section: Section, n: int, cell: Row) -> dict[str, float]:
    """Simulate one row of a section; its random numbers follow from the row alone."""
    return section.measure(np.random.default_rng(zlib.crc32(repr((section.name, cell)).encode())), n, **cell)


def measure_sections(sections: Sequence[Section], part: float, n_jobs: int) -> list[list[Row]]:
    """Simulate all rows of the sections with a part of their data sets; return their rows, section by section."""
    work = [(section, max(2, round(part * n)), cell) for section in sections for n, cell in section.cells]
    found = iter(Parallel(n_jobs=n_jobs)(delayed(measure_cell)(*each) for each in work))
    rows = iter([{**cell, "data sets": n, **next(found)} for _, n, cell in work])
    return [[next(rows) for _ in section.cells] for section in sections]


def render_section(section: Section, rows: Sequence[Row]) -> str:
    """Return a section as Markdown; numbers below 1 as .123."""
    arranged = _spread(section, rows) if section.across else rows
    shown = [{name.replace("_", " "): _show(value) for name, value in row.items()} for row in arranged]
    return f"### {section.title}\n\n" + tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True)


def _spread(section: Section, rows: Sequence[Row]) -> list[Row]:
    """Join the rows that differ in one setting only; columns without a number are left out."""
    settings = [name for name in section.cells[0][1] if name != section.across]
    joined: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        joined.setdefault(tuple(row[name] for name in settings), []).append(row)
    measured = [name for name in rows[0] if name not in section.cells[0][1] and name != "data sets"]
    values = sorted({row[section.across] for row in rows})
    columns = [
        (name, value)
        for name in measured
        for value in values
        if not all(np.isnan(row[name]) for row in rows if row[section.across] == value)
    ]
    spread = []
    for key, own in joined.items():
        at = {row[section.across]: row for row in own}
        counts = " / ".join(dict.fromkeys(f"{row['data sets']:,}" for row in own))
        cells = {f"{name}, {value}": at[value][name] if value in at else np.nan for name, value in columns}
        spread.append(dict(zip(settings, key, strict=True)) | {"data sets": counts} | cells)
    return spread


def _show(value: object) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if np.isnan(value):
        return "-"
    return f"{value:.3f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:.3g}"
