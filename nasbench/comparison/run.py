"""One run of a search, in the form that records hold."""

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Floats, Ints
from nasbench.simulation import History
from nasbench.trials import Recommendation

# Run, trials, decisions, objectives, bytes of the error, recommendations, architectures that these name; their type.
_HEAD = struct.Struct("<7q8s")
NO_CHARGES: Floats = np.empty(0)
_INT, _FLOAT, _BOOL = np.dtype("<i8"), np.dtype("<f8"), np.dtype(np.bool_)


@dataclass(frozen=True)
class Run:
    """One finished or failed run.

    Attributes:
        number: 0-based.
        history: every finished trial.
        error: traceback if the run failed, else empty.
        overhead_s: real seconds inside the strategy; nan if the timing was lost.
        recommendations: every change of what a strategy with a ``recommend`` method would hand over; empty if the
            default applies, which follows from the history.
        charges: [calls] seconds of each call of the strategy, where they count on the clock; otherwise empty.
        usage: what the strategy says that it used, such as tokens: name -> total of the run.
    """

    number: int
    history: History
    error: str = ""
    overhead_s: float = math.nan
    recommendations: tuple[Recommendation, ...] = ()
    charges: Floats = field(default_factory=lambda: NO_CHARGES)
    usage: Mapping[str, float] = field(default_factory=dict)

    @property
    def key(self) -> int:
        """The number."""
        return self.number

    @property
    def failed(self) -> bool:
        """Whether the strategy raised an error."""
        return bool(self.error)

    def to_bytes(self) -> bytes:
        """Return everything that the seed, and any charged seconds, determine: the counts, the error, every column.

        Equal runs give equal bytes: every nan is written alike, and neither width nor type of empty columns counts.
        """
        told, error = self.history, self.error.encode("utf-8", "surrogatepass")
        archs = [one.archs for one in self.recommendations]
        n, n_named = len(told.id), sum(map(len, archs))
        arch = told.arch if n else (archs[0] if archs else told.arch.astype(np.int8))
        d, n_objectives = (arch.shape[1] if n or n_named else 0), (told.score.shape[1] if n else 0)
        counts = (self.number, n, d, n_objectives, len(error), len(archs), n_named)
        score = np.where(np.isnan(told.score), np.nan, told.score)
        return b"".join(
            (
                _HEAD.pack(*counts, arch.dtype.str.encode()),
                error,
                *(column.astype(_INT, copy=False).tobytes() for column in (told.id, told.epoch)),
                told.arch.tobytes() if n else b"",
                *(column.astype(_FLOAT, copy=False).tobytes() for column in (score, told.cost_s, told.finish_s)),
                told.crashed.tobytes(),
                np.array([one.time_s for one in self.recommendations], dtype=_FLOAT).tobytes(),
                np.array([len(one) for one in archs], dtype=_INT).tobytes(),
                *(one.astype(arch.dtype, copy=False).tobytes() for one in archs),
                self.charges.astype(_FLOAT, copy=False).tobytes(),
            )
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` returned.

        Raises:
            ValueError: the content is truncated or something else.
        """
        if len(content) < _HEAD.size:
            raise ValueError(f"a run of {len(content)} bytes is truncated")
        number, *counts, name = _HEAD.unpack_from(content)
        n, d, n_objectives, n_error, n_told, n_named = counts
        arch_type = np.dtype(name.rstrip(b"\0").decode())
        if min(number, *counts) < 0 or max(counts) > len(content) or arch_type.kind not in "iuf":
            raise ValueError(f"a run with counts {counts} of {arch_type}")
        cutter = _Cutter(content, _HEAD.size + n_error)
        take = cutter.take
        error = content[_HEAD.size : _HEAD.size + n_error].decode("utf-8", "surrogatepass")
        ids, epochs = take(n, _INT), take(n, _INT)
        archs = take(n * d, arch_type).reshape(n, d)
        scores = take(n * n_objectives, _FLOAT).reshape(n, n_objectives or 1)
        history = History(ids, archs, epochs, scores, take(n, _FLOAT), take(n, _FLOAT), take(n, _BOOL))
        told: tuple[Recommendation, ...] = ()
        if n_told:
            times, lengths = take(n_told, _FLOAT), take(n_told, _INT)
            told = _cut_recommendations(times, lengths, take(n_named * d, arch_type).reshape(n_named, d))
        rest = len(content) - cutter.at
        if rest < 0 or rest % _FLOAT.itemsize or (n_named and not told):
            raise ValueError(f"a run of {len(content)} bytes; its counts require {cutter.at}")
        return cls(number, history, error, recommendations=told, charges=take(rest // _FLOAT.itemsize, _FLOAT))

    def measured_entry(self) -> dict[str, Any]:
        """Return the number, the overhead, with None for nan, and any usage."""
        measured = {"run": self.number, "overhead_s": None if math.isnan(self.overhead_s) else self.overhead_s}
        return measured | ({"usage": dict(self.usage)} if self.usage else {})

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> int:
        """Return the number in an entry."""
        return int(entry["run"])

    def with_measured(self, entry: dict[str, Any]) -> Self:
        """Return the run with the overhead and the usage that ``measured_entry`` returned."""
        seconds = entry.get("overhead_s")
        overhead_s = float(seconds) if isinstance(seconds, int | float) else math.nan
        return replace(self, overhead_s=overhead_s, usage=entry.get("usage", {}))


def _cut_recommendations(time_s: Floats, n_archs: Ints, archs: Archs) -> tuple[Recommendation, ...]:
    """Split the architectures in ``archs`` into recommendations.

    Raises:
        ValueError: the lengths do not sum to the number of architectures.
    """
    if (n_archs < 0).any() or n_archs.sum() != len(archs):
        raise ValueError(f"recommendations of {n_archs.tolist()} architectures; there are {len(archs)}")
    return tuple(map(Recommendation, time_s.tolist(), np.split(archs, np.cumsum(n_archs)[:-1])))


class _Cutter:
    """Takes columns from bytes, one after the other, starting at ``at``; they are read-only views."""

    def __init__(self, content: bytes, at: int) -> None:
        self._content, self.at = content, at

    def take(self, n: int, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
        if not n:
            return np.empty(0, dtype)
        column: npt.NDArray[Any] = np.frombuffer(self._content, dtype, n, self.at)
        self.at += column.nbytes
        return column
