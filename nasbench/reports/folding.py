"""Fold text tables for a narrow terminal: columns that do not fit follow below, with the first columns repeated.

Where the first columns take more than half of the width, as long labels do, rows are numbered, and the parts below
repeat the number alone.
"""

import textwrap

_LEAST_WIDTH = 60
_NUMBER = "no."  # heading of the numbers of rows
_MOST_ROWS = 20  # largest table that is folded: a longer one would scroll the summary away


def fold_tables(text: str, width: int) -> str:
    """Fit a text with tables and notes to a terminal.

    Args:
        text: blocks separated by empty lines; a table is a heading, a line of dashes, and rows.
        width: width of the terminal in characters.

    Returns:
        The text with wide tables folded, wide tables of many rows left out, and long lines wrapped.
    """
    width = max(width, _LEAST_WIDTH)
    blocks = [block.split("\n") for block in text.rstrip("\n").split("\n\n")]
    return "\n\n".join(_fold_block(lines, width) for lines in blocks) + "\n"


def _fold_block(lines: list[str], width: int) -> str:
    if max(map(len, lines)) <= width:
        return "\n".join(lines)
    if len(lines) < 2 or set(lines[1]) != {"-", " "}:
        return "\n".join(_fold_line(line, width) for line in lines)
    if len(lines) - 2 > _MOST_ROWS:
        needed = max(map(len, lines))
        return _fold_line(
            f"(a table of {len(lines) - 2} rows needs {needed} columns: widen the terminal or write to a file)", width
        )
    return _fold_table(lines, width)


def _fold_line(line: str, width: int) -> str:
    """Wrap a line; an indented one holds an architecture and stays whole, so that it can be copied."""
    return line if line.startswith(" ") else textwrap.fill(line, width, subsequent_indent="  ")


def _fold_table(lines: list[str], width: int) -> str:
    """Split a table by columns; each part begins with the columns that identify a row, or with its number."""
    spans = _spans(lines[1])
    n_keys = 2 if len(spans) > 2 and lines[0].startswith("task") else 1
    if _measure(spans[:n_keys]) <= width // 2:
        parts = _split(spans[n_keys:], width, [_measure(spans[:n_keys])])
        return "\n\n".join(_cut(lines, [*spans[:n_keys], *part]) for part in parts)
    lines = _number_rows(lines)
    number, *spans = _spans(lines[1])
    first, *others = _split(spans[n_keys:], width, [_measure([number, *spans[:n_keys]]), _measure([number])])
    parts = [[*spans[:n_keys], *first], *others]
    return "\n\n".join(_cut(lines, [number, *part]) for part in parts)


def _number_rows(lines: list[str]) -> list[str]:
    """Return a table with a column of numbers before the others."""
    numbers = [_NUMBER, "-" * len(_NUMBER), *map(str, range(1, len(lines) - 1))]
    return [f"{number:<{len(_NUMBER)}}  {line}" for number, line in zip(numbers, lines, strict=True)]


def _split(spans: list[tuple[int, int]], width: int, used: list[int]) -> list[list[tuple[int, int]]]:
    """Divide columns into parts that fit.

    Args:
        spans: begin and end of the columns.
        width: of a part.
        used: characters that the first part, the second one and so on use before these columns; the last number holds
            for all further parts.

    Returns:
        Columns of each part; the first part has none if none fits beside the columns that name the rows, and another
        part has at least one.
    """
    parts: list[list[tuple[int, int]]] = [[]]
    may_be_empty = len(used) > 1
    for span in spans:
        own = used[min(len(parts), len(used)) - 1]
        full = own + _measure([*parts[-1], span]) - 2 > width
        if full and (parts[-1] or (may_be_empty and len(parts) == 1)):
            parts.append([])
        parts[-1].append(span)
    return parts


def _measure(spans: list[tuple[int, int]]) -> int:
    """Return the characters that columns take, with the two that follow each."""
    return sum(end - start + 2 for start, end in spans)


def _cut(lines: list[str], spans: list[tuple[int, int]]) -> str:
    """Return the columns of a table."""
    return "\n".join("  ".join(line[start:end].ljust(end - start) for start, end in spans).rstrip() for line in lines)


def _spans(dashes: str) -> list[tuple[int, int]]:
    """Return where each column begins and ends."""
    spans, start = [], 0
    for column in dashes.split("  "):
        if column.strip():
            spans.append((start, start + len(column)))
        start += len(column) + 2
    return spans
