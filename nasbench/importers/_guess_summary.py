"""What a guess tells its user: lines of at most 80 columns."""

import textwrap
from collections.abc import Iterable, Sequence

_WIDTH = 80


def wrap_lines(lines: Iterable[str]) -> list[str]:
    """Break lines at blanks after at most 80 columns; what continues a line is indented further."""
    return [part for line in lines for part in _wrap(line)]


def _wrap(line: str) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(
        line,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def describe_left_out(reasons: Sequence[tuple[str, str]]) -> list[str]:
    """Return lines about the columns that were left out: pairs of a column and why."""
    groups: dict[str, list[str]] = {}
    for column, why in reasons:
        groups.setdefault("constant" if why.startswith("always") else why, []).append(
            f"{column or '(no name)'}{f' ({why})' if why.startswith('always') else ''}"
        )
    return [f"  left out, {why}: {', '.join(columns)}" for why, columns in groups.items()]
