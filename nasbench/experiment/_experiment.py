"""What is compared, exactly: everything that decides the numbers of a record."""

import hashlib
import json
import math
import platform
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nasbench
from nasbench.backends.checkpoints import FREE, Checkpoints
from nasbench.backends.table import shown_epochs
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES, Choice, Registry, sources_of, told_epochs
from nasbench.simulation import Budget
from nasbench.table import PROXY_SOURCE, source_checksum
from nasbench.tasks import AnyTask, Task, load_task, tasks_with_epochs
from nasbench.tasks._declarations import read_declaration
from nasbench.units import Scale

FORMAT = "nasbench-record"
VERSION = 1


@dataclass(frozen=True)
class Limits:
    """A budget in which None means "not limited", or for all three the task's default seconds."""

    seconds: float | None = None
    trials: float | None = None
    epochs: float | None = None

    @property
    def given(self) -> dict[str, float | None]:
        """The limits as plain data, infinite ones as None."""
        limits = {"seconds": self.seconds, "trials": self.trials, "epochs": self.epochs}
        return {key: None if value == math.inf else value for key, value in limits.items()}

    def of(self, task: AnyTask) -> Budget:
        """Return the budget of a run on ``task``.

        Raises:
            InvalidOption: nan, zero or negative limits.
        """
        given = {key: value for key, value in self.given.items() if value is not None}
        return Budget(**given) if given else Budget(seconds=task.budget_s)


@dataclass(frozen=True)
class Experiment:
    """A comparison, defined to the last bit.

    The randomness of a run depends on the seed, the task, the strategy's label and the run's number,
    never on what else is compared or on the number of processes. All strategies meet the same noise
    in the same run of a task.

    Attributes:
        tasks: names.
        strategies: what to run on each.
        runs: independent repetitions of each pair.
        seed: of everything random.
        limits: budget of each run.
        n_workers: simulated workers.
        checkpoints: what it takes to go on with a paused trial.
    """

    tasks: tuple[str, ...]
    strategies: tuple[Choice, ...]
    runs: int = 100
    seed: int = 0
    limits: Limits = Limits()
    n_workers: int = 1
    checkpoints: Checkpoints = FREE

    def __post_init__(self) -> None:
        """Refuse what cannot run before anything runs."""
        if self.runs < 1 or self.n_workers < 1 or self.seed < 0:
            raise InvalidOption(
                f"runs={self.runs}, workers={self.n_workers}, seed={self.seed}; expected at least 1, 1 and 0"
            )
        refuse_twice(task=list(self.tasks), strategy=[item.label for item in self.strategies])

    def streams(self, task: str, strategy: str, run: int) -> tuple[np.random.Generator, np.random.Generator]:
        """Return the generators of the strategy and of the noise of one run."""
        own, noise = (
            np.random.SeedSequence([self.seed, run, *(zlib.crc32(name.encode()) for name in names)])
            for names in ((task, strategy), (task,))
        )
        return np.random.default_rng(own), np.random.default_rng(noise)

    def spec(self) -> dict[str, Any]:
        """Return the experiment as plain data, with versions and checksums.

        Raises:
            NasbenchError: an unknown task or strategy, a budget that is none, or a strategy that only stops trainings
                early for a task without epochs to stop at.
        """
        tasks = {}
        for name in self.tasks:
            task = load_task(name)
            task.check()
            self.limits.of(task)
            for choice in self.strategies:
                check_epochs(choice, task)
            tasks[name] = task_entry(name, task)
        strategies = {choice.label: choice_entry(choice, STRATEGIES) for choice in self.strategies}
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
        return plain(spec | source_entries(self.tasks, self.strategies, STRATEGIES))

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> "Experiment":
        """Return the experiment that a record's specification describes."""
        choices = [Choice(item["name"], item["preset"], item["given"]) for item in spec["strategies"].values()]
        return cls(
            tuple(spec["tasks"]),
            tuple(choices),
            spec["runs"],
            spec["seed"],
            Limits(**spec["limits"]),
            spec["n_workers"],
            Checkpoints(**spec.get("checkpoints", {})),
        )

    @classmethod
    def of(
        cls,
        tasks: str | Sequence[str],
        strategies: "str | type | Choice | Sequence[str | type | Choice]",
        **options: Any,
    ) -> "Experiment":
        """Build an experiment from names, labels or classes, alone or in sequences."""
        names = [tasks] if isinstance(tasks, str) else tasks
        given = [strategies] if isinstance(strategies, str | type | Choice) else strategies
        return cls(tuple(names), tuple(Choice.parse(item) for item in given), **options)


