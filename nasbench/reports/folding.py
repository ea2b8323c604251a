"""Fold text tables for a narrow terminal: columns that do not fit follow below, with the first columns repeated."""

import textwrap

_LEAST_WIDTH = 60  # the first column can take half of it
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
        return f"(a table of {len(lines) - 2} rows needs a terminal of {max(map(len, lines))} columns)"
    return _fold_table(lines, width)


def _fold_line(line: str, width: int) -> str:
    """Wrap a line; an indented one holds an architecture and stays whole, so that it can be copied."""
    return line if line.startswith(" ") else textwrap.fill(line, width, subsequent_indent="  ")


def _fold_table(lines: list[str], width: int) -> str:
    """Split a table by columns; each part begins with the columns that identify a row."""
    spans = _spans(lines[1])
    n_keys = 2 if len(spans) > 2 and lines[0].startswith("task") else 1
    keys, rest = spans[:n_keys], spans[n_keys:]
    left = sum(end - start + 2 for start, end in keys)
    parts: list[list[tuple[int, int]]] = [[]]
    for span in rest:
        used = left + sum(end - start + 2 for start, end in parts[-1])
        if parts[-1] and used + span[1] - span[0] > width:
            parts.append([])
        parts[-1].append(span)
    return "\n\n".join(
        "\n".join(
            "  ".join(line[start:end].ljust(end - start) for start, end in [*keys, *part]).rstrip() for line in lines
        )
        for part in parts
    )


def _spans(dashes: str) -> list[tuple[int, int]]:
    """Return where each column begins and ends."""
    spans, start = [], 0
    for column in dashes.split("  "):
        if column.strip():
            spans.append((start, start + len(column)))
        start += len(column) + 2
    return spans
