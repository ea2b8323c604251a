"""Compute zero-cost proxies of a task into a table.

If interrupted, rerun the same command to resume.
"""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from nasbench.cli._show import ProgressBar, or_none, or_resume, print_data, print_json, print_table
from nasbench.errors import InvalidOption, MissingExtra
from nasbench.files import quote_word

if TYPE_CHECKING:
    import numpy as np

    from nasbench.arrays import Archs, Floats
    from nasbench.proxies import Study
    from nasbench.table import Table
    from nasbench.tasks import TableTask


def command(
    task: Annotated[str, typer.Argument(help="The task that gives the architectures and the data set.")],
    data: Annotated[str, typer.Option(help="digits or mnist1d; or folder, cifar, imagenet16 or arrays with ,path=...")],
    proxies: Annotated[str, typer.Option(help="NAME[,option=value...], separated by commas. Default: all.")] = "",
    batch: Annotated[int, typer.Option(help="Size of the minibatch that every network sees.")] = 64,
    sample: Annotated[int, typer.Option(help="Number of architectures to draw and score; 0: all.")] = 0,
    against: Annotated[
        str, typer.Option(help="Another table of proxies: score only its architectures, and compare the rankings.")
    ] = "",
    network: Annotated[str, typer.Option(help="NAME[,option=value...]. Default: the space's own network.")] = "",
    seed: Annotated[int, typer.Option(help="Random seed; the same seed gives the same numbers.")] = 0,
    device: Annotated[str, typer.Option(help="Where torch computes: cpu, cuda or cuda:N.")] = "cpu",
    jobs: Annotated[int, typer.Option(help="Number of processes; -1: one per core.")] = -1,
    out: Annotated[
        Path | None, typer.Option(help="Table to write, NAME.h5. Default: proxies-TASK in your table folder.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score untrained networks, write the table, and show how each proxy ranks the task's measured architectures."""
    import numpy as np

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("building networks", "torch")
    from nasbench.datasets import load_images
    from nasbench.devices import find_device
    from nasbench.jobs import check_jobs
    from nasbench.proxies import Scoring, Study, draw_minibatch, score_table
    from nasbench.records.provenance import file_name
    from nasbench.table import Table, find_table, get_user_folder
    from nasbench.tasks import load_table_task

    check_jobs(jobs)
    find_device(device)
    opened, other = load_table_task(task), Table(find_table(against)) if against else None
    archs = _architectures(opened, other, sample, np.random.default_rng([seed, 0]))
    images = load_images(data, np.random.default_rng(0))  # the same split in every command
    print_data(images, quiet=as_json)
    study = Study(
        space=opened.space,
        archs=archs,
        dataset=opened.observed.dataset.removesuffix("-valid"),
        images=f"{data} (sha256 {images.digest()})",
        scoring=Scoring(
            network=network or opened.space.name,
            proxies=_labels(proxies),
            batch=draw_minibatch(images, batch, np.random.default_rng([seed, 1])),
            seed=seed,
            device=device,
            space=opened.space,
        ),
    )
    path = _path(out, get_user_folder() / f"proxies-{file_name(task)}.h5")
    with ProgressBar("architectures", quiet=as_json) as progress, or_resume():
        table = score_table(study, path, n_jobs=jobs, on_progress=progress)
    metric = f"{'small ' if opened.sign < 0 else ''}{opened.observed.metric}"
    _show([_row(table, study, label, opened, other) for label in study.scoring.proxies], table, metric, as_json)


def _labels(text: str) -> list[str]:
    """Read labels joined by commas; an option belongs to the label before it."""
    from nasbench.registry import PROXIES

    labels: list[str] = []
    for item in filter(None, (part.strip() for part in text.split(","))):
        if "=" not in item:
            labels.append(item)
        elif labels:
            labels[-1] += f",{item}"
        else:
            raise InvalidOption(f"--proxies {text!r} starts with an option; expected NAME[,option=value...], ...")
    if twice := {label for label in labels if labels.count(label) > 1}:
        raise InvalidOption(f"--proxies names {min(twice)} twice")
    return labels or [name for name in PROXIES.names() if PROXIES.missing_extra(name) is None]


def _path(out: Path | None, default: Path) -> Path:
    if out is not None and out.suffix != ".h5":
        raise InvalidOption(f"--out {out}: a table file ends with .h5")
    return out or default


def _architectures(task: "TableTask", other: "Table | None", n: int, rng: "np.random.Generator") -> "Archs":
    """Return the task's measured architectures that ``other`` also holds, or a prefix-stable sample of ``n``."""
    from nasbench.spaces import Party
    from nasbench.tasks import refuse_other_space

    if n < 0:
        raise InvalidOption(f"--sample {n}; expected at least 0")
    if other is not None:
        refuse_other_space(Party(f"task '{task.name}'", task.space), other)
    archs = task.table.rows(task.rows)
    if other is not None:
        archs = archs[other.index(archs) >= 0]
    if n > len(archs) or not len(archs):
        raise InvalidOption(f"--sample {n} of {len(archs)} architectures to score; choose fewer, or 0 for all")
    return archs[rng.permutation(len(archs))[:n]] if n else archs


def _row(table: "Table", study: "Study", label: str, task: "TableTask", other: "Table | None") -> dict[str, Any]:
    """Return how many architectures a proxy scored, and its rank correlation with the task and the other table.

    ``accuracy`` is the correlation with the observed score, negated if that is minimised.
    """
    import numpy as np

    from nasbench.choices import Choice
    from nasbench.registry import PROXIES

    names = (label, *getattr(PROXIES.load(Choice.parse(label).name), "aliases", ()))
    values, theirs = (_scores(source, study, names) for source in (table, other))
    return {
        "proxy": label,
        "scored": int(np.isfinite(values).sum()),
        "missing": int(np.isnan(values).sum()),
        "accuracy": _spearman(task.sign * task.query(study.archs, task.observed.split), values),
        **({"against": _spearman(theirs, values)} if other is not None else {}),
    }


def _scores(table: "Table | None", study: "Study", names: tuple[str, ...]) -> "Floats":
    """Return the scores [n] in a table under one of the names; nan where they are missing."""
    import numpy as np

    from nasbench.table import list_proxies

    columns = list_proxies(table, {study.dataset}) if table is not None else []
    found = [column for name in names for column in columns if column.metric == name]
    return found[0](study.archs) if found else np.full(len(study.archs), np.nan)


def _spearman(true: "Floats", scores: "Floats") -> float:
    """Compute the rank correlation over architectures that have both values; nan for fewer than two."""
    import numpy as np

    from nasbench.evaluation.metrics import compute_spearman

    both = np.isfinite(true) & np.isfinite(scores)
    return compute_spearman(true[both], scores[both])


def _show(rows: list[dict[str, Any]], table: "Table", metric: str, as_json: bool) -> None:
    if as_json:
        plain = [{key: or_none(v) if isinstance(v, float) else v for key, v in row.items()} for row in rows]
        print_json({"table": table.name, "file": str(table.path), "content_sha256": table.checksum, "proxies": plain})
        return
    columns = {"accuracy": f"Spearman with {metric}", "against": "with the other table"}
    shown = [tuple(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()) for row in rows]
    print_table("Zero-cost proxies", [columns.get(key, key) for key in rows[0]], shown)
    print(f"-> {table.path}; next: nasbench predict --proxies {quote_word(table.path)} --predictor zero_cost ...")
