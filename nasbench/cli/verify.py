"""Compare every trial of a record with its task, replay runs, and say whether they match to the bit."""

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption


def command(
    record: Annotated[Path, typer.Argument(help="A record, of 'nasbench compare' or 'nasbench predict'.")],
    sample: Annotated[int, typer.Option(help="Runs to replay of each pair of task and contestant.")] = 2,
    everything: Annotated[bool, typer.Option("--all", help="Replay all runs.")] = False,
    seed: Annotated[int, typer.Option(help="Draws the sample.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Exit with 0 if the record is complete, fits its tasks and every replayed run is the same, else with 1."""
    if seed < 0:
        raise InvalidOption(f"--seed {seed}; expected 0 or more")
    import numpy as np

    from nasbench.cli._records import verdict_on

    verdict = verdict_on(record, sample=None if everything else sample, rng=np.random.default_rng(seed))
    if as_json:
        print_json(
            {
                "matches": verdict.matches,
                "replayed": verdict.replayed,
                "differing": verdict.differing,
                "missing": verdict.missing,
                "misfits": verdict.misfits,
                "changed": verdict.changed,
            }
        )
    else:
        for what, runs in (("differs", verdict.differing), ("is missing", verdict.missing)):
            for task, contestant, key in runs[:20]:
                print(f"run {key} of {contestant} on {task} {what}")
            if len(runs) > 20:
                print(f"... and {len(runs) - 20} more")
        for task, contestant, key, why in verdict.misfits[:20]:
            print(f"run {key} of {contestant} on {task} does not fit: {why}")
        if len(verdict.misfits) > 20:
            print(f"... and {len(verdict.misfits) - 20} more that do not fit")
        for what in verdict.changed:
            print(f"changed since the recording: {what}")
        print(f"{verdict.replayed} runs replayed: " + ("the record matches" if verdict.matches else "NO MATCH"))
    if not verdict.matches:
        raise typer.Exit(1)
