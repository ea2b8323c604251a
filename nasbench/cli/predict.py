"""Compare performance predictors: fit, test, rank and plot.

If interrupted, rerun the same command to resume.
"""

from pathlib import Path
from typing import Annotated

import typer

from nasbench.cli._records import TEST_HELP, choose_test, out_help, say_beside, unwarned_of_failures
from nasbench.cli._show import ProgressBar, or_resume
from nasbench.errors import InvalidOption

_CUTOFFS = "0.05,0.1,0.2,0.4,0.8"


def command(
    task: Annotated[list[str] | None, typer.Option(help="A task; repeat the option for several.")] = None,
    suite: Annotated[str, typer.Option(help="All tasks of a built-in suite: embedded or curves.")] = "",
    predictor: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME[@PRESET][,option=value...] or module:Class; repeat for several. Default: all installed."
        ),
    ] = None,
    train_sizes: Annotated[
        str, typer.Option(help="Numbers of training architectures, separated by commas.")
    ] = "10,50,100,250,1000",
    runs: Annotated[int, typer.Option(help="Runs of each predictor on each task and train size.")] = 5,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="'random': test on the rest; 'disjoint': without twins of training architectures. Default: both."
        ),
    ] = None,
    test_size: Annotated[str, typer.Option(help="Number of test architectures to draw, or 'all'.")] = "all",
    labels: Annotated[
        str, typer.Option(help="Learn the 'mean' over seeds, or one drawn 'seed'; the test is always against the mean.")
    ] = "mean",
    proxies: Annotated[
        str, typer.Option(help="Table, or its .h5 file, whose static metrics are zero-cost proxies for predictors.")
    ] = "",
    curves: Annotated[
        bool,
        typer.Option(
            "--curves", help="Give predictors learning curves: complete ones to learn from, cut ones to predict."
        ),
    ] = False,
    cutoff: Annotated[
        str, typer.Option(help="Shares of a training run after which test curves are cut; implies --curves.")
    ] = "",
    seed: Annotated[
        int, typer.Option(help="Random seed; the same seed gives the same record, except seconds and memory.")
    ] = 0,
    jobs: Annotated[int, typer.Option(help="Number of processes; -1: one per core.")] = -1,
    out: Annotated[Path | None, typer.Option(help=out_help("results/predict"))] = None,
    retry_failed: Annotated[bool, typer.Option(help="Run failed runs again.")] = False,
    test: Annotated[str, typer.Option(help=TEST_HELP)] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the leaderboard as JSON.")] = False,
) -> None:
    """Run the evaluation, write the record, its leaderboard and its plots into --out."""
    from nasbench.cli._tasks import tasks_of
    from nasbench.cli.leaderboard import report
    from nasbench.evaluation import evaluate

    test = choose_test(test)  # before anything runs
    cutoffs = tuple(_share(part) for part in (cutoff or _CUTOFFS).split(",")) if curves or cutoff else ()
    with ProgressBar("runs", quiet=as_json) as progress, or_resume(), unwarned_of_failures():
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
    report(record, style="json" if as_json else "text", test=test)


def _installed(*given: set[str]) -> list[str]:
    """Return the installed predictors that need no inputs other than those given."""
    from nasbench.registry import PREDICTORS

    names = [name for name in PREDICTORS.names() if PREDICTORS.missing_extra(name) is None]
    return [name for name in names if getattr(PREDICTORS.load(name), "needs", frozenset()) <= set().union(*given)]


def _share(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidOption(
            f"--cutoff: {text!r} is not a number; expected shares of a training run, such as 0.1,0.5"
        ) from None


def _number(option: str, text: str) -> int:
    if not text.strip().isdecimal():
        raise InvalidOption(f"{option}: {text!r} is not a whole number")
    return int(text)
