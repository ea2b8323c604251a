"""The state of a campaign: what was suggested, what was told, what the user trained besides."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs
from nasbench.campaigns.log import GIVE, SUGGEST, TELL
from nasbench.campaigns.rows import ReadRows, TrainingRow
from nasbench.campaigns.settings import EPOCH, ID
from nasbench.errors import InvalidOption
from nasbench.spaces import SearchSpace

_SHOWN = 12  # most ids that an error message lists


class Suggestion(NamedTuple):
    """A training that was suggested: its architecture [d], and the epoch to train to; None for all of its recipe."""

    arch: Archs
    epoch: int | None


class ToldResult(NamedTuple):
    """A result: score in the metric's own unit, nan for a failed training, and seconds, nan if unknown."""

    score: float
    cost_s: float


@dataclass(frozen=True)
class Receipt:
    """What ``tell`` did.

    Attributes:
        ids: suggestions whose results are new.
        n_given: number of trainings that were never suggested, and that the strategy learns from.
        n_repeated: number of results that were known already, with the same values.
        n_unfilled: number of rows without a score yet.
        ignored: names of columns that mean nothing here.
        pending: ids of the suggestions that have no result yet.
    """

    ids: tuple[int, ...]
    n_given: int
    n_repeated: int
    n_unfilled: int
    ignored: tuple[str, ...]
    pending: tuple[int, ...]

    def __str__(self) -> str:
        """Return what a user should know, in a few lines."""
        new = [f"{len(self.ids)} result{_s(len(self.ids))} told" + (f" ({list_ids(self.ids)})" if self.ids else "")]
        new = new if self.ids or not self.n_given else []
        new += [f"{self.n_given} training{_s(self.n_given)} of your own given"] if self.n_given else []
        new += [f"{self.n_repeated} known already"] if self.n_repeated else []
        new += [f"{self.n_unfilled} without a score left out"] if self.n_unfilled else []
        lines = [", ".join(new)]
        if self.ignored:
            lines.append(f"ignored column{_s(len(self.ignored))}: {', '.join(self.ignored)}")
        lines.append(f"waiting for results of {list_ids(self.pending)}" if self.pending else "no result is pending")
        return "\n".join(lines)


def list_ids(ids: Sequence[int]) -> str:
    """Return ids as a text for messages: ``ids 0 to 3``, ``id 7``, ``ids 1, 4, 5``."""
    if not len(ids):
        return "none"
    if len(ids) > 2 and list(ids) == list(range(ids[0], ids[-1] + 1)):
        return f"ids {ids[0]} to {ids[-1]}"
    more = f" and {len(ids) - _SHOWN} more" if len(ids) > _SHOWN else ""
    return f"id{_s(len(ids))} {', '.join(map(str, ids[:_SHOWN]))}{more}"


def _s(n: int) -> str:
    return "" if n == 1 else "s"


