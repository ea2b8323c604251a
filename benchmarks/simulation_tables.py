"""Tables of simulations: what is simulated, how often, and the numbers as Markdown."""

import zlib
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from tabulate import tabulate


class Section(NamedTuple):
    """A table of simulations.

    Attributes:
        name: by which the section is asked for.
        title: what the table shows.
        measure: called with a generator, the number of data sets, and a cell; returns columns of numbers.
        cells: number of data sets, and the settings of each row.
    """

    name: str
    title: str
    measure: Callable[..., dict[str, float]]
    cells: list[tuple[int, dict[str, Any]]]


def measure_cell(section: Section, n: int, cell: dict[str, Any]) -> dict[str, float]:
    """Simulate one row of a section; its random numbers follow from the row alone."""
    return section.measure(np.random.default_rng(zlib.crc32(repr((section.name, cell)).encode())), n, **cell)


def measure_sections(sections: Sequence[Section], part: float, n_jobs: int) -> list[list[dict[str, Any]]]:
    """Simulate all rows of the sections with a part of their data sets; return their rows, section by section."""
    work = [(section, max(2, round(part * n)), cell) for section in sections for n, cell in section.cells]
    found = iter(Parallel(n_jobs=n_jobs)(delayed(measure_cell)(*each) for each in work))
    rows = iter([{**cell, "data sets": n, **next(found)} for _, n, cell in work])
    return [[next(rows) for _ in section.cells] for section in sections]


def render_section(section: Section, rows: Sequence[dict[str, Any]]) -> str:
    """Return a section as Markdown; numbers below 1 as .123."""
    shown = [{name.replace("_", " "): _show(value) for name, value in row.items()} for row in rows]
    return f"### {section.title}\n\n" + tabulate(shown, headers="keys", tablefmt="github", disable_numparse=True)


def _show(value: object) -> str:
    if not isinstance(value, float):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if np.isnan(value):
        return "-"
    return f"{value:.3f}".removeprefix("0") if abs(value) <= 1 else f"{value:.1f}"
