"""The definition of a comparison: everything that determines the numbers of a record."""

import math
import zlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from itertools import product
from numbers import Real
from typing import Any

import numpy as np

from nasbench.backends.checkpoints import FREE, Checkpoints
from nasbench.backends.table import shown_epochs
from nasbench.charging import ChargedSimulation
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.options import require_whole_number
from nasbench.records.code_digests import digest_code
from nasbench.records.contestants import (
    Contestants,
    Tasks,
    check_made,
    choices_of,
    named_tasks,
    refuse_borrowed_names,
    refuse_twice,
)
from nasbench.records.provenance import choice_entry, plain, software, source_entries, tabulate_code, task_entry
from nasbench.registry import STRATEGIES, sources_of, with_epochs, with_observation_noise, with_target
from nasbench.simulation import Budget
from nasbench.spaces import OpaqueSpace, SearchSpace, hide_names
from nasbench.tasks import FRESH, Task, load_task, tasks_with_epochs
from nasbench.tasks.recorded import as_recorded
from nasbench.trials import capabilities_of

SIMULATED, CHARGED = "simulated", "charged"
CLOCKS = (SIMULATED, CHARGED)
FORMAT = "nasbench-record"
VERSION = 2


@dataclass(frozen=True)
class Limits:
    """A budget; None means "not limited", and three times None means the task's default seconds."""

    seconds: float | None = None
    trials: float | None = None
    epochs: float | None = None

    @property
    def given(self) -> dict[str, float | None]:
        """The limits as plain data, infinite ones as None."""
        limits = {"seconds": self.seconds, "trials": self.trials, "epochs": self.epochs}
        return {key: None if value == math.inf else value for key, value in limits.items()}

    def of(self, task: Task) -> Budget:
        """Return the budget of a run on ``task``.

        Raises:
            InvalidOption: a limit is nan, zero or negative.
        """
        given = {key: value for key, value in self.given.items() if value is not None}
        return Budget(**given) if given else Budget(seconds=task.budget_s)

    @classmethod
    def parse(cls, given: "Limits | Budget | None") -> "Limits":
        """Convert limits, the budget of a single run, or None to limits.

        Raises:
            InvalidOption: anything else is given, or a limit is not a number.
        """
        if given is None or isinstance(given, cls):
            limits = given or cls()
        elif isinstance(given, Budget):
            limits = cls(given.seconds, given.trials, given.epochs)
        else:
            raise InvalidOption(f"limits={given!r}; expected nasbench.Budget(seconds=..., trials=..., epochs=...)")
        return cls(**{name: _number(name, getattr(limits, name)) for name in ("seconds", "trials", "epochs")})


