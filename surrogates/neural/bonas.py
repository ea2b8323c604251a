"""BONAS's predictor: a graph convolution network with an additional vertex that receives from all others.

Source: Shi, Pi, Xu, Li, Kwok & Zhang 2020, "Bridging the Gap between Sample-based and One-shot Neural Architecture
Search with BONAS" (arXiv 1911.09336). Four graph convolutions of 64 features, each followed by batch normalisation,
pass messages along the edges only. A global vertex without operation, which receives from every other vertex, becomes
the embedding. Defaults are NASLib's: 100 epochs of Adam at 1e-4 along a cosine, batches of 128, squared error. For 100
architectures these are a hundred small steps, too few to fit them; ``shi2020`` uses the paper's 1e-3. ``bayesian`` is
the surrogate of the paper's search: 1e-3, and a Bayesian linear regression on the embedding, which provides the
standard deviation. This standard deviation is much too small because the embedding was fitted to the same scores.

Differences: NASLib accumulates the gradients of all steps, since it never clears them; here each step has its own. The
loss that weights good architectures more is left out. The paper regresses the logit of the accuracy; here it is the
``target``, because not every score lies between 0 and 1.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from nasbench.arrays import Archs
from nasbench.options import Count
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import BatchNorm, Linear, TrainingSettings, make_graph_tensors
from nasbench.surrogates.neural._last_layer import LastLayerRegression

REQUIRES = {"torch": "torch"}

_LAYERS = 4


class BONASPredictor(LastLayerRegression):
    """Graph convolutions with a global vertex.

    Args:
        space: the search space of the architectures.
        hidden: features of a vertex.
        epochs: passes over the training data.
        batch_size: architectures per step.
        lr: initial learning rate.
        loss: ``mse``, or another of ``LOSSES``.
        regression: fit a Bayesian linear regression to the embedding.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "naslib": {},
        "shi2020": {"lr": 1e-3},
        "bayesian": {"lr": 1e-3, "regression": True},
    }

    def __init__(
        self,
        space: SearchSpace,
        *,
        hidden: Count = 64,
        epochs: int = 100,
        batch_size: int = 128,
        lr: float = 1e-4,
        loss: str = "mse",
        regression: bool = False,
        target: str = "score",
        device: str = "cpu",
    ) -> None:
        super().__init__(
            space, target=target, loss=loss, training=TrainingSettings(epochs, batch_size, lr), device=device
        )
        self._hidden, self._regresses = hidden, regression

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        return _add_global_vertex(*make_graph_tensors(self._space, archs))

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        return _Net(self.members, inputs[1].shape[-1], self._hidden, self._outputs)


def _add_global_vertex(adjacency: Tensor, operations: Tensor, present: Tensor) -> tuple[Tensor, ...]:
    """Append a vertex with its own operation that receives from all others; every vertex also receives from itself.

    Returns:
        [n, v + 1, v + 1] which vertex receives from which, [n, v + 1, o + 1] operations, [n, v + 1] which vertices
            exist.
    """
    present = nn.functional.pad(present, (0, 1), value=1)
    hears = nn.functional.pad(adjacency.transpose(1, 2), (0, 1, 0, 1)) + torch.diag_embed(present)
    hears[:, -1] = present
    operations = nn.functional.pad(operations, (0, 1, 0, 1))
    operations[:, -1, -1] = 1
    return hears, operations, present


class _Net(nn.Module):
    def __init__(self, members: int, inputs: int, hidden: int, outputs: int) -> None:
        super().__init__()
        widths = [inputs] + [hidden] * (_LAYERS - 1)
        self.layers = nn.ModuleList(Linear(members, width, hidden) for width in widths)
        self.norms = nn.ModuleList(BatchNorm(members, hidden) for _ in widths)
        self.output = Linear(members, hidden, outputs)

    def compute_basis(self, hears: Tensor, operations: Tensor, present: Tensor) -> Tensor:
        """Return the features of the global vertex, [k, n, hidden]."""
        x = operations
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = torch.relu(norm(hears @ layer(x), present))
        return x[..., -1, :]

    def forward(self, hears: Tensor, operations: Tensor, present: Tensor) -> Tensor:
        return self.output(self.compute_basis(hears, operations, present))
