"""Train a stack of networks at once, each with its own initial weights, order of images and results.

Each network gets the result of the ordinary loop, up to the order of sums, whatever else is in the stack: its generator
gives the run's number, and the numbers of run and epoch give the order of images. A network whose loss becomes nan
fails alone; the others continue. The stack's seconds are divided equally; on a CPU they are the seconds of the process,
so that other programs do not count.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import log_softmax

from nasbench.arrays import Floats, Ints
from nasbench.datasets import Images
from nasbench.devices import find_device
from nasbench.errors import InvalidOption
from nasbench.networks import Stack, explain_not_stacked
from nasbench.training.architectures import TrainingOutcome
from nasbench.training.feed import Feed
from nasbench.training.recipe import Recipe
from nasbench.training.trainer import Epoch, make_optimiser

_EVALUATED = 256  # signals of each network at once in evaluation; it affects results only by rounding
_ALONE = (
    *("flip", "crop_padding", "cutout", "mixup"),
    *("drop_path", "auxiliary_weight", "distillation", "clip_norm"),
    *("amp", "channels_last", "compile", "cuda_graphs", "deterministic"),
)
"""Settings of recipes that work for one network at a time only."""


def explain_no_stack(networks: Sequence[nn.Module], recipe: Recipe) -> str:
    """Return why networks cannot be trained in a stack by a recipe; empty if they can."""
    if used := [name for name in _ALONE if getattr(recipe, name, False)]:
        return f"the recipe's {used[0]} is for one network at a time"
    return explain_not_stacked(networks)


def train_stack(
    networks: Sequence[nn.Module],
    data: Images,
    *,
    recipe: Recipe,
    rngs: Sequence[np.random.Generator],
    evaluate: tuple[str, ...] = ("valid", "test"),
    device: str = "cpu",
) -> list[TrainingOutcome]:
    """Train networks of one skeleton, and return the outcome of each.

    Args:
        networks: networks with their initial weights, which training changes.
        data: training signals, and signals to evaluate on.
        recipe: the training recipe.
        rngs: one generator for each network; the same state gives the same training run as ``train_network``.
        evaluate: splits that are evaluated after every epoch.
        device: ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        InvalidOption: networks or a recipe that cannot be stacked, a missing split, or no such device.
    """
    if why := explain_no_stack(networks, recipe):
        raise InvalidOption(f"these networks cannot be trained as a stack: {why}; train them one by one")
    if absent := [split for split in evaluate if split not in data.parts]:
        raise InvalidOption(f"{data.name} has no split '{absent[0]}' to evaluate; it has {', '.join(data.parts)}")
    run = _StackedRun(networks, data, recipe, rngs, device)
    with torch.no_grad():
        for epoch in range(recipe.epochs):
            run.train_epoch(epoch, evaluate)
    run.stack.unstack(run.average)
    return [
        TrainingOutcome(epochs, [], error, lost, None if error else network.eval(), stopped_by_nan=bool(error))
        for epochs, error, lost, network in zip(run.epochs, run.errors, run.lost_s, networks, strict=True)
    ]


class _StackedRun:
    """One stack under way."""

    def __init__(
        self,
        networks: Sequence[nn.Module],
        data: Images,
        recipe: Recipe,
        rngs: Sequence[np.random.Generator],
        device: str,
    ) -> None:
        self.recipe, self.device = recipe, find_device(device)
        self.stack = Stack(networks).to(self.device)
        self.numbers = [int(rng.integers(2**63)) for rng in rngs]
        self.optimiser = make_optimiser(recipe, self.stack)
        self.weights = list(self.stack.parameters())
        self.average = [value.clone() for value in self.weights] if recipe.ema else []
        feed = Feed(data, recipe, self.device)
        self.n_batches = feed.n_batches()
        self.splits = {
            split: (signals.to(self.weights[0].dtype).permute(1, 2, 0).contiguous(), labels)
            for split, part in data.parts.items()
            for signals, labels in feed.plain(split, len(part.labels))
        }
        self.epochs: list[list[Epoch]] = [[] for _ in networks]
        self.errors, self.lost_s = ["" for _ in networks], [0.0 for _ in networks]

    def train_epoch(self, epoch: int, evaluate: tuple[str, ...]) -> None:
        """Train and evaluate all networks, and keep the results of those that have not failed."""
        numbers = {"train": self._time_work(partial(self._learn, epoch))}
        for k in np.flatnonzero(~np.isfinite(numbers["train"][0])).tolist():
            if not self.errors[k]:
                at = f"epoch {epoch + 1} of {self.recipe.epochs}"
                self.errors[k] = f"the loss is {numbers['train'][0, k]} in {at}; try a smaller lr"
                self.lost_s[k] = float(numbers["train"][2, k])
        self._swap()
        numbers |= {split: self._time_work(partial(self._evaluate, split)) for split in evaluate}
        self._swap()
        lr = float(self.optimiser.param_groups[0]["lr"])
        for k in (k for k, error in enumerate(self.errors) if not error):
            splits = {
                split: dict(zip(("loss", "accuracy", "seconds"), own[:, k].tolist(), strict=True))
                for split, own in numbers.items()
            }
            self.epochs[k].append(Epoch(epoch + 1, lr, splits, None))

    def _swap(self) -> None:
        """Exchange the weights and their moving average, where there is one."""
        for value, average in zip(self.weights if self.average else (), self.average, strict=True):
            kept = value.clone()
            value.copy_(average)
            average.copy_(kept)

    def _time_work(self, work: Callable[[], Tensor]) -> Floats:
        """Return loss, accuracy and seconds [3, k] of ``work``, which returns the first two."""
        clock = time.process_time if self.device.type == "cpu" else time.perf_counter
        start = clock()
        numbers = work().cpu().numpy()
        seconds = np.full(numbers.shape[1], (clock() - start) / numbers.shape[1])
        return np.concatenate([numbers, seconds[None]])

    def _learn(self, epoch: int) -> Tensor:
        """Take all steps of an epoch; return mean loss and accuracy [2, k]."""
        self.stack.train()
        signals, labels = self.splits["train"]
        size, n_images = self.recipe.batch_size, 0
        orders = np.stack([_order(number, epoch, len(labels)) for number in self.numbers])
        order = torch.as_tensor(orders, device=self.device)
        totals = torch.zeros(2, len(order), dtype=torch.float64, device=self.device)
        for place in range(self.n_batches):
            for group in self.optimiser.param_groups:
                group["lr"] = self.recipe.rate(epoch, place / self.n_batches)
            rows = order[:, place * size : (place + 1) * size]
            totals += self._step(signals[:, :, rows].permute(2, 0, 1, 3), labels[rows])
            n_images += rows.shape[1]
        return totals / n_images

    def _step(self, signals: Tensor, labels: Tensor) -> Tensor:
        """Change all weights once; return summed loss and right answers [2, k]."""
        logits = self.stack(signals)
        log_shares = log_softmax(logits, dim=2)
        smoothing, n_classes = self.recipe.label_smoothing, logits.shape[2]
        target = torch.full_like(logits, smoothing / n_classes)
        target.scatter_add_(2, labels[..., None], target.new_full((*labels.shape, 1), 1 - smoothing))
        self.stack.backward((log_shares.exp() - target) / labels.shape[1])
        self.optimiser.step()
        for value, average in zip(self.weights if self.average else (), self.average, strict=True):
            average.lerp_(value, 1 - self.recipe.ema)
        right = (logits.argmax(dim=2) == labels).sum(dim=1)
        return torch.stack([-(target * log_shares).double().sum(dim=(1, 2)), right.double()])

    def _evaluate(self, split: str) -> Tensor:
        """Return mean cross-entropy and accuracy [2, k] over a split."""
        self.stack.eval()
        signals, labels = self.splits[split]
        k = len(self.numbers)
        totals = torch.zeros(2, k, dtype=torch.float64, device=self.device)
        for first in range(0, len(labels), _EVALUATED):
            batch, wanted = signals[..., first : first + _EVALUATED], labels[first : first + _EVALUATED]
            logits = self.stack(batch.expand(k, *batch.shape))
            log_shares = log_softmax(logits, dim=2).double()
            loss = -log_shares[:, torch.arange(len(wanted)), wanted].sum(dim=1)
            totals += torch.stack([loss, (logits.argmax(dim=2) == wanted).sum(dim=1).double()])
        totals[1, totals[0].isnan()] = (
            torch.nan
        )  # as in the ordinary loop: an answer of nan would be right by chance only
        return totals / len(labels)


def _order(number: int, epoch: int, n: int) -> Ints:
    """Return the order of ``n`` images in an epoch of a run, that of the ordinary loop."""
    rng = np.random.default_rng([number, epoch])
    rng.integers(2**63)  # there it seeds torch
    return rng.permutation(n)
