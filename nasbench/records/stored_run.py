"""What a record holds of a run, whatever kind it is of."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar

Pair = tuple[str, str]
"""A task's name and a contestant's label."""


class StoredRun(Protocol):
    """A run: what a seed decides of it, and what was measured."""

    @property
    def key(self) -> Any:
        """What numbers the run within its pair; sortable."""
        ...

    @property
    def failed(self) -> bool:
        """Whether it broke off."""
        ...

    @property
    def error(self) -> str:
        """The traceback of a failed run, else empty."""
        ...

    def to_bytes(self) -> bytes:
        """Return all that the seed decides: equal runs give equal bytes."""
        ...

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what ``to_bytes`` returned; truncated or foreign bytes raise ValueError, KeyError or TypeError."""
        ...

    def measured_entry(self) -> dict[str, Any]:
        """Return the key, and what was measured, as data for JSON."""
        ...

    @classmethod
    def key_of(cls, entry: dict[str, Any]) -> Any:
        """Return the key that an entry names."""
        ...

    def with_measured(self, entry: dict[str, Any]) -> Self:
        """Return the run with what ``measured_entry`` returned; with an empty entry where that was lost."""
        ...


R = TypeVar("R", bound=StoredRun)


class RunFiles(Protocol[R]):
    """Where the merged runs of a record lie."""

    def read(self, pair: Pair) -> Sequence[R]:
        """Return the runs of a pair, by key.

        Raises:
            RecordError: a damaged file.
        """
        ...

    def write(self, spec: Mapping[str, Any], runs: Mapping[Pair, Sequence[R]]) -> None:
        """Replace the runs of some pairs, atomically; those of other pairs stay."""
        ...

    def is_current(self, spec: Mapping[str, Any]) -> bool:
        """Whether the files hold this specification, or none."""
        ...


def choose_runs(runs: Sequence[R]) -> list[R]:
    """Return one run of each key, by key: one that finished rather than one that failed, else the first."""
    chosen: dict[Any, R] = {}
    for run in runs:
        other = chosen.setdefault(run.key, run)
        if other.failed and not run.failed:
            chosen[run.key] = run
    return [chosen[key] for key in sorted(chosen)]