def check_epochs(choice: Choice, task: AnyTask) -> None:
    """Refuse a strategy that does nothing but stop trainings early where a task answers complete ones only.

    Raises:
        InvalidOption: naming the tasks that answer others.
    """
    component, options = choice.resolve(STRATEGIES)
    told_epochs(component, options, task.epochs)
    if getattr(component, "only_stops", False) and len(task.epochs) < 2:
        raise InvalidOption(
            f"'{choice.label}' stops trainings early, but task '{task.name}' answers complete ones only "
            f"({shown_epochs(task.epochs)}); tasks with curves: {', '.join(tasks_with_epochs()) or 'none is imported'}"
        )


def choice_entry(choice: Choice, registry: Registry) -> dict[str, Any]:
    """Return all that defines a strategy or predictor: its options in full, and a digest of its source."""
    component, options = choice.resolve(registry)
    return {
        "name": choice.name,
        "preset": choice.preset,
        "given": dict(choice.options),
        "options": options,
        "file": file_name(choice.label),
        "source_sha256": _source_digest(component),
    }


def source_entries(tasks: Sequence[str], choices: Sequence[Choice], registry: Registry) -> dict[str, Any]:
    """Return ``sources``: what defines each other task and record that a choice learns from; empty without any.

    Raises:
        NasbenchError: a source that does not exist or does not fit a task.
    """
    names = {name for task in tasks for choice in choices for name in sources_of(choice, registry, task)}
    return {"sources": {name: _source_entry(name) for name in sorted(names)}} if names else {}


def _source_entry(name: str) -> dict[str, Any]:
    if name.startswith(PROXY_SOURCE):
        return {"table_sha256": source_checksum(name)}
    folder = Path(name)
    if not (folder / "spec.json").is_file():
        return task_entry(name, load_task(name))
    digest = hashlib.sha256()
    for path in sorted((folder / "trials").rglob("*.jsonl")):
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return {"trials_sha256": digest.hexdigest()}


def plain(spec: dict[str, Any]) -> dict[str, Any]:
    """Return a specification as it will be read again.

    Raises:
        InvalidOption: something in it that JSON does not have.
    """
    try:
        read: dict[str, Any] = json.loads(json.dumps(spec, allow_nan=False))
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"an option cannot be recorded ({error}); use text, numbers and lists") from None
    return read


def refuse_twice(**given: list[str]) -> None:
    """Refuse a list of names that is empty or has one twice; the keyword says what they name.

    Raises:
        InvalidOption: it is.
    """
    for kind, names in given.items():
        if not names:
            raise InvalidOption(f"no {kind} given; 'nasbench list' shows them")
        if twice := [name for name in names if names.count(name) > 1]:
            raise InvalidOption(f"{kind} {twice[0]!r} is given twice")


def software() -> dict[str, str]:
    """Return the versions that numbers may depend on."""
    return {"nasbench": nasbench.__version__, "python": platform.python_version(), "numpy": np.__version__}


def task_entry(name: str, task: AnyTask) -> dict[str, Any]:
    """Return all that defines a task: its declaration, the checksum of every table, and the scale of what is observed.

    The latter is left out where it is an accuracy's.
    """
    return {
        "version": task.version,
        "declaration": read_declaration(name) if isinstance(task, Task) else task.declaration,
        "tables": {table.name: table.checksum for table in task.tables},
        "file": file_name(name),
        **({} if task.scale == Scale() else {"scale": list(task.scale)}),
    }


def _source_digest(component: type) -> str:
    """Return the SHA-256 of the file that defines a strategy, or of the class where there is no file; else empty."""
    import inspect

    try:
        path = inspect.getsourcefile(component)
        source = Path(path).read_bytes() if path else inspect.getsource(component).encode()
    except (OSError, TypeError):
        return ""
    return hashlib.sha256(source).hexdigest()


def file_name(label: str) -> str:
    """Return a file name for a strategy's label, unique among labels."""
    safe = re.sub(r"[^A-Za-z0-9@=._-]", "_", label)
    return safe if safe == label else f"{safe}-{zlib.crc32(label.encode()):08x}"
