"""What a campaign agrees on at its start: the space, the objective, the strategy, its seed, and the epochs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.declarations import Declaration
from nasbench.errors import InvalidOption, RecordError
from nasbench.files import quote_word
from nasbench.importers import find_unit
from nasbench.registry import SPACES, STRATEGIES, with_epochs, with_task_facts
from nasbench.spaces import MeasuredSpace, SearchSpace
from nasbench.tasks import Task, is_task, load_task, task_names
from nasbench.tasks.spaces import space_named
from nasbench.threads import limit_to_one_thread
from nasbench.trials import capabilities_of
from nasbench.units import Objective

SCORE, ID, EPOCH, COST, FAILED, ARCHITECTURE = "score", "id", "epoch", "cost_s", "failed", "architecture"
RESERVED = (SCORE, ID, EPOCH, COST, FAILED, ARCHITECTURE)
"""Columns of tables of suggestions and results; no decision may have such a name."""
DEFAULT_STRATEGY = "auto"
_EXAMPLE = (
    '[decisions]\nlr = { ordinal = [0.1, 0.01] }\ndepth = { integer = [1, 8] }\nop = { categorical = ["a", "b"] }'
)


@dataclass(frozen=True)
class Settings:
    """The first line of a campaign's file.

    Attributes:
        space_name: registry key of the space.
        space_options: options that make it.
        objective: what is maximised or minimised; its name is the name of the column of scores.
        strategy: label of the strategy.
        seed: seed of all its random numbers.
        epochs: epochs to which a training may be asked for, rising, the last one being a complete training; empty where
            all are complete.
    """

    space_name: str
    space_options: Mapping[str, Any]
    objective: Objective
    strategy: str = DEFAULT_STRATEGY
    seed: int = 0
    epochs: tuple[int, ...] = ()

    @property
    def space(self) -> SearchSpace:
        """The space; equal options give the same object."""
        return space_named(self.space_name, self.space_options)

    def to_plain(self) -> dict[str, Any]:
        """Return the settings as plain data."""
        return {
            "space": self.space_name,
            "space_options": dict(self.space_options),
            "metric": self.objective.name,
            "unit": self.objective.unit,
            "direction": self.objective.direction,
            "strategy": self.strategy,
            "seed": self.seed,
            "epochs": list(self.epochs),
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], path: Path) -> "Settings":
        """Read the first line of the file ``path``.

        Raises:
            RecordError: a setting is missing.
        """
        try:
            if ":" in plain["space"]:  # a file must not import code as a space
                raise RecordError(f"{path} names the space {plain['space']!r}; expected one of {SPACES.names()}")
            objective = Objective(plain["metric"], plain["unit"], plain["direction"])
            return cls(
                plain["space"],
                plain["space_options"],
                objective,
                plain["strategy"],
                plain["seed"],
                tuple(plain["epochs"]),
            )
        except (KeyError, TypeError) as error:
            raise RecordError(f"{path}, line 1: the settings are incomplete: {error}") from None

    @property
    def choice(self) -> Choice:
        """The strategy as a choice."""
        return Choice.parse(self.strategy)

    def _state_facts(self) -> dict[str, Any]:
        """Return what a strategy may know besides the space, as plain data."""
        return {
            "objectives": [
                {"name": self.objective.name, "unit": self.objective.unit, "direction": self.objective.direction}
            ]
        }

    def make_strategy(self) -> Any:
        """Return a new strategy, which proposes the same as any other new one.

        Raises:
            NasbenchError: the strategy is unknown, lacks an optional package, or does not fit the space.
        """
        component, options = self.choice.resolve(STRATEGIES)
        if self.epochs:
            options = with_epochs(component, options, self.epochs)
        elif capabilities_of(component).requires_fidelities:
            raise InvalidOption(
                f"'{self.strategy}' stops training runs early; say at which epochs it may, rising, the last one being "
                "a complete training: epochs=(1, 3, 9, 27), or --epochs 1,3,9,27"
            )
        options = with_task_facts(component, options, self._state_facts)
        with limit_to_one_thread():
            return component(self.space, np.random.default_rng(self.seed), **options)


def read_space(given: Any) -> tuple[SearchSpace, Task | None]:
    """Return a space, and the task that it was taken from.

    Args:
        given: a space; a declaration of decisions, ``{"decisions": ..., "conditions": ...}``, or a ``.toml`` file that
            holds one; a name of a space, ``NAME[,option=value...]``; a task, or its name.

    Raises:
        NasbenchError: there is no such space or task, or the declaration is malformed.
    """
    if isinstance(given, Mapping):
        return SPACES.load("hyper")(**_check_declaration(Declaration(given, "the space"))), None
    if isinstance(given, str | Path) and str(given).endswith(".toml"):
        path = Path(given).expanduser()
        return SPACES.load("hyper")(**_check_declaration(Declaration.read(path, str(path)))), None
    if (task := find_task(given)) is not None:
        whole = getattr(task, "whole", task.space)
        return (whole.inner if isinstance(whole, MeasuredSpace) else whole), task
    if isinstance(given, str | Path):
        component, options = Choice.parse(str(given)).resolve(SPACES)
        return component(**options), None
    if isinstance(given, SearchSpace):
        return (given.inner if isinstance(given, MeasuredSpace) else given), None
    raise InvalidOption(
        f"space={given!r}; expected a space or a task, the name of one, a .toml file, or a dictionary of decisions"
    )


def find_task(given: Any) -> Task | None:
    """Return a task, also by its name; None for anything else."""
    if isinstance(given, str | Path):
        name = str(given)
        return load_task(name) if ".toml:" in name or name in task_names() else None
    return given if is_task(given) else None


def name_objective(task: Task) -> Objective:
    """Return what a campaign on a task optimises: for a task of the user's own file, its column, in its unit."""
    own, objective = task.declaration.get("columns"), task.objectives[0]
    if not own or "score" not in own:
        return objective
    unit = objective.unit if own.get("unit", objective.unit) == objective.unit else "none"  # told as it is, in percent
    return Objective(own["score"], unit, objective.direction)


