"""Adapters of our tasks for other optimisers: decisions as categorical parameters, observed scores as objectives."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench.errors import MissingExtra
from nasbench.spaces import SearchSpace
from nasbench.tasks import Task
from nasbench.trials import full_trainings


def list_decision_choices(space: SearchSpace) -> dict[str, list[int]]:
    """Return the values that each decision of an architecture may take, by the decision's name."""
    return {name: list(range(k)) for name, k in zip(space.decisions, space.cardinality.tolist(), strict=True)}


def make_optuna_objective(task: Task, rng: np.random.Generator) -> Callable[[Any], float | tuple[float, ...]]:
    """Return a task as an objective of Optuna, to be maximised; metrics to be minimised are negated.

    Each decision is a categorical parameter of its own name. An invalid combination is a pruned trial, a crashed
    training run a failed one. The trial's user attributes are the ``architecture`` as text and ``cost_s``, the seconds
    that training would have taken. As in our own searches, the objective is the observed score of one trained seed,
    drawn once for each architecture, times ``task.sign``. To get the score that a paper would report, in the metric's
    own sign, call ``task.reported_of(archs)``.

    Args:
        task: a task that ``load_task`` opened. If it has several objectives, the study needs as many directions.
        rng: draws the seed that each architecture shows.

    Raises:
        MissingExtra: Optuna is not installed.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtra("an objective of Optuna", "optuna") from None
    backend, ids, choices = task.backend(rng), itertools.count(), list_decision_choices(task.space)

    def objective(trial: Any) -> float | tuple[float, ...]:
        digits = [trial.suggest_categorical(name, options) for name, options in choices.items()]
        arch = np.array([digits], dtype=task.space.dtype)
        if not task.space.is_valid(arch)[0]:
            raise optuna.TrialPruned(f"{digits} is not a valid architecture of space '{task.space.name}'")
        told = backend.advance(full_trainings(next(ids), arch))
        trial.set_user_attr("architecture", task.space.format(arch)[0])
        trial.set_user_attr("cost_s", told.cost_s.item())
        scores = told.score[0].tolist()
        return scores[0] if len(scores) == 1 else tuple(scores)

    return objective
