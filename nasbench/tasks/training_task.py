"""Tasks answered by real training: each trial is trained on the user's own data, up to the epoch that it asks for.

Such a task is declared in the user's own TOML file and named ``FILE.toml:MEMBER`` like other tasks, but it has the key
``train``::

    [tasks.cells]
    title = "Cells on handwritten digits"
    version = 1
    space = "nb201"
    budget_s = 600
    train = { data = "digits", recipe = "small-4", network = "nb201,channels=8,n_cells=1" }

The space ``hyper`` is declared under ``space_options``. The user's own network for such a space has an option
``space``, through which it receives the space; or it declares by the class attributes ``space`` and ``space_options``
which codes it reads.

With ``repeats = "fresh"`` (beside ``train``), an architecture that a run asks for again is trained again from other
initial weights: first with the task's ``seeds``, then with new ones.

``train`` may also name ``device``, ``seeds`` (number of training runs of each architecture; a search run sees one of
them) and ``folder``. Checkpoints are kept and shared: strategies and search runs reuse each other's training runs, and
processes that need the same training run wait for each other. Seconds are real.

The reported value of an architecture is its mean test accuracy over all seeds after complete training, which happens
when the value is asked for. The optimum of such a task is unknown: perfect accuracy takes its place, and the accuracy
of guessing that of a random architecture. So normalised regret is the error divided by the error of a guess.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, MissingExtra, make_unknown_name
from nasbench.spaces import SearchSpace
from nasbench.table import get_user_folder
from nasbench.tasks.declarations import FRESH, SAME, training_declaration
from nasbench.tasks.protocol import Expected, Optimum
from nasbench.tasks.spaces import described_decisions, space_named
from nasbench.units import HasObjectives, Objective, Scale

if TYPE_CHECKING:
    from nasbench.backends.training import FreshTrainingBackend, TrainingBackend
    from nasbench.datasets import Images
    from nasbench.tasks.table_task import TableTask
    from nasbench.training import Recipe

_KEYS: dict[str, type] = {"data": str, "recipe": str, "network": str, "device": str, "seeds": int, "folder": str}
_REQUIRED = ("data", "recipe")
_OBSERVED, _REPORTED = "valid", "test"


class _Source(NamedTuple):
    """A data set, which decides the answers together with the declaration."""

    name: str
    checksum: str


@dataclass(frozen=True, eq=False)
class TrainingTask(HasObjectives):
    """A task answered by real training; see the module's documentation.

    The members that every task has are documented at ``nasbench.Task``.

    Attributes:
        name: ``FILE-MEMBER``.
        title: one line.
        version: number that is raised by every change that changes results.
        space: the searched space.
        budget_s: default budget in real seconds of training and validation.
        how: the declaration's ``train``.
        space_options: options of the space.
        place: second folder to look for the relative path of the data, after the working folder.
        repeats: training run that an architecture shows when a run asks for it again: the ``same``, or a ``fresh`` one.
    """

    name: str
    title: str
    version: int
    space: SearchSpace
    budget_s: float
    how: Mapping[str, Any]
    space_options: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    repeats: str = SAME

    def __post_init__(self) -> None:
        """Refuse contradictions before a search begins."""
        for key, value in self.how.items():
            if key not in _KEYS:
                raise make_unknown_name(f"key of 'train' of task '{self.name}'", key, _KEYS)
            if type(value) is not _KEYS[key]:
                raise InvalidOption(f"task '{self.name}': train.{key} = {value!r}; expected {_KEYS[key].__name__}")
        if missing := [key for key in _REQUIRED if key not in self.how]:
            raise InvalidOption(f"task '{self.name}' lacks train.{missing[0]}")
        if self.seeds < 1 or not (self.budget_s > 0 and math.isfinite(self.budget_s)):
            raise InvalidOption(f"task '{self.name}' has {self.seeds} seeds and budget_s {self.budget_s}")

    @property
    def seeds(self) -> int:
        """Number of training runs of each architecture."""
        return int(self.how.get("seeds", 1))

    @property
    def dataset(self) -> str:
        """The data set as the declaration names it, with options."""
        return str(self.how["data"])

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The validation accuracy as the only objective."""
        return (Objective("accuracy"),)

    @property
    def scales(self) -> dict[str, Scale]:
        """Unit and direction of the reported accuracy, by its label."""
        return {_REPORTED: Scale()}

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels of the reported values."""
        return (_REPORTED,)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Every epoch of the recipe: a strategy may stop a training run after any of them."""
        return tuple(range(1, self.recipe.epochs + 1))

    @cached_property
    def images(self) -> "Images":
        """The data, including the test images, which no strategy sees."""
        from nasbench.datasets import load_images

        return load_images(_placed(self.how["data"], self.place), np.random.default_rng(0))

    @cached_property
    def recipe(self) -> "Recipe":
        """The training recipe."""
        from nasbench.training import load_recipe

        file, comma, options = self.how["recipe"].partition(",")
        return load_recipe(
            f"{_beside(file, self.place)}{comma}{options}" if file.endswith(".toml") else file + comma + options
        )

    @property
    def declaration(self) -> dict[str, Any]:
        """Everything that decides the answers, besides the images."""
        about = {"name": self.name, "title": self.title, "space": self.space.name, "budget_s": self.budget_s}
        options = {"space_options": dict(self.space_options)} if self.space_options else {}
        again = {} if self.repeats == SAME else {"repeats": self.repeats}
        return {**self.how, **about, **options, **again, "recipe_sha256": self.recipe.digest()}

    @cached_property
    def tables(self) -> list[_Source]:
        """The data set, with ``name`` and ``checksum``."""
        return [_Source(self.how["data"], self.images.digest())]

    @cached_property
    def folder(self) -> Path:
        """Folder of the checkpoints; another recipe, network or data set has another folder."""
        parts = [self.recipe.digest(), self.tables[0].checksum, self.how.get("network", "")]
        parts += [json.dumps(options)] if (options := self.space.code_options) else []
        own = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
        given = self.how.get("folder")
        return (Path(given).expanduser() if given else get_user_folder().with_name("trainings") / self.name) / own

    @property
    def places(self) -> dict[str, str]:
        """Folder, by the data's name, that relative paths of data and recipe start from; empty without such paths."""
        return {self.how["data"]: begin} if (begin := self._begin()) else {}

    @property
    def restriction(self) -> str:
        """Empty: every architecture of the space can be trained."""
        return ""

    def _begin(self) -> str:
        """Return the folder that relative paths of data and recipe start from; empty without relative paths."""
        files = [str(Choice.parse(self.how["data"]).options.get("path", "")), self.how["recipe"].partition(",")[0]]
        relative = [Path(file) for file in files if file and not Path(file).expanduser().is_absolute()]
        relative = [path for path in relative if path.exists() or (self.place and (Path(self.place) / path).exists())]
        return "" if not relative else str(Path.cwd()) if relative[0].exists() else self.place

    def check(self) -> None:
        """Refuse, before anything runs, a task that cannot be trained.

        Raises:
            NasbenchError: no such device, recipe, data set or network.
        """
        from nasbench.networks import build_network

        rng = np.random.default_rng(0)
        self._repetition(0)
        network = self.how.get("network") or self.space.name
        build_network(network, self.space.sample(1, rng), rng, space=self.space)

    @property
    def observation_noise(self) -> float:
        """0: the noise of training runs is unknown before they are repeated."""
        return 0.0

    def backend(self, rng: np.random.Generator) -> "TrainingBackend | FreshTrainingBackend":
        """Return the backend that answers the trials of one run; ``rng`` draws which seed the run sees."""
        first = int(rng.integers(self.seeds))
        if self.repeats == SAME:
            return self._repetition(first)
        from nasbench.backends.training import FreshTrainingBackend

        return FreshTrainingBackend(lambda again: self._repetition(self._seed_of(first, again)))

    def _seed_of(self, first: int, again: int) -> int:
        """Return the seed of an architecture's training run after ``again`` others: the task's seeds, then new ones."""
        return (first + again) % self.seeds if again < self.seeds else again

    def identify(self, archs: Archs) -> Ints:
        """Return a number for each distinct architecture [n, d]; ``[n]``."""
        return np.unique(archs, axis=0, return_inverse=True)[1].reshape(-1)

    def expect(
        self,
        rng: np.random.Generator,  # noqa: ARG002 (the protocol's)
        archs: Archs,  # noqa: ARG002
        epochs: Ints,  # noqa: ARG002
        repetition: Ints | None = None,  # noqa: ARG002
    ) -> Expected | None:
        """Return None: only training can answer."""
        return None

    def _repetition(self, seed: int) -> "TrainingBackend":
        from nasbench.backends.training import TrainingBackend

        return TrainingBackend(
            self.space,
            self.images,
            recipe=self.recipe,
            rng=np.random.default_rng(seed),
            folder=self.folder / f"seed{seed}",
            network=self.how.get("network", ""),
            device=self.how.get("device", "cpu"),
        )

    def archs(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures [n, d] from any form that the space reads; see ``SearchSpace.read``."""
        return self.space.read(architectures, form=form)

    def query(self, architectures: Any, split: str = _OBSERVED) -> Floats:
        """Return the mean accuracy over all seeds after complete training, which happens now if necessary; ``[n]``.

        A failed training run counts as a guess.

        Args:
            architectures: [n, d] array, n strings, or n of any other form that ``space.read`` takes.
            split: ``valid`` or ``test``.

        Raises:
            InvalidArchitecture: not an architecture of the space.
            UnknownName: another split.
        """
        if split not in (_OBSERVED, _REPORTED):
            raise make_unknown_name(f"split of '{self.name}'", split, (_OBSERVED, _REPORTED))
        archs = self.space.checked(self.archs(architectures))
        accuracy = [self._repetition(seed).accuracy(archs, self.images, split) for seed in range(self.seeds)]
        guessed: Floats = np.nan_to_num(np.array(accuracy), nan=self.random_score)
        return np.asarray(guessed.mean(axis=0))

    def look_up(self, archs: Archs) -> dict[str, tuple[Floats, Scale]]:
        """Return everything that can be measured of architectures [n, d], by name."""
        return {split: (self.query(archs, split), self.scale) for split in (_OBSERVED, _REPORTED)}

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return the reported values of architectures [n, d]; ``[n]`` for each label."""
        return {_REPORTED: self.query(archs, _REPORTED)}

    @property
    def optimum(self) -> Optimum:
        """Perfect accuracy, without an architecture: the real optimum is unknown."""
        return Optimum(-1, self.space.no_archs, 1.0)

    @property
    def random_score(self) -> float:
        """Accuracy of guessing the class."""
        return 1 / len(self.images.classes)

    def require_table(self, what: str) -> "TableTask":
        """Raise an error: there is no table, since architectures are trained when they are asked for.

        Raises:
            InvalidOption: always.
        """
        raise InvalidOption(f"{what} has no table of trained architectures; choose a task that has one")

    def describe(self) -> dict[str, Any]:
        """Return what a user must know before quoting a number."""
        return {
            "title": self.title,
            "space": f"{self.space.name}: {len(self.space.decisions)} decisions",
            **({"decisions": decisions} if (decisions := described_decisions(self.space)) else {}),
            "data": "; ".join(self.images.described()),
            "recipe": f"{self.how['recipe']}: {self.recipe.title}, {self.recipe.epochs} epochs",
            "network": self.how.get("network") or self.space.name,
            "device": self.how.get("device", "cpu"),
            "observed": f"{_OBSERVED} accuracy of one of {self.seeds} trained seeds"
            + (", another one each time an architecture is asked for" if self.repeats == FRESH else ""),
            "reported": {_REPORTED: f"mean test accuracy over {self.seeds} seeds after complete training"},
            "unit": self.unit,
            "direction": self.direction,
            "budget_s": self.budget_s,
            "optimum": "unknown; perfect accuracy takes its place",
            "random_architecture": self.random_score,
            "sha256": self.tables[0].checksum,
            "folder": str(self.folder),
        }


def load_training_task(name: str) -> TrainingTask:
    """Open ``FILE.toml:MEMBER`` whose declaration has ``train``.

    Raises:
        InvalidOption: a missing key or a value of the wrong type.
        UnknownName: a key that such a task does not have, or an unknown space.
        MissingExtra: torch is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("a task that trains", "train")
    values = training_declaration(name)
    space = space_named(values["space"], values.get("space_options", {}))
    if space.code_options and not values.get("space_options"):
        raise InvalidOption(f"task '{values['name']}' lacks space_options, which declare its space '{space.name}'")
    return TrainingTask(
        name=values["name"],
        title=values["title"],
        version=values["version"],
        space=space,
        budget_s=float(values["budget_s"]),
        how=values["train"],
        space_options=values.get("space_options", {}),
        repeats=values.get("repeats", SAME),
        place=str(Path(name.rpartition(":")[0]).expanduser().resolve().parent),
    )


def recorded_training_task(entry: Mapping[str, Any]) -> TrainingTask:
    """Make a task from its record; the user's own data and recipe must still be where they were."""
    declared = entry["declaration"]
    return TrainingTask(
        name=declared["name"],
        title=declared["title"],
        version=entry["version"],
        space=space_named(declared["space"], declared.get("space_options", {})),
        budget_s=float(declared["budget_s"]),
        how={key: declared[key] for key in _KEYS if key in declared},
        space_options=declared.get("space_options", {}),
        repeats=declared.get("repeats", SAME),
        place=next(iter(entry.get("places", {}).values()), ""),
    )


def _placed(data: str, place: str) -> str:
    """Return a data set's label whose relative path leads into ``place`` if the working folder lacks the file."""
    choice = Choice.parse(data)
    given = choice.options.get("path", "")
    if not isinstance(given, str) or _beside(given, place) == given:
        return data
    return Choice(choice.name, choice.preset, {**choice.options, "path": _beside(given, place)}).label


def _beside(file: str, place: str) -> str:
    """Return a path in ``place`` if the file is there and not in the working folder; else the path itself."""
    path = Path(file).expanduser()
    return str(Path(place) / path) if place and not path.exists() and (Path(place) / path).exists() else file
