"""What a strategy observes of complete and of shorter training runs, as arrays over the rows of a table."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.backends.table import Observations, observations
from nasbench.errors import InvalidOption
from nasbench.tasks.columns import CostTerm, MeasuredColumn
from nasbench.tasks.coverage import Coverage, compute_coverage


@dataclass(frozen=True)
class Fidelity:
    """A recipe of fewer epochs than the task's own.

    Attributes:
        observed: the column that a strategy sees at its end.
        charges: the terms of its cost.
    """

    observed: MeasuredColumn
    charges: tuple[CostTerm, ...]

    @property
    def epoch(self) -> int:
        """Its last epoch, which a trial asks for."""
        return int(self.observed.axes["epochs"][-1])


@dataclass(frozen=True)
class Gaps:
    """How a task treats architectures that were not measured.

    Attributes:
        known: [N] whether the value that defines regret is known.
        hidden: [N] whether a row must not be asked for; None if all rows may be.
        answered: whether unmeasured architectures are answered like crashes; otherwise they must not be asked for.
        crash_s: seconds that such an answer costs where the table does not say; None for the mean over measured
            architectures.
    """

    known: Bools
    hidden: Bools | None = None
    answered: bool = False
    crash_s: float | None = None


def observed_at(
    observed: MeasuredColumn,
    costs: float | tuple[CostTerm, ...],
    fidelities: tuple[Fidelity, ...],
    *,
    gaps: Gaps,
    further: Floats | None,
) -> Observations:
    """Return what a strategy observes of complete training runs, and of shorter ones.

    An architecture may be asked for if one of its training runs has a score at every epoch or crashed, and its cost
    and regret are known. If at least half of the architectures with a score at the last epoch lack scores at other
    epochs, only the last epoch is answered, and a score there is enough.

    Args:
        observed: the observed column.
        costs: costs of a complete training run.
        fidelities: recipes of fewer epochs, shortest first.
        gaps: how unmeasured architectures are treated.
        further: [N, k] further objectives.

    Raises:
        InvalidOption: a cost that is not a positive number, or one that falls along the epochs.
    """
    seen = _Seen(observed, costs)
    parts = [_Seen(fidelity.observed, fidelity.charges) for fidelity in fidelities]
    hidden = np.zeros(len(gaps.known), dtype=np.bool_) if gaps.hidden is None else gaps.hidden
    stepwise, asked = False, seen.asked(gaps.known, stepwise=False) & ~hidden
    if not fidelities and len(seen.epochs) > 1:
        whole = seen.asked(gaps.known, stepwise=True) & ~hidden
        stepwise = 2 * whole.sum() > asked.sum()
        asked = whole if stepwise else asked
    for part in parts:
        asked &= part.asked(np.ones_like(asked), stepwise=False)
    filling = _Filling(asked, hidden, gaps.crash_s) if gaps.answered else None
    earlier: Mapping[int, Observations] = {}
    if fidelities:
        earlier = {part.epochs[-1]: part.arranged(None, asked, filling, stepwise=False) for part in parts}
    elif stepwise:
        earlier = _Earlier(seen, asked, filling)
        _ = earlier[seen.epochs[0]]  # has the fewest seconds: if these are positive, all later ones are
    last = seen.arranged(None, asked, filling, stepwise=stepwise)
    more: dict[str, Any] = {"further": further, "answer_s": seen.answer_s}
    if filling is not None:
        more = {key: None if value is None else filling.extended(value, np.nan) for key, value in more.items()}
        more |= {"absent": True, "measured": asked}
    return replace(last, **more, earlier=earlier, resumes=not fidelities)


@dataclass(frozen=True)
class _Filling:
    """Answers for unmeasured architectures: nan, at the cost of the table's own seconds or of a crash.

    Attributes:
        asked: [N] whether a row was measured.
        hidden: [N] whether a row must not be asked for.
        crash_s: seconds of a complete training run; None for the mean over measured architectures.
    """

    asked: Bools
    hidden: Bools
    crash_s: float | None

    @staticmethod
    def extended(values: Floats, last: float) -> Floats:
        """Return ``values`` [N, ...] with one more row, for architectures that the table lacks."""
        return np.concatenate([values, np.full((1, *values.shape[1:]), last)])

    def of(self, scores: Floats, cost_s: Floats, n_seeds: Ints, share: float) -> tuple[Floats, Floats, Ints]:
        """Fill gaps in scores [N, s], seconds [N] and numbers of seeds [N], and add one more row to each.

        Args:
            scores: [N, s] scores.
            cost_s: [N] seconds.
            n_seeds: [N] numbers of seeds that may be shown.
            share: share of the complete training run that these belong to.
        """
        mean_s = float(cost_s[self.asked].mean()) if self.asked.any() else 1.0
        crash_s = mean_s if self.crash_s is None else self.crash_s * share
        filled = ~self.asked & ~self.hidden
        scores = np.where(filled[:, None], np.nan, scores)
        cost_s = np.where(filled & ~(np.isfinite(cost_s) & (cost_s > 0)), crash_s, cost_s)
        n_seeds = np.where(filled, 1, n_seeds)
        return self.extended(scores, np.nan), self.extended(cost_s, crash_s), np.append(n_seeds, 1)


class _Seen:
    """A column and its costs, over the rows of the task's table."""

    def __init__(self, observed: MeasuredColumn, costs: float | tuple[CostTerm, ...]) -> None:
        self._observed, self._costs = observed, costs
        self.epochs: list[int] = observed.axes["epochs"]
        if not isinstance(costs, tuple) and not (costs > 0 and math.isfinite(costs)):
            raise InvalidOption(f"a training run costs {costs} seconds; expected a positive number")

    @cached_property
    def _coverage(self) -> Coverage:
        return compute_coverage(self._observed, self._costs)

    def shown(self, *, stepwise: bool) -> Bools:
        """Return which repetitions a strategy may see: measured (``stepwise``: at every epoch), or crashed; [N, s]."""
        known = self._coverage
        return (known.whole if stepwise else known.ended) | known.crashed

    def asked(self, known: Bools, *, stepwise: bool) -> Bools:
        """Return which architectures may be asked for; the regret must be ``known`` [N] unless all crashed; ``[N]``."""
        shown = self.shown(stepwise=stepwise)
        paid = ~np.isnan(self.cost_s()) & (self._coverage.paid | self._crashed if stepwise else True)
        return np.asarray(shown.any(axis=1) & paid & (known | self._crashed))

    @cached_property
    def _crashed(self) -> Bools:
        """[N] whether no repetition has a score, and at least one crashed."""
        return np.asarray(self._coverage.crashed.any(axis=1) & ~self._coverage.ended.any(axis=1))

    def scores(self, epoch: int | None = None) -> Floats:
        """Return each seed's score, to be maximised, at an epoch, the last if None; ``[N, s]``."""
        everything = np.arange(len(self._observed.home))
        per_seed = [self._observed.query(everything, seed, epoch) for seed in self._observed.axes["seeds"]]
        scores = np.stack(per_seed, axis=1)
        if self._observed.scale.sign < 0:
            np.subtract(0.0, scores, out=scores)  # not -scores, which would turn 0.0 into -0.0
        return scores

    def cost_s(self, epoch: int | None = None) -> Floats:
        """Return the seconds up to an epoch, the last if None; ``[N]``. A crash costs no more than it took."""
        last = self.epochs[-1]
        epoch = last if epoch is None else epoch
        if not isinstance(self._costs, tuple):
            return np.full(len(self._observed.home), float(self._costs) * (epoch / last))
        cost_s = np.array(sum(charge.until(epoch, last) for charge in self._costs), dtype=np.float64)
        if self._crashed.any():
            cost_s = np.where(self._crashed, np.fmin(cost_s, self._crash_s), cost_s)
        return cost_s if epoch == last else np.fmin(cost_s, self._total_s)

    @cached_property
    def _total_s(self) -> Floats:
        return self.cost_s()

    @cached_property
    def _crash_s(self) -> Floats:
        """[N] seconds of architectures whose training runs all crashed."""
        assert isinstance(self._costs, tuple)
        last, total = self.epochs[-1], self._coverage.spent_s.copy()
        for charge in self._costs:
            seconds = charge.until(last, last)
            if charge.each_answer:
                total += np.nan_to_num(seconds)  # without an answer, there are no seconds to add
            elif not (isinstance(charge.column, MeasuredColumn) and len(charge.column.epochs) > 1):
                total += seconds
        return total

    def arranged(self, epoch: int | None, asked: Bools, filling: _Filling | None, *, stepwise: bool) -> Observations:
        """Return what is observed at an epoch, the last if None, of the architectures that may be ``asked`` for [N]."""
        last = self.epochs[-1]
        epoch = last if epoch is None else epoch
        shown = self.shown(stepwise=stepwise)
        scores, cost_s, n_seeds = self.scores(epoch), self.cost_s(epoch), np.where(asked, shown.sum(axis=1), 0)
        order = np.argsort(~shown, axis=1, kind="stable")
        if filling is not None:
            scores, cost_s, n_seeds = filling.of(scores, cost_s, n_seeds, epoch / last)
            order = np.concatenate([order, np.arange(order.shape[1])[None]])
        return observations(scores, cost_s, epoch, order=order, n_seeds=n_seeds.astype(np.uint16))

    @property
    def answer_s(self) -> Floats | None:
        """[N] seconds of each answer; None if answers cost nothing by themselves."""
        charges = [charge for charge in self._costs if charge.each_answer] if isinstance(self._costs, tuple) else []
        last = self.epochs[-1]
        return np.array(sum(charge.until(last, last) for charge in charges)) if charges else None


class _Earlier(Mapping[int, Observations]):
    """What is observed before the last epoch, read from the table when an epoch is first asked for.

    Args:
        seen: the column with its costs.
        asked: [N] whether a row may be asked for.
        filling: answers for the other rows, if these are answered.
    """

    def __init__(self, seen: _Seen, asked: Bools, filling: _Filling | None) -> None:
        self._seen, self._asked, self._filling = seen, asked, filling
        self._epochs = dict.fromkeys(seen.epochs[:-1])
        self._read: dict[int, Observations] = {}

    def __getitem__(self, epoch: int) -> Observations:
        if epoch not in self._read:
            if epoch not in self._epochs:
                raise KeyError(epoch)
            self._read[epoch] = self._seen.arranged(epoch, self._asked, self._filling, stepwise=True)
        return self._read[epoch]

    def __iter__(self) -> Iterator[int]:
        return iter(self._epochs)

    def __len__(self) -> int:
        return len(self._epochs)
