"""Join the runs of a task and strategy into columns, and split them again: analyses need no loop over runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple, overload

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.comparison.run import Run
from nasbench.records.column_file import Column, Columns
from nasbench.simulation import History
from nasbench.trials import Recommendation

_INTEGERS = ("id", "epoch")  # of trials; stored in the narrowest type
_INTS, _FLOATS = np.empty(0, dtype=np.int64), np.empty(0)
_NOTHING = History(
    _INTS, np.empty((0, 0), dtype=np.int8), _INTS, np.empty((0, 1)), _FLOATS, _FLOATS, np.empty(0, dtype=np.bool_)
)


class RecommendationColumns(NamedTuple):
    """All recommendations of several runs, run by run.

    Attributes:
        run: [k] position of the run among the joined runs.
        time_s: [k] simulated seconds from which the recommendation holds.
        n_archs: [k] number of recommended architectures.
        arch: [sum of n_archs, d] the architectures, one recommendation after the other.
    """

    run: Ints
    time_s: Floats
    n_archs: Ints
    arch: Archs


class ChargeColumns(NamedTuple):
    """The charged seconds of several runs, run by run.

    Attributes:
        offset: [r + 1] where the calls of each run begin.
        seconds: [calls] seconds of each call of the strategy.
    """

    offset: Ints
    seconds: Floats


@dataclass(frozen=True)
class RunColumns:
    """Several runs, joined.

    The trials of run ``i`` are ``[offsets[i]:offsets[i + 1]]`` of every column of ``trials``.

    Attributes:
        number: [r] number of each run, increasing within a task and strategy.
        offsets: [r + 1] where the trials of each run begin.
        trials: all trials of all runs.
        errors: [r] the traceback of a failed run, else empty.
        recommendations: all recommendations; a run without any has the default.
        overhead_s: [r] real seconds inside the strategy; nan if the timing was lost.
        charges: what calls of the strategies cost on the clock.
        usage: name -> [r] what the strategy used of it, such as tokens; nan where unknown.
    """

    number: Ints
    offsets: Ints
    trials: History
    errors: tuple[str, ...]
    recommendations: RecommendationColumns
    overhead_s: Floats
    charges: ChargeColumns
    usage: Mapping[str, Floats]

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.number)

    @property
    def failed(self) -> Bools:
        """[r] whether each run failed."""
        return np.array([bool(error) for error in self.errors], dtype=np.bool_)

    @property
    def n_trials(self) -> Ints:
        """[r] number of finished trials of each run."""
        return np.diff(self.offsets)

    def run(self, i: int) -> Run:
        """Return the run at position ``i``; its arrays are views of the columns."""
        start, end = self.offsets[i].item(), self.offsets[i + 1].item()
        history = History._make([column[start:end] for column in self.trials])
        return Run(
            self.number[i].item(),
            history,
            self.errors[i],
            self.overhead_s[i].item(),
            self._recommendations_of(i),
            self.charges.seconds[self.charges.offset[i] : self.charges.offset[i + 1]],
            {name: used[i].item() for name, used in self.usage.items() if not np.isnan(used[i])},
        )

    @cached_property
    def _archs_end(self) -> Ints:
        """[k] where the architectures of each recommendation end."""
        return np.cumsum(self.recommendations.n_archs)

    def _recommendations_of(self, i: int) -> tuple[Recommendation, ...]:
        told = self.recommendations
        if not len(told.run):
            return ()
        first, last = np.searchsorted(told.run, (i, i + 1)).tolist()
        ends = self._archs_end
        return tuple(
            Recommendation(told.time_s[k].item(), told.arch[ends[k] - told.n_archs[k] : ends[k]])
            for k in range(first, last)
        )


class RunViews(Sequence[Run]):
    """A sequence of runs that are created on access.

    Attributes:
        columns: the columns behind the runs.
    """

    def __init__(self, columns: RunColumns) -> None:
        self.columns = columns

    def __len__(self) -> int:
        """Return the number of runs."""
        return len(self.columns)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Run]: ...
    def __getitem__(self, index: int | slice) -> Run | Sequence[Run]:
        """Return one run, or a list of several."""
        if isinstance(index, slice):
            return [self.columns.run(i) for i in range(*index.indices(len(self)))]
        return self.columns.run(range(len(self))[index])

    def __iter__(self) -> Iterator[Run]:
        """Yield every run."""
        return map(self.columns.run, range(len(self)))


def join_runs(runs: Sequence[Run]) -> RunColumns:
    """Join runs, sorted by number, into columns."""
    trials = _concatenate_trials([run.history for run in runs])
    kept = [(i, one) for i, run in enumerate(runs) for one in run.recommendations]
    return RunColumns(
        np.array([run.number for run in runs], dtype=np.int64),
        np.cumsum([0, *(len(run.history.id) for run in runs)], dtype=np.int64),
        trials,
        tuple(run.error for run in runs),
        RecommendationColumns(
            np.array([i for i, _ in kept], dtype=np.int64),
            np.array([one.time_s for _, one in kept], dtype=np.float64),
            np.array([len(one.archs) for _, one in kept], dtype=np.int64),
            np.concatenate([one.archs for _, one in kept]) if kept else trials.arch[:0],
        ),
        np.array([run.overhead_s for run in runs], dtype=np.float64),
        ChargeColumns(
            np.cumsum([0, *(len(run.charges) for run in runs)], dtype=np.int64),
            np.concatenate([_FLOATS, *(run.charges for run in runs)]),
        ),
        join_usage([run.usage for run in runs]),
    )


def join_usage(runs: Sequence[Mapping[str, float]]) -> dict[str, Floats]:
    """Return what runs used as columns, name -> [runs]; nan where a run does not know."""
    names = sorted({name for usage in runs for name in usage})
    return {name: np.array([usage.get(name, np.nan) for usage in runs], dtype=np.float64) for name in names}


def concatenate_columns(parts: Sequence[RunColumns]) -> RunColumns:
    """Return the runs of several pairs as one, in the order of ``parts``; the numbers of runs then repeat."""
    first_run = np.cumsum([0, *map(len, parts)]).tolist()
    first_trial = np.cumsum([0, *(len(part.trials.id) for part in parts)]).tolist()
    starts = [part.offsets[:-1] + start for part, start in zip(parts, first_trial, strict=False)]
    run = [part.recommendations.run + start for part, start in zip(parts, first_run, strict=False)]
    named = [part.recommendations for part in parts if len(part.recommendations.run)] or [parts[0].recommendations]
    return RunColumns(
        number=np.concatenate([part.number for part in parts]),
        offsets=np.append(np.concatenate(starts), first_trial[-1]),
        trials=_concatenate_trials([part.trials for part in parts]),
        errors=tuple(error for part in parts for error in part.errors),
        recommendations=RecommendationColumns(
            run=np.concatenate(run),
            time_s=np.concatenate([one.time_s for one in named]),
            n_archs=np.concatenate([one.n_archs for one in named]),
            arch=np.concatenate([one.arch for one in named]),
        ),
        overhead_s=np.concatenate([part.overhead_s for part in parts]),
        charges=ChargeColumns(
            np.cumsum([0, *(n for part in parts for n in np.diff(part.charges.offset).tolist())], dtype=np.int64),
            np.concatenate([part.charges.seconds for part in parts]),
        ),
        usage={
            name: np.concatenate([part.usage.get(name, np.full(len(part), np.nan)) for part in parts])
            for name in sorted({name for part in parts for name in part.usage})
        },
    )


def _concatenate_trials(histories: Sequence[History]) -> History:
    """Join histories; one without trials does not know how many decisions an architecture has and is left out."""
    known = [history for history in histories if len(history.id)] or histories[:1] or [_NOTHING]
    return History._make(map(np.concatenate, zip(*known, strict=True)))


def to_stored(columns: RunColumns) -> dict[str, Column]:
    """Convert columns to the form that is stored, without the timings.

    Integers take the narrowest type that holds them. Errors, recommendations and charged seconds are stored only if a
    run has any.
    """
    stored: dict[str, Column] = {"number": _narrowed(columns.number), "offset": _narrowed(columns.offsets)}
    for name, column in columns.trials._asdict().items():
        stored[name] = _narrowed(column) if name in _INTEGERS else column
    failed = np.flatnonzero(columns.failed)
    if len(failed):
        texts = [columns.errors[i].encode("utf-8", "surrogatepass") for i in failed]
        stored["errors/run"] = _narrowed(failed)
        stored["errors/offset"] = _narrowed(np.cumsum([0, *map(len, texts)]))
        stored["errors/text"] = np.frombuffer(b"".join(texts), dtype=np.uint8)
    if len(columns.recommendations.run):
        for name, column in columns.recommendations._asdict().items():
            stored[f"recommendations/{name}"] = _narrowed(column) if name in ("run", "n_archs") else column
    if len(columns.charges.seconds):
        stored["charges/offset"] = _narrowed(columns.charges.offset)
        stored["charges/seconds"] = columns.charges.seconds
    return stored


def from_stored(
    stored: Columns, overhead_s: Mapping[int, float], usage: Mapping[int, Mapping[str, float]] = MappingProxyType({})
) -> RunColumns:
    """Restore the columns that ``to_stored`` converted.

    Args:
        stored: stored columns of one task and strategy.
        overhead_s: number of a run -> overhead; nan if it is missing.
        usage: number of a run -> what it used.

    Raises:
        KeyError, ValueError: columns are missing or do not fit together.
    """
    number, offset = _whole(stored["number"]), _whole(stored["offset"])
    trials = History._make(_whole(stored[name]) if name in _INTEGERS else stored[name] for name in History._fields)
    _check_trials(number, offset, trials)
    return RunColumns(
        number,
        offset,
        trials,
        _read_errors(stored, len(number)),
        _read_recommendations(stored, len(number), trials.arch),
        np.array([overhead_s.get(one, np.nan) for one in number.tolist()], dtype=np.float64),
        _read_charges(stored, len(number)),
        join_usage([usage.get(one, {}) for one in number.tolist()]),
    )


def _check_trials(number: Ints, offset: Ints, trials: History) -> None:
    n = len(trials.id)
    shapes = {name: column.ndim for name, column in trials._asdict().items()}
    if shapes != {name: 2 if name in ("arch", "score") else 1 for name in History._fields}:
        raise ValueError(f"trials have columns of {shapes} axes")
    if any(len(column) != n for column in trials) or not _are_offsets(offset, len(number), n):
        raise ValueError("columns have different lengths")
    if (np.diff(number) <= 0).any():
        raise ValueError("numbers of runs do not increase")
    floats = (trials.score, trials.cost_s, trials.finish_s)
    if trials.crashed.dtype != np.bool_ or any(column.dtype != np.float64 for column in floats):
        raise ValueError("columns have other types")
    if trials.arch.dtype.kind not in "iuf":
        raise ValueError(f"architectures have type {trials.arch.dtype}")


def _are_offsets(offset: Ints, n_parts: int, n: int) -> bool:
    fit = offset.shape == (n_parts + 1,) and offset[0] == 0 and offset[-1] == n
    return bool(fit and (np.diff(offset) >= 0).all())


def _read_errors(stored: Columns, n_runs: int) -> tuple[str, ...]:
    errors = [""] * n_runs
    if "errors/run" in stored:
        run, offset = _whole(stored["errors/run"]), _whole(stored["errors/offset"])
        text = stored["errors/text"].tobytes()
        if not _are_offsets(offset, len(run), len(text)) or not _are_runs(run, n_runs):
            raise ValueError("errors do not fit the runs")
        for i, start, end in zip(run.tolist(), offset.tolist(), offset[1:].tolist(), strict=False):
            errors[i] = text[start:end].decode("utf-8", "surrogatepass")
    return tuple(errors)


def _read_charges(stored: Columns, n_runs: int) -> ChargeColumns:
    if "charges/offset" not in stored:
        return ChargeColumns(np.zeros(n_runs + 1, dtype=np.int64), _FLOATS)
    offset, seconds = _whole(stored["charges/offset"]), stored["charges/seconds"]
    if seconds.dtype != np.float64 or seconds.ndim != 1 or not _are_offsets(offset, n_runs, len(seconds)):
        raise ValueError("charged seconds do not fit the runs")
    return ChargeColumns(offset, seconds)


def _read_recommendations(stored: Columns, n_runs: int, archs: Archs) -> RecommendationColumns:
    if "recommendations/run" not in stored:
        return RecommendationColumns(_INTS, _FLOATS, _INTS, archs[:0])
    run, n_archs = (_whole(stored[f"recommendations/{name}"]) for name in ("run", "n_archs"))
    time_s, arch = stored["recommendations/time_s"], stored["recommendations/arch"]
    same_length = run.shape == n_archs.shape == time_s.shape and arch.ndim == 2
    if not same_length or (n_archs < 0).any() or n_archs.sum() != len(arch) or not _are_runs(run, n_runs):
        raise ValueError("recommendations do not fit the runs")
    return RecommendationColumns(run, time_s.astype(np.float64, copy=False), n_archs, arch)


def _are_runs(run: Ints, n_runs: int) -> bool:
    """Whether these are non-decreasing positions of runs."""
    return run.ndim == 1 and bool(((run >= 0) & (run < n_runs)).all() and (np.diff(run) >= 0).all())


def _narrowed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Convert integers to the narrowest type that holds all of them."""
    if not column.size:
        return column.astype(np.uint8)
    low, high = column.min(), column.max()
    return column.astype(np.promote_types(np.min_scalar_type(low), np.min_scalar_type(high)))


def _whole(column: npt.NDArray[Any]) -> Ints:
    """Convert integers to int64, read-only.

    Raises:
        ValueError: the column holds something else, or has more than one axis.
    """
    if column.dtype.kind not in "iu" or column.ndim != 1 or column.dtype == np.uint64:
        raise ValueError(f"a column of integers has type {column.dtype} {column.shape}")
    whole: Ints = column.astype(np.int64)
    whole.flags.writeable = False
    return whole
