"""Score many architectures into a table, in parts on several processes.

If interrupted, finished parts stay on disk; only the parts in progress are lost.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from joblib import Parallel, delayed, parallel_config

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, WorkerDied
from nasbench.files import exclusive_lock, replace_atomically
from nasbench.networks import check_network
from nasbench.proxies._scoring import Scoring
from nasbench.registry import PROXIES
from nasbench.spaces import SearchSpace
from nasbench.table import Static, Table, TableBuilder, write_table
from nasbench.table.schema import are_same_options

_MOST_PARTS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The architectures to score, and how to score them.

    Isomorphic architectures are scored separately: they start from different weights, and differ in vertices that do
    not reach the output.

    Attributes:
        space: search space of the architectures.
        archs: [n, d] distinct architectures.
        dataset: data set name under which the table stores the proxies.
        images: description of the images used.
        scoring: the scoring settings.
    """

    space: SearchSpace
    archs: Archs
    dataset: str
    images: str
    scoring: Scoring

    @property
    def source(self) -> str:
        """A description of everything that determines the scores."""
        scoring = self.scoring
        return (
            f"untrained {scoring.network} networks, {len(scoring.batch.labels)} images of {self.images}, seed "
            f"{scoring.seed}, torch {torch.__version__} on {scoring.device}: {', '.join(scoring.proxies)}"
        )

    @property
    def fingerprint(self) -> str:
        """A hash that distinguishes studies, so that a changed study does not continue with the parts of another."""
        options = self.space.code_options
        codes = json.dumps(options).encode() if options else b""
        return hashlib.sha256(self.source.encode() + b"\0" + self.archs.tobytes() + codes).hexdigest()[:12]


def score_table(
    study: Study, path: Path, *, n_jobs: int = 1, on_progress: Callable[[int, int], None] | None = None
) -> Table:
    """Score every architecture and write a table; running the same study again returns the existing table.

    Args:
        study: what to score.
        path: file to write; its stem is the table's name. Until it is complete, parts lie in a folder beside it.
        n_jobs: number of processes; the scores do not depend on it.
        on_progress: called with (number of architectures scored, total).

    Raises:
        InvalidOption: the file holds other scores, or no proxy could be computed.
        WorkerDied: a process was killed; finished parts stay on disk.
        FileLocked: another process is writing this table.
        OSError: the file cannot be written.
    """
    study.scoring.make_proxies()
    check_network(study.scoring.network, study.space)
    if path.exists():
        return _read_finished(path, study)
    with exclusive_lock(path):
        folder = path.with_name(f"{path.stem}.partial-{study.fingerprint}")
        parts = np.array_split(study.archs, min(len(study.archs), _MOST_PARTS))
        files = [folder / f"{number:04d}.npy" for number in range(len(parts))]
        _score_parts(study.scoring, list(zip(parts, files, strict=True)), n_jobs, on_progress)
        write_table(_build_draft(study, path.stem, np.concatenate([_read_scores(file) for file in files])), path)
        shutil.rmtree(folder)
    return Table(path)


def _read_finished(path: Path, study: Study) -> Table:
    table = Table(path)
    same = (table.source, table.space) == (study.source, study.space.name)
    same = same and are_same_options(table.space_options, study.space.code_options)
    if not same or not np.array_equal(table.architectures, study.archs):
        raise InvalidOption(
            f"{path} exists and holds other scores ({table.source}); choose another --out, or join two tables with "
            "'nasbench append'"
        )
    return table


def _score_parts(
    scoring: Scoring,
    parts: list[tuple[Archs, Path]],
    n_jobs: int,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    """Score the parts whose file does not exist yet."""
    total = sum(len(part) for part, _ in parts)
    todo = [(part, file) for part, file in parts if not file.exists()]
    done = total - sum(len(part) for part, _ in todo)
    if on_progress:
        on_progress(done, total)
    try:
        with parallel_config(backend="loky", inner_max_num_threads=1):
            jobs = Parallel(n_jobs=n_jobs, return_as="generator_unordered", batch_size=1)
            for scored in jobs(delayed(_score_part)(scoring, part, file) for part, file in todo):
                done += scored
                if on_progress:
                    on_progress(done, total)
    except BrokenProcessPool as error:
        raise WorkerDied(
            f"a process was killed from outside, perhaps for lack of memory ({error}); finished parts are kept: rerun "
            "the same command to resume; use fewer --jobs or a smaller --batch to reduce memory"
        ) from error


def _score_part(scoring: Scoring, archs: Archs, file: Path) -> int:
    values = scoring.scores(archs)
    with replace_atomically(file) as temporary, open(temporary, "wb") as written:
        np.save(written, values, allow_pickle=False)
    return len(archs)


def _read_scores(file: Path) -> Floats:
    values: Floats = np.load(file, allow_pickle=False)
    return values


def _build_draft(study: Study, name: str, values: Floats) -> TableBuilder:
    """Return the table of scores [n, proxies], without proxies that could not be computed for any architecture."""
    labels = study.scoring.proxies
    kept = [i for i in range(len(labels)) if not np.isnan(values[:, i]).all()]
    if not kept:
        raise InvalidOption(f"none of {', '.join(labels)} could be computed for any of the {len(values)} architectures")
    kinds = [PROXIES.load(Choice.parse(label).name) for label in labels]
    return TableBuilder(
        name=name,
        title=f"Zero-cost proxies of {len(values)} untrained {study.space.name} networks",
        space=study.space.name,
        citation="computed with nasbench-suite; cite the space, the proxies' sources and the data",
        licence="chosen by the author of the scores",
        source=study.source,
        notes="Undefined scores (nan, infinite) are missing.",
        architectures=study.archs,
        cardinality=study.space.cardinality,
        space_options=study.space.code_options,
        statics=[
            Static(
                dataset=study.dataset,
                metric=labels[i],
                unit=kinds[i].unit,
                direction=kinds[i].direction,
                values=values[:, i],
            )
            for i in kept
        ],
    )
