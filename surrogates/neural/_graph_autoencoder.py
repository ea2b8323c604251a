"""A variational autoencoder of graphs, trained on architectures without their scores: arch2vec's embedding.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936). A graph isomorphism network (Xu et al. 2019, arXiv 1810.00826) on the
undirected graph outputs mean and variance of each vertex's code. Operations are decoded from a code, edges from the
product of two codes.
"""

import contextlib
import hashlib
import inspect
import itertools
import json
import weakref
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.arrays import Archs, Floats
from nasbench.devices import torch_generator
from nasbench.encodings import Encoding
from nasbench.errors import InvalidOption
from nasbench.files import replace_atomically
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.surrogates._nets import (
    BatchNorm,
    Dropout,
    GraphTensors,
    Linear,
    export_arrays,
    initialize_weights,
    load_arrays,
    make_graph_tensors,
)
from nasbench.table import get_feature_folder
from nasbench.threads import limit_to_one_thread

Weights = Mapping[str, npt.NDArray[Any]]

_DROPOUT = 0.3
_BATCH = 32
_LR = 1e-3
_BOUND = 5.0  # bound on the norm of a gradient
_CHUNK = 512
_MOST_ROWS = 50_000  # largest space whose codes are all computed in advance
_kept: "weakref.WeakKeyDictionary[SearchSpace, dict[Pretraining, Weights]]" = weakref.WeakKeyDictionary()
_whole: "weakref.WeakKeyDictionary[SearchSpace, dict[Pretraining, Floats]]" = weakref.WeakKeyDictionary()


class Pretraining(NamedTuple):
    """Everything that determines an embedding besides the space.

    Attributes:
        seed: seed of weights, samples and order.
        epochs: passes over the architectures.
        architectures: number of training architectures; an enumerated space that is not larger is used completely.
        hops: neighbourhood of a vertex, counting the vertex itself.
        hidden: hidden features of a vertex.
        latent: numbers in a code.
    """

    seed: int = 0
    epochs: int = 10
    architectures: int = 20_000
    hops: int = 5
    hidden: int = 128
    latent: int = 16

    def checked(self) -> "Pretraining":
        """Return this object after checking it.

        Raises:
            InvalidOption: a number is outside its range.
        """
        if min(self[1:]) < 1 or self.seed < 0 or self.hops < 2 or self.architectures < 2:
            raise InvalidOption(f"{self}; expected a seed from 0, hops and architectures from 2, the others from 1")
        return self


class LatentEncoding(Encoding):
    """The mean code of an architecture's vertices.

    The net is trained on first use, once per process for each space and ``Pretraining``, and stored on disk. For an
    enumerated space of up to 50,000 architectures, all codes are computed once per process.

    Args:
        space: the search space of the architectures.
        how: the settings of the embedding.
    """

    def __init__(self, space: SearchSpace, how: Pretraining) -> None:
        super().__init__(space)
        self._how = how.checked()
        self._net: GraphAutoencoder | None = None
        self._own: dict[Pretraining, Floats] | None = None  # all codes, if the net was trained elsewhere

    @property
    def weights(self) -> Weights:
        """The trained net, as arrays by name."""
        return export_arrays(self._get_trained())

    def use(self, weights: Weights) -> None:
        """Use a net that was trained elsewhere."""
        self._net = _load_weights(_make_net(self.space, self._how), weights)
        trained = _kept.get(self.space, {}).get(self._how)
        same = trained is not None and all(np.array_equal(trained[name], weights[name]) for name in trained)
        self._own = None if same else {}

    def _get_trained(self) -> "GraphAutoencoder":
        if self._net is None:
            self._net = _load_weights(_make_net(self.space, self._how), _pretrain(self.space, self._how))
        return self._net

    def encode(self, archs: Archs) -> Floats:
        """Return the codes ``[n, latent]``."""
        space = self.space
        if not isinstance(space, EnumeratedSpace) or space.size > _MOST_ROWS:
            return self._compute_codes(archs)
        kept = _whole.setdefault(space, {}) if self._own is None else self._own
        if self._how not in kept:
            kept[self._how] = self._compute_codes(space.rows)
        return kept[self._how][space.index(archs)]

    def _compute_codes(self, archs: Archs) -> Floats:
        net, none = self._get_trained(), np.empty((0, self._how.latent))
        pieces = [archs[first : first + _CHUNK] for first in range(0, len(archs), _CHUNK)]
        with torch.no_grad(), limit_to_one_thread():
            return np.concatenate(
                [none, *(net.compute_codes(make_graph_tensors(self.space, piece)).numpy() for piece in pieces)]
            )