@dataclass(frozen=True)
class Experiment:
    """A comparison, defined to the last bit.

    The randomness of a run depends on the seed, the task, the strategy's label and the number of the run, never on the
    other contestants or the number of processes. In the same run of a task, all strategies meet the same noise.

    Attributes:
        tasks: names of the tasks.
        strategies: strategies to run on each task.
        runs: independent repetitions of each task and strategy.
        seed: seed of all randomness.
        limits: budget of each run.
        n_workers: number of simulated workers.
        checkpoints: what resuming a paused trial costs.
        clock: ``simulated``: strategies think for free; ``charged``: their own seconds count (``nasbench.charging``).
        opaque: labels of strategies that see an opaque space (``nasbench.spaces.OpaqueSpace``), drawn for each run.
        given: name -> task that is already open; all others are opened by name.
    """

    tasks: tuple[str, ...]
    strategies: tuple[Choice, ...]
    runs: int = 100
    seed: int = 0
    limits: Limits = Limits()
    n_workers: int = 1
    checkpoints: Checkpoints = FREE
    clock: str = SIMULATED
    opaque: frozenset[str] = frozenset()
    given: Mapping[str, Task] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check the settings before anything runs."""
        for name, least in (("runs", 1), ("n_workers", 1), ("seed", 0)):
            object.__setattr__(self, name, require_whole_number(name, getattr(self, name), least=least))
        object.__setattr__(self, "limits", Limits.parse(self.limits))
        refuse_twice(task=list(self.tasks), strategy=[item.label for item in self.strategies])
        refuse_borrowed_names("strategy", self.strategies, STRATEGIES)
        if self.clock not in CLOCKS:
            raise make_unknown_name("clock", self.clock, CLOCKS)
        labels = [item.label for item in self.strategies]
        if unknown := sorted(self.opaque.difference(labels)):
            raise make_unknown_name("strategy to be opaque for", unknown[0], labels)

    def streams(self, task: str, strategy: str, run: int) -> tuple[np.random.Generator, np.random.Generator]:
        """Return the random generators of one run: the strategy's, and that of the seed noise."""
        own, noise = (
            np.random.SeedSequence([self.seed, run, *(zlib.crc32(name.encode()) for name in names)])
            for names in ((task, strategy), (task,))
        )
        return np.random.default_rng(own), np.random.default_rng(noise)

    def draw_space(self, task: Task, strategy: str, run: int) -> SearchSpace:
        """Return the space that a strategy sees in a run: the task's own, or an opaque one.

        Its names and orders are the same for all opaque strategies in a run of a task.
        """
        if strategy not in self.opaque:
            return task.space
        entropy = [self.seed, run, zlib.crc32(task.name.encode()), zlib.crc32(b"opaque"), 1]
        return hide_names(task.space, np.random.default_rng(np.random.SeedSequence(entropy)))

    def state_facts(self, task: Task) -> dict[str, Any]:
        """Return what a strategy may know of a task and of the limits of its run, as plain data."""
        limits = asdict(self.limits.of(task))
        return {
            "objectives": [{"name": one.name, "unit": one.unit, "direction": one.direction} for one in task.objectives],
            "budget": {name: limit for name, limit in limits.items() if math.isfinite(limit)},
            "workers": self.n_workers,
        }

    def spec(self, *, search: bool = True, absent: Collection[str] = ()) -> dict[str, Any]:
        """Return the experiment as plain data, with versions and checksums.

        Args:
            search: whether runs follow. If so, every strategy is created once on every task, so that invalid options
                are reported before the first run.
            absent: labels of strategies to leave out, because their code is not here.

        Raises:
            NasbenchError: a task or strategy is unknown, the budget is invalid, options are invalid, or a strategy that
                only stops training runs early meets a task that answers complete ones only.
        """
        opened = {name: self.given.get(name) or load_task(name) for name in self.tasks}
        present = [choice for choice in self.strategies if choice.label not in absent]
        tasks = {}
        for name, task in opened.items():
            task.check()
            if task.repeats == FRESH and not self.checkpoints.kept:
                raise InvalidOption(
                    f"task '{name}' shows another seed each time that an architecture is trained again, and without "
                    "checkpoints a paused trial is trained again from its start; keep checkpoints, or leave repeats out"
                )
            self.limits.of(task)
            tasks[name] = task_entry(name, task)
        with as_recorded(tasks):
            sources = source_entries(self.tasks, present, STRATEGIES)
            for (name, task), choice in product(opened.items(), present) if search else ():
                self._check_opaque(choice, name)
                check_choice(choice, name, task, self.draw_space(task, choice.label, 0))
        strategies = {choice.label: self._describe_strategy(choice) for choice in present}
        spec = {
            "format": FORMAT,
            "version": VERSION,
            "seed": self.seed,
            "runs": self.runs,
            "n_workers": self.n_workers,
            "limits": self.limits.given,
            "tasks": tasks,
            "strategies": strategies,
            "software": [software()],
        }
        if self.checkpoints != FREE:
            spec["checkpoints"] = asdict(self.checkpoints)
        if self.clock != SIMULATED:
            spec["clock"] = self.clock
        return plain(tabulate_code(spec) | sources)

    def _check_opaque(self, choice: Choice, task: str) -> None:
        """Refuse a strategy that learns from other tasks: names are hidden, so it cannot use what it learns.

        Raises:
            InvalidOption: an opaque strategy has sources.
        """
        if choice.label in self.opaque and (sources := sources_of(choice, STRATEGIES, task)):
            raise InvalidOption(
                f"'{choice.label}' learns from {sources[0]}, but an opaque comparison hides what architectures are "
                "called there; leave its sources out, or compare it without opaque"
            )

    def _describe_strategy(self, choice: Choice) -> dict[str, Any]:
        """Return what defines a strategy in this experiment."""
        entry = choice_entry(choice, STRATEGIES)
        if choice.label in self.opaque:
            entry |= {"opaque": True, "code": entry["code"] | digest_code(OpaqueSpace)}
        if self.clock == CHARGED:
            entry |= {"code": entry["code"] | digest_code(ChargedSimulation)}
        return entry

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> "Experiment":
        """Return the experiment that a record's specification describes."""
        choices = [Choice.from_entry(item) for item in spec["strategies"].values()]
        return cls(
            tuple(spec["tasks"]),
            tuple(choices),
            spec["runs"],
            spec["seed"],
            Limits(**spec["limits"]),
            spec["n_workers"],
            Checkpoints(**spec.get("checkpoints", {})),
            spec.get("clock", SIMULATED),
            frozenset(label for label, entry in spec["strategies"].items() if entry.get("opaque")),
        )

    @classmethod
    def of(
        cls,
        tasks: Tasks,
        strategies: Contestants,
        *,
        opaque: bool | Collection[str] = False,
        **options: Any,
    ) -> "Experiment":
        """Build an experiment from names, tasks, labels or classes, alone, in sequences or by name.

        With ``opaque``, names are hidden from all strategies, or from those with these labels.
        """
        names, opened = named_tasks(tasks)
        choices = choices_of("strategy", strategies)
        hidden = (choice.label for choice in choices) if opaque is True else opaque or ()
        hidden = (hidden,) if isinstance(hidden, str) else hidden
        return cls(names, choices, given=opened, opaque=frozenset(hidden), **options)


