"""What a net is trained to minimise: regression, likelihood, and losses that only ask for the right order.

A loss takes outputs [k, b, o] of k members and values [k, b], larger is better, and returns [k].
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from nasbench.errors import make_unknown_name

Loss = Callable[[Tensor, Tensor], Tensor]

_MARGIN = 0.1  # of the hinge: Ning et al. 2020, arXiv 2004.01899, section 3.3
_LEAST_STD = 1e-3  # in units of the target; keeps a likelihood finite on points learnt by heart


def compute_mse(output: Tensor, value: Tensor) -> Tensor:
    """Mean squared error."""
    return ((output[..., 0] - value) ** 2).mean(-1)


def compute_mae(output: Tensor, value: Tensor) -> Tensor:
    """Mean absolute error."""
    return (output[..., 0] - value).abs().mean(-1)


def compute_gaussian_loss(output: Tensor, value: Tensor) -> Tensor:
    """Negative log-likelihood of a normal distribution, its mean and raw spread the two outputs; no constant."""
    std = read_std(output)
    return (torch.log(std) + 0.5 * ((value - output[..., 0]) / std) ** 2).mean(-1)


def read_std(output: Tensor) -> Tensor:
    """Return the standard deviation [k, b] that a Gaussian head's second output means."""
    return F.softplus(output[..., 1]) + _LEAST_STD


def compute_hinge(output: Tensor, value: Tensor) -> Tensor:
    """Mean over pairs of how far the better one falls short of leading by 0.1 (Ning et al. 2020)."""
    return _average_over_pairs(output, value, lambda lead: F.relu(_MARGIN - lead))


def compute_bpr(output: Tensor, value: Tensor) -> Tensor:
    """Mean over pairs of the logistic loss of the better one's lead (RankNet; BPR: Rendle et al. 2009)."""
    return _average_over_pairs(output, value, lambda lead: F.softplus(-lead))


def compute_listmle(output: Tensor, value: Tensor) -> Tensor:
    """Negative log-probability of the right order, by Plackett & Luce (ListMLE: Xia et al. 2008), over b."""
    order = value.argsort(dim=-1, descending=True, stable=True)
    score = output[..., 0].gather(-1, order)
    remaining = score.flip(-1).logcumsumexp(-1).flip(-1)
    return (remaining - score).mean(-1)


def _average_over_pairs(output: Tensor, value: Tensor, penalty: Callable[[Tensor], Tensor]) -> Tensor:
    score = output[..., 0]
    lead = score[..., :, None] - score[..., None, :]
    better = (value[..., :, None] > value[..., None, :]).to(score.dtype)
    return (penalty(lead) * better).sum((-2, -1)) / better.sum((-2, -1)).clamp(min=1)


LOSSES: dict[str, Loss] = {
    "mse": compute_mse,
    "mae": compute_mae,
    "gaussian": compute_gaussian_loss,
    "hinge": compute_hinge,
    "bpr": compute_bpr,
    "listmle": compute_listmle,
}
RANKING = frozenset({"hinge", "bpr", "listmle"})
"""Losses that leave the scale of the output open."""


def find_loss(name: str) -> Loss:
    """Return the loss called ``name``.

    Raises:
        UnknownName: no such loss.
    """
    if name not in LOSSES:
        raise make_unknown_name("loss", name, LOSSES)
    return LOSSES[name]
