"""Suggest what to train next.

FILE keeps a search of your own trainings: suggest, train, 'nasbench tell', suggest again.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption
from nasbench.files import quote_word, write_text

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
        typer.Option(
            "--from", help="Trainings to learn from: CSV, TSV, JSON, Parquet, the file of another search, or a task."
        ),
    ] = None,
    metric: Annotated[
        str | None, typer.Option(help="For a new file: name of the score. Default: score, or as in --from.")
    ] = None,
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
    out: Annotated[Path | None, typer.Option(help="CSV file to write; default: print it.")] = None,
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
    if out is not None and (out.suffix != ".csv" or as_json):
        raise InvalidOption(f"--out {out}: suggestions are written as CSV, to a file that ends with .csv")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if not Path(file).exists() and not space and not pending and _names_task(file):
        _print_frame(_suggest_for_task(file, n, given), out, as_json)
        return
    from nasbench.campaigns import Campaign, open_campaign

    if pending:
        if not Path(file).expanduser().is_file():
            raise InvalidOption(f"{file} does not exist; without --pending and with --space, it begins a search")
        campaign = Campaign(Path(file).expanduser())
        _print_frame(campaign.pending, out, as_json)
        return
    campaign = open_campaign(file, **given)
    if campaign.started:
        print(campaign.started, file=sys.stderr)
    suggested = campaign.suggest(n)
    _print_frame(suggested, out, as_json)
    _print_advice(campaign, suggested, n, out)


def _names_task(name: str) -> bool:
    from nasbench.campaigns.settings import find_task

    return find_task(name) is not None


def _suggest_for_task(task: str, n: int, given: dict[str, Any]) -> "pd.DataFrame":
    """Return what to train next, from the trainings in a task's table."""
    from nasbench.campaigns import suggest

    if extra := sorted(given.keys() - {"strategy", "seed"}):
        shown = ", ".join("--from" if name == "start" else f"--{name}" for name in extra)
        raise InvalidOption(f"{shown}: task '{task}' says this itself; to keep a file, name it and pass --space {task}")
    return suggest(task, n, **given)


def _print_frame(frame: "pd.DataFrame", out: Path | None, as_json: bool) -> None:
    """Print a table as CSV, or as JSON without empty cells; or write it."""
    if out:
        write_text(out, frame.to_csv(index=False, lineterminator="\n"))
    elif as_json:
        records = [
            {name: value for name, value in record.items() if value is not None and value == value}
            for record in frame.astype(object).to_dict("records")
        ]
        print_json(records)
    else:
        print(frame.to_csv(index=False, lineterminator="\n"), end="")


def _print_advice(campaign: "Campaign", suggested: "pd.DataFrame", n: int, out: Path | None) -> None:
    """Say on standard error how to go on."""
    if len(suggested) < n:
        from nasbench.campaigns.state import list_ids

        waiting = list_ids(campaign.pending["id"].tolist())
        print(f"{len(suggested)} of {n}: the strategy waits for results of {waiting}", file=sys.stderr)
    if len(suggested):
        name, file = campaign.objective.name, quote_word(campaign.path)
        trial, written = suggested["id"].iloc[0], quote_word(out or "RESULTS.csv")
        print(
            f"fill in {name} (and cost_s, seconds, if known), then: nasbench tell {file} {written}\n"
            f"or one by one: nasbench tell {file} --id {trial} --score ...",
            file=sys.stderr,
        )