@dataclass
class CampaignState:
    """The state that follows from the events, without the strategy.

    Attributes:
        space: of the architectures.
        epochs: epochs of the campaign; empty where all trainings are complete.
        archs: id -> architecture [d] of every suggestion.
        pending: id -> what was suggested and has no result yet, in the order of the suggestions.
        told: (id, epoch) -> result of a suggestion; epoch None where all trainings are complete.
        given: key of the architecture -> architecture and result of a training that was never suggested.
    """

    space: SearchSpace
    epochs: tuple[int, ...]
    archs: dict[int, Archs] = field(default_factory=dict)
    pending: dict[int, Suggestion] = field(default_factory=dict)
    told: dict[tuple[int, int | None], ToldResult] = field(default_factory=dict)
    given: dict[bytes, tuple[Archs, ToldResult]] = field(default_factory=dict)
    _ids: dict[bytes, list[int]] = field(default_factory=dict)  # of the suggestions of each architecture

    def apply(self, event: Mapping[str, Any]) -> None:
        """Enter an event of the file."""
        {GIVE: self._apply_give, SUGGEST: self._apply_suggest, TELL: self._apply_tell}[event["event"]](event)

    def _apply_give(self, event: Mapping[str, Any]) -> None:
        archs = parse_architectures(self.space, event["trainings"])
        for arch, training in zip(archs, event["trainings"], strict=True):
            self.given[self._make_key(arch)] = arch, _read_known(training)

    def _apply_suggest(self, event: Mapping[str, Any]) -> None:
        for arch, trial in zip(parse_architectures(self.space, event["trials"]), event["trials"], strict=True):
            self.archs[trial["id"]] = arch
            self.pending[trial["id"]] = Suggestion(arch, trial.get("epoch"))
            ids = self._ids.setdefault(self._make_key(arch), [])
            if trial["id"] not in ids:  # a training that is resumed keeps its id
                ids.append(trial["id"])

    def _apply_tell(self, event: Mapping[str, Any]) -> None:
        for result in event["results"]:
            asked = self.pending.pop(result["id"])
            self.told[result["id"], asked.epoch] = _read_known(result)

    def _make_key(self, arch: Archs) -> bytes:
        """Return what identifies an architecture: its class, where a benchmark trained one of each class."""
        row = arch[None]
        return (self.space.canonicalize(row) if self.space.trained_once_per_class else row).tobytes()

    def sort_rows(self, read: ReadRows) -> "SortedRows":
        """Check rows against the books, and sort them into new results, own trainings, and repetitions.

        Raises:
            InvalidOption: an id is unknown, or a result contradicts what is known.
        """
        new, own, n_repeated = dict[int, TrainingRow](), dict[bytes, list[TrainingRow]](), 0
        for row, trial in zip(read.rows, self._find_ids(read.rows), strict=True):
            if trial is None:
                self._check_complete(row)
                own.setdefault(self._make_key(_require_arch(row)), []).append(row)
                continue
            epoch = self._find_epoch(trial, row)
            known = self.told.get((trial, epoch))
            if known is None and trial in new:
                known = ToldResult(new[trial].score, new[trial].cost_s)
            if known is not None:
                _refuse_other(row, f"id {trial}", known)
                n_repeated += 1
            else:
                new[trial] = replace(row, epoch=epoch)
        means = {key: _average(rows) for key, rows in own.items()}
        for key in [key for key in means if key in self.given]:
            _refuse_other(means.pop(key), "this architecture", self.given[key][1])
            n_repeated += 1
        return SortedRows(new, tuple(means.values()), n_repeated)

    def _find_ids(self, rows: Sequence[TrainingRow]) -> Iterator[int | None]:
        """Yield the id of the suggestion that each row is about; None for a training that was never suggested.

        Rows without an id tell an architecture that was suggested several times if they tell all its suggestions at
        once: then the ids follow each other.

        Raises:
            InvalidOption: an id is unknown or has another architecture, or a row may be about several suggestions.
        """
        keys = [self._make_key(_require_arch(row)) if row.id is None else None for row in rows]
        n_rows, turns = Counter(keys), dict[bytes, Iterator[int]]()
        for row, key in zip(rows, keys, strict=True):
            if key is None:
                yield self._check_id(row)
                continue
            ids = self._ids.get(key, [])
            if len(ids) < 2:
                yield next(iter(ids), None)
                continue
            if n_rows[key] != len(ids) or not self._are_all_new(ids):
                raise InvalidOption(
                    f"{row.place}: several suggestions have this architecture, {list_ids(ids)}; name the {ID}"
                )
            yield next(turns.setdefault(key, iter(ids)))

    def _are_all_new(self, ids: Sequence[int]) -> bool:
        """Return whether suggestions are all pending, without any result."""
        told = {trial for trial, _ in self.told}
        return all(trial in self.pending and trial not in told for trial in ids)

    def _check_id(self, row: TrainingRow) -> int | None:
        """Return the id of a row that names one."""
        if row.id not in self.archs:
            raise InvalidOption(
                f"{row.place}: {ID} {row.id} was never suggested; pending: {list_ids(list(self.pending))}. Leave "
                "the id out to tell a training of your own by its architecture"
            )
        if row.arch is not None and self._make_key(row.arch) != self._make_key(self.archs[row.id]):
            suggested, seen = self.space.format(np.stack([self.archs[row.id], row.arch]))
            raise InvalidOption(
                f"{row.place}: {ID} {row.id} was suggested as {suggested}, and the row says {seen}; leave the id empty "
                "to tell a training of your own"
            )
        return row.id

    def _check_complete(self, row: TrainingRow) -> None:
        """Refuse a partial training that was never suggested."""
        if self.epochs and row.epoch not in (None, self.epochs[-1]):
            raise InvalidOption(
                f"{row.place} is a training of your own to epoch {row.epoch}; a strategy learns from complete ones "
                f"only, to epoch {self.epochs[-1]}"
            )

    def _find_epoch(self, trial: int, row: TrainingRow) -> int | None:
        """Return the epoch of a result, as the books count it."""
        if not self.epochs:
            return None
        asked = self.pending.get(trial)
        if row.epoch is None and asked is not None and self._are_all_new([trial]):
            return asked.epoch
        if row.epoch is None:
            raise InvalidOption(f"{row.place}: the {EPOCH} is missing; {ID} {trial} may be trained to several")
        if (trial, row.epoch) not in self.told and (asked is None or asked.epoch != row.epoch):
            wanted = f"to epoch {asked.epoch}" if asked else "to no further epoch"
            raise InvalidOption(f"{row.place}: {ID} {trial} is to be trained {wanted}; the row says {row.epoch}")
        return row.epoch


