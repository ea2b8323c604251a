"""Build a table by training a space: choose architectures and seeds, divide them into parts, and train each part.

A build is written like a large import: every part becomes a small table, and joining them gives the whole table. The
same mechanism resumes interrupted builds and runs them in several processes. If the networks allow it, a part is
a stack that is trained at once; otherwise it is one training run.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs
from nasbench.datasets import Images
from nasbench.errors import InvalidOption
from nasbench.networks import count_costs
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.table import TableBuilder
from nasbench.training.architectures import Architectures, TrainingOutcome
from nasbench.training.recipe import Recipe
from nasbench.training.stack import explain_no_stack, train_stack
from nasbench.training.table import Names, build_draft

_BLOCK = 512  # architectures, in the order drawn, that are divided into stacks: the first ones are trained first
_EVALUATED = ("valid", "test")
_DRAWS = 20  # draws, each of the wanted number of architectures, if a space cannot be enumerated
_STACKED = (
    "Networks were trained many at once, each with weights and an order of images of its own; their seconds are the "
    "processor's, divided equally."
)


class PlannedTraining(NamedTuple):
    """One training run of a build.

    Attributes:
        arch: the architecture's row.
        seed: number of the repetition.
        of: digest of everything that the build's training runs share.
    """

    arch: tuple[int, ...]
    seed: int
    of: str

    def identity(self) -> tuple[Any, ...]:
        """Return what distinguishes it from any other training run."""
        return tuple(self)


@dataclass(frozen=True, kw_only=True)
class Build:
    """A table to build by training.

    Attributes:
        space: space of the architectures.
        archs: [n, d] the architectures, in the order in which they were drawn.
        data: data to learn, with validation and test images.
        recipe: the training recipe.
        names: names of the table and its columns.
        n_seeds: training runs of each of the first ``n_repeated`` architectures.
        n_repeated: number of architectures with several seeds; the others are trained once, with seed 0.
        stack: largest number of networks that are trained at once.
        folder: folder of checkpoints of networks that are trained one by one.
        licence: licence of the table.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: no architecture, no seed or no network in a stack.
    """

    space: SearchSpace
    archs: Archs
    data: Images
    recipe: Recipe
    names: Names
    n_seeds: int
    n_repeated: int
    stack: int
    folder: Path
    licence: str = "that of whoever trained them"
    device: str = "cpu"
    measures: ClassVar[bool] = True
    """Seconds are measured, so that reading a part again gives other values."""

    def __post_init__(self) -> None:
        if min(len(self.archs), self.n_seeds, self.stack) < 1 or self.n_repeated < 0:
            raise InvalidOption(
                f"{len(self.archs)} architectures, {self.n_seeds} seeds of {self.n_repeated}, stacks of {self.stack}; "
                "expected at least one of each"
            )

    @property
    def table(self) -> str:
        """Name of the table."""
        return self.names.table

    @cached_property
    def alone(self) -> str:
        """Why the networks are trained one by one; empty where they are stacked."""
        if self.stack == 1:
            return "stacks of one network were asked for"
        seed = self._select_seed(0)
        return explain_no_stack(
            [seed.build_network(self.archs[i : i + 1]) for i in range(min(2, len(self.archs)))], self.recipe
        )

    def parts(self, source: object = None) -> list[list[PlannedTraining]]:
        """Return the training runs, stack by stack; similar architectures and the seeds of each are together."""
        del source
        size, of = 1 if self.alone else self.stack, self._digest()
        return [
            [PlannedTraining(arch, seed, of) for arch, seed in block[first : first + size]]
            for block in self._split_blocks()
            for first in range(0, len(block), size)
        ]

    def _split_blocks(self) -> Iterator[list[tuple[tuple[int, ...], int]]]:
        for first in range(0, len(self.archs), _BLOCK):
            rows = self.archs[first : first + _BLOCK].tolist()
            yield sorted(
                (tuple(row), seed)
                for number, row in enumerate(rows, start=first)
                for seed in range(self.n_seeds if number < self.n_repeated else 1)
            )

    def _digest(self) -> str:
        shared: tuple[Any, ...] = (self.space.name, self.data.digest(), self.recipe.digest())
        shared += dataclasses.astuple(self.names)
        if options := self.space.code_options:
            shared += (json.dumps(options),)
        return hashlib.sha256(repr(shared).encode()).hexdigest()

    def _select_seed(self, seed: int) -> Architectures:
        return Architectures(
            space=self.space,
            data=self.data,
            recipe=self.recipe,
            number=seed,
            folder=self.folder / f"seed{seed}",
            network=self.names.network,
            device=self.device,
        )

    def read(self, part: Sequence[PlannedTraining]) -> TableBuilder:
        """Train one part and return every epoch of it; of failed training runs, the epochs before the failure."""
        archs = np.array(sorted({training.arch for training in part}), dtype=self.space.dtype)
        rows = {tuple(row): place for place, row in enumerate(archs.tolist())}
        keys = [(rows[training.arch], training.seed) for training in part]
        outcomes = dict(zip(keys, self._train_part(part), strict=True))
        built = self._select_seed(0).build_network
        counts = [count_costs(built(archs[i : i + 1]), self.data.shape) for i in range(len(archs))]
        return self._complete_draft(
            build_draft(
                self.space, archs, outcomes, counts=counts, data=self.data, recipe=self.recipe, names=self.names
            )
        )

    def _complete_draft(self, draft: TableBuilder) -> TableBuilder:
        """Give the draft of a part the texts of the whole table, and store its values in single precision.

        Losses and seconds need no more precision, and a table of many learning curves is large.
        """
        light = [
            column if column.denominator else dataclasses.replace(column, values=_convert_to_single(column.values))
            for column in draft.measurements
        ]
        n = f"{len(self.archs)} architectures"
        title = f"Trainings on {self.names.data} by recipe {self.names.recipe}: {n}"
        notes = draft.notes if self.alone else f"{draft.notes} {_STACKED}"
        return dataclasses.replace(draft, title=title, licence=self.licence, notes=notes, measurements=light)

    def _train_part(self, part: Sequence[PlannedTraining]) -> list[TrainingOutcome]:
        seeds = {training.seed: self._select_seed(training.seed) for training in part}
        archs = [np.array([training.arch], dtype=self.space.dtype) for training in part]
        if self.alone:
            return [
                seeds[training.seed].train(arch, evaluate=_EVALUATED)
                for training, arch in zip(part, archs, strict=True)
            ]
        begun = [seeds[training.seed].initialize(arch) for training, arch in zip(part, archs, strict=True)]
        networks, rngs = zip(*begun, strict=True)
        return train_stack(networks, self.data, recipe=self.recipe, rngs=rngs, evaluate=_EVALUATED, device=self.device)


def _convert_to_single(values: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Return values in single precision; a loss beyond its range becomes nan, like an infinite one."""
    largest = np.finfo(np.float32).max
    return np.where(np.abs(values) <= largest, values, np.nan).astype(np.float32)


