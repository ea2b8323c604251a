"""The backend of training tasks: it trains real networks up to the epochs that a strategy asks for."""

from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.datasets import Images
from nasbench.devices import find_device
from nasbench.errors import InvalidOption, StrategyError
from nasbench.spaces import SearchSpace
from nasbench.training import Architectures, Feed, Recipe, TrainingOutcome, evaluate_network, train_in_parallel
from nasbench.trials import FULL_TRAINING, Results, Trials

REQUIRES = {"torch": "train"}


class TrainingBackend:
    """Answers with the validation accuracy, and with the seconds of the epochs since the trial's previous answer.

    A known id with a later epoch is resumed from its checkpoint. An architecture that is asked for again under another
    id shows the same training run, and is charged again. A failed training run scores nan; the others continue. Only
    training and validation images are used; test images in ``data`` are ignored.

    Trials that are asked for together are trained together: as many at once as ``joblib.parallel_config(n_jobs=...)``
    around the search says, one after the other without it. Scores do not depend on it (to the bit with one thread).

    Args:
        space: the searched space.
        data: the data to learn.
        recipe: the training recipe; ``FULL_TRAINING`` means its last epoch.
        rng: decides the initial weights and the order of images of every architecture.
        folder: folder of checkpoints. If interrupted, rerun the same search to resume. Several processes may share the
            folder: each waits for the other's training runs.
        network: label of the network with its options; empty for the space's own.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Attributes:
        failures: text of an architecture -> why its training failed.

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
            raise InvalidOption(
                f"{data.name} has no validation images, which a strategy observes; split some off the training images"
            )
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
            waits=True,
        )
        self._reached: dict[int, tuple[bytes, int]] = {}
        self.failures: dict[str, str] = {}

    def advance(self, trials: Trials) -> Results:
        """Train each trial up to its epoch; one row per trial, in the order asked.

        Raises:
            InvalidArchitecture: an architecture outside the space.
            StrategyError: an epoch that the trial has already reached or that the recipe does not have, or an id that
                belongs to another architecture.
        """
        archs = self._space.checked(trials.arch)
        epochs = np.where(trials.epoch == FULL_TRAINING, self._recipe.epochs, trials.epoch).astype(np.int64)
        asked = list(zip(trials.id.tolist(), [arch.tobytes() for arch in archs], epochs.tolist(), strict=True))
        before = []
        for trial, arch, epoch in asked:
            before.append(self._checked(trial, arch, epoch))
            self._reached[trial] = (arch, epoch)
        outcomes = self._trained(archs, epochs)
        answers = [_answer(outcomes[arch], known, epoch) for (_, arch, epoch), known in zip(asked, before, strict=True)]
        score, cost_s = np.array(answers, dtype=np.float64).reshape(-1, 2).T
        return Results(trials.id, epochs, score[:, None], cost_s.copy())

    def accuracy(self, archs: Archs, data: Images, split: str) -> Floats:
        """Return the accuracy after complete training, which happens now if necessary; ``[n]``, nan where it failed.

        It is for reports only; strategies never see it.

        Args:
            archs: [n, d] rows of the space.
            data: data with the same training images.
            split: split of ``data`` to evaluate.
        """
        feed = Feed(data, self._recipe, find_device(self._trainings.device))
        networks = (self._trainings.train(archs[i : i + 1]).network for i in range(len(archs)))
        return np.array(
            [
                np.nan if network is None else evaluate_network(network, feed, split, self._recipe)["accuracy"]
                for network in networks
            ]
        )

    def _trained(self, archs: Archs, epochs: Ints) -> dict[bytes, TrainingOutcome]:
        """Train every distinct architecture of ``archs`` [n, d] up to the last of its ``epochs`` [n]."""
        distinct, inverse = np.unique(archs, axis=0, return_inverse=True)
        last = np.zeros(len(distinct), dtype=np.int64)
        np.maximum.at(last, inverse.ravel(), epochs)
        calls = [
            partial(self._trainings.train, distinct[i : i + 1], until=epoch) for i, epoch in enumerate(last.tolist())
        ]
        outcomes = train_in_parallel(calls, n_jobs=None, kept=self._trainings.folder)
        for arch, outcome in zip(distinct, outcomes, strict=True):
            if outcome.error:
                self.failures[self._space.format(arch[None])[0]] = outcome.error
        return {arch.tobytes(): outcome for arch, outcome in zip(distinct, outcomes, strict=True)}

    def _checked(self, trial: int, arch: bytes, epoch: int) -> int:
        """Return the last epoch of a trial that the strategy has seen, after checking the next one."""
        known, before = self._reached.get(trial, (arch, 0))
        if known != arch:
            raise StrategyError(f"trial {trial} was another architecture before; give every architecture its own id")
        if not before < epoch <= self._recipe.epochs:
            raise StrategyError(
                f"trial {trial} asks for epoch {epoch} after epoch {before}; expected {before + 1} to "
                f"{self._recipe.epochs}, or FULL_TRAINING of a trial that is not complete"
            )
        return before


class FreshTrainingBackend:
    """Trains an architecture again each time it is asked for under a new id; a known id resumes its training run.

    Args:
        repeat: returns the backend for architectures that were asked for this many times before.
    """

    def __init__(self, repeat: Callable[[int], TrainingBackend]) -> None:
        self._repeat = repeat
        self._backends: dict[int, TrainingBackend] = {}
        self._repetition: dict[int, int] = {}  # trial -> how often its architecture was asked for before
        self._begun: Counter[bytes] = Counter()  # architecture -> number of its trials

    def advance(self, trials: Trials) -> Results:
        """Train each trial up to its epoch; errors as ``TrainingBackend.advance``."""
        repetition = np.array([self._count(*one) for one in zip(trials.id.tolist(), trials.arch, strict=True)])
        epoch, score = np.array(trials.epoch), np.full((len(trials.id), 1), np.nan)
        cost_s = np.full(len(trials.id), np.nan)
        for again in np.unique(repetition).tolist():
            if again not in self._backends:
                self._backends[again] = self._repeat(again)
            at = np.flatnonzero(repetition == again)
            told = self._backends[again].advance(Trials(trials.id[at], trials.arch[at], trials.epoch[at]))
            epoch[at], score[at], cost_s[at] = told.epoch, told.score, told.cost_s
        return Results(trials.id, epoch, score, cost_s)

    def _count(self, trial: int, arch: Archs) -> int:
        """Return how often the architecture of a trial was started before."""
        if trial not in self._repetition:
            self._repetition[trial] = self._begun[arch.tobytes()]
            self._begun[arch.tobytes()] += 1
        return self._repetition[trial]


def _answer(outcome: TrainingOutcome, before: int, epoch: int) -> tuple[float, float]:
    """Return the score at ``epoch``, nan if that epoch was not finished, and the seconds since epoch ``before``."""
    spent = _seconds(outcome, before, epoch)
    if epoch > len(outcome.epochs):
        return np.nan, spent + outcome.failed_s
    return outcome.epochs[epoch - 1].splits["valid"]["accuracy"], spent


def _seconds(outcome: TrainingOutcome, before: int, epoch: int) -> float:
    """Return the seconds of training and validation from epoch ``before`` + 1 to ``epoch``."""
    told: Floats = np.array(
        [numbers["seconds"] for one in outcome.epochs[before:epoch] for numbers in one.splits.values()]
    )
    return float(told.sum())
