"""Compare search strategies: run, record, rank and plot.

If interrupted, rerun the same command to resume.
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._records import (
    METRIC_HELP,
    PLOT_HELP,
    TEST_HELP,
    check_shown,
    choose_test,
    out_help,
    say_beside,
    unwarned_of_failures,
)
from nasbench.cli._show import ProgressBar, or_resume

DEFAULT_STRATEGIES = (
    "random_search",
    "regularized_evolution",
    "regularized_evolution@nasbench101",
    "regularized_evolution@nb201",
    "local_search",
)


def command(
    task: Annotated[list[str] | None, typer.Option(help="A task; repeat the option for several.")] = None,
    suite: Annotated[str, typer.Option(help="All tasks of a built-in suite: embedded or curves.")] = "",
    strategy: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME[@PRESET][,option=value...], module:Class, or 'cmd:COMMAND', a process (docs/contestants.md); "
            "repeat the option for several. TITLE=... gives it a name of your own. 'all': every installed one. "
            "Default: random search, local search, three settings of evolution."
        ),
    ] = None,
    runs: Annotated[int, typer.Option(help="Runs of each strategy on each task.")] = 100,
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same record.")] = 0,
    budget: Annotated[
        float | None, typer.Option(help="Budget of a run in simulated seconds. Default: the task's own.")
    ] = None,
    trials: Annotated[
        float | None, typer.Option(help="Budget of a run in training runs, instead of or besides --budget.")
    ] = None,
    epochs: Annotated[float | None, typer.Option(help="Budget of a run in training epochs, likewise.")] = None,
    workers: Annotated[int, typer.Option(help="Simulated workers that train in parallel.")] = 1,
    restart_s: Annotated[float, typer.Option(help="Simulated seconds that it takes to resume a paused trial.")] = 0.0,
    checkpoints: Annotated[
        bool, typer.Option(help="Keep checkpoints; without them a paused trial starts again from epoch 1.")
    ] = True,
    clock: Annotated[
        str,
        typer.Option(help="simulated: strategies think for free; charged: their own seconds count on the clock too."),
    ] = "simulated",
    opaque: Annotated[
        bool,
        typer.Option(help="Hide the names of operations, decisions and task from the strategies, anew in each run."),
    ] = False,
    jobs: Annotated[int, typer.Option(help="Number of processes; -1: one per core. Changes no result.")] = -1,
    out: Annotated[Path | None, typer.Option(help=out_help("results/compare"))] = None,
    retry_failed: Annotated[bool, typer.Option(help="Run failed runs again.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON.")] = False,
    metric: Annotated[list[str] | None, typer.Option(help=METRIC_HELP)] = None,
    plot: Annotated[list[str] | None, typer.Option(help=PLOT_HELP)] = None,
    test: Annotated[str, typer.Option(help=TEST_HELP)] = "",
) -> None:
    """Run the comparison, write the record, its leaderboard and its plots into --out."""
    from nasbench.backends.checkpoints import Checkpoints
    from nasbench.cli._tasks import tasks_of
    from nasbench.cli.leaderboard import report
    from nasbench.comparison import compare
    from nasbench.comparison.experiment import Limits

    test = choose_test(test)  # before anything runs
    check_shown(metric or [], plot or [])
    tasks = tasks_of(task or [], suite)
    with ProgressBar("runs", quiet=as_json) as progress, or_resume(), unwarned_of_failures():
        record = compare(
            tasks,
            _labels(strategy or list(DEFAULT_STRATEGIES), tasks),
            runs=runs,
            seed=seed,
            limits=Limits(budget, trials, epochs),
            n_workers=workers,
            checkpoints=Checkpoints(restart_s, checkpoints),
            clock=clock,
            opaque=opaque,
            n_jobs=jobs,
            out=out or Path("results/compare"),
            beside=out is None,
            retry_failed=retry_failed,
            on_progress=progress,
        )
    say_beside(record, out, "results/compare")
    report(record, style="json" if as_json else "text", metrics=metric or [], plots=plot or [], test=test)


def _labels(given: list[str], tasks: list[str]) -> list[str]:
    """Replace ``all`` by every installed strategy; early-stopping ones only if all tasks have epochs to stop at."""
    labels = [label for one in given for label in (_everything(tasks) if one == "all" else [one])]
    return list(dict.fromkeys(labels))


def _everything(tasks: list[str]) -> list[str]:
    from nasbench.registry import STRATEGIES
    from nasbench.tasks import load_task

    installed = [name for name in STRATEGIES.names() if not STRATEGIES.missing_extra(name)]
    if not all(len(load_task(task).epochs) > 1 for task in tasks):
        installed = [name for name in installed if not STRATEGIES.literal(name, "requires_fidelities")]
    return [name for name in installed if _can_search(name, tasks)]


def _can_search(name: str, tasks: list[str]) -> bool:
    """Whether a strategy can search every task; if not, the reason is printed on standard error."""
    from nasbench.choices import Choice
    from nasbench.comparison.experiment import check_choice
    from nasbench.errors import NasbenchError
    from nasbench.registry import STRATEGIES, sources_of
    from nasbench.tasks import load_task

    choice = Choice(name)
    try:
        for task in tasks:
            sources_of(choice, STRATEGIES, task)
            check_choice(choice, task, load_task(task))
    except NasbenchError as error:
        print(f"left out: {error}", file=sys.stderr)
        return False
    return True
