"""Merge records of the same experiment into one.

They may hold other runs, tasks or strategies, for example from several machines.
"""

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption
from nasbench.files import quote_word


def command(
    records: Annotated[
        list[Path], typer.Argument(help="Folders written by 'nasbench compare' or by 'nasbench predict'.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the merged record; an existing record takes part.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check that no run has two outcomes, write the merged record, show what is missing. RECORDS are not changed."""
    from nasbench.record_kinds import open_record

    opened = [open_record(path) for path in records]
    kind = opened[0].contestant_kind
    if strange := [record for record in opened if record.contestant_kind != kind]:
        raise InvalidOption(
            f"{opened[0].path} compares {kind}, {strange[0].path} {strange[0].contestant_kind}; join records of one "
            "kind"
        )
    joined = type(opened[0]).join(opened, out)  # type: ignore[arg-type]
    missing = {
        (task, contestant): n
        for task in joined.tasks
        for contestant in joined.contestants
        if (n := len(joined.missing(task, contestant)))
    }
    total = len(joined.all_keys()) * len(joined.tasks) * len(joined.contestants)
    held = total - sum(missing.values())
    if as_json:
        told = [{"task": task, "contestant": contestant, "runs": n} for (task, contestant), n in missing.items()]
        print_json({"record": str(joined.path), kind: joined.contestants, "runs": held, "missing": told})
        return
    size = f"{len(joined.contestants)} {kind} x {len(joined.tasks)} tasks"
    print(f"{joined.path}: {held:,} of {total:,} runs of {size}")
    for (task, contestant), n in list(missing.items())[:20]:
        print(f"{contestant} on {task}: {_runs(n)} missing")
    if len(missing) > 20:
        print(f"... and runs of {len(missing) - 20} more pairs")
    verb = "predict" if kind == "predictors" else "compare"
    if missing:
        print(f"to do them: nasbench {verb} ... --out {quote_word(joined.path)}, with all tasks and {kind}")
    else:
        print(f"next: nasbench leaderboard {quote_word(joined.path)}")


def _runs(n: int) -> str:
    return "1 run is" if n == 1 else f"{n:,} runs are"
