"""The errors a user can meet; each also inherits from the builtin error that it refines.

A message says what was seen, what is allowed, and what to do next.
"""

import difflib
from collections.abc import Iterable, Sequence
from typing import Any


class NasbenchError(Exception):
    """Base of every error that the suite raises on purpose."""

    def __str__(self) -> str:
        """Return the message as written (KeyError would quote it)."""
        return " ".join(str(arg) for arg in self.args)


class UnknownName(NasbenchError, KeyError):
    """A task, strategy, data set, metric or file key that does not exist."""


class InvalidOption(NasbenchError, ValueError):
    """An option with a value outside its documented range."""


class InvalidArchitecture(NasbenchError, ValueError):
    """An array or string that is not a valid architecture of the space."""


class MissingMeasurement(NasbenchError, LookupError):
    """A measurement that the table does not contain."""


class TableError(NasbenchError, ValueError):
    """A table file that is truncated, foreign, tampered with, or of another version."""


class SourceError(NasbenchError, ValueError):
    """A file given to an importer that does not contain what the importer reads."""


class RecordError(NasbenchError, ValueError):
    """A record directory that is damaged, foreign, or of another experiment."""


class StrategyError(NasbenchError, RuntimeError):
    """A search strategy that broke the ask/tell contract."""


class BackendError(NasbenchError, RuntimeError):
    """A backend whose answer breaks the contract: impossible rows or seconds."""


class PredictorError(NasbenchError, ValueError):
    """Training data that a predictor cannot learn from, or a call of ``predict`` before ``fit``."""


class SearchFinished(NasbenchError, RuntimeError):
    """Raised by a strategy's ``ask`` when it has nothing left to ask; this ends the search without an error."""


class FileLocked(NasbenchError, RuntimeError):
    """A file that another process is writing."""


class WorkerDied(NasbenchError, RuntimeError):
    """A worker process that was killed from outside, for example for lack of memory."""


class TrainingFailed(NasbenchError, RuntimeError):
    """A training run that does not fit into memory, or diverged; other training runs continue.

    Attributes:
        epochs: its epochs before the failure, including those before a restart.
    """

    epochs: Sequence[Any] = ()


class Diverged(TrainingFailed):
    """A training run whose loss became nan or infinite: a result of its architecture and recipe."""


class ExportFailed(NasbenchError, RuntimeError):
    """A trained network that another format cannot express, or whose output differs in that format."""


class MissingExtra(NasbenchError, ImportError):
    """An optional dependency that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs the extra '{extra}': pip install 'nasbench-suite[{extra}]'")


class FailedRunsWarning(UserWarning):
    """Runs of a comparison failed, because a strategy or predictor raised an error."""


class GapsWarning(UserWarning):
    """Not all architectures of a task were measured."""


def make_unknown_name(kind: str, seen: object, allowed: Iterable[str]) -> UnknownName:
    """Return the error for an unknown name, with the three most similar names as suggestions."""
    names = sorted(allowed)
    near = difflib.get_close_matches(str(seen), names, n=3, cutoff=0.4)
    if near:
        hint = "did you mean " + " or ".join(repr(name) for name in near) + "?"
    elif len(names) <= 12:
        hint = "known: " + (", ".join(names) or "none")
    else:
        hint = f"{len(names)} are known, among them {', '.join(names[:6])}"
    return UnknownName(f"unknown {kind} {str(seen)!r}; {hint}")
