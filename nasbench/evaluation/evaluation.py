"""The definition of an evaluation: everything that determines the numbers of a record."""

import importlib
import sys
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import scipy

from nasbench.choices import Choice
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.evaluation.curves import count_seen_epochs
from nasbench.evaluation.protocols import LABELS, PROTOCOLS, pool_of
from nasbench.options import require_whole_number
from nasbench.predictions import make_predictor
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
from nasbench.registry import PREDICTORS
from nasbench.table import Table, find_table
from nasbench.tasks import TableTask, Task, load_task
from nasbench.tasks.recorded import as_recorded

FORMAT = "nasbench-predictions"
VERSION = 1

Key = tuple[int, int]
"""Train size and number of a run."""


@dataclass(frozen=True)
class Evaluation:
    """An evaluation, defined to the last bit.

    The training set of a run depends on the seed, the task, the train size and the number of the run, so that all
    predictors have the same training sets. A predictor's own randomness also depends on its label.

    Attributes:
        tasks: names of the tasks.
        predictors: predictors to fit on each task.
        train_sizes: numbers of training architectures.
        runs: independent repetitions of each task, predictor and train size.
        seed: seed of all randomness.
        protocols: how to test, see ``nasbench.evaluation``.
        test_size: number of test architectures to draw; None for all that the protocol allows.
        labels: training targets: the ``mean`` over seeds, or the score of one drawn ``seed``. Tests use the mean.
        proxies: table whose static metrics predictors receive as zero-cost proxies; empty for none. With proxies, only
            architectures that have one are used for training and testing.
        cutoffs: shares of a training run, within (0, 1), that turn on learning curves: predictors receive complete
            curves for training, and the curves of test architectures up to each cutoff. Empty for no curves.
        given: name -> task that is already open; all others are opened by name.
    """

    tasks: tuple[str, ...]
    predictors: tuple[Choice, ...]
    train_sizes: tuple[int, ...]
    runs: int = 5
    seed: int = 0
    protocols: tuple[str, ...] = PROTOCOLS
    test_size: int | None = None
    labels: str = "mean"
    proxies: str = ""
    cutoffs: tuple[float, ...] = ()
    given: Mapping[str, Task] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Check the settings before anything runs."""
        for name, least in (("runs", 1), ("seed", 0), ("test_size", 2)):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, require_whole_number(name, getattr(self, name), least=least))
        sizes = tuple(require_whole_number("train_sizes", size, least=1) for size in self.train_sizes)
        object.__setattr__(self, "train_sizes", sizes)
        object.__setattr__(self, "proxies", str(self.proxies))
        for name in ("protocols", "cutoffs"):
            object.__setattr__(self, name, _make_tuple(getattr(self, name)))
        refuse_twice(
            task=list(self.tasks),
            predictor=[choice.label for choice in self.predictors],
            protocol=list(self.protocols),
            **({"cutoff": [f"{cutoff:g}" for cutoff in self.cutoffs]} if self.cutoffs else {}),
            **{"train size": [str(size) for size in self.train_sizes]},
        )
        refuse_borrowed_names("predictor", self.predictors, PREDICTORS)
        for kind, names, allowed in (("protocol", self.protocols, PROTOCOLS), ("labels", [self.labels], LABELS)):
            for name in names:
                if name not in allowed:
                    raise make_unknown_name(kind, name, allowed)
        if not all(0 < cutoff < 1 for cutoff in self.cutoffs):
            raise InvalidOption(f"cutoffs {self.cutoffs}; expected shares of a training run, above 0 and below 1")
        if self.cutoffs and self.labels != "mean":
            raise InvalidOption("labels='seed' and cutoffs: curves are means over seeds; learn from labels='mean'")

    @property
    def tests(self) -> dict[str, tuple[str, float | None]]:
        """All tests: name -> protocol, and the cutoff of curves or None."""
        if not self.cutoffs:
            return {protocol: (protocol, None) for protocol in self.protocols}
        pairs = [(protocol, cutoff) for protocol in self.protocols for cutoff in sorted(self.cutoffs)]
        return {f"{protocol}@{cutoff:g}": (protocol, cutoff) for protocol, cutoff in pairs}

    @property
    def keys(self) -> list[Key]:
        """All pairs of train size and run."""
        return [(size, run) for size in sorted(self.train_sizes) for run in range(self.runs)]

    def streams(self, task: str, predictor: str, key: Key) -> tuple[np.random.Generator, ...]:
        """Return the random generators of one run: for the predictor, the training set and the seed noise."""
        size, run = key
        shared = [self.seed, run, size, zlib.crc32(task.encode())]
        data, noise = np.random.SeedSequence([*shared, 0]).spawn(2)
        own = np.random.SeedSequence([*shared, zlib.crc32(predictor.encode()), 1])
        return np.random.default_rng(own), np.random.default_rng(data), np.random.default_rng(noise)

    def spec(self, *, fit: bool = True) -> dict[str, Any]:
        """Return the evaluation as plain data, with versions and checksums.

        Args:
            fit: whether runs follow. If so, every predictor is created once on every task, so that invalid options are
                reported before the first run.

        Raises:
            NasbenchError: a task or predictor is unknown, a train size leaves nothing to test, or options are invalid.
        """
        tasks, covered = {}, {}
        for name in self.tasks:
            task = require_trained(self.given.get(name) or load_task(name))
            for choice in self.predictors if fit else ():
                check_made(f"{choice.label} on {name}", partial(make_predictor, task.space, choice))
            task.check()
            pool = pool_of(task, self.proxies, curves=bool(self.cutoffs))
            n = len(pool)
            if pool.curves is not None:
                count_seen_epochs(self.cutoffs, pool.curves.scores.shape[1])
            if max(self.train_sizes) > n - 2:
                with_proxy = f" architectures with a proxy in {self.proxies}" if self.proxies else ""
                raise InvalidOption(
                    f"a train size of {max(self.train_sizes)} leaves too few of {name}'s {n}{with_proxy} to test"
                )
            covered[name] = [n, pool.n_measured]
            tasks[name] = task_entry(name, task)
        spec = {
            "format": FORMAT,
            "version": VERSION,
            "seed": self.seed,
            "runs": self.runs,
            "train_sizes": sorted(self.train_sizes),
            "protocols": list(self.protocols),
            "test_size": self.test_size,
            "labels": self.labels,
            "proxies": {self.proxies: Table(find_table(self.proxies)).checksum} if self.proxies else {},
            "tasks": tasks,
            "predictors": {
                choice.label: choice_entry(choice, PREDICTORS) | {"libraries": _list_libraries(choice)}
                for choice in self.predictors
            },
            "software": [software() | {"scipy": scipy.__version__}],
        }
        if any(n < n_measured for n, n_measured in covered.values()):
            spec |= {"pool": "with proxies", "covered": covered}
        if self.cutoffs:
            spec["cutoffs"] = sorted(self.cutoffs)
        with as_recorded(tasks):
            return plain(tabulate_code(spec) | source_entries(self.tasks, self.predictors, PREDICTORS))

    @classmethod
    def from_spec(cls, spec: dict[str, Any]) -> "Evaluation":
        """Return the evaluation that a record's specification describes."""
        choices = [Choice.from_entry(item) for item in spec["predictors"].values()]
        return cls(
            tasks=tuple(spec["tasks"]),
            predictors=tuple(choices),
            train_sizes=tuple(spec["train_sizes"]),
            runs=spec["runs"],
            seed=spec["seed"],
            protocols=tuple(spec["protocols"]),
            test_size=spec["test_size"],
            labels=spec["labels"],
            proxies=next(iter(spec.get("proxies", {})), ""),
            cutoffs=tuple(spec.get("cutoffs", ())),
        )

    @classmethod
    def of(
        cls,
        tasks: Tasks,
        predictors: Contestants,
        train_sizes: int | Sequence[int],
        **options: Any,
    ) -> "Evaluation":
        """Build an evaluation from names, tasks, labels or classes, alone or in sequences."""
        names, opened = named_tasks(tasks)
        sizes = _make_tuple(train_sizes)
        return cls(names, choices_of("predictor", predictors), sizes, given=opened, **options)


def _make_tuple(value: Any) -> tuple[Any, ...]:
    """Convert a sequence or array to a tuple of plain values, and a single value to a tuple of one."""
    items = (value,) if isinstance(value, str) or not isinstance(value, Iterable) else tuple(value)
    return tuple(item.item() if isinstance(item, np.generic) else item for item in items)


def require_trained(task: Task) -> TableTask:
    """Return ``task`` if its architectures were trained.

    Raises:
        InvalidOption: the task is a surrogate, whose answers are predictions themselves; or it trains on request, and
            has no pool of trained architectures.
    """
    return task.require_table(f"task '{task.name}'")


def _list_libraries(choice: Choice) -> dict[str, str]:
    """Return the versions of the libraries that a predictor requires, since its numbers may depend on them."""
    component, _ = choice.resolve(PREDICTORS)
    modules = getattr(sys.modules[component.__module__], "REQUIRES", {})
    return {module: str(getattr(importlib.import_module(module), "__version__", "unknown")) for module in modules}