class GraphAutoencoder(nn.Module):
    """Encoder and decoder of graphs with ``operations`` different kinds of vertices."""

    def __init__(self, operations: int, how: Pretraining) -> None:
        super().__init__()
        widths = [operations] + [how.hidden] * (how.hops - 1)
        self.layers = nn.ModuleList(_Hop(*pair) for pair in itertools.pairwise(widths))
        self.mean, self.log_variance = (Linear(1, how.hidden, how.latent) for _ in range(2))
        self.dropout = Dropout(_DROPOUT)
        self.out = Linear(1, how.latent, operations)

    def encode(self, graphs: GraphTensors) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of the code of each vertex, [n, v, latent] each."""
        both, x, present = graphs.adjacency + graphs.adjacency.transpose(1, 2), graphs.operations, graphs.present
        for layer in self.layers:
            x = layer(x, both, present)
        return self.mean(x[None])[0], self.log_variance(x[None])[0]

    def decode(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return operation probabilities [n, v, operations] and edge logits [n, v, v] from codes [n, v, latent]."""
        codes = self.dropout(codes)
        return self.out(codes[None])[0].softmax(-1), codes @ codes.transpose(1, 2)

    def compute_codes(self, graphs: GraphTensors) -> Tensor:
        """Return the mean code of the existing vertices; ``[n, latent]``."""
        there = graphs.present[..., None]
        return (self.encode(graphs)[0] * there).sum(1) / there.sum(1)

    def loss(self, graphs: GraphTensors, generator: torch.Generator) -> Tensor:
        """Return the loss of the paper's code: two binary cross-entropies, and a small share of the divergence."""
        mean, log_variance = self.encode(graphs)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype)
        operations, edges = self.decode(mean + noise * torch.exp(log_variance / 2))
        wrong_operations = F.binary_cross_entropy(operations, graphs.operations)
        # only forward edges are predicted; the mean is over all pairs
        each = F.binary_cross_entropy_with_logits(edges, graphs.adjacency, reduction="none").triu(1)
        divergence = (mean**2 + log_variance.exp() - log_variance - 1).sum(-1).mean() / 2
        return wrong_operations + each.mean() + divergence / mean[..., 0].numel()


class _Hop(nn.Module):
    """A layer of the isomorphism network: a perceptron on a vertex's features plus the sum of its neighbours'."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.own = _Scalar()
        self.inner, self.outer = Linear(1, inputs, outputs), Linear(1, outputs, outputs)
        self.inner_norm, self.outer_norm = BatchNorm(1, outputs), BatchNorm(1, outputs)

    def forward(self, x: Tensor, adjacency: Tensor, present: Tensor) -> Tensor:
        x, there = (self.own(x) + adjacency @ x)[None], present[None]
        x = torch.relu(self.inner_norm(self.inner(x), there))
        return (torch.relu(self.outer_norm(self.outer(x), there)) * there[..., None])[0]


class _Scalar(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.more = nn.Parameter(torch.empty(1))

    def reset(self, generator: torch.Generator) -> None:
        del generator
        nn.init.zeros_(self.more)

    def forward(self, x: Tensor) -> Tensor:
        return (1 + self.more) * x


def _make_net(space: SearchSpace, how: Pretraining) -> GraphAutoencoder:
    sample = make_graph_tensors(space, space.sample(1, np.random.default_rng(0)))
    with torch.device("meta"):  # on the meta device, torch's layers do not draw from the global generator
        net = GraphAutoencoder(sample.operations.shape[-1], how)
    made: GraphAutoencoder = net.double().to_empty(device="cpu").eval()
    return made


def _load_weights(net: GraphAutoencoder, weights: Weights) -> GraphAutoencoder:
    load_arrays(net, weights)
    return net


def _pretrain(space: SearchSpace, how: Pretraining) -> Weights:
    """Return the weights kept in this process or on disk; train them otherwise."""
    kept = _kept.setdefault(space, {})
    if how not in kept and not space.lasting:
        kept[how] = _train(space, how)
    if how not in kept:
        path = get_feature_folder() / f"{space.name}-arch2vec-{_compute_digest(space, how)}.npz"
        kept[how] = _read_weights(path) or _write_weights(path, _train(space, how))
    return kept[how]


def _read_weights(path: Path) -> Weights | None:
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None  # the file is missing or damaged: write it again


def _write_weights(path: Path, weights: Weights) -> Weights:
    with (
        contextlib.suppress(OSError),  # on a full or read-only disk, the net is trained again next time
        replace_atomically(path) as temporary,
        open(temporary, "wb") as file,
    ):
        np.savez(file, **weights)  # type: ignore[arg-type]
    return weights


def _train(space: SearchSpace, how: Pretraining) -> Weights:
    rng = np.random.default_rng(how.seed)
    archs, net, generator = _draw_pool(space, how, rng), _make_net(space, how), torch_generator(rng)
    initialize_weights(net, generator)
    net.float()  # trains in float32 and predicts in float64, like all nets here
    optimiser = torch.optim.Adam(net.parameters(), lr=_LR, eps=1e-8, fused=True)
    net.train()
    pool = GraphTensors(*(part.float() for part in make_graph_tensors(space, archs)))
    with limit_to_one_thread():
        for _ in range(how.epochs):
            order = torch.randperm(len(archs), generator=generator)
            for first in range(0, len(archs) - 1, _BATCH):
                optimiser.zero_grad()
                graphs = GraphTensors(*(part[order[first : first + _BATCH]] for part in pool))
                net.loss(graphs, generator).backward()
                nn.utils.clip_grad_norm_(net.parameters(), _BOUND)
                optimiser.step()
    return export_arrays(net.double().eval())


def _draw_pool(space: SearchSpace, how: Pretraining, rng: np.random.Generator) -> Archs:
    if isinstance(space, EnumeratedSpace) and space.size <= how.architectures:
        return space.rows
    return space.sample(how.architectures, rng)


def _compute_digest(space: SearchSpace, how: Pretraining) -> str:
    """Hash everything that determines an embedding: the space, the options and the code."""
    digest = hashlib.sha256(
        repr((tuple(how), space.decisions, torch.__version__)).encode() + space.cardinality.tobytes()
    )
    if isinstance(space, EnumeratedSpace):
        digest.update(space.rows.tobytes())
    if options := space.code_options:
        digest.update(json.dumps(options).encode())
    made_by = type(getattr(space, "inner", space))  # for a space restricted to measured rows, the original space
    for module in (Path(__file__), Path(inspect.getfile(made_by))):
        digest.update(module.read_bytes())
    return digest.hexdigest()[:24]
