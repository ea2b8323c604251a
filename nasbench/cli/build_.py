"""Train a search space, or a sample of it, into a table.

The table holds every epoch of every training run. If interrupted, rerun the same command to resume.
"""

import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nasbench.cli._show import ProgressBar, or_resume, print_data, print_json
from nasbench.errors import InvalidOption, MissingExtra

if TYPE_CHECKING:
    from nasbench.spaces import SearchSpace
    from nasbench.training import Build


def command(
    space: Annotated[str, typer.Argument(help="A space, NAME[,option=value...], or a task whose space is meant.")],
    out: Annotated[Path, typer.Option(help="Table file to write, NAME.h5.")],
    data: Annotated[
        str, typer.Option(help="Data set, as in 'nasbench train', for example mnist1d,n_train=1000.")
    ] = "digits",
    recipe: Annotated[str, typer.Option(help="A recipe, NAME[,option=value...], or a .toml file.")] = "small-20",
    network: Annotated[str, typer.Option(help="NAME[,option=value...]. Default: the space's own network.")] = "",
    sample: Annotated[int | None, typer.Option(help="Number of different architectures to draw uniformly.")] = None,
    all_classes: Annotated[
        bool, typer.Option("--all-classes", help="Train one architecture of each isomorphism class.")
    ] = False,
    draw: Annotated[int, typer.Option(help="Seed of the sample and of the training order.")] = 0,
    seeds: Annotated[int, typer.Option(help="Training runs of each architecture.")] = 1,
    repeated: Annotated[
        int | None, typer.Option(help="How many architectures get all seeds; the others get seed 0 only.")
    ] = None,
    stack: Annotated[int, typer.Option(help="Maximum number of small networks to train together.")] = 32,
    licence: Annotated[str, typer.Option(help="Licence of the table.")] = "not stated",
    device: Annotated[str, typer.Option(help="Where torch computes: cpu, cuda or cuda:N.")] = "cpu",
    jobs: Annotated[int, typer.Option(help="Number of processes; -1: one per core.")] = 1,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an existing table.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Draw architectures, train them, and merge the results into one table."""
    import numpy as np

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("training networks", "train")
    from nasbench.datasets import load_images
    from nasbench.training import Build, Names, describe_machine, draw_classes, load_recipe

    if out.suffix != ".h5":
        raise InvalidOption(f"--out {out}: a table file ends with .h5")
    if (sample is None) != all_classes:
        raise InvalidOption("nothing to train: give either --sample N or --all-classes")
    chosen = _space(space)
    archs = draw_classes(chosen, sample, np.random.default_rng(draw))
    images = load_images(data, np.random.default_rng(0))  # the same split in every command
    print_data(images, quiet=as_json)
    plan = Build(
        space=chosen,
        archs=archs,
        data=images,
        recipe=load_recipe(recipe),
        names=Names(
            table=out.stem, data=data, recipe=recipe, network=network or chosen.name, machine=describe_machine(device)
        ),
        n_seeds=seeds,
        n_repeated=len(archs) if repeated is None else repeated,
        stack=stack,
        folder=_checkpoints(out),
        licence=licence,
        device=device,
    )
    _build(plan, out, jobs, replace, as_json)


def _space(label: str) -> "SearchSpace":
    """Return the space of a label, or the space of a task."""
    from nasbench.choices import Choice
    from nasbench.registry import SPACES
    from nasbench.tasks import load_task, task_names

    if label in task_names():
        return load_task(label).space
    component, options = Choice.parse(label).resolve(SPACES)
    space: SearchSpace = component(**options)
    return space


def _plan_text(plan: "Build", out: Path) -> str:
    """Describe what will be trained, and where it is kept."""
    n = sum(map(len, plan.parts()))
    how = f"one by one ({plan.alone})" if plan.alone else f"up to {plan.stack} together"
    there = next(folder for folder in out.resolve().parents if folder.exists())
    free = shutil.disk_usage(there).free / 1e9
    return (
        f"{n:,} training runs of {len(plan.archs):,} architectures, {how}; finished ones are kept in {there} "
        f"({free:,.1f} GB free)"
    )


def _checkpoints(out: Path) -> Path:
    """Return the folder of checkpoints of networks that are trained one by one."""
    return out.with_name(f"{out.stem}.checkpoints")


def _build(plan: "Build", out: Path, jobs: int, replace: bool, as_json: bool) -> None:
    """Train what the part files beside the table lack, then merge them."""
    from nasbench.importers import import_source
    from nasbench.training import count_diverged

    if not as_json:
        print(_plan_text(plan, out))
    with ProgressBar("parts", quiet=as_json) as progress, or_resume():
        table = import_source(plan, out, out, n_jobs=jobs, replace=replace, on_progress=progress)
    shutil.rmtree(_checkpoints(out), ignore_errors=True)
    size, (diverged, n) = table.path.stat().st_size, count_diverged(table)
    if as_json:
        told = {"table": table.name, "file": str(table.path), "bytes": size, "content_sha256": table.checksum}
        print_json(told | {"trainings": n, "diverged": diverged})
        return
    if diverged:
        print(f"{diverged} of {n} training runs diverged: the table has their cost, but not their last score")
    print(
        f"{table.title}\n{len(table):,} architectures, {len(table.measurements)} measured columns -> {table.path} "
        f"({size / 1e6:.1f} MB)\ncontent sha256 {table.checksum}"
    )
