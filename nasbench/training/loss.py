"""The training loss: cross-entropy with label smoothing and mixup, an auxiliary classifier, distillation."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from nasbench.errors import InvalidOption
from nasbench.training.feed import ImageBatch
from nasbench.training.recipe import Recipe


class Loss:
    """The loss of a recipe.

    Args:
        recipe: recipe with the weights of the loss's terms.
        teacher: network in evaluation mode for distillation (Hinton, Vinyals & Dean 2015, arXiv 1503.02531).

    Raises:
        InvalidOption: the recipe distils without a teacher, or there is a teacher that it does not use.
    """

    def __init__(self, recipe: Recipe, teacher: nn.Module | None) -> None:
        if (recipe.distillation > 0) != (teacher is not None):
            seen = "no teacher" if teacher is None else "a teacher"
            raise InvalidOption(f"distillation={recipe.distillation} with {seen}; give both or neither")
        self._recipe, self._teacher = recipe, teacher

    def __call__(self, output: Tensor | tuple[Tensor, Tensor], batch: ImageBatch) -> tuple[Tensor, Tensor]:
        """Return the mean loss of a batch, and the logits [b, classes] of the main classifier."""
        logits, aside = output if isinstance(output, tuple) else (output, None)
        loss = self._make_target(logits, batch)
        if self._teacher is not None:
            weight = self._recipe.distillation
            loss = (1 - weight) * loss + weight * self._compute_distance(logits, batch.images)
        if aside is not None:
            loss = loss + self._recipe.auxiliary_weight * self._make_target(aside, batch)
        return loss, logits

    def _make_target(self, logits: Tensor, batch: ImageBatch) -> Tensor:
        smoothing = self._recipe.label_smoothing
        loss = cross_entropy(logits, batch.labels, label_smoothing=smoothing)
        if batch.share == 1:
            return loss
        return batch.share * loss + (1 - batch.share) * cross_entropy(logits, batch.others, label_smoothing=smoothing)

    def _compute_distance(self, logits: Tensor, images: Tensor) -> Tensor:
        """Return the divergence from the softened teacher, times the squared temperature (for equal gradients)."""
        assert self._teacher is not None
        with torch.no_grad():
            wanted = self._teacher(images)
        t = self._recipe.temperature
        return t**2 * kl_div(
            log_softmax(logits / t, 1), log_softmax(wanted / t, 1), reduction="batchmean", log_target=True
        )
