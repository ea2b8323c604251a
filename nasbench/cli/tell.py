"""Tell results of suggested trainings.

In any order, some or all of them; the same result may be told again.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import print_json
from nasbench.errors import InvalidOption


def command(
    file: Annotated[Path, typer.Argument(help="File of the search, as given to 'nasbench suggest'.")],
    results: Annotated[
        Path | None,
        typer.Argument(help="CSV, TSV, JSON or Parquet with the columns of 'nasbench suggest'; empty scores wait."),
    ] = None,
    trial: Annotated[int | None, typer.Option("--id", help="Instead of RESULTS: id of one suggestion.")] = None,
    arch: Annotated[str | None, typer.Option(help="Instead of --id: a training of your own, as text.")] = None,
    score: Annotated[float | None, typer.Option(help="Its score, in the unit and direction of the metric.")] = None,
    cost: Annotated[float | None, typer.Option(help="Seconds of this answer.")] = None,
    epoch: Annotated[int | None, typer.Option(help="Last finished epoch, where trainings are partial.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The training failed and has no score.")] = False,
    strategy: Annotated[
        str | None, typer.Option(help="For a training of your own: the file's strategy, if that is a command or class.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Note results in the file; the strategy learns them at the next 'nasbench suggest'."""
    from nasbench.campaigns import open_campaign

    one = {"id": trial, "architecture": arch, "score": score, "cost_s": cost, "epoch": epoch}
    one = {name: value for name, value in one.items() if value is not None}
    _check_arguments(results, one, failed)
    if not file.expanduser().is_file():
        raise InvalidOption(f"{file} does not exist; 'nasbench suggest {file} --space ...' begins a search")
    given: Any = results or one | ({"failed": True} if failed else {})
    receipt = open_campaign(file, strategy=strategy).tell(given)
    if as_json:
        print_json(
            {
                "told": list(receipt.ids),
                "given": receipt.n_given,
                "repeated": receipt.n_repeated,
                "unfilled": receipt.n_unfilled,
                "ignored_columns": list(receipt.ignored),
                "pending": list(receipt.pending),
            }
        )
        return
    print(receipt)


def _check_arguments(results: Path | None, one: dict[str, Any], failed: bool) -> None:
    """Refuse a file together with single values, or neither.

    Raises:
        InvalidOption: see above.
    """
    if results is not None and (one or failed):
        raise InvalidOption(f"give either a file of results, or one result; found {results} and options")
    if results is None and not ("id" in one or "architecture" in one):
        raise InvalidOption(
            "nothing to tell: give a file of results, or --id N (or --arch TEXT) with --score or --failed"
        )
    if results is None and ("score" in one) == failed:
        raise InvalidOption("give --score NUMBER, or --failed for a training without a score")
