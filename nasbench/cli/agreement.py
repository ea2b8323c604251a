"""Measure how well a surrogate ranks strategies.

The record must hold runs of the same strategies on both tasks.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import print_json, print_table
from nasbench.errors import InvalidOption


def command(
    record: Annotated[Path, typer.Argument(help="Folder written by 'nasbench compare'.")],
    truth: Annotated[
        str, typer.Option(help="The reference task. Default: the task that a surrogate was fitted to.")
    ] = "",
    other: Annotated[
        str, typer.Option(help="The task to compare with it. Default: every surrogate of the record.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare the order of the strategies after ten shares of the budget, with intervals over runs on both tasks."""
    from nasbench.comparison import Record
    from nasbench.comparison.agreement import agreement
    from nasbench.comparison.analysis import analyse

    opened = Record(record)
    pairs = [(truth, other)] if truth and other else _pairs(opened, truth, other)
    analysis = analyse(opened)
    analysis.progress.require_complete(opened.path)
    found = [agreement(analysis, *pair).as_dict() for pair in pairs]
    if as_json:
        print_json(found)
        return
    for entry in found:
        _show(entry)


def _pairs(record: Any, truth: str, other: str) -> list[tuple[str, str]]:
    """Return each surrogate of the record with the task it was fitted to."""
    from nasbench.records.opening import recorded_task

    tasks = {name: recorded_task(record, name) for name in record.tasks}
    typed = {task.name: name for name, task in tasks.items()}  # records know a task of a user's file as it was typed
    fitted = {name: typed.get(getattr(task, "fitted_to", "")) for name, task in tasks.items()}
    pairs = [(source, name) for name, source in fitted.items() if source]
    pairs = [pair for pair in pairs if truth in ("", pair[0]) and other in ("", pair[1])]
    if not pairs:
        raise InvalidOption(
            f"{record.path} has no surrogate together with the task it was fitted to: give --truth and --other, of "
            f"{', '.join(record.tasks)}"
        )
    return pairs


def _show(entry: dict[str, Any]) -> None:
    rows = [(f"after {100 * item['budget']:.0f} % of the budget", _text(item)) for item in entry["by_budget"]]
    rows += [("mean over budgets", _text(entry["mean"]))]
    rows += [("strategies x budgets together", f"{entry['cells']:.2f}")]
    rows += [("two halves of the table's own runs: mean, 95 % of splits", _text(entry["ceiling"]))]
    if entry["decided_alike"] is not None:
        alike = f"{100 * entry['decided_alike']:.0f} % of {entry['decided_pairs']}"
        rows += [("significantly different pairs of the table, in the same order", alike)]
    print_table(f"{entry['other']} against {entry['truth']}: Kendall's tau of the strategies' order", ("", ""), rows)
    print("In brackets: 95 % interval of tau of the true rankings on these two tasks, over runs; none below 10 runs.")


def _text(interval: dict[str, Any]) -> str:
    if interval["low"] is None:
        return f"{interval['value']:.2f} [-]"
    return f"{interval['value']:.2f} [{interval['low']:.2f}, {interval['high']:.2f}]"
