"""The training loop for one network, one data set and one recipe; interrupted runs resume to the same weights.

All random numbers of an epoch follow from the numbers of the run and the epoch, so checkpoints need no state of
generators. A training run whose loss becomes nan raises ``Diverged``; if not even two images fit into memory, it raises
``TrainingFailed``. Other training runs of the same caller can continue.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.datasets import Images
from nasbench.devices import find_device
from nasbench.errors import Diverged, InvalidOption, TrainingFailed
from nasbench.files import exclusive_lock
from nasbench.networks import seed_torch
from nasbench.training.checkpoint import read_checkpoint, write_checkpoint
from nasbench.training.energy import Energy
from nasbench.training.feed import Feed, ImageBatch
from nasbench.training.graphs import Graphed
from nasbench.training.loss import Loss
from nasbench.training.machine import Peak, use_deterministic_algorithms, wait_for_device
from nasbench.training.recipe import Recipe

_CHECKPOINT = "checkpoint.pt"
_EVALUATED = 512  # images at once in evaluation; it affects results only by rounding

Numbers = dict[str, float]
"""``loss``, ``accuracy``, ``seconds`` of one split in one epoch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """Where and how far to train, which does not change what is learnt.

    Attributes:
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        folder: folder of the training run's checkpoint; None keeps no checkpoint.
        what: name of the architecture, so that the checkpoint of another one is refused.
        until: last epoch to train now; 0 for the recipe's last.
        evaluate: splits that are evaluated after every epoch.
        teacher: network for recipes that distil, on the device, in evaluation mode.
        report: called with every finished epoch.
    """

    device: str = "cpu"
    folder: Path | None = None
    what: str = ""
    until: int = 0
    evaluate: tuple[str, ...] = ("valid", "test")
    teacher: nn.Module | None = None
    report: Callable[["Epoch"], None] | None = None


