"""The interface of runs and their files, for any kind of record."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar

Pair = tuple[str, str]
"""A task's name and a contestant's label."""


class StoredRun(Protocol):
    """A run: its results, which the seed determines, and its measurements."""

    @property
    def key(self) -> Any:
        """Sortable key of the run within its pair."""
        ...

    @property
    def failed(self) -> bool:
        """Whether the run failed."""
        ...

    @property
    def error(self) -> str:
        """The traceback of a failed run, else empty."""
        ...

    def to_bytes(self) -> bytes:
        """Return everything that the seed determines: equal runs give equal bytes."""
        ...

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` returned; truncated or foreign bytes raise ValueError, KeyError or TypeError."""
        ...

    def measured_entry(self) -> dict[str, Any]:
        """Return the key and the measurements as data for JSON."""
        ...

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> Any:
        """Return the key in an entry."""
        ...

    def with_measured(self, entry: dict[str, Any]) -> Self:
        """Return the run with the measurements of an entry; the entry is empty if they were lost."""
        ...


R = TypeVar("R", bound=StoredRun)


class RunFiles(Protocol[R]):
    """The files of the merged runs of a record."""

    def read(self, pair: Pair) -> Sequence[R]:
        """Return the runs of a pair, sorted by key.

        Raises:
            RecordError: a file is damaged.
        """
        ...

    def write(self, spec: Mapping[str, Any], runs: Mapping[Pair, Sequence[R]]) -> None:
        """Replace the runs of some pairs atomically, and keep those of other pairs."""
        ...

    def is_current(self, spec: Mapping[str, Any]) -> bool:
        """Whether the files hold this specification, or no specification."""
        ...


def choose_runs(runs: Sequence[R]) -> list[R]:
    """Return one run for each key, sorted by key: a finished run rather than a failed one, otherwise the first."""
    chosen: dict[Any, R] = {}
    for run in runs:
        other = chosen.setdefault(run.key, run)
        if other.failed and not run.failed:
            chosen[run.key] = run
    return [chosen[key] for key in sorted(chosen)]
