"""The user-facing methods of a leaderboard: its tables as text, in notebooks and as data frames."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import make_unknown_name
from nasbench.files import write_text
from nasbench.reports.tables import FORMATS, as_csv

_ENDINGS = {"text": "txt", "markdown": "md", "latex": "tex", "html": "html", "csv": "csv", "json": "json"}


class LeaderboardDisplay(ABC):
    """The public methods of a leaderboard that print it and return its tables as data frames.

    Attributes:
        tables: names of the attributes that are tables; the first one is the default.
        written: names of the tables that have a CSV file of their own beside the leaderboard.
    """

    tables: ClassVar[tuple[str, ...]]
    written: ClassVar[tuple[str, ...]]

    @abstractmethod
    def render(self, kind: str) -> str:
        """Return the leaderboard in one of the formats."""

    def __str__(self) -> str:
        """Return the leaderboard as text."""
        return self.render("text").rstrip("\n")

    def _repr_html_(self) -> str:
        """Return the leaderboard as tables for notebooks."""
        return self.render("html")

    def to_pandas(self, table: str | None = None) -> Any:
        """Return a table as a pandas DataFrame, with a column for each number (``normalized_regret_mean`` ...).

        Args:
            table: one of ``tables``; None for the first.

        Raises:
            UnknownName: an unknown table.
        """
        import pandas as pd

        name = table or self.tables[0]
        if name not in self.tables:
            raise make_unknown_name("table", name, self.tables)
        return pd.json_normalize(getattr(self, name), sep="_")


def write_leaderboard(board: LeaderboardDisplay, folder: Path) -> list[Path]:
    """Write every format into ``folder`` and return the files."""
    texts = {f"leaderboard.{_ENDINGS[kind]}": board.render(kind) for kind in FORMATS}
    texts |= {f"leaderboard_{name}.csv": as_csv(getattr(board, name)) for name in board.written}
    for name, text in texts.items():
        write_text(folder / name, text)
    return [folder / name for name in texts]