def draw_classes(space: SearchSpace, n: int | None, rng: np.random.Generator) -> Archs:
    """Return representatives of different isomorphism classes, in random order; ``[n, d]``.

    Args:
        space: space to draw from.
        n: number of classes; None for all. In an enumerated space each class has the same probability, in others
            each architecture.
        rng: draws them; in an enumerated space, the first ones are the same for any ``n``.

    Raises:
        InvalidOption: no class, more than there are, or all of a space that cannot be enumerated.
    """
    if n is not None and n < 1:
        raise InvalidOption(f"{n} architectures; expected at least 1")
    if isinstance(space, EnumeratedSpace):
        classes = np.unique(space.canonicalize(space.rows), axis=0)
        if n is not None and n > len(classes):
            raise InvalidOption(f"{n} architectures; space '{space.name}' has {len(classes)} different ones")
        return classes[rng.permutation(len(classes))[:n]]
    if n is None:
        raise InvalidOption(f"space '{space.name}' cannot be enumerated; say how many architectures to draw")
    found = space.no_archs
    for _ in range(_DRAWS):
        rows = np.concatenate([found, space.canonicalize(space.sample(n, rng))])
        found = rows[np.sort(np.unique(rows, axis=0, return_index=True)[1])]
        if len(found) >= n:
            return found[:n]
    raise InvalidOption(f"{_DRAWS} draws of {n} architectures of space '{space.name}' gave {len(found)} different ones")
