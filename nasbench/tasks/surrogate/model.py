"""A fitted surrogate: predictions of a few quantities for any architecture of a space, kept in a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri

from nasbench.arrays import Archs, Floats, freeze_array
from nasbench.encodings import scramble
from nasbench.errors import TableError
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.tasks.surrogate.archive import read_arrays, write_archive
from nasbench.tasks.surrogate.quantities import Quantity, restore_quantity
from nasbench.units import Scale

OBSERVED, NOISE, COST = "observed", "noise", "cost_s"
"""Quantities of every surrogate: expected observed score, standard deviation of one seed around it, seconds."""
_MOST_KNOWN = 2**20  # largest space that is predicted completely in advance: 8 bytes per architecture and quantity


@dataclass
class Surrogate:
    """Predictions of a few quantities for any architecture of a space; scores are to be maximised.

    If the space can be enumerated, all predictions were made when the surrogate was fitted, and are looked up: they
    have the same bits on every machine, and the predictor's library is not needed.

    Attributes:
        space: the space of the architectures.
        spec: the description that is stored with the surrogate.
        models: fitted quantities by name, or those restored so far.
        known: quantity -> [N] predictions, where the space can be enumerated.
        path: the file; None before it is written.
        checksum: SHA-256 of the content.
    """

    space: SearchSpace
    spec: dict[str, Any]
    models: dict[str, Quantity] = field(default_factory=dict)
    known: dict[str, Floats] = field(default_factory=dict)
    path: Path | None = None
    checksum: str = ""

    def predict(self, quantity: str, archs: Archs) -> Floats:
        """Return one quantity of architectures [n, d]; ``[n]``.

        Raises:
            InvalidArchitecture: one that is not in the space.
        """
        quantity = self.spec["same"].get(quantity, quantity)
        if self.known and isinstance(self.space, EnumeratedSpace):
            return self.known[quantity].take(self.space.index(archs))
        return self._model(quantity).predict(self.representative(archs))

    def representative(self, archs: Archs) -> Archs:
        """Return ``archs`` [n, d], each replaced by its class's trained architecture if only one per class was trained.

        Raises:
            InvalidArchitecture: one that is not in the space.
        """
        archs = self.space.checked(archs)
        return self.space.canonicalize(archs) if self.space.trained_once_per_class else archs

    def _model(self, quantity: str) -> Quantity:
        if quantity not in self.models:
            assert self.path is not None
            first = f"models/{quantity}/"
            arrays = {name.removeprefix(first): a for name, a in read_arrays(self.path, self.spec, first).items()}
            spec = self.spec["quantities"][quantity]
            self.models[quantity] = restore_quantity(self.space, spec, arrays, lambda: self._model(OBSERVED))
        return self.models[quantity]

    def predict_all(self) -> None:
        """Predict every architecture, if the space can be enumerated."""
        if isinstance(self.space, EnumeratedSpace) and len(self.space.rows) <= _MOST_KNOWN:
            rows = self.representative(self.space.rows)
            self.known = {name: model.predict(rows) for name, model in self.models.items()}

    def write(self, path: Path) -> None:
        """Write the surrogate to a file atomically; ``models`` must hold every fitted quantity."""
        parts = {f"models/{name}/{key}": a for name, model in self.models.items() for key, a in model.state().items()}
        own = {"quantities": {name: model.spec() for name, model in self.models.items()}}
        known = {f"known/{name}": values for name, values in self.known.items()}
        self.checksum = write_archive(path, self.spec | own, parts | known)
        self.path = path

    def draw_noise(self, archs: Archs, key: Any) -> Floats:
        """Return a standard normal number for each architecture [n, d], the same at every call; ``[n]``.

        Args:
            archs: valid rows.
            key: [d + 1] odd 64-bit numbers; other keys give other noise.
        """
        # A random linear hash distinguishes architectures; SplitMix64's finaliser makes its bits random.
        words = (self.representative(archs).astype(np.uint64) * key[1:]).sum(axis=1, dtype=np.uint64) + key[0]
        uniform = ((scramble(words) >> np.uint64(11)).astype(np.float64) + 0.5) / 2**53
        normal: Floats = ndtri(uniform)
        return normal

    @property
    def name(self) -> str:
        """The stored name."""
        return str(self.spec["name"])

    @property
    def scale(self) -> Scale:
        """Unit and direction of the observed metric; predictions are scores: ``sign`` times the metric."""
        seen = self.spec["observed"]
        return Scale(seen["unit"], seen.get("direction", "maximize"))


def read_known_predictions(path: Path, spec: Mapping[str, Any], space: SearchSpace) -> dict[str, Floats]:
    """Return the stored predictions of every architecture of ``space``; none if it cannot be enumerated.

    Raises:
        TableError: the predictions do not fit the number of architectures, or are not float64.
    """
    known = {name.removeprefix("known/"): array for name, array in read_arrays(path, spec, "known/").items()}
    for name, array in known.items():
        if array.shape != (space.size,) or array.dtype != np.float64:
            raise TableError(f"{path} predicts {name} of {array.shape} architectures; the space has {space.size:,}")
    return {name: freeze_array(array) for name, array in known.items()}