def _number(name: str, value: Any) -> Any:
    """Return a limit as a plain number; None stays."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, Real):
        raise InvalidOption(f"a limit of {name}={value!r}; expected a number")
    return value.item() if isinstance(value, np.generic) else value


def check_choice(choice: Choice, name: str, task: Task, space: SearchSpace | None = None) -> None:
    """Create a strategy once on a task, so that its errors are reported before the first run.

    Args:
        choice: the strategy.
        name: of the task, as the user gave it.
        task: the task.
        space: the space that the strategy sees; None for the task's own.

    Raises:
        NasbenchError: options are invalid, or the strategy cannot search the task.
    """
    check_epochs(choice, task)
    component, options = choice.resolve(STRATEGIES)
    target = name if space is None or space is task.space else ""
    options = with_epochs(component, with_target(component, options, target), task.epochs)
    options = with_observation_noise(component, options, lambda: task.observation_noise)
    seen = space or task.space
    check_made(f"{choice.label} on {name}", lambda: component(seen, np.random.default_rng(0), **options))


def check_epochs(choice: Choice, task: Task) -> None:
    """Refuse a strategy that only stops training runs early if the task answers complete ones only.

    Raises:
        InvalidOption: the two do not fit; the message names the tasks with curves.
    """
    component, options = choice.resolve(STRATEGIES)
    with_epochs(component, options, task.epochs)
    if capabilities_of(component).requires_fidelities and len(task.epochs) < 2:
        raise InvalidOption(
            f"'{choice.label}' stops training runs early, but task '{task.name}' answers complete ones only "
            f"({shown_epochs(task.epochs)}); tasks with curves: {', '.join(tasks_with_epochs()) or 'none is imported'}"
        )
