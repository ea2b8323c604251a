"""Add latencies, energies, sizes or robust accuracies of your own to a task, as further objectives.

The task's table stays as it is: the numbers go into a table beside it, and a new task joins both.
"""

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption
from nasbench.files import quote_word


def command(
    task: Annotated[str, typer.Argument(help="A task that a table answers, such as nb201-cifar10.")],
    source: Annotated[Path, typer.Argument(help="CSV, Parquet or JSON; or a folder or archive of JSON files.")],
    column: Annotated[list[str], typer.Option(help="A column of numbers. Repeat it for several objectives.")],
    unit: Annotated[
        list[str] | None, typer.Option(help="Its unit, such as ms, mJ, percent: one for all, or one for each column.")
    ] = None,
    metric: Annotated[
        list[str] | None, typer.Option(help="Its name as an objective. Default: the column's, without its unit.")
    ] = None,
    direction: Annotated[
        list[str] | None, typer.Option(help="maximize or minimize, where the name does not tell: for all, or for each.")
    ] = None,
    name: Annotated[str, typer.Option(help="Name of the new task. Default: TASK-FILE.")] = "",
    architecture: Annotated[
        str, typer.Option(help="The column of architectures. Default: the first one that the space can read.")
    ] = "",
    form: Annotated[str, typer.Option(help="'index' if it holds official numbers, or 'naslib' for its codes.")] = "",
    map_: Annotated[str, typer.Option("--map", help="A mapping that says where the architectures are.")] = "",
    split: Annotated[str, typer.Option(help="For an accuracy: valid or train, the images it was measured on.")] = "",
    missing: Annotated[
        list[str] | None, typer.Option(help="A cell that stands for a missing value, such as -1.")
    ] = None,
    average: Annotated[bool, typer.Option("--average", help="Average different values of one architecture.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a task or table of this name.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Read the numbers, say how many architectures have one, and write the table and the task."""
    from nasbench.importers import StaticColumn
    from nasbench.joining import join_objectives

    given = {"unit": unit, "metric": metric, "direction": direction}
    options = [
        dict(zip(given, texts, strict=True))
        for texts in zip(*(_spread(key, texts or [], len(column)) for key, texts in given.items()), strict=True)
    ]
    columns = [StaticColumn(column=one, **own) for one, own in zip(column, options, strict=True)]
    joined = join_objectives(
        task, source, columns, name=name, architecture=architecture, form=form, map=map_, split=split,
        missing=missing or (), average=average, replace=replace,
    )  # fmt: skip
    if as_json:
        print_json(
            {
                "task": joined.task.name,
                "file": str(joined.file),
                "table": str(joined.table.path),
                "covered": dict(joined.covered),
                "architectures": joined.n_architectures,
                "rows": joined.n_rows,
                "unreadable_rows": len(joined.unreadable),
                "unmeasured_architectures": joined.n_unmeasured,
            }
        )
        return
    goals = ", ".join(f"{one.direction} {one.name} ({one.unit})" for one in joined.task.objectives)
    print(f"{joined}\ntask {joined.task.name}: {goals}\n-> {joined.table.path}\n-> {joined.file}")
    print(f"next: nasbench compare --task {quote_word(joined.task.name)}")


def _spread(key: str, texts: list[str], n: int) -> list[str]:
    """Return one text for each column."""
    if len(texts) not in (0, 1, n) or (key == "metric" and len(texts) == 1 < n):
        raise InvalidOption(f"{len(texts)} times --{key} for {n} columns; give one for each")
    return texts if len(texts) == n else (texts or [""]) * n
