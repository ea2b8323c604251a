"""Look up architectures of a task.

Give them in the benchmark's own string form, or by its own numbers.
"""

from typing import Annotated, Any

import typer

from nasbench.cli._show import or_none, print_json, print_table
from nasbench.units import Scale


def command(
    task: Annotated[str, typer.Argument(help="A name from 'nasbench list tasks'.")],
    architectures: Annotated[list[str], typer.Argument(help="Strings, or #N for the benchmark's own number.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every split, seed and static metric that the table holds for each architecture."""
    from nasbench.tasks import load_task

    loaded = load_task(task)
    archs = loaded.space.read(architectures)
    loaded.query(archs, loaded.reported[0])  # raises an error for architectures that the table lacks
    rows, scales = _rows(loaded, archs)
    if as_json:
        print_json([{"architecture": text, "canonical": canonical, **row} for text, canonical, row in rows])
        return
    for text, canonical, row in rows:
        same = "" if canonical == text else f"  (canonical form {canonical})"
        shown = [(key, "missing" if value is None else scales[key].exact(value)) for key, value in row.items()]
        print_table(text + same, ("", ""), shown)


def _rows(task: Any, archs: Any) -> tuple[list[tuple[str, str, dict[str, float | None]]], dict[str, Scale]]:
    columns = task.look_up(archs)
    texts, canonical = task.space.format(archs), task.space.format(task.space.canonicalize(archs))
    rows = [
        (text, same, {name: or_none(float(values[i])) for name, (values, _) in columns.items()})
        for i, (text, same) in enumerate(zip(texts, canonical, strict=True))
    ]
    return rows, {name: scale for name, (_, scale) in columns.items()}