@dataclass(frozen=True, slots=True)
class Epoch:
    """Results of one epoch.

    Attributes:
        epoch: its number, from 1.
        lr: learning rate at its end.
        splits: results by split; ``train`` over the augmented images while the weights changed.
        peak_bytes: peak memory since the training run was started or resumed; None where the system does not
            report it.
        energy_j: energy of the GPU or CPU, including other programs; None where the machine does not report it.
    """

    epoch: int
    lr: float
    splits: dict[str, Numbers]
    peak_bytes: int | None
    energy_j: float | None = None


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network and its history.

    Attributes:
        network: network on the device, with the weights after the last epoch or their moving average.
        epochs: all epochs so far, including those before a restart.
        notes: deviations from the recipe.
    """

    network: nn.Module
    epochs: list[Epoch]
    notes: list[str] = field(default_factory=list)


def train_network(
    network: nn.Module, data: Images, *, recipe: Recipe, rng: np.random.Generator, setup: Setup | None = None
) -> Trained:
    """Train a network, or resume from the checkpoint in the folder.

    Args:
        network: network with its initial weights; it is moved to the device and changed.
        data: training images, and images to evaluate on.
        recipe: the training recipe.
        rng: gives the run its number; the same state gives the same training run.
        setup: where and how far to train.

    Raises:
        Diverged: the loss became nan or infinite.
        TrainingFailed: the memory is too small for two images.
        RecordError: the folder holds a checkpoint of another training run.
        InvalidOption: no such device, no such split, or a recipe that does not fit the data.
        FileLocked: another process is training in the folder.
        OSError: the checkpoint cannot be written; the previous one is intact.
    """
    setup = setup or Setup()
    if absent := [split for split in setup.evaluate if split not in data.parts]:
        raise InvalidOption(f"{data.name} has no split '{absent[0]}' to evaluate; it has {', '.join(data.parts)}")
    lock = exclusive_lock(setup.folder / _CHECKPOINT) if setup.folder else nullcontext()
    with lock, use_deterministic_algorithms(recipe.deterministic):
        run = _Run(network, data, recipe, setup, int(rng.integers(2**63)))
        run.resume(data)
        try:
            for epoch in range(len(run.epochs), min(setup.until or recipe.epochs, recipe.epochs)):
                run.train_epoch(epoch)
        except TrainingFailed as error:
            error.epochs = run.epochs
            raise
        return Trained(run.get_averaged(), run.epochs, run.notes)


class _Run:
    """One training under way."""

    def __init__(self, network: nn.Module, data: Images, recipe: Recipe, setup: Setup, number: int) -> None:
        self.recipe, self.setup, self.number = recipe, setup, number
        self.device = find_device(setup.device)
        memory = torch.channels_last if recipe.channels_last and len(data.shape) == 3 else torch.preserve_format
        self.network = network.to(device=self.device).to(memory_format=memory)
        self.peak, self.energy = Peak(self.device), Energy(self.device)
        self.feed = Feed(data, recipe, self.device)
        self.forward = self._speed_up()
        self.loss = Loss(recipe, setup.teacher)
        self.optimiser = make_optimiser(recipe, self.network)
        self.average = {name: value.detach().clone() for name, value in self._list_weights()} if recipe.ema else {}
        self.pieces, self.epochs, self.notes = 1, list[Epoch](), list[str]()
        self.identity: dict[str, Any] = {}

    def _speed_up(self) -> Any:
        """Return the network's forward function: its own, compiled, or recorded."""
        if self.recipe.cuda_graphs:
            return Graphed(self.network, self.feed.sample(), self.recipe)
        return torch.compile(self.network) if self.recipe.compile else self.network

    def _list_weights(self) -> Iterator[tuple[str, Tensor]]:
        yield from self.network.named_parameters()

    def resume(self, data: Images) -> None:
        """Load the state of the checkpoint in the folder, if there is one."""
        if self.setup.folder is None:
            return
        self.identity = {
            "recipe": self.recipe.digest(),
            "data": data.digest(),
            "what": self.setup.what,
            "run": self.number,
            "weights": {name: list(value.shape) for name, value in self._list_weights()},
        }
        state = read_checkpoint(self.setup.folder / _CHECKPOINT, self.identity)
        if state is None:
            return
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.pieces, self.notes = state["pieces"], state["notes"]
        self.epochs = [Epoch(**epoch) for epoch in state["epochs"]]

    def _save(self) -> None:
        if self.setup.folder is None:
            return
        state = {
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "pieces": self.pieces,
            "notes": self.notes,
            "epochs": [{name: getattr(epoch, name) for name in Epoch.__slots__} for epoch in self.epochs],
        }
        write_checkpoint(self.setup.folder / _CHECKPOINT, self.identity, state)

    def train_epoch(self, epoch: int) -> None:
        """Train, evaluate, and write a checkpoint."""
        rng = np.random.default_rng([self.number, epoch])
        self.energy.measure_lap()
        if hasattr(self.network, "drop_path"):
            self.network.drop_path = self.recipe.drop_path * epoch / self.recipe.epochs
        with seed_torch(rng):  # for torch's own random numbers
            splits: dict[str, Numbers] = {"train": self._time_work(partial(self._learn, epoch, rng))}
        splits |= {split: self._time_work(partial(self._evaluate, split)) for split in self.setup.evaluate}
        lr = float(self.optimiser.param_groups[0]["lr"])
        self.epochs.append(Epoch(epoch + 1, lr, splits, self.peak.bytes(), self.energy.measure_lap()))
        self._save()
        if self.setup.report is not None:
            self.setup.report(self.epochs[-1])

    def _time_work(self, work: Callable[[], Numbers]) -> Numbers:
        start = time.perf_counter()
        try:
            numbers = work()
        except torch.cuda.OutOfMemoryError as error:
            raise TrainingFailed(f"the memory of {self.device} is too small to evaluate: {error}") from error
        wait_for_device(self.device)
        return numbers | {"seconds": time.perf_counter() - start}

    def _learn(self, epoch: int, rng: np.random.Generator) -> Numbers:
        """Take all steps of an epoch; return mean loss and accuracy over its images."""
        self.network.train()
        totals, n_images = torch.zeros(2, dtype=torch.float64, device=self.device), 0
        n_batches = self.feed.n_batches()
        for place, batch in enumerate(self.feed.epoch(rng)):
            for group in self.optimiser.param_groups:
                group["lr"] = self.recipe.rate(epoch, place / n_batches)
            totals += self._step(batch)
            n_images += len(batch.labels)
        loss, right = (totals / n_images).tolist()
        if not math.isfinite(loss):
            raise Diverged(f"the loss is {loss} in epoch {epoch + 1} of {self.recipe.epochs}; try a smaller lr")
        return {"loss": loss, "accuracy": right}

    def _step(self, batch: ImageBatch) -> Tensor:
        """Update the weights once; split the batch if it does not fit into memory."""
        while True:
            try:
                self.optimiser.zero_grad(set_to_none=True)
                totals = torch.stack(
                    [self._add_gradients(piece, len(batch.labels)) for piece in batch.pieces(self.pieces)]
                )
                break
            except RuntimeError as error:
                self._halve(error, len(batch.labels))
        if self.recipe.clip_norm:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.clip_norm)
        self.optimiser.step()
        for name, value in self._list_weights() if self.average else ():
            self.average[name].lerp_(value.detach(), 1 - self.recipe.ema)
        return totals.sum(dim=0)

    def _halve(self, error: Exception, size: int) -> None:
        """Cut batches into twice as many pieces, or give up; raise any error again that is not a lack of memory."""
        lacking = isinstance(error, torch.cuda.OutOfMemoryError) or "can't allocate memory" in str(error)
        if not lacking:
            raise error
        self.pieces *= 2
        if size // self.pieces < 2:
            raise TrainingFailed(f"the memory of {self.device} does not hold two images: {error}") from error
        self.notes.append(
            f"epoch {len(self.epochs) + 1}: out of memory; batches of {self.recipe.batch_size} go in {self.pieces} "
            "pieces, each normalised by itself"
        )
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _add_gradients(self, piece: ImageBatch, n_images: int) -> Tensor:
        """Add the gradients of a part of a batch of ``n_images``; return summed loss and number of right answers."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.amp):
            loss, logits = self.loss(self.forward(piece.images), piece)
        n = len(piece.labels)
        (loss * (n / n_images)).backward()
        right = (logits.detach().argmax(dim=1) == piece.labels).sum()
        return torch.stack([loss.detach().double() * n, right.double()])

    def _evaluate(self, split: str) -> Numbers:
        self.network.eval()
        return evaluate_network(self._answer, self.feed, split, self.recipe)

    def _answer(self, images: Tensor) -> Tensor:
        answer = partial(torch.func.functional_call, self.network, self.average) if self.average else self.forward
        logits: Tensor = answer(images)
        return logits

    def get_averaged(self) -> nn.Module:
        """Return the network in evaluation mode, with averaged weights if the recipe averages them."""
        if self.average:
            self.network.load_state_dict(self.average, strict=False)
        return self.network.eval()


def evaluate_network(answer: Callable[[Tensor], Tensor], feed: Feed, split: str, recipe: Recipe) -> Numbers:
    """Return mean cross-entropy and accuracy over a split; both nan where the network answers nan.

    Args:
        answer: a network in evaluation mode, on the device of the images.
        feed: the images.
        split: one of theirs.
        recipe: says whether to compute in bfloat16.
    """
    totals = torch.zeros(2, dtype=torch.float64, device=feed.device)
    with torch.no_grad(), torch.autocast(feed.device.type, torch.bfloat16, enabled=recipe.amp):
        for images, labels in feed.plain(split, _EVALUATED):
            logits = answer(images)
            loss = nn.functional.cross_entropy(logits.float(), labels, reduction="sum")
            totals += torch.stack([loss.double(), (logits.argmax(dim=1) == labels).sum().double()])
    loss, right = (totals / feed.count_images(split)).tolist()
    return {"loss": loss, "accuracy": math.nan if math.isnan(loss) else right}


def make_optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    """Return a new optimiser of all weights."""
    options: dict[str, Any] = {"lr": recipe.lr, "weight_decay": recipe.weight_decay}
    parameters = list(network.parameters())
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(parameters, momentum=recipe.momentum, nesterov=recipe.nesterov, **options)
    if recipe.optimiser == "rmsprop":
        momentum = {"momentum": recipe.momentum, "alpha": 0.9, "eps": recipe.optimiser_eps}
        return torch.optim.RMSprop(parameters, **momentum, **options)
    return torch.optim.AdamW(parameters, eps=recipe.optimiser_eps, **options)
