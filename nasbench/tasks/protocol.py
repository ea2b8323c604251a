"""What a task offers: everything that a comparison, its record, its verification and its reports need."""

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
    """The best architecture of a task: its row of the table, itself [1, d], what is reported of it first."""

    row: int
    arch: Archs
    score: float


class DataSource(Protocol):
    """A file or data set that decides the answers of a task."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def checksum(self) -> str:
        """SHA-256 of its content."""
        ...


class Expected(NamedTuple):
    """What a task answers about the trials of a run, whoever asked for them.

    Attributes:
        score: [n, objectives] what a strategy sees; nan of a crash, and in a further column where missing.
        until_s: [n] seconds of a training from its start, one answer included; nan where a crash took unknown time.
        answer_s: [n] of these, the seconds that each answer takes again.
        absent: [n] whether the task cannot answer for the architecture at all.
        resumes: whether seconds up to an earlier epoch count towards a later one.
        tolerance: relative, of scores and seconds; 0 for the same bits.
    """

    score: Floats
    until_s: Floats
    answer_s: Floats
    absent: Bools
    resumes: bool = True
    tolerance: float = 0.0


class Task(Protocol):
    """A benchmark problem: architectures, what a search observes of them, what is reported, and what a trial costs.

    ``load_task`` opens one of three kinds: ``TableTask`` looks trained architectures up, ``SurrogateTask`` predicts
    them, ``TrainingTask`` trains them. Nothing but the task itself needs to know which one it is.

    Strategies see scores to be maximised, ``sign`` times what is observed. Whatever is looked up, reported or printed
    is in the metric's own unit and sign. Accuracies are fractions in [0, 1].
    """

    @property
    def name(self) -> str:
        """Such as ``nb201-cifar10``; what a record and the random streams of a run are keyed by."""
        ...

    @property
    def title(self) -> str:
        """One line for lists."""
        ...

    @property
    def version(self) -> int:
        """Number that rises when anything that changes results does."""
        ...

    @property
    def space(self) -> SearchSpace:
        """Architectures that a strategy may ask for, rows [d] of decisions."""
        ...

    @property
    def dataset(self) -> str:
        """Data set that the architectures are trained on; tasks of the same one know each other's answers."""
        ...

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What a search optimises, one for each column of scores: the observed metric first."""
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
        """Labels of what is reported of the architecture that a search found; the first one defines regret."""
        ...

    @property
    def scales(self) -> dict[str, Scale]:
        """Unit and direction of what is reported, by its label."""
        ...

    @property
    def budget_s(self) -> float:
        """Default budget of a run, in seconds of the clock that trials are charged on."""
        ...

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs that a trial may be trained to, rising; the last one is a complete training."""
        ...

    @property
    def repeats(self) -> str:
        """What an architecture that is asked for twice in a run shows: the ``same`` seed, or a ``fresh`` one."""
        ...

    @property
    def optimum(self) -> Optimum:
        """Best known architecture by what is reported first, in that metric's unit."""
        ...

    @property
    def random_score(self) -> float:
        """Expected reported value of a uniformly drawn architecture, in its unit: where normalised regret is 1."""
        ...

    @property
    def declaration(self) -> Mapping[str, Any]:
        """Plain data that, with its files, makes the task again; a record holds it. Empty of a task made by hand."""
        ...

    @property
    def tables(self) -> Sequence[DataSource]:
        """Every file or data set that decides the answers, by name and checksum."""
        ...

    @property
    def places(self) -> dict[str, str]:
        """Paths of those that no name leads to, by name: where a record looks for them first."""
        ...

    @property
    def restriction(self) -> str:
        """What is searched where not every architecture of the space was measured; empty where all were."""
        ...

    def check(self) -> None:
        """Load what a search needs, and refuse what would only fail in the middle of one.

        Raises:
            NasbenchError: saying what to change.
        """
        ...

    @property
    def observation_noise(self) -> float:
        """Standard deviation of what one query shows around what is reported, as a score; 0 for none or unknown."""
        ...

    def backend(self, rng: np.random.Generator) -> Backend:
        """Return what answers the trials of one run; ``rng`` draws the seed that each architecture shows."""
        ...

    def identify(self, archs: Archs) -> Ints:
        """Return a number for each architecture [n, d], the same for those that share their trainings; ``[n]``."""
        ...

    def expect(
        self, rng: np.random.Generator, archs: Archs, epochs: Ints, repetition: Ints | None = None
    ) -> Expected | None:
        """Return what ``backend(rng)`` answers, without a search; None where only a training tells.

        Args:
            rng: in the state in which the backend of the run got it.
            archs: [n, d] architectures of the space.
            epochs: [n] among ``epochs``.
            repetition: [n] how often the same architecture was asked for before under another id; None for 0.
        """
        ...

    def archs(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures [n, d] given in any form that the space reads; see ``SearchSpace.read``."""
        ...

    def query(self, architectures: Any, split: str = ...) -> Floats:
        """Return the task's metric of architectures, or what is reported under the label ``split``; ``[n]``."""
        ...

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return what is reported of architectures [n, d]; ``[n]`` in its unit for each label."""
        ...

    def look_up(self, archs: Archs) -> dict[str, tuple[Floats, Scale]]:
        """Return all that is known of architectures [n, d], by name: values [n] and what they mean."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return what a user must know before quoting a number, as plain data."""
        ...

    def require_table(self, what: str) -> "TableTask":
        """Return the task of a table of trained architectures, for what learns from those.

        Args:
            what: how an error calls this task.

        Raises:
            InvalidOption: it has none.
        """
        ...


_MEMBERS = tuple(name for name in vars(Task) if not name.startswith("_"))
_ABSENT = object()


def is_task(value: Any) -> TypeGuard[Task]:
    """Return whether a value has every member of a task; none of them is computed for that."""
    if isinstance(value, str | Path | type):
        return False
    return all(inspect.getattr_static(value, name, _ABSENT) is not _ABSENT for name in _MEMBERS)


def count_repetitions(identity: Ints, ids: Ints) -> Ints:
    """Return how often the architecture of each trial was begun before it under another id; ``[n]``.

    Args:
        identity: [n] of the architectures, as ``Task.identify`` gives it, in the order in which trials were asked.
        ids: [n] of the trials; a known id goes on with its training.
    """
    begun: dict[int, int] = {}
    known: dict[int, int] = {}
    for trial, arch in zip(ids.tolist(), identity.tolist(), strict=True):
        if trial not in known:
            known[trial] = begun.get(arch, 0)
            begun[arch] = known[trial] + 1
    return np.array([known[trial] for trial in ids.tolist()], dtype=np.int64)
