"""Extrapolate the learning curves of a published table, from files that hold curves but no architectures."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config

from nasbench.arrays import Floats
from nasbench.evaluation import extrapolate_curves, read_curve_table
from nasbench.registry import PREDICTORS
from nasbench.reproduction.samples import NEEDS_FILE, CannotJudge, Sample, explain_lacking, sample_of
from nasbench.reproduction.schema import Published, Row
from nasbench.reproduction.searches import ReproductionPlan
from nasbench.table import get_user_folder


def measure_extrapolations(published: Published, row: Row, plan: ReproductionPlan) -> dict[str, Sample]:
    """Compute R² of the final values over independent training sets, for each file of the row (quick: the first file).

    Raises:
        CannotJudge: a predictor or file is missing, or the file is another version.
    """
    ours = row.ours
    if reason := explain_lacking(ours["predictor"], PREDICTORS):
        raise CannotJudge(reason)
    paths = {name: _find_curve_file(published, file) for name, file in ours["files"].items()}
    names = list(paths)[: 1 if plan.quick else None]
    with parallel_config(backend="loky", inner_max_num_threads=1):
        found = Parallel(n_jobs=plan.jobs)(delayed(_compute_r2)(paths[name], dict(ours), plan.runs) for name in names)
    return dict(zip(names, map(sample_of, found), strict=True))


def _compute_r2(path: Path, ours: Mapping[str, Any], runs: int) -> Floats:
    label = ours["predictor"]
    found = extrapolate_curves(read_curve_table(path), [label], n_train=ours["n_train"], seen=ours["seen"], runs=runs)
    return found[label]


def _find_curve_file(published: Published, name: str) -> Path:
    path, expected = get_user_folder().parent / "curves" / name, published.files[name]
    if not path.is_file():
        raise CannotJudge(f"{NEEDS_FILE}{name}' of {expected.source}; copy it to {path}")
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    if checksum != expected.sha256:
        raise CannotJudge(
            f"{NEEDS_FILE}{name}' with checksum {expected.sha256[:12]}...; {path} has {checksum[:12]}...: replace it"
        )
    return path