def convert_scores(task: Task, metric: str, scores: Floats) -> Floats:
    """Return values of a task's first objective as its user tells them: in the unit of the column ``metric``."""
    own = task.declaration.get("columns", {})
    is_own = metric == own.get("score") and "unit" in own
    return find_unit(own["unit"]).revert(scores) if is_own else scores


def _check_declaration(declared: Declaration) -> dict[str, Any]:
    """Return the checked keys of a declaration of decisions."""
    if "decisions" not in declared.values:
        raise InvalidOption(f"{declared.label} declares no decisions; expected, for example:\n{_EXAMPLE}")
    return declared.check(declared.values, (), {"decisions": dict}, {"conditions": list})


def name_space(space: SearchSpace) -> dict[str, Any]:
    """Return the name and the options from which ``space`` can be made again, as plain data for the first line.

    Raises:
        InvalidOption: they would not make the same space, or a decision has the name of a column.
    """
    if taken := [name for name in space.decisions if name in RESERVED]:
        raise InvalidOption(
            f"decision '{taken[0]}' has the name of a column of results ({', '.join(RESERVED)}); rename it"
        )
    options = dict(space.code_options)
    if space.name in SPACES.names():
        again = space_named(space.name, options)
        if again.decisions == space.decisions and again.size == space.size:
            return {"space": space.name, "space_options": options}
    raise InvalidOption(
        f"space '{space.name}' cannot be made again from its name and {options or 'no options'}, so a file cannot "
        "name it; pass a registered space, a task, or a declaration of decisions"
    )


def read_epochs(given: Any) -> list[int]:
    """Return epochs, rising, from numbers or from a text such as ``1,3,9``.

    Raises:
        InvalidOption: they are not rising whole numbers from 1.
    """
    parts = given.split(",") if isinstance(given, str) else given
    try:
        epochs = [int(part) for part in parts] if isinstance(parts, Sequence) else []
    except (TypeError, ValueError):
        epochs = []
    if not epochs or epochs[0] < 1 or sorted(set(epochs)) != epochs:
        raise InvalidOption(f"epochs={given!r}; expected whole numbers from 1, rising, such as 1,3,9,27")
    return epochs


def check_metric(name: str, space: SearchSpace) -> None:
    """Refuse a name of the scores that another column has.

    Raises:
        InvalidOption: it is that of a decision, or of a column other than ``score``.
    """
    taken = (*(column for column in RESERVED if column != SCORE), *space.decisions)
    if name in taken:
        raise InvalidOption(
            f"metric '{name}' has the name of another column ({', '.join(taken)}); name the scores otherwise"
        )


def refuse_other_settings(path: Path, known: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse settings that differ from those of an existing file.

    Raises:
        InvalidOption: they differ; the message names the first such setting.
    """
    for name, value in given.items():
        if known[name] != value:
            raise InvalidOption(
                f"{path} exists with {name} = {known[name]!r}, not {value!r}: leave the option out to go on, or begin "
                f"another file from its results, --from {quote_word(path)}"
            )


def refuse_unnamed_code(path: Path, strategy: str, named: str | None) -> None:
    """Refuse to run what only a file names: a command, or a class in a module.

    Args:
        path: the file.
        strategy: label of its strategy.
        named: label that the caller named; None if it named none.

    Raises:
        InvalidOption: the caller did not name it.
    """
    if ":" in strategy and named != strategy:
        raise InvalidOption(
            f"{path} names the strategy {strategy!r}, which runs code from outside the suite; if you trust it, name it "
            f"again: --strategy {quote_word(strategy)} (in Python: strategy=...)"
        )
