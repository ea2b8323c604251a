"""Fit a surrogate benchmark to a task, judge it on held-out architectures, and make it a task."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import or_resume, print_json, print_table
from nasbench.errors import InvalidOption
from nasbench.files import quoted


def command(
    task: Annotated[str, typer.Argument(help="A task with a table: its name, or FILE.toml:MEMBER.")],
    predictor: Annotated[
        list[str] | None,
        typer.Option(
            help="NAME[@PRESET][,option=value...]; of several, the one that ranks unseen architectures best is kept. "
            "Default: the suite's candidates that are installed."
        ),
    ] = None,
    train: Annotated[int | None, typer.Option(help="Architectures to learn from; default: nine tenths of all.")] = None,
    members: Annotated[int, typer.Option(help="Members of each ensemble, and folds of its validation.")] = 5,
    noise: Annotated[
        str, typer.Option(help="auto, seeds, constant (both from repeated seeds), spread (of the ensemble), none.")
    ] = "auto",
    seed: Annotated[int, typer.Option(help="Decides every number.")] = 0,
    name: Annotated[str, typer.Option(help="The task will be surrogate-NAME; default: as the task is called.")] = "",
    out: Annotated[Path | None, typer.Option(help="File to write instead, NAME.surrogate; a task by its path.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace another surrogate that is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Fit, judge and store; the same command gives the same file."""
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
    print(f"-> {surrogate.path} ({surrogate.path.stat().st_size / 1e6:.1f} MB); next: nasbench info {quoted(label)}")


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
