"""The numbers that a surrogate predicts of an architecture: learnt by an ensemble, or the same for all."""

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
        """Return the number of each architecture [n, d]; ``[n]``."""
        ...

    def spec(self) -> dict[str, Any]:
        """Return what ``restore_quantity`` needs besides the arrays, as plain data."""
        ...

    def state(self) -> dict[str, Any]:
        """Return the fitted models as arrays by name."""
        ...


@dataclass(frozen=True)
class ConstantQuantity:
    """The same for every architecture.

    Attributes:
        value: in the quantity's unit.
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
    """The mean of an ensemble, or of one that learnt logarithms.

    Attributes:
        ensemble: fitted, or about to be restored.
        n_members: of it.
        log_scale: None, or what the exponential of the ensemble's mean is multiplied by.
        bounds: least and greatest answer.
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
        """Return how the ensemble was made, and what its mean says."""
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
        of: that quantity.
    """

    of: LearntQuantity

    def predict(self, archs: Archs) -> Floats:
        """Return the standard deviation for each architecture [n, d]; ``[n]``."""
        std = self.of.ensemble.predict(archs).std
        return np.zeros(len(archs)) if std is None else std

    def spec(self) -> dict[str, Any]:
        """Return that it is made of the observed quantity."""
        return {"kind": "spread"}

    def state(self) -> dict[str, Any]:
        """Return nothing: the other quantity keeps the models."""
        return {}


def restore_quantity(space: SearchSpace, spec: Mapping[str, Any], arrays: Mapping[str, Any], observed: Any) -> Quantity:
    """Return the quantity that ``spec`` and ``arrays`` were taken from.

    Args:
        space: where the architectures are from.
        spec: as the quantity's own ``spec`` gave it.
        arrays: as its ``state`` gave them.
        observed: returns the observed quantity, for one that is made of it.

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
    """Return the bounds of a learnt quantity; files of before say only whether it is a fraction."""
    low, high = spec["bounds"] if "bounds" in spec else (0.0, 1.0) if spec["fraction"] else (None, None)
    return -math.inf if low is None else float(low), math.inf if high is None else float(high)
