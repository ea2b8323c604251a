"""A network whose steps over batches of one size are recorded once and replayed: a CUDA graph.

Launching the kernels of a small network takes a card longer than running them; a graph launches them all at
once. Forward and backward pass are recorded by ``torch.cuda.make_graphed_callables``; batches of another size
(the last one of an epoch, pieces of one that the memory does not hold) and evaluation go the plain way.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nasbench.errors import InvalidOption, TrainingFailed
from nasbench.training.recipe import Recipe


class _Recorded(nn.Module):
    """Recording replaces the ``forward`` of a module; this one's is given away, the network keeps its own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Any:
        return self.network(images)


class Graphed:
    """Answers like the network it records.

    Args:
        network: on the card; its weights may change in place, but not be replaced.
        sample: [b, channels, ...] images of the size that is recorded, on the card, in the memory format of the others.
        recipe: says whether it computes in bfloat16.

    Raises:
        InvalidOption: no card, or a recipe that changes what is recorded.
        TrainingFailed: the memory does not hold what is recorded.
    """

    def __init__(self, network: nn.Module, sample: Tensor, recipe: Recipe) -> None:
        _check(recipe, sample.device)
        self._network, self._shape = network, sample.shape
        before = {name: value.clone() for name, value in network.named_buffers()}
        try:
            self._graph = self._record_graph(sample, recipe)
        except torch.cuda.OutOfMemoryError as error:
            raise TrainingFailed(f"the memory does not hold a recorded step: {error}; leave cuda_graphs out") from error
        for name, value in network.named_buffers():  # the passes that warm up move the means of normalisation
            value.copy_(before[name])

    def _record_graph(self, sample: Tensor, recipe: Recipe) -> Any:
        half = torch.autocast("cuda", torch.bfloat16, enabled=recipe.amp, cache_enabled=False)
        with torch.cuda.device(sample.device), half:
            # Operations of a cell that reach no output have no gradient.
            return torch.cuda.make_graphed_callables(
                _Recorded(self._network).train(), (sample,), allow_unused_input=True
            )

    def __call__(self, images: Tensor) -> Any:
        """Map images to what the network gives."""
        if self._network.training and torch.is_grad_enabled() and images.shape == self._shape:
            return self._graph(images)
        return self._network(images)


def _check(recipe: Recipe, device: torch.device) -> None:
    """Refuse what cannot be recorded."""
    if device.type != "cuda":
        raise InvalidOption(
            f"cuda_graphs=True on device '{device}'; CUDA graphs need a CUDA card: leave the option out"
        )
    if recipe.compile or recipe.drop_path:
        seen = "compile=True" if recipe.compile else f"drop_path={recipe.drop_path}, which changes from epoch to epoch"
        raise InvalidOption(f"cuda_graphs=True with {seen}; choose one of them")
