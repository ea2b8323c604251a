"""The plan of 'nasbench train': architectures, seeds and folds of one data set, and a recipe."""

from dataclasses import dataclass
from pathlib import Path

from nasbench.arrays import Archs
from nasbench.datasets import Images
from nasbench.devices import find_device
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace
from nasbench.training.architectures import Architectures
from nasbench.training.recipe import Recipe

NO_FOLD = (0, 0)
Key = tuple[tuple[int, int], int, int]
"""Fold, seed, and row of the architecture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingPlan:
    """What to train.

    Attributes:
        space: space of the architectures.
        archs: [n, d] the architectures.
        data: data to learn, with validation and test images.
        recipe: the training recipe.
        labels: labels of the data set and the recipe, as the user wrote them.
        folder: folder of checkpoints and trained models, with a folder for each seed and fold.
        network: label of the network; empty for the space's own.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        n_seeds: training runs of each architecture on the same images.
        n_folds: number of folds of the training and validation images, each validated on in turn; 0 uses the data's
            own splits.

    Raises:
        InvalidOption: less than one seed, exactly one fold, or no such device.
    """

    space: SearchSpace
    archs: Archs
    data: Images
    recipe: Recipe
    labels: tuple[str, str]
    folder: Path
    network: str = ""
    device: str = "cpu"
    n_seeds: int = 1
    n_folds: int = 0

    def __post_init__(self) -> None:
        find_device(self.device)
        if self.n_seeds < 1 or self.n_folds < 0 or self.n_folds == 1:
            raise InvalidOption(
                f"{self.n_seeds} seeds, {self.n_folds} folds; expected at least 1 seed, and 0 or at least 2 folds"
            )

    def folds(self) -> list[tuple[int, int]]:
        """Return the folds as (number, count); ``[NO_FOLD]`` without folds."""
        return [(number, self.n_folds) for number in range(1, self.n_folds + 1)] or [NO_FOLD]

    def trainings(self, fold: tuple[int, int], seed: int) -> Architectures:
        """Return the ``Architectures`` that train with one seed on one fold."""
        folder = self.folder / f"seed{seed}"
        return Architectures(
            space=self.space,
            data=self.data,
            recipe=self.recipe,
            number=seed,
            folder=folder if fold == NO_FOLD else folder / "fold{}of{}".format(*fold),
            network=self.network,
            device=self.device,
            fold=fold,
        )
