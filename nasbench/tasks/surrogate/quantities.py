"""Quantities that a surrogate predicts for each architecture: learnt by an ensemble, or constant."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import TableError
from nasbench.spaces import SearchSpace
from nasbench.tasks.surrogate.ensemble import ModelEnsemble


class Quantity(Protocol):
    """One number for each architecture."""

    def predict(self, archs: Archs) -> Floats:
        """Return the quantity of each architecture [n, d]; ``[n]``."""
        ...

    def spec(self) -> dict[str, Any]:
        """Return, as plain data, what ``restore_quantity`` needs besides the arrays."""
        ...

    def state(self) -> dict[str, Any]:
        """Return the fitted models as arrays by name."""
        ...


@dataclass(frozen=True)
class ConstantQuantity:
    """A constant: the same value for every architecture.

    Attributes:
        value: the value in the quantity's unit.
    """

    value: float

    def predict(self, archs: Archs) -> Floats:
        """Return the value for each of ``archs`` [n, d]; ``[n]``."""
        return np.full(len(archs), self.value)

    def spec(self) -> dict[str, Any]:
        """Return the value."""
        return {"kind": "constant", "value": self.value}

    def state(self) -> dict[str, Any]:
        """Return nothing: there is no model."""
        return {}


@dataclass(frozen=True)
class LearntQuantity:
    """The mean prediction of an ensemble that learnt the quantity or its logarithm.

    Attributes:
        ensemble: the ensemble, fitted or about to be restored.
        n_members: number of its members.
        log_scale: None, or for logarithms the factor of the exponential of the ensemble's mean.
        bounds: least and greatest prediction.
    """

    ensemble: ModelEnsemble
    n_members: int
    log_scale: float | None = None
    bounds: tuple[float, float] = (-math.inf, math.inf)

    def predict(self, archs: Archs) -> Floats:
        """Return the expected value of each architecture [n, d]; ``[n]``."""
        mean = self.ensemble.predict(archs).mean
        if self.log_scale is not None:
            mean = np.exp(mean) * self.log_scale
        return mean.clip(*self.bounds)

    def spec(self) -> dict[str, Any]:
        """Return how the ensemble was made, and how its mean is converted."""
        made = {"predictor": self.ensemble.predictor, "members": self.n_members}
        bounds = [bound if math.isfinite(bound) else None for bound in self.bounds]  # JSON knows no infinity
        return {"kind": "learnt", **made, "log_scale": self.log_scale, "bounds": bounds}

    def state(self) -> dict[str, Any]:
        """Return the members as arrays."""
        return self.ensemble.state()


@dataclass(frozen=True)
class SpreadQuantity:
    """The uncertainty of another quantity's ensemble: the noise model of NAS-Bench-301.

    Attributes:
        of: the other quantity.
    """

    of: LearntQuantity

    def predict(self, archs: Archs) -> Floats:
        """Return the standard deviation for each architecture [n, d]; ``[n]``."""
        std = self.of.ensemble.predict(archs).std
        return np.zeros(len(archs)) if std is None else std

    def spec(self) -> dict[str, Any]:
        """Return the kind only: the observed quantity holds the rest."""
        return {"kind": "spread"}

    def state(self) -> dict[str, Any]:
        """Return nothing: the other quantity holds the models."""
        return {}


def restore_quantity(space: SearchSpace, spec: Mapping[str, Any], arrays: Mapping[str, Any], observed: Any) -> Quantity:
    """Return the quantity from which ``spec`` and ``arrays`` were taken.

    Args:
        space: the space of the architectures.
        spec: what the quantity's ``spec`` returned.
        arrays: what its ``state`` returned.
        observed: returns the observed quantity, for a quantity that depends on it.

    Raises:
        TableError: a kind that this release does not know.
    """
    if spec["kind"] == "constant":
        return ConstantQuantity(float(spec["value"]))
    if spec["kind"] == "spread":
        return SpreadQuantity(observed())
    if spec["kind"] != "learnt":
        raise TableError(f"a surrogate's quantity is of kind {spec['kind']!r}; expected constant, learnt or spread")
    ensemble = ModelEnsemble(space, str(spec["predictor"]), int(spec["members"]))
    ensemble.restore(arrays)
    return LearntQuantity(ensemble, int(spec["members"]), spec["log_scale"], _bounds(spec))


def _bounds(spec: Mapping[str, Any]) -> tuple[float, float]:
    """Return the bounds of a learnt quantity; older files say only whether it is a fraction."""
    low, high = spec["bounds"] if "bounds" in spec else (0.0, 1.0) if spec["fraction"] else (None, None)
    return -math.inf if low is None else float(low), math.inf if high is None else float(high)
