"""Compare performance predictors on tasks: fit, test, record, rank, plot. Killed, the same command goes on."""

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._records import out_help, say_beside
from nasbench.cli._show import ProgressBar, or_resume
from nasbench.errors import InvalidOption

_CUTOFFS = "0.05,0.1,0.2,0.4,0.8"


def command(
    task: Annotated[list[str] | None, typer.Option(help="A task; may be repeated.")] = None,
    suite: Annotated[str, typer.Option(help="All tasks of a suite that ships: embedded or curves.")] = "",
    predictor: Annotated[
        list[str] | None,
        typer.Option(help="NAME[@PRESET][,option=value...] or module:Class; may be repeated. Default: all installed."),
    ] = None,
    train_sizes: Annotated[str, typer.Option(help="Numbers of training architectures.")] = "10,50,100,250,1000",
    runs: Annotated[int, typer.Option(help="Repetitions of each task, predictor and train size.")] = 5,
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="'random': tested on the rest; 'disjoint': on no twin of a training one. Default: both."),
    ] = None,
    test_size: Annotated[
        str, typer.Option(help="Test architectures, drawn; or 'all' that the protocol leaves.")
    ] = "all",
    labels: Annotated[
        str, typer.Option(help="Learn the 'mean' over seeds, or one drawn 'seed'; tested is always the mean.")
    ] = "mean",
    proxies: Annotated[
        str, typer.Option(help="Table, or its .h5 file, whose static metrics predictors may use as zero-cost proxies.")
    ] = "",
    curves: Annotated[
        bool, typer.Option("--curves", help="Give predictors learning curves: whole to learn, cut where asked.")
    ] = False,
    cutoff: Annotated[
        str, typer.Option(help="Shares of a training after which curves are cut; alone, the same as with --curves.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Decides every number of the record but seconds and memory.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes; -1 for one a core.")] = -1,
    out: Annotated[Path | None, typer.Option(help=out_help("results/predict"))] = None,
    retry_failed: Annotated[bool, typer.Option(help="Do runs that failed once more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON.")] = False,
) -> None:
    """Run the evaluation, write the record, its leaderboard and its plots into --out."""
    from nasbench.cli._tasks import tasks_of
    from nasbench.cli.leaderboard import report
    from nasbench.evaluation import evaluate

    cutoffs = tuple(_share(part) for part in (cutoff or _CUTOFFS).split(",")) if curves or cutoff else ()
    with ProgressBar("runs", quiet=as_json) as progress, or_resume():
        record = evaluate(
            tasks_of(task or [], suite),
            predictor or _installed({"curves", "losses"} if cutoffs else set(), {"proxies"} if proxies else set()),
            train_sizes=[_number("--train-sizes", size) for size in train_sizes.split(",")],
            runs=runs,
            **({"protocols": tuple(protocol)} if protocol else {}),
            test_size=None if test_size == "all" else _number("--test-size", test_size),
            labels=labels,
            proxies=proxies,
            cutoffs=cutoffs,
            seed=seed,
            n_jobs=jobs,
            out=out or Path("results/predict"),
            beside=out is None,
            retry_failed=retry_failed,
            on_progress=progress,
        )
    say_beside(record, out, "results/predict")
    report(record, style="json" if as_json else "text")


def _installed(*given: set[str]) -> list[str]:
    """Return the predictors that can be imported and need nothing but what is given."""
    from nasbench.registry import PREDICTORS

    names = [name for name in PREDICTORS.names() if PREDICTORS.missing_extra(name) is None]
    return [name for name in names if getattr(PREDICTORS.load(name), "needs", frozenset()) <= set().union(*given)]


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidOption(
            f"--cutoff: {text!r} is no number; expected shares of a training, such as 0.1,0.5"
        ) from None


def _number(option: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidOption(f"{option}: {text!r} is no whole number")
    return int(text)
