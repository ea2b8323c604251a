"""Helpers of predictors made of other predictors: parse, create, train and store members."""

import re
from typing import Any

import numpy as np

from nasbench.arrays import Ints
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Batch, predictor_capabilities_of
from nasbench.registry import PREDICTORS
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import CheckedPredictor, State
from nasbench.surrogates._targets import Identity

# quotes protect a plus inside a member's options, such as an encoding of several parts
_PLUS = re.compile(r"""\+(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""")


class PredictorOfPredictors(CheckedPredictor):
    """A predictor whose members receive the scores unchanged; it needs everything that any member needs.

    Args:
        space: the search space of the architectures.
        choices: the members.
        min_points: number of training points that the method itself needs.
    """

    def __init__(self, space: SearchSpace, choices: list[Choice], *, min_points: int = 2) -> None:
        super().__init__(space)
        self._target_class = Identity  # members have their own targets
        members = [make_member(space, choice) for choice in choices]
        # attributes of the object, not of the class, because they depend on the members
        self.needs = frozenset().union(*(member.needs for member in members))  # type: ignore[misc]
        least = [predictor_capabilities_of(member).min_points for member in members]
        self.min_points = max(min_points, *least)  # type: ignore[misc]


def make_member(space: SearchSpace, choice: Choice) -> Any:
    """Return a new predictor."""
    cls, options = choice.resolve(PREDICTORS)
    return cls(space, **options)


def parse_members(labels: str) -> list[Choice]:
    """Parse ``NAME[@PRESET][,option=value]`` joined by ``+``; a plus inside quotes does not separate members."""
    choices = [Choice.parse(label.strip()) for label in _PLUS.split(labels)]
    if any(not choice.name for choice in choices):
        raise InvalidOption(f"cannot read members={labels!r}; expected labels joined by '+', such as xgboost+nu_svr")
    return choices


def spawn_generator(rng: np.random.Generator) -> np.random.Generator:
    """Return a separate generator for a member; ``spawn`` would depend on how ``rng`` was created."""
    return np.random.default_rng(rng.integers(2**63, size=4))


def deal_folds(space: SearchSpace, batch: Batch, n_folds: int, rng: np.random.Generator) -> list[Ints]:
    """Divide training rows [n] into test folds; repeated measurements of one architecture share a fold."""
    _, which = np.unique(space.canonicalize(batch.archs), axis=0, return_inverse=True)
    n_groups = int(which.max()) + 1
    n_folds = min(n_folds, n_groups)
    fold = rng.permutation(np.arange(n_groups) % max(n_folds, 1))[which.ravel()]
    return [np.flatnonzero(fold == i) for i in range(n_folds)]


def prefix_state(prefix: str, member: Any) -> State:
    """Return a member's state with a prefix before each name."""
    return {f"{prefix}/{name}": array for name, array in member.state().items()}


def restore_member(prefix: str, member: Any, state: State) -> None:
    """Restore a member from the arrays that ``prefix_state`` returned."""
    start = f"{prefix}/"
    member.restore({name.removeprefix(start): array for name, array in state.items() if name.startswith(start)})