class SortedRows(NamedTuple):
    """New results by id, own trainings, and the number of results that were known already."""

    new: dict[int, TrainingRow]
    own: tuple[TrainingRow, ...]
    n_repeated: int


def parse_architectures(space: SearchSpace, items: Sequence[Mapping[str, Any]]) -> Archs:
    """Return the architectures [n, d] of an event's items."""
    return space.parse([item["architecture"] for item in items]) if items else space.no_archs


def write_known(score: float, cost_s: float) -> dict[str, Any]:
    """Return a result as plain data: None for a failed training, no seconds where they are unknown."""
    cost = {} if math.isnan(cost_s) else {"cost_s": cost_s}
    return {"score": None if math.isnan(score) else score, **cost}


def _read_known(item: Mapping[str, Any]) -> ToldResult:
    score = item["score"]
    return ToldResult(math.nan if score is None else score, item.get("cost_s", math.nan))


def _require_arch(row: TrainingRow) -> Archs:
    if row.arch is None:
        raise InvalidOption(f"{row.place} names neither an id nor an architecture")
    return row.arch


def _refuse_other(row: TrainingRow, what: str, known: ToldResult) -> None:
    """Refuse a result that differs from what is known; a score that was told cannot be changed.

    Raises:
        InvalidOption: they differ.
    """
    if row.score != known.score and not (math.isnan(row.score) and math.isnan(known.score)):
        shown = ["failed" if math.isnan(score) else f"{score!r}" for score in (known.score, row.score)]
        raise InvalidOption(
            f"{row.place}: the result of {what} is {shown[0]} already, not {shown[1]}. What a strategy has learnt "
            "stays: leave the row out, or begin another campaign from corrected results"
        )


def _average(rows: Sequence[TrainingRow]) -> TrainingRow:
    """Return one row for several trainings of an architecture: the means over those that did not fail."""
    first = rows[0]
    if len(rows) == 1:
        return first
    scores = [row.score for row in rows if not math.isnan(row.score)]
    costs = [row.cost_s for row in rows if not math.isnan(row.cost_s)]
    score, cost = (float(np.mean(values)) if values else math.nan for values in (scores, costs))
    return TrainingRow(first.place, None, first.arch, first.epoch, score, cost)
