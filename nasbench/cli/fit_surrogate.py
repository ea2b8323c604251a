"""Fit a surrogate benchmark to a task.

The surrogate is tested on held-out architectures and becomes a task itself.
"""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import or_resume, print_json, print_table
from nasbench.errors import InvalidOption
from nasbench.files import quote_word


def command(
    task: Annotated[str, typer.Argument(help="A task with a table: its name, or FILE.toml:MEMBER.")],
    predictor: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME[@PRESET][,option=value...]; of several, the best one on held-out architectures is kept. "
            "Default: all candidates that are installed."
        ),
    ] = None,
    train: Annotated[
        int | None, typer.Option(help="Number of training architectures. Default: nine tenths of all.")
    ] = None,
    members: Annotated[int, typer.Option(help="Members of each ensemble, and folds of cross-validation.")] = 5,
    noise: Annotated[
        str,
        typer.Option(help="Seed noise: auto, seeds or constant (from repeated seeds), spread (of the ensemble), none."),
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same numbers.")] = 0,
    name: Annotated[str, typer.Option(help="The new task is surrogate-NAME. Default: the name of the task.")] = "",
    out: Annotated[
        Path | None, typer.Option(help="Write NAME.surrogate here instead; its path is the name of the task.")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing surrogate.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit, test and store; the same command gives the same file."""
    from nasbench.tasks import SurrogateFit, fit_surrogate

    if out is not None and (out.suffix != ".surrogate" or name):
        raise InvalidOption(f"--out {out}: a surrogate file ends with .surrogate, and its name is that of the file")
    fit = SurrogateFit(tuple(predictor or ()), train, members, noise, seed)
    name = out.stem if out else name
    with or_resume():
        surrogate = fit_surrogate(task, fit, name=name, out=out, replace=replace, on_step=_quiet if as_json else _say)
    assert surrogate.path is not None
    label = str(surrogate.path) if out else f"surrogate-{surrogate.name}"
    shown = {"task": label, "file": str(surrogate.path), "sha256": surrogate.checksum}
    if as_json:
        print_json(shown | {"chosen_by": surrogate.spec["chosen_by"], "validation": surrogate.spec["validation"]})
        return
    told = {key: _text(value) for key, value in surrogate.spec["validation"].items()}
    told["mean_absolute_error"] = surrogate.scale.text(surrogate.spec["validation"]["mean_absolute_error"])
    print_table(label, ("", ""), list(told.items()))
    print(
        f"-> {surrogate.path} ({surrogate.path.stat().st_size / 1e6:.1f} MB); next: nasbench info {quote_word(label)}"
    )


def _say(step: str) -> None:
    print(f"fitting {step}", file=sys.stderr)


def _quiet(_: str) -> None:
    """Say nothing, so that standard error stays empty."""


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items()) or "-"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
