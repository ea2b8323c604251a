"""Losses of nets: regression, likelihood, and ranking losses that depend only on the order.

A loss takes outputs [k, b, o] of k members and values [k, b], larger is better, and returns [k].
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from nasbench.errors import make_unknown_name

Loss = Callable[[Tensor, Tensor], Tensor]

_MARGIN = 0.1  # margin of the hinge: Ning et al. 2020, arXiv 2004.01899, section 3.3
_LEAST_STD = 1e-3  # in units of the target; keeps the likelihood finite on points that the net has memorised


def compute_mse(output: Tensor, value: Tensor) -> Tensor:
    """Mean squared error."""
    return ((output[..., 0] - value) ** 2).mean(-1)


def compute_mae(output: Tensor, value: Tensor) -> Tensor:
    """Mean absolute error."""
    return (output[..., 0] - value).abs().mean(-1)


def compute_gaussian_loss(output: Tensor, value: Tensor) -> Tensor:
    """Negative log-likelihood of a normal distribution, without its constant; the outputs are mean and raw spread."""
    std = read_std(output)
    return (torch.log(std) + 0.5 * ((value - output[..., 0]) / std) ** 2).mean(-1)


def read_std(output: Tensor) -> Tensor:
    """Return the standard deviation [k, b] that the second output of a Gaussian head encodes."""
    return F.softplus(output[..., 1]) + _LEAST_STD


def compute_hinge(output: Tensor, value: Tensor) -> Tensor:
    """Mean over pairs of the amount by which the better one's lead falls short of 0.1 (Ning et al. 2020)."""
    return _average_over_pairs(output, value, lambda lead: F.relu(_MARGIN - lead))


def compute_bpr(output: Tensor, value: Tensor) -> Tensor:
    """Mean over pairs of the logistic loss of the better one's lead (RankNet; BPR: Rendle et al. 2009)."""
    return _average_over_pairs(output, value, lambda lead: F.softplus(-lead))


def compute_listmle(output: Tensor, value: Tensor) -> Tensor:
    """Negative log-probability of the correct order under Plackett-Luce (ListMLE: Xia et al. 2008), divided by b."""
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
"""Losses that do not determine the scale of the output."""


def find_loss(name: str) -> Loss:
    """Return the loss called ``name``.

    Raises:
        UnknownName: the loss does not exist.
    """
    if name not in LOSSES:
        raise make_unknown_name("loss", name, LOSSES)
    return LOSSES[name]
