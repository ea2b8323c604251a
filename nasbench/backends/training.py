"""Answers trials by training real networks: what a strategy asks for is trained, and paid for, up to that epoch."""

from pathlib import Path

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.datasets import Images
from nasbench.errors import InvalidOption, StrategyError
from nasbench.spaces import SearchSpace
from nasbench.training import Architectures, Outcome, Recipe
from nasbench.trials import FULL_TRAINING, Results, Trials

REQUIRES = {"torch": "train"}


class TrainingBackend:
    """Answers with validation accuracy, and the seconds that the epochs between this answer and the last one took.

    A known id asked at a later epoch is resumed from its checkpoint. An architecture asked again under another
    id shows the same training, charged again. A training that fails scores nan; the others go on. Only
    training and validation images are used: ``data`` may hold test images, which nothing here looks at.

    Args:
        space: architectures that may be asked.
        data: what to learn.
        recipe: how; its last epoch is what ``FULL_TRAINING`` means.
        rng: decides first weights and order of images of every architecture.
        folder: for checkpoints; a run that was killed goes on if it asks the same again.
        network: label of the network with its options; empty for the space's own.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Attributes:
        failures: why trainings failed, by the text of the architecture.

    Raises:
        InvalidOption: data without validation images.
    """

    def __init__(
        self,
        space: SearchSpace,
        data: Images,
        *,
        recipe: Recipe,
        rng: np.random.Generator,
        folder: Path,
        network: str = "",
        device: str = "cpu",
    ) -> None:
        if "valid" not in data.parts:
            raise InvalidOption(f"{data.name} has no validation images, which a strategy observes; cut some out")
        unseen = Images(data.name, data.classes, {split: data.parts[split] for split in ("train", "valid")})
        self._space, self._recipe = space, recipe
        self._trainings = Architectures(
            space=space,
            data=unseen,
            recipe=recipe,
            number=int(rng.integers(2**63)),
            folder=folder,
            network=network,
            device=device,
        )
        self._reached: dict[int, tuple[bytes, int]] = {}
        self.failures: dict[str, str] = {}

    def advance(self, trials: Trials) -> Results:
        """Train each trial until its epoch; one row per trial, in the order asked.

        Raises:
            InvalidArchitecture: an architecture outside the space.
            StrategyError: an epoch that is not after the last one of the trial or not in the recipe, or an id
                that was another architecture before.
        """
        archs = self._space.checked(trials.arch)
        last = self._recipe.epochs
        epochs = np.where(trials.epoch == FULL_TRAINING, last, trials.epoch)
        score, cost_s = np.empty((len(archs), 1)), np.empty(len(archs))
        for row, (trial, epoch) in enumerate(zip(trials.id.tolist(), epochs.tolist(), strict=True)):
            before = self._checked(trial, epoch, archs[row])
            score[row], cost_s[row] = self._answer(archs[row : row + 1], before, epoch)
            self._reached[trial] = (archs[row].tobytes(), epoch)
        return Results(trials.id, epochs.astype(np.int64), score, cost_s)

    def _checked(self, trial: int, epoch: int, arch: Archs) -> int:
        """Return the last epoch that a trial was told."""
        known, before = self._reached.get(trial, (arch.tobytes(), 0))
        if known != arch.tobytes():
            raise StrategyError(f"trial {trial} was another architecture before; give every architecture its own id")
        if not before < epoch <= self._recipe.epochs:
            raise StrategyError(
                f"trial {trial} asks for epoch {epoch} after epoch {before}; expected {before + 1} to "
                f"{self._recipe.epochs}, or FULL_TRAINING of a trial that is not complete"
            )
        return before

    def _answer(self, arch: Archs, before: int, epoch: int) -> tuple[float, float]:
        outcome = self._trainings.train(arch, until=epoch)
        spent = _seconds(outcome, before, epoch)
        if outcome.error:
            self.failures[self._space.format(arch)[0]] = outcome.error
            return np.nan, spent + outcome.failed_s
        return outcome.epochs[epoch - 1].splits["valid"]["accuracy"], spent


def _seconds(outcome: Outcome, before: int, epoch: int) -> float:
    """Return the seconds of training and validation from epoch ``before`` + 1 to ``epoch``."""
    told: Floats = np.array(
        [numbers["seconds"] for one in outcome.epochs[before:epoch] for numbers in one.splits.values()]
    )
    return float(told.sum())
