"""The errors a user can meet; each is also the builtin error it refines.

A message says what was seen, what is allowed, and what to do next.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


class NasbenchError(Exception):
    """Root of every error raised on purpose by the suite."""

    def __str__(self) -> str:
        """Return the message as written (KeyError would quote it)."""
        return " ".join(str(arg) for arg in self.args)


class UnknownName(NasbenchError, KeyError):
    """A task, strategy, data set, metric or file key that does not exist."""


class InvalidOption(NasbenchError, ValueError):
    """An option with a value outside its documented range."""


class InvalidArchitecture(NasbenchError, ValueError):
    """An array or string that is no architecture of the space."""


class MissingMeasurement(NasbenchError, LookupError):
    """A measurement that the table does not hold."""


class TableError(NasbenchError, ValueError):
    """A table file that is truncated, foreign, tampered with, or of another version."""


class SourceError(NasbenchError, ValueError):
    """A file given to an importer that does not hold what the importer reads."""


class RecordError(NasbenchError, ValueError):
    """A record directory that is damaged, foreign, or of another experiment."""


class StrategyError(NasbenchError, RuntimeError):
    """A search strategy that broke the ask/tell contract."""


class BackendError(NasbenchError, RuntimeError):
    """A backend that broke the contract of an answer: rows or seconds that cannot be."""


class PredictorError(NasbenchError, ValueError):
    """Training data that a predictor cannot learn from, or a question before it has learnt."""


class SearchFinished(NasbenchError, RuntimeError):
    """Raised by a strategy's ``ask`` that has nothing left to ask: a clean end."""


class FileLocked(NasbenchError, RuntimeError):
    """A file that another process is writing."""


class WorkerDied(NasbenchError, RuntimeError):
    """A process of ours that was killed from outside, for example for lack of memory."""


class TrainingFailed(NasbenchError, RuntimeError):
    """A training that does not fit into memory, or diverged; other trainings go on.

    Attributes:
        epochs: what was seen of it before, those before a restart too.
    """

    epochs: Sequence[Any] = ()


class Diverged(TrainingFailed):
    """A training whose loss became nan or infinite: a result of its architecture and recipe."""


class ExportFailed(NasbenchError, RuntimeError):
    """A trained network that another format cannot express, or that answers differently in it."""


class MissingExtra(NasbenchError, ImportError):
    """An optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'nasbench-suite[{extra}]'")


class GapsWarning(UserWarning):
    """Not all architectures of a task were measured."""


def make_unknown_name(kind: str, seen: object, allowed: Iterable[str]) -> UnknownName:
    """Build the error for an unknown name, offering the three nearest."""
    names = sorted(allowed)
    near = difflib.get_close_matches(str(seen), names, n=3, cutoff=0.4)
    if near:
        hint = "did you mean " + " or ".join(repr(name) for name in near) + "?"
    elif len(names) <= 12:
        hint = "known: " + (", ".join(names) or "none")
    else:
        hint = f"{len(names)} are known, among them {', '.join(names[:6])}"
    return UnknownName(f"unknown {kind} {str(seen)!r}; {hint}")
