"""Adapters for other optimisers: search spaces read, decisions as parameters, observed scores as objectives."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import MissingExtra
from nasbench.registry import SPACES
from nasbench.spaces import MeasuredSpace, SearchSpace
from nasbench.tasks import Task
from nasbench.trials import full_trainings


def list_decision_choices(space: SearchSpace) -> dict[str, list[int]]:
    """Return the codes that each decision of an architecture may take, by the decision's name."""
    return {name: list(range(k)) for name, k in zip(space.decisions, space.cardinality.tolist(), strict=True)}


def read_search_space(source: Any) -> SearchSpace:
    """Return another tool's search space as a space ``hyper``; its ``code_options`` are the declaration as plain data.

    Args:
        source: a ``ConfigurationSpace`` of ConfigSpace, without forbidden clauses; or a study or trials of Optuna, in
            which the conditions are found; or distributions of Optuna by name.

    Raises:
        InvalidOption: the source is something else, or has a part that the space cannot hold; the message names it.
        MissingExtra: ConfigSpace is not installed.
    """
    hyper = SPACES.load("hyper")
    made: SearchSpace = (
        hyper.from_configspace(source) if hasattr(source, "forbidden_clauses") else hyper.from_optuna(source)
    )
    return made


def make_optuna_suggest(space: SearchSpace) -> Callable[[Any], Archs]:
    """Return a function that takes a trial of Optuna, suggests its active decisions, and returns ``[1, d]``.

    Parameters have the names of the decisions and their values: ``lr=0.01``, ``edge_0_1="nor_conv_3x3"``. Real numbers
    and integers are ranges, with their scale; all other decisions are categorical. A combination of decisions of a cell
    may be invalid. Of the measured architectures of a space with numbers on a scale, the function returns the nearest.
    """
    if hasattr(space, "to_optuna"):  # a space of named decisions, which may have conditions
        suggest: Callable[[Any], Archs] = space.to_optuna()
        if isinstance(space, MeasuredSpace) and space.dtype == np.float64:
            return lambda trial: space.find_nearest(suggest(trial))  # numbers hardly ever agree
        return suggest
    choices = {item.decision: _list_values(item.texts) for item in space.coding}

    def suggest_codes(trial: Any) -> Archs:
        codes = [values.index(trial.suggest_categorical(name, values)) for name, values in choices.items()]
        return np.array([codes], dtype=space.dtype)

    return suggest_codes


def _list_values(texts: tuple[str, ...]) -> list[str | int]:
    """Return the values of a decision: as numbers if all are whole numbers, such as channels."""
    numbers: list[str | int] = [int(text) for text in texts if text.isdecimal()]
    return numbers if len(numbers) == len(texts) else list(texts)


def make_optuna_objective(task: Task, rng: np.random.Generator) -> Callable[[Any], float | tuple[float, ...]]:
    """Return a task as an objective of Optuna, to be maximised; metrics to be minimised are negated.

    ``make_optuna_suggest`` says what is suggested. An invalid combination is a pruned trial, and so is an architecture
    of a finite space that was not measured, where the task searches only the measured ones. A crashed training run is a
    failed trial. The trial's user attributes are the ``architecture`` as text and ``cost_s``, the seconds that training
    would have taken. As in our own searches, the objective is the observed score of one trained seed, drawn once for
    each architecture, times ``task.sign``. To get the score that a paper would report, in the metric's own sign, call
    ``task.reported_of(archs)``.

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
    backend, ids, suggest = task.backend(rng), itertools.count(), make_optuna_suggest(task.space)

    def objective(trial: Any) -> float | tuple[float, ...]:
        arch = suggest(trial)
        if not task.space.is_valid(arch)[0]:
            raise optuna.TrialPruned(f"{trial.params} is not a valid architecture of space '{task.space.name}'")
        told = backend.advance(full_trainings(next(ids), arch))
        trial.set_user_attr("architecture", task.space.format(arch)[0])
        trial.set_user_attr("cost_s", told.cost_s.item())
        scores = told.score[0].tolist()
        return scores[0] if len(scores) == 1 else tuple(scores)

    return objective
