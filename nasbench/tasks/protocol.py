"""The interface of a task: everything that a comparison, its record, its verification and its reports need."""

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeGuard

import numpy as np

from nasbench.arrays import Archs, Bools, Floats, Ints
from nasbench.spaces import SearchSpace
from nasbench.trials import Backend
from nasbench.units import Objective as Objective
from nasbench.units import Scale

if TYPE_CHECKING:
    from nasbench.tasks.table_task import TableTask


class Optimum(NamedTuple):
    """The best architecture of a task: its row of the table, the architecture [1, d], its first reported value."""

    row: int
    arch: Archs
    score: float


class DataSource(Protocol):
    """A file or data set that decides the answers of a task."""

    @property
    def name(self) -> str:
        """The name of the file or data set."""
        ...

    @property
    def checksum(self) -> str:
        """SHA-256 of its content."""
        ...


class Expected(NamedTuple):
    """What a task answers to the trials of a run, whichever strategy asked for them.

    Attributes:
        score: [n, objectives] what a strategy sees; nan for a crash, and in a further column where missing.
        until_s: [n] seconds of a training run from its start, one answer included; nan where a crash took unknown time.
        answer_s: [n] of these, the seconds that each answer takes again.
        absent: [n] whether the task cannot answer for the architecture at all.
        resumes: whether seconds up to an earlier epoch count towards a later one.
        tolerance: relative tolerance of scores and seconds; 0 for the same bits.
    """

    score: Floats
    until_s: Floats
    answer_s: Floats
    absent: Bools
    resumes: bool = True
    tolerance: float = 0.0


class Task(Protocol):
    """A benchmark problem: architectures, what a search observes of them, what is reported, and what a trial costs.

    ``load_task`` opens one of three kinds: ``TableTask`` looks up trained architectures, ``SurrogateTask`` predicts
    their scores, ``TrainingTask`` trains them. All other code works with any of the three.

    Strategies see scores to be maximised: ``sign`` times what is observed. Values that are looked up, reported or
    printed are in the metric's own unit and sign. Accuracies are fractions in [0, 1].
    """

    @property
    def name(self) -> str:
        """Such as ``nb201-cifar10``; the key of the task in a record and in the random streams of a run."""
        ...

    @property
    def title(self) -> str:
        """One line for lists."""
        ...

    @property
    def version(self) -> int:
        """Number that is raised by every change that changes results."""
        ...

    @property
    def space(self) -> SearchSpace:
        """Architectures that a strategy may ask for, rows [d] of decisions."""
        ...

    @property
    def dataset(self) -> str:
        """Data set that the architectures are trained on; tasks on the same data set share their answers."""
        ...

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The objectives of a search, one for each column of scores: the observed metric first."""
        ...

    @property
    def scale(self) -> Scale:
        """Unit and direction of the first objective."""
        ...

    @property
    def unit(self) -> str:
        """Unit of the first objective: a key of ``nasbench.units.UNITS``."""
        ...

    @property
    def direction(self) -> str:
        """``maximize`` or ``minimize``, of the first objective."""
        ...

    @property
    def sign(self) -> float:
        """1.0 or -1.0: the first score is ``sign`` times the observed value."""
        ...

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels of the values reported of the architecture that a search found; the first one defines regret."""
        ...

    @property
    def scales(self) -> dict[str, Scale]:
        """Unit and direction of each reported value, by its label."""
        ...

    @property
    def budget_s(self) -> float:
        """Default budget of a run, in seconds of the clock on which trials are charged."""
        ...

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs to which a trial may be trained, rising; the last one is a complete training run."""
        ...

    @property
    def repeats(self) -> str:
        """Seed that an architecture shows when a run asks for it again: the ``same``, or a ``fresh`` one."""
        ...

    @property
    def optimum(self) -> Optimum:
        """Best known architecture by the first reported value, in that value's unit."""
        ...

    @property
    def random_score(self) -> float:
        """Expected reported value of a uniformly drawn architecture, in its unit: where normalised regret is 1."""
        ...

    @property
    def declaration(self) -> Mapping[str, Any]:
        """Plain data from which, with its files, the task can be made again; empty for a task made by hand."""
        ...

    @property
    def tables(self) -> Sequence[DataSource]:
        """Every file or data set that decides the answers, with name and checksum."""
        ...

    @property
    def places(self) -> dict[str, str]:
        """Paths, by name, of files that cannot be found by their name: a record looks there first."""
        ...

    @property
    def restriction(self) -> str:
        """Which architectures are searched where not all of the space were measured; empty where all were."""
        ...

    def check(self) -> None:
        """Load what a search needs, and refuse what would otherwise fail in the middle of a search.

        Raises:
            NasbenchError: the task cannot be searched; the message says what to change.
        """
        ...

    @property
    def observation_noise(self) -> float:
        """Standard deviation of what one query shows around what is reported, as a score; 0 for none or unknown."""
        ...

    def backend(self, rng: np.random.Generator) -> Backend:
        """Return the backend that answers the trials of one run; ``rng`` draws the seed of each architecture."""
        ...

    def identify(self, archs: Archs) -> Ints:
        """Return a number for each architecture [n, d], equal for those that share their training runs; ``[n]``."""
        ...

    def expect(
        self, rng: np.random.Generator, archs: Archs, epochs: Ints, repetition: Ints | None = None
    ) -> Expected | None:
        """Return what ``backend(rng)`` answers, without a search; None where only training can answer.

        Args:
            rng: generator in the state in which the backend of the run received it.
            archs: [n, d] architectures of the space.
            epochs: [n] epochs, each one of ``self.epochs``.
            repetition: [n] how often the same architecture was asked for before under another id; None for 0.
        """
        ...

    def archs(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures [n, d] from any form that the space reads; see ``SearchSpace.read``."""
        ...

    def query(self, architectures: Any, split: str = ...) -> Floats:
        """Return the task's metric of architectures, or their reported value with the label ``split``; ``[n]``."""
        ...

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return the reported values of architectures [n, d]; ``[n]`` in its unit for each label."""
        ...

    def look_up(self, archs: Archs) -> dict[str, tuple[Floats, Scale]]:
        """Return everything that is known of architectures [n, d], by name: values [n], their unit and direction."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return, as plain data, what a user must know before quoting a number."""
        ...

    def require_table(self, what: str) -> "TableTask":
        """Return the task as a ``TableTask``, for callers that learn from trained architectures.

        Args:
            what: what an error message calls this task.

        Raises:
            InvalidOption: the task has no table.
        """
        ...


_MEMBERS = tuple(name for name in vars(Task) if not name.startswith("_"))
_ABSENT = object()


def is_task(value: Any) -> TypeGuard[Task]:
    """Return whether a value has every member of a task, without computing any of them."""
    if isinstance(value, str | Path | type):
        return False
    return all(inspect.getattr_static(value, name, _ABSENT) is not _ABSENT for name in _MEMBERS)


def count_repetitions(identity: Ints, ids: Ints) -> Ints:
    """Return how often the architecture of each trial was started before under another id; ``[n]``.

    Args:
        identity: [n] numbers of the architectures, as ``Task.identify`` returns them, in the order of the trials.
        ids: [n] ids of the trials; a known id resumes its training run.
    """
    begun: dict[int, int] = {}
    known: dict[int, int] = {}
    for trial, arch in zip(ids.tolist(), identity.tolist(), strict=True):
        if trial not in known:
            known[trial] = begun.get(arch, 0)
            begun[arch] = known[trial] + 1
    return np.array([known[trial] for trial in ids.tolist()], dtype=np.int64)
