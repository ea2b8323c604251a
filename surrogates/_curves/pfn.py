"""The transformer of LC-PFN: its architecture, and its prediction for a curve whose start is known.

Source: Adriaensen, Rakotoarison, Müller & Hutter 2023, arXiv 2310.20447. Context points attend to each other; query
points attend to the context only. Each answer is a histogram of the score at the query.
"""

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.surrogates._nets import LayerNorm, Linear

EPOCHS = 100
"""Length of the training curves; curves of another length are stretched to it."""

WEIGHTS = Path(__file__).with_name("lc_pfn.npz")
"""The file that ``pfn_training`` writes."""

_FEATURES = 4


class PFNShape(NamedTuple):
    """Sizes of the net."""

    layers: int = 3
    width: int = 64
    heads: int = 4
    bins: int = 100


class _Block(nn.Module):
    """Attention to the context points, then two layers on each point separately; normalisation precedes both."""

    def __init__(self, shape: PFNShape) -> None:
        super().__init__()
        width = shape.width
        self._heads = shape.heads
        self.before, self.between = LayerNorm(1, width), LayerNorm(1, width)
        self.query, self.key_value, self.mix = (Linear(1, width, o, xavier=True) for o in (width, 2 * width, width))
        self.wide, self.narrow = Linear(1, width, 4 * width, xavier=True), Linear(1, 4 * width, width, xavier=True)

    def forward(self, x: Tensor, seen: Tensor) -> Tensor:
        """Map [1, n, points, width]; the first points are the context, and ``seen`` [n, context] marks valid ones."""
        normal = self.before(x)
        query = self._split(self.query(normal))
        key, value = (self._split(part) for part in self.key_value(normal[:, :, : seen.shape[1]]).chunk(2, dim=-1))
        mask = seen[None, :, None, None, :]
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=mask).transpose(2, 3).flatten(3)
        x = x + self.mix(mixed)
        return x + self.narrow(F.gelu(self.wide(self.between(x))))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self._heads, -1)).transpose(2, 3)


class CurveTransformer(nn.Module):
    """The transformer.

    Args:
        shape: its sizes.
    """

    def __init__(self, shape: PFNShape = PFNShape()) -> None:  # noqa: B008 (a tuple of numbers)
        super().__init__()
        self.embed = Linear(1, _FEATURES, shape.width, xavier=True)
        self.blocks = nn.ModuleList(_Block(shape) for _ in range(shape.layers))
        self.last, self.head = LayerNorm(1, shape.width), Linear(1, shape.width, shape.bins, xavier=True)
        self.register_buffer("borders", torch.linspace(0, 1, shape.bins + 1))

    def forward(self, x: Tensor, y: Tensor, seen: Tensor, asked: Tensor) -> Tensor:
        """Return the logarithm of each bin's probability at the query points; ``[n, q, bins]``.

        Args:
            x: [n, c] epochs of the context, 1 to 100.
            y: [n, c] scores at these epochs.
            seen: [n, c] which of them are valid.
            asked: [n, q] epochs of the queries.
        """
        points = torch.cat(
            [_compute_features(x, y, 1.0), _compute_features(asked, torch.full_like(asked, 0.5), 0.0)], dim=1
        )
        hidden = self.embed(points[None])
        for block in self.blocks:
            hidden = block(hidden, seen)
        answers = self.head(self.last(hidden[:, :, x.shape[1] :]))
        return F.log_softmax(answers[0], dim=-1)

    def log_density(self, log_mass: Tensor, y: Tensor) -> Tensor:
        """Return the log density ``[n, q]`` of scores [n, q]; the outer bins include values beyond them.

        Args:
            log_mass: [n, q, bins] histograms.
            y: [n, q] scores.
        """
        bins = (torch.bucketize(y.contiguous(), self.borders) - 1).clamp(0, log_mass.shape[-1] - 1)
        return log_mass.gather(-1, bins[..., None])[..., 0] - self.borders.diff().log()[bins]

    def compute_moments(self, log_mass: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation ``[...]`` of histograms, with mass outside [0, 1] moved to its ends.

        The outer bins reach as far as the noisiest curve of the prior, and would otherwise dominate both moments.
        """
        borders = self.borders.clamp(0, 1)
        mass, low, high = log_mass.exp(), borders[:-1], borders[1:]
        mean = (mass * (low + high)).sum(-1) / 2
        square = (mass * (low**2 + low * high + high**2)).sum(-1) / 3
        return mean, (square - mean**2).clamp_min(1e-12).sqrt()


def _compute_features(x: Tensor, y: Tensor, known: float) -> Tensor:
    """Return ``[n, points, 4]`` features of about unit size."""
    log = torch.log(x) / 4.6 * 2 - 1
    return torch.stack([x / EPOCHS * 2 - 1, log, (y - 0.5) * 4 * known, torch.full_like(x, known)], dim=-1)
