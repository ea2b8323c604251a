"""The backend of table tasks: each trial is a look-up that costs what the real training cost."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Floats, Ints, freeze_array
from nasbench.errors import InvalidArchitecture, InvalidOption, MissingMeasurement, StrategyError
from nasbench.spaces import SearchSpace
from nasbench.table import Table
from nasbench.trials import FULL_TRAINING, Results, Trials, pack_answer


@dataclass(frozen=True, slots=True)
class Observations:
    """What strategies may observe in a task, as arrays over the table's rows; shared by all runs.

    Attributes:
        scores: [N, s] score of each repetition, those that may be shown first; nan for a crashed training run.
        n_seeds: [N] how many repetitions may be shown; an architecture with 0 must not be asked for.
        cost_s: [N] simulated seconds of a training run from its start, one answer included.
        last_epoch: number of epochs of the recipe.
        further: [N, k] further scores of the architecture to maximise, nan where missing; or None.
        answer_s: [N] the part of these seconds that every answer costs again, such as a validation; or None.
        earlier: last epoch -> observations of training runs that end at this earlier epoch.
        resumes: whether seconds up to an earlier epoch count towards a later one; False where the earlier epochs
            belong to separate recipes.
        absent: whether architectures that the table lacks are answered too, from one more row of each array.
        measured: [N] which rows were measured, if others are answered too; None if not.
    """

    scores: Floats
    n_seeds: npt.NDArray[np.uint16]
    cost_s: Floats
    last_epoch: int
    further: Floats | None = None
    answer_s: Floats | None = None
    earlier: "Mapping[int, Observations]" = field(default_factory=dict)
    resumes: bool = True
    absent: bool = False
    measured: npt.NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays."""
        for name in ("scores", "n_seeds", "cost_s", "further", "answer_s", "measured"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, freeze_array(getattr(self, name)))


def observations(
    scores: Floats,
    cost_s: Floats,
    last_epoch: int,
    *,
    order: Ints | None = None,
    n_seeds: npt.NDArray[np.uint16] | None = None,
    **more: Any,
) -> Observations:
    """Arrange ``scores`` [N, s], nan where missing, for fast drawing of a measured repetition.

    Args:
        scores: score of each repetition.
        cost_s: [N] seconds of a training run.
        last_epoch: epoch at which it ends.
        order: [N, s] order of the repetitions, those that may be shown first; None puts measured ones first.
        n_seeds: [N] how many of them may be shown; None means all measured ones.
        more: other attributes of ``Observations``.

    Raises:
        InvalidOption: an architecture that may be asked for has a cost that is missing or not positive.
    """
    if order is None:
        order = np.argsort(np.isnan(scores), axis=1, kind="stable")
    packed = np.take_along_axis(scores, order, axis=1)
    if n_seeds is None:
        n_seeds = (~np.isnan(packed)).sum(axis=1).astype(np.uint16)
    free = np.flatnonzero((n_seeds > 0) & ~((cost_s > 0) & np.isfinite(cost_s)))
    if len(free):
        raise InvalidOption(
            f"row {free[0]} of the table costs {cost_s[free[0]]} seconds up to epoch {last_epoch} ({len(free)} such "
            "rows); expected a positive number for every measured architecture"
        )
    return Observations(packed, n_seeds, cost_s, last_epoch, **more)


def rows_of(space: SearchSpace, table: Table, archs: Archs) -> Ints:
    """Return the table's row for each architecture [n, d], -1 where the table lacks it; ``[n]``.

    Raises:
        InvalidArchitecture: an architecture outside the space.
    """
    rows = table.index(archs)
    if space.trained_once_per_class and rows.min(initial=0) < 0:
        return table.index(space.canonicalize(archs))
    return rows


def refused_request(ids: list[int], epochs: list[int], last_epoch: int, earlier: Collection[int] = ()) -> StrategyError:
    """Return the error for trials that ask for an unavailable epoch, or for an epoch that they have already reached."""
    known = {FULL_TRAINING, last_epoch, *earlier}
    if earlier and not known.issuperset(epochs):
        other = sorted(set(epochs) - known)
        return StrategyError(
            f"trials ask for epochs {other[:8]}; this task answers {shown_epochs([*earlier, last_epoch])}, or "
            "FULL_TRAINING for the last"
        )
    if not known.issuperset(epochs):
        return StrategyError(
            f"trials ask for epochs {sorted(set(epochs))[:8]}; this task answers complete training runs only "
            f"(epoch {last_epoch}, or FULL_TRAINING)"
        )
    return StrategyError(
        f"a trial among {ids[:8]} was asked again, but its training is complete; give every trial a new id"
    )


def shown_epochs(epochs: Sequence[int]) -> str:
    """Return epochs as a short text."""
    if len(epochs) <= 4:
        return f"epoch{'s' if len(epochs) > 1 else ''} {', '.join(map(str, epochs))}"
    return f"epochs {epochs[0]}, {epochs[1]} ... {epochs[-1]} ({len(epochs)} of them)"


