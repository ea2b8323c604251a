"""Fit a surrogate benchmark to a task's measurements, or to a sample of them."""

import platform
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, PredictorError, make_unknown_name
from nasbench.files import write_unless_other
from nasbench.registry import PREDICTORS
from nasbench.spaces import EnumeratedSpace
from nasbench.tasks.surrogate.ensemble import ModelEnsemble, learn_plain_scores
from nasbench.tasks.surrogate.files import (
    compute_rows_digest,
    keep_space_options,
    locate_surrogate,
    read_content_checksum,
    refuse_other_fit,
)
from nasbench.tasks.surrogate.model import COST, NOISE, OBSERVED, Surrogate
from nasbench.tasks.surrogate.quantities import ConstantQuantity, LearntQuantity, Quantity
from nasbench.tasks.surrogate.sample import MeasuredSample, collect_measured, split_sample
from nasbench.tasks.surrogate.seed_noise import MODELS, fit_noise
from nasbench.tasks.surrogate.validation import validate_surrogate
from nasbench.tasks.table_opening import load_table_task
from nasbench.tasks.table_task import TableTask

# one model of trees per member: ensembles inside the ensemble would cost five times as much and add nothing
_CANDIDATES = ("functional_gp", "xgboost,uncertainty=none", "lightgbm,uncertainty=none")
_MOST_FOR_GP = 1000  # architectures: beyond that, exact Gaussian processes take minutes and gigabytes
_N_DRAWN = 20_000  # random architectures that represent a space which cannot be enumerated
_N_CLIMBS, _N_STEPS = 5, 50


@dataclass(frozen=True)
class SurrogateFit:
    """How to fit a surrogate.

    Attributes:
        predictors: labels to choose from by cross-validated Kendall's tau; empty for the suite's own candidates that
            are installed.
        n_train: number of architectures to learn from; None for nine tenths of the measured ones.
        members: members of each ensemble, and folds of the cross-validation.
        noise: ``auto``, ``seeds``, ``constant``, ``spread`` or ``none``.
        seed: seed that decides every number.
    """

    predictors: tuple[str, ...] = ()
    n_train: int | None = None
    members: int = 5
    noise: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse a noise model that does not exist, and a negative seed."""
        if self.noise not in MODELS:
            raise make_unknown_name("noise model", self.noise, MODELS)
        if self.seed < 0:
            raise InvalidOption(f"seed {self.seed}; expected at least 0")

    def candidates(self, n: int) -> tuple[str, ...]:
        """Return the predictors to choose from, for ``n`` architectures.

        Raises:
            InvalidOption: no candidate is installed.
        """
        if self.predictors:
            return self.predictors
        fitting = [
            label
            for label in _CANDIDATES
            if not PREDICTORS.missing_extra(Choice.parse(label).name)
            and (label != "functional_gp" or n <= _MOST_FOR_GP)
        ]
        if not fitting:
            raise InvalidOption(
                f"none of the predictors {', '.join(_CANDIDATES)} can be used for {n} architectures: install "
                "'nasbench-suite[trees]', or name another predictor"
            )
        return tuple(fitting)


def fit_surrogate(
    source: str | Path | TableTask,
    fit: SurrogateFit | None = None,
    *,
    name: str = "",
    out: Path | str | None = None,
    replace: bool = False,
    on_step: Callable[[str], None] = lambda _: None,
) -> Surrogate:
    """Fit a surrogate to a task with a table, validate it on held-out architectures, and store it.

    Args:
        source: name of the task, or the task.
        fit: how to fit.
        name: name of the surrogate; default: that of the task.
        out: path of the file; default: ``NAME.surrogate`` in the user's folder of surrogates.
        replace: whether to replace a different surrogate at that path. Fitting the same surrogate again is always
            allowed.
        on_step: called with the name of each step when it begins.

    Raises:
        InvalidOption: the path holds a different surrogate.
        NasbenchError: no such task or predictor, too few measurements, or data that cannot be learnt.
        OSError: the file cannot be written.
    """
    fit = fit or SurrogateFit()
    task = load_table_task(str(source)) if isinstance(source, str | Path) else source
    name = name or task.name
    path = Path(out).expanduser() if out else locate_surrogate(name)
    described = _described(task, name, fit)
    if not replace:
        refuse_other_fit(path, described, fit.predictors)
    split_rng, rng, judge_rng = np.random.default_rng(fit.seed).spawn(3)
    learnt, held_out = split_sample(collect_measured(task), fit.n_train, split_rng)
    observed, scores = _chosen(learnt, task.scale.bounds, fit, rng, on_step)
    surrogate = Surrogate(task.whole, described | {"chosen_by": scores})
    surrogate.models = {OBSERVED: observed} | _others(task, learnt, observed, fit, rng, on_step)
    on_step("predictions")
    surrogate.predict_all()
    surrogate.spec |= {"best_known": _best_known(surrogate, learnt.archs, task, judge_rng)}
    surrogate.spec |= {"validation": validate_surrogate(surrogate, learnt, held_out, judge_rng)}
    write_unless_other(surrogate.write, path, content=read_content_checksum, replace=replace)
    surrogate.path = path
    return surrogate


def _chosen(
    sample: MeasuredSample,
    bounds: tuple[float, float],
    fit: SurrogateFit,
    rng: np.random.Generator,
    on_step: Callable[[str], None],
) -> tuple[LearntQuantity, dict[str, float]]:
    """Return the ensemble that ranks unseen folds best, and Kendall's tau of each candidate."""
    best: ModelEnsemble | None = None
    scores: dict[str, float] = {}
    for label in fit.candidates(len(sample)):
        on_step(f"{fit.members} x {label}: score")
        ensemble = ModelEnsemble(sample.space, label, fit.members)
        tau = float(stats.kendalltau(ensemble.fit(sample.archs, sample.mean, rng), sample.mean).statistic)
        if best is None or tau > max(scores.values()):
            best = ensemble
        scores[label] = tau
    assert best is not None
    return LearntQuantity(best, fit.members, bounds=bounds), scores


