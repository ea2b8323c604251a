"""Check a record against its tasks, and replay runs.

Every trial is compared with its task, and replayed runs must be identical to the bit.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption


def command(
    record: Annotated[Path, typer.Argument(help="Folder written by 'nasbench compare' or 'nasbench predict'.")],
    sample: Annotated[int, typer.Option(help="Runs to replay for each pair of task and strategy or predictor.")] = 2,
    everything: Annotated[bool, typer.Option("--all", help="Replay all runs.")] = False,
    seed: Annotated[int, typer.Option(help="Seed that draws the sample.")] = 0,
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="LABEL=module:Class, or module:Class alone: where the class of a recorded strategy is now, such as "
            "one of a script or notebook; repeat the option for several."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Exit with 0 if the record is complete and fits its tasks, and replayed runs of all strategies are identical."""
    if seed < 0:
        raise InvalidOption(f"--seed {seed}; expected 0 or more")
    from nasbench.record_kinds import verify

    verdict = verify(record, sample=None if everything else sample, seed=seed, strategies=strategy or ())
    if as_json:
        print_json({"matches": verdict.matches, **asdict(verdict)})
    else:
        print(verdict)
    if not verdict.matches:
        raise typer.Exit(1)
