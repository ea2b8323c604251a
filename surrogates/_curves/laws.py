"""Predictors whose members each predict a whole learning curve from an architecture."""

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from nasbench.arrays import Bools, Floats
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._curves.distance import DistanceLeft
from nasbench.surrogates._curves.predictor import CurvePredictor, find_last_epochs, find_last_values, require_curves
from nasbench.surrogates._scaled import ScaledColumns

_LEAST_STD = 1e-3


class LawPredictor(CurvePredictor):
    """An ensemble whose members learn laws of training time from architectures.

    Each member trains on all training curves except those of its fold. The errors on the curves of the fold estimate
    how far a new curve may deviate from a member's law. For a query, each member's prediction is shifted by the
    curve's deviation from the law at the last epoch seen, times the share of such a deviation that remains at the end.
    Subclasses implement ``_learn_laws`` and ``_draw_laws``.

    Args:
        space: the search space of the architectures.
        encoding: features that the members see, see ``nasbench.encodings``; empty for none.
        members: number of members, at least 1; a single member trains on every curve.
    """

    handles_unseen: ClassVar[bool] = True

    def __init__(self, space: SearchSpace, *, encoding: str, members: int) -> None:
        super().__init__(space)
        self._columns, self._members = ScaledColumns(space, encoding), members

    @abstractmethod
    def _learn_laws(self, columns: Floats, goal: Floats, rng: np.random.Generator) -> None:
        """Learn from columns [n, f] and the curves of each member [n, k, t], nan where a member sees nothing."""

    @abstractmethod
    def _draw_laws(self, columns: Floats) -> Floats:
        """Return the members' curves ``[k, n, t]``; k is a multiple of the number of members, grouped by member."""

    def _learn(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        goal = self._prepare(batch, value)
        self._fold = rng.permutation(len(goal)) % self._members
        self._learn_laws(self._columns(batch.archs), np.where(self._left_out[:, :, None], np.nan, goal[:, None]), rng)
        self._calibrate(batch, goal)

    @property
    def _left_out(self) -> Bools:
        """[n, k] whether each member leaves out each training curve."""
        out: Bools = (self._fold[:, None] == np.arange(self._members)) & (self._members > 1)
        return out

    def _prepare(self, batch: Batch, value: Floats) -> Floats:
        """Learn columns and unit; return the curves in this unit, each with its final value if known."""
        self._columns.fit(batch.archs)
        curves = require_curves(batch).copy()
        curves[:, -1] = np.where(np.isnan(value), curves[:, -1], value)
        return self._scaled(curves)

    def _scaled(self, curves: Floats) -> Floats:
        mean, std = self._expected
        return (curves - mean) / std

    def _calibrate(self, batch: Batch, goal: Floats) -> None:
        laws = self._draw_laws(self._columns(batch.archs))
        of_member = laws.reshape(self._members, -1, *goal.shape).mean(axis=1)
        self._left = DistanceLeft(goal - of_member[self._fold, np.arange(len(goal))])

    def _extrapolate(self, batch: Batch) -> tuple[Floats, Floats]:
        curves = self._scaled(require_curves(batch))
        laws, at = self._draw_laws(self._columns(batch.archs)), find_last_epochs(curves)
        off = np.where(at > 0, find_last_values(curves) - laws[:, np.arange(len(at)), at - 1], 0.0)
        ends = laws[:, :, -1] + self._left.share[at] * off
        mean, std = self._expected
        spread = np.sqrt(ends.var(axis=0) + self._left.missed[at])
        return mean + std * ends.mean(axis=0), std * np.maximum(spread, _LEAST_STD)