def _others(
    task: TableTask,
    sample: MeasuredSample,
    observed: LearntQuantity,
    fit: SurrogateFit,
    rng: np.random.Generator,
    on_step: Callable[[str], None],
) -> dict[str, Quantity]:
    """Fit all quantities but the observed score."""
    label = observed.ensemble.predictor
    models: dict[str, Quantity] = {}
    for name, values in sample.reported.items():
        on_step(f"{fit.members} x {label}: {name}")
        known = np.flatnonzero(~np.isnan(values))
        ensemble = ModelEnsemble(sample.space, label, fit.members)
        ensemble.fit(sample.archs[known], values[known], rng)
        models[f"report/{name}"] = LearntQuantity(ensemble, fit.members, bounds=task.scales[name].bounds)
    on_step("cost")
    models[COST] = _cost(sample, ModelEnsemble(sample.space, learn_plain_scores(label), fit.members), fit.members, rng)
    on_step("noise")
    return models | {NOISE: fit_noise(sample, observed, fit.noise, rng)}


def _cost(sample: MeasuredSample, ensemble: ModelEnsemble, n_members: int, rng: np.random.Generator) -> Quantity:
    """Learn log seconds; a factor (smearing, Duan 1983) corrects their sum, which budgets depend on."""
    cost_s = sample.cost_s
    if np.ptp(cost_s) == 0:
        return ConstantQuantity(float(cost_s[0]))
    try:
        unseen: Floats = np.exp(ensemble.fit(sample.archs, np.log(cost_s), rng))
    except PredictorError as error:
        raise PredictorError(f"the cost cannot be learnt: {error}") from error
    return LearntQuantity(ensemble, n_members, log_scale=float(cost_s.sum() / unseen.sum()))


def _described(task: TableTask, name: str, fit: SurrogateFit) -> dict[str, Any]:
    """Return the description that is stored beside the models: their origin and what they predict."""
    declaration, axes = task.declaration, task.observed.axes
    tables = {table.name: table.checksum for table in task.tables}
    cited = {key: "; ".join(dict.fromkeys(getattr(t, key) for t in task.tables)) for key in ("citation", "licence")}
    same = {f"report/{label}": OBSERVED for label, column in task.reports.items() if column == task.observed}
    return {
        "name": name,
        "title": f"surrogate of {task.title}: {task.name}",
        "software": {"python": platform.python_version(), "numpy": np.__version__},
        "source": {"task": task.name, "version": task.version, "tables": tables},
        "space": declaration["space"],
        "space_options": keep_space_options(task.whole, declaration.get("space_options") or task.table.space_options),
        "space_rows_sha256": compute_rows_digest(task.whole),
        "observed": {
            **{key: getattr(task.observed, key) for key in ("dataset", "recipe", "split", "metric")},
            **{"unit": task.unit, "direction": task.direction, "last_epoch": int(axes["epochs"][-1])},
        },
        "scales": {label: list(scale) for label, scale in task.scales.items()},
        "reported": list(task.reported),
        "same": same,
        "budget_s": float(task.budget_s),
        "fit": {"seed": fit.seed, "members": fit.members, "noise": fit.noise},
        **cited,
    }


def _best_known(surrogate: Surrogate, trained: Archs, task: TableTask, rng: np.random.Generator) -> dict[str, Any]:
    """Return the best architecture by the first reported value, that value, the mean, and how they were found."""
    space, quantity, sign = task.whole, f"report/{task.reported[0]}", task.scales[task.reported[0]].sign
    if isinstance(space, EnumeratedSpace) and surrogate.known:
        scores = surrogate.predict(quantity, space.rows)
        best, how = space.rows[scores.argmax()], "every architecture of the space was predicted"
        random = float(scores.mean())
        return {"arch": best.tolist(), "score": sign * float(scores.max()), "random": sign * random, "how": how}
    drawn = space.sample(_N_DRAWN, rng)
    archs = np.concatenate([drawn, trained])
    scores = surrogate.predict(quantity, archs)
    random = float(scores[: len(drawn)].mean())
    start = archs[np.argsort(-scores, kind="stable")[:_N_CLIMBS]]
    best, score = max((_climbed(surrogate, quantity, start[i : i + 1]) for i in range(len(start))), key=lambda x: x[1])
    how = f"best of {_N_DRAWN:,} random and {len(trained):,} trained ones, then {_N_CLIMBS} hill climbs: not proven"
    return {"arch": best[0].tolist(), "score": sign * score, "random": sign * random, "how": how}


def _climbed(surrogate: Surrogate, quantity: str, arch: Archs) -> tuple[Archs, float]:
    """Move to the best neighbour as long as it is better; return the architecture [1, d] and its score."""
    score = surrogate.predict(quantity, arch).item()
    for _ in range(_N_STEPS):
        around = surrogate.space.neighbors(arch)[0]
        scores = surrogate.predict(quantity, around)
        if scores.max() <= score:
            break
        arch, score = around[scores.argmax()][None], float(scores.max())
    return arch, score
