"""What a strategy observes of complete trainings, and of those that end earlier, as arrays over a table's rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from nasbench.arrays import Bools, Floats, Ints
from nasbench.backends.table import Observations, observations, order_of
from nasbench.tasks._measured import Charge, Measured


@dataclass(frozen=True)
class Fidelity:
    """A recipe of fewer epochs than the task's own.

    Attributes:
        observed: what a strategy sees at its end.
        charges: what it costs.
    """

    observed: Measured
    charges: tuple[Charge, ...]

    @property
    def epoch(self) -> int:
        """Its last epoch, by which a trial asks for it."""
        return int(self.observed.axes["epochs"][-1])


def observed_at(
    observed: Measured,
    costs: float | tuple[Charge, ...],
    fidelities: tuple[Fidelity, ...],
    *,
    hidden: Bools | None,
    further: Floats | None,
) -> Observations:
    """Return what is seen of complete trainings, and of earlier ones.

    Args:
        observed: the column.
        costs: of a complete training.
        fidelities: recipes of fewer epochs, shortest first.
        hidden: [N] rows that nobody may ask for; None if there are none.
        further: [N, k] further objectives.
    """
    seen = _Seen(observed, costs, hidden)
    scores = seen.scores()
    earlier: Mapping[int, Observations]
    if fidelities:
        each = (_Seen(fidelity.observed, fidelity.charges, hidden) for fidelity in fidelities)
        earlier = {one.epochs[-1]: observations(one.scores(), one.cost_s(), one.epochs[-1]) for one in each}
    else:
        earlier = _Earlier(seen, order_of(scores))
    return observations(
        scores,
        seen.cost_s(),
        seen.epochs[-1],
        further=further,
        answer_s=seen.answer_s,
        earlier=earlier,
        resumes=not fidelities,
    )


class _Seen:
    """A column and what it costs, over the rows of the task's table."""

    def __init__(self, observed: Measured, costs: float | tuple[Charge, ...], hidden: Bools | None) -> None:
        self._observed, self._costs, self._hidden = observed, costs, hidden
        self.epochs: list[int] = observed.axes["epochs"]

    def scores(self, epoch: int | None = None) -> Floats:
        """Return what is maximised of what each seed showed at an epoch, the last if None; ``[N, s]``."""
        everything = np.arange(len(self._observed.home))
        per_seed = [self._observed.query(everything, seed, epoch) for seed in self._observed.axes["seeds"]]
        scores = np.stack(per_seed, axis=1)
        if self._observed.scale.sign < 0:
            np.subtract(0.0, scores, out=scores)  # a value of 0 has no sign
        if self._hidden is not None:
            scores[self._hidden] = np.nan
        return scores

    def cost_s(self, epoch: int | None = None) -> Floats:
        """Return the seconds up to an epoch, the last if None; ``[N]``."""
        last = self.epochs[-1]
        epoch = last if epoch is None else epoch
        if not isinstance(self._costs, tuple):
            return np.full(len(self._observed.home), float(self._costs) * (epoch / last))
        return np.array(sum(charge.until(epoch, last) for charge in self._costs), dtype=np.float64)

    @property
    def answer_s(self) -> Floats | None:
        """[N] seconds of each answer; None without any."""
        charges = [charge for charge in self._costs if charge.each_answer] if isinstance(self._costs, tuple) else []
        last = self.epochs[-1]
        return np.array(sum(charge.until(last, last) for charge in charges)) if charges else None


class _Earlier(Mapping[int, Observations]):
    """What is seen before the last epoch, read from the table when an epoch is first asked for.

    Args:
        seen: the column.
        order: [N, s] of its seeds, so that a trial shows the same training at every epoch.
    """

    def __init__(self, seen: _Seen, order: Ints) -> None:
        self._seen, self._order = seen, order
        self._epochs = dict.fromkeys(seen.epochs[:-1])
        self._read: dict[int, Observations] = {}

    def __getitem__(self, epoch: int) -> Observations:
        if epoch not in self._read:
            if epoch not in self._epochs:
                raise KeyError(epoch)
            scores, cost_s = self._seen.scores(epoch), self._seen.cost_s(epoch)
            self._read[epoch] = observations(scores, cost_s, epoch, order=self._order)
        return self._read[epoch]

    def __iter__(self) -> Iterator[int]:
        return iter(self._epochs)

    def __len__(self) -> int:
        return len(self._epochs)
