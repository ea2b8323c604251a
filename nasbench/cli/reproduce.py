"""Reproduce published tables: list, show, run or report.

Our numbers are compared with the published ones, within tolerances that were written beforehand.
If interrupted, rerun the same command to resume.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import ProgressBar, or_resume, print_json, print_table, print_text
from nasbench.errors import InvalidOption, MissingExtra, make_unknown_name
from nasbench.files import quote_word

_ACTIONS = ("list", "show", "run", "report")


def command(
    action: Annotated[str, typer.Argument(help="list, show, run or report.")],
    names: Annotated[
        list[str] | None, typer.Argument(help="Published tables. Default for run and report: all.")
    ] = None,
    runs: Annotated[
        int | None, typer.Option(help="Runs of each random protocol. Default: the table's own number.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Number of processes; -1: one per core. Changes no result.")] = -1,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer runs: quick, but more rows cannot be judged.")] = False,
    out: Annotated[Path, typer.Option(help="Folder of records and results; unfinished ones are resumed.")] = Path(
        "results/reproduce"
    ),
    style: Annotated[str, typer.Option("--format", help="text, markdown, json or html.")] = "text",
) -> None:
    """Show what can be reproduced, reproduce it, and compare our numbers with the published ones."""
    actions = {
        "list": lambda: _list(style),
        "show": lambda: _show(names or []),
        "run": lambda: _run(names or [], runs, jobs, out, quick=quick, style=style),
        "report": lambda: _report(names or [], out, style),
    }
    if action not in actions:
        raise make_unknown_name("action", action, _ACTIONS)
    actions[action]()


def _list(style: str) -> None:
    from nasbench.reproduction import list_needs, list_published, load_published

    tables = [load_published(name) for name in list_published()]
    lacking = [list_needs(table) for table in tables]
    if style == "json":
        about = [{"name": table.name, "title": table.title, "rows": len(table.rows)} for table in tables]
        print_json([entry | {"needs": more} for entry, more in zip(about, lacking, strict=True)])
        return
    rows = [
        (table.name, table.title, str(len(table.rows)), str(table.runs), ", ".join(more) or "nothing: it runs now")
        for table, more in zip(tables, lacking, strict=True)
    ]
    print_table("Published tables", ("name", "what", "rows", "runs", "needs, for all rows"), rows)
    for line in dict.fromkeys(line for more in lacking for line in more.values()):
        print(line)
    print("More: nasbench reproduce show NAME; nasbench reproduce run NAME")


def _show(names: list[str]) -> None:
    from nasbench.reproduction import load_published
    from nasbench.reproduction.report import describe_published

    if not names:
        raise InvalidOption("nothing to show: give the name of a published table (see 'nasbench reproduce list')")
    print_text("\n".join(describe_published(load_published(name)) for name in names))


def _run(names: list[str], runs: int | None, jobs: int, out: Path, *, quick: bool, style: str) -> None:
    from nasbench.reproduction import ReproductionPlan, list_published, load_published, reproduce
    from nasbench.reproduction.report import (
        FORMATS,
        compose_report,
        list_missing_imports,
        summarize_rows,
        write_overview,
    )

    if runs is not None and runs < 1:
        raise InvalidOption(f"{runs} runs; expected at least 1")
    if style not in FORMATS:
        raise make_unknown_name("format", style, FORMATS)
    tables = [load_published(name) for name in names or list_published()]
    results = []
    for table in tables:
        wanted = runs or (table.quick_runs if quick else table.runs)
        with ProgressBar(f"runs of {table.name}", quiet=style == "json") as progress, or_resume():
            results.append(reproduce(table, ReproductionPlan(wanted, out, jobs, quick, progress)))
    if style == "text":
        print_text(f"{summarize_rows(results)}\n\n{write_overview(results)}\n")
        print("".join(f"\n{line}" for line in list_missing_imports(results)))  # whole, to be copied
        print(f"more: nasbench reproduce report --out {quote_word(out)}")
    else:
        print(compose_report(results, style))


def _report(names: list[str], out: Path, style: str) -> None:
    from nasbench.reproduction import load_result, load_results
    from nasbench.reproduction.report import compose_report, write_report
    from nasbench.reproduction.run import get_result_file

    results = [load_result(get_result_file(out, name)) for name in names] if names else load_results(out)
    pictures = _pictures(results, out)
    text = compose_report(results, style, pictures=pictures)
    if style == "text":
        print_text(text)
    else:
        print(text, end="")
    files = write_report(results, out, pictures)
    print(f"-> {', '.join(str(file) for file in files)}", file=sys.stderr)


def _pictures(results: list[dict[str, Any]], out: Path) -> dict[str, str]:
    """Draw the plots; return the file of each table, relative to the folder."""
    from nasbench.reproduction.plots import write_picture

    pictures = {}
    for result in results:
        try:
            files = write_picture(result, out / "plots")
        except MissingExtra as missing:
            print(f"no pictures: {missing}", file=sys.stderr)
            break
        if files:
            pictures[result["name"]] = f"plots/{files[0].name}"
    return pictures
