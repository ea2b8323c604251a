"""Train real networks: the winners of a search, or architectures by name. Killed, the same command goes on."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import ProgressBar, or_none, or_resume, print_json, print_table
from nasbench.errors import InvalidOption, MissingExtra

if TYPE_CHECKING:
    from nasbench.arrays import Archs, Floats
    from nasbench.spaces import SearchSpace


def command(
    from_: Annotated[Path | None, typer.Option("--from", help="A record of 'nasbench compare'.")] = None,
    task: Annotated[str, typer.Option(help="The task of the record; needed where it has several.")] = "",
    top: Annotated[int, typer.Option(help="How many of the best architectures of the record.")] = 5,
    arch: Annotated[list[str] | None, typer.Option(help="An architecture as text; may be repeated.")] = None,
    space: Annotated[str, typer.Option(help="The space of --arch.")] = "nb201",
    data: Annotated[
        str, typer.Option(help="digits, mnist1d, or folder, cifar, imagenet16, arrays,path=...")
    ] = "digits",
    recipe: Annotated[str, typer.Option(help="A recipe, NAME[,option=value...], or a .toml file.")] = "small-20",
    network: Annotated[str, typer.Option(help="NAME[,option=value...]; default: the space's own network.")] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda or cuda:N.")] = "cpu",
    seeds: Annotated[int, typer.Option(help="Trainings of each architecture.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder of the checkpoints.")] = Path("results/train"),
    table: Annotated[str, typer.Option(help="Your table that the measurements are added to.")] = "trained",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train, add every epoch to a table of yours, and show searched beside trained accuracy."""
    import numpy as np

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("training networks", "train")
    from nasbench.datasets import load_images
    from nasbench.training import load_recipe
    from nasbench.training._report import Plan, trained_report

    if seeds < 1:
        raise InvalidOption(f"--seeds {seeds}; expected at least 1")
    chosen, archs, searched = _architectures(from_, task, top, arch or [], space)
    images = load_images(data, np.random.default_rng(0))  # the same split in every command
    plan = Plan(
        space=chosen, archs=archs, data=images, recipe=load_recipe(recipe), network=network, device=device, folder=out
    )
    with ProgressBar("trainings", quiet=as_json) as progress, or_resume():
        report = trained_report(plan, labels=(data, recipe), table=table, n_seeds=seeds, on_progress=progress)
    rows = [
        {"architecture": text, "searched": score, **row}
        for text, score, row in zip(chosen.format(archs), searched.tolist(), report.rows, strict=True)
    ]
    tau = _tau(searched, np.array([row["valid"] for row in report.rows]))
    _show(rows, tau, str(report.path or ""), as_json)
    if report.n_failed:
        raise typer.Exit(1)


def _architectures(
    record: Path | None, task: str, top: int, texts: list[str], space: str
) -> "tuple[SearchSpace, Archs, Floats]":
    """Return the space, the architectures and their searched scores, nan where there was no search."""
    import numpy as np

    from nasbench.registry import SPACES

    if (record is None) == (not texts):
        raise InvalidOption("say what to train: either --from RECORD, or --arch TEXT (one or more) with --space NAME")
    if record is None:
        named = SPACES.load(space)()
        archs = named.parse(texts)
        distinct = np.sort(np.unique(archs, axis=0, return_index=True)[1])
        return named, archs[distinct], np.full(len(distinct), np.nan)
    from nasbench.experiment import Record
    from nasbench.experiment._compare import recorded_task
    from nasbench.experiment._winners import winners

    opened = Record(record)
    if not task and len(opened.tasks) > 1:
        raise InvalidOption(f"{record} has {len(opened.tasks)} tasks; choose one by --task: {', '.join(opened.tasks)}")
    name = task or opened.tasks[0]
    archs, searched = winners(opened, name, top)
    return recorded_task(opened, name).space, archs, searched


def _tau(searched: "Floats", trained: "Floats") -> float:
    """Return Kendall's tau of the two orders; nan for fewer than two architectures with both numbers."""
    import numpy as np
    from scipy.stats import kendalltau

    both = np.isfinite(searched) & np.isfinite(trained)
    return float(kendalltau(searched[both], trained[both]).statistic) if both.sum() > 1 else float("nan")


def _show(rows: list[dict[str, Any]], tau: float, path: str, as_json: bool) -> None:
    if as_json:
        plain = [{k: or_none(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
        print_json({"architectures": plain, "kendall_tau": or_none(tau), "table": path})
        return
    columns = ("architecture", "searched %", "valid %", "test %", "parameters", "seconds", "")
    shown = [
        (
            str(row["architecture"]),
            *(f"{100 * row[name]:.2f}" if row[name] == row[name] else "-" for name in ("searched", "valid", "test")),
            f"{row['n_params']:,}",
            f"{row['seconds']:.1f}",
            str(row["remark"]),
        )
        for row in rows
    ]
    print_table("Searched and trained", columns, shown)
    if tau == tau:
        print(f"Kendall's tau between searched and trained validation accuracy: {tau:.2f}")
    print(f"every epoch is in {path}" if path else "nothing was finished, so no table was written")
