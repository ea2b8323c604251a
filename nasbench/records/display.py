"""The printed form of a record: a summary, as text and in notebooks, and its plots."""

import base64
import html
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from nasbench.records.failures import failures

if TYPE_CHECKING:
    from nasbench.records.store import RunStore

_MOST_NAMES = 8
_MOST_FAILURES = 3


class RecordDisplay(ABC):
    """The user-facing part of a record: printing, ranking, plotting, and a data frame of its runs."""

    @abstractmethod
    def leaderboard(self) -> Any:
        """Rank the contestants."""

    @abstractmethod
    def to_pandas(self) -> Any:
        """Return a table with one row per run."""

    @abstractmethod
    def plot(self, folder: Path | str | None = None) -> "Plots":
        """Draw every plot of the record and write it into ``folder``."""

    def list_highlights(self) -> dict[str, str]:
        """Return further lines of the summary, title -> text."""
        return {}

    def __str__(self) -> str:
        """Summarise the record in a few lines: contestants, tasks, runs, folder and next steps."""
        summary = self._summarize()
        return "\n".join(f"{title:<11} {text}" for title, text in summary.items())

    def _repr_html_(self) -> str:
        """Return the summary as a table for notebooks."""
        summary = self._summarize()
        rows = (
            f'<tr><th style="text-align:left">{html.escape(title)}</th>'
            f'<td style="text-align:left">{html.escape(text)}</td></tr>'
            for title, text in summary.items()
        )
        return f"<table>{''.join(rows)}</table>"

    def _summarize(self) -> dict[str, str]:
        """Return the summary with its highlights before the last two lines, folder and next steps."""
        summary = summarize(cast("RunStore[Any]", self))
        last = {title: summary.pop(title) for title in ("folder", "next")}
        return summary | self.list_highlights() | last


@dataclass(frozen=True)
class Plots:
    """Written plots, each as PNG and SVG; notebooks show them.

    Attributes:
        files: paths of the files.
    """

    files: tuple[Path, ...]

    def __str__(self) -> str:
        """Return the files, one per line."""
        return "\n".join(map(str, self.files))

    def _repr_html_(self) -> str:
        """Return the PNG files as embedded images, so that a saved notebook keeps them."""
        images = (
            f'<img alt="{html.escape(path.stem)}" '
            f'src="data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}">'
            for path in self.files
            if path.suffix == ".png"
        )
        return "<br>".join(images)


def summarize(record: "RunStore[Any]") -> dict[str, str]:
    """Summarise a record of any kind in a few lines: title -> text.

    Raises:
        RecordError: a file of the record is damaged.
    """
    keys, pairs = record.all_keys(), [(task, label) for task in record.tasks for label in record.contestants]
    missing = sum(len(record.missing(*pair)) for pair in pairs)
    total = len(keys) * len(pairs)
    failed = failures(record)
    n_failed = sum(pair.n for pair in failed)
    summary = {
        "record": f"{_count(len(record.contestants), record.contestant_kind)} x {_count(len(record.tasks), 'tasks')} x "
        f"{_count(len(keys), 'runs')}, seed {record.spec['seed']}",
        record.contestant_kind: _shorten(record.contestants),
        "tasks": _shorten(record.tasks),
        "runs": f"{total - missing:,} of {total:,} done, " + (f"{n_failed:,} failed" if n_failed else "none failed"),
    }
    summary |= {f"failure {i}": str(pair) for i, pair in enumerate(failed[:_MOST_FAILURES], start=1)}
    summary["folder"] = str(record.path)
    summary["next"] = (
        f"rerun the same command or call with this folder as 'out' to do the {missing:,} missing runs"
        if missing
        else "leaderboard(), plot(), to_pandas(), verify()"
    )
    return summary


def _count(n: int, plural: str) -> str:
    """Return a number and its noun in singular or plural."""
    singular = plural.removesuffix("ies") + "y" if plural.endswith("ies") else plural.removesuffix("s")
    return f"{n:,} {singular if n == 1 else plural}"


def _shorten(names: list[str]) -> str:
    """Join names; if there are many, only the first ones."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
