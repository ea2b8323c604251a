"""Parametric families of learning curves: the eleven of Domhan et al. and a published prior.

Source: Domhan, Springenberg & Hutter 2015, "Speeding up Automatic Hyperparameter Optimization of Deep Neural Networks
by Extrapolation of Learning Curves" (IJCAI), table 1, in the parameters of their code. The presets ``lce_m`` keep four
families, as Klein et al. did in pybnn because "removing some of the models was found to improve performance", and as
White et al. 2021 did (arXiv 2104.01177). The priors are those of Adriaensen et al. 2023 (arXiv 2310.20447), as stated
in their package ``lcpfn``.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from scipy.special import ndtr

from nasbench.arrays import Floats
from nasbench.errors import make_unknown_name


class Prior(NamedTuple):
    """The distribution of a parameter as a map of standard normal numbers.

    Attributes:
        kind: ``normal``; ``uniform``; ``log`` (the logarithm is normal); ``loguniform`` (the logarithm is uniform); or
            ``gap``, one minus a loguniform.
        first: mean, or lower end.
        second: standard deviation, or upper end.
    """

    kind: str
    first: float
    second: float

    def __call__(self, normal: Floats) -> Floats:
        """Return the parameter for standard normal numbers of any shape."""
        if self.kind in ("normal", "log"):
            value = self.first + self.second * normal
        else:
            value = self.first + (self.second - self.first) * ndtr(normal)
        if self.kind in ("normal", "uniform"):
            return value
        return 1 - np.exp(value) if self.kind == "gap" else np.exp(value)


class Family(NamedTuple):
    """One parametric family.

    Attributes:
        curve: ``curve(x, *parameters)``; epochs and parameters have shapes that broadcast.
        priors: parameter -> its prior, in the argument order of ``curve``.
    """

    curve: Callable[..., Floats]
    priors: Mapping[str, Prior]


def _compute_pow3(x: Floats, c: Floats, a: Floats, alpha: Floats) -> Floats:
    return c - a * x**-alpha


def _compute_ilog2(x: Floats, c: Floats, a: Floats) -> Floats:
    return c - a / np.log(x + 1)


def _compute_janoschek(x: Floats, a: Floats, beta: Floats, k: Floats, delta: Floats) -> Floats:
    return a - (a - beta) * np.exp(-k * x**delta)


def _compute_log_power(x: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    return a / (1 + (x / np.exp(b)) ** c)


def _compute_weibull(x: Floats, alpha: Floats, beta: Floats, kappa: Floats, delta: Floats) -> Floats:
    return alpha - (alpha - beta) * np.exp(-((kappa * x) ** delta))


def _compute_mmf(x: Floats, alpha: Floats, beta: Floats, kappa: Floats, delta: Floats) -> Floats:
    return alpha - (alpha - beta) / (1 + (kappa * x) ** delta)


def _compute_vap(x: Floats, a: Floats, b: Floats, c: Floats) -> Floats:
    return np.exp(a + b / x + c * np.log(x))


def _compute_loglog_linear(x: Floats, a: Floats, b: Floats) -> Floats:
    return np.log(a * np.log(x) + b)


def _compute_exp4(x: Floats, c: Floats, a: Floats, b: Floats, alpha: Floats) -> Floats:
    return c - np.exp(b - a * x**alpha)


def _compute_pow4(x: Floats, c: Floats, a: Floats, b: Floats, alpha: Floats) -> Floats:
    return c - (a * x + b) ** -alpha


def _compute_dr_hill(x: Floats, theta: Floats, eta: Floats, kappa: Floats) -> Floats:
    return theta / (1 + (kappa / x) ** eta)


FAMILIES: dict[str, Family] = {
    "pow3": Family(
        _compute_pow3, {"c": Prior("uniform", 0, 1.25), "a": Prior("uniform", -0.6, 0.6), "alpha": Prior("log", 0, 2)}
    ),
    "ilog2": Family(_compute_ilog2, {"c": Prior("uniform", 0, 1), "a": Prior("uniform", -0.5, 0.5)}),
    "janoschek": Family(
        _compute_janoschek,
        {
            "a": Prior("uniform", 0, 1),
            "beta": Prior("uniform", 0, 2),
            "k": Prior("log", -2, 1),
            "delta": Prior("log", 0, 0.5),
        },
    ),
    "log_power": Family(
        _compute_log_power, {"a": Prior("normal", 0.8, 0.1), "b": Prior("normal", 1, 1), "c": Prior("uniform", -3, 0)}
    ),
    "weibull": Family(
        _compute_weibull,
        {
            "alpha": Prior("uniform", 0, 1.5),
            "beta": Prior("uniform", 0, 1),
            "kappa": Prior("log", -2, 1),
            "delta": Prior("log", 0, 0.5),
        },
    ),
    "mmf": Family(
        _compute_mmf,
        {
            "alpha": Prior("normal", 0.8, 0.1),
            "beta": Prior("normal", 0.2, 0.1),
            "kappa": Prior("log", 0, 2),
            "delta": Prior("log", 0, 1),
        },
    ),
    "vap": Family(
        _compute_vap, {"a": Prior("uniform", -2, 0), "b": Prior("uniform", -4, 0), "c": Prior("loguniform", -8, 0)}
    ),
    "loglog_linear": Family(_compute_loglog_linear, {"a": Prior("log", -2, 1), "b": Prior("loguniform", 0, 1)}),
    "exp4": Family(
        _compute_exp4,
        {
            "c": Prior("normal", 0.8, 0.1),
            "a": Prior("log", -2, 1),
            "b": Prior("log", 0, 0.5),
            "alpha": Prior("log", 0, 1),
        },
    ),
    "pow4": Family(
        _compute_pow4,
        {
            "c": Prior("gap", -5, 0),
            "a": Prior("log", -3, 2),
            "b": Prior("loguniform", 0, 1),
            "alpha": Prior("log", 0, 1),
        },
    ),
    "dr_hill": Family(
        _compute_dr_hill, {"theta": Prior("normal", 0.8, 0.1), "eta": Prior("log", 1, 1), "kappa": Prior("log", 1, 2)}
    ),
}
"""The eleven families by name."""

LC_PFN = ("pow3", "ilog2", "janoschek")
"""The three families that LC-PFN is trained on."""


def select_families(names: str) -> list[str]:
    """Return the families in ``names``, joined by ``+``; all families if ``names`` is empty.

    Raises:
        UnknownName: a family does not exist.
    """
    chosen = names.split("+") if names else list(FAMILIES)
    for name in chosen:
        if name not in FAMILIES:
            raise make_unknown_name("family of curves", name, FAMILIES)
    return chosen