def shown_repetitions(rng: np.random.Generator, n_rows: int) -> npt.NDArray[np.uint16]:
    """Return a number for each row of a table, whose remainder chooses its repetition; ``[n_rows]`` or some more."""
    # 16 bits modulo a few repetitions: biased by less than 1e-4, and the cheapest draw
    words = rng.integers(0, 2**64, size=n_rows // 4 + 1, dtype=np.uint64)
    return words.astype("<u8", copy=False).view("<u2")


class SeedDraw:
    """Draws which trained repetition ("seed") of an architecture a run shows.

    Args:
        rng: generator of the run.
        n_rows: number of rows of the table.
        fresh: whether an architecture that is asked for again shows another repetition: each measured one once, in
            a random order, then the same ones again. The choice depends on the run, the architecture and how often it
            was asked for, not on batches or other architectures.
    """

    def __init__(self, rng: np.random.Generator, n_rows: int, *, fresh: bool = False) -> None:
        self.words = shown_repetitions(rng, n_rows)
        self._key = int(rng.integers(2**63)) if fresh else 0

    def shown(self, rows: Ints, repetition: Ints, n_seeds: Ints) -> Ints:
        """Return which of its measured repetitions each table row shows; ``[n]``.

        Args:
            rows: [n] rows of the table, or the one after its last.
            repetition: [n] how often the row was asked for before.
            n_seeds: [n] how many repetitions may be shown, at least 1.
        """
        first = self.words.take(rows) % n_seeds
        places = first.astype(np.int64)
        for at in np.flatnonzero(repetition % n_seeds).tolist():
            places[at] = self.again(int(rows[at]), int(repetition[at]), int(n_seeds[at]))
        return places

    def again(self, row: int, repetition: int, n_seeds: int) -> int:
        """Return which repetition one row shows after it was asked for ``repetition`` times before."""
        first = self.words.item(row) % n_seeds
        if not repetition % n_seeds:
            return first
        others = np.random.default_rng([self._key, row]).permutation(n_seeds - 1)
        return int(first + 1 + others[repetition % n_seeds - 1]) % n_seeds


class TableBackend:
    """Answers with the score of one trained repetition per architecture, followed by any further objectives.

    A trial may end at any observed epoch and be resumed later. It then pays for the epochs in between, at least 0
    seconds; if the later epoch belongs to another recipe, it pays for that whole training run. A crashed training run
    is answered with nan and costs what it took.

    Which repetition ("seed") an architecture shows is drawn once per run, so that every trial of the architecture shows
    the same score. The draw depends on the run's generator alone, never on the order of the trials: all strategies meet
    the same noise in the same run. With ``fresh``, a new trial of a known architecture shows another seed, as
    ``SeedDraw`` says.

    Args:
        space: the searched space.
        table: table that finds the rows of architectures.
        seen: the observable part of the table.
        rng: draws the repetitions.
        fresh: whether a new trial of an architecture shows another repetition.
    """

    def __init__(
        self, space: SearchSpace, table: Table, seen: Observations, rng: np.random.Generator, *, fresh: bool = False
    ) -> None:
        self._space, self._table, self._seen = space, table, seen
        self._seeds = SeedDraw(rng, len(table), fresh=True) if fresh else None
        self._draw = self._seeds.words if self._seeds else shown_repetitions(rng, len(table))
        self._repetition: dict[int, int] = {}  # trial -> how often its row was asked for before, if fresh
        self._begun: dict[int, int] = {}  # row -> number of its trials, if fresh
        self._known: set[int] = set()  # complete trials
        # incomplete trial -> its row, its last observation, and the seconds of training it has paid for
        self._reached: dict[int, tuple[int, Observations, float]] = {}
        self._epochs = {FULL_TRAINING, seen.last_epoch}
        self._last_epochs = freeze_array(np.full(1, seen.last_epoch))

    def advance(self, trials: Trials) -> Results:
        """Answer training runs up to the epochs asked for, one row per trial in the order asked.

        Raises:
            InvalidArchitecture: an architecture outside the space, or one that was never measured.
            MissingMeasurement: an architecture that was not measured at that epoch.
            StrategyError: the id of another architecture or of a complete training run, or an epoch that the table does
                not hold or that the trial has already reached.
        """
        rows = rows_of(self._space, self._table, trials.arch)
        seen = self._seen
        if seen.absent:
            rows = self._with_absent(trials.arch, rows)
        if self._seeds is not None or (seen.earlier and not self._begin_and_end(trials)):
            return self._partly(trials, rows)
        # Most calls ask for one trial: single numbers take a tenth of the time of array calls.
        score, cost_s = self._one(trials, rows.item()) if len(rows) == 1 else self._many(trials, rows)
        if seen.further is not None:
            score = np.concatenate([score, seen.further.take(rows, axis=0)], axis=1)
        if len(rows) > len(self._last_epochs):
            self._last_epochs = freeze_array(np.full(len(rows), seen.last_epoch))
        return Results(trials.id, self._last_epochs[: len(rows)], score, cost_s)

    def _with_absent(self, archs: Archs, rows: Ints) -> Ints:
        """Return ``rows`` with the row after the table's last for those of ``archs`` [n, d] that it lacks; ``[n]``."""
        lacking = rows < 0
        if lacking.any():
            self._space.checked(archs[lacking])
        return np.where(lacking, len(self._table), rows)

    def _begin_and_end(self, trials: Trials) -> bool:
        """Return whether all trials are new and ask for the last epoch."""
        return self._epochs.issuperset(trials.epoch.tolist()) and self._reached.keys().isdisjoint(trials.id.tolist())

    def _partly(self, trials: Trials, rows: Ints) -> Results:
        """Answer trials some of which are resumed, or end before the last epoch."""
        requests = zip(trials.id.tolist(), trials.epoch.tolist(), rows.tolist(), trials.arch, strict=True)
        answers = [self._part(*request) for request in requests]
        score, cost_s, epoch = (np.array(column) for column in zip(*answers, strict=True))
        score = score[:, None]
        if self._seen.further is not None:
            score = np.concatenate([score, self._seen.further.take(rows, axis=0)], axis=1)
        return Results(trials.id, epoch, score, cost_s)

    def _part(self, trial: int, epoch: int, row: int, arch: Archs) -> tuple[float, float, int]:
        """Return score, seconds and epoch of one trial."""
        seen = self._seen
        if row < 0 or not seen.n_seeds.item(row):
            self._refuse(arch[None], np.array([row]))
        now = seen if epoch in self._epochs else seen.earlier.get(epoch)
        known, before, paid_s = self._reached.get(trial, (row, None, 0.0))
        if known != row:
            raise StrategyError(f"trial {trial} was another architecture before; give every architecture its own id")
        if now is None or trial in self._known or (before and now.last_epoch <= before.last_epoch):
            raise refused_request([trial], [epoch], seen.last_epoch, seen.earlier)
        n_seeds = (seen if seen.resumes else now).n_seeds.item(row)  # a training run shows the same seed at every epoch
        if not n_seeds:
            text = self._space.format(arch[None])[0]
            raise MissingMeasurement(
                f"table '{self._table.name}' has no measurement of {text} at epoch {now.last_epoch}"
            )
        if now is seen:
            self._known.add(trial)
        answer_s = 0.0 if seen.answer_s is None else seen.answer_s.item(row)
        cost_s = now.cost_s.item(row)
        trained_s = cost_s - answer_s
        if before is not None and seen.resumes:
            # means over other seeds at other epochs may fall, but nothing is paid back
            cost_s = max(cost_s - paid_s, answer_s)
            trained_s = max(trained_s, paid_s)
        self._reached[trial] = row, now, trained_s
        return now.scores.item(row, self._shown(trial, row, n_seeds)), cost_s, now.last_epoch

    def _shown(self, trial: int, row: int, n_seeds: int) -> int:
        """Return which repetition a trial shows."""
        if self._seeds is None:
            return self._draw.item(row) % n_seeds
        if trial not in self._repetition:
            self._repetition[trial] = self._begun.get(row, 0)
            self._begun[row] = self._repetition[trial] + 1
        return self._seeds.again(row, self._repetition[trial], n_seeds)

    def _one(self, trials: Trials, row: int) -> tuple[Floats, Floats]:
        seen, trial, epoch = self._seen, trials.id.item(), trials.epoch.item()
        n_seeds = seen.n_seeds.item(row) if row >= 0 else 0
        if not n_seeds:
            self._refuse(trials.arch, np.array([row]))
        if trial in self._known or epoch not in self._epochs:
            raise refused_request([trial], [epoch], seen.last_epoch, seen.earlier)
        self._known.add(trial)
        return pack_answer(seen.scores.item(row, self._draw.item(row) % n_seeds), seen.cost_s.item(row))

    def _many(self, trials: Trials, rows: Ints) -> tuple[Floats, Floats]:
        seen, ids, epochs = self._seen, trials.id.tolist(), trials.epoch.tolist()
        n_seeds = seen.n_seeds.take(rows, mode="clip")
        if rows.min(initial=0) < 0 or not n_seeds.all():
            self._refuse(trials.arch, rows)
        new = set(ids)
        if len(new) < len(ids) or not self._known.isdisjoint(new) or not self._epochs.issuperset(epochs):
            raise refused_request(ids, epochs, seen.last_epoch, seen.earlier)
        self._known |= new
        return seen.scores[rows, self._draw.take(rows) % n_seeds][:, None], seen.cost_s.take(rows)

    def _refuse(self, archs: Archs, rows: Ints) -> None:
        archs = self._space.checked(archs)
        bad = np.flatnonzero((rows < 0) | (self._seen.n_seeds[rows] == 0))
        text = self._space.format(archs[bad[:1]])[0]
        raise InvalidArchitecture(
            f"table '{self._table.name}' has no measurement of {text} ({len(bad)} of {len(rows)} asked)"
        )
