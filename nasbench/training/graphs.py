"""CUDA graphs: record the steps of a network over batches of one size once, and replay them.

For a small network, launching the kernels takes longer than running them; a graph launches them all at once.
``torch.cuda.make_graphed_callables`` records the forward and backward pass. Batches of another size (the last one of an
epoch, pieces of a batch that does not fit into memory) and evaluation run without the graph.
"""

from typing import Any

import torch
from torch import Tensor, nn

from nasbench.errors import InvalidOption, TrainingFailed
from nasbench.training.recipe import Recipe


class _Recorded(nn.Module):
    """Wrapper for recording, which replaces the ``forward`` of a module: the network keeps its own."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Any:
        return self.network(images)


class Graphed:
    """Computes the same as the network that it records.

    Args:
        network: network on the GPU; its weights may change in place, but must not be replaced.
        sample: [b, channels, ...] images of the recorded size, on the GPU, in the memory format of all images.
        recipe: says whether to compute in bfloat16.

    Raises:
        InvalidOption: no GPU, or a recipe that changes the recorded computation.
        TrainingFailed: the recorded step does not fit into memory.
    """

    def __init__(self, network: nn.Module, sample: Tensor, recipe: Recipe) -> None:
        _check(recipe, sample.device)
        self._network, self._shape = network, sample.shape
        before = {name: value.clone() for name, value in network.named_buffers()}
        try:
            self._graph = self._record_graph(sample, recipe)
        except torch.cuda.OutOfMemoryError as error:
            raise TrainingFailed(f"the memory does not hold a recorded step: {error}; leave cuda_graphs out") from error
        for name, value in network.named_buffers():  # the warm-up passes change the running means of normalisation
            value.copy_(before[name])

    def _record_graph(self, sample: Tensor, recipe: Recipe) -> Any:
        half = torch.autocast("cuda", torch.bfloat16, enabled=recipe.amp, cache_enabled=False)
        with torch.cuda.device(sample.device), half:
            # Operations of a cell that reach no output have no gradient.
            return torch.cuda.make_graphed_callables(
                _Recorded(self._network).train(), (sample,), allow_unused_input=True
            )

    def __call__(self, images: Tensor) -> Any:
        """Map images to the network's output."""
        if self._network.training and torch.is_grad_enabled() and images.shape == self._shape:
            return self._graph(images)
        return self._network(images)


def _check(recipe: Recipe, device: torch.device) -> None:
    """Refuse a recipe or device that cannot be recorded."""
    if device.type != "cuda":
        raise InvalidOption(
            f"cuda_graphs=True on device '{device}'; CUDA graphs need a CUDA card: leave the option out"
        )
    if recipe.compile or recipe.drop_path:
        seen = "compile=True" if recipe.compile else f"drop_path={recipe.drop_path}, which changes from epoch to epoch"
        raise InvalidOption(f"cuda_graphs=True with {seen}; choose one of them")
