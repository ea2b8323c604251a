"""Suggest what to train next.

FILE keeps a search of your own trainings: suggest, train, 'nasbench tell', suggest again.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption
from nasbench.files import quote_word

if TYPE_CHECKING:
    import pandas as pd

    from nasbench.campaigns import Campaign


def command(
    file: Annotated[
        str, typer.Argument(help="File of the search, new or not; or a task whose table holds your trainings.")
    ],
    n: Annotated[int, typer.Option("-n", help="Number of trainings.")] = 1,
    space: Annotated[
        str | None,
        typer.Option(help="For a new file: FILE.toml with [decisions], a space NAME[,option=value...], or a task."),
    ] = None,
    strategy: Annotated[
        str | None, typer.Option(help="For a new file: NAME[@PRESET][,option=value...]. Default: auto.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", help="Trainings to learn from: CSV, TSV, JSON, Parquet, or the file of another search."),
    ] = None,
    metric: Annotated[str | None, typer.Option(help="For a new file: name of the score. Default: score.")] = None,
    unit: Annotated[
        str | None, typer.Option(help="For a new file: none (default), fraction, nats, s, count or J.")
    ] = None,
    direction: Annotated[
        str | None, typer.Option(help="For a new file: maximize (default) or minimize the score.")
    ] = None,
    epochs: Annotated[
        str | None,
        typer.Option(help="For a new file: where trainings may stop, such as 1,3,9,27; the last is a complete one."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="For a new file: seed of all random numbers. Default: 0.")] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Show suggestions without a result again; suggest nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of CSV.")] = False,
) -> None:
    """Print suggestions as CSV: train them, fill in the score, and pass the file to 'nasbench tell'."""
    options = {
        "space": space,
        "strategy": strategy,
        "start": from_,
        "metric": metric,
        "unit": unit,
        "direction": direction,
        "epochs": epochs,
        "seed": seed,
    }
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not Path(file).exists() and not space and not pending and _is_task(file):
        _suggest_for_task(file, n, given, as_json)
        return
    from nasbench.campaigns import Campaign, open_campaign

    if pending:
        campaign = Campaign(Path(file).expanduser())
        _print_frame(campaign.pending, as_json)
        return
    campaign = open_campaign(file, **given)
    if campaign.started:
        print(campaign.started, file=sys.stderr)
    suggested = campaign.suggest(n)
    _print_frame(suggested, as_json)
    _print_advice(campaign, suggested, n)


def _is_task(name: str) -> bool:
    from nasbench.tasks import task_names

    return ".toml:" in name or name in task_names()


def _suggest_for_task(task: str, n: int, given: dict[str, Any], as_json: bool) -> None:
    """Print what to train next, from the trainings in a task's table."""
    from nasbench.campaigns import suggest

    if extra := sorted(given.keys() - {"strategy", "seed"}):
        shown = ", ".join("--from" if name == "start" else f"--{name}" for name in extra)
        raise InvalidOption(f"{shown}: task '{task}' says this itself; to keep a file, name it and pass --space {task}")
    _print_frame(suggest(task, n, **given), as_json)


def _print_frame(frame: "pd.DataFrame", as_json: bool) -> None:
    """Print a table as CSV, or as JSON without empty cells."""
    if as_json:
        records = [
            {name: value for name, value in record.items() if value is not None and value == value}
            for record in frame.astype(object).to_dict("records")
        ]
        print_json(records)
    else:
        print(frame.to_csv(index=False, lineterminator="\n"), end="")


def _print_advice(campaign: "Campaign", suggested: "pd.DataFrame", n: int) -> None:
    """Say on standard error how to go on."""
    if len(suggested) < n:
        from nasbench.campaigns.ledger import list_ids

        waiting = list_ids(campaign.pending["id"].tolist())
        print(f"{len(suggested)} of {n}: the strategy waits for results of {waiting}", file=sys.stderr)
    if len(suggested):
        name, file = campaign.objective.name, quote_word(campaign.path)
        trial = suggested["id"].iloc[0]
        print(
            f"fill in {name} (and cost_s, seconds, if known), then: nasbench tell {file} RESULTS.csv\n"
            f"or one by one: nasbench tell {file} --id {trial} --score ...",
            file=sys.stderr,
        )
