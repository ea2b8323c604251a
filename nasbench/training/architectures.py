"""Train architectures of one space, each in its own folder; the failure of one does not affect the others."""

import hashlib
import json
import math
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from torch import nn

from nasbench.arrays import Archs
from nasbench.datasets import Images
from nasbench.errors import Diverged, FileLocked, RecordError, TrainingFailed
from nasbench.files import write_text
from nasbench.networks import build_network, choose_options
from nasbench.spaces import SearchSpace
from nasbench.training.recipe import Recipe
from nasbench.training.trainer import Epoch, Setup, train_network

_FAILED = "failed.json"
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """The outcome of training one architecture.

    Attributes:
        epochs: the finished epochs.
        notes: deviations from the recipe.
        error: why the training failed; empty if it did not.
        failed_s: seconds spent in the epoch that failed.
        network: the trained network in evaluation mode; None if training failed.
        stopped_by_nan: whether it failed because its loss became nan or infinite.
    """

    epochs: list[Epoch]
    notes: list[str] = field(default_factory=list)
    error: str = ""
    failed_s: float = 0.0
    network: nn.Module | None = None
    stopped_by_nan: bool = False

    @property
    def has_diverged(self) -> bool:
        """Whether its loss became nan or infinite, or its final network answers nan."""
        answers = self.epochs[-1].splits.values() if self.epochs and not self.error else ()
        return self.stopped_by_nan or any(math.isnan(numbers["accuracy"]) for numbers in answers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architectures:
    """Trains architectures, or resumes their training.

    Initial weights, order of the images and augmentation depend on ``number`` and the architecture alone, not on
    other training runs or on when it is trained.

    Attributes:
        space: space of the architectures.
        data: data to learn, with the splits to evaluate.
        recipe: the training recipe.
        number: number of the repetition ("seed").
        folder: folder of checkpoints.
        network: label of the network, such as ``nb201,channels=8,n_cells=1``; empty for the space's own.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        fold: number of the fold to validate on, and number of folds; (0, 0) uses the data's own splits.
        waits: whether to wait for another process that trains the same architecture, instead of raising ``FileLocked``.
    """

    space: SearchSpace
    data: Images
    recipe: Recipe
    number: int
    folder: Path
    network: str = ""
    device: str = "cpu"
    fold: tuple[int, int] = (0, 0)
    waits: bool = False

    def train(self, arch: Archs, *, until: int = 0, evaluate: tuple[str, ...] = ("valid",)) -> TrainingOutcome:
        """Train one architecture [1, d] up to an epoch, 0 for the recipe's last.

        Raises:
            RecordError: the folder holds another training run of this architecture.
            InvalidArchitecture: not exactly one architecture of the space.
            FileLocked: another process is training it, unless ``waits``.
        """
        while True:
            try:
                return self._train(arch, until, evaluate)
            except FileLocked:
                if not self.waits:
                    raise
                time.sleep(_PAUSE_S)

    def _train(self, arch: Archs, until: int, evaluate: tuple[str, ...]) -> TrainingOutcome:
        text, folder = self.space.format(arch)[0], self.get_folder(arch)
        network, rng = self.initialize(arch)
        what = f"{self.network or self.space.name}: {text}{self._describe_codes()}"
        if (known := self._read_failure(folder, what)) is not None:
            return known
        start, seen = time.perf_counter(), list[Epoch]()
        setup = Setup(device=self.device, folder=folder, what=what, until=until, evaluate=evaluate, report=seen.append)
        try:
            trained = train_network(network, self.images(), recipe=self.recipe, rng=rng, setup=setup)
        except TrainingFailed as error:
            finished = sum(numbers["seconds"] for epoch in seen for numbers in epoch.splits.values())
            lost = max(time.perf_counter() - start - finished, 0.0)
            by_nan, epochs = isinstance(error, Diverged), list(error.epochs)
            told = {"what": what, "error": str(error), "seconds": lost, "by_nan": by_nan}
            write_text(folder / _FAILED, json.dumps(told | {"epochs": [asdict(epoch) for epoch in epochs]}))
            return TrainingOutcome(epochs, error=str(error), failed_s=lost, stopped_by_nan=by_nan)
        return TrainingOutcome(trained.epochs, trained.notes, network=trained.network)

    def initialize(self, arch: Archs) -> tuple[nn.Module, np.random.Generator]:
        """Return the network of one architecture [1, d] with its initial weights, and the generator of its training."""
        rng = np.random.default_rng([self.number, *(arch[0].astype(np.int64) + 128).tolist()])
        return self._make_network(arch, rng), rng

    def build_network(self, arch: Archs) -> nn.Module:
        """Return an untrained network of one architecture [1, d], on the CPU."""
        return self._make_network(arch, np.random.default_rng(0))

    def get_folder(self, arch: Archs) -> Path:
        """Return the folder of one architecture [1, d]."""
        text = self.space.format(arch)[0]
        return self.folder / hashlib.sha256(text.encode()).hexdigest()[:16]

    def _describe_codes(self) -> str:
        """Return the declared meaning of the space's codes, if any: other spaces may read the text differently."""
        options = self.space.code_options
        return f", codes of {json.dumps(options)}" if options else ""

    def images(self) -> Images:
        """Return the data to learn, or their fold."""
        return self.data.fold(*self.fold, np.random.default_rng(0)) if any(self.fold) else self.data

    def options(self) -> dict[str, int]:
        """Return the options of the networks that follow from the data."""
        return choose_options(len(self.data.classes), self.data.shape)

    def _make_network(self, arch: Archs, rng: np.random.Generator) -> nn.Module:
        return build_network(self.network or self.space.name, arch, rng, space=self.space, **self.options())

    def _read_failure(self, folder: Path, what: str) -> TrainingOutcome | None:
        """Return how this training run failed before, since it would fail again; None if it did not."""
        path = folder / _FAILED
        if not path.exists():
            return None
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            error, seconds, theirs = str(told["error"]), float(told["seconds"]), told["what"]
            by_nan, epochs = bool(told.get("by_nan")), [Epoch(**epoch) for epoch in told.get("epochs", [])]
        except (OSError, ValueError, KeyError, TypeError) as damage:
            raise RecordError(f"{path} cannot be read ({damage}); delete it to train again") from damage
        if theirs != what:
            raise RecordError(f"{path} is of {theirs}, not of {what}; choose another folder")
        return TrainingOutcome(epochs, error=error, failed_s=seconds, stopped_by_nan=by_nan)
