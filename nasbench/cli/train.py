"""Train real networks: winners of a search, or others.

If interrupted, rerun the same command to resume.
"""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import ProgressBar, milliseconds, or_none, or_resume, print_data, print_json, print_table
from nasbench.errors import InvalidOption, MissingExtra
from nasbench.units import Scale, append_unit

if TYPE_CHECKING:
    from nasbench.arrays import Archs, Floats
    from nasbench.spaces import SearchSpace


def command(
    from_: Annotated[Path | None, typer.Option("--from", help="Folder written by 'nasbench compare'.")] = None,
    task: Annotated[str, typer.Option(help="The task of the record; needed if it has several.")] = "",
    top: Annotated[int, typer.Option(help="How many of the record's best architectures to train.")] = 5,
    predictor: Annotated[
        str,
        typer.Option(
            help="Predicts the winners from the record's other architectures; 'none': no prediction. Default: "
            "gp_and_trees if it is installed, else random_forest."
        ),
    ] = "",
    arch: Annotated[
        list[str] | None,
        typer.Option(help="An architecture as text, or #N for the benchmark's own number; repeat for several."),
    ] = None,
    space: Annotated[str, typer.Option(help="The search space of --arch.")] = "nb201",
    data: Annotated[
        str, typer.Option(help="digits or mnist1d; or folder, cifar, imagenet16 or arrays with ,path=...")
    ] = "digits",
    recipe: Annotated[str, typer.Option(help="A recipe, NAME[,option=value...], or a .toml file.")] = "small-20",
    network: Annotated[str, typer.Option(help="NAME[,option=value...]. Default: the space's own network.")] = "",
    device: Annotated[str, typer.Option(help="Where torch computes: cpu, cuda or cuda:N.")] = "cpu",
    seeds: Annotated[int, typer.Option(help="Training runs of each architecture.")] = 1,
    folds: Annotated[
        int,
        typer.Option(help="Cross-validation folds over training and validation images; 0: the given split."),
    ] = 0,
    jobs: Annotated[
        int,
        typer.Option(help="Parallel training runs of one thread each; -1: one per core; 1: one run with all threads."),
    ] = 1,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and trained models.")] = Path("results/train"),
    table: Annotated[str, typer.Option(help="Name of your table to which the measurements are added.")] = "trained",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Train, keep the networks, add every epoch to your table, show predicted, searched and trained accuracy."""
    import numpy as np

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("training networks", "train")
    from nasbench.datasets import load_images
    from nasbench.training import TrainingPlan, load_recipe, train_and_report

    winners = _winners(from_, task, top, predictor) if from_ else None
    if (winners is None) == (not arch):
        raise InvalidOption("nothing to train: give either --from RECORD, or one or more --arch TEXT with --space NAME")
    chosen = winners or _named(arch or [], space)
    images = load_images(data, np.random.default_rng(0))  # the same split in every command
    print_data(images, quiet=as_json)
    plan = TrainingPlan(
        space=chosen.space,
        archs=chosen.archs,
        data=images,
        recipe=load_recipe(recipe),
        labels=(data, recipe),
        folder=out,
        network=network,
        device=device,
        n_seeds=seeds,
        n_folds=folds,
    )
    with ProgressBar("training runs", quiet=as_json) as progress, or_resume():
        report = train_and_report(plan, table=table, n_jobs=jobs, on_progress=progress)
    texts, opinions = chosen.space.format(chosen.archs), (chosen.predicted.tolist(), chosen.searched.tolist())
    rows = [
        {"architecture": text, "predicted": guess, "searched": score, **row}
        for text, guess, score, row in zip(texts, *opinions, report.rows, strict=True)
    ]
    lost = {"trainings": report.n_trainings, "diverged": report.n_diverged, "failed": report.n_failed}
    _show(rows, chosen.scale, str(report.path or ""), lost, as_json)
    if report.n_failed:
        raise typer.Exit(1)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What to train.

    Attributes:
        space: of the architectures.
        archs: [n, d] the architectures.
        predicted: [n] scores by a predictor, nan without one.
        searched: [n] mean scores observed by a search, nan without one.
        scale: unit and direction of both scores.
    """

    space: "SearchSpace"
    archs: "Archs"
    predicted: "Floats"
    searched: "Floats"
    scale: Scale


def _named(texts: list[str], space: str) -> _Chosen:
    import numpy as np

    from nasbench.registry import SPACES

    named = SPACES.load(space)()
    archs = named.read(texts)
    archs = archs[np.sort(np.unique(archs, axis=0, return_index=True)[1])]
    unknown = np.full(len(archs), np.nan)
    return _Chosen(named, archs, unknown, unknown, Scale())


def _winners(record: Path, task: str, top: int, predictor: str) -> _Chosen:
    import numpy as np

    from nasbench.comparison import Record
    from nasbench.comparison.winners import find_top_architectures, predict_held_out
    from nasbench.records.opening import recorded_task
    from nasbench.registry import PREDICTORS

    opened = Record(record)
    if not task and len(opened.tasks) > 1:
        raise InvalidOption(f"{record} has {len(opened.tasks)} tasks; choose one by --task: {', '.join(opened.tasks)}")
    name = task or opened.tasks[0]
    archs, searched = find_top_architectures(opened, name, top)
    if predictor == "none":
        guesses = np.full(len(archs), np.nan)
    else:
        installed = PREDICTORS.missing_extra("gp_and_trees") is None
        label = predictor or ("gp_and_trees" if installed else "random_forest")
        guesses = predict_held_out(opened, name, archs, label, np.random.default_rng(0))
    searched_task = recorded_task(opened, name)
    return _Chosen(searched_task.space, archs, guesses, searched, searched_task.scale)


def _taus(rows: list[dict[str, Any]], sign: float) -> dict[str, float]:
    """Compute Kendall's tau of each pair of rankings; nan for fewer than two architectures that have both numbers."""
    import numpy as np
    from scipy.stats import kendalltau

    taus = {}
    for one, other in (("searched", "valid"), ("predicted", "valid"), ("predicted", "searched")):
        a, b = (np.array([row[name] for row in rows]) * (1.0 if name == "valid" else sign) for name in (one, other))
        both = np.isfinite(a) & np.isfinite(b)
        taus[f"{one}-{other}"] = float(kendalltau(a[both], b[both]).statistic) if both.sum() > 1 else float("nan")
    return taus


def _show(rows: list[dict[str, Any]], scale: Scale, path: str, lost: dict[str, int], as_json: bool) -> None:
    taus = _taus(rows, scale.sign)
    if as_json:
        plain = [{k: or_none(v) if isinstance(v, float) else v for k, v in row.items()} for row in rows]
        taus_or_none = {names: or_none(tau) for names, tau in taus.items()}
        print_json({"architectures": plain, "kendall_tau": taus_or_none, **lost, "table": path})
        return
    units = {"predicted": scale, "searched": scale, "valid": Scale(), "test": Scale()}
    headings = (append_unit(name, own.shown) for name, own in units.items())
    columns = ("architecture", *headings, "parameters", "ms/1", "ms/256", "seconds", "")
    shown = [
        (
            str(row["architecture"]),
            *(own.number(row[name]) if row[name] == row[name] else "-" for name, own in units.items()),
            f"{row['n_params']:,}",
            *_latency(row["latency_s"]),
            f"{row['seconds']:.1f}",
            str(row["remark"]),
        )
        for row in rows
    ]
    print_table("Predicted, searched and trained", columns, shown)
    for names, tau in taus.items():
        if tau == tau:
            what = "accuracy" if scale.is_fraction else "order"
            print(f"Kendall's tau of {names.replace('-', ' and ').replace('valid', 'trained')} {what}: {tau:.2f}")
    for name in ("diverged", "failed"):
        if lost[name]:
            print(f"{lost[name]} of {lost['trainings']} training runs {name}")
    print(f"every epoch is in {path}" if path else "nothing was finished, so no table was written")


def _latency(latency_s: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """Return the latency cells of the device that trained, which is the last measured one."""
    own = list(latency_s.values())[-1] if latency_s else {}
    return [milliseconds(own[size]) if size in own else "-" for size in ("1", "256")]
